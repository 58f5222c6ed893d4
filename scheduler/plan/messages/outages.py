"""The summary that operators get after an outage. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.plan.agenda import Agenda
from scheduler.plan.messages.message import Message, Outage, OutageEntry
from scheduler.plan.recipients import operators


def outage_messages(
    agendas: Sequence[Agenda], entries: Mapping[str, Sequence[OutageEntry]], outage: Outage, emails: Sequence[str]
) -> list[Message]:
    """Return one message for each operator, about everything that the outage affected in their plans.

    `entries` holds the affected rungs by plan id. A plan without any causes no message.
    """
    messages: dict[str, Message] = {}
    for agenda in agendas:
        plan = agenda.plan
        for party, contact in operators(plan, emails) if entries.get(plan.id) else ():
            known = messages.get(contact.email)
            touched = (*(known.outage.entries if known and known.outage else ()), *entries[plan.id])
            messages[contact.email] = Message(
                key=f"outage/{outage.since.isoformat()}/{contact.email}",
                kind="outage",
                plan=known.plan if known else plan,
                party=known.party if known else party,
                to=contact,
                now=outage.until,
                outage=Outage(since=outage.since, until=outage.until, entries=touched),
            )
    return list(messages.values())
