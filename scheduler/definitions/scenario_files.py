"""Scenario files: the events from outside during a simulation or a replay.

Each table `[[facts]]` has the keys of the command that records such a fact; `at` is the instant of recording
(contract rule 18). Each table `[[outages]]` is a span in which the daemon is down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PlainValidator

from scheduler.definitions.files import read_file
from scheduler.definitions.problems import InvalidValue, shown
from scheduler.definitions.scalars import Day, Line, Moment
from scheduler.definitions.schema import Shape
from scheduler.errors import InvalidInput, UserError
from scheduler.plan.dates.date_forms import Before, By, FixedForm, On, describe_form
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.model import Channel, Plan
from scheduler.plan.scenario import Scenario
from scheduler.services import commands

_SIMPLE: dict[str, FactKind] = {
    "accepted": "accepted",
    "returned": "returned",
    "waived": "waived",
    "bounced": "bounced",
}


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidValue(
            f"must be an instant, not {shown(value)}", "write it with its offset: 2023-03-10T09:00:00+07:00"
        )
    return value.astimezone(UTC)


Instant = Annotated[datetime, PlainValidator(_instant)]


class FactShape(Shape):
    """One `[[facts]]` table."""

    at: Instant
    kind: Literal[
        "received", "accepted", "returned", "extended", "waived", "nominated", "date_fixed", "amended", "bounced"
    ]
    milestone: Line | None = None
    party: Line | None = None
    group: Line | None = None
    parties: list[Line] = Field(default=[])
    deliverables: list[Line] = Field(default=[])
    channel: Channel | None = None
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
    facts: list[Fact] = []
    outages: list[tuple[datetime, datetime]] = []
    written: dict[str | None, str] = {}
    for key, row in file.rows("facts"):
        shape = file.report.fit(FactShape, row, key)
        if shape is None:
            continue
        try:
            fact = build_fact(plan, shape)
        except UserError as error:
            file.report.error(key, error.problems[0].message, error.problems[0].hint)
            continue
        if fact.kind == "amended":
            was = written.get(fact.milestone, describe_form(plan.milestone(fact.milestone or "").form))
            fact = replace(fact, was=was)
            written[fact.milestone] = describe_form(fact.form) if fact.form else ""
        facts.append(fact)
    for key, row in file.rows("outages"):
        span = file.report.fit(OutageShape, row, key)
        if span is not None and span.first >= span.last:
            file.report.error(key, "ends before it begins", "`from` comes before `to`")
        elif span is not None:
            outages.append((span.first, span.last))
    if file.report.problems:
        raise InvalidInput(file.report.in_order())
    facts.sort(key=lambda fact: fact.recorded_at)
    return Scenario(facts=tuple(facts), outages=tuple(sorted(outages)))


def build_fact(plan: Plan, shape: FactShape) -> Fact:
    """Return the fact that one entry of a scenario describes.

    Raises `UserError` if a key is missing.
    """
    builders: dict[str, Callable[[Plan, FactShape], Fact]] = {
        "received": _received,
        "extended": _extended,
        "nominated": _nominated,
        "date_fixed": _date_fixed,
        "amended": _amended,
    }
    return builders.get(shape.kind, _simple)(plan, shape)


def _received(plan: Plan, shape: FactShape) -> Fact:
    return commands.received(
        plan,
        _needed(shape, "milestone"),
        _needed(shape, "party"),
        at=shape.at,
        deliverables=shape.deliverables,
        channel=shape.channel,
        sent_on=shape.sent_on,
        received_at=shape.received_at,
    )


def _extended(plan: Plan, shape: FactShape) -> Fact:
    if shape.until is None:
        raise UserError("`until` is missing", hint="write the last day of the extension")
    milestone, party = _needed(shape, "milestone"), _needed(shape, "party")
    return commands.extended(plan, milestone, party, at=shape.at, until=shape.until, decision=shape.decision)


def _nominated(plan: Plan, shape: FactShape) -> Fact:
    fact = Fact(plan=plan.id, kind="nominated", happened_at=shape.at, recorded_at=shape.at)
    return replace(fact, group=_needed(shape, "group"), parties=tuple(shape.parties), decision=shape.decision)


def _date_fixed(plan: Plan, shape: FactShape) -> Fact:
    if shape.date is None:
        raise UserError("`date` is missing", hint="write the day, or day and time, that was decided")
    return commands.date_fixed(
        plan,
        _needed(shape, "milestone"),
        at=shape.at,
        first=shape.date,
        last=shape.to,
        place=shape.place,
        decision=shape.decision,
    )


def _amended(plan: Plan, shape: FactShape) -> Fact:
    forms = [_form(form, day) for form, day in ((Before, shape.before), (By, shape.by), (On, shape.on)) if day]
    if len(forms) != 1:
        raise UserError("an amended date needs one of `before`, `by`, `on`", hint="write before = 2023-08-15")
    return commands.amended(plan, _needed(shape, "milestone"), at=shape.at, form=forms[0], decision=shape.decision)


def _form(form: type[Before | By | On], moment: date) -> FixedForm:
    day, clock = (moment.date(), moment.time()) if isinstance(moment, datetime) else (moment, None)
    return On(day, day, clock) if issubclass(form, On) else form(day, clock)


def _simple(plan: Plan, shape: FactShape) -> Fact:
    if shape.kind != "waived":
        _needed(shape, "party")
    if shape.kind != "bounced":
        _needed(shape, "milestone")
    happened_at = shape.received_at or shape.at
    return Fact(
        plan=plan.id,
        kind=_SIMPLE[shape.kind],
        happened_at=happened_at,
        recorded_at=shape.at,
        milestone=shape.milestone,
        party=shape.party,
        missing=tuple(shape.missing),
        reason=shape.reason,
        note=shape.note,
        address=shape.address,
        decision=shape.decision,
    )


def _needed(shape: FactShape, key: str) -> str:
    value = getattr(shape, key)
    if not value:
        raise UserError(f"`{key}` is missing", hint=f"a fact of kind {shape.kind} names its {key}")
    return str(value)
