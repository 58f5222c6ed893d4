"""Scenario files: the events from outside during a simulation or a replay.

Each table `[[facts]]` has the keys of the command that records such a fact; `at` is the instant of recording
(contract rule 18). Each table `[[outages]]` is a span in which the daemon is down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field, PlainValidator

from scheduler.definitions.files import File, read_file
from scheduler.definitions.problems import InvalidValue, shown
from scheduler.definitions.scalars import Day, Line, Moment
from scheduler.definitions.schema import Shape
from scheduler.errors import InvalidInput, UserError
from scheduler.plan.commands import (
    Accept,
    AmendDate,
    Command,
    Count,
    Extend,
    FixDate,
    Nominate,
    RecordReceived,
    RemindNow,
    ReportBounce,
    Return,
    Scenario,
    Skip,
    Snooze,
    Waive,
)
from scheduler.plan.dates.date_forms import Before, By, FixedForm, On
from scheduler.plan.facts import MAILBOX, OFFICE
from scheduler.plan.model import Channel, Plan
from scheduler.services.commands import build_fact
from scheduler.texts import Text
from scheduler.toml_lines import Key


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidValue(
            Text("must be an instant, not {value}", value=shown(value)),
            Text("write it with its offset: 2023-03-10T09:00:00+07:00"),
        )
    return value.astimezone(UTC)


Instant = Annotated[datetime, PlainValidator(_instant)]


class FactShape(Shape):
    """One `[[facts]]` table."""

    at: Instant
    kind: Literal[
        "received",
        "accepted",
        "returned",
        "extended",
        "waived",
        "nominated",
        "date_fixed",
        "amended",
        "bounced",
        "counted",
        "skipped",
        "snoozed",
        "reminded",
    ]
    milestone: Line | None = None
    party: Line | None = None
    group: Line | None = None
    parties: list[Line] = Field(default=[])
    deliverables: list[Line] = Field(default=[])
    channel: Channel | None = None
    mailed: bool = False
    sent_on: Day | None = None
    received_at: Instant | None = None
    missing: list[Line] = Field(default=[])
    until: Day | None = None
    date: Moment | None = None
    to: Day | None = None
    before: Moment | None = None
    by: Moment | None = None
    on: Moment | None = None
    place: Line = ""
    decision: Line = ""
    reason: Line = ""
    note: Line = ""
    address: Line = ""
    indicator: Line | None = None
    value: int | None = None
    of: int | None = None
    step: Line | None = None
    due: Day | None = None


class OutageShape(Shape):
    """One `[[outages]]` table."""

    first: Instant = Field(alias="from")
    last: Instant = Field(alias="to")


def read_scenario(path: Path, plan: Plan) -> Scenario:
    """Return the scenario in a file, for a plan.

    Raises `InvalidInput` with every problem.
    """
    file = read_file(path)
    file.expect_keys("facts", "outages")
    commands = [command for key, row in file.rows("facts") if (command := _read_command(file, plan, key, row))]
    outages = [span for key, row in file.rows("outages") if (span := _read_outage(file, key, row))]
    if file.report.problems:
        raise InvalidInput(file.report.in_order())
    commands.sort(key=lambda command: command.at)
    return Scenario(commands=tuple(_with_earlier_dates(plan, commands)), outages=tuple(sorted(outages)))


def _read_command(file: File, plan: Plan, key: Key, row: Mapping[str, object]) -> Command | None:
    """Return the command of one table, or None after reporting what is wrong with it."""
    shape = file.report.fit(FactShape, row, key)
    if shape is None:
        return None
    try:
        command = make_command(shape)
        build_fact(plan, command)  # it refuses days that contradict one another
    except UserError as error:
        file.report.error(key, error.problems[0].message, error.problems[0].hint)
        return None
    return command


def _read_outage(file: File, key: Key, row: Mapping[str, object]) -> tuple[datetime, datetime] | None:
    span = file.report.fit(OutageShape, row, key)
    if span is None:
        return None
    if span.first >= span.last:
        file.report.error(key, Text("ends before it begins"), Text("`from` comes before `to`"))
        return None
    return span.first, span.last


def _with_earlier_dates(plan: Plan, commands: Iterable[Command]) -> Iterator[Command]:
    """Yield the commands; each edit of a date gets the date that the file held before it."""
    written = {milestone.id: milestone.form for milestone in plan.milestones}
    for command in commands:
        if isinstance(command, AmendDate):
            yield replace(command, was=written.get(command.milestone))
            written[command.milestone] = command.form
        else:
            yield command


def make_command(shape: FactShape) -> Command:  # noqa: C901 - one match over the kinds
    """Return the command that one table describes.

    Raises `UserError` if a key is missing.
    """
    match shape.kind:
        case "received":
            return _received(shape)
        case "accepted":
            return Accept(**_about(shape))
        case "returned":
            return Return(**_about(shape), missing=tuple(shape.missing), note=shape.note)
        case "extended":
            return Extend(**_about(shape), until=_needed(shape, "until"), decision=shape.decision)
        case "waived":
            return _waived(shape)
        case "nominated":
            group, parties = _needed(shape, "group"), tuple(shape.parties)
            return Nominate(at=shape.at, group=group, parties=parties, decision=shape.decision)
        case "date_fixed":
            return _date_fixed(shape)
        case "amended":
            return _amended(shape)
        case "bounced":
            return ReportBounce(at=shape.at, party=_needed(shape, "party"), address=shape.address, note=shape.note)
        case "counted":
            return _counted(shape)
        case "skipped":
            step, due = _needed(shape, "step"), _needed(shape, "due")
            return Skip(**_about(shape), step=step, due=due, reason=_needed(shape, "reason"))
        case "snoozed":
            return Snooze(**_about(shape), until=_needed(shape, "until"), reason=_needed(shape, "reason"))
        case "reminded":
            return RemindNow(**_about(shape), reason=_needed(shape, "reason"))
        case _:
            assert_never(shape.kind)


def _about(shape: FactShape) -> dict[str, Any]:
    return {"at": shape.at, "milestone": _needed(shape, "milestone"), "party": _needed(shape, "party")}


def _received(shape: FactShape) -> RecordReceived:
    if shape.mailed and (shape.channel or "email") != "email":
        raise UserError(
            Text("`mailed` does not go with the channel {channel}", channel=shape.channel),
            hint=Text("leave one of them out"),
        )
    return RecordReceived(
        **_about(shape),
        by=MAILBOX if shape.mailed else OFFICE,
        deliverables=tuple(shape.deliverables),
        channel="email" if shape.mailed else shape.channel,
        sent_on=shape.sent_on,
        received_at=shape.received_at,
    )


def _waived(shape: FactShape) -> Waive:
    milestone = _needed(shape, "milestone")
    return Waive(at=shape.at, milestone=milestone, party=shape.party, reason=shape.reason, decision=shape.decision)


def _date_fixed(shape: FactShape) -> FixDate:
    return FixDate(
        at=shape.at,
        milestone=_needed(shape, "milestone"),
        first=_needed(shape, "date"),
        last=shape.to,
        place=shape.place,
        decision=shape.decision,
    )


def _counted(shape: FactShape) -> Count:
    if shape.value is None:
        raise UserError(Text("`value` is missing"), hint=Text("write what was counted, such as value = 6"))
    indicator = _needed(shape, "indicator")
    return Count(at=shape.at, indicator=indicator, value=shape.value, of=shape.of, party=shape.party, note=shape.note)


def _amended(shape: FactShape) -> AmendDate:
    forms = [_form(form, day) for form, day in ((Before, shape.before), (By, shape.by), (On, shape.on)) if day]
    if len(forms) != 1:
        raise UserError(
            Text("an amended date needs one of `before`, `by`, `on`"), hint=Text("write before = 2023-08-15")
        )
    return AmendDate(at=shape.at, milestone=_needed(shape, "milestone"), form=forms[0], decision=shape.decision)


def _form(form: type[Before | By | On], moment: date) -> FixedForm:
    day, clock = (moment.date(), moment.time()) if isinstance(moment, datetime) else (moment, None)
    return On(day, day, clock) if issubclass(form, On) else form(day, clock)


_HINTS = {
    "until": Text("write the last day of the extension"),
    "date": Text("write the day, or day and time, that was decided"),
}


def _needed(shape: FactShape, key: str) -> Any:
    value = getattr(shape, key)
    if not value:
        hint = _HINTS.get(key, Text("a fact of kind {kind} names its {key}", kind=shape.kind, key=key))
        raise UserError(Text("`{key}` is missing", key=key), hint=hint)
    return value
