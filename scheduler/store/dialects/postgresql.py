"""PostgreSQL through psycopg: connections, locks, and what its errors mean.

The driver is imported only on use: not every installation has it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL

from scheduler.errors import UserError
from scheduler.store.dialects.base import READERS, Dialect, Explanation
from scheduler.texts import Text, pattern

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.dialects.postgresql import Insert

# Seconds. A transaction that is idle for so long belongs to a daemon that was frozen or cut off. The server ends it, so
# that its locks are released. No code here pauses for seconds between two statements.
IDLE_IN_TRANSACTION = 60.0

# Defaults for what the URL does not set. A server that vanished silently (a power cut, a failover that moved its
# address) is detected within half a minute; the operating system's default takes two hours.
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

# Numbers of advisory locks, chosen so that nothing else in the same database uses them.
_CREATION = 0x48414E43484F54
_RECORD = _CREATION + 1
_ACCOUNTS = 0x48414E43
_NOW = sa.select(sa.func.clock_timestamp())
# Rows of these change a few times each, soon after one another. With room left in its page a row stays there, and the
# indexes of what did not change need no entry. Dead rows are cleared away early, because a claim reads past all of them
# that lie before the mails that wait.
_TUNING = (
    "ALTER TABLE {table} SET (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02, "
    "autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)"
)
_TUNED = ("message", "rung", "heartbeat", "quota")
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("number", type_=sa.BigInteger)))
_LOCK_ACCOUNT = sa.select(
    sa.func.pg_advisory_xact_lock(_ACCOUNTS, sa.func.hashtext(sa.bindparam("name", type_=sa.Text)))
)

_AWAY = (
    pattern("the server of {name} cannot be reached"),
    Text(
        "start PostgreSQL if it is down, and check the host and port in [database] url; hanchot goes on once it answers"
    ),
)
_LOST = (
    pattern("the connection to {name} was lost"),
    Text("its server was stopped or cannot be reached; what was not recorded is done again once it answers"),
)
_REFUSED = (
    pattern("the server of {name} does not let hanchot in"),
    Text("check user and password in [database] url, and the server's pg_hba.conf"),
)
_BUSY_SERVER = (
    pattern("the server of {name} takes no more connections"),
    Text("raise max_connections on the server, or end what else is connected"),
)
_READ_ONLY = (
    pattern("{name} cannot be written to: it is read-only"),
    Text("it may be a standby: name the primary server under [database] url"),
)
_COLLIDED = (pattern("another process was at the same rows of {name}"), Text("nothing is lost: try again"))
_LOCKED = (
    pattern("{name} is locked by another writer"),
    Text("another hanchot, an upgrade or a person's session is at work on it: try again when that is done"),
)
# By the SQLSTATE of an error in a session.
_ERRORS: dict[str, Explanation] = {
    "25006": _READ_ONLY,
    "25P03": (
        pattern("the server ended a transaction on {name} that had stood still for too long"),
        Text("the machine was asleep or overloaded; what was not recorded is done again"),
    ),
    "40001": _COLLIDED,
    "40P01": _COLLIDED,
    "42501": (
        pattern("the user in [database] url may not do this in {name}"),
        Text("make that user the owner of the database: ALTER DATABASE ... OWNER TO ..."),
    ),
    "53100": (
        pattern("there is no room left for {name}"),
        Text("make room on the server's disk: what was not recorded is done again"),
    ),
    "53300": _BUSY_SERVER,
    "55P03": _LOCKED,
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": _AWAY,
    "XX001": (pattern("{name} is damaged"), Text("put the last backup in its place")),
}
# A failed connection has no SQLSTATE, only a text. The first entry found in the text counts.
_CONNECTING: tuple[tuple[str, Explanation], ...] = (
    (
        '" does not exist',  # FATAL: database "x" does not exist; role "x" does not exist
        (
            pattern("there is no such database or user: {name}"),
            Text("make them on the server (createuser, createdb --encoding=UTF8), or change [database] url"),
        ),
    ),
    ("password", _REFUSED),
    ("pg_hba.conf", _REFUSED),
    ("authentication", _REFUSED),
    ("too many", _BUSY_SERVER),
    ("remaining connection slots", _BUSY_SERVER),
    (
        "certificate",
        (
            pattern("the server of {name} could not prove who it is"),
            Text("check sslmode and sslrootcert in [database] url"),
        ),
    ),
    *(
        (text, _AWAY)
        for text in (
            "Is the server running",
            "Connection refused",
            "No such file or directory",
            "failed to resolve",
            "timeout expired",
            "No route to host",
            "is unreachable",
            "starting up",
            "shutting down",
            "not yet accepting connections",
            "recovery mode",
            "closed the connection unexpectedly",
        )
    ),
)


class PostgresqlDialect(Dialect):
    """A server with many writers; advisory locks serialise what must not happen at once."""

    name = "postgresql"
    drivers = frozenset({"postgresql", "postgresql+psycopg"})
    has_one_writer = False
    keeps_connections = False  # the server may have been restarted meanwhile

    def describe(self, url: URL) -> str:
        """Return the URL without a password."""
        query = {name: "***" if "pass" in name else value for name, value in url.query.items()}
        host = (url.host or "").rpartition("@")[2] or None
        return url.set(query=query, host=host).render_as_string(hide_password=True)

    def connect(self, url: URL, options: Mapping[str, Any], *, busy_timeout: float, threads: int) -> sa.Engine:
        """Return an engine whose connections refuse a database that is not encoded in UTF-8."""
        try:
            engine = sa.create_engine(
                url,
                **options,
                paramstyle="format",  # positional as in SQLite, because `Rungs.add` passes tuples to the driver
                connect_args=_defaults(url),
                pool_pre_ping=True,  # after a restart of the server the next transaction gets new connections
                pool_timeout=busy_timeout,
                pool_size=threads,
            )
        except ModuleNotFoundError as error:
            raise UserError(
                Text(
                    "[database] url: {url} needs a driver that is not installed: {name}",
                    url=self.describe(url),
                    name=error.name,
                ),
                hint=(
                    Text(
                        "install hanchot once more with it, from the checkout or wheel that it came from: "
                        "{executable} -m pip install '/path/to/hanchot[postgresql]'",
                        executable=sys.executable,
                    )
                ),
            ) from error
        _set_up(engine, self.describe(url), busy_timeout=busy_timeout)
        return engine

    def connect_for_reading(self, engine: sa.Engine, options: Mapping[str, Any], *, busy_timeout: float) -> sa.Engine:
        """Return an engine with its own connections.

        Switching a shared connection back from read-only would override an administrator who forbids writing.
        """
        reads = self.connect(engine.url, options, busy_timeout=busy_timeout, threads=READERS)
        sa.event.listen(reads, "connect", _keep_to_reading)
        return reads

    def read_address(self, url: URL) -> Mapping[str, Any] | None:
        """Return the parameters of a connection, as psycopg takes them."""
        return url.translate_connect_args(username="user", database="dbname") | dict(url.query) | _defaults(url)

    def insert(self, table: sa.Table) -> Insert:
        """Return PostgreSQL's INSERT."""
        from sqlalchemy.dialects import postgresql  # imported here, so that a process loads only one dialect

        return postgresql.insert(table)

    def server_time(self, connection: sa.Connection) -> datetime | None:
        """Return the time by the server's clock."""
        now: datetime = connection.execute(_NOW).scalar_one()
        return now.astimezone(UTC)

    def lock_creation(self, connection: sa.Connection) -> None:
        """Take the advisory lock for creating and upgrading tables."""
        connection.execute(_LOCK, {"number": _CREATION})

    def lock_record(self, connection: sa.Connection) -> None:
        """Take the advisory lock of the record."""
        connection.execute(_LOCK, {"number": _RECORD})

    def lock_account(self, connection: sa.Connection, name: str) -> None:
        """Take the advisory lock of one mail account."""
        connection.execute(_LOCK_ACCOUNT, {"name": name})

    def lock_rows(self, connection: sa.Connection, rows: sa.Select[Any], values: Mapping[str, Any]) -> None:
        """Lock the rows one after the other."""
        connection.execute(rows, values).all()

    def continue_ids(self, connection: sa.Connection, column: sa.Column[Any]) -> None:
        """Set the sequence of the column."""
        sequence = sa.func.pg_get_serial_sequence(column.table.name, column.name)
        connection.execute(sa.select(sa.func.setval(sequence, sa.func.max(column))))

    def adapt_tables(self, metadata: sa.MetaData) -> None:
        """Copy the conditions of partial indexes from SQLite's option.

        As arguments next to `sqlite_where` they would load this dialect in every process, which costs 19 ms at each
        start.
        """
        for table in metadata.tables.values():
            for index in table.indexes:
                index.dialect_kwargs["postgresql_where"] = index.dialect_kwargs.get("sqlite_where")

    def tune_tables(self, connection: sa.Connection) -> None:
        """Leave room for changed rows, and let the server clear away dead ones early."""
        for table in _TUNED:
            connection.exec_driver_sql(_TUNING.format(table=table))

    def explain(self, error: Exception, cause: BaseException) -> Explanation | None:
        """Return the meaning of the SQLSTATE, or of the text if a connection failed."""
        if not isinstance(error, exc.DBAPIError):
            return None
        found = _ERRORS.get(getattr(cause, "sqlstate", None) or "")
        if found is None and error.connection_invalidated:
            return _LOST
        if found is None and isinstance(error, exc.OperationalError):
            text = str(cause)
            return next((known for part, known in _CONNECTING if part in text), None)
        return found

    def explain_locked(self) -> Explanation:
        """Return the meaning of a lock that was not granted in time."""
        return _LOCKED


def _defaults(url: URL) -> dict[str, Any]:
    return {name: value for name, value in _CONNECT.items() if name not in url.query}


def _set_up(engine: sa.Engine, name: str, *, busy_timeout: float) -> None:
    """Make new connections check the encoding, and wait for locks for `busy_timeout` seconds."""

    def connected(connection: psycopg.Connection[Any], _record: object) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise UserError(
                Text(
                    "the database {name} is kept in {encoding}, which cannot hold every letter",
                    name=name,
                    encoding=encoding,
                ),
                hint=Text("make another one: createdb --encoding=UTF8 --template=template0 ..."),
            )
        connection.autocommit = True
        connection.execute(_SET, [_milliseconds(busy_timeout), _milliseconds(IDLE_IN_TRANSACTION)])
        connection.autocommit = False

    sa.event.listen(engine, "connect", connected)


def _keep_to_reading(connection: psycopg.Connection[Any], _record: object) -> None:
    """Make every transaction of a new connection read one consistent view and refuse to write."""
    from psycopg import IsolationLevel

    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))  # 0 would disable the timeout
