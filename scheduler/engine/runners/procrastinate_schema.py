"""The tables of Procrastinate: made, brought up to date, and compared with the installed version.

Procrastinate keeps no version of its tables. A comment on its table of jobs names version and last migration, and moves
with a dump.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from procrastinate.schema import SchemaManager

from scheduler.errors import UserError
from scheduler.texts import Text

_NAME = "procrastinate"
_MARK = re.compile(r"hanchot: procrastinate (\d+(?:\.\d+)*), (\S+)")
_FOUND = """
SELECT to_regclass('procrastinate_jobs') IS NOT NULL,
       obj_description(to_regclass('procrastinate_jobs'), 'pg_class')"""


class _Mark(NamedTuple):
    """What the comment says: the version of the tables, and the name of the last migration."""

    version: str
    migration: str


def installed_version() -> str:
    """Return the version of the installed package."""
    return metadata.version(_NAME)


def advance_tables(connection: Any) -> bool:
    """Make the tables, or run the next migration, within the transaction of a psycopg connection.

    Returns whether anything was to be done; then it is to be called again after a commit, because PostgreSQL uses new
    values of an enumeration only then. Raises `UserError` for tables that are newer or another program's.
    """
    mark = _find_mark(connection)
    files = _migrations()
    if mark is None:
        connection.execute(SchemaManager.get_schema())  # without parameters psycopg takes several statements
        _write_mark(connection, _Mark(installed_version(), files[-1].name))
        return True
    _refuse_newer(mark.version)
    pending = [file for file in files if file.name > mark.migration]
    if pending:
        connection.execute(pending[0].read_text(encoding="utf-8"))
        _write_mark(connection, _Mark(mark.version, pending[0].name))
    elif _numbers(mark.version) < _numbers(installed_version()):
        _write_mark(connection, _Mark(installed_version(), mark.migration))
    else:
        return False
    return True


def require_tables(connection: Any) -> None:
    """Raise `UserError` unless the tables are those of the installed version, or of another with the same tables."""
    mark = _find_mark(connection)
    if mark is None or mark.migration < _migrations()[-1].name:
        raise UserError(
            Text("the tables of Procrastinate {version} are missing, or older", version=installed_version()),
            hint=Text("run `hanchot db upgrade`, once"),
        )
    _refuse_newer(mark.version)


def _refuse_newer(version: str) -> None:
    if _numbers(version)[:2] > _numbers(installed_version())[:2]:
        raise UserError(
            Text(
                "the tables of the engine are those of Procrastinate {version}; installed here is {installed}",
                version=version,
                installed=installed_version(),
            ),
            hint=Text("install the same version on every machine"),
        )


def _find_mark(connection: Any) -> _Mark | None:
    """Return what the tables are, None if there are none. Raises `UserError` for another program's."""
    [(exists, comment)] = connection.execute(_FOUND).fetchall()
    if not exists:
        return None
    match = _MARK.fullmatch(comment or "")
    if match is None:
        raise UserError(
            Text("another program uses Procrastinate in this database"),
            hint=Text("give hanchot a database of its own, under [database] url"),
        )
    return _Mark(*match.groups())


def _write_mark(connection: Any, mark: _Mark) -> None:
    words = f"hanchot: procrastinate {mark.version}, {mark.migration}"
    connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{words}'")


def _migrations() -> list[Path]:
    """Return all migrations in order; their names begin with the version that brought them."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
