"""Preview the mails of a planned rung, as they would leave at its instant if nothing happened until then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, time

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.dates.due_dates import to_instant
from scheduler.plan.messages.escalations import count_notices, escalation_messages
from scheduler.plan.messages.message import PromisedMessage
from scheduler.plan.messages.promises import messages_for
from scheduler.plan.messages.submissions import submission_messages
from scheduler.plan.model import Plan
from scheduler.ports import Composer, Mail, RungRow, UnitOfWork
from scheduler.queries.site_links import SiteLinks, make_linker


def preview(
    composer: Composer,
    links: SiteLinks | None,
    view: UnitOfWork,
    agenda: Agenda,
    row: RungRow,
    avoided: Collection[str],
    now: datetime,
) -> list[Mail]:
    """Return the mails of a planned rung, one per recipient; nothing is stored.

    Raises `UserError` if one cannot be composed.
    """
    link = make_linker(links, view)
    messages = _messages(view, agenda, row, avoided, max(row.at, now))
    return [composer.compose(link(message)) for message in messages]


def sample_messages(plan: Plan) -> Iterator[PromisedMessage]:
    """Yield messages of a plan as they would leave if nothing happened, at least one of each milestone and party."""
    start = to_instant(plan.remind_from, time(), plan.zone)
    agenda = draw_agenda(plan, (), loaded_at=start)
    milestones, parties = set[str](), set[str]()
    for rung in agenda.rungs():
        if rung.kind != "escalation" and not (rung.milestone in milestones and rung.party in parties):
            milestones.add(rung.milestone)
            parties.add(rung.party)
            yield from messages_for(agenda, rung, rung.at, ())


def _messages(
    view: UnitOfWork, agenda: Agenda, row: RungRow, avoided: Collection[str], at: datetime
) -> Sequence[PromisedMessage]:
    if row.kind == "submission":
        return [message for message, _ in submission_messages(agenda, [row], at, avoided)]
    if row.kind != "escalation":
        beside = view.rungs.of_party(agenda.plan.id, row.party, row.milestone) if row.kind == "overdue" else ()
        return messages_for(agenda, row, at, avoided, beside)
    rows = view.rungs.of_milestone(agenda.plan.id, row.milestone)
    together = [r for r in rows if (r.name, r.state) == (row.name, "planned") and r.at <= at]
    reports = escalation_messages(agenda, together, at, avoided, count_notices(rows))
    return [message for message, carried in reports if row in carried]
