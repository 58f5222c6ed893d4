"""Parses one plan file together with its roster and calendars; reports every problem."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from scheduler.definitions import mapping, schema
from scheduler.definitions.advice import advise
from scheduler.definitions.files import File
from scheduler.definitions.holidays import HolidayFile, make_workdays
from scheduler.definitions.problems import InvalidValue, ProblemReport
from scheduler.definitions.recurrences import check_recurrence
from scheduler.definitions.references import check_ladder, check_plan
from scheduler.definitions.rosters import Roster
from scheduler.errors import near_names
from scheduler.plan.dates.date_forms import Recurring
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.model import Ladder, Milestone, Plan
from scheduler.toml_lines import Key

_KEYS = ("schema", "plan", "groups", "ladder", "checks", "milestones", "indicators", "provisions")
_LATER = {
    "mailbox": "the program that reads a mailbox",
    "folder": "the program that watches a folder",
    "web": "the pages for submissions",
}


def read_plan(file: File, roster: Roster, calendars: Sequence[HolidayFile], languages: Collection[str]) -> Plan | None:
    """Return the plan of a file; if it is invalid, report every problem and return None."""
    report, data = file.report, file.data or {}
    file.expect_keys(*_KEYS)
    _check_schema(report, data)
    head = report.fit(schema.PlanShape, file.table("plan"), ("plan",)) if isinstance(data["plan"], dict) else None
    groups = report.fit(schema.GroupsShape, {"groups": file.table("groups")}, ())
    checks = _read_checks(file)
    base = _base_ladder(file)
    indicators = [report.fit(schema.IndicatorShape, row, key) for key, row in file.rows("indicators")]
    provisions = [report.fit(schema.ProvisionShape, row, key) for key, row in file.rows("provisions")]
    milestones = [(key, report.fit(schema.MilestoneShape, row, key)) for key, row in file.rows("milestones")]
    reachable = check_plan(file, roster)
    if head is None:
        return None
    workdays = _workdays(report, head, calendars, languages)
    built = [(key, _milestone(report, key, shape, head, base)) for key, shape in milestones if shape]
    for key, milestone in built:
        if milestone and workdays:
            advise(report, key, milestone, head, workdays)
    if not (report.sound and reachable and roster.sound and workdays and groups and checks):
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
        checks=mapping.checks(checks),
        groups={id: mapping.group(id, shape) for id, shape in groups.groups.items()},
        parties=roster.parties,
        milestones=tuple(milestone for _, milestone in built if milestone),
        indicators=tuple(mapping.indicator(shape) for shape in indicators if shape),
        provisions=tuple(mapping.provision(shape) for shape in provisions if shape),
        ladder=base,
        workdays=workdays,
        digest=_digest(file, roster, workdays),
        file=str(file.path),
    )


def _check_schema(report: ProblemReport, data: dict[str, object]) -> None:
    if "schema" not in data:
        report.error(("schema",), "the required key `schema` is missing", "begin with schema = 1", code="missing-key")
    elif data["schema"] is True or data["schema"] != 1:
        report.error(("schema",), f"must be 1, not {data['schema']!r}", "this program reads schema = 1")


def _read_checks(file: File) -> schema.ChecksShape | None:
    shape = file.report.fit(schema.ChecksShape, file.table("checks"), ("checks",))
    for index, source in enumerate(shape.sources if shape else []):
        if source in _LATER:
            message = f'the source "{source}" comes with {_LATER[source]}, which this version does not have'
            file.report.error(("checks", "sources", index), message, 'only "manual" is available', code="not-available")
    return shape


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
        report.error((*key, "at"), str(error), error.hint)
        return base


def _milestone(
    report: ProblemReport, key: Key, shape: schema.MilestoneShape, plan: schema.PlanShape, base: Ladder
) -> Milestone | None:
    ladder = _ladder(report, (*key, "ladder"), shape.ladder, base)
    milestone = mapping.milestone(shape, plan, ladder)
    if isinstance(milestone.form, Recurring):
        try:
            check_recurrence(milestone.form)
        except InvalidValue as error:
            report.error((*key, "recurring"), str(error), error.hint)
            return None
    return milestone


def _workdays(
    report: ProblemReport, plan: schema.PlanShape, calendars: Sequence[HolidayFile], languages: Collection[str]
) -> Workdays | None:
    if plan.language not in languages:
        hint = near_names(plan.language, sorted(languages))
        report.error(("plan", "language"), f"there are no mails in the language {plan.language!r}", hint)
    try:
        return make_workdays(plan, calendars)
    except InvalidValue as error:
        report.error(("plan", "holidays"), str(error), error.hint)
        return None


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
