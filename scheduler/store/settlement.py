"""Settle rungs with the mails that carry them, and reopen them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.store.dialects import dialect_of
from scheduler.store.statements import Prepared, words
from scheduler.store.tables import delivery as deliveries
from scheduler.store.tables import message as messages
from scheduler.store.tables import rung as rungs

FINAL = ("sent", "ambiguous", "failed", "missed", "cancelled", "skipped")  # a rung gets the first that its mails have
_OPEN = ("queued", "inflight", "held")

_CARRIED = rungs.c.id.in_(sa.select(deliveries.c.rung_id).where(deliveries.c.message_id == sa.bindparam("mail")))
# A transaction that finishes another mail of the same rung waits here and then sees the result of the first one.
# Without the lock, two concurrent ones would each leave the settling to the other. The fixed order prevents deadlocks.
_LOCK = sa.select(rungs.c.id).where(_CARRIED).order_by(rungs.c.id).with_for_update(key_share=True)
_REOPEN = (
    rungs.update()
    .where(_CARRIED, words(rungs.c.state, "failed", "ambiguous"))
    .values(state="queued", reason="", settled_at=None)
)


def _settling() -> sa.Update:
    """Return the statement that settles the rungs of a mail that have no other open mail."""
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
    """Settle the rungs of a mail that wait for no other mail."""
    _lock(connection, mail)
    _SETTLE.run(connection, {"mail": mail, "now": now})


def reopen(connection: sa.Connection, mail: int) -> None:
    """Queue the failed and ambiguous rungs of a mail again."""
    _lock(connection, mail)
    connection.execute(_REOPEN, {"mail": mail})


def _lock(connection: sa.Connection, mail: int) -> None:
    dialect_of(connection).lock_rows(connection, _LOCK, {"mail": mail})
