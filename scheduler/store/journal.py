"""The journal of the daemon's own work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from operator import attrgetter

import sqlalchemy as sa

from scheduler.plan.reasons import Reason
from scheduler.plan.scope import Scope
from scheduler.ports import NOTHING_FAILED, CheckRow, ClockMark, FailedSource, Finding
from scheduler.store.columns import microseconds
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.settlement import put_right
from scheduler.store.statements import within
from scheduler.store.tables import checkup, clock, failed_source, outage, tick
from scheduler.store.tables import plan as plans
from scheduler.texts import encode

_MICROSECOND = timedelta(microseconds=1)
_CLOCK = sa.select(clock.c.uptime, clock.c.at).where(clock.c.boot == sa.bindparam("wanted"))
_LAST_CLOCK = sa.select(sa.func.max(clock.c.at))
_CHECKS = sa.select(
    checkup.c.milestone, checkup.c.party, checkup.c.source, checkup.c.seen, checkup.c.since, checkup.c.checked_at
).where(checkup.c.plan == sa.bindparam("wanted"))
_CHECKED = plans.update().where(plans.c.plan == sa.bindparam("wanted")).values(checked_at=sa.bindparam("now"))
_LAST_TICK = sa.select(tick.c.completed_at)
_OUTAGES = (
    sa.select(outage.c.since, outage.c.until)
    .where(outage.c.until > sa.bindparam("after"))
    .order_by(outage.c.until, outage.c.id)
)
_FAILED = (
    sa.select(*(failed_source.c[name] for name in ("source", "milestone", "party", "words", "since")))
    .where(failed_source.c.plan == sa.bindparam("wanted"))
    .order_by(failed_source.c.source, failed_source.c.milestone, failed_source.c.party)
)
_SEEN_BEFORE = sa.select(sa.func.max(checkup.c.checked_at)).where(
    checkup.c.plan == sa.bindparam("wanted"), checkup.c.source == sa.bindparam("source")
)
_OWN_SEEN_BEFORE = _SEEN_BEFORE.where(
    checkup.c.milestone == sa.bindparam("milestone"), checkup.c.party == sa.bindparam("party")
)
_FORGET_FAILED = failed_source.delete().where(failed_source.c.plan == sa.bindparam("wanted"))
_FOUND = ("plan", "milestone", "party", "source", "seen", "since", "checked_at")


class SqlJournal:
    """Ticks, outages and status checks."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def last_tick(self) -> datetime | None:
        """Return the instant of the last completed tick (UTC), or None."""
        return self._connection.scalar(_LAST_TICK)

    def record_tick(self, at: datetime) -> None:
        """Record a completed tick."""
        self._connection.execute(_ticking(dialect_of(self._connection)), {"id": 1, "completed_at": at})

    def record_clock(self, mark: ClockMark) -> None:
        """Record the latest mark of a start of a machine."""
        values = {"boot": mark.boot, "uptime": mark.uptime // _MICROSECOND, "at": mark.at}
        self._connection.execute(_marking(dialect_of(self._connection)), values)

    def clock(self, boot: str) -> ClockMark | None:
        """Return the mark of a start of a machine, or None."""
        row = self._connection.execute(_CLOCK, {"wanted": boot}).first()
        return None if row is None else ClockMark(boot=boot, uptime=row.uptime * _MICROSECOND, at=row.at)

    def last_clock(self) -> datetime | None:
        """Return the latest instant of all marks (UTC), or None."""
        latest: datetime | None = self._connection.scalar(_LAST_CLOCK)
        return latest

    def put_right(self, now: datetime, since: datetime, reason: Reason) -> int:
        """Take back what a clock that was ahead has settled and recorded after `since`; return how many rungs live."""
        return put_right(self._connection, now, since, reason)

    def record_outage(self, since: datetime, until: datetime) -> None:
        """Record a span in which rungs suffered, as reported to the operators at its end."""
        self._connection.execute(outage.insert(), {"since": since, "until": until})

    def outages(self, after: datetime) -> Sequence[tuple[datetime, datetime]]:
        """Return the outages that ended after an instant, ordered by their end."""
        return [(row.since, row.until) for row in self._connection.execute(_OUTAGES, {"after": after})]

    def record_check(
        self, plan: str, at: datetime, findings: Sequence[Finding], failed: Mapping[str, str] = NOTHING_FAILED
    ) -> None:
        """Record the findings of a status check of a loaded plan; `since` stays while a finding stays the same.

        `failed` says by source why it could not be looked at.
        """
        self._record_failed(plan, at, findings, failed)
        self._connection.execute(_CHECKED, {"wanted": plan, "now": at})
        if findings:
            now = microseconds(at)  # for the driver, as in `Rungs.add`: each morning writes a row per obligation
            rows = [(plan, f.milestone, f.party, f.source, encode(f.seen), now, now) for f in findings]
            self._connection.exec_driver_sql(_finding(dialect_of(self._connection), self._connection.dialect), rows)

    def _record_failed(self, plan: str, at: datetime, findings: Sequence[Finding], failed: Mapping[str, str]) -> None:
        """Replace what could not be looked at; what could not before has its old beginning."""
        before = {(known.source, known.milestone, known.party): known.since for known in self.failed_sources(plan)}
        now = {(source, "", ""): words for source, words in failed.items()}
        now |= {(one.source, one.milestone, one.party): one.seen for one in findings if one.is_blind}
        if before:
            self._connection.execute(_FORGET_FAILED, {"wanted": plan})
        for (source, milestone, party), words in now.items():
            key = {"source": source, "milestone": milestone, "party": party}
            since = before.get((source, milestone, party), self._seen_before(plan, at, key))
            self._connection.execute(failed_source.insert(), {"plan": plan, "words": words, "since": since, **key})

    def _seen_before(self, plan: str, at: datetime, key: Mapping[str, str]) -> datetime | None:
        """Return when a source was last looked at, for an obligation or at all; None if it never was."""
        query = _OWN_SEEN_BEFORE if key["party"] else _SEEN_BEFORE
        seen: datetime | None = self._connection.scalar(query, {"wanted": plan, **key})
        return min(seen, at) if seen is not None else None  # a clock that was ahead may have recorded it

    def failed_sources(self, plan: str) -> Sequence[FailedSource]:
        """Return what could not be looked at in the last check of a plan, by source: first a source as a whole."""
        return [FailedSource(**row) for row in self._connection.execute(_FAILED, {"wanted": plan}).mappings()]

    def checks(self, plan: str, scope: Scope | None = None) -> Sequence[CheckRow]:
        """Return the last finding of each source for each obligation, ordered by milestone, party and source."""
        asked = [(_CHECKS, {"wanted": plan})] if scope is None else list(within(_CHECKS, checkup, plan, scope))
        found = [row for query, values in asked for row in self._connection.execute(query, values).mappings()]
        return sorted((CheckRow(**row) for row in found), key=attrgetter("milestone", "party", "source"))


@cache
def _ticking(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(tick)
    latest = {"completed_at": insert.excluded.completed_at}
    return insert.on_conflict_do_update(index_elements=[tick.c.id], set_=latest)


@cache
def _marking(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(clock)
    latest = {"uptime": insert.excluded.uptime, "at": insert.excluded.at}
    return insert.on_conflict_do_update(index_elements=[clock.c.boot], set_=latest)


@lru_cache(maxsize=8)
def _finding(dialect: Dialect, compiler: sa.Dialect) -> str:
    insert = dialect.insert(checkup)
    same = checkup.c.seen == insert.excluded.seen
    statement = insert.on_conflict_do_update(
        index_elements=list(checkup.primary_key),
        set_={
            "since": sa.case((same, checkup.c.since), else_=insert.excluded.since),
            "seen": insert.excluded.seen,
            "checked_at": insert.excluded.checked_at,
        },
    )
    return str(statement.compile(dialect=compiler, column_keys=_FOUND))
