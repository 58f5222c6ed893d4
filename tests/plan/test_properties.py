"""What holds of every plan, whatever happened to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.agenda import Rung, draw_agenda
from scheduler.plan.dates.date_forms import Before, By, DateForm, On
from scheduler.plan.dates.due_dates import ONE_DAY, derive_due_date, local_day, next_opening, to_instant
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.facts import Amended, Decision, Fact, FactKind, drop_withdrawn
from scheduler.plan.ladders.steps import ASKED, RungName
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Milestone, Plan
from scheduler.plan.notices import fact_of
from scheduler.plan.status import draw_board, is_complete, still_needed
from tests.support import strategies as our
from tests.support.plan_builders import PlanHistory, deadline, history_of

Key = tuple[str, str, str, date]
LATER = st.timedeltas(timedelta(0), timedelta(days=90))


def drawn(history: PlanHistory, idle: Iterable[date] = ()) -> list[Rung]:
    """Return every step of a ladder in a story."""
    return [rung for rung in history.agenda(frozenset(idle)).rungs() if not is_notice(rung.kind)]


def matter(rung: Rung) -> tuple[str, str, str]:
    """Return the obligation and the addressee of a rung."""
    apart = rung.kind if rung.kind in ("escalation", "choose") else ""
    return rung.milestone, rung.party, apart


def of_obligation(rungs: Iterable[Rung]) -> Mapping[tuple[str, str], list[Rung]]:
    """Return rungs by obligation."""
    found = defaultdict(list)
    for rung in rungs:
        found[rung.milestone, rung.party].append(rung)
    return found


# ---- every agenda


@given(our.histories())
def test_a_promise_is_unique(history: PlanHistory) -> None:
    assert [key for key, count in Counter(rung.key for rung in drawn(history)).items() if count > 1] == []


@given(our.histories())
def test_rungs_ascend_for_each_obligation_and_addressee(history: PlanHistory) -> None:
    told = defaultdict(list)
    for rung in drawn(history):
        told[matter(rung)].append(rung.at)
    assert dict(told) == {key: sorted(instants) for key, instants in told.items()}


@given(our.histories())
def test_no_two_planned_rungs_of_an_obligation_reach_one_addressee_at_one_instant(history: PlanHistory) -> None:
    """Escalations never merge (contract rule 5)."""
    merging = [rung for rung in drawn(history) if rung.state == "planned" and rung.kind != "escalation"]
    planned = Counter((*matter(rung), rung.at) for rung in merging)
    assert [key for key, count in planned.items() if count > 1] == []


@given(our.histories(), our.instants(), our.instants(), our.instants())
def test_splitting_a_period_changes_nothing(
    history: PlanHistory, one: datetime, two: datetime, three: datetime
) -> None:
    a, b, c = sorted((one, two, three))

    def within(first: datetime, last: datetime) -> list[Rung]:
        return [rung for rung in drawn(history) if first <= rung.at < last]

    assert Counter(within(a, c)) == Counter(within(a, b) + within(b, c))


@given(our.histories())
def test_drawing_twice_gives_the_same(history: PlanHistory) -> None:
    agenda = history.agenda()
    assert list(agenda.rungs()) == list(agenda.rungs()) == list(history.agenda().rungs())


@given(our.histories())
def test_no_planned_rung_falls_on_a_day_off(history: PlanHistory) -> None:
    plan = history.plan
    off = [r for r in drawn(history) if not plan.workdays.is_workday(local_day(r.at, plan.zone))]
    assert {(r.name, r.state) for r in off} <= {("named-day", "skipped"), ("named-day", "cancelled")}
    assert all(r.reason for r in off)


@given(our.histories())
def test_every_rung_is_at_the_plans_hour_in_the_plans_zone(history: PlanHistory) -> None:
    """An invitation leaves at the opening, and so does what the office asks for or what follows a pause taken back.

    A wall-clock time that summer time skips moves on by the gap.
    """
    plan = history.plan
    for rung in drawn(history):
        day, ladder = local_day(rung.at, plan.zone), plan.milestone(rung.milestone).ladder
        if rung.name == "invite" or RungName.of(rung.name).label in ASKED:
            hours = (ladder.opens, ladder.closes)
            assert (
                next_opening(rung.at, opens=hours[0], closes=hours[1], zone=plan.zone, workdays=plan.workdays)
                == rung.at
            )
        else:
            assert rung.at == to_instant(day, ladder.at, plan.zone)


@given(our.histories())
def test_what_is_not_planned_says_why(history: PlanHistory) -> None:
    assert all(bool(rung.reason) == (rung.state != "planned") for rung in drawn(history))


@given(our.histories())
def test_a_swallowed_rung_names_a_winner_of_its_instant(history: PlanHistory) -> None:
    rungs = drawn(history)
    at = {rung.key: rung.at for rung in rungs}
    for rung in rungs:
        if rung.reason.code == "same_day":
            winner = (rung.milestone, rung.party, str(rung.reason.parameters["rung"]), rung.due)
            assert at[winner] == rung.at


@given(our.histories())
def test_no_rung_lies_before_its_obligation_became_active_or_after_it_ended(history: PlanHistory) -> None:
    start = max(to_instant(history.plan.remind_from, time(), history.plan.zone), history.loaded_at)
    agenda = history.agenda()
    for rung in drawn(history):
        assert rung.at >= start
        if (o := agenda.by_key.get((rung.milestone, rung.party))) is not None:
            assert rung.at >= o.since
            assert o.decided_by is None or rung.at >= o.decided_by.recorded_at


@given(our.histories())
def test_a_closed_obligation_has_no_planned_rung(history: PlanHistory) -> None:
    agenda = history.agenda()
    closed = {(o.milestone, o.party) for o in agenda.obligations if not o.standing.is_open}
    planned = [r for r in drawn(history) if r.state == "planned" and r.kind != "choose"]
    assert [r for r in planned if (r.milestone, r.party) in closed] == []


@given(our.histories(least=1), LATER)
def test_nobody_is_told_of_what_was_taken_back(history: PlanHistory, later: timedelta) -> None:
    last = history.facts[-1]
    history.undo(last, last.recorded_at + later)
    counting = {fact.id for fact in drop_withdrawn(history.facts)}
    told = [r for r in history.agenda().rungs() if is_notice(r.kind) and r.kind != "correction"]
    assert {fact_of(rung.name) for rung in told} <= counting


@given(our.histories())
def test_nobody_is_told_late_of_what_is_not_late(history: PlanHistory) -> None:
    """An overdue notice or escalation never leaves before the boundary."""
    agenda = history.agenda()
    for rung in drawn(history):
        due = agenda.by_key[rung.milestone, rung.party].due
        if rung.kind in ("overdue", "escalation") and due is not None:
            assert rung.at >= due.late_from
        if rung.name in ("target", "named-day") and rung.state == "planned" and due is not None:
            assert not due.is_late(rung.at)


@given(our.histories(), our.instants())
def test_the_board_can_be_read_at_any_instant(history: PlanHistory, now: datetime) -> None:
    agenda = history.agenda()
    assert len(draw_board(agenda, now)) <= len(agenda.obligations)
    for milestone in history.plan.milestones:
        assert still_needed(agenda, milestone, now) == []
        assert is_complete(agenda, milestone.id) <= is_complete(agenda, milestone.id, now)


# ---- what changes an agenda and what does not


@given(our.histories(least=1), LATER)
def test_undoing_a_fact_is_as_if_it_had_not_been_recorded(history: PlanHistory, later: timedelta) -> None:
    last = history.facts[-1]
    expected = drawn(replace(history, facts=history.facts[:-1]))
    history.undo(last, last.recorded_at + later)
    assert drawn(history) == expected


@given(our.histories())
def test_only_facts_that_still_count_are_read(history: PlanHistory) -> None:
    assert drawn(replace(history, facts=drop_withdrawn(history.facts))) == drawn(history)


@given(our.histories(), st.sampled_from(our.CLOSING), LATER)
def test_a_fact_changes_no_other_obligation(history: PlanHistory, kind: FactKind, later: timedelta) -> None:
    """Except for what is counted from it."""
    when = max([history.loaded_at, *(fact.recorded_at for fact in history.facts)]) + later
    before = of_obligation(r for r in drawn(history) if not r.milestone.startswith("after"))
    history.record(kind, when, "report", "beta")
    after = of_obligation(r for r in drawn(history) if not r.milestone.startswith("after"))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed <= {("report", "beta")}


MOVE_KINDS: list[FactKind] = ["amended", "date_fixed", "extended"]
MOVES = st.lists(
    st.tuples(
        st.sampled_from(MOVE_KINDS),
        our.instants(date(2023, 2, 2)),
        st.dates(date(2023, 2, 1), date(2023, 12, 31)),
    ),
    min_size=1,
    max_size=4,
)


def moved(moves: list[tuple[FactKind, datetime, date]]) -> PlanHistory:
    """Return a story in which the date of beta's report was moved again and again."""
    history = history_of(deadline(Before(date(2023, 8, 10))))
    for kind, when, day in sorted(moves, key=lambda move: move[1]):
        whom = "beta" if kind == "extended" else None
        form: DateForm = Before(day) if kind == "amended" else By(day)
        history.record(kind, when, "report", whom, form=form)
    return history


