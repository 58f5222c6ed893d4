"""The tables of Procrastinate: made, brought up to date, and compared with the installed version.

Procrastinate keeps no version of its tables. A comment on its table of jobs does, and moves with a dump.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Any

from procrastinate.schema import SchemaManager

from scheduler.errors import UserError
from scheduler.texts import Text

_NAME = "procrastinate"
_MARK = re.compile(r"hanchot: procrastinate (\d+(?:\.\d+)*)")
_FOUND = """
SELECT to_regclass('procrastinate_jobs') IS NOT NULL,
       obj_description(to_regclass('procrastinate_jobs'), 'pg_class')"""


def installed_version() -> str:
    """Return the version of the installed package."""
    return metadata.version(_NAME)


def bring_tables(connection: Any) -> bool:
    """Make the tables or bring them up to date, within the transaction of a psycopg connection.

    Returns whether anything was to be done. Raises `UserError` for tables that are newer or another program's.
    """
    version = _find_version(connection)
    if version is not None and _numbers(version) >= _numbers(installed_version()):
        require_tables(connection)
        return False
    if version is None:
        _execute(connection, SchemaManager.get_schema())
    else:
        for file in _migrations_since(version):
            _execute(connection, file.read_text(encoding="utf-8"))
    _execute(connection, f"COMMENT ON TABLE procrastinate_jobs IS 'hanchot: procrastinate {installed_version()}'")
    return True


def require_tables(connection: Any) -> None:
    """Raise `UserError` unless the tables are those of the installed version."""
    version = _find_version(connection)
    if version is None or _numbers(version) < _numbers(installed_version()):
        raise UserError(
            Text(
                "the tables of the engine (Procrastinate {version}) are missing or older", version=installed_version()
            ),
            hint=Text("run `hanchot db upgrade`, once"),
        )
    if _numbers(version)[:2] > _numbers(installed_version())[:2]:
        raise UserError(
            Text(
                "the tables of the engine are those of Procrastinate {version}; installed here is {installed}",
                version=version,
                installed=installed_version(),
            ),
            hint=Text("install the same version on every machine"),
        )


def _find_version(connection: Any) -> str | None:
    """Return the version of the tables, None if there are none. Raises `UserError` for another program's."""
    [(exists, comment)] = connection.execute(_FOUND).fetchall()
    if not exists:
        return None
    match = _MARK.fullmatch(comment or "")
    if match is None:
        raise UserError(
            Text("another program uses Procrastinate in this database"),
            hint=Text("give hanchot a database of its own, under [database] url"),
        )
    return match[1]


def _migrations_since(version: str) -> list[Path]:
    """Return the migrations after a version, in order; they are named by version and number."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    return [file for file in files if _numbers(file.name.partition("_")[0]) > _numbers(version)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _execute(connection: Any, sql: str) -> None:
    connection.execute(sql)  # without parameters psycopg takes several statements, and a percent sign as it is
