"""Plans and their revisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from scheduler.errors import NothingMatched
from scheduler.ports import NO_FILES, Inputs, PlanState, RevisionText
from scheduler.store.dialects import dialect_of
from scheduler.store.statements import Prepared
from scheduler.store.tables import fact, idle_day, planned, revision, rung
from scheduler.store.tables import plan as plans
from scheduler.texts import Text


def _last_fact(plan: sa.ColumnElement[str]) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.coalesce(sa.func.max(fact.c.id), 0)).where(fact.c.plan == plan).scalar_subquery()


def _idle(plan: sa.ColumnElement[str]) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.count()).where(idle_day.c.plan == plan).scalar_subquery()


_WANTED = sa.bindparam("wanted", type_=sa.Text)
_INPUTS = Prepared(lambda dialect: sa.select(_last_fact(_WANTED), _idle(_WANTED)))
_STATE = sa.select(
    plans.c.plan,
    plans.c.digest,
    plans.c.first_loaded_at,
    plans.c.loaded_at,
    plans.c.reconciled,
    plans.c.seen_on,
    plans.c.checked_at,
    plans.c.published,
    plans.c.place,
    plans.c.served,
    _last_fact(plans.c.plan).label("last_fact"),
    _idle(plans.c.plan).label("idle"),
    sa.select(sa.func.min(rung.c.at)).where(planned, rung.c.plan == plans.c.plan).scalar_subquery().label("next_rung"),
)
_OF = _STATE.where(plans.c.plan == sa.bindparam("wanted"))
_FORMER = (
    sa.select(revision.c.loaded_at)
    .where(revision.c.plan == sa.bindparam("wanted"), revision.c.digest == sa.bindparam("digest"))
    .order_by(revision.c.id.desc())
)
_TEXT = (
    sa.select(revision.c.digest, revision.c.source, revision.c.files)
    .join(plans, sa.and_(plans.c.plan == revision.c.plan, plans.c.digest == revision.c.digest))
    .where(revision.c.plan == sa.bindparam("wanted"))
    .order_by(revision.c.id.desc())
    .limit(1)
)
_KEEP_TEXT = revision.update().where(
    revision.c.plan == sa.bindparam("wanted"), revision.c.digest == sa.bindparam("known")
)
_TERMS = sa.select(plans.c.terms).where(plans.c.plan == sa.bindparam("wanted"))
_IDLE = sa.select(idle_day.c.day).where(idle_day.c.plan == sa.bindparam("wanted"))
_UPDATE = plans.update().where(plans.c.plan == sa.bindparam("wanted"))


class SqlPlans:
    """The revisions of all plans that were ever loaded."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def state(self, plan: str) -> PlanState | None:
        """Return the state of a plan, or None before its first load."""
        row = self._connection.execute(_OF, {"wanted": plan}).mappings().first()
        return None if row is None else PlanState(**row)

    def inputs(self, plan: str) -> Inputs:
        """Return the inputs of a plan's agenda other than its revision."""
        return Inputs._make(*_INPUTS.run(self._connection, {"wanted": plan}).fetchall())

    def states(self) -> Sequence[PlanState]:
        """Return the state of every plan ever loaded, ordered by id."""
        rows = [PlanState(**row) for row in self._connection.execute(_STATE).mappings()]
        return sorted(rows, key=attrgetter("plan"))  # sorted here, because PostgreSQL may be set to another collation

    def terms(self, plan: str) -> Mapping[str, Any]:
        """Return the terms of the revision in force. Raises `NothingMatched` for an unknown plan."""
        found: Mapping[str, Any] | None = self._connection.scalar(_TERMS, {"wanted": plan})
        if found is None:
            raise self._unknown(plan)
        return found

    def former(self, plan: str, digest: str) -> datetime | None:
        """Return when a revision of a plan was last loaded that is not in force any more; None if it never was."""
        state = self.state(plan)
        if state is None or state.digest == digest:
            return None
        loaded_at: datetime | None = self._connection.scalar(_FORMER, {"wanted": plan, "digest": digest})
        return loaded_at

    def text(self, plan: str) -> RevisionText | None:
        """Return the text of the revision in force; None for one that an older program recorded, without its files."""
        row = self._connection.execute(_TEXT, {"wanted": plan}).mappings().first()
        return RevisionText(**row) if row is not None and row["files"] else None

    def keep_text(self, plan: str, digest: str, files: Mapping[str, str], place: str) -> None:
        """Record where the revision in force was read from, and its files."""
        self._update(plan, place=place)
        self._connection.execute(_KEEP_TEXT, {"wanted": plan, "known": digest, "files": dict(files)})

    def mark_served(self, served: Collection[str]) -> None:
        """Record which plans the process serves that plans."""
        is_served = plans.c.plan.in_(sorted(served))
        self._connection.execute(plans.update().where(plans.c.served != is_served).values(served=is_served))

    def record_revision(
        self,
        *,
        plan: str,
        digest: str,
        at: datetime,
        source: str,
        terms: Mapping[str, Any],
        files: Mapping[str, str] = NO_FILES,
        place: str = "",
    ) -> None:
        """Record a revision that was loaded at `at`; the first one sets `first_loaded_at`.

        Loading the revision in force again keeps its instant and only updates `terms`.
        """
        values = {"digest": digest, "loaded_at": at, "terms": dict(terms)}
        known = self.state(plan)
        if known is None:
            self._connection.execute(plans.insert().values(plan=plan, first_loaded_at=at, place=place, **values))
        elif known.digest == digest:
            self._update(plan, terms=dict(terms))
            return
        else:
            self._update(plan, place=place, **values)
        self._connection.execute(revision.insert().values(plan=plan, source=source, files=dict(files), **values))

    def mark_reconciled(self, plan: str, inputs: str) -> None:
        """Record the fingerprint that the ledger follows. Raises `NothingMatched` for an unknown plan."""
        if not self._update(plan, reconciled=inputs):
            raise self._unknown(plan)

    def mark_published(self, plan: str, inputs: str) -> None:
        """Record the fingerprint that the calendars follow. Raises `NothingMatched` for an unknown plan."""
        if not self._update(plan, published=inputs):
            raise self._unknown(plan)

    def record_seen(self, plan: str, day: date, idle: Collection[date] = ()) -> None:
        """Record a local day on which the daemon ran, and the earlier working days on which it did not.

        Raises `NothingMatched` for an unknown plan.
        """
        if not self._update(plan, seen_on=day):
            raise self._unknown(plan)
        if idle:
            insert = dialect_of(self._connection).insert(idle_day).on_conflict_do_nothing()
            self._connection.execute(insert, [{"plan": plan, "day": missed} for missed in idle])

    def idle_days(self, plan: str) -> AbstractSet[date]:
        """Return the local working days on which the daemon did not run inside the opening hours."""
        return frozenset(self._connection.scalars(_IDLE, {"wanted": plan}))

    def _unknown(self, plan: str) -> NothingMatched:
        return NothingMatched.named(Text("plan"), plan, [state.plan for state in self.states()])

    def _update(self, plan: str, **values: Any) -> int:
        return self._connection.execute(_UPDATE, {"wanted": plan, **values}).rowcount
