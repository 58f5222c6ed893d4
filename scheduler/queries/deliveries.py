"""The mails of a period, and the rungs of it that led to no mail."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Plan
from scheduler.ports import MessageRow, RungRow, UnitOfWork
from scheduler.queries.rows import Row, iso
from scheduler.wording.sentences import word_reason


def list_deliveries(view: UnitOfWork, plan: Plan, since: datetime, until: datetime) -> list[Row]:
    """Return a row per delivery, and one per rung without a mail, with `since` <= instant < `until`, by instant."""
    moment = timedelta(microseconds=1)  # `between` excludes the first instant and includes the last
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


def _delivery(plan: Plan, mail: MessageRow, rung: RungRow | None) -> Row:
    return {
        "at": iso(rung.at if rung else mail.created_at, plan.zone),
        "sent_at": iso(mail.settled_at, plan.zone) if mail.state == "sent" and mail.settled_at else None,
        "kind": mail.kind,
        "rung": _step_of(rung) if rung else None,
        "plan": mail.plan,
        "milestone": rung.milestone if rung else mail.milestone,
        "party": rung.party if rung else mail.party,
        "to": mail.mail.address,
        "message": mail.mail.message_id,
        "subject": mail.mail.subject,
        "state": mail.state,
        "reason": word_reason(mail.reason),
    }


def _undelivered(plan: Plan, rung: RungRow) -> Row:
    return {
        "at": iso(rung.at, plan.zone),
        "sent_at": None,
        "kind": rung.kind,
        "rung": _step_of(rung),
        "plan": rung.plan,
        "milestone": rung.milestone,
        "party": rung.party,
        "to": None,
        "message": None,
        "subject": None,
        "state": rung.state,
        "reason": word_reason(rung.reason),
    }


def _step_of(rung: RungRow) -> str | None:
    """Return the name of a step of a ladder; a notice is none."""
    return None if is_notice(rung.kind) else rung.name


def _delivery_order(row: Row) -> tuple[str, ...]:
    return tuple(str(row[key] or "") for key in ("at", "milestone", "party", "rung", "to"))
