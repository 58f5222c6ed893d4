"""What people ask to see, as plain rows: the board, what fires next, what left, and why.

Instants in rows are ISO 8601 with the offset of the plan's zone. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.board import Cell, draw_board
from scheduler.plan.due_dates import local_day
from scheduler.plan.model import Fact, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.revisions import describe_form
from scheduler.plan.standing import drop_withdrawn
from scheduler.ports import CheckRow, MessageRow, RungRow, Unit

Row = dict[str, Any]


def view_agenda(view: Unit, plan: Plan, now: datetime, *, as_of: datetime | None = None) -> Agenda:
    """Return what a plan promises, also before its first load; `as_of` leaves out what was recorded later."""
    state = view.plans.state(plan.id)
    facts = [f for f in view.facts.of(plan.id) if as_of is None or f.recorded_at <= as_of]
    if state is None:
        return draw_agenda(plan, facts, loaded_at=now)
    today = local_day(as_of or now, plan.zone)
    idle = {day for day in view.plans.idle_days(plan.id) if day < today}
    return draw_agenda(plan, facts, loaded_at=min(state.first_loaded_at, as_of or now), idle=idle)


def list_plans(view: Unit, plans: Sequence[Plan], now: datetime) -> Iterator[Row]:
    """Yield each plan with its revision and what in it is still tentative or undated."""
    for plan in plans:
        state = view.plans.state(plan.id)
        cells = draw_board(view_agenda(view, plan, now), now)
        without = {code: [c.obligation.milestone for c in cells if c.code == code] for code in ("tentative", "undated")}
        yield {
            "plan": plan.id,
            "title": plan.title,
            "year": plan.year,
            "revision": plan.digest[:12],
            "file": plan.file,
            "first_loaded": iso(state.first_loaded_at, plan.zone) if state else None,
            "milestones": len(plan.milestones),
            "parties": sum(1 for party in plan.parties.values() if not party.external),
            **{code: list(dict.fromkeys(milestones)) for code, milestones in without.items()},
        }


def list_board(
    view: Unit,
    plan: Plan,
    now: datetime,
    *,
    as_of: datetime | None = None,
    milestone: str | None = None,
    party: str | None = None,
) -> Iterator[Row]:
    """Yield every obligation with its status at `as_of` (default: now), its dates, facts and last check."""
    at = as_of or now
    agenda = view_agenda(view, plan, now, as_of=as_of)
    facts = drop_withdrawn([f for f in view.facts.of(plan.id) if f.recorded_at <= at])
    checks = {(c.milestone, c.party): c for c in view.journal.checks(plan.id) if c.checked_at <= at}
    promises = view.rungs.of(plan.id) if as_of is None else promised(agenda)  # then nothing later was known
    upcoming = _next_rungs(promises, at)
    for cell in draw_board(agenda, at):
        o = cell.obligation
        if not _asked(o, milestone, party):
            continue
        key = (o.milestone, o.party)
        yield _board_row(plan, cell, checks.get(key), upcoming.get(key), [f for f in facts if _concerns(f, o)])


def list_agenda(
    view: Unit, plan: Plan, now: datetime, *, since: datetime, until: datetime | None, party: str | None = None
) -> Iterator[Row]:
    """Yield the planned steps from `since` up to, not including, `until`; also of a plan never loaded."""
    for row in _promises(view, plan, now):
        inside = row.at >= since and (until is None or row.at < until)
        if row.state == "planned" and inside and party in (None, row.party):
            yield rung_row(row, plan)


def _promises(view: Unit, plan: Plan, now: datetime) -> Iterable[RungRow]:
    if view.plans.state(plan.id) is not None:
        return view.rungs.of(plan.id)
    return promised(draw_agenda(plan, [], loaded_at=now))


def promised(agenda: Agenda) -> list[RungRow]:
    """Return what an agenda promises as rows that are in no record, by instant."""
    rows = [RungRow(id=0, plan=agenda.plan.id, **rung._asdict()) for rung in agenda.rungs()]
    return sorted(rows, key=attrgetter("at"))


def list_deliveries(view: Unit, plan: Plan, since: datetime, until: datetime) -> list[Row]:
    """Return one row per delivery, and one for every other rung of the period, by instant."""
    moment = timedelta(microseconds=1)  # `between` leaves out the first instant and takes the last
    rungs = view.rungs.between(plan.id, since - moment, until - moment)
    mails = view.outbox.of_rungs([row.id for row in rungs])
    rows = []
    for rung in rungs:
        carried = mails.get(rung.id, ())
        rows += [_delivery(plan, mail, rung) for mail in carried] or [_undelivered(plan, rung)]
    for mail in view.outbox.list():
        if not mail.rungs and mail.plan == plan.id and since <= mail.created_at < until:
            rows.append(_delivery(plan, mail, None))
    return sorted(rows, key=_delivery_order)


def rung_row(row: RungRow, plan: Plan) -> Row:
    """Return a promise as a plain row."""
    return {
        "id": f"r{row.id}" if row.id else None,
        "at": iso(row.at, plan.zone),
        "kind": row.kind,
        "rung": row.name,
        "plan": row.plan,
        "milestone": row.milestone,
        "party": row.party,
        "due": row.due.isoformat(),
        "state": row.state,
        "reason": row.reason,
        "note": row.note,
    }


def message_row(mail: MessageRow, zone: ZoneInfo) -> Row:
    """Return a mail as a plain row, without its bytes."""
    return {
        "id": f"m{mail.id}",
        "created": iso(mail.created_at, zone),
        "not_before": iso(mail.not_before, zone),
        "expires": iso(mail.expires_at, zone) if mail.expires_at else None,
        "settled": iso(mail.settled_at, zone) if mail.settled_at else None,
        "kind": mail.kind,
        "rung": mail.rung,
        "plan": mail.plan,
        "milestone": mail.milestone,
        "party": mail.party,
        "to": mail.mail.address,
        "subject": mail.mail.subject,
        "message": mail.mail.message_id,
        "state": mail.state,
        "attempts": mail.attempts,
        "reason": mail.reason,
        "reply": mail.reply,
        "rungs": [f"r{id}" for id in mail.rungs],
    }


def fact_row(fact: Fact, zone: ZoneInfo) -> Row:
    """Return a fact as a plain row: only what it says."""
    row: Row = {
        "id": f"f{fact.id}",
        "kind": fact.kind,
        "happened": iso(fact.happened_at, zone),
        "recorded": iso(fact.recorded_at, zone),
        "plan": fact.plan,
        "milestone": fact.milestone,
        "party": fact.party,
        "by": fact.by,
        "deliverables": list(fact.deliverables),
        "channel": fact.channel,
        "sent_on": fact.sent_on.isoformat() if fact.sent_on else None,
        "received_on": fact.received_on.isoformat() if fact.received_on else None,
        "files": list(fact.files),
        "missing": list(fact.missing),
        "date": describe_form(fact.form) if fact.form else "",
        "was": fact.was,
        "place": fact.place,
        "decision": fact.decision,
        "reason": fact.reason,
        "note": fact.note,
        "group": fact.group,
        "parties": list(fact.parties),
        "address": fact.address,
        "undoes": f"f{fact.target}" if fact.target else None,
    }
    return {key: value for key, value in row.items() if value not in (None, "", [])}


def iso(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant as ISO 8601 with the zone's offset."""
    return instant.astimezone(zone).isoformat()


