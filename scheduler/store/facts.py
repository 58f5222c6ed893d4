"""Facts, which are appended and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import sqlalchemy as sa

from scheduler.plan.facts import Fact
from scheduler.plan.scope import Scope
from scheduler.store.fact_codec import packed, unpacked
from scheduler.store.statements import within
from scheduler.store.tables import fact as facts
from scheduler.store.tables import general

_COLUMNS = ("plan", "kind", "milestone", "party", "happened_at", "recorded_at", "by")
# All other fields go into `details`: the kind of a fact decides which are set, and new kinds add more.
_DETAILS = {field.name: field.default for field in fields(Fact) if field.name not in (*_COLUMNS, "id")}

_ROW = sa.select(facts.c.id, *(facts.c[name] for name in _COLUMNS), facts.c.details)
_OF = _ROW.where(facts.c.plan == sa.bindparam("wanted")).order_by(facts.c.recorded_at, facts.c.id)
_GENERAL = _OF.where(general)
_SPECIAL = _OF.where(sa.not_(general))
_SINCE = _OF.where(facts.c.id > sa.bindparam("known"))
_GET = _ROW.where(facts.c.id == sa.bindparam("wanted"))
_APPEND = facts.insert().returning(facts.c.id)


class SqlFacts:
    """The facts of all plans."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def append(self, fact: Fact) -> Fact:
        """Append a fact and return it with its id; ids ascend in the order of appending."""
        values = {name: getattr(fact, name) for name in _COLUMNS}
        id = self._connection.execute(_APPEND, {**values, "details": _details(fact)}).scalar_one()
        return replace(fact, id=id)

    def of(self, plan: str) -> Sequence[Fact]:
        """Return all facts of a plan ordered by (recorded_at, id), including withdrawn ones."""
        return [_fact(row) for row in self._connection.execute(_OF, {"wanted": plan}).mappings()]

    def general(self, plan: str) -> Sequence[Fact]:
        """Return the facts of a plan that may concern more than one obligation, ordered by (recorded_at, id)."""
        return [_fact(row) for row in self._connection.execute(_GENERAL, {"wanted": plan}).mappings()]

    def within(self, plan: str, scope: Scope) -> Sequence[Fact]:
        """Return the other facts of a plan about the obligations of a scope, in no order."""
        asked = within(_SPECIAL, facts, plan, scope)
        return [_fact(row) for query, values in asked for row in self._connection.execute(query, values).mappings()]

    def since(self, plan: str, id: int) -> Sequence[Fact]:
        """Return the facts of a plan that were appended after the one with this id, ordered by (recorded_at, id)."""
        return [_fact(row) for row in self._connection.execute(_SINCE, {"wanted": plan, "known": id}).mappings()]

    def get(self, id: int) -> Fact | None:
        """Return one fact, or None."""
        row = self._connection.execute(_GET, {"wanted": id}).mappings().first()
        return None if row is None else _fact(row)


def _details(fact: Fact) -> dict[str, Any]:
    """Return the fields without a column of their own that differ from their default, encoded."""
    found = {name: getattr(fact, name) for name in _DETAILS}
    return {name: packed(value) for name, value in found.items() if value != _DETAILS[name]}


def _fact(row: sa.RowMapping) -> Fact:
    known: dict[str, Any] = {**row}
    details = known.pop("details")
    return Fact(**known, **{name: unpacked(value) for name, value in details.items()})
