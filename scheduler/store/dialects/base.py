"""What differs from database to database, as one object: `sqlite.py` and `postgresql.py` each have one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import URL

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

Explanation = tuple[str, str]  # what is wrong with {name}, and the way out


class Result(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were changed."""

    def fetchall(self) -> Sequence[Any]:
        """Return every row."""


class Dialect(ABC):
    """One kind of database. It holds no state; connections are given to it.

    To add a database: a file here with a subclass, a row in `dialects.__init__`, a parameter of the
    fixtures in `tests/store/conftest.py`. The contract suite then says what is missing.
    """

    name: ClassVar[str]  # as SQLAlchemy calls it
    drivers: ClassVar[frozenset[str]]  # the beginnings of addresses that it takes
    driver_errors: ClassVar[tuple[type[Exception], ...]] = ()  # that reach us past SQLAlchemy
    has_one_writer: ClassVar[bool]  # then the threads of a process wait for each other before they write

    @abstractmethod
    def describe(self, url: URL) -> str:
        """Return the database's name for people, without a password."""

    @abstractmethod
    def connect(self, url: URL, options: Mapping[str, Any], *, busy_timeout: float) -> sa.Engine:
        """Return an engine; nothing is connected yet. Writers wait for each other for `busy_timeout` seconds.

        `options` are passed on to SQLAlchemy. Raises `UserError` where the address cannot be used.
        """

    @abstractmethod
    def connect_for_reading(self, engine: sa.Engine, options: Mapping[str, Any], *, busy_timeout: float) -> sa.Engine:
        """Return an engine for the same database whose transactions read one unchanging view and refuse to write."""

    def is_memory(self, url: URL) -> bool:
        """Return whether the database lives in memory: there is one connection, and it ends with that."""
        return False

    def refuse_changes(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Raise at the end of a block of reading if anything was written, where `connect_for_reading` cannot."""
        return nullcontext()

    @abstractmethod
    def insert(self, table: sa.Table) -> SqliteInsert | PostgresqlInsert:
        """Return the INSERT that knows ON CONFLICT."""

    def execute(self, connection: sa.Connection, text: str, values: tuple[Any, ...]) -> Result:
        """Execute a compiled statement with its values by place, as directly as the driver allows."""
        return connection.exec_driver_sql(text, values)  # it notices a connection that was lost

    @abstractmethod
    def lock_creation(self, connection: sa.Connection) -> None:
        """Keep other processes from creating or upgrading the tables until the transaction ends."""

    @abstractmethod
    def lock_record(self, connection: sa.Connection) -> None:
        """Keep other writers from the record (all but outbox and accounts): what is read here stays true."""

    @abstractmethod
    def lock_account(self, connection: sa.Connection, name: str) -> None:
        """Keep other processes from counting on the same mail account."""

    @abstractmethod
    def lock_rows(self, connection: sa.Connection, rows: sa.Select[Any], values: Mapping[str, Any]) -> None:
        """Lock the rows of a SELECT ... FOR UPDATE."""

    def adapt_tables(self, metadata: sa.MetaData) -> None:  # noqa: B027 - most databases take the tables as they are
        """Adapt the tables before they are created."""

    @abstractmethod
    def explain(self, error: Exception, cause: BaseException) -> Explanation | None:
        """Return what a failure means, None for one that has not been met before. `cause` is the driver's error."""

    @abstractmethod
    def explain_locked(self) -> Explanation:
        """Return what it means that another writer kept the database locked for too long."""
