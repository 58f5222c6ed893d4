"""The board as plain rows, with the dates, facts and last checks of obligations.

Instants in rows are ISO 8601 with the offset of the plan's zone. All functions only read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import assert_never

from scheduler.plan.dates.date_forms import Before, By, Undated
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Fact, drop_withdrawn
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Occurrence, Plan, plan_order
from scheduler.plan.obligations import Dated, EventDate, NoDate, Obligation, Unassigned, WindowDate
from scheduler.plan.scope import Scope
from scheduler.plan.status import Cell, draw_board
from scheduler.ports import CheckRow, RungRow, UnitOfWork
from scheduler.queries.agendas import facts_within, find_relations, view_agenda
from scheduler.queries.rows import Row, fact_row, iso, rung_row
from scheduler.queries.upcoming import planned_rows
from scheduler.texts import Text, join
from scheduler.wording.sentences import word_form


def list_board(
    view: UnitOfWork,
    plan: Plan,
    now: datetime,
    *,
    as_of: datetime | None = None,
    milestone: str | None = None,
    party: str | None = None,
) -> Iterator[Row]:
    """Yield a row for each obligation: its status at `as_of` (default: now), dates, facts and last check.

    A milestone or occurrence that nobody owes has a row without a party.
    """
    at = as_of or now
    relations = find_relations(view, plan)
    scope = relations.of(milestone, party) if milestone or party else None
    named = relations.spelled_out(scope) if scope else None
    agenda = view_agenda(view, plan, now, as_of=as_of, scope=scope)
    facts = _read_facts(view, plan, scope, at)
    checks = _read_checks(view, plan, named, at)
    # The ledger has today's states only.
    upcoming = _next_rungs(_read_rungs(view, plan, named) if as_of is None else planned_rows(agenda), at)
    rows = {}
    for cell in draw_board(agenda, at):
        o = cell.obligation
        if _asked(o, milestone, party):
            about = [fact for fact in facts if is_about(fact, o)]
            rows[o.key] = _board_row(plan, cell, checks.get(o.key), upcoming.get(o.key), about)
    for one in agenda.unassigned if party is None else ():
        if _is_of(one.milestone, milestone):
            about = [fact for fact in facts if fact.milestone == one.milestone]
            rows[one.milestone, ""] = _unassigned_row(plan, one, about)
    order = plan_order(plan)
    yield from (rows[key] for key in sorted(rows, key=lambda key: order(key[0])))


def _read_facts(view: UnitOfWork, plan: Plan, scope: Scope | None, at: datetime) -> Sequence[Fact]:
    """Return the facts about a scope that were recorded by `at` and not withdrawn by then."""
    return drop_withdrawn([fact for fact in facts_within(view, plan, scope) if fact.recorded_at <= at])


def _read_checks(view: UnitOfWork, plan: Plan, scope: Scope | None, at: datetime) -> Mapping[tuple[str, str], CheckRow]:
    """Return what the last check saw by (milestone, party), if it was made by `at`; several sources are one then.

    A source that was not, or could not be, looked at any more says nothing.
    """
    found: dict[tuple[str, str], list[CheckRow]] = {}
    for check in view.journal.checks(plan.id, scope):
        if check.checked_at <= at:
            found.setdefault((check.milestone, check.party), []).append(check)
    return {key: _join_checks(checks) for key, checks in found.items()}


def _join_checks(checks: Sequence[CheckRow]) -> CheckRow:
    last = max(check.checked_at for check in checks)
    latest = [check for check in checks if check.checked_at == last]
    if len(latest) == 1:
        return latest[0]
    seen = join("; ", [Text("{source}: {seen}", source=check.source, seen=check.seen) for check in latest])
    return replace(latest[0], seen=seen, since=max(check.since for check in latest))


def _read_rungs(view: UnitOfWork, plan: Plan, scope: Scope | None) -> Sequence[RungRow]:
    return view.rungs.of(plan.id) if scope is None else view.rungs.within(plan.id, scope)


def _board_row(plan: Plan, cell: Cell, check: CheckRow | None, upcoming: RungRow | None, facts: list[Fact]) -> Row:
    o, standing = cell.obligation, cell.obligation.standing
    milestone = plan.milestone(o.milestone)
    return {
        "plan": plan.id,
        "milestone": o.milestone,
        "title": milestone.title,
        "party": o.party,
        "role": "attends" if o.attends else "owes",
        "status": cell.code,
        "late": cell.late,
        "overdue": cell.overdue,
        **describe_dates(o, plan),
        "missing": list(standing.missing),
        "missing_channels": list(cell.missing_channels),
        "first_received": iso(standing.first_at, plan.zone) if standing.first_at else None,
        "received": iso(standing.complete_at, plan.zone) if standing.complete_at else None,
        "next": rung_row(upcoming, plan) if upcoming else None,
        "checked": iso(check.checked_at, plan.zone) if check else None,
        "seen": check.seen if check else None,
        "seen_since": iso(check.since, plan.zone) if check else None,
        "facts": [fact_row(f, plan.zone) for f in facts],
    }


def _unassigned_row(plan: Plan, one: Unassigned, facts: list[Fact]) -> Row:
    return {
        "plan": plan.id,
        "milestone": one.milestone,
        "title": plan.milestone(one.milestone).title,
        "party": None,
        "role": "owes",
        "status": "unassigned" if one.is_open else "exempt",
        "late": False,
        "overdue": False,
        **describe_dates(one, plan),
        "missing": [],
        "missing_channels": [],
        "first_received": None,
        "received": None,
        "next": None,
        "checked": None,
        "seen": None,
        "seen_since": None,
        "facts": [fact_row(f, plan.zone) for f in facts],
    }


def describe_dates(o: Dated, plan: Plan) -> Row:
    """Return the dates of an obligation; days are ISO dates, instants have the plan's offset."""
    match o.when:
        case EventDate(event, place):
            return {"date": word_form(event), "place": place}
        case WindowDate(window):
            return {"date": word_form(window)}
        case NoDate(words):
            return {"date": word_form(Undated(words))}
        case DueDate() as due:
            return {
                "date": word_form((By if due.inclusive else Before)(due.named)),
                "last_day": due.last.isoformat(),
                "target": due.target.isoformat(),
                "late_from": iso(due.late_from, plan.zone),
            }
        case _:
            assert_never(o.when)


def _next_rungs(rows: Sequence[RungRow], at: datetime) -> Mapping[tuple[str, str], RungRow]:
    """Return the next planned step of the ladder of each (milestone, party)."""
    found: dict[tuple[str, str], RungRow] = {}
    for row in sorted(rows, key=attrgetter("at", "id")):
        if row.state == "planned" and row.at >= at and not is_notice(row.kind):
            found.setdefault((row.milestone, row.party), row)
    return found


def _asked(o: Obligation, milestone: str | None, party: str | None) -> bool:
    """Return whether an obligation matches the filters; a milestone matches its occurrences."""
    return _is_of(o.milestone, milestone) and party in (None, o.party)


def _is_of(id: str, milestone: str | None) -> bool:
    """Return whether an id is that of the milestone asked for, or of one of its occurrences."""
    return milestone in (None, id, Occurrence.of(id).milestone)


def is_about(fact: Fact, o: Obligation) -> bool:
    """Return whether a fact concerns an obligation, either alone or with those of all parties."""
    return fact.milestone == o.milestone and fact.party in (None, o.party)
