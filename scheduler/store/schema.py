"""The version of a database, and what to do about it.

This module does not import Alembic, which takes 100 ms to load.
"""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from scheduler.errors import UserError
from scheduler.store.dialects import dialect_of
from scheduler.store.tables import metadata
from scheduler.texts import Text

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
)  # all migrations, oldest first
HEAD = REVISIONS[-1]

SchemaState = Literal["empty", "current", "older", "newer", "foreign"]

# Alembic's own table, identical to the one it creates, so that either may create it first.
_version = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def compare(tables: set[str], version: str | None, revisions: tuple[str, ...] = REVISIONS) -> SchemaState:
    """Return how a database with these tables and this version relates to this program."""
    if _version.name not in tables:
        return "foreign" if tables else "empty"
    if version == revisions[-1]:
        return "current"
    return "older" if version is None or version in revisions else "newer"


def inspect(connection: sa.Connection) -> tuple[SchemaState, str | None]:
    """Return how the database relates to this program, and its version if it has one."""
    tables = set(sa.inspect(connection).get_table_names())
    version = connection.scalar(sa.select(_version.c.version_num)) if _version.name in tables else None
    return compare(tables, version), version


def is_current(connection: sa.Connection) -> bool:
    """Return whether the database is up to date; a quick check for the usual case."""
    if connection.dialect.has_table(connection, _version.name):
        return bool(connection.scalar(sa.select(_version.c.version_num)) == HEAD)
    return False


def prepare(connection: sa.Connection, name: str) -> None:
    """Create the tables in an empty database. Raises `UserError` for an older, a newer and a foreign database."""
    dialect_of(connection).lock_creation(connection)
    found, version = inspect(connection)
    if found == "empty":
        metadata.create_all(connection)
        dialect_of(connection).tune_tables(connection)
        _version.create(connection)
        connection.execute(_version.insert().values(version_num=HEAD))
    elif found == "older":
        raise UserError(
            Text("the database {name} was made by an older version of hanchot", name=name),
            hint=Text("run `hanchot db upgrade`, once"),
        )
    elif found != "current":
        raise refusal(found, name, version)


def refusal(found: SchemaState, name: str, version: str | None) -> UserError:
    """Return the error for a database that this program cannot use."""
    if found == "newer":
        return UserError(
            Text(
                "the database {name} was made by a newer version of hanchot (its version {version}, known "
                "here: {head})",
                name=name,
                version=version,
                head=HEAD,
            ),
            hint=Text("update hanchot on this machine, or name another database under [database] url"),
        )
    return UserError(
        Text("the database {name} holds tables that are not hanchot's", name=name),
        hint=Text("name another database under [database] url: hanchot keeps one of its own"),
    )
