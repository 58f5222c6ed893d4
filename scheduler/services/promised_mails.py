"""The mail of a step or a notice as it goes into the outbox, wherever it is queued."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler.plan.message_kinds import is_notice
from scheduler.plan.messages.message import PromisedMessage
from scheduler.ports import Mail, Outgoing, RungRow


def make_outgoing(
    message: PromisedMessage,
    rows: Sequence[RungRow],
    mail: Mail,
    *,
    not_before: datetime,
    expires_at: datetime | None,
    deduplication_key: str | None = None,
) -> Outgoing:
    """Return the mail of a message that carries these rungs, which share kind and name; a notice does not expire."""
    first = rows[0]
    is_of_ladder = not is_notice(first.kind)
    return Outgoing(
        mail=mail,
        kind=message.kind,
        plan=message.plan.id,
        milestone=message.occurrence,
        party=message.party.id,
        rung=first.name if is_of_ladder else None,
        created_at=message.now,
        not_before=not_before,
        expires_at=expires_at if is_of_ladder else None,
        rungs=tuple(row.id for row in rows),
        deduplication_key=deduplication_key,
    )
