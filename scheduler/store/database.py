"""The store: one database, its transactions, and the facets of the record in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, get_ident
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from scheduler import ports
from scheduler.errors import RecordReplaced, RecordUnavailable
from scheduler.store import engines, schema
from scheduler.store.access import SqlAccess
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.errors import locked_error, translate_errors
from scheduler.store.facts import SqlFacts
from scheduler.store.feeds import SqlFeeds
from scheduler.store.heartbeats import SqlHeartbeats
from scheduler.store.journal import SqlJournal
from scheduler.store.mails.accounts import SqlAccounts
from scheduler.store.mails.inbox import SqlInbox
from scheduler.store.mails.outbox import SqlOutbox
from scheduler.store.party_pages import SqlDocuments, SqlPartyPages
from scheduler.store.plans import SqlPlans
from scheduler.store.renames import SqlRenames
from scheduler.store.rungs import SqlRungs
from scheduler.texts import Text

_T = TypeVar("_T")

BUSY_TIMEOUT = 10.0


class _Facet(Generic[_T]):
    """A facet of the record that a unit creates on first access.

    With `locks` the first access in a writing transaction also locks the record.
    """

    def __init__(self, make: Callable[[sa.Connection], _T], *, locks: bool = False) -> None:
        self._make = make
        self._locks = locks

    def __set_name__(self, owner: type[SqlUnit], name: str) -> None:
        self._name = name

    def __get__(self, unit: SqlUnit, owner: type[SqlUnit]) -> _T:
        connection = unit.locked_connection() if self._locks else unit.connection
        facet = unit.__dict__[self._name] = self._make(connection)
        return facet


class SqlUnit:
    """One transaction on the record.

    A writer decides by what it has read: whether a plan is loaded, whether an obligation is open, when the last tick
    was. Therefore only one writing transaction at a time may use the facets that lock. SQLite has one writer anyway; on
    PostgreSQL the first access takes a lock. The other facets need no such lock, so that mail can leave meanwhile.
    """

    plans = _Facet[ports.Plans](SqlPlans, locks=True)
    facts = _Facet[ports.Facts](SqlFacts, locks=True)
    rungs = _Facet[ports.Rungs](SqlRungs, locks=True)
    renames = _Facet[ports.Renames](SqlRenames, locks=True)
    journal = _Facet[ports.Journal](SqlJournal, locks=True)
    heartbeats = _Facet[ports.Heartbeats](SqlHeartbeats)
    outbox = _Facet[ports.Outbox](SqlOutbox)
    accounts = _Facet[ports.Accounts](SqlAccounts)
    access = _Facet[ports.Access](SqlAccess)
    feeds = _Facet[ports.Feeds](SqlFeeds)
    pages = _Facet[ports.PartyPages](SqlPartyPages)
    documents = _Facet[ports.Documents](SqlDocuments)
    inbox = _Facet[ports.Inbox](SqlInbox)

    def __init__(self, connection: sa.Connection, *, writes: bool) -> None:
        self.connection = connection
        self._needs_lock = writes

    @property
    def driver_connection(self) -> Any:
        """Return the driver's connection, for an engine that has tables of its own in the same database."""
        return self.connection.connection.driver_connection

    def locked_connection(self) -> sa.Connection:
        """Return the connection; a writing transaction first locks the record."""
        if self._needs_lock:
            dialect_of(self.connection).lock_record(self.connection)
            self._needs_lock = False
        return self.connection


