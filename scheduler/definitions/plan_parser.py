"""Parses one plan file together with its roster and calendars; reports every problem."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from scheduler.definitions import mapping, schema
from scheduler.definitions.advice import advise, advise_plan
from scheduler.definitions.files import File
from scheduler.definitions.holidays import HolidayFile, advise_workdays, make_workdays, years_of_dates
from scheduler.definitions.problems import InvalidValue, ProblemReport, S
from scheduler.definitions.reach import advise_reach
from scheduler.definitions.recurrences import advise_recurrence, check_recurrence
from scheduler.definitions.references import check_ladder, check_plan
from scheduler.definitions.rosters import Roster, check_language
from scheduler.definitions.text_advice import advise_texts
from scheduler.folders import find_below
from scheduler.plan.dates.date_forms import Recurring
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.model import Checks, Group, Indicator, Ladder, Milestone, Plan, Provision
from scheduler.texts import Text
from scheduler.toml_lines import Key

_KEYS = ("schema", "plan", "groups", "ladder", "checks", "milestones", "indicators", "provisions")


class _Tables(NamedTuple):
    """What stands beside `[plan]` in the file; an invalid table is reported and counts as left out."""

    groups: Mapping[str, Group]
    checks: Checks
    ladder: Ladder
    indicators: tuple[Indicator, ...]
    provisions: tuple[Provision, ...]
    milestones: Sequence[tuple[Key, schema.MilestoneShape]]


def read_plan(file: File, roster: Roster, calendars: Sequence[HolidayFile], languages: Collection[str]) -> Plan | None:
    """Return the plan of a file; if it is invalid, report every problem and return None."""
    file.expect_keys(*_KEYS)
    _check_schema(file)
    head = _read_head(file)
    tables = _read_tables(file)
    reachable = check_plan(file, roster)
    if head is None:
        return None
    check_language(file.report, ("plan", "language"), head.language, languages)
    for key, shape in tables.milestones:
        _check_forms(file, key, shape)
    made = [(key, _make_milestone(file.report, key, shape, head, tables.ladder)) for key, shape in tables.milestones]
    workdays = _make_workdays(file.report, head, made, calendars)
    _advise(file, head, tables, made, workdays)
    if workdays is None or not (reachable and file.report.sound and roster.sound):
        return None
    return Plan(
        id=head.id,
        title=head.title,
        issued=head.issued,
        year=head.year,
        zone=head.timezone,
        remind_from=head.remind_from or head.issued,
        number=head.number,
        short=head.short,
        language=head.language,
        lateness=head.lateness,
        office=mapping.office(head.office),
        checks=tables.checks,
        groups=tables.groups,
        parties=roster.parties,
        milestones=tuple(milestone for _, milestone in made),
        indicators=tables.indicators,
        provisions=tables.provisions,
        ladder=tables.ladder,
        workdays=workdays,
        digest=_digest(file, roster, workdays),
        file=str(file.path),
    )


def _check_schema(file: File) -> None:
    report, data = file.report, file.data or {}
    if "schema" not in data:
        report.error(
            ("schema",), Text("the required key `schema` is missing"), Text("begin with schema = 1"), code="missing-key"
        )
    elif data["schema"] is True or data["schema"] != 1:
        report.error(
            ("schema",), Text("must be 1, not {value!r}", value=data["schema"]), Text("this program reads schema = 1")
        )


def _read_head(file: File) -> schema.PlanShape | None:
    """Return `[plan]`; None if it is invalid. That it is no table at all has been reported by then."""
    head = (file.data or {}).get("plan")
    return file.report.fit(schema.PlanShape, head, ("plan",)) if isinstance(head, dict) else None


def _read_tables(file: File) -> _Tables:
    return _Tables(
        groups=_read_groups(file),
        checks=_read_checks(file),
        ladder=_base_ladder(file),
        indicators=tuple(mapping.indicator(shape) for _, shape in _fit_rows(file, "indicators", schema.IndicatorShape)),
        provisions=tuple(mapping.provision(shape) for _, shape in _fit_rows(file, "provisions", schema.ProvisionShape)),
        milestones=_fit_rows(file, "milestones", schema.MilestoneShape),
    )


def _fit_rows(file: File, name: str, shape: type[S]) -> list[tuple[Key, S]]:
    """Return the valid tables of a list of tables, with their keys."""
    return [(key, fitted) for key, row in file.rows(name) if (fitted := file.report.fit(shape, row, key))]


def _read_groups(file: File) -> dict[str, Group]:
    shape = file.report.fit(schema.GroupsShape, {"groups": file.table("groups")}, ())
    return {id: mapping.group(id, group) for id, group in shape.groups.items()} if shape else {}


def _read_checks(file: File) -> Checks:
    shape = file.report.fit(schema.ChecksShape, file.table("checks"), ("checks",))
    if shape is None:
        return Checks()
    if "folder" in shape.sources and not shape.folder:
        message = Text('the source "folder" needs the shared folder to look into')
        hint = Text('name it, such as folder = "/srv/shared/thi-dua"; below it are {{party}}/{{milestone}}/')
        file.report.error(("checks", "folder"), message, hint)
    elif shape.folder and "folder" not in shape.sources:
        message = Text("the folder {folder!r} is never looked into", folder=shape.folder)
        hint = Text('add "folder" to sources, or leave this key out')
        file.report.error(("checks", "folder"), message, hint)
    return mapping.checks(shape)


def _base_ladder(file: File) -> Ladder:
    """Return the ladder that milestones inherit; its default has no escalation if there is no group `lead`."""
    default = Ladder() if "lead" in file.table("groups") else Ladder(escalate=())
    shape = file.report.fit(schema.LadderShape, file.table("ladder"), ("ladder",))
    return _ladder(file.report, ("ladder",), shape, default) if shape else default


def _ladder(report: ProblemReport, key: Key, shape: schema.LadderShape, base: Ladder) -> Ladder:
    check_ladder(report, shape, key)
    try:
        return mapping.ladder(shape, base)
    except InvalidValue as error:
        report.error((*key, "at"), error.message, error.hint)
        return base


def _advise(
    file: File,
    plan: schema.PlanShape,
    tables: _Tables,
    made: Sequence[tuple[Key, Milestone]],
    workdays: Workdays | None,
) -> None:
    """Report warnings about the milestones; without working days none about their dates is possible."""
    report = file.report
    if workdays:
        for key, milestone in made:
            advise(report, key, milestone, plan, workdays)
        advise_plan(report, plan, made)
    advise_texts(file, plan, made)
    advise_reach(file, tables.groups, made)


def _make_milestone(
    report: ProblemReport, key: Key, shape: schema.MilestoneShape, plan: schema.PlanShape, base: Ladder
) -> Milestone:
    milestone = mapping.milestone(shape, plan, _ladder(report, (*key, "ladder"), shape.ladder, base))
    if isinstance(milestone.form, Recurring):
        try:
            check_recurrence(milestone.form)
        except InvalidValue as error:
            report.error((*key, "recurring"), error.message, error.hint)
        else:
            has_start = shape.recurring is not None and shape.recurring.first is not None
            advise_recurrence(report, (*key, "recurring", "rule"), milestone.form, has_start=has_start)
    return milestone


def _check_forms(file: File, key: Key, shape: schema.MilestoneShape) -> None:
    """Report the blank forms that are not there: what is due does not depend on them. Refuse files of definitions."""
    for index, form in enumerate(shape.forms):
        at = (*key, "forms", index, "file")
        if form.file.endswith(".toml"):
            hint = Text("name a document: everybody who has the task can load it")
            file.report.error(at, Text("{name} is a file of definitions", name=form.file), hint)
        elif find_below(file.path.parent, form.file) is None:
            hint = Text('put it beside the plan\'s file and name it from there, such as file = "bieu-mau/mau-01.docx"')
            message = Text("there is no file {name} in the folder of the plan", name=form.file)
            file.report.warn("no-form", at, message, hint)


def _make_workdays(
    report: ProblemReport,
    plan: schema.PlanShape,
    made: Sequence[tuple[Key, Milestone]],
    calendars: Sequence[HolidayFile],
) -> Workdays | None:
    years = years_of_dates(plan, [milestone.form for _, milestone in made])
    try:
        workdays = make_workdays(plan, years, calendars)
    except InvalidValue as error:
        report.error(("plan", "holidays"), error.message, error.hint)
        return None
    advise_workdays(report, plan, years, workdays)
    return workdays


def _digest(file: File, roster: Roster, workdays: Workdays) -> str:
    """Return the SHA-256 of all inputs of the plan: its file, its roster files and its working calendar.

    The names of days off are not part of it.
    """
    calendar = f"{sorted(workdays.workweek)} {sorted(workdays.off)} {sorted(workdays.worked)}"
    parts = [file.raw, *(each.raw for each in roster.files), calendar.encode()]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()
