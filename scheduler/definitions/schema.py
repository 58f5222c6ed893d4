"""The shapes of the definition files: the keys of each table and their types."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from scheduler.definitions.problems import InvalidValue
from scheduler.definitions.scalars import (
    AddressOrNone,
    ClockTime,
    Day,
    Hours,
    Id,
    Line,
    Moment,
    RungText,
    StepText,
    Target,
    Title,
    Words,
    Zone,
    listed,
)
from scheduler.plan.dates.date_forms import DayCount
from scheduler.plan.dates.due_dates import FIRST_YEAR, LAST_YEAR
from scheduler.plan.model import Channel, Kind
from scheduler.texts import Text

FORMS = ("before", "by", "on", "window", "undated", "recurring", "relative")

Names = Annotated[list[Line], BeforeValidator(listed)]
Ids = Annotated[list[Id], BeforeValidator(listed)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Source = Literal["manual", "mailbox", "folder", "web"]


class Shape(BaseModel):
    """Base of all tables; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OfficeShape(Shape):
    """`[plan.office]`, `submit_to`."""

    name: Line = ""
    contact: Line = ""
    phone: Line = ""
    email: AddressOrNone = ""
    address: Line = ""


class PlanShape(Shape):
    """`[plan]`."""

    id: Id
    title: Title
    issued: Day
    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
    timezone: Zone
    number: Line = ""
    short: Line = ""
    remind_from: Day | None = None
    language: Line = "vi"
    holidays: Line | None = None
    workweek: list[Weekday] = ["mon", "tue", "wed", "thu", "fri"]
    lateness: Literal["strict", "lenient"] = "lenient"
    office: OfficeShape = OfficeShape()

    @model_validator(mode="after")
    def _has_working_days(self) -> Self:
        if not self.workweek:
            raise InvalidValue(Text("`workweek` names no working day"))
        return self


def _as_table(value: object) -> object:
    return value if isinstance(value, dict) else {"parties": listed(value)}


class GroupShape(Shape):
    """A value in `[groups]`: a list of parties, or who fills the group during the year and after which milestone."""

    was: Ids = []
    parties: list[Line] = []
    chosen_by: Line | None = None
    after: Line | None = None

    @model_validator(mode="after")
    def _is_chosen_or_listed(self) -> Self:
        if (self.chosen_by is None) != (self.after is None):
            raise InvalidValue(
                Text("needs both `chosen_by` and `after`"), Text('write {{ chosen_by = "lead", after = "tong-ket" }}')
            )
        return self


class GroupsShape(Shape):
    """`[groups]`."""

    groups: dict[Id, Annotated[GroupShape, BeforeValidator(_as_table)]]


class OverdueShape(Shape):
    """`overdue` of a ladder; missing keys are inherited, `times = 0` means no overdue notices."""

    first: StepText | None = None
    every: StepText | None = None
    times: Annotated[int, Field(ge=0, le=100)] | None = None


class EscalationShape(Shape):
    """One entry of `escalate`."""

    after: StepText
    to: Line


class LadderShape(Shape):
    """`[ladder]`, and a milestone's own `ladder`; missing keys are inherited."""

    at: ClockTime | None = None
    hours: Hours | None = None
    before: list[RungText] | None = None
    on_named_day: bool | None = None
    overdue: OverdueShape | None = None
    escalate: list[EscalationShape] | None = None
    fix_date: list[StepText] | None = None


class ChecksShape(Shape):
    """`[checks]`."""

    at: ClockTime | None = None
    sources: list[Source] = ["manual"]
    folder: Line = ""


class OnShape(Shape):
    """`on`: a fixed day, or the first and the last of several."""

    first: Moment = Field(alias="from")
    last: Day | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _refuse_backwards(self.first, self.last)
        return self


class WindowShape(Shape):
    """`window`: a tentative date between two days."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    words: Words = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _refuse_backwards(self.first, self.last)
        return self


def _refuse_backwards(first: date, last: date | None) -> None:
    if last and last < (first.date() if isinstance(first, datetime) else first):
        raise InvalidValue(
            Text("ends on {last}, before it begins on {first}", last=last, first=first), Text("swap `from` and `to`")
        )


class RecurringShape(Shape):
    """`recurring`."""

    rule: Line
    boundary: Literal["before", "by", "on"]
    first: Day | None = Field(default=None, alias="from")
    until: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first:
            _refuse_backwards(self.first, self.until)
        return self


class RelativeShape(Shape):
    """`relative`: a date counted from another milestone."""

    to: Line
    within: StepText | None = None
    before: StepText | None = None

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.within is None) == (self.before is None):
            raise InvalidValue(Text("needs exactly one of `within` and `before`"))
        return self

    @property
    def counted(self) -> tuple[DayCount, Literal["within", "before"]]:
        """Return the distance and the direction."""
        return cast("DayCount", self.within or self.before), "within" if self.within else "before"


def _as_span(value: object) -> object:
    return value if isinstance(value, dict) else {"from": value}


class DeliverableShape(Shape):
    """One entry of `deliverables`."""

    id: Id
    title: Title


class BlankFormShape(Shape):
    """One entry of `forms`: a form to be filled in, which lies beside the plan's file."""

    title: Title
    file: Line


class MilestoneShape(Shape):
    """One `[[milestones]]`."""

    id: Id
    was: Ids = []
    kind: Kind
    title: Title
    section: Line = ""
    quote: Words = ""
    note: Words = ""
    condition: Words = ""
    deputy: Line = ""
    responsible: Names = []
    organiser: Names = []
    report_to: Names = []
    attendees: Names = []
    guests: Names = []
    deliverables: list[DeliverableShape] = []
    forms: list[BlankFormShape] = []
    channels: list[Channel] = []
    needs: list[Line] = []
    submit_to: OfficeShape | None = None
    ladder: LadderShape = LadderShape()
    before: Moment | None = None
    by: Moment | None = None
    on: Annotated[OnShape | None, BeforeValidator(_as_span)] = None
    window: WindowShape | None = None
    undated: Words | None = None
    recurring: RecurringShape | None = None
    relative: RelativeShape | None = None


class MeasureShape(Shape):
    """`measure` of an indicator."""

    milestone: Line | None = None
    deliverable: Line | None = None
    manual: bool = False
    each: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.milestone is not None) == self.manual or (self.manual and self.deliverable is not None):
            raise InvalidValue(
                Text("must name a milestone or be manual"), Text('write {{ milestone = "..." }} or {{ manual = true }}')
            )
        if self.each and not self.manual:
            raise InvalidValue(
                Text("`each` goes with `manual` only"), Text("leave it out: of a milestone each party is counted")
            )
        return self


class IndicatorShape(Shape):
    """One `[[indicators]]`."""

    id: Id
    title: Title
    target: Target
    measure: MeasureShape
    section: Line = ""
    quote: Words = ""


class ProvisionShape(Shape):
    """One `[[provisions]]`."""

    section: Line
    quote: Words
    note: Words = ""
