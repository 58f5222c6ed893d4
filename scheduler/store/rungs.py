"""The ledger: all rungs of all plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from scheduler.plan import reasons
from scheduler.plan.agenda import Rung, RungState
from scheduler.plan.message_kinds import NOTICES
from scheduler.plan.reasons import Reason, decode, encode
from scheduler.plan.scope import Scope
from scheduler.ports import FEW, UNSENT, RungChange, RungCount, RungRow, StepAhead
from scheduler.store.columns import microseconds
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.statements import chunks, within, words
from scheduler.store.tables import planned
from scheduler.store.tables import rung as rungs

_CHUNK = 5_000  # rungs held in memory at once while a plan's rungs stream in
_IDS = 1_000  # ids in one statement

_ADDED = ("plan", "milestone", "party", "name", "due", "at", "kind", "state", "reason", "note", "settled_at")
_ROW = sa.select(
    rungs.c.id,
    rungs.c.plan,
    rungs.c.milestone,
    rungs.c.party,
    rungs.c.name,
    rungs.c.due,
    rungs.c.at,
    rungs.c.kind,
    rungs.c.state,
    rungs.c.reason,
    rungs.c.note,
    rungs.c.noticed_at,
    rungs.c.settled_at,
)
_GET = _ROW.where(rungs.c.id == sa.bindparam("wanted"))
_OF = _ROW.where(rungs.c.plan == sa.bindparam("wanted")).order_by(rungs.c.at, rungs.c.id)
_UNSENT = _OF.where(words(rungs.c.state, *UNSENT))
_DUE = _OF.where(planned, rungs.c.at <= sa.bindparam("now"))
_OF_MILESTONE = _OF.where(rungs.c.milestone == sa.bindparam("one"))
_OF_PARTY = _OF.where(rungs.c.party == sa.bindparam("whose"))
_OF_OBLIGATION = _OF_PARTY.where(rungs.c.milestone == sa.bindparam("one"))
_MISSED = _OF.where(words(rungs.c.state, "missed"), rungs.c.settled_at > sa.bindparam("after"))
_BETWEEN = _OF.where(rungs.c.at > sa.bindparam("after"), rungs.c.at <= sa.bindparam("until"))
_COUNTS = (
    sa.select(rungs.c.at, rungs.c.state, sa.func.count())
    .where(rungs.c.plan == sa.bindparam("wanted"))
    .group_by(rungs.c.at, rungs.c.state)
    .order_by(rungs.c.at, rungs.c.state)
)
_AHEAD = (
    sa.select(
        rungs.c.at,
        rungs.c.milestone,
        rungs.c.name,
        sa.func.count(),
        sa.case((sa.func.count() <= FEW, sa.func.aggregate_strings(rungs.c.party, " ")), else_=""),
    )
    .where(
        planned,
        rungs.c.plan == sa.bindparam("wanted"),
        rungs.c.at > sa.bindparam("after"),
        rungs.c.at <= sa.bindparam("until"),
    )
    .group_by(rungs.c.at, rungs.c.milestone, rungs.c.name)
)
_NEXT = sa.select(sa.func.min(rungs.c.at)).where(
    planned, rungs.c.at > sa.bindparam("after"), rungs.c.plan.in_(sa.bindparam("plans", expanding=True))
)

_AMONG = rungs.c.id.in_(sa.bindparam("ids", expanding=True))
_SOME = _ROW.where(_AMONG)
_earlier = rungs.alias()
# As a filter: as conditions these would lead SQLite to look through every later rung of the plan.
_next_at = sa.func.min(rungs.c.at).filter(
    rungs.c.at > _earlier.c.at, planned, rungs.c.kind.not_in(("escalation", *NOTICES))
)
_FOLLOWING = (
    sa.select(_earlier.c.id, _next_at)
    .where(
        _earlier.c.id.in_(sa.bindparam("ids", expanding=True)),
        *(rungs.c[name] == _earlier.c[name] for name in ("plan", "milestone", "party")),
    )
    .group_by(_earlier.c.id)
    .having(_next_at.is_not(None))
)
_PLAN_AGAIN = rungs.update().values(state="planned", reason="", settled_at=None)
# What fails without any mail, by the code of the reason.
_UNWRITTEN = [reasons.unwritten("").code, reasons.no_contact("").code, reasons.every_address_bounces("").code]
_PLAN_UNWRITTEN = _PLAN_AGAIN.where(
    rungs.c.plan == sa.bindparam("wanted"),
    words(rungs.c.state, "failed"),
    sa.or_(*(rungs.c.reason.startswith(f'["{code}"', autoescape=True) for code in _UNWRITTEN)),
)
_PLAN_UNREAD = _PLAN_AGAIN.where(_AMONG, words(rungs.c.state, "cancelled", "failed"))
_NOTICE = rungs.update().where(_AMONG, rungs.c.noticed_at.is_(None)).values(noticed_at=sa.bindparam("now"))
_CLAIM = rungs.update().where(_AMONG, planned).values(state="queued").returning(rungs.c.id)
_SETTLE = (
    rungs.update()
    .where(_AMONG, words(rungs.c.state, "planned", "queued"))
    .values(state=sa.bindparam("to"), reason=sa.bindparam("because"), settled_at=sa.bindparam("now"))
    .returning(rungs.c.id)
)
_REVISE = (
    rungs.update()
    .where(rungs.c.id == sa.bindparam("wanted"), rungs.c.state == sa.bindparam("was"))
    .values(
        state=sa.bindparam("to"),
        at=sa.bindparam("moved"),
        reason=sa.bindparam("because"),
        note=sa.bindparam("how"),
        settled_at=sa.bindparam("now"),
    )
)


class SqlRungs:
    """The rungs of all plans."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, plan: str, rungs: Iterable[Rung], *, now: datetime) -> int:
        """Insert rungs as they stream in, except those whose key exists; return how many were passed in."""
        given = 0
        statement = _adding(dialect_of(self._connection), self._connection.dialect)
        for chunk in chunks(rungs, _CHUNK):
            self._connection.exec_driver_sql(statement, _rows(plan, chunk, now))
            given += len(chunk)
        return given

    def of(self, plan: str) -> Sequence[RungRow]:
        """Return all rungs of a plan ordered by (at, id)."""
        return _found(self._connection.execute(_OF, {"wanted": plan}))

    def get(self, id: int) -> RungRow | None:
        """Return one rung, or None."""
        return next(iter(_found(self._connection.execute(_GET, {"wanted": id}))), None)

    def among(self, ids: Collection[int]) -> Mapping[int, RungRow]:
        """Return the rungs with these ids, by id; unknown ids are left out."""
        chunked = (_found(self._connection.execute(_SOME, {"ids": chunk})) for chunk in chunks(ids, _IDS))
        return {row.id: row for rows in chunked for row in rows}

    def unsent(self, plan: str) -> Sequence[RungRow]:
        """Return the rungs that a reconcile may change: planned, cancelled and skipped ones, ordered by (at, id)."""
        return _found(self._connection.execute(_UNSENT, {"wanted": plan}))

    def within(self, plan: str, scope: Scope) -> Sequence[RungRow]:
        """Return all rungs of the obligations of a scope, in no order."""
        asked = within(_OF, rungs, plan, scope)
        return [row for query, values in asked for row in _found(self._connection.execute(query, values))]

    def revise(self, changes: Iterable[RungChange], *, now: datetime) -> int:
        """Apply changes to rows that are still in the expected state; return how many were applied."""
        applied = 0
        for chunk in chunks(changes, _CHUNK):
            applied += self._connection.execute(_REVISE, [_revision(change, now) for change in chunk]).rowcount
        return applied

    def due(self, plan: str, now: datetime) -> Sequence[RungRow]:
        """Return the planned rungs whose instant has come, ordered by (at, id)."""
        return _found(self._connection.execute(_DUE, {"wanted": plan, "now": now}))

    def notice(self, ids: Collection[int], *, now: datetime) -> None:
        """Record when due rungs were first noticed; a recorded instant stays."""
        for chunk in chunks(ids, _IDS):
            self._connection.execute(_NOTICE, {"ids": chunk, "now": now})

    def claim(self, ids: Collection[int], *, now: datetime) -> set[int]:
        """Move planned rungs to `queued`; return the ids that this call moved."""
        got: set[int] = set()
        for chunk in chunks(ids, _IDS):
            got.update(self._connection.scalars(_CLAIM, {"ids": chunk}))
        return got

    def settle(self, ids: Collection[int], state: RungState, reason: Reason, *, now: datetime) -> set[int]:
        """Move planned or queued rungs to a final state; return the ids that this call moved."""
        moved: set[int] = set()
        for chunk in chunks(ids, _IDS):
            values = {"ids": chunk, "to": state, "because": encode(reason), "now": now}
            moved.update(self._connection.scalars(_SETTLE, values))
        return moved

    def plan_unwritten(self, plan: str) -> int:
        """Plan the rungs again that failed because no mail could be written; return how many there were."""
        return self._connection.execute(_PLAN_UNWRITTEN, {"wanted": plan}).rowcount

    def plan_again(self, ids: Collection[int]) -> int:
        """Plan those of these rungs again that ended as cancelled or failed; return how many there were."""
        found = [self._connection.execute(_PLAN_UNREAD, {"ids": chunk}).rowcount for chunk in chunks(ids, _IDS)]
        return sum(found)

    def of_milestone(self, plan: str, milestone: str) -> Sequence[RungRow]:
        """Return all rungs of one milestone or occurrence ordered by (at, id)."""
        return _found(self._connection.execute(_OF_MILESTONE, {"wanted": plan, "one": milestone}))

    def following(self, ids: Collection[int]) -> Mapping[int, datetime]:
        """Return the instant of the next planned step after each of these, by id.

        Escalations and notices do not count as next.

        Only rungs of the same obligation count. A rung that nothing follows is left out.
        """
        return {
            id: at for chunk in chunks(ids, _IDS) for id, at in self._connection.execute(_FOLLOWING, {"ids": chunk})
        }

    def between(self, plan: str, after: datetime, until: datetime) -> Sequence[RungRow]:
        """Return the rungs with `after` < at <= `until` in any state, ordered by (at, id)."""
        return _found(self._connection.execute(_BETWEEN, {"wanted": plan, "after": after, "until": until}))

    def missed(self, plan: str, after: datetime) -> Sequence[RungRow]:
        """Return the rungs that were settled as missed after an instant, ordered by (at, id)."""
        return _found(self._connection.execute(_MISSED, {"wanted": plan, "after": after}))

    def of_party(self, plan: str, party: str, milestone: str | None = None) -> Sequence[RungRow]:
        """Return all rungs of one party, or of one of its obligations, ordered by (at, id)."""
        query = _OF_PARTY if milestone is None else _OF_OBLIGATION
        return _found(self._connection.execute(query, {"wanted": plan, "whose": party, "one": milestone}))

    def counts(self, plan: str) -> Sequence[RungCount]:
        """Return the number of rungs by instant and state, ordered by both."""
        return [RungCount(*row) for row in self._connection.execute(_COUNTS, {"wanted": plan})]

    def ahead(self, plan: str, after: datetime, until: datetime) -> Sequence[StepAhead]:
        """Return the number of planned rungs with `after` < at <= `until` by (at, milestone, name), in that order."""
        values = {"wanted": plan, "after": after, "until": until}
        rows = self._connection.execute(_AHEAD, values)
        return sorted(
            StepAhead(at, milestone, name, number, tuple(sorted(parties.split())))
            for at, milestone, name, number, parties in rows
        )

    def settled(
        self,
        plans: Collection[str],
        *,
        party: str | None = None,
        states: Collection[RungState] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int,
    ) -> Sequence[RungRow]:
        """Return up to `limit` settled rungs, the latest first."""
        query = _ROW.where(rungs.c.plan.in_(sorted(plans)), rungs.c.settled_at.is_not(None))
        if party is not None:
            query = query.where(rungs.c.party == party)
        if states:
            query = query.where(rungs.c.state.in_(sorted(states)))
        if since is not None:
            query = query.where(rungs.c.settled_at >= since)
        if until is not None:
            query = query.where(rungs.c.settled_at < until)
        latest = query.order_by(rungs.c.settled_at.desc(), rungs.c.id.desc()).limit(limit)
        return _found(self._connection.execute(latest))

    def next_at(self, plans: Collection[str], after: datetime) -> datetime | None:
        """Return the earliest instant of a planned rung of these plans after `after` (UTC), or None."""
        earliest: datetime | None = self._connection.scalar(_NEXT, {"plans": list(plans), "after": after})
        return earliest


