"""Facts, which are appended and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from scheduler.plan.facts import Fact
from scheduler.plan.scope import Scope
from scheduler.ports.ledger import AnyFact
from scheduler.store.fact_codec import COLUMNS, details_of, make_fact
from scheduler.store.statements import within
from scheduler.store.tables import fact as facts
from scheduler.store.tables import general

_ROW = sa.select(*facts.c)
_OF = _ROW.where(facts.c.plan == sa.bindparam("wanted")).order_by(facts.c.recorded_at, facts.c.id)
_GENERAL = _OF.where(general)
_SPECIAL = _OF.where(sa.not_(general))
_SINCE = _OF.where(facts.c.id > sa.bindparam("known"))
_GET = _ROW.where(facts.c.id == sa.bindparam("wanted"))
_SUBJECTS = (
    sa.select(facts.c.milestone, facts.c.party)
    .where(facts.c.plan == sa.bindparam("wanted"), facts.c.actor != "definition")
    .distinct()
)
_APPEND = facts.insert().returning(facts.c.id)


class SqlFacts:
    """The facts of all plans."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def append(self, fact: AnyFact) -> AnyFact:
        """Append a fact and return it with its id; ids ascend in the order of appending."""
        values = {name: getattr(fact, name) for name in COLUMNS}
        values |= {"kind": fact.kind, "actor": fact.by.role, "by": fact.by.name, "details": details_of(fact)}
        id = self._connection.execute(_APPEND, values).scalar_one()
        return replace(fact, id=id)

    def of(self, plan: str) -> Sequence[Fact]:
        """Return all facts of a plan ordered by (recorded_at, id), including withdrawn ones."""
        return [make_fact(row) for row in self._connection.execute(_OF, {"wanted": plan}).mappings()]

    def general(self, plan: str) -> Sequence[Fact]:
        """Return the facts of a plan that may concern more than one obligation, ordered by (recorded_at, id)."""
        return [make_fact(row) for row in self._connection.execute(_GENERAL, {"wanted": plan}).mappings()]

    def within(self, plan: str, scope: Scope) -> Sequence[Fact]:
        """Return the other facts of a plan about the obligations of a scope, in no order."""
        asked = within(_SPECIAL, facts, plan, scope)
        return [make_fact(row) for query, values in asked for row in self._connection.execute(query, values).mappings()]

    def since(self, plan: str, id: int) -> Sequence[Fact]:
        """Return the facts of a plan that were appended after the one with this id, ordered by (recorded_at, id)."""
        return [make_fact(row) for row in self._connection.execute(_SINCE, {"wanted": plan, "known": id}).mappings()]

    def get(self, id: int) -> Fact | None:
        """Return one fact, or None."""
        row = self._connection.execute(_GET, {"wanted": id}).mappings().first()
        return None if row is None else make_fact(row)

    def subjects(self, plan: str) -> set[tuple[str | None, str | None]]:
        """Return each milestone and party that facts are about, withdrawn ones included, without those of edits."""
        return {(milestone, party) for milestone, party in self._connection.execute(_SUBJECTS, {"wanted": plan})}
