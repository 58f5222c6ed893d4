"""The summary that operators get after an outage. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.plan.agenda import Agenda
from scheduler.plan.messages.message import Outage, OutageEntry, OutageMessage
from scheduler.plan.recipients import operators


def outage_messages(
    agendas: Sequence[Agenda], entries: Mapping[str, Sequence[OutageEntry]], outage: Outage, emails: Sequence[str]
) -> list[OutageMessage]:
    """Return one message for each operator, about everything that the outage affected in their plans.

    `entries` holds the affected rungs by plan id. A plan without any causes no message.
    """
    messages: dict[str, OutageMessage] = {}
    for agenda in agendas:
        plan = agenda.plan
        for party, contact in operators(plan, emails) if entries.get(plan.id) else ():
            known = messages.get(contact.email)
            touched = (*(known.outage.entries if known else ()), *entries[plan.id])
            messages[contact.email] = OutageMessage(
                key=f"outage/{outage.since.isoformat()}/{contact.email}",
                plan=known.plan if known else plan,
                party=known.party if known else party,
                to=contact,
                now=outage.until,
                outage=Outage(since=outage.since, until=outage.until, entries=touched),
            )
    return list(messages.values())
