"""How a connection to PostgreSQL is set. Imports no driver: only who uses PostgreSQL has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL

from scheduler.errors import UserError

if TYPE_CHECKING:
    import psycopg

# A transaction that stands still so long belongs to a daemon that was frozen or cut off: the server ends it and
# whoever waited for its locks goes on. Nothing here thinks for seconds between two statements.
IDLE_IN_TRANSACTION = 60.0

# What the address does not say itself. A server that has vanished without a word (a pulled plug, a failover
# that moved its address) is noticed in half a minute; the operating system's own way takes two hours.
_CONNECT = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "hanchot",
    "client_encoding": "utf8",
}
_SET = "SELECT set_config('lock_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false)"


def options(url: URL, *, busy_timeout: float) -> dict[str, Any]:
    """Return what `create_engine` needs to be told."""
    return {
        "paramstyle": "format",  # by place, as SQLite does: `Rungs.add` hands tuples to the driver
        "connect_args": {name: value for name, value in _CONNECT.items() if name not in url.query},
        "pool_pre_ping": True,  # after a restart of the server the next transaction finds new connections
        "pool_timeout": busy_timeout,
    }


def set_up(engine: sa.Engine, name: str, *, busy_timeout: float) -> None:
    """Let every new connection wait for locks only so long; refuse a database that cannot hold every letter."""

    def connected(connection: psycopg.Connection[Any], _record: object) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise UserError(
                f"the database {name} is kept in {encoding}, which cannot hold every letter",
                hint="make another one: createdb --encoding=UTF8 --template=template0 ...",
            )
        connection.autocommit = True
        connection.execute(_SET, [_milliseconds(busy_timeout), _milliseconds(IDLE_IN_TRANSACTION)])
        connection.autocommit = False

    sa.event.listen(engine, "connect", connected)


def keep_to_reading(connection: psycopg.Connection[Any], _record: object) -> None:
    """Let every transaction of a new connection read one unchanging view and refuse to write."""
    from psycopg import IsolationLevel

    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))  # 0 would mean for ever
