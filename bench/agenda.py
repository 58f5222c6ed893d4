"""Measure how fast a plan of 100,000 rungs becomes a ledger, beside a bare executemany of the same rows.

    .venv/bin/python bench/agenda.py [PARTIES [MILESTONES [ROUNDS]]]

Ours is measured from the plan through its agenda and the reconciliation to the committed
ledger in a fresh SQLite file. The peer, sqlite3 from the standard library, streams the same
finished rows into a table with the same columns and indexes (WAL, synchronous NORMAL, one
transaction). Both take turns in each round, and the best of the rounds is shown. Measured
as well: the agenda alone, and the reconciliation of the ledger after one new fact. Memory is
the peak minus what was resident before. At last, 600 milestones of 6 parties are drawn, shown and
written about, in a chain of `needs` and without, and a year of 100 and 200 milestones is simulated.
"""

from __future__ import annotations

import gc
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.bootstrap.container import Container, shipped_settings
from scheduler.bootstrap.simulate import simulate
from scheduler.clock import SystemClock
from scheduler.plan.agenda import draw_agenda
from scheduler.plan.dates.date_forms import Before
from scheduler.plan.facts import Received
from scheduler.plan.messages.promises import messages_for
from scheduler.plan.model import Contact, Group, Ladder, Milestone, Party, Plan
from scheduler.plan.status import draw_board
from scheduler.ports import Definition
from scheduler.queries.agendas import read_agenda
from scheduler.services.apply_revision import take
from scheduler.services.reconcile import reconcile
from scheduler.store import open_store

NOW = datetime(2023, 1, 2, tzinfo=UTC)
FIRST = date(2023, 2, 14)
TARGET = 2.0
MOST_NEEDS = 1.3
MOST_GROWTH = 2.2


class Cost(NamedTuple):
    """Wall time and CPU time in seconds, and the peak memory in MB above the start."""

    wall: float
    cpu: float
    memory: float


def make_plan(parties: int, milestones: int) -> Plan:
    """Return a plan in which every party owes every milestone, with ten rungs each."""
    schools = {
        id: Party(
            id=id, name=f"Trường {id}", short=id, contacts=(Contact(name=f"Cán bộ {id}", email=f"{id}@b.example"),)
        )
        for id in (f"school-{n:05}" for n in range(parties))
    }
    return Plan(
        id="bench-2023",
        title="Hoạt động thi đua năm 2023",
        issued=NOW.date(),
        year=2023,
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        remind_from=NOW.date(),
        groups={
            "lead": Group(id="lead", parties=("school-00000",)),
            "members": Group(id="members", parties=tuple(schools)),
        },
        parties=schools,
        milestones=tuple(
            Milestone(
                id=f"milestone-{n:02}",
                kind="deadline",
                title=f"Báo cáo số {n}",
                form=Before(FIRST + timedelta(weeks=3 * n)),
                ladder=Ladder(),
                responsible=("members",),
                report_to=("lead",),
            )
            for n in range(milestones)
        ),
        digest="1",
    )


def measured(work: Callable[[], object]) -> Cost:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak (VmHWM)
    before, cpu, wall = resident("VmRSS"), time.process_time(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu, resident("VmHWM") - before)


def resident(key: str) -> float:
    """Return a value of /proc/self/status in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def load(file: Path, plan: Plan) -> None:
    store = open_store(f"sqlite:///{file}")
    take(store, Definition(plan=plan, source=""), NOW)
    store.close()


def answer(file: Path, plan: Plan) -> None:
    """Record one submission, reconcile the ledger and commit."""
    at = NOW + timedelta(days=1)
    store = open_store(f"sqlite:///{file}")
    with store.transaction() as unit:
        fact = Received(
            plan=plan.id,
            milestone="milestone-00",
            party="school-00001",
            happened_at=at,
            recorded_at=at,
        )
        unit.facts.append(fact)
        changes = reconcile(unit, read_agenda(unit, plan), at)
    store.close()
    assert len(changes.dropped) == 10, "one obligation's rungs fall away"


def read_ledger(file: Path) -> tuple[list[str], str, list[tuple[object, ...]]]:
    """Return the statements that create the table of the ledger, the one that fills it, and its rows."""
    with sqlite3.connect(file) as connection:
        made = connection.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'rung' AND sql IS NOT NULL"
        ).fetchall()
        found = connection.execute("SELECT * FROM rung ORDER BY id")
        names = [column[0] for column in found.description]
        insert = f"INSERT INTO rung ({', '.join(names[1:])}) VALUES ({', '.join('?' * len(names[1:]))})"
        return [sql for (sql,) in made], insert, [row[1:] for row in found]


def bare(file: Path, tables: Iterable[str], insert: str, rows: Iterable[tuple[object, ...]]) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    for sql in tables:
        connection.execute(sql)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(insert, iter(rows))
    connection.execute("COMMIT")
    connection.close()


def draw(plan: Plan) -> None:
    for _ in draw_agenda(plan, [], loaded_at=NOW).rungs():
        pass


def follow_needs(plan: Plan) -> None:
    """Draw a plan's agenda and board, and write messages, which name what a milestone waits for."""
    drawn, now = draw_agenda(plan, [], loaded_at=NOW), NOW + timedelta(days=150)
    list(draw_board(drawn, now))
    for rung in islice(drawn.rungs(), 3000):
        messages_for(drawn, rung, now, ())


