"""Settle rungs with the mails that carry them, and reopen them; take back what a wrong clock settled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from scheduler.plan.reasons import Reason, encode
from scheduler.store.dialects import dialect_of
from scheduler.store.statements import Prepared, words
from scheduler.store.tables import account as accounts
from scheduler.store.tables import clock as clocks
from scheduler.store.tables import delivery as deliveries
from scheduler.store.tables import heartbeat as heartbeats
from scheduler.store.tables import idle_day as idle_days
from scheduler.store.tables import message as messages
from scheduler.store.tables import plan as plans
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


_A_DAY = timedelta(days=1)  # longer than any pause of an account or lease of a mail
_since: sa.BindParameter[Any] = sa.bindparam("since")
_AGAIN: dict[str, Any] = {"reason": sa.bindparam("because"), "settled_at": None}
_REVIVE_MAILS = (
    messages.update()
    .where(words(messages.c.state, "missed"), messages.c.settled_at > _since)
    .values(state="queued", **_AGAIN)
)
_its = sa.select(1).where(deliveries.c.rung_id == rungs.c.id, deliveries.c.message_id == messages.c.id)
_is_carried = sa.select(1).where(deliveries.c.rung_id == rungs.c.id).correlate(rungs).exists()
_is_open = _its.where(words(messages.c.state, *_OPEN)).correlate(rungs).exists()
_REVIVE_RUNGS = (
    rungs.update()
    .where(
        rungs.c.settled_at > _since,
        sa.or_(words(rungs.c.state, "missed"), sa.and_(words(rungs.c.state, "skipped"), ~_is_carried)),
    )
    .values(state=sa.case((_is_open, "queued"), else_="planned"), noticed_at=None, **_AGAIN)
)
_FORGET = (
    rungs.update().where(rungs.c.noticed_at > _since).values(noticed_at=None),
    plans.update().where(plans.c.checked_at > _since).values(checked_at=None),
    plans.update().where(plans.c.seen_on > sa.bindparam("tomorrow")).values(seen_on=None),
    idle_days.delete().where(idle_days.c.day > sa.bindparam("tomorrow")),
    heartbeats.delete().where(heartbeats.c.at > _since),
    clocks.delete().where(clocks.c.at > _since),
    # Who waits for an opening is sent back to it by the deliverer.
    messages.update()
    .where(words(messages.c.state, "queued"), messages.c.not_before > _since)
    .values(not_before=sa.bindparam("now")),
    messages.update().where(messages.c.lease_until > sa.bindparam("far")).values(lease_until=sa.bindparam("now")),
    accounts.update().where(accounts.c.paused_until > sa.bindparam("far")).values(paused_until=None),
)


def put_right(connection: sa.Connection, now: datetime, since: datetime, reason: Reason) -> int:
    """Take back what a clock that was ahead has settled and recorded after `since`; return how many rungs live again.

    A rung that a revived mail carries waits for that mail, the others are dispatched anew.
    """
    values = {"since": since, "because": encode(reason)}
    connection.execute(_REVIVE_MAILS, values)
    revived = connection.execute(_REVIVE_RUNGS, values).rowcount
    others = {"since": since, "tomorrow": (now + _A_DAY).date(), "far": since + _A_DAY, "now": now}
    for statement in _FORGET:
        names = statement.compile().params.keys()
        connection.execute(statement, {name: value for name, value in others.items() if name in names})
    return revived
