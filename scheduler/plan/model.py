"""The values of a plan: parties, milestones, ladders, indicators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from scheduler.plan.dates.date_forms import DateForm, DayCount
from scheduler.plan.dates.workdays import Workdays

Role = Literal["officer", "head", "assistant"]
Kind = Literal["deadline", "event"]
SubmissionNotices = Literal["at once", "daily", "off"]
Channel = Literal["paper", "email", "web"]


class Occurrence(NamedTuple):
    """A milestone, or the occurrence of a recurring one on a local day."""

    milestone: str
    day: date | None = None

    @property
    def id(self) -> str:
        """Return the id under which the record keeps it: that of the milestone, or `milestone@2023-06-25`."""
        return self.milestone if self.day is None else f"{self.milestone}@{self.day}"

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(id: str) -> Occurrence:
        """Return what an id stands for; the reverse of `id`. A text that ends in no day is the id of a milestone."""
        milestone, _, day = id.partition("@")
        try:
            return Occurrence(milestone, date.fromisoformat(day) if day else None)
        except ValueError:
            return Occurrence(id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person of a party with an e-mail address; `language` is set only if it differs from the plan's.

    `phone` is for the office to read; nothing is sent to it.
    """

    name: str
    email: str
    role: Role = "officer"
    language: str | None = None
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation, identified by its id and not by its name; `was` holds its former ids, the oldest first.

    `valid_to` is its last day; from the next day on, `successor` (a party id) takes over. An external
    party only receives documents and never gets mail.
    """

    id: str
    name: str
    short: str
    was: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    external: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return every id that the party has or had; what was derived from any of them stays valid."""
        return (self.id, *self.was)

    @property
    def origin(self) -> str:
        """Return the first id that the party had: what is derived from it never changes."""
        return self.was[0] if self.was else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverable:
    """One document due under a milestone."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlankForm:
    """A form to be filled in; `file` is its name relative to the folder of the plan's file."""

    title: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The place to send documents to and to ask; printed in every mail."""

    name: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The overdue notices: one `first` after the last day in time, then one `every` so often, `times` in all."""

    first: DayCount
    every: DayCount
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A report to the group or party `to`, `after` the last day in time, that a party has not answered."""

    after: DayCount
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The reminder ladder; None in `before` stands for the target day itself. Clock times are local to the plan."""

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
    """The status checks: the local time on working days, and the sources to check."""

    at: time = time(7, 30)
    sources: tuple[str, ...] = ("manual",)
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of parties.

    `chosen_by` and `after` (a milestone id) are set for a group that is filled during the year. `was` holds its former
    ids.
    """

    id: str
    was: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    chosen_by: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A deadline or an event of the plan.

    `responsible` (deadline) or `organiser` (event), `report_to`, `attendees` and `guests` name
    groups or parties. `needs` names milestones that must be complete first. `was` holds its former ids, the oldest
    first. `deputy` says who may come to an event instead of the one invited; "" if nobody may.
    """

    id: str
    kind: Kind
    title: str
    form: DateForm
    ladder: Ladder
    was: tuple[str, ...] = ()
    section: str = ""
    quote: str = ""
    note: str = ""
    responsible: tuple[str, ...] = ()
    organiser: tuple[str, ...] = ()
    report_to: tuple[str, ...] = ()
    attendees: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    deliverables: tuple[Deliverable, ...] = ()
    forms: tuple[BlankForm, ...] = ()
    channels: tuple[Channel, ...] = ()
    needs: tuple[str, ...] = ()
    condition: str = ""
    deputy: str = ""
    submit_to: Office | None = None

    @property
    def origin(self) -> str:
        """Return the first id that the milestone had: what is derived from it never changes."""
        return self.was[0] if self.was else self.id

    @property
    def owners(self) -> tuple[str, ...]:
        """Return the groups and parties that must act: those responsible for a deadline, the organisers of an event."""
        return self.responsible if self.kind == "deadline" else self.organiser


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What an indicator counts: the submissions of a milestone, or something that a person counts (`manual`).

    With `each` every party has to reach the target by itself.
    """

    milestone: str | None = None
    deliverable: str | None = None
    manual: bool = False
    each: bool = False


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
    """A clause of the plan without a date: a standing duty, a rule, a request."""

    section: str
    quote: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan: one document for one year. `digest` identifies the revision.

    `parties` holds the whole roster that serves this plan; `workdays` is its working calendar.
    `submission_notices` says when the lead is told of what parties send by themselves; it comes from the configuration.
    """

    id: str
    title: str
    issued: date
    year: int
    zone: ZoneInfo
    remind_from: date
    number: str = ""
    short: str = ""  # name of the sender in mails about the plan; see `sender_name`
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
    submission_notices: SubmissionNotices = "at once"
    digest: str = ""
    file: str = ""

    @property
    def sender_name(self) -> str:
        """Return the display name of the sender of mails about the plan."""
        return self.short or self.office.name or self.title

    def present_id(self, id: str) -> str:
        """Return the id that a milestone or occurrence has now, for one that it had before; else the id itself."""
        known = Occurrence.of(id)
        renamed = next((m.id for m in self.milestones if known.milestone in m.was), known.milestone)
        return Occurrence(renamed, known.day).id

    def first_id(self, id: str) -> str:
        """Return the id of a milestone or occurrence as it was before the milestone was ever renamed."""
        return Occurrence(self.milestone(id).origin, Occurrence.of(id).day).id

    def milestone(self, id: str) -> Milestone:
        """Return the milestone with that id; for an occurrence `id@date`, its milestone."""
        wanted = Occurrence.of(id).milestone
        return next(m for m in self.milestones if m.id == wanted)


def plan_order(plan: Plan) -> Callable[[str], tuple[int, date]]:
    """Return a key that sorts the ids of milestones and occurrences of a plan as the plan has them."""
    places = {milestone.id: place for place, milestone in enumerate(plan.milestones)}

    def key(id: str) -> tuple[int, date]:
        known = Occurrence.of(id)
        return places[known.milestone], known.day or date.min

    return key