class SqlStore:
    """The record in a SQL database; `name` is its name for people. Created by `open_store`.

    Threads may share a store. Errors of the database are raised as `RecordUnavailable`.
    """

    def __init__(
        self, engine: sa.Engine, reads: sa.Engine, dialect: Dialect, *, name: str, busy_timeout: float
    ) -> None:
        self.engine = engine
        self.name = name
        self._dialect = dialect
        self._identity: object = None  # until `identify` is called
        self._reads = reads
        memory = dialect.is_memory(engine.url)
        is_kept = dialect.keeps_connections and not memory  # in memory there is only one connection
        self._for_writing = _Kept(engine) if is_kept else engine
        self._for_reading = _Kept(reads) if is_kept else reads
        turn = _Turn(name, dialect, busy_timeout) if dialect.has_one_writer else None
        self._writing = turn
        self._reading = turn if memory else None

    @contextmanager
    def transaction(self) -> Iterator[ports.UnitOfWork]:
        """Open a writing transaction; commit at the end of the block, roll back on an exception.

        Nothing is written to a file that lies no longer where it was opened: nobody would find it again.
        """
        self._verify_file()
        with translate_errors(self.name, self._dialect), _taken(self._writing), self._for_writing.begin() as connection:
            yield SqlUnit(connection, writes=True)

    @contextmanager
    def reading(self) -> Iterator[SqlUnit]:
        """Open a consistent read-only view that never waits for a writer.

        A database in memory has only one connection: there the view waits, and must not be opened inside another unit.
        """
        refusing = self._dialect.refuse_changes if self._reading else nullcontext
        with (
            translate_errors(self.name, self._dialect),
            _taken(self._reading),
            self._for_reading.begin() as connection,
            refusing(connection),
        ):
            yield SqlUnit(connection, writes=False)

    def identify(self) -> None:
        """Remember the file that lies there now as that of the record. Raises `OSError` if there is none."""
        self._identity = self._dialect.identify(self.engine.url)

    def verify(self) -> None:
        """Raise `RecordReplaced` if the database is not the one that was opened, or has another version by now."""
        self._verify_file()
        with self.reading() as unit:
            if not schema.is_current(unit.connection):
                raise RecordReplaced(
                    Text("the database {name} has another version than when it was opened", name=self.name),
                    hint=Text("it was upgraded, or another one took its place: start the program again that it is for"),
                )

    def _verify_file(self) -> None:
        if self._identity is None:
            return
        try:
            is_same = self._dialect.identify(self.engine.url) == self._identity
        except OSError as error:
            raise RecordUnavailable(
                Text("the file of the database {name} is gone", name=self.name),
                hint=Text("put it back; nothing is done meanwhile"),
            ) from error
        if not is_same:
            raise RecordReplaced(
                Text("another file has taken the place of the database {name}", name=self.name),
                hint=Text("it is opened when hanchot is started again; what was recorded since lies in the old file"),
            )

    def close(self) -> None:
        """Close all connections."""
        for kept in (self._for_writing, self._for_reading):
            if isinstance(kept, _Kept):
                kept.close()
        self._reads.dispose()
        self.engine.dispose()


class _Kept:
    """The connections of an engine, kept open between transactions.

    SQLAlchemy's pool prepares a connection at each checkout, which costs more than a transaction.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._idle: list[sa.Connection] = []

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction; a connection on which one failed is closed."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()


class _Turn:
    """The write lock of this process.

    SQLite makes a waiting writer retry at growing intervals; threads that queue here start at once.
    """

    def __init__(self, name: str, dialect: Dialect, timeout: float) -> None:
        self._name = name
        self._dialect = dialect
        self._timeout = timeout
        self._lock = Lock()
        self._owner: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the lock for a block.

        Raises `RecordUnavailable` after the timeout, and `RuntimeError` if this thread holds the lock already.
        """
        if self._owner == get_ident():
            raise RuntimeError("this thread is already inside a transaction of the same store")
        if not self._lock.acquire(timeout=self._timeout):
            raise locked_error(self._name, self._dialect)
        self._owner = get_ident()
        try:
            yield
        finally:
            self._owner = None
            self._lock.release()


def _taken(turn: _Turn | None) -> AbstractContextManager[None]:
    return turn.taken() if turn else nullcontext()


def open_store(url: str, *, busy_timeout: float = BUSY_TIMEOUT, threads: int = 5) -> SqlStore:
    """Open the database at a SQLAlchemy URL, `sqlite://` for one in memory; an empty one gets its tables.

    `busy_timeout` is the number of seconds to wait for another writer. With a server a connection is
    kept for each of so many `threads` that write. Raises `UserError` if the database cannot be opened, belongs to
    another program, or has another version.
    """
    address, dialect = engines.parse_url(url)
    name = dialect.describe(address)
    engine = engines.connect(address, dialect, busy_timeout=busy_timeout, threads=threads)
    reads = engines.connect_for_reading(engine, dialect, busy_timeout=busy_timeout)
    store = SqlStore(engine, reads, dialect, name=name, busy_timeout=busy_timeout)
    try:
        with translate_errors(name, dialect):
            with reads.begin() as connection:
                current = schema.is_current(connection)
            if not current:
                with engine.begin() as connection:
                    schema.prepare(connection, name)
        store.identify()
    except BaseException:
        store.close()
        raise
    return store


def upgrade(url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> bool:
    """Upgrade the database at `url` to this program's version; return whether anything was to be done.

    Everything happens in one transaction. Raises `UserError` like `open_store`.
    """
    address, dialect = engines.parse_url(url)
    name = dialect.describe(address)
    engine = engines.connect(address, dialect, busy_timeout=busy_timeout)
    try:
        with translate_errors(name, dialect), engine.begin() as connection:
            dialect.lock_creation(connection)
            found, version = schema.inspect(connection)
            if found == "current":
                return False
            if found in {"newer", "foreign"}:
                raise schema.refusal(found, name, version)
            from scheduler.store.migrations import migrate  # Alembic takes 100 ms to load, so only an upgrade loads it

            migrate(connection)
            return True
    finally:
        engine.dispose()
