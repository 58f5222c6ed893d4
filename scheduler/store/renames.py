"""Carries the record of an id over to the id that replaces it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from scheduler.plan.facts import FactKind
from scheduler.ports.ledger import UNSENT
from scheduler.store.tables import delivery, document, entry, fact, feed, message, page, rung

_OLD = sa.bindparam("old", type_=sa.Text)
_NEW = sa.bindparam("new", type_=sa.Text)
_PLAN = sa.bindparam("wanted", type_=sa.Text)
_KEY = ("plan", "milestone", "party", "name", "due")  # of a rung
_DETAILS = sa.select(fact.c.id, fact.c.details).where(fact.c.plan == _PLAN, fact.c.kind == sa.bindparam("kind"))


class SqlRenames:
    """The ids of milestones, parties and groups in all tables.

    Of two rungs that would become the same, that of the new id gives way if nothing was sent for it; otherwise, and in
    all other tables, the row of the old id stays as it is.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def milestone(self, plan: str, old: str, new: str) -> None:
        """Let everything about a milestone of a plan, and about its occurrences, belong to another id."""
        values = {"wanted": plan, "old": old, "new": new}

        def is_old(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
            # Not LIKE, which ignores case on SQLite.
            return (column == _OLD) | (sa.func.substr(column, 1, sa.func.length(_OLD) + 1) == _OLD + "@")

        def renamed(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
            return _NEW + sa.func.substr(column, sa.func.length(_OLD) + 1)

        self._rename_in_plan("milestone", is_old, renamed, values)
        self._revise_letters(plan, 0, old, new)

    def party(self, plan: str, old: str, new: str) -> None:
        """Let everything about a party in a plan, its private addresses and its files belong to another id."""
        values = {"wanted": plan, "old": old, "new": new}
        self._rename_in_plan("party", lambda column: column == _OLD, lambda column: _NEW, values)
        self._rename(document.c.party, document.c.party == _OLD, _NEW, values)
        self._rename(page.c.party, page.c.party == _OLD, _NEW, values, ("party",))
        self._rename(feed.c.audience, feed.c.audience == _OLD, _NEW, values, ("audience", "generation"))
        self._rename(entry.c.audience, entry.c.audience == _OLD, _NEW, values, ("audience", "plan", "uid"))
        self._revise_letters(plan, 1, old, new)
        self._revise(
            plan,
            "nominated",
            lambda said: said | {"parties": [new if id == old else id for id in said.get("parties", ())]},
        )

    def group(self, plan: str, old: str, new: str) -> None:
        """Let what was chosen into a group of a plan belong to another id."""
        self._revise(plan, "nominated", lambda said: said | {"group": new if said["group"] == old else said["group"]})

    def _rename_in_plan(
        self,
        name: str,
        is_old: Callable[[sa.ColumnElement[str]], sa.ColumnElement[bool]],
        renamed: Callable[[sa.ColumnElement[str]], sa.ColumnElement[str]],
        values: dict[str, str],
    ) -> None:
        """Rename in the tables whose rows belong to a plan, a milestone and a party."""
        new = rung.alias()
        twins = [new.c[key] == (renamed(rung.c[key]) if key == name else rung.c[key]) for key in _KEY]
        is_carried = sa.exists().where(delivery.c.rung_id == new.c.id)
        wanted = (rung.c.plan == _PLAN, is_old(rung.c[name]))
        idle = sa.select(new.c.id).where(*wanted, *twins, new.c.state.in_(UNSENT), ~is_carried)
        gone = [{"id": id} for id in self._connection.scalars(idle, values)]
        if gone:
            self._connection.execute(rung.delete().where(rung.c.id == sa.bindparam("id")), gone)
        for table, unique in ((rung, _KEY), (fact, ()), (message, ())):
            column = table.c[name]
            self._rename(column, (table.c.plan == _PLAN) & is_old(column), renamed(column), values, unique)

    def _rename(
        self,
        column: sa.Column[Any],
        is_old: sa.ColumnElement[bool],
        renamed: sa.ColumnElement[str],
        values: dict[str, str],
        unique: Sequence[str] = (),
    ) -> None:
        """Rename in one table, except where another row has the same `unique` columns already."""
        table, taken = column.table, column.table.alias()
        twins = [taken.c[key] == (renamed if key == column.name else table.c[key]) for key in unique]
        free = ~sa.exists().where(*twins) if twins else sa.true()
        self._connection.execute(sa.update(table).where(is_old, free).values({column.name: renamed}), values)

    def _revise_letters(self, plan: str, place: int, old: str, new: str) -> None:
        """Rename in the letters that withdrawals hold: their milestones (place 0) or their parties (1)."""

        def revised(letter: Sequence[str]) -> list[str]:
            id, at, day = letter[place].partition("@")
            return [*letter[:place], f"{new}{at}{day}" if id == old else letter[place], *letter[place + 1 :]]

        self._revise(
            plan, "withdrawn", lambda said: said | {"letters": [revised(letter) for letter in said.get("letters", ())]}
        )

    def _revise(self, plan: str, kind: FactKind, revise: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the details of all facts of a kind."""
        for id, said in self._connection.execute(_DETAILS, {"wanted": plan, "kind": kind}).all():
            if (new := revise(said)) != said:
                self._connection.execute(fact.update().where(fact.c.id == id).values(details=new))
