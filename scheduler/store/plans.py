"""Plan revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.errors import NothingMatched
from scheduler.ports import PlanState
from scheduler.store.tables import plan as plans
from scheduler.store.tables import revision

_STATE = sa.select(
    plans.c.plan, plans.c.digest, plans.c.first_loaded_at, plans.c.loaded_at, plans.c.terms, plans.c.reconciled
)
_OF = _STATE.where(plans.c.plan == sa.bindparam("wanted"))
_ALL = _STATE.order_by(plans.c.plan)


class SqlPlans:
    """The revisions of every plan that was ever loaded."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def state(self, plan: str) -> PlanState | None:
        """Return what is remembered of a plan, or None before its first load."""
        row = self._connection.execute(_OF, {"wanted": plan}).mappings().first()
        return None if row is None else PlanState(**row)

    def states(self) -> Sequence[PlanState]:
        """Return every plan ever loaded, ordered by id."""
        return [PlanState(**row) for row in self._connection.execute(_ALL).mappings()]

    def record_revision(self, *, plan: str, digest: str, at: datetime, source: str, terms: Mapping[str, Any]) -> None:
        """Remember a revision that was loaded at `at`; the first one sets `first_loaded_at`.

        Loading again what is in force leaves its instant as it is and only renews `terms`.
        """
        values = {"digest": digest, "loaded_at": at, "terms": dict(terms)}
        known = self.state(plan)
        if known is None:
            self._connection.execute(plans.insert().values(plan=plan, first_loaded_at=at, **values))
        elif known.digest == digest:
            self._update(plan, terms=dict(terms))
            return
        else:
            self._update(plan, **values)
        self._connection.execute(revision.insert().values(plan=plan, source=source, **values))

    def mark_reconciled(self, plan: str, inputs: str) -> None:
        """Remember that the ledger agrees with these inputs; raises `NothingMatched` for an unknown plan."""
        if not self._update(plan, reconciled=inputs):
            raise NothingMatched.named("plan", plan, [state.plan for state in self.states()])

    def _update(self, plan: str, **values: Any) -> int:
        return self._connection.execute(plans.update().where(plans.c.plan == plan).values(**values)).rowcount