def explain_rung(view: Unit, plan: Plan, row: RungRow, now: datetime) -> Row:
    """Return why a promise was kept, let go or is still to come: its dates, its status then, its mails."""
    agenda = view_agenda(view, plan, now, as_of=row.settled_at)
    obligation = agenda.by_key.get((row.milestone, row.party))
    facts = [f for f in view.facts.of(plan.id) if obligation and _concerns(f, obligation)]
    mails = view.outbox.of_rungs([row.id]).get(row.id, ())
    return {
        **rung_row(row, plan),
        "noticed": iso(row.noticed_at, plan.zone) if row.noticed_at else None,
        "settled": iso(row.settled_at, plan.zone) if row.settled_at else None,
        "dates": _dates(obligation, plan) if obligation else {},
        "status_then": obligation.standing.state if obligation else None,
        "facts": [fact_row(f, plan.zone) for f in facts],
        "mails": [message_row(mail, plan.zone) for mail in mails],
    }


# ---------------------------------------------------------------- parts


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
        **_dates(o, plan),
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


def _dates(o: Obligation, plan: Plan) -> Row:
    if o.event is not None:
        return {"date": describe_form(o.event), "place": o.place}
    if o.window is not None:
        return {"date": describe_form(o.window)}
    if o.due is None:
        return {"date": f"undated ({o.undated})"}
    boundary = "by" if o.due.inclusive else "before"
    return {
        "date": f"{boundary} {o.due.named}",
        "last_day": o.due.last.isoformat(),
        "target": o.due.target.isoformat(),
        "late_from": iso(o.due.late_from, plan.zone),
    }


def _next_rungs(rows: Sequence[RungRow], at: datetime) -> Mapping[tuple[str, str], RungRow]:
    found: dict[tuple[str, str], RungRow] = {}
    for row in rows:
        if row.state == "planned" and row.at >= at:
            found.setdefault((row.milestone, row.party), row)
    return found


def _asked(o: Obligation, milestone: str | None, party: str | None) -> bool:
    own = (o.milestone, o.milestone.partition("@")[0])
    return (milestone is None or milestone in own) and party in (None, o.party)


def _concerns(fact: Fact, o: Obligation) -> bool:
    return fact.milestone == o.milestone and fact.party in (None, o.party)


def _delivery(plan: Plan, mail: MessageRow, rung: RungRow | None) -> Row:
    return {
        "at": iso(rung.at if rung else mail.created_at, plan.zone),
        "sent_at": iso(mail.settled_at, plan.zone) if mail.state == "sent" and mail.settled_at else None,
        "kind": mail.kind,
        "rung": rung.name if rung else None,
        "plan": mail.plan,
        "milestone": rung.milestone if rung else mail.milestone,
        "party": rung.party if rung else mail.party,
        "to": mail.mail.address,
        "message": mail.mail.message_id,
        "subject": mail.mail.subject,
        "state": mail.state,
        "reason": mail.reason,
    }


def _undelivered(plan: Plan, rung: RungRow) -> Row:
    return {
        "at": iso(rung.at, plan.zone),
        "sent_at": None,
        "kind": rung.kind,
        "rung": rung.name,
        "plan": rung.plan,
        "milestone": rung.milestone,
        "party": rung.party,
        "to": None,
        "message": None,
        "subject": None,
        "state": rung.state,
        "reason": rung.reason,
    }


def _delivery_order(row: Row) -> tuple[str, ...]:
    return tuple(str(row[key] or "") for key in ("at", "milestone", "party", "rung", "to"))
