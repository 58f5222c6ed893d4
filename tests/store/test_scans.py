"""No frequent question reads a whole table, with as many rows as a ministry has in its worst hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.plan.reasons import NONE, quote
from scheduler.ports import Process, UnitOfWork
from scheduler.store import SqlStore, open_store
from tests.contracts.store_samples import LEASE, NOW, PLAN
from tests.support.postgresql import Cluster

ROWS = 100_000
_MOMENT = int(NOW.timestamp() * 1_000_000)
FILL = f"""
INSERT INTO rung (plan, milestone, party, name, due, at, kind, state, reason, note)
SELECT '{PLAN}', 'm' || n % 20, 'p' || n / 160, 'r' || n % 8, '2023-08-09', {_MOMENT} + n * 60000000::bigint,
       'reminder', CASE WHEN n % 10 = 0 THEN 'planned' ELSE 'sent' END, '', ''
FROM generate_series(1, {ROWS}) AS n ON CONFLICT DO NOTHING;
INSERT INTO message (message_id, date, address, subject, kind, plan, party, state, reason, reply, attempts, created_at,
                     not_before, settled_at, claimed_by, lease_until, begun_at)
SELECT '<' || n || '@x.example>', 0, 'a@x.example', 'x', 'reminder', '{PLAN}', 'p' || n % 10000,
       CASE WHEN n % 100 = 0 THEN 'queued' WHEN n % 100 = 1 THEN 'inflight' ELSE 'sent' END, '', '', 1, {_MOMENT},
       {_MOMENT} - n, CASE WHEN n % 100 > 1 THEN {_MOMENT} END, CASE WHEN n % 100 = 1 THEN 'w:1:a/1' END,
       CASE WHEN n % 100 = 1 THEN {_MOMENT} + 900000000 - n END, CASE WHEN n % 1000 = 1 THEN {_MOMENT} END
FROM generate_series(1, {ROWS}) AS n;
INSERT INTO content (message_id, bytes) SELECT id, 'x' FROM message;
INSERT INTO delivery (rung_id, address, message_id)
SELECT rung.id, 'a@x.example', message.id FROM rung JOIN message ON message.id = rung.id;
INSERT INTO fact (plan, kind, milestone, party, happened_at, recorded_at, by, details)
SELECT '{PLAN}', 'received', 'm' || n % 20, 'p' || n / 20, {_MOMENT}, {_MOMENT}, 'office', '{{}}'
FROM generate_series(1, {ROWS}) AS n;
INSERT INTO plan (plan, first_loaded_at, digest, loaded_at, terms) VALUES ('{PLAN}', 0, 'd', 0, '{{}}')"""
QUESTIONS: dict[str, Callable[[UnitOfWork], object]] = {
    "claim": lambda unit: unit.outbox.claim(NOW, by="a", lease=LEASE, limit=50),
    "claim a lapsed mail": lambda unit: unit.outbox.claim(NOW + timedelta(hours=1), by="a", lease=LEASE, limit=50),
    "claim an urgent mail": lambda unit: unit.outbox.claim(NOW, by="a", lease=LEASE, limit=50, urgent=True),
    "reserve": lambda unit: unit.outbox.reserve(NOW, by="queue/1", lease=LEASE, limit=1_000),
    "take over": lambda unit: unit.outbox.take_over([1, 2], reserved_by="queue/1", by="a", now=NOW, lease=LEASE),
    "begin": lambda unit: unit.outbox.begin(1, by="w:1:a/1", now=NOW),
    "finish": lambda unit: unit.outbox.finish(
        1, by="w:1:a/1", state="sent", reason=NONE, reply="250 ok", attempted=True, now=NOW
    ),
    "next mail": lambda unit: unit.outbox.next_at(),
    "who holds mails": lambda unit: unit.outbox.holders(),
    "interruptions": lambda unit: unit.outbox.interruptions(NOW),
    "leases of the dead": lambda unit: unit.outbox.end_leases(["w:1:a"], now=NOW),
    "cancel": lambda unit: unit.outbox.cancel("7:", quote(""), now=NOW),
    "due rungs": lambda unit: unit.rungs.due(PLAN, NOW),
    "next rung": lambda unit: unit.rungs.next_at([PLAN], NOW),
    "state of a plan": lambda unit: unit.plans.state(PLAN),
    "inputs of a plan": lambda unit: unit.plans.inputs(PLAN),
    "heartbeat": lambda unit: unit.heartbeats.record(Process(name="a", role="worker"), NOW),
    "lead": lambda unit: unit.heartbeats.lead("a", NOW, LEASE),
}
LARGE = ("message", "content", "rung", "delivery", "fact")


@pytest.fixture(scope="module")
def full(postgres: Cluster) -> Iterator[SqlStore]:
    """Return a record with many rows, most of which are history."""
    name = postgres.copy()
    postgres.psql(FILL, name)
    postgres.psql("VACUUM ANALYZE", name)
    with closing(open_store(postgres.url(name))) as store:
        yield store
    postgres.drop(name)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_frequent_question_reads_a_whole_table(full: SqlStore, question: str) -> None:
    """Each statement of it is explained as the server would run it."""
    asked: list[tuple[str, object]] = []
    listen = sa.event.listens_for(full.engine, "before_cursor_execute")
    listening = True

    @listen
    def keep(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if listening and statement.lstrip().startswith(("SELECT", "UPDATE", "INSERT", "WITH", "DELETE")):
            asked.append((statement, parameters))

    with full.transaction() as unit:
        QUESTIONS[question](unit)
        listening = False
        connection = unit.driver_connection
        plans = ["\n".join(row[0] for row in connection.execute(f"EXPLAIN {text}", values)) for text, values in asked]
        connection.rollback()
    assert asked
    assert [plan for plan in plans for table in LARGE if f"Seq Scan on {table}" in plan] == []


def test_the_tables_that_change_most_have_room_and_are_cleaned_early(full: SqlStore) -> None:
    with full.reading() as view:
        found = dict(
            view.driver_connection.execute(
                "SELECT relname, reloptions FROM pg_class WHERE relname IN ('message', 'rung', 'quota', 'heartbeat')"
            ).fetchall()
        )
    assert len(found) == 4
    for options in found.values():
        assert {"fillfactor=75", "autovacuum_vacuum_scale_factor=0.02"} <= set(options)
