"""The words of a plan as values: parties, milestones, ladders, indicators, facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal
from zoneinfo import ZoneInfo

from scheduler.plan.dates.date_forms import DateForm, DayCount
from scheduler.plan.dates.workdays import Workdays

Role = Literal["officer", "head", "assistant"]
Kind = Literal["deadline", "event"]
Channel = Literal["paper", "email", "web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person of a party and the address that reaches them; `language` only where it is not the plan's."""

    name: str
    email: str
    role: Role = "officer"
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation; the id is its identity, the name is not.

    `valid_to` is its last day; from the day after, `successor` (a party id) takes over.
    An external party only ever receives documents and is never mailed.
    """

    id: str
    name: str
    short: str
    contacts: tuple[Contact, ...] = ()
    external: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None


# Forms of a date: exactly one per milestone. Clock times are local to the plan's zone.


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverable:
    """One document due under a milestone."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Where to send and whom to ask; printed in every mail."""

    name: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The overdue notices: the first so long after the last day in time, then every so often."""

    first: DayCount
    every: DayCount
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Who is told, and when, that somebody has still not answered."""

    after: DayCount
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The reminder ladder. `None` in `before` stands for the target day itself."""

    at: time = time(8)
    opens: time = time(8)
    closes: time = time(17)
    before: tuple[DayCount | None, ...] = (
        DayCount(14, "days"),
        DayCount(7, "days"),
        DayCount(3, "working days"),
        DayCount(1, "working days"),
        None,
    )
    on_named_day: bool = True
    overdue: Overdue | None = Overdue(first=DayCount(1, "working days"), every=DayCount(2, "working days"), times=3)
    escalate: tuple[Escalation, ...] = (Escalation(after=DayCount(2, "working days"), to="lead"),)
    fix_date: tuple[DayCount, ...] = (DayCount(30, "days"), DayCount(14, "days"), DayCount(7, "days"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The status checks: when on a working morning, and where to look."""

    at: time = time(7, 30)
    sources: tuple[str, ...] = ("manual",)
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of parties; `chosen_by` and `after` mark one that is filled during the year."""

    id: str
    parties: tuple[str, ...] = ()
    chosen_by: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A thing with a date in the plan.

    `responsible` (deadline) or `organiser` (event), `report_to`, `attendees` and `guests` name
    groups or parties. `needs` names milestones that must be complete first.
    """

    id: str
    kind: Kind
    title: str
    form: DateForm
    ladder: Ladder
    section: str = ""
    quote: str = ""
    note: str = ""
    responsible: tuple[str, ...] = ()
    organiser: tuple[str, ...] = ()
    report_to: tuple[str, ...] = ()
    attendees: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    deliverables: tuple[Deliverable, ...] = ()
    channels: tuple[Channel, ...] = ()
    needs: tuple[str, ...] = ()
    condition: str = ""
    submit_to: Office | None = None

    @property
    def owners(self) -> tuple[str, ...]:
        """Return who must act: the responsible of a deadline, the organiser of an event."""
        return self.responsible if self.kind == "deadline" else self.organiser


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What an indicator counts: a milestone's submissions, or a figure a person enters."""

    milestone: str | None = None
    deliverable: str | None = None
    manual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A target (chỉ tiêu) that the plan sets itself."""

    id: str
    title: str
    target: str
    measure: Measure
    section: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """Something the plan lays down that has no date of its own: a standing duty, a rule, a request."""

    section: str
    quote: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One definition: one document, one cycle. `digest` identifies the revision.

    `parties` holds the whole roster that serves this plan; `workdays` its working calendar.
    """

    id: str
    title: str
    issued: date
    year: int
    zone: ZoneInfo
    remind_from: date
    number: str = ""
    short: str = ""  # how mails name whose plan it is; see `sender_name`
    language: str = "vi"
    lateness: Literal["strict", "lenient"] = "lenient"
    office: Office = field(default_factory=Office)
    checks: Checks = field(default_factory=Checks)
    groups: Mapping[str, Group] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    milestones: tuple[Milestone, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    provisions: tuple[Provision, ...] = ()
    ladder: Ladder = field(default_factory=Ladder)
    workdays: Workdays = field(default_factory=Workdays)
    digest: str = ""
    file: str = ""

    @property
    def sender_name(self) -> str:
        """Return the name in which mails about the plan are sent."""
        return self.short or self.office.name or self.title

    def milestone(self, id: str) -> Milestone:
        """Return the milestone of that id; an occurrence `id@date` gives its milestone."""
        wanted = id.partition("@")[0]
        return next(m for m in self.milestones if m.id == wanted)
