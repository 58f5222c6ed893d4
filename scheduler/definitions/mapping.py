"""Converts the shapes of a plan file to the values of a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import cast

from scheduler.definitions import schema
from scheduler.definitions.problems import InvalidValue
from scheduler.plan.dates.date_forms import Before, By, DateForm, On, Recurring, Relative, Undated, Window
from scheduler.plan.model import (
    BlankForm,
    Checks,
    Deliverable,
    Escalation,
    Group,
    Indicator,
    Ladder,
    Measure,
    Milestone,
    Office,
    Overdue,
    Provision,
)
from scheduler.texts import Text


def group(id: str, shape: schema.GroupShape) -> Group:
    """Return a group of a plan."""
    return Group(
        id=id, was=tuple(shape.was), parties=tuple(shape.parties), chosen_by=shape.chosen_by, after=shape.after
    )


def office(shape: schema.OfficeShape) -> Office:
    """Return an office: where to send and whom to ask."""
    return Office(**dict(shape))


def checks(shape: schema.ChecksShape) -> Checks:
    """Return the status checks of a plan."""
    given = Checks(sources=tuple(shape.sources), folder=shape.folder)
    return replace(given, at=shape.at) if shape.at else given


def ladder(shape: schema.LadderShape, base: Ladder) -> Ladder:
    """Return `base` with everything replaced that `shape` sets.

    Raises `InvalidValue` if reminders would be due only after the closing time.
    """
    opens, closes = shape.hours or (base.opens, base.closes)
    built = replace(
        base,
        at=base.at if shape.at is None else shape.at,
        opens=opens,
        closes=closes,
        before=base.before if shape.before is None else tuple(shape.before),
        on_named_day=base.on_named_day if shape.on_named_day is None else shape.on_named_day,
        overdue=base.overdue if shape.overdue is None else _overdue(shape.overdue, base.overdue),
        escalate=base.escalate if shape.escalate is None else tuple(_escalation(e) for e in shape.escalate),
        fix_date=base.fix_date if shape.fix_date is None else tuple(shape.fix_date),
    )
    if built.at >= built.closes:
        message = Text(
            "reminders at {at} would wait for the next day: mail leaves until {closes}",
            at=f"{built.at:%H:%M}",
            closes=f"{built.closes:%H:%M}",
        )
        raise InvalidValue(message, Text("choose an earlier `at` or longer `hours`"))
    return built


def _escalation(shape: schema.EscalationShape) -> Escalation:
    return Escalation(after=shape.after, to=shape.to)


def _overdue(shape: schema.OverdueShape, base: Overdue | None) -> Overdue | None:
    base = cast("Overdue", base or Ladder().overdue)
    times = base.times if shape.times is None else shape.times
    return Overdue(first=shape.first or base.first, every=shape.every or base.every, times=times) if times else None


def milestone(shape: schema.MilestoneShape, plan: schema.PlanShape, ladder: Ladder) -> Milestone:
    """Return a milestone with its own ladder."""
    return Milestone(
        id=shape.id,
        was=tuple(shape.was),
        kind=shape.kind,
        title=shape.title,
        form=date_form(shape, plan),
        ladder=ladder,
        section=shape.section,
        quote=shape.quote,
        note=shape.note,
        responsible=tuple(shape.responsible),
        organiser=tuple(shape.organiser),
        report_to=tuple(shape.report_to),
        attendees=tuple(shape.attendees),
        guests=tuple(shape.guests),
        deliverables=tuple(Deliverable(id=d.id, title=d.title) for d in shape.deliverables),
        forms=tuple(BlankForm(title=form.title, file=form.file) for form in shape.forms),
        channels=tuple(shape.channels),
        needs=tuple(shape.needs),
        condition=shape.condition,
        deputy=shape.deputy,
        submit_to=office(shape.submit_to) if shape.submit_to else None,
    )


def date_form(shape: schema.MilestoneShape, plan: schema.PlanShape) -> DateForm:
    """Return the one date form of a milestone."""
    if shape.before:
        return Before(*_split(shape.before))
    if shape.by:
        return By(*_split(shape.by))
    if shape.on:
        first, clock = _split(shape.on.first)
        return On(first, shape.on.last or first, clock)
    if shape.window:
        return Window(shape.window.first, shape.window.last, shape.window.words)
    if shape.recurring:
        return recurring(shape.recurring, plan)
    if shape.relative:
        count, direction = shape.relative.counted
        return Relative(shape.relative.to, count, direction)
    return Undated(shape.undated or "")


def recurring(shape: schema.RecurringShape, plan: schema.PlanShape) -> Recurring:
    """Return a recurring date; by default it runs from the plan's date of issue to the end of its year."""
    first, until = shape.first or plan.issued, shape.until or date(plan.year, 12, 31)
    return Recurring(rule=shape.rule, boundary=shape.boundary, first=first, until=until)


def indicator(shape: schema.IndicatorShape) -> Indicator:
    """Return an indicator."""
    return Indicator(
        id=shape.id,
        title=shape.title,
        target=shape.target,
        measure=Measure(**dict(shape.measure)),
        section=shape.section,
        quote=shape.quote,
    )


def provision(shape: schema.ProvisionShape) -> Provision:
    """Return a provision."""
    return Provision(section=shape.section, quote=shape.quote, note=shape.note)


def _split(moment: date) -> tuple[date, time | None]:
    return (moment.date(), moment.time()) if isinstance(moment, datetime) else (moment, None)
