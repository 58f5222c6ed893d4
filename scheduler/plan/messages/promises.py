"""The messages of a promise, a step of a ladder or a notice, and their recipients. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import assert_never

from scheduler.plan.agenda import Agenda, RungLike
from scheduler.plan.messages.message import PromisedMessage
from scheduler.plan.messages.notices import notice_message
from scheduler.plan.messages.reminders import ladder_message
from scheduler.plan.notices import fact_of
from scheduler.plan.recipients import Recipient, contacts_for, escalation_named, lead_officers, superiors


def messages_for(
    agenda: Agenda, row: RungLike, now: datetime, avoided: Collection[str], rows: Sequence[RungLike] = ()
) -> list[PromisedMessage]:
    """Return the messages of one rung, one for each recipient; `rows` are those of the same party and milestone.

    For escalations use `escalation_messages`, for notices of submissions `submission_messages`.
    """
    messages = [message_for(agenda, row, recipient, now, rows) for recipient in recipients_of(agenda, row, avoided)]
    return [message for message in messages if message is not None]


def recipients_of(agenda: Agenda, row: RungLike, avoided: Collection[str]) -> list[Recipient]:
    """Return the recipients of a rung.

    An escalation goes to the superiors of the party, what it states about itself to the lead, and a correction to those
    who hold the letter. Everything else goes to its own contacts; overdue notices also go to its heads.
    """
    plan, party = agenda.plan, agenda.plan.parties[row.party]
    match row.kind:
        case "escalation":
            escalation = escalation_named(plan.milestone(row.milestone), row.name)
            return superiors(plan, escalation, row.party, avoided) if escalation else []
        case "notice" | "submission":
            return lead_officers(plan, avoided)
        case "correction":
            return _holders(agenda, row, avoided)
        case "overdue":
            return contacts_for(party, with_head=True, avoided=avoided)
        case "reminder" | "fix-date" | "invitation" | "choose" | "receipt" | "return" | "change" | "copy":
            return contacts_for(party, with_head=False, avoided=avoided)
        case _:
            assert_never(row.kind)


def _holders(agenda: Agenda, row: RungLike, avoided: Collection[str]) -> list[Recipient]:
    """Return the contacts of a party that hold a letter about what a correction takes back.

    If none of them is a contact any more, the present ones answer for the party.
    """
    party = agenda.plan.parties[row.party]
    undone = [r.by for r in agenda.retractions if r.by.id == fact_of(row.name)]
    letters = {
        letter.address
        for by in undone
        for letter in by.letters
        if (letter.milestone, letter.party) == (row.milestone, row.party)
    }
    holding = [Recipient(party, c) for c in party.contacts if c.email in letters and c.email not in avoided]
    return holding or contacts_for(party, with_head=False, avoided=avoided)


def message_for(
    agenda: Agenda, row: RungLike, to: Recipient, now: datetime, rows: Sequence[RungLike] = ()
) -> PromisedMessage | None:
    """Return the message of one rung to one recipient; `rows` are those of the same party and milestone.

    None if there is no group to choose any more or what a notice is about no longer counts, and for an escalation and a
    notice of submissions, which are about several parties.
    """
    match row.kind:
        case "submission":
            return None
        case "receipt" | "return" | "change" | "notice" | "correction" | "copy" as kind:
            return notice_message(agenda, kind, row, to, now)
        case "reminder" | "overdue" | "fix-date" | "invitation" | "choose" | "escalation" as kind:
            return ladder_message(agenda, kind, row, to, now, rows)
        case _:
            assert_never(row.kind)
