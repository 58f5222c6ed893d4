"""Engines for database URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from scheduler.errors import InvalidInput, UserError
from scheduler.store.dialects import Dialect, find_dialect
from scheduler.store.dialects.base import READERS
from scheduler.texts import Text

_WAYS = Text("for example sqlite:///var/hanchot.db or postgresql+psycopg://user@host/name")
_OPTIONS: dict[str, Any] = {
    "json_serializer": partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
    "hide_parameters": True,  # keeps addresses and mails out of logs
}


def parse_url(url: str) -> tuple[URL, Dialect]:
    """Return the parts of a database URL, and its dialect.

    Raises `InvalidInput` for an invalid URL and for an unsupported database.
    """
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise InvalidInput(
            Text("[database] url: {url!r} is not an address of a database", url=_masked(url)), hint=_WAYS
        ) from error
    dialect = find_dialect(parsed.drivername)
    if dialect is None:
        raise InvalidInput(
            Text("[database] url: {drivername} is not supported", drivername=parsed.drivername), hint=_WAYS
        )
    if "@" in (parsed.host or ""):
        raise InvalidInput(
            Text(
                "[database] url: {parsed} is not the address that is meant: the password holds an @ or a /",
                parsed=dialect.describe(parsed),
            ),
            hint=Text("write %40 for @, %2F for /, %3A for : and %25 for % in a password"),
        )
    return parsed, dialect


def check_url(url: str) -> None:
    """Raise `InvalidInput` unless `url` is the URL of a supported database."""
    parse_url(url)


def describe_url(url: str) -> str:
    """Return the name of a database for people, without a password. Raises `InvalidInput` like `parse_url`."""
    parsed, dialect = parse_url(url)
    return dialect.describe(parsed)


def connect(url: URL, dialect: Dialect, *, busy_timeout: float, threads: int = READERS) -> sa.Engine:
    """Return an engine that has not connected yet; its writers wait for each other for `busy_timeout` seconds.

    Raises `UserError` if the URL cannot be used.
    """
    try:
        return dialect.connect(url, _OPTIONS, busy_timeout=busy_timeout, threads=threads)
    except exc.ArgumentError as error:
        raise UserError(
            Text("[database] url: {url} cannot be used: {error}", url=dialect.describe(url), error=error), hint=_WAYS
        ) from error


def connect_for_reading(engine: sa.Engine, dialect: Dialect, *, busy_timeout: float) -> sa.Engine:
    """Return an engine for the same database whose transactions read one consistent view and refuse to write."""
    return dialect.connect_for_reading(engine, _OPTIONS, busy_timeout=busy_timeout)


def read_address(url: str) -> Mapping[str, Any]:
    """Return the parameters of a connection to the server of a database, as its driver takes them.

    Raises `UserError` for a database without a server.
    """
    parsed, dialect = parse_url(url)
    address = dialect.read_address(parsed)
    if address is None:
        raise UserError(
            Text("several machines need a database with a server; {url} has none", url=dialect.describe(parsed)),
            hint=Text('name a PostgreSQL database under [database] url, or set [engine] kind = "embedded"'),
        )
    return address


def connect_to_look(url: URL, dialect: Dialect, *, busy_timeout: float) -> sa.Engine:
    """Return an engine that only reads a database, and neither makes nor changes its file."""
    engine = connect(dialect.url_to_look(url), dialect, busy_timeout=busy_timeout)
    return connect_for_reading(engine, dialect, busy_timeout=busy_timeout)


def _masked(text: str) -> str:
    """Return an invalid URL without the parts that may be a password."""
    begin, at, rest = text.rpartition("@")
    return begin.partition("//")[0] + "***@" + rest.partition("?")[0] if at else rest.partition("?")[0]
