"""Parties' pages: the generations of their addresses, and the documents sent through them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from scheduler.plan.facts import Fact
from scheduler.ports import Document
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.statements import chunks
from scheduler.store.tables import document, page
from scheduler.store.tables import plan as plans

_AT_ONCE = 500  # ids in one query

_GENERATIONS = sa.select(page.c.party, page.c.generation)

_ROW = sa.select(
    document.c.id,
    document.c.fact_id.label("fact"),
    document.c.party,
    document.c.name,
    document.c.kind,
    document.c.size,
    document.c.digest,
    document.c.received_at,
)
_GET = _ROW.where(document.c.id == sa.bindparam("wanted"))
_OF = _ROW.where(document.c.fact_id.in_(sa.bindparam("wanted", expanding=True))).order_by(document.c.id)
_ADD = document.insert().returning(document.c.id)
_MOVE = (
    document.update()
    .where(document.c.fact_id == sa.bindparam("wanted"))
    .values(fact_id=sa.bindparam("to"), party=sa.bindparam("owner"))
)
_SIZE = sa.select(sa.func.coalesce(sa.func.sum(document.c.size), 0)).where(
    document.c.party == sa.bindparam("wanted"), document.c.received_at >= sa.bindparam("since")
)


class SqlPartyPages:
    """The addresses of all parties' pages."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def generations(self) -> Mapping[str, int]:
        """Return the valid generation of each party whose address was ever revoked; for all others it is 1."""
        return {row.party: row.generation for row in self._connection.execute(_GENERATIONS)}

    def revoke(self, party: str, *, now: datetime) -> int:
        """Revoke the current address of a party; return the new generation. All plans become unpublished."""
        values = {"party": party, "generation": 2, "revoked_at": now}
        generation = self._connection.execute(_revoking(dialect_of(self._connection)), values).scalar_one()
        self._connection.execute(plans.update().values(published=""))
        return int(generation)


class SqlDocuments:
    """The documents of all plans."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, fact: Fact, document: Document) -> Document:
        """Store the description of a document that came with a recorded fact; return it with its id."""
        known = replace(document, fact=fact.id, party=fact.party or "", received_at=fact.recorded_at)
        values = {
            "fact_id": known.fact,
            "party": known.party,
            "name": known.name,
            "kind": known.kind,
            "size": known.size,
            "digest": known.digest,
            "received_at": known.received_at,
        }
        return replace(known, id=self._connection.execute(_ADD, values).scalar_one())

    def move(self, id: int, fact: Fact) -> None:
        """Let the documents of a fact (id) belong to another recorded one."""
        self._connection.execute(_MOVE, {"wanted": id, "to": fact.id, "owner": fact.party or ""})

    def get(self, id: int) -> Document | None:
        """Return one document, or None."""
        row = self._connection.execute(_GET, {"wanted": id}).mappings().first()
        return None if row is None else Document(**row)

    def of(self, facts: Collection[int]) -> Sequence[Document]:
        """Return the documents that came with these facts, oldest first."""
        found = [
            Document(**row)
            for some in chunks(facts, _AT_ONCE)
            for row in self._connection.execute(_OF, {"wanted": some}).mappings()
        ]
        return sorted(found, key=lambda known: known.id)

    def size_since(self, party: str, since: datetime) -> int:
        """Return how many bytes a party has sent since an instant, inclusive."""
        return int(self._connection.execute(_SIZE, {"wanted": party, "since": since}).scalar_one())


@cache
def _revoking(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(page)
    stepped = {"generation": page.c.generation + 1, "revoked_at": insert.excluded.revoked_at}
    return insert.on_conflict_do_update(index_elements=[page.c.party], set_=stepped).returning(page.c.generation)
