"""Locks that hold until the transaction ends. On SQLite, BEGIN IMMEDIATE has taken them all at once."""

from __future__ import annotations

import sqlalchemy as sa

# Numbers that nothing else in the same PostgreSQL database uses.
_CREATION = 0x48414E43484F54
_RECORD = _CREATION + 1
_ACCOUNTS = 0x48414E43

_LOCK = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("number", type_=sa.BigInteger)))
_LOCK_ACCOUNT = sa.select(
    sa.func.pg_advisory_xact_lock(_ACCOUNTS, sa.func.hashtext(sa.bindparam("name", type_=sa.Text)))
)


def for_creation(connection: sa.Connection) -> None:
    """Keep other processes from creating or upgrading the tables."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"number": _CREATION})


def for_record(connection: sa.Connection) -> None:
    """Keep other writers from the record (all but outbox and accounts): what is read here stays true."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"number": _RECORD})


def for_account(connection: sa.Connection, name: str) -> None:
    """Keep other processes from counting on the same mail account."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK_ACCOUNT, {"name": name})
