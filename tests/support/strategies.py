"""Hypothesis strategies for plans and what happens to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from scheduler.plan.dates.date_forms import (
    Before,
    By,
    DateForm,
    DayCount,
    On,
    Recurring,
    Relative,
    Undated,
    Window,
)
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.model import Escalation, Group, Ladder, Milestone, Overdue, Plan
from tests.support.plan_builders import PlanHistory, deadline, event, plan

ZONES = ("Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
FIRST, LAST = date(2023, 1, 1), date(2023, 12, 31)


def any_day(first: date = FIRST, last: date = LAST) -> st.SearchStrategy[date]:
    """Return days of the plan's year."""
    return st.dates(first, last)


def clocks() -> st.SearchStrategy[time]:
    """Return times of day, to the quarter of an hour."""
    return st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


def instants(first: date = FIRST, last: date = LAST) -> st.SearchStrategy[datetime]:
    """Return UTC instants; whole and half hours are frequent, so that they meet rungs."""
    return st.builds(
        lambda day, minutes: datetime.combine(day, time(), tzinfo=UTC) + timedelta(minutes=minutes),
        any_day(first, last),
        st.sampled_from([0, 60, 90, 601]) | st.integers(0, 1439),
    )


def steps(most: int = 20) -> st.SearchStrategy[DayCount]:
    """Return counts of days and working days."""
    return st.builds(DayCount, st.integers(1, most), st.sampled_from(["days", "working days"]))


def dated_forms() -> st.SearchStrategy[Before | By]:
    """Return deadlines, with and without a clock time."""
    return st.builds(Before, any_day(), st.none() | clocks()) | st.builds(By, any_day(), st.none() | clocks())


@st.composite
def spans(draw: st.DrawFn) -> tuple[date, date]:
    """Return a first and a last day, a fortnight apart at most."""
    first = draw(any_day())
    return first, first + timedelta(days=draw(st.integers(0, 14)))


def days_of(span: tuple[date, date]) -> list[date]:
    """Return every day from the first to the last."""
    first, last = span
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def events() -> st.SearchStrategy[On]:
    """Return fixed events."""
    return st.builds(lambda span, clock: On(span[0], span[1], clock), spans(), st.none() | clocks())


def windows() -> st.SearchStrategy[Window]:
    """Return tentative events."""
    return st.builds(lambda span, words: Window(span[0], span[1], words), spans(), st.text(max_size=10))


