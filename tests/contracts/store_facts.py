"""What every store does with facts."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.plan.dates.date_forms import (
    Before,
    By,
    CountUnit,
    DayCount,
    On,
    Recurring,
    Relative,
    Undated,
    Window,
)
from scheduler.plan.facts import DEFINITION, FACT_CLASSES, Actor, ActorRole, Amended, Fact, FactKind, Letter, Reply
from scheduler.plan.model import Channel
from scheduler.plan.scope import Parties, Scope
from scheduler.ports import Store
from tests.contracts.store_samples import HOUR, NOW, PLAN, a_fact

# PostgreSQL keeps no NUL in a text; nothing a person types has one.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
lists = st.lists(texts, max_size=3).map(tuple)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
clocks = st.none() | st.times()
steps = st.builds(DayCount, st.integers(0, 400), st.sampled_from(get_args(CountUnit)))
forms = st.one_of(
    st.builds(Before, st.dates(), clocks),
    st.builds(By, st.dates(), clocks),
    st.builds(On, st.dates(), st.dates(), clocks),
    st.builds(Window, st.dates(), st.dates(), texts),
    st.builds(Undated, texts),
    st.builds(Recurring, texts, st.sampled_from(["before", "by", "on"]), st.dates(), st.dates()),
    st.builds(Relative, texts, steps, st.sampled_from(["within", "before"])),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "plan": texts,
    "happened_at": instants,
    "recorded_at": instants,
    "milestone": texts,
    "party": texts,
    "by": st.builds(Actor, st.sampled_from(get_args(ActorRole)), texts),
    "deliverables": lists,
    "channel": st.none() | st.sampled_from(get_args(Channel)),
    "sent_on": st.none() | st.dates(),
    "received_on": st.none() | st.dates(),
    "mailed_at": st.none() | instants,
    "reply": st.sampled_from(get_args(Reply)),
    "deputy": texts,
    "people": st.none() | st.integers(1, 1000),
    "files": lists,
    "missing": lists,
    "form": forms,
    "place": texts,
    "decision": texts,
    "reason": texts,
    "note": texts,
    "group": texts,
    "parties": lists,
    "address": texts,
    "target": st.integers(0, 2**60),
    "idempotency_key": texts,
    "restates": st.integers(0, 2**60),
    "left": st.none() | instants,
    "is_silent": st.booleans(),
    "letters": st.lists(st.builds(Letter, texts, texts, texts), max_size=3).map(tuple),
    "indicator": texts,
    "value": st.integers(0, 2**60),
    "until": st.dates(),
    "step": texts,
    "need": texts,
    "due": st.dates(),
    "of": st.none() | st.integers(1, 2**60),
}
WAS: dict[FactKind, st.SearchStrategy[Any]] = {"amended": st.none() | forms, "rerouted": lists}


def facts_of(kind: FactKind) -> st.SearchStrategy[Fact]:
    """Return facts of one kind with any values in their fields."""
    names = {field.name for field in fields(FACT_CLASSES[kind])} - {"id", "was"}
    was = {"was": WAS[kind]} if kind in WAS else {}
    return st.builds(FACT_CLASSES[kind], **{name: FIELDS[name] for name in names}, **was)


facts = st.sampled_from(get_args(FactKind)).flatmap(facts_of)


def append(store: Store, **changes: Any) -> Fact:
    with store.transaction() as unit:
        return unit.facts.append(a_fact(**changes))


class FactsContract:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(fact=facts)
    def test_every_fact_comes_back_as_it_was(self, store: Store, fact: Fact) -> None:
        with store.transaction() as unit:
            kept = unit.facts.append(fact)
        assert kept == replace(fact, id=kept.id)
        with store.reading() as unit:
            assert unit.facts.get(kept.id) == kept

    @pytest.mark.parametrize(
        "form",
        [
            Before(date(2023, 8, 10), time(17)),
            By(date(2023, 8, 10)),
            On(date(2023, 6, 5), date(2023, 6, 7), time(8, 30)),
            Window(date(2023, 6, 1), date(2023, 6, 10), "dự kiến đầu tháng 6"),
            Undated("Định kỳ 6 tháng, 01 năm"),
            Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "before", date(2023, 1, 1), date(2023, 12, 31)),
            Relative("tong-ket", DayCount(5, "working days"), "within"),
        ],
        ids=lambda form: type(form).__name__,
    )
    def test_every_form_of_a_date_comes_back_as_it_was(self, store: Store, form: Any) -> None:
        kept = append(store, kind="amended", form=form)
        with store.reading() as unit:
            found = unit.facts.get(kept.id)
        assert isinstance(found, Amended)
        assert found.form == form
        assert type(found.form) is type(form)

    def test_ids_ascend_from_above_zero_in_the_order_of_appending(self, store: Store) -> None:
        ids = [append(store, recorded_at=NOW - hours * HOUR).id for hours in range(5)]
        assert ids == sorted(set(ids))
        assert ids[0] > 0

    def test_facts_are_ordered_by_when_they_were_recorded_then_by_id(self, store: Store) -> None:
        late, early, same = (append(store, recorded_at=NOW + hours * HOUR).id for hours in (2, 1, 2))
        with store.reading() as unit:
            assert [fact.id for fact in unit.facts.of(PLAN)] == [early, late, same]

    def test_a_withdrawn_fact_is_still_there(self, store: Store) -> None:
        first = append(store)
        second = append(store, kind="withdrawn", target=first.id)
        with store.reading() as unit:
            assert list(unit.facts.of(PLAN)) == [first, second]

    def test_a_plan_sees_its_own_facts_only(self, store: Store) -> None:
        mine = append(store)
        append(store, plan="another")
        with store.reading() as unit:
            assert list(unit.facts.of(PLAN)) == [mine]

    def test_a_fact_that_was_never_recorded_is_none(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.facts.get(1) is None

    def test_an_instant_keeps_its_microseconds_and_becomes_utc(self, store: Store) -> None:
        elsewhere = datetime.fromisoformat("2023-03-10T09:00:00.123457+07:00")
        kept = append(store, happened_at=elsewhere)
        with store.reading() as unit:
            found = unit.facts.get(kept.id)
        assert found is not None
        assert found.happened_at == elsewhere
        assert found.happened_at.tzinfo is UTC

    def test_an_instant_without_a_zone_is_refused(self, store: Store) -> None:
        with pytest.raises(ValueError, match="without a zone"):
            append(store, happened_at=NOW.replace(tzinfo=None))
        with store.reading() as unit:
            assert list(unit.facts.of(PLAN)) == []

    def test_facts_that_may_concern_more_than_one_obligation_are_found_by_themselves(self, store: Store) -> None:
        append(store, milestone="a", party="x")
        general = [
            append(store, kind="date_fixed", milestone="a", form=By(date(2023, 8, 10))),
            append(store, kind="bounced", milestone=None, party="x", address="a@x.example"),
            append(store, kind="nominated", milestone=None, group="g"),
            append(store, kind="withdrawn", milestone="a", party="x", target=1),
        ]
        append(store, plan="another", kind="nominated", group="g")
        with store.reading() as unit:
            assert list(unit.facts.general(PLAN)) == general

    @pytest.mark.parametrize(
        ("scope", "expected"),
        [
            ({"a": frozenset({"x"})}, {"a x"}),
            ({"a": None}, {"a x", "a y"}),
            (
                {"a": frozenset({"x"}), "b": frozenset({"x", "y"}), "a@2023-05-25": None},
                {"a x", "b y", "a@2023-05-25 x"},
            ),
            ({"a": frozenset()}, set()),
            ({}, set()),
        ],
    )
    def test_facts_within_a_scope_are_those_of_its_obligations(
        self, store: Store, scope: dict[str, Parties], expected: set[str]
    ) -> None:
        """General facts are asked for by themselves."""
        for about in ("a x", "a y", "b y", "a@2023-05-25 x"):
            append(store, milestone=about.split()[0], party=about.split()[1])
        append(store, kind="waived", milestone="a")
        append(store, kind="withdrawn", milestone="a", party="x", target=1)
        append(store, plan="another", milestone="a", party="x")
        with store.reading() as unit:
            assert {f"{f.milestone} {f.party}" for f in unit.facts.within(PLAN, Scope(scope))} == expected

    def test_a_scope_may_name_many_parties(self, store: Store) -> None:
        kept = append(store, milestone="a", party="truong-04999")
        many = frozenset(f"truong-{number:05}" for number in range(5_000))
        with store.reading() as unit:
            assert list(unit.facts.within(PLAN, Scope({"a": many}))) == [kept]

    def test_facts_are_found_that_were_appended_after_a_known_one(self, store: Store) -> None:
        first, late, early = (append(store, recorded_at=NOW + hours * HOUR) for hours in (5, 4, 3))
        append(store, plan="another")
        with store.reading() as unit:
            assert list(unit.facts.since(PLAN, first.id)) == [early, late]
            assert list(unit.facts.since(PLAN, early.id)) == []

    def test_what_the_facts_of_a_plan_are_about_is_known(self, store: Store) -> None:
        """Without what the file itself implies."""
        append(store, milestone="a", party="x")
        append(store, milestone="a", party="x")
        append(store, kind="waived", milestone="b")
        append(store, kind="joined", milestone="c", party="x", by=DEFINITION)
        append(store, plan="another", milestone="d", party="x")
        with store.reading() as unit:
            assert unit.facts.subjects(PLAN) == {("a", "x"), ("b", None)}
