"""What the daemon did and saw itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from scheduler.ports import CheckRow, Finding
from scheduler.store.statements import insert_into
from scheduler.store.tables import checkup, tick
from scheduler.store.tables import plan as plans

_CHECKS = (
    sa.select(
        checkup.c.milestone, checkup.c.party, checkup.c.source, checkup.c.seen, checkup.c.since, checkup.c.checked_at
    )
    .where(checkup.c.plan == sa.bindparam("wanted"))
    .order_by(checkup.c.milestone, checkup.c.party, checkup.c.source)
)


class SqlJournal:
    """Ticks and status checks."""

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

    def record_check(self, plan: str, at: datetime, findings: Sequence[Finding]) -> None:
        """Remember what a status check of a loaded plan saw; `since` stays while what is seen stays the same."""
        self._connection.execute(plans.update().where(plans.c.plan == plan).values(checked_at=at))
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
