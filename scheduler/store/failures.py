"""What goes wrong with a database, in words a person can act on: the only place that says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from scheduler.errors import UserError

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


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn errors of the database `name` into `UserError`; whatever else is raised passes unchanged."""
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        raise _explain(error, name) from error


def locked(name: str) -> UserError:
    """Return the error for a database that stayed locked for too long."""
    return _words(_SQLITE[sqlite3.SQLITE_BUSY], name)


def _explain(error: Exception, name: str) -> Exception:
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        known = _SQLITE.get(getattr(cause, "sqlite_errorcode", -1) & 0xFF)
        if known:
            return _words(known, name)
    elif isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError):
        # Raised while a value was being stored (a naive instant, say): the caller's mistake, in its own words.
        return cause if isinstance(cause, Exception) else error
    elif isinstance(error, exc.TimeoutError):
        return UserError(
            f"every connection to the database {name} is in use", hint="stop some of what works on it, and try again"
        )
    if isinstance(error, exc.OperationalError) and not isinstance(cause, sqlite3.Error):
        return UserError(
            f"the database {name} cannot be used: {_first_line(cause)}",
            hint="check that its server runs and that [database] url is right",
        )
    return UserError(
        f"the database {name} refused: {_first_line(cause)}", hint="if it happens again, report it with these words"
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _words(known: tuple[str, str], name: str) -> UserError:
    message, hint = known
    return UserError(message.format(name=f"the database {name}"), hint=hint)