@st.composite
def recurrences(draw: st.DrawFn) -> Recurring:
    """Return duties that come back a few times."""
    rule = draw(st.sampled_from(["FREQ=MONTHLY;BYMONTHDAY=25", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;INTERVAL=3"]))
    first = draw(any_day())
    return Recurring(rule, draw(st.sampled_from(["before", "by"])), first, first + timedelta(days=80))


def relatives(base: str = "report") -> st.SearchStrategy[Relative]:
    """Return dates counted from a milestone."""
    return st.builds(Relative, st.just(base), steps(), st.sampled_from(["within", "before"]))


def forms() -> st.SearchStrategy[DateForm]:
    """Return every form of a date."""
    return st.one_of(
        dated_forms(), events(), windows(), st.builds(Undated, st.text(max_size=10)), recurrences(), relatives()
    )


def calendars() -> st.SearchStrategy[Workdays]:
    """Return work weeks of three to seven days with days off and swapped days."""
    return st.builds(
        Workdays,
        workweek=st.frozensets(st.integers(0, 6), min_size=3),
        off=st.sets(spans(), max_size=3).map(lambda some: {day: "off" for span in some for day in days_of(span)}),
        worked=st.frozensets(any_day(), max_size=3),
    )


def distinct(most: int) -> st.SearchStrategy[tuple[DayCount, ...]]:
    """Return some different steps."""
    return st.lists(steps(), max_size=most, unique=True).map(tuple)


def ladders() -> st.SearchStrategy[Ladder]:
    """Return ladders of any shape, opening before and closing after their hour."""
    return st.builds(
        Ladder,
        at=st.builds(time, st.integers(1, 16), st.sampled_from([0, 15, 30])),
        opens=st.just(time(1)),
        closes=st.just(time(17)),
        before=st.lists(st.none() | steps(), max_size=6, unique=True).map(tuple),
        on_named_day=st.booleans(),
        overdue=st.none() | st.builds(Overdue, first=steps(5), every=steps(5), times=st.integers(0, 4)),
        escalate=distinct(2).map(lambda some: tuple(Escalation(after=step, to="lead") for step in some)),
        fix_date=distinct(4),
    )


def meetings() -> st.SearchStrategy[DateForm]:
    """Return every form that the date of a meeting may take."""
    return st.one_of(events(), windows(), dated_forms())


def milestones(meeting: st.SearchStrategy[DateForm] | None = None) -> st.SearchStrategy[tuple[Milestone, ...]]:
    """Return a deadline, an event, a recurring duty and one counted from the first; `meeting` dates the event."""
    return st.builds(
        lambda due, held, repeated, counted, ladder: tuple(
            replace(m, ladder=ladder)
            for m in (deadline(due), event(held), deadline(repeated, "monthly"), deadline(counted, "after"))
        ),
        dated_forms() | windows() | st.builds(Undated, st.just("yearly")),
        meetings() if meeting is None else meeting,
        recurrences(),
        relatives(),
        ladders(),
    )


def plans(meeting: st.SearchStrategy[DateForm] | None = None) -> st.SearchStrategy[Plan]:
    """Return plans of every kind of milestone, in any zone and calendar; `meeting` dates the event."""
    return st.builds(
        lambda some, zone, calendar, lateness, start: plan(
            *some,
            zone=ZoneInfo(zone),
            workdays=calendar,
            lateness=lateness,
            remind_from=start,
            groups=(Group(id="winners", chosen_by="lead", after="meeting"),),
        ),
        milestones(meeting),
        st.sampled_from(ZONES),
        calendars(),
        st.sampled_from(["strict", "lenient"]),
        any_day(last=date(2023, 6, 30)),
    )


CLOSING: tuple[FactKind, ...] = (
    "received",
    "declared",
    "disowned",
    "accepted",
    "waived",
    "returned",
    "opened",
    "joined",
)


@st.composite
def histories(draw: st.DrawFn, least: int = 0, most: int = 6) -> PlanHistory:
    """Return a plan with some facts, at least `least` and at most `most`, in the order of recording."""
    history = PlanHistory(draw(plans()), loaded_at=draw(instants(last=date(2023, 6, 30))))
    for when in sorted(draw(st.lists(instants(history.loaded_at.date()), min_size=least, max_size=most))):
        record_anything(draw, history, when)
    return history


def record_anything(draw: st.DrawFn, history: PlanHistory, when: datetime) -> None:
    """Append one fact of any kind."""
    kinds = ["closing", "moved", "extended", "nominated", "mail", "adjusted"]
    what = draw(st.sampled_from([*kinds, "undone"] if history.facts else kinds))
    milestone = draw(st.sampled_from(["report", "meeting", "after"]))
    party = draw(st.sampled_from(["lead", "beta", "gamma"]))
    if what == "closing":
        history.record(draw(st.sampled_from(CLOSING)), when, milestone, party)
    elif what == "moved":
        form = draw(events() | windows() if milestone == "meeting" else dated_forms() | windows())
        how = draw(st.sampled_from(["date_fixed", "amended", "invited"]))
        if how == "date_fixed":
            history.record("date_fixed", when, milestone, form=form)
        elif how == "invited":
            history.record("invited", when, milestone, form=draw(events()))
        else:
            before = events() | windows() if milestone == "meeting" else dated_forms() | relatives("meeting")
            history.record("amended", when, milestone, form=form, was=draw(st.none() | before))
    elif what == "extended":
        history.record("extended", when, "report", party, form=By(draw(any_day())))
    elif what == "nominated":
        history.record("nominated", when, group="winners", parties=draw(st.sampled_from([(), (party,)])))
    elif what == "adjusted":
        adjust_anything(draw, history, when, milestone, party)
    elif what == "mail":
        who = draw(st.sampled_from(["officer", "head"]))
        history.record(
            draw(st.sampled_from(["bounced", "rerouted"])), when, party=party, address=f"{who}@{party}.example"
        )
    else:
        history.undo(draw(st.sampled_from(history.facts)), when)


def adjust_anything(draw: st.DrawFn, history: PlanHistory, when: datetime, milestone: str, party: str) -> None:
    """Append what the office decides about single reminders."""
    kind = draw(st.sampled_from(["skipped", "snoozed", "reminded", "noted"]))
    if kind == "skipped":
        step = draw(st.sampled_from(["before:7d", "target", "overdue:1", "escalate:2wd", "event:7d"]))
        history.record("skipped", when, milestone, party, step=step, due=draw(any_day()), reason="x")
    elif kind == "snoozed":
        until = when.date() + timedelta(days=draw(st.integers(0, 60)))
        history.record("snoozed", when, milestone, party, until=until, reason="x")
    elif kind == "reminded":
        history.record("reminded", when, milestone, party, reason="x")
    else:
        history.record("noted", when, milestone, party, note="x")


@st.composite
def branching_histories(draw: st.DrawFn, least: int = 0) -> PlanHistory:
    """Return histories of plans in which much hangs together: successors, chosen groups, dates counted from others."""
    history = draw(histories(least, 8))
    ended = draw(st.sampled_from(["beta", "gamma"]))
    parties = {id: replace(party, valid_to=None) for id, party in history.plan.parties.items()}
    if draw(st.booleans()):
        heir = draw(st.sampled_from(["delta", "lead"]))
        parties[ended] = replace(parties[ended], valid_to=draw(any_day()), successor=heir)
    parties["delta"] = replace(parties["beta"], id="delta", name="Delta", valid_to=None, successor=None)
    owners = draw(st.sampled_from([("members",), ("winners",), ("lead",), ("delta", "beta")]))
    counted = draw(relatives(draw(st.sampled_from(["report", "meeting", "after", "monthly"]))))
    more = deadline(counted, "further", responsible=owners, ladder=history.plan.milestones[0].ladder)
    history.plan = replace(history.plan, parties=parties, milestones=(*history.plan.milestones, more))
    history.facts = [draw(st.sampled_from(_variants(fact))) for fact in history.facts]
    return history


def _variants(fact: Fact) -> list[Fact]:
    """Return a fact, and the same about another milestone if it is about one of a party's."""
    if fact.milestone is None or fact.party is None or fact.kind == "extended":
        return [fact]
    return [fact, replace(fact, milestone="further"), replace(fact, party="delta")]
