"""How a promise ends with the mails that carry it, and how it is opened again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.store.dialects import dialect_of
from scheduler.store.statements import Prepared, words
from scheduler.store.tables import delivery as deliveries
from scheduler.store.tables import message as messages
from scheduler.store.tables import rung as rungs

FINAL = ("sent", "ambiguous", "failed", "missed", "cancelled", "skipped")  # the first that a rung has decides
_OPEN = ("queued", "inflight", "held")

_CARRIED = rungs.c.id.in_(sa.select(deliveries.c.rung_id).where(deliveries.c.message_id == sa.bindparam("mail")))
# Whoever finishes another mail of the same promise waits here and then sees what the first one did: without it,
# two at once would each leave the settling to the other. Always in the same order, so that none waits in a ring.
_LOCK = sa.select(rungs.c.id).where(_CARRIED).order_by(rungs.c.id).with_for_update(key_share=True)
_REOPEN = (
    rungs.update()
    .where(_CARRIED, words(rungs.c.state, "failed", "ambiguous"))
    .values(state="queued", reason="", settled_at=None)
)


def _settling() -> sa.Update:
    """Return the statement that settles the rungs of a message that have no mail on its way any more."""
    mails = messages.join(deliveries, deliveries.c.message_id == messages.c.id)
    its = deliveries.c.rung_id == rungs.c.id
    rank = sa.case({state: place for place, state in enumerate(FINAL)}, value=messages.c.state)

    def deciding(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
        found = sa.select(column).select_from(mails).where(its).order_by(rank, messages.c.id).limit(1)
        return found.correlate(rungs).scalar_subquery()

    still_open = sa.select(1).select_from(mails).where(its, words(messages.c.state, *_OPEN)).correlate(rungs)
    return (
        rungs.update()
        .where(_CARRIED, words(rungs.c.state, "planned", "queued"), ~still_open.exists())
        .values(state=deciding(messages.c.state), reason=deciding(messages.c.reason), settled_at=sa.bindparam("now"))
    )


_SETTLE = Prepared(lambda dialect: _settling())


def settle(connection: sa.Connection, mail: int, *, now: datetime) -> None:
    """End the promises that a mail carried and that wait for no other."""
    _lock(connection, mail)
    _SETTLE.run(connection, {"mail": mail, "now": now})


def reopen(connection: sa.Connection, mail: int) -> None:
    """Let the promises of a mail that had failed or were ambiguous wait for it once more."""
    _lock(connection, mail)
    connection.execute(_REOPEN, {"mail": mail})


def _lock(connection: sa.Connection, mail: int) -> None:
    dialect_of(connection).lock_rows(connection, _LOCK, {"mail": mail})
