"""The interface for everything that differs between databases."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import URL

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

READERS = 5  # connections kept for threads that read

Explanation = tuple[str, str]  # message with {name} for the database, and hint


class Result(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were changed."""

    def fetchall(self) -> Sequence[Any]:
        """Return all rows."""


class Dialect(ABC):
    """One kind of database. It holds no state; connections are passed to it.

    To add a database, write a module here with a subclass, and add it to `dialects.__init__` and to the fixtures in
    `tests/store/conftest.py`. The contract suite then shows what is missing.
    """

    name: ClassVar[str]  # SQLAlchemy's name for it
    drivers: ClassVar[frozenset[str]]  # the URL schemes that it accepts
    driver_errors: ClassVar[tuple[type[Exception], ...]] = ()  # those that SQLAlchemy does not wrap
    has_one_writer: ClassVar[bool]  # if so, the threads of a process queue before they write
    keeps_connections: ClassVar[bool]  # whether one is still good at the next transaction, however late that is

    @abstractmethod
    def describe(self, url: URL) -> str:
        """Return the name of a database for people, without a password."""

    @abstractmethod
    def connect(self, url: URL, options: Mapping[str, Any], *, busy_timeout: float, threads: int) -> sa.Engine:
        """Return an engine that has not connected yet; its writers wait for each other for `busy_timeout` seconds.

        `options` are passed to SQLAlchemy. A server keeps connections for so many `threads`. Raises `UserError` if the
        URL cannot be used.
        """

    @abstractmethod
    def connect_for_reading(self, engine: sa.Engine, options: Mapping[str, Any], *, busy_timeout: float) -> sa.Engine:
        """Return an engine for the same database whose transactions read one consistent view and refuse to write."""

    def is_memory(self, url: URL) -> bool:
        """Return whether the database is in memory, where it has one connection and ends with it."""
        return False

    def identify(self, url: URL) -> object:
        """Return what tells the file of a database from another of the same name; None for one without a file.

        Raises `OSError` if it is not there.
        """
        return None

    def read_address(self, url: URL) -> Mapping[str, Any] | None:
        """Return the parameters of a connection, as the driver takes them; None for a database without a server."""
        return None

    def url_to_look(self, url: URL) -> URL:
        """Return the URL by which a database is opened that is not to be made or changed."""
        return url

    def refuse_changes(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Raise an error at the end of a reading block that wrote, if `connect_for_reading` cannot prevent writes."""
        return nullcontext()

    @abstractmethod
    def insert(self, table: sa.Table) -> SqliteInsert | PostgresqlInsert:
        """Return an INSERT that supports ON CONFLICT."""

    def execute(self, connection: sa.Connection, text: str, values: tuple[Any, ...]) -> Result:
        """Execute a compiled statement with positional values, as directly as the driver allows."""
        return connection.exec_driver_sql(text, values)  # this detects a lost connection

    def server_time(self, connection: sa.Connection) -> datetime | None:
        """Return the time by the server's own clock (UTC); None for a database that uses this machine's."""
        return None

    @abstractmethod
    def lock_creation(self, connection: sa.Connection) -> None:
        """Prevent other processes from creating or upgrading the tables until the transaction ends."""

    @abstractmethod
    def lock_record(self, connection: sa.Connection) -> None:
        """Lock out other writers of `plans`, `facts`, `rungs` and `journal` until the transaction ends.

        What the transaction reads there stays true.
        """

    @abstractmethod
    def lock_account(self, connection: sa.Connection, name: str) -> None:
        """Prevent other processes from counting on the same mail account until the transaction ends."""

    @abstractmethod
    def lock_rows(self, connection: sa.Connection, rows: sa.Select[Any], values: Mapping[str, Any]) -> None:
        """Lock the rows of a SELECT ... FOR UPDATE."""

    def continue_ids(self, connection: sa.Connection, column: sa.Column[Any]) -> None:  # noqa: B027 - as below
        """Let the next id follow the greatest one, after rows were inserted with their ids."""

    def adapt_tables(self, metadata: sa.MetaData) -> None:  # noqa: B027 - most databases take the tables as they are
        """Adapt the tables before they are created."""

    def tune_tables(self, connection: sa.Connection) -> None:  # noqa: B027 - most databases need no tuning
        """Set what keeps those tables fast that change most, after they were made."""

    def check_integrity(self, connection: sa.Connection) -> str:
        """Return what is wrong with the database, in its own words; "" where that is the server's business."""
        return ""

    @abstractmethod
    def explain(self, error: Exception, cause: BaseException) -> Explanation | None:
        """Return what an error means, or None for an unknown one. `cause` is the driver's error."""

    @abstractmethod
    def explain_locked(self) -> Explanation:
        """Return the explanation for a database that another writer kept locked for too long."""
