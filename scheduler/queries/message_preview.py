"""The mails of a step that is still to come, as they would leave at its instant if nothing happened until then."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from scheduler.plan.agenda import Agenda
from scheduler.plan.messages.builders import count_notices, escalation_letters, letters_for
from scheduler.plan.messages.message import Letter
from scheduler.ports import Mail, RungRow, Unit
from scheduler.queries.site_links import leading_to_pages
from scheduler.services.notices import Desk


def preview(
    desk: Desk, view: Unit, agenda: Agenda, row: RungRow, bounced: Collection[str], now: datetime
) -> list[Mail]:
    """Return the mails of a planned step, one for each recipient; nothing is kept of them.

    Raises `UserError` where one cannot be written.
    """
    lead = leading_to_pages(desk.pages, view)
    letters = _letters(view, agenda, row, bounced, max(row.at, now))
    return [desk.composer.compose(lead(letter)) for letter in letters]


def _letters(view: Unit, agenda: Agenda, row: RungRow, bounced: Collection[str], at: datetime) -> list[Letter]:
    if row.kind != "escalation":
        return letters_for(agenda, row, at, bounced)
    rows = view.rungs.of_milestone(agenda.plan.id, row.milestone)
    together = [r for r in rows if (r.name, r.state) == (row.name, "planned") and r.at <= at]
    reports = escalation_letters(agenda, together, at, bounced, count_notices(rows))
    return [letter for letter, carried in reports if row in carried]
