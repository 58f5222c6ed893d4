"""Explain the state of a rung: which rows `why` puts together; their fields are in `rows`."""

from __future__ import annotations

from datetime import datetime

from scheduler.plan.model import Plan
from scheduler.ports import RungRow, UnitOfWork
from scheduler.queries.agendas import facts_within, find_relations, view_agenda
from scheduler.queries.rows import Row, fact_row, iso, message_row, rung_row
from scheduler.queries.status import describe_dates, is_about


def explain_rung(view: UnitOfWork, plan: Plan, row: RungRow, now: datetime) -> Row:
    """Return a rung with the reasons for its state: its dates, its obligation's standing then, its facts and mails."""
    scope = find_relations(view, plan).of(row.milestone, row.party)
    agenda = view_agenda(view, plan, now, as_of=row.settled_at, scope=scope)
    obligation = agenda.by_key.get((row.milestone, row.party))
    facts = [f for f in facts_within(view, plan, scope) if obligation and is_about(f, obligation)]
    mails = view.outbox.of_rungs([row.id]).get(row.id, ())
    return {
        **rung_row(row, plan),
        "noticed": iso(row.noticed_at, plan.zone) if row.noticed_at else None,
        "settled": iso(row.settled_at, plan.zone) if row.settled_at else None,
        "dates": describe_dates(obligation, plan) if obligation else {},
        "status_then": obligation.standing.state if obligation else None,
        "facts": [fact_row(f, plan.zone) for f in facts],
        "mails": [message_row(mail, plan.zone) for mail in mails],
    }
