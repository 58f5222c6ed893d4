"""What goes wrong with a database, in words a person can act on: the only place that says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from scheduler.errors import RecordUnavailable

# By SQLite's primary result code: what is wrong with {name}, and the way out.
_SQLITE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_PERM: ("hanchot may not open {name}", "give the user that runs hanchot access to the file"),
    sqlite3.SQLITE_BUSY: (
        "{name} is locked by another writer",
        "another hanchot, a backup or a database browser is writing to it: try again when that is done",
    ),
    sqlite3.SQLITE_READONLY: (
        "{name} cannot be written to: it is read-only",
        "give the user that runs hanchot the right to write to the file and to its folder",
    ),
    sqlite3.SQLITE_IOERR: ("the disk failed under {name}", "check the disk and the system's log, then start again"),
    sqlite3.SQLITE_CORRUPT: ("{name} is damaged", "put the last backup in its place"),
    sqlite3.SQLITE_FULL: (
        "there is no room left for {name}",
        "make room on the disk and start again: what was not recorded is done again",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "{name} cannot be opened",
        "check that its folder exists and that hanchot may write there, or change [database] url",
    ),
    sqlite3.SQLITE_NOTADB: (
        "{name} is not a SQLite database",
        "name another file under [database] url, or put a backup in its place",
    ),
}
_SQLITE[sqlite3.SQLITE_LOCKED] = _SQLITE[sqlite3.SQLITE_BUSY]


_AWAY = (
    "the server of {name} cannot be reached",
    "start PostgreSQL if it is down, and check the host and port in [database] url; hanchot goes on once it answers",
)
_LOST = (
    "the connection to {name} was lost",
    "its server was stopped or cannot be reached; what was not recorded is done again once it answers",
)
_REFUSED = (
    "the server of {name} does not let hanchot in",
    "check user and password in [database] url, and the server's pg_hba.conf",
)
_BUSY_SERVER = (
    "the server of {name} takes no more connections",
    "raise max_connections on the server, or end what else is connected",
)
_READ_ONLY = (
    "{name} cannot be written to: it is read-only",
    "it may be a standby: name the primary server under [database] url",
)
_COLLIDED = ("another process was at the same rows of {name}", "nothing is lost: try again")
# By PostgreSQL's code for what went wrong in a session.
_POSTGRES: dict[str, tuple[str, str]] = {
    "25006": _READ_ONLY,
    "25P03": (
        "the server ended a transaction on {name} that had stood still for too long",
        "the machine was asleep or overloaded; what was not recorded is done again",
    ),
    "40001": _COLLIDED,
    "40P01": _COLLIDED,
    "42501": (
        "the user in [database] url may not do this in {name}",
        "make that user the owner of the database: ALTER DATABASE ... OWNER TO ...",
    ),
    "53100": (
        "there is no room left for {name}",
        "make room on the server's disk: what was not recorded is done again",
    ),
    "53300": _BUSY_SERVER,
    "55P03": (
        "{name} is locked by another writer",
        "another hanchot, an upgrade or a person's session is at work on it: try again when that is done",
    ),
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": _AWAY,
    "XX001": ("{name} is damaged", "put the last backup in its place"),
}
# A connection that was never made has no code, only words. The first that is found in them decides.
_CONNECTING: tuple[tuple[str, tuple[str, str]], ...] = (
    (
        '" does not exist',  # FATAL: database "x" does not exist; role "x" does not exist
        (
            "there is no such database or user: {name}",
            "make them on the server (createuser, createdb --encoding=UTF8), or change [database] url",
        ),
    ),
    ("password", _REFUSED),
    ("pg_hba.conf", _REFUSED),
    ("authentication", _REFUSED),
    ("too many", _BUSY_SERVER),
    ("remaining connection slots", _BUSY_SERVER),
    (
        "certificate",
        ("the server of {name} could not prove who it is", "check sslmode and sslrootcert in [database] url"),
    ),
    *(
        (said, _AWAY)
        for said in (
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


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn errors of the database `name` into `RecordUnavailable`; whatever else is raised passes unchanged."""
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        raise _explain(error, name) from error


def locked(name: str) -> RecordUnavailable:
    """Return the error for a database that stayed locked for too long."""
    return _words(_SQLITE[sqlite3.SQLITE_BUSY], name)


def _explain(error: Exception, name: str) -> Exception:
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
    known = _known(error, cause)
    if known:
        return _words(known, name)
    if isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError):
        # Raised while a value was being stored (a naive instant, say): the caller's mistake, in its own words.
        return cause if isinstance(cause, Exception) else error
    if isinstance(error, exc.TimeoutError):
        return RecordUnavailable(
            f"every connection to the database {name} is in use", hint="stop some of what works on it, and try again"
        )
    if isinstance(error, exc.OperationalError) and not isinstance(cause, sqlite3.Error):
        return RecordUnavailable(
            f"the database {name} cannot be used: {_first_line(cause)}",
            hint="check that its server runs and that [database] url is right",
        )
    return RecordUnavailable(
        f"the database {name} refused: {_first_line(cause)}", hint="if it happens again, report it with these words"
    )


def _known(error: Exception, cause: BaseException) -> tuple[str, str] | None:
    """Return the words for a failure that has been met before."""
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", -1) & 0xFF)
    if not isinstance(error, exc.DBAPIError):
        return None
    found = _POSTGRES.get(getattr(cause, "sqlstate", None) or "")
    if found is None and error.connection_invalidated:
        return _LOST
    if found is None and isinstance(error, exc.OperationalError):
        said = str(cause)
        return next((words for part, words in _CONNECTING if part in said), None)
    return found


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _words(known: tuple[str, str], name: str) -> RecordUnavailable:
    message, hint = known
    return RecordUnavailable(message.format(name=f"the database {name}"), hint=hint)
