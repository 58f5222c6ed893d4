"""The processes that work on the record: their heartbeats, and which of them plans."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa

from scheduler.ports import Process
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.tables import heartbeat, lead

_STALE = sa.select(heartbeat.c.name).where(heartbeat.c.at < sa.bindparam("before")).order_by(heartbeat.c.name)
_FORGET = heartbeat.delete().where(heartbeat.c.name.in_(sa.bindparam("names", expanding=True)))
_RESIGN = lead.delete().where(lead.c.name.in_(sa.bindparam("names", expanding=True)))
_LEADER = sa.select(lead.c.name, lead.c.until)
_PROCESSES = sa.select(
    heartbeat.c.name,
    heartbeat.c.role,
    heartbeat.c.since,
    heartbeat.c.at.label("seen_at"),
    heartbeat.c.claimed_at,
    heartbeat.c.version,
    heartbeat.c.secret,
)


class SqlHeartbeats:
    """When each process was last seen alive, and which of them plans."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def clock(self) -> datetime | None:
        """Return the time by the database server's own clock (UTC); None if the database uses this machine's."""
        return dialect_of(self._connection).server_time(self._connection)

    def record(self, process: Process, at: datetime) -> None:
        """Record that a process was alive at an instant; the first one also dates its beginning."""
        values = {
            "name": process.name,
            "at": at,
            "role": process.role,
            "since": at,
            "version": process.version,
            "secret": process.secret,
            "claimed_at": process.claimed_at,
        }
        self._connection.execute(_recording(dialect_of(self._connection)), values)

    def processes(self) -> Sequence[Process]:
        """Return every process that is known, by name."""
        found = [Process(**row) for row in self._connection.execute(_PROCESSES).mappings()]
        return sorted(found, key=lambda process: process.name)

    def stale(self, before: datetime) -> Sequence[str]:
        """Return the names of the processes that were last alive before an instant, in order."""
        return self._connection.scalars(_STALE, {"before": before}).all()

    def forget(self, names: Collection[str]) -> None:
        """Delete the heartbeats of processes; one that plans gives that up."""
        self._connection.execute(_FORGET, {"names": list(names)})
        self._connection.execute(_RESIGN, {"names": list(names)})

    def lead(self, name: str, now: datetime, lease: timedelta) -> bool:
        """Let a process plan until its lease ends, unless another one does; return whether it does now."""
        values = {"id": 1, "name": name, "until": now + lease, "now": now}
        return self._connection.execute(_leading(dialect_of(self._connection)), values).first() is not None

    def leader(self) -> tuple[str, datetime] | None:
        """Return the name of the process that last planned, and when its lease ends or ended; None if none ever did."""
        row = self._connection.execute(_LEADER).first()
        return None if row is None else (row.name, row.until)


@cache
def _recording(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(heartbeat)
    latest = {name: insert.excluded[name] for name in ("at", "role", "version", "secret")}
    claimed_at = sa.func.coalesce(insert.excluded.claimed_at, heartbeat.c.claimed_at)
    return insert.on_conflict_do_update(index_elements=[heartbeat.c.name], set_=latest | {"claimed_at": claimed_at})


@cache
def _leading(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(lead).values(
        id=sa.bindparam("id"), name=sa.bindparam("name"), until=sa.bindparam("until", type_=lead.c.until.type)
    )
    is_free = sa.or_(lead.c.name == insert.excluded.name, lead.c.until < sa.bindparam("now", type_=lead.c.until.type))
    return insert.on_conflict_do_update(
        index_elements=[lead.c.id],
        set_={"name": insert.excluded.name, "until": insert.excluded.until},
        where=is_free,
    ).returning(lead.c.id)
