"""What the daemon did and saw itself."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime

import sqlalchemy as sa

from scheduler.ports import CheckRow, Finding
from scheduler.store.statements import insert_into
from scheduler.store.tables import checkup, last_check, tick, working_day

_CHECKS = (
    sa.select(
        checkup.c.milestone, checkup.c.party, checkup.c.source, checkup.c.seen, checkup.c.since, checkup.c.checked_at
    )
    .where(checkup.c.plan == sa.bindparam("wanted"))
    .order_by(checkup.c.milestone, checkup.c.party, checkup.c.source)
)
_COUNT_DAYS = (
    sa.select(sa.func.count())
    .select_from(working_day)
    .where(
        working_day.c.plan == sa.bindparam("wanted"),
        working_day.c.day > sa.bindparam("after"),
        working_day.c.day < sa.bindparam("before"),
    )
)


class SqlJournal:
    """Ticks, working days and status checks."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name

    def last_tick(self) -> datetime | None:
        """Return when the last completed tick was."""
        return self._connection.scalar(sa.select(tick.c.completed_at))

    def record_tick(self, at: datetime) -> None:
        """Remember a completed tick."""
        insert = insert_into(self._dialect, tick)
        self._connection.execute(
            insert.on_conflict_do_update(
                index_elements=[tick.c.id], set_={"completed_at": insert.excluded.completed_at}
            ),
            {"id": 1, "completed_at": at},
        )

    def working_days(self, plan: str) -> AbstractSet[date]:
        """Return the local days on which a tick was completed inside the plan's opening hours."""
        return frozenset(self._connection.scalars(sa.select(working_day.c.day).where(working_day.c.plan == plan)))

    def count_working_days(self, plan: str, after: date, before: date) -> int:
        """Return how many of these days lie strictly between two days."""
        values = {"wanted": plan, "after": after, "before": before}
        return self._connection.scalar(_COUNT_DAYS, values) or 0

    def record_working_day(self, plan: str, day: date) -> None:
        """Remember such a day; doing so again changes nothing."""
        insert = insert_into(self._dialect, working_day).on_conflict_do_nothing()
        self._connection.execute(insert, {"plan": plan, "day": day})

    def last_check(self, plan: str) -> datetime | None:
        """Return when the last status check of a plan was."""
        return self._connection.scalar(sa.select(last_check.c.checked_at).where(last_check.c.plan == plan))

    def record_check(self, plan: str, at: datetime, findings: Sequence[Finding]) -> None:
        """Remember what a status check saw; `since` stays while what is seen stays the same."""
        insert = insert_into(self._dialect, last_check)
        self._connection.execute(
            insert.on_conflict_do_update(
                index_elements=[last_check.c.plan], set_={"checked_at": insert.excluded.checked_at}
            ),
            {"plan": plan, "checked_at": at},
        )
        if findings:
            self._record_findings(plan, at, findings)

    def checks(self, plan: str) -> Sequence[CheckRow]:
        """Return what the last check of each obligation saw, ordered by milestone, party and source."""
        return [CheckRow(**row) for row in self._connection.execute(_CHECKS, {"wanted": plan}).mappings()]

    def _record_findings(self, plan: str, at: datetime, findings: Sequence[Finding]) -> None:
        insert = insert_into(self._dialect, checkup)
        same = checkup.c.seen == insert.excluded.seen
        statement = insert.on_conflict_do_update(
            index_elements=list(checkup.primary_key),
            set_={
                "since": sa.case((same, checkup.c.since), else_=insert.excluded.since),
                "seen": insert.excluded.seen,
                "checked_at": insert.excluded.checked_at,
            },
        )
        rows = [
            {
                "plan": plan,
                "milestone": finding.milestone,
                "party": finding.party,
                "source": finding.source,
                "seen": finding.seen,
                "since": at,
                "checked_at": at,
            }
            for finding in findings
        ]
        self._connection.execute(statement, rows)
