"""Small plans, facts and instants for the tests of the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from scheduler.plan.agenda import Agenda, Rung, draw_agenda
from scheduler.plan.dates.date_forms import DateForm, DayCount
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Contact, Group, Kind, Ladder, Milestone, Party, Plan
from scheduler.plan.revisions import compare_terms, read_terms
from scheduler.plan.scope import Relations, Scope
from tests.support.facts import make_fact

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
EVERY_DAY = Workdays(workweek=frozenset(range(7)))
LOADED = datetime(2023, 1, 31, 17, tzinfo=UTC)  # 1 February 2023, 00:00 in Ha Noi


def vietnam(*years: int, off: Collection[date] = (), worked: Collection[date] = ()) -> Workdays:
    """Return the Vietnamese calendar of the holidays package, with further announcements."""
    table = holidays.country_holidays("VN", years=years or (2023,))
    named = {day: table[day] for day in table} | dict.fromkeys(off, "announced")
    return Workdays(off=named, worked=frozenset({*table.weekend_workdays, *worked}))


def at(month: int, day: int, hour: int = 8, minute: int = 0, *, year: int = 2023) -> datetime:
    """Return a wall-clock time in Ha Noi as a UTC instant."""
    return datetime(year, month, day, hour, minute, tzinfo=HANOI).astimezone(UTC)


def days(count: int) -> DayCount:
    """Return a count of days."""
    return DayCount(count, "days")


def working_days(count: int) -> DayCount:
    """Return a count of working days."""
    return DayCount(count, "working days")


def party(id: str, **details: Any) -> Party:
    """Return a party with an officer and a head."""
    officer = Contact(name="officer", email=f"officer@{id}.example")
    head = Contact(name="head", email=f"head@{id}.example", role="head")
    return Party(**{"id": id, "name": id.title(), "short": id, "contacts": (officer, head), **details})


def deadline(form: DateForm, id: str = "report", **details: Any) -> Milestone:
    """Return a deadline that every member owes."""
    return milestone(id, "deadline", form, **{"responsible": ("members",), **details})


def event(form: DateForm, id: str = "meeting", **details: Any) -> Milestone:
    """Return an event that the lead organises for all members."""
    return milestone(id, "event", form, **{"organiser": ("lead",), "attendees": ("members",), **details})


def milestone(id: str, kind: Kind, form: DateForm, **details: Any) -> Milestone:
    """Return a milestone with the ladder that is the default."""
    return Milestone(**{"id": id, "kind": kind, "title": id.title(), "form": form, "ladder": Ladder(), **details})


PARTIES = (party("lead"), party("beta"), party("gamma"))
GROUPS = (Group(id="lead", parties=("lead",)), Group(id="members", parties=("lead", "beta", "gamma")))


def plan(
    *milestones: Milestone, parties: Iterable[Party] = PARTIES, groups: Iterable[Group] = (), **details: Any
) -> Plan:
    """Return a plan of 2023 led by `lead`, with the members lead, beta and gamma."""
    settings: dict[str, Any] = {
        "id": "plan",
        "title": "Plan",
        "issued": date(2023, 2, 1),
        "remind_from": date(2023, 2, 1),
        "year": 2023,
        "zone": HANOI,
        "milestones": milestones,
        "parties": {p.id: p for p in parties},
        "groups": {g.id: g for g in (*GROUPS, *groups)},
    }
    return Plan(**settings | details)


@dataclass
class PlanHistory:
    """A plan and its facts, in the order of recording."""

    plan: Plan
    loaded_at: datetime = LOADED
    facts: list[Fact] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def record(
        self, kind: FactKind, when: datetime, milestone: str | None = None, party: str | None = None, **details: Any
    ) -> Fact:
        """Append a fact recorded at `when`, and happened then unless `happened_at` says otherwise."""
        happened = details.pop("happened_at", when)
        number = next(self.numbers)
        known = make_fact(
            kind,
            plan=self.plan.id,
            happened_at=happened,
            recorded_at=when,
            id=number,
            milestone=milestone,
            party=party,
            **details,
        )
        self.facts.append(known)
        return known

    def undo(self, fact: Fact, when: datetime) -> Fact:
        """Take a fact back."""
        return self.record("withdrawn", when, target=fact.id)

    def revise(self, revision: Plan, when: datetime) -> None:
        """Load another revision of the plan, with the facts that follow from what it changes."""
        for found in compare_terms(revision, read_terms(self.plan, when), when):
            self.facts.append(replace(found, id=next(self.numbers)))
        self.plan = revision

    def agenda(self, idle: Collection[date] = ()) -> Agenda:
        """Return what the plan promises now."""
        return draw_agenda(self.plan, self.facts, loaded_at=self.loaded_at, idle=idle)

    def rungs(self, milestone: str = "report", party: str = "beta", idle: Collection[date] = ()) -> list[Rung]:
        """Return the rungs of one obligation, without notices."""
        found = [rung for rung in self.agenda(idle).rungs() if not is_notice(rung.kind)]
        return [r for r in found if (r.milestone, r.party) == (milestone, party)]

    def ladder(self, milestone: str = "report", party: str = "beta", idle: Collection[date] = ()) -> list[str]:
        """Return the planned rungs of one obligation in words: `03-20 named-day`."""
        return written(self.rungs(milestone, party, idle))


def is_general(fact: Fact) -> bool:
    """Return whether a fact may concern more than one obligation."""
    return fact.milestone is None or fact.party is None


def draw_part(history: PlanHistory, scope: Scope) -> Agenda:
    """Return the agenda of a scope, drawn from no more facts than it needs."""
    general = [fact for fact in history.facts if is_general(fact)]
    needed = Relations(history.plan, general).needed_for(scope)
    facts = [f for f in history.facts if is_general(f) or needed.covers(f.milestone or "", f.party or "")]
    return draw_agenda(history.plan, facts, loaded_at=history.loaded_at, scope=scope)


def history_of(*milestones: Milestone, **details: Any) -> PlanHistory:
    """Return the history of a plan with these milestones to which nothing has happened yet."""
    return PlanHistory(plan(*milestones, **details))


def written(rungs: Sequence[Rung], zone: ZoneInfo = HANOI) -> list[str]:
    """Return the planned rungs with their local days."""
    return [f"{r.at.astimezone(zone):%m-%d} {r.name}" for r in rungs if r.state == "planned"]


def reasons(rungs: Sequence[Rung]) -> dict[str, str]:
    """Return why rungs are not planned, by name."""
    return {r.name: str(r.reason) for r in rungs if r.state != "planned"}


def clock(text: str) -> time:
    """Return a time of day: `17:00`."""
    return time.fromisoformat(text)