@lru_cache(maxsize=8)
def _adding(dialect: Dialect, compiler: sa.Dialect) -> str:
    insert = dialect.insert(rungs).on_conflict_do_nothing()
    return str(insert.compile(dialect=compiler, column_keys=_ADDED))


def _rows(plan: str, chunk: Iterable[Rung], now: datetime) -> list[tuple[Any, ...]]:
    """Return the values for the driver, in the order of `_ADDED`.

    With this, 100,000 rungs take 1.5 times as long as a bare executemany of ready tuples; with SQLAlchemy's parameters
    they take 2.5 times as long.
    """
    settled = microseconds(now)
    chunk = list(chunk)
    # By identity: the chunk keeps the reasons alive, and the parties of a milestone share them.
    distinct = {id(reason): reason for rung in chunk for reason in (rung.reason, rung.note)}
    texts = {key: encode(reason) for key, reason in distinct.items()}
    return [
        (
            plan,
            milestone,
            party,
            name,
            due.isoformat(),
            microseconds(at),
            kind,
            state,
            texts[id(reason)],
            texts[id(note)],
            None if state == "planned" else settled,
        )
        for milestone, party, name, due, at, kind, state, reason, note in chunk
    ]


def _revision(change: RungChange, now: datetime) -> dict[str, Any]:
    return {
        "wanted": change.id,
        "was": change.was,
        "to": change.state,
        "moved": change.at,
        "because": encode(change.reason),
        "how": encode(change.note),
        "now": _settled(change.state, now),
    }


def _settled(state: RungState, now: datetime) -> datetime | None:
    return None if state in ("planned", "queued") else now


def _found(rows: Iterable[Sequence[Any]]) -> list[RungRow]:
    return [
        RungRow(
            id=id,
            plan=plan,
            milestone=milestone,
            party=party,
            name=name,
            due=due,
            at=at,
            kind=kind,
            state=state,
            reason=decode(reason),
            note=decode(note),
            noticed_at=noticed_at,
            settled_at=settled_at,
        )
        for (
            id,
            plan,
            milestone,
            party,
            name,
            due,
            at,
            kind,
            state,
            reason,
            note,
            noticed_at,
            settled_at,
        ) in rows
    ]