def make_chain(count: int) -> dict[str, Plan]:
    """Return a year of milestones without `needs`, and the same ones in a chain of them."""
    plan = make_plan(6, count)
    days = [Before(FIRST + timedelta(days=number % 280)) for number in range(count)]
    plain = [replace(milestone, form=day) for milestone, day in zip(plan.milestones, days, strict=True)]
    chain = [replace(later, needs=(sooner.id,)) for sooner, later in pairwise(plain)]
    return {"plain": replace(plan, milestones=tuple(plain)), "chain": replace(plan, milestones=(plain[0], *chain))}


def play_year(plan: Plan) -> None:
    container = Container(settings=shipped_settings(), clock=SystemClock())
    simulate(container, Definition(plan=plan, source=""), first=NOW.date(), last=date(2023, 12, 31), scenario=None)


def report_years() -> None:
    """Compare a simulated year of 200 milestones with one of 100, and with the same 200 in a chain of `needs`."""
    small, large = make_chain(100), make_chain(200)
    half, whole, chain = (
        measured(partial(play_year, plan)).cpu for plan in (small["plain"], large["plain"], large["chain"])
    )
    print(f"a year of 200 milestones takes {whole / half:.2f} times one of 100 (target: at most {MOST_GROWTH:g})")
    print(f"in a chain of needs it takes {chain / whole:.2f} times that (target: at most {MOST_NEEDS:g})")


def report_needs(rounds: int) -> None:
    """Compare 600 milestones in a chain of `needs` with the same ones without."""
    plans = make_chain(600)
    costs = {name: min(measured(lambda: follow_needs(plan)).cpu for _ in range(rounds)) for name, plan in plans.items()}  # noqa: B023
    ratio = costs["chain"] / costs["plain"]
    print(f"600 milestones in a chain of needs take {ratio:.2f} times those without (target: at most {MOST_NEEDS:g})")


def main() -> None:
    parties, milestones, rounds = [int(word) for word in sys.argv[1:]] + [1000, 10, 7][len(sys.argv) - 1 :]
    plan = make_plan(parties, milestones)
    results: dict[str, list[Cost]] = {
        "bare executemany": [],
        "plan to ledger": [],
        "agenda alone": [],
        "one new fact": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            ledger, peer = Path(folder, f"ledger-{number}.db"), Path(folder, f"peer-{number}.db")
            results["plan to ledger"].append(measured(lambda: load(ledger, plan)))  # noqa: B023 - called at once
            tables, insert, rows = read_ledger(ledger)
            results["bare executemany"].append(measured(lambda: bare(peer, tables, insert, rows)))  # noqa: B023
            count = len(rows)
            rows = []
            results["agenda alone"].append(measured(lambda: draw(plan)))
            results["one new fact"].append(measured(lambda: answer(ledger, plan)))  # noqa: B023
    best = {name: Cost(*map(min, zip(*costs, strict=True))) for name, costs in results.items()}
    peak = {name: max(cost.memory for cost in costs) for name, costs in results.items()}
    base = best["bare executemany"]
    print(f"{count:,} rungs: {parties:,} parties x {milestones} milestones; best of {rounds} rounds")
    print(f"{'':18}{'wall':>9}{'of peer':>9}{'CPU':>9}{'of peer':>9}{'memory':>10}")
    for name, cost in best.items():
        wall, cpu = cost.wall / base.wall, cost.cpu / base.cpu
        print(f"{name:18}{cost.wall:7.2f} s{wall:7.2f} x{cost.cpu:7.2f} s{cpu:7.2f} x{peak[name]:+7.0f} MB")
    ratio = best["plan to ledger"].wall / base.wall
    print(f"the whole way takes {ratio:.2f} times the bare executemany (target: at most {TARGET:g})")
    report_needs(rounds)
    report_years()


if __name__ == "__main__":
    main()