def last_form(history: PlanHistory) -> DateForm:
    """Return the date that the last move set."""
    last = history.facts[-1]
    assert isinstance(last, Decision)
    return last.form


def notices(rungs: Iterable[Rung]) -> list[tuple[Key, datetime]]:
    """Return what is sent to the party itself; an escalation may have to wait for the first of it."""
    return [(rung.key, rung.at) for rung in rungs if rung.kind != "escalation"]


@given(MOVES)
def test_a_moved_date_has_only_its_own_rungs_from_the_decision_on(moves: list[tuple[FactKind, datetime, date]]) -> None:
    history = moved(moves)
    last = history.facts[-1]
    assert isinstance(last, Decision)
    assert isinstance(last.form, Before | By)
    rungs = history.rungs()
    assert {r.due for r in rungs} <= {last.form.day}
    assert all(r.at >= last.recorded_at for r in rungs)
    fresh = history_of(deadline(last.form))
    expected = [(key, at) for key, at in notices(fresh.rungs()) if at >= last.recorded_at]
    assert notices(rungs) == ([] if is_in_doubt(history) else expected)


def is_in_doubt(history: PlanHistory) -> bool:
    """Return whether an edit has set the date into the past, so that nothing is sent; no other decision does that."""
    found = history.agenda().by_key["report", "beta"]
    last = history.facts[-1]
    day = local_day(last.recorded_at, history.plan.zone)
    assert not found.unknown or (isinstance(last, Amended) and found.due is not None and found.due.last_in_time < day)
    return found.unknown


