"""Parts of SQL statements that tables and queries share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from scheduler.plan.scope import Parties, Scope
from scheduler.store.columns import microseconds
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.dialects.base import Result
from scheduler.texts import Translatable, encode

_T = TypeVar("_T")

_LISTED = 1_000  # names in one statement


def words(column: sa.Column[Any], *values: str) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of these values, with the values written into the SQL text.

    A partial index is used only by queries whose text repeats its condition. With bound parameters every query would
    read the whole table. Values are not escaped, so they must be constants of this package.
    """
    spelled = [sa.literal_column(f"'{value}'", sa.Text) for value in values]
    return column == spelled[0] if len(spelled) == 1 else column.in_(spelled)


class Prepared:
    """A statement for work done once per mail: compiled once, then executed as text.

    SQLAlchemy's own execution takes 55 us each time, SQLite itself 5 us. `make` builds the statement for a dialect;
    `columns` are those that an INSERT sets. Result values are the driver's, not converted.
    """

    def __init__(self, make: Callable[[Dialect], sa.ClauseElement], columns: Sequence[str] | None = None) -> None:
        self._make = make
        self._columns = columns
        self._compiled: dict[str, tuple[str, list[tuple[str, Any]]]] = {}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Result:
        """Execute with parameters by name; instants and texts are stored as their columns store them."""
        dialect = dialect_of(connection)
        text, parameters = self._compiled.get(dialect.name) or self._compile(dialect, connection.dialect)
        return dialect.execute(connection, text, tuple([_stored(values.get(*known)) for known in parameters]))

    def _compile(self, dialect: Dialect, compiler: sa.Dialect) -> tuple[str, list[tuple[str, Any]]]:
        compiled: Any = self._make(dialect).compile(dialect=compiler, column_keys=self._columns)
        parameters = [(name, compiled.params[name]) for name in compiled.positiontup]
        return self._compiled.setdefault(dialect.name, (str(compiled), parameters))


def _stored(value: Any) -> Any:
    match value:
        case datetime():
            return microseconds(value)
        case Translatable():
            return encode(value)
    return value


@lru_cache(maxsize=16)
def _narrow(query: sa.Select[Any], table: sa.Table) -> tuple[sa.Select[Any], sa.Select[Any]]:
    of_all = query.where(table.c.milestone.in_(sa.bindparam("milestones", expanding=True)))
    return of_all, of_all.where(table.c.party.in_(sa.bindparam("parties", expanding=True)))


def within(
    query: sa.Select[Any], table: sa.Table, plan: str, scope: Scope
) -> Iterator[tuple[sa.Select[Any], Mapping[str, Any]]]:
    """Yield a query of a plan's rows (by the parameter `wanted`) for each part of a scope, with its values."""
    of_all, of_some = _narrow(query, table)
    together: dict[Parties, list[str]] = {}
    for milestone, parties in scope.parties.items():
        together.setdefault(parties, []).append(milestone)
    for parties, milestones in together.items():
        for some in chunks(milestones, _LISTED):
            if parties is None:
                yield of_all, {"wanted": plan, "milestones": some}
            for chunk in chunks(sorted(parties or ()), _LISTED):
                yield of_some, {"wanted": plan, "milestones": some, "parties": chunk}


def chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield a stream as lists of at most `size` items, with only one list in memory at a time."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk
