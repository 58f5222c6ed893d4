"""What every store does with sign-in links and sessions."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from scheduler.ports import SessionRow, Store
from tests.contracts.store_samples import HOUR, NOW
from tests.contracts.store_units import at_once

EMAIL = "lead@cum.example"
MINUTE = timedelta(minutes=1)


def make_link(store: Store, digest: str = "one", *, email: str = EMAIL, minutes: int = 0) -> None:
    with store.transaction() as unit:
        at = NOW + minutes * MINUTE
        unit.access.add_link(digest, email=email, at=at, expires_at=at + 30 * MINUTE)


def use_link(store: Store, digest: str = "one", *, minutes: int = 0) -> str | None:
    with store.transaction() as unit:
        return unit.access.use_link(digest, now=NOW + minutes * MINUTE)


def begin(store: Store, digest: str = "s", *, email: str = EMAIL) -> None:
    with store.transaction() as unit:
        unit.access.begin_session(digest, email=email, at=NOW, expires_at=NOW + HOUR)


def session(store: Store, digest: str = "s", *, minutes: int = 0) -> SessionRow | None:
    with store.reading() as unit:
        return unit.access.session(digest, now=NOW + minutes * MINUTE)


class AccessContract:
    def test_a_link_lets_in_once(self, store: Store) -> None:
        make_link(store)
        assert use_link(store, "another") is None
        assert use_link(store) == EMAIL
        assert use_link(store) is None

    def test_of_two_who_use_a_link_at_once_one_gets_in(self, store: Store) -> None:
        make_link(store)
        let_in = at_once(*(partial(use_link, store) for _ in range(4)))
        assert sorted(map(str, let_in)) == ["None", "None", "None", EMAIL]

    def test_a_link_lets_in_until_it_expires(self, store: Store) -> None:
        make_link(store, "one")
        make_link(store, "two")
        assert use_link(store, "one", minutes=29) == EMAIL
        assert use_link(store, "two", minutes=30) is None

    def test_links_are_counted_for_each_address_from_an_instant_on(self, store: Store) -> None:
        for minute in (0, 5, 10):
            make_link(store, f"link{minute}", minutes=minute)
        make_link(store, "hers", email="other@cum.example", minutes=7)
        with store.reading() as unit:
            assert unit.access.links_since(EMAIL, NOW) == 2
            assert unit.access.links_since(EMAIL, NOW - MINUTE) == 3

    def test_a_session_is_known_by_its_secret_until_it_expires(self, store: Store) -> None:
        begin(store)
        assert session(store) == SessionRow(email=EMAIL, began_at=NOW, renewed_at=NOW, expires_at=NOW + HOUR)
        assert session(store, minutes=59) is not None
        assert session(store, minutes=60) is None
        assert session(store, "another") is None

    def test_a_renewed_session_has_another_secret_and_the_old_one_is_good_for_a_minute(self, store: Store) -> None:
        begin(store)
        with store.transaction() as unit:
            later = NOW + 10 * MINUTE
            assert unit.access.renew_session("s", to="t", now=later, expires_at=later + HOUR)
            assert not unit.access.renew_session("s", to="u", now=later, expires_at=later + HOUR)
        renewed = SessionRow(email=EMAIL, began_at=NOW, renewed_at=later, expires_at=later + HOUR)
        assert session(store, "t", minutes=65) == renewed
        assert session(store, "s", minutes=10) == renewed
        assert session(store, "s", minutes=11) is None

    def test_a_session_ends_by_either_secret(self, store: Store) -> None:
        begin(store)
        with store.transaction() as unit:
            unit.access.renew_session("s", to="t", now=NOW, expires_at=NOW + HOUR)
            unit.access.end_session("s")
        assert session(store, "t") is None

    def test_everywhere_ends_every_session_and_unused_link_of_one_address_only(self, store: Store) -> None:
        for digest, email in (("a", EMAIL), ("b", EMAIL), ("c", "other@cum.example")):
            begin(store, digest, email=email)
            make_link(store, f"link of {digest}", email=email)
        with store.transaction() as unit:
            assert unit.access.end_sessions(EMAIL) == 2
        assert [session(store, digest) is None for digest in "abc"] == [True, True, False]
        assert [use_link(store, f"link of {digest}") is None for digest in "abc"] == [True, True, False]

    def test_what_expired_a_day_ago_is_forgotten(self, store: Store) -> None:
        make_link(store)
        begin(store)
        for hours, known in ((24, True), (26, False)):
            with store.transaction() as unit:
                unit.access.forget_expired(now=NOW + hours * HOUR)
                assert (unit.access.links_since(EMAIL, NOW - MINUTE) == 1) == known