@given(MOVES, LATER)
def test_a_date_moved_there_and_back_has_its_keys_again_from_the_way_back_on(
    moves: list[tuple[FactKind, datetime, date]], later: timedelta
) -> None:
    history = moved(moves)
    back = history.facts[-1].recorded_at + later
    fresh = notices(history_of(deadline(Before(date(2023, 8, 10)))).rungs())
    history.record("amended", back, "report", form=Before(date(2023, 8, 10)))
    assert notices(history.rungs()) == ([] if is_in_doubt(history) else [(key, at) for key, at in fresh if at >= back])


@given(MOVES)
def test_undoing_every_move_restores_the_first_ladder(moves: list[tuple[FactKind, datetime, date]]) -> None:
    history = moved(moves)
    until = max(fact.recorded_at for fact in history.facts)
    for fact in tuple(history.facts):
        history.undo(fact, until)
    assert history.rungs() == history_of(deadline(Before(date(2023, 8, 10)))).rungs()


# ---- escalation


def escalations(rungs: Iterable[Rung]) -> dict[Key, datetime]:
    """Return when each escalation leaves."""
    return {rung.key: rung.at for rung in rungs if rung.kind == "escalation"}


@given(MOVES)
def test_an_escalation_follows_a_notice_and_is_never_nearer_than_the_ladder_has_it(
    moves: list[tuple[FactKind, datetime, date]],
) -> None:
    history = moved(moves)
    rungs = history.rungs()
    heard = [rung.at for rung in rungs if rung.kind != "escalation" and rung.state != "skipped"]
    fresh = escalations(history_of(deadline(last_form(history))).rungs())
    for key, at in escalations(rungs).items():
        assert min(heard) < at
        assert fresh[key] <= at


@given(our.histories(most=3), st.frozensets(our.any_day(), max_size=40))
def test_idle_days_never_bring_an_escalation_nearer(history: PlanHistory, idle: frozenset[date]) -> None:
    before, after = escalations(drawn(history)), escalations(drawn(history, idle))
    assert all(after[key] >= at for key, at in before.items())


