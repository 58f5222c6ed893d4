"""Mail accounts: their pauses, and the limits that all processes share."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from scheduler.ports import AccountState, Usage
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.tables import account as accounts
from scheduler.store.tables import quota

_HOUR = timedelta(hours=1)
_DAY = 24 * _HOUR
# Counts are kept longer than their period, for processes whose clock is slightly behind.
_KEPT = {"minute": _HOUR, "hour": 2 * _DAY}

_NAMED = accounts.c.name == sa.bindparam("wanted")
_STATE = sa.select(
    accounts.c.name, accounts.c.paused_until, accounts.c.stopped, accounts.c.reason, accounts.c.consecutive_failures
).where(_NAMED)
_CLEAR = accounts.delete().where(_NAMED)

_OF = quota.c.account == sa.bindparam("wanted")
_minute = sa.and_(quota.c.kind == "minute", quota.c.slot == sa.bindparam("minute"))
_hour = sa.and_(quota.c.kind == "hour", quota.c.slot == sa.bindparam("hour"))
# The next hour belongs to the day too: a process whose clock is slightly ahead may have counted there.
_day = sa.and_(quota.c.kind == "hour", quota.c.slot.between(sa.bindparam("first"), sa.bindparam("last")))
_USED = sa.select(
    *(sa.func.coalesce(sa.func.sum(sa.case((span, quota.c.used), else_=0)), 0) for span in (_minute, _hour, _day))
).where(_OF)
_FORGET = quota.delete().where(_OF, quota.c.kind == sa.bindparam("one"), quota.c.slot < sa.bindparam("oldest"))
_LESS = sa.bindparam("less", type_=sa.Integer)
_GIVE_BACK = (
    quota.update()
    .where(_OF, quota.c.kind == sa.bindparam("one"), quota.c.slot == sa.bindparam("started"))
    .values(used=sa.case((quota.c.used > _LESS, quota.c.used - _LESS), else_=0))
)


class SqlAccounts:
    """The mail accounts of all senders."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def state(self, name: str) -> AccountState:
        """Return the state of an account; an unknown account has no problems."""
        row = self._connection.execute(_STATE, {"wanted": name}).mappings().first()
        return AccountState(name=name) if row is None else AccountState(**row)

    def pause(self, name: str, *, until: datetime, reason: str) -> None:
        """Pause an account and count one more consecutive failure.

        A longer pause stays as it is, and so does a stop with its reason.
        """
        values = {"name": name, "paused_until": until, "stopped": False, "reason": reason, "consecutive_failures": 1}
        self._connection.execute(_pausing(dialect_of(self._connection)), values)

    def stop(self, name: str, *, reason: str) -> None:
        """Stop an account until a person clears it."""
        values = {"name": name, "stopped": True, "reason": reason, "consecutive_failures": 0}
        self._connection.execute(_stopping(dialect_of(self._connection)), values)

    def clear(self, name: str) -> None:
        """Clear the pause, the stop and the failures of an account; the used part of its limits stays."""
        self._connection.execute(_CLEAR, {"wanted": name})

    def usage(self, name: str, *, now: datetime) -> Usage:
        """Return how much of its limits an account has used."""
        slots = _slots(now)
        hour = slots["hour"]
        values = {"wanted": name, **slots, "first": hour - _DAY, "last": hour + _HOUR}
        in_minute, in_hour, in_day = self._connection.execute(_USED, values).one()
        return Usage(minute=in_minute, hour=in_hour, day=in_day)

    def take(
        self, name: str, wanted: int, *, now: datetime, per_minute: int = 0, per_hour: int = 0, per_day: int = 0
    ) -> int:
        """Count up to `wanted` mails as sent now; return how many the limits allow. A limit of 0 means none.

        Minute and hour are those of the clock; the day is the last 24 full hours and the current one.
        """
        dialect_of(self._connection).lock_account(self._connection, name)
        used = self.usage(name, now=now)
        limits = ((per_minute, used.minute), (per_hour, used.hour), (per_day, used.day))
        left = [limit - count for limit, count in limits if limit]
        allowed = max(0, min([wanted, *left]))
        if allowed:
            slots = _slots(now)
            self._forget(name, slots)
            rows = [{"account": name, "kind": kind, "slot": slot, "used": allowed} for kind, slot in slots.items()]
            self._connection.execute(_counting(dialect_of(self._connection)), rows)
        return allowed

    def give_back(self, name: str, count: int, *, now: datetime) -> None:
        """Return mails to the limits that were counted at `now` but not sent."""
        dialect_of(self._connection).lock_account(self._connection, name)
        rows = [{"wanted": name, "one": kind, "started": slot, "less": count} for kind, slot in _slots(now).items()]
        self._connection.execute(_GIVE_BACK, rows)

    def _forget(self, name: str, slots: dict[str, datetime]) -> None:
        """Delete the periods that no count uses any more."""
        rows = [{"wanted": name, "one": kind, "oldest": slot - _KEPT[kind]} for kind, slot in slots.items()]
        self._connection.execute(_FORGET, rows)


def _slots(now: datetime) -> dict[str, datetime]:
    """Return when the minute and the hour of an instant began (UTC, where hours are whole)."""
    minute = now.replace(second=0, microsecond=0)
    return {"minute": minute, "hour": minute.replace(minute=0)}


@cache
def _pausing(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(accounts)
    longer = accounts.c.paused_until > insert.excluded.paused_until
    return insert.on_conflict_do_update(
        index_elements=[accounts.c.name],
        set_={
            "paused_until": sa.case((longer, accounts.c.paused_until), else_=insert.excluded.paused_until),
            "reason": sa.case((sa.or_(longer, accounts.c.stopped), accounts.c.reason), else_=insert.excluded.reason),
            "consecutive_failures": accounts.c.consecutive_failures + 1,
        },
    )


@cache
def _stopping(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(accounts)
    stopped: dict[str, Any] = {"stopped": insert.excluded.stopped, "reason": insert.excluded.reason}
    return insert.on_conflict_do_update(index_elements=[accounts.c.name], set_=stopped)


@cache
def _counting(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(quota)
    more = {"used": quota.c.used + insert.excluded.used}
    return insert.on_conflict_do_update(index_elements=list(quota.primary_key), set_=more)
