"""Raise database errors as `RecordUnavailable`; what an error of one database means stands in its dialect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from scheduler.errors import RecordUnavailable
from scheduler.store.dialects import Dialect
from scheduler.store.dialects.base import Explanation
from scheduler.texts import Text


@contextmanager
def translate_errors(name: str, dialect: Dialect) -> Iterator[None]:
    """Raise errors of the database `name` as `RecordUnavailable`; let other errors pass unchanged.

    A value that cannot be converted raises its own error.
    """
    errors: tuple[type[Exception], ...] = (exc.SQLAlchemyError, *dialect.driver_errors)
    try:
        yield
    except errors as error:
        raise _explain(error, name, dialect) from error


def locked_error(name: str, dialect: Dialect) -> RecordUnavailable:
    """Return the error for a database that stayed locked for too long."""
    return _error(dialect.explain_locked(), name)


def _explain(error: Exception, name: str, dialect: Dialect) -> Exception:
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
    known = dialect.explain(error, cause)
    if known:
        return _error(known, name)
    if isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError):
        # Raised while a value was converted, for example a naive instant: a bug in the calling code, so the original
        # error is raised.
        return cause if isinstance(cause, Exception) else error
    if isinstance(error, exc.TimeoutError):
        return RecordUnavailable(
            Text("every connection to the database {name} is in use", name=name),
            hint=Text("stop some of what works on it, and try again"),
        )
    if isinstance(error, exc.OperationalError) and not isinstance(cause, dialect.driver_errors):
        return RecordUnavailable(
            Text("the database {name} cannot be used: {cause}", name=name, cause=_first_line(cause)),
            hint=Text("check that its server runs and that [database] url is right"),
        )
    return RecordUnavailable(
        Text("the database {name} refused: {cause}", name=name, cause=_first_line(cause)),
        hint=Text("if it happens again, report it with these words"),
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _error(explanation: Explanation, name: str) -> RecordUnavailable:
    message, hint = explanation
    return RecordUnavailable(Text(message, name=Text("the database {name}", name=name)), hint=hint)