@given(our.plans(), st.frozensets(our.any_day(), max_size=40))
def test_an_escalation_moves_by_the_idle_working_days(known: Plan, idle: frozenset[date]) -> None:
    """As many days that count lie between the last day in time and the escalation as without idle days."""
    history = PlanHistory(known, loaded_at=datetime(2022, 12, 1, tzinfo=known.zone))
    history.plan = replace(known, remind_from=date(2022, 12, 1))
    agenda = history.agenda()
    after = escalations(drawn(history, idle))
    for key, at in escalations(agenda.rungs()).items():
        due = agenda.by_key[key[0], key[1]].due
        assert due is not None
        span = due.last_in_time, local_day(at, known.zone)
        counted = counting_days(known.workdays, *span)
        moved = counting_days(known.workdays, due.last_in_time, local_day(after[key], known.zone))
        assert len(moved - idle) == len(counted)
        assert after[key] == at or (moved - idle and max(moved - idle) == local_day(after[key], known.zone))


def counting_days(workdays: Workdays, start: date, end: date) -> set[date]:
    """Return the working days after `start` up to and including `end`."""
    days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    return {day for day in days if workdays.is_workday(day)}


# ---- dates


@given(our.plans(), our.dated_forms(), our.clocks())
def test_the_four_days_stand_in_order(known: Plan, form: Before | By, hour: time) -> None:
    due = derive_due_date(form, lateness=known.lateness, hour=hour, zone=known.zone, workdays=known.workdays)
    assert due.target <= due.last <= due.last_in_time <= due.named
    assert known.workdays.is_workday(due.target)
    assert to_instant(due.last, time(), known.zone) <= due.late_from
    assert not any(
        known.workdays.is_workday(due.target + ONE_DAY * (n + 1)) for n in range((due.last - due.target).days)
    )


@given(our.calendars(), our.any_day(), st.integers(-30, 30))
def test_counting_working_days_there_and_back(workdays: Workdays, day: date, count: int) -> None:
    found = workdays.add(day, count)
    if count > 0:
        assert workdays.count_after(day, found) == count
    else:
        assert workdays.count_after(found - ONE_DAY, day - ONE_DAY) == -count
    assert count == 0 or workdays.is_workday(found)


@given(our.plans(), st.lists(our.instants(), min_size=2))
def test_openings_never_lie_in_the_past_and_keep_the_order(known: Plan, moments: list[datetime]) -> None:
    hours: dict[str, Any] = {"opens": time(2, 15), "closes": time(17), "zone": known.zone, "workdays": known.workdays}
    found = [next_opening(moment, **hours) for moment in sorted(moments)]
    assert all(opening >= moment for opening, moment in zip(found, sorted(moments), strict=True))
    assert all(one <= other for one, other in pairwise(found))
    assert [next_opening(opening, **hours) for opening in found] == found


@given(our.histories())
def test_a_party_has_one_obligation_in_a_milestone(history: PlanHistory) -> None:
    owed = Counter((o.milestone, o.party) for o in history.agenda().obligations)
    assert set(owed.values()) <= {1}


@given(our.milestones(), our.instants(date(2023, 2, 2)))
def test_the_order_of_milestones_does_not_matter(some: tuple[Milestone, ...], when: datetime) -> None:
    history, other = history_of(*some), history_of(*reversed(some))
    fact: Fact = history.record("received", when, "report", "beta")
    other.facts.append(fact)
    assert Counter(drawn(history)) == Counter(drawn(other))


@given(our.plans(meeting=our.events()))
def test_the_last_day_of_an_event_moves_none_of_its_rungs(known: Plan) -> None:
    meeting = known.milestone("meeting")
    form = meeting.form
    assert isinstance(form, On)
    longer = replace(meeting, form=replace(form, last=date(2024, 1, 31)))
    changed = replace(known, milestones=tuple(longer if m.id == "meeting" else m for m in known.milestones))
    loaded = datetime(2022, 12, 1, tzinfo=known.zone)

    def reminders(of: Plan) -> list[Rung]:
        rungs = draw_agenda(of, [], loaded_at=loaded).rungs()
        return [r for r in rungs if r.milestone == "meeting" and r.kind in ("invitation", "reminder")]

    assert reminders(changed) == reminders(known)
