"""What every store does with calendar addresses and what was published to them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from scheduler.ports import FeedEntry, FeedItem, FeedRow, Store
from tests.contracts.store_plans import record
from tests.contracts.store_samples import HOUR, NOW
from tests.contracts.store_units import at_once

ITEM = FeedItem(
    uid="u1",
    language="vi",
    title="Hội nghị",
    text="Một\nhai",
    first=date(2023, 6, 8),
    last=date(2023, 6, 9),
    mark="[Dự kiến]",
    place="Hà Tĩnh",
    clock=time(8, 30),
    end_clock=time(17),
    zone="Asia/Ho_Chi_Minh",
    state="tentative",
    busy=True,
    is_event=False,
    task_due=date(2023, 6, 7),
    task_done=datetime(2023, 6, 6, 1, tzinfo=UTC),
    task_begun=True,
    is_passing=True,
)


def an_entry(uid: str = "u1", day: int = 8, **changes: Any) -> FeedEntry:
    item = replace(ITEM, uid=uid, first=date(2023, 6, day))
    values: dict[str, Any] = {
        "version": "1",
        "sequence": 0,
        "created_at": NOW,
        "revised_at": NOW,
        "event": b"e" + uid.encode(),
    }
    return FeedEntry(item=item, **(values | changes))


def add(store: Store, audience: str = "beta", plan: str | None = "p", *, tasks: bool = False) -> FeedRow:
    with store.transaction() as unit:
        return unit.feeds.add(audience=audience, plan=plan, tasks=tasks, at=NOW)


def save(store: Store, *entries: FeedEntry, audience: str = "beta", plan: str = "p") -> None:
    with store.transaction() as unit:
        unit.feeds.save(audience, plan, entries)


def entries(store: Store, audience: str = "beta", plan: str = "p") -> list[FeedEntry]:
    with store.reading() as unit:
        return sorted(unit.feeds.entries(audience, plan), key=lambda entry: entry.item.uid)


def parts(store: Store, feed: FeedRow) -> list[bytes]:
    with store.reading() as unit:
        return [part.body for part in unit.feeds.contents(feed).parts]


def fingerprint(store: Store) -> str:
    with store.reading() as unit:
        return unit.feeds.fingerprint()


class FeedsContract:
    def test_addresses_are_listed_as_they_were_made(self, store: Store) -> None:
        made = [add(store), add(store, tasks=True), add(store, "", "p"), add(store, "gamma", None)]
        with store.reading() as unit:
            assert list(unit.feeds.list()) == made
        assert made[1] == FeedRow(id=made[1].id, audience="beta", plan="p", tasks=True, generation=2, created_at=NOW)

    def test_generations_are_never_used_twice_for_one_audience(self, store: Store) -> None:
        first = add(store)
        with store.transaction() as unit:
            assert unit.feeds.revoke(first.id, at=NOW)
        made = at_once(*(partial(add, store) for _ in range(4)))
        assert sorted(feed.generation for feed in made) == [2, 3, 4, 5]
        assert add(store, "gamma").generation == 1

    def test_an_address_is_revoked_once(self, store: Store) -> None:
        feed = add(store)
        with store.transaction() as unit:
            assert unit.feeds.revoke(feed.id, at=NOW + HOUR)
            assert not unit.feeds.revoke(feed.id, at=NOW + 2 * HOUR)
            assert not unit.feeds.revoke(feed.id + 1, at=NOW)
            [row] = unit.feeds.list()
        assert row == replace(feed, revoked_at=NOW + HOUR)

    def test_who_fetched_last_is_remembered(self, store: Store) -> None:
        feed, other = add(store), add(store)
        with store.transaction() as unit:
            unit.feeds.note_fetch(feed.id, at=NOW, client="Thunderbird")
            unit.feeds.note_fetch(feed.id, at=NOW + HOUR, client="khal")
            assert list(unit.feeds.list()) == [replace(feed, last_fetched_at=NOW + HOUR, client="khal"), other]

    def test_since_when_its_bytes_are_what_they_are_is_later_for_each_change(self, store: Store) -> None:
        feed = add(store)
        seen = []
        for digest, minutes in (("a", 0), ("a", 5), ("b", 5), ("a", 5), ("a", 9)):
            with store.transaction() as unit:
                seen.append(unit.feeds.note_bytes(feed.id, digest, at=NOW + timedelta(minutes=minutes, microseconds=7)))
        later = NOW.replace(microsecond=0) + timedelta(minutes=5)
        second = timedelta(seconds=1)
        assert seen == [NOW.replace(microsecond=0)] * 2 + [later, later + second, later + second]
        with store.reading() as unit:
            [row] = unit.feeds.list()
        assert (row.digest, row.changed_at) == ("a", later + second)

    def test_a_new_address_leaves_its_plans_to_be_published(self, store: Store) -> None:
        for plan in ("p", "q"):
            record(store, plan=plan)
        published = {"p": "w", "q": "w"}
        for feed, expected in ((("beta", "p"), {"p": "", "q": "w"}), (("beta", None), {"p": "", "q": ""})):
            with store.transaction() as unit:
                for plan in published:
                    unit.plans.mark_published(plan, "w")
            add(store, *feed)
            with store.reading() as unit:
                assert {state.plan: state.published for state in unit.plans.states()} == expected

    def test_whoever_has_an_address_that_is_good_is_an_audience_of_its_plans(self, store: Store) -> None:
        add(store, "everything", None)
        add(store, "one", "p")
        add(store, "one", "p", tasks=True)
        add(store, "other", "q")
        add(store, "", "p")
        gone = add(store, "gone", "p")
        with store.transaction() as unit:
            unit.feeds.revoke(gone.id, at=NOW)
            assert list(unit.feeds.audiences("p")) == ["", "everything", "one"]
            assert list(unit.feeds.audiences("q")) == ["everything", "other"]

    def test_an_entry_comes_back_as_it_was_but_for_its_bytes(self, store: Store) -> None:
        entry = an_entry(gone_at=NOW, left_at=NOW + HOUR, sequence=3, task=b"t")
        plain = FeedItem(uid="u2", language="en", title="t", text="", first=ITEM.first, last=ITEM.last)
        save(store, entry, replace(entry, item=plain))
        assert entries(store) == [replace(entry, event=b"", task=b""), replace(entry, item=plain, event=b"", task=b"")]
        differing = [
            field.name for field in fields(FeedItem) if getattr(ITEM, field.name) == getattr(plain, field.name)
        ]
        assert set(differing) <= {"first", "last"}

    def test_entries_of_another_audience_or_plan_are_others(self, store: Store) -> None:
        save(store, an_entry(sequence=1))
        save(store, an_entry(sequence=2), audience="gamma")
        save(store, an_entry(sequence=3), plan="q")
        assert [entry.sequence for entry in entries(store)] == [1]
        assert [entry.sequence for entry in entries(store, "gamma")] == [2]
        assert [entry.sequence for entry in entries(store, plan="q")] == [3]

    def test_an_entry_saved_again_takes_the_place_of_the_old_one(self, store: Store) -> None:
        feed = add(store)
        save(store, an_entry(), an_entry("u2"))
        save(store, an_entry(sequence=1, event=b"new"))
        assert [entry.sequence for entry in entries(store)] == [1, 0]
        assert parts(store, feed) == [b"new", b"eu2"]

    def test_an_entry_saved_without_bytes_keeps_those_it_had(self, store: Store) -> None:
        feed, tasks = add(store), add(store, tasks=True)
        save(store, an_entry(event=b"e", task=b"t"))
        save(store, an_entry(event=b"", gone_at=NOW))
        assert (parts(store, feed), parts(store, tasks)) == ([b"e"], [b"t"])
        save(store, an_entry(event=b"e2"))
        assert (parts(store, feed), parts(store, tasks)) == ([b"e2"], [])

    def test_a_calendar_holds_what_has_not_left_it_by_day_and_uid(self, store: Store) -> None:
        feed = add(store)
        save(store, an_entry("c", 7), an_entry("b", 8), an_entry("a", 8), an_entry("d", 6, left_at=NOW))
        assert parts(store, feed) == [b"ec", b"ea", b"eb"]

    def test_on_a_day_what_has_no_hour_comes_first_then_hour_by_hour(self, store: Store) -> None:
        feed, entry = add(store), an_entry()
        hours = {"a": time(14), "b": None, "c": time(8, 30)}
        items = [replace(ITEM, uid=uid, clock=hour) for uid, hour in hours.items()]
        save(store, *(replace(entry, item=item, event=item.uid.encode()) for item in items))
        assert parts(store, feed) == [b"b", b"c", b"a"]

    def test_a_calendar_of_all_plans_holds_those_of_each(self, store: Store) -> None:
        one, everything = add(store, plan="p"), add(store, plan=None)
        save(store, an_entry("a"))
        save(store, an_entry("b"), plan="q")
        save(store, an_entry("c"), audience="gamma")
        assert (parts(store, one), parts(store, everything)) == ([b"ea"], [b"ea", b"eb"])

    def test_tasks_and_events_stand_in_calendars_of_their_own(self, store: Store) -> None:
        events, tasks = add(store), add(store, tasks=True)
        save(store, an_entry("a"), an_entry("b", event=b"", task=b"tb"), an_entry("c", task=b"tc"))
        assert (parts(store, events), parts(store, tasks)) == ([b"ea", b"ec"], [b"tb", b"tc"])

    def test_the_zones_are_those_of_what_is_shown(self, store: Store) -> None:
        feed, tasks = add(store), add(store, tasks=True)
        berlin = replace(ITEM, uid="b", zone="Europe/Berlin")
        whole_days = replace(ITEM, uid="c", zone="")
        entry = an_entry(task=b"t")
        save(store, entry, replace(entry, item=berlin, left_at=NOW), replace(entry, item=whole_days))
        with store.reading() as unit:
            assert unit.feeds.contents(feed).zones == ("Asia/Ho_Chi_Minh",)
            assert unit.feeds.contents(tasks).zones == ()

    def test_a_calendar_changed_when_an_entry_was_revised_or_left_last(self, store: Store) -> None:
        feed = add(store)
        changed = []
        for entry in (None, an_entry(revised_at=NOW + HOUR), an_entry("b", left_at=NOW + timedelta(hours=2))):
            if entry is not None:
                save(store, entry)
            with store.reading() as unit:
                changed.append(unit.feeds.contents(feed).changed_at)
        assert changed == [None, NOW + HOUR, NOW + 2 * HOUR]

    def test_the_word_is_another_after_each_address_revocation_and_publishing(self, store: Store) -> None:
        record(store, plan="p")
        words = [fingerprint(store)]
        feed = add(store)
        words.append(fingerprint(store))
        with store.transaction() as unit:
            unit.plans.mark_published("p", "w")
        words.append(fingerprint(store))
        with store.transaction() as unit:
            unit.feeds.revoke(feed.id, at=NOW)
        words.append(fingerprint(store))
        assert len(set(words)) == len(words)
        with store.transaction() as unit:
            unit.feeds.note_fetch(feed.id, at=NOW, client="khal")
        assert fingerprint(store) == words[-1]
