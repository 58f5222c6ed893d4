"""The heartbeats of the processes that work on the record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.tables import heartbeat

_STALE = sa.select(heartbeat.c.name).where(heartbeat.c.at < sa.bindparam("before")).order_by(heartbeat.c.name)
_FORGET = heartbeat.delete().where(heartbeat.c.name.in_(sa.bindparam("names", expanding=True)))


class SqlHeartbeats:
    """When each process was last seen alive."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def clock(self) -> datetime | None:
        """Return the time by the database server's own clock (UTC); None if the database uses this machine's."""
        return dialect_of(self._connection).server_time(self._connection)

    def record(self, name: str, at: datetime) -> None:
        """Record that a process was alive at an instant."""
        self._connection.execute(_recording(dialect_of(self._connection)), {"name": name, "at": at})

    def stale(self, before: datetime) -> Sequence[str]:
        """Return the names of the processes that were last alive before an instant, in order."""
        return self._connection.scalars(_STALE, {"before": before}).all()

    def forget(self, names: Collection[str]) -> None:
        """Delete the heartbeats of processes."""
        self._connection.execute(_FORGET, {"names": list(names)})


@cache
def _recording(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(heartbeat)
    return insert.on_conflict_do_update(index_elements=[heartbeat.c.name], set_={"at": insert.excluded.at})
