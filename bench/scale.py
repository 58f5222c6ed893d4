"""Measure what an act costs when a plan has 6, 1,000, 2,000 or 5,000 parties and 20 milestones.

    .venv/bin/python bench/scale.py [ROUNDS]

The first table shows whole commands (`receive`, `status --party`, `agenda --party`, `why`) as processes. Their
peer is a process that imports the same third-party modules and parses the same definition files with tomllib, and
does nothing else. The second table shows one fact in a process that runs already: recorded in a file of SQLite,
its effect on an agenda that is kept, and the same agenda drawn anew. All take turns in each round; the best of the
rounds is shown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from startup import ASK_MODULES, Cost, ask, spend, write_definitions

from scheduler.bootstrap import Container, find_settings
from scheduler.clock import SteppingClock
from scheduler.plan.commands import RecordReceived
from scheduler.ports import Definition, UnitOfWork
from scheduler.queries.agendas import AgendaCache, read_agenda
from scheduler.services.record_facts import execute
from scheduler.store import open_store

SIZES, MILESTONES = (6, 1000, 2000, 5000), 20
MOST_RATIO, MOST_MEMORY, MOST_GROWTH = 2.5, 200, 3.0
COMMANDS = {
    "receive": ["receive", "bench", "milestone-3", "school-0003", "--channel", "email"],
    "status --party": ["status", "--party", "school-0003", "--format", "json"],
    "agenda --party": ["agenda", "--party", "school-0003", "--format", "json"],
    "why": ["why", "r17"],
}
PEER = """
import sys, tomllib
from pathlib import Path
for file in Path(sys.argv[1]).rglob("*.toml"):
    tomllib.loads(file.read_text(encoding="utf-8"))
"""


class Warm:
    """A process that runs already, with an agenda that it keeps."""

    def __init__(self, config: Path) -> None:
        self.now = datetime.now(UTC)
        self.container = Container(settings=find_settings(config), clock=SteppingClock(self.now))
        [self.definition] = self.container.definitions.load().definitions
        self.store = open_store(f"sqlite:///{config.parent / 'hanchot.db'}")
        self.agendas = AgendaCache()
        self.held: list[float] = []  # seconds that each writing transaction took
        self.transaction, self.store.transaction = self.store.transaction, self.measured  # type: ignore[method-assign]
        self.numbers = count()
        self.record()
        self.follow()

    @contextmanager
    def measured(self) -> Iterator[UnitOfWork]:
        """Hold the write lock, and note for how long."""
        start = time.perf_counter()
        with self.transaction() as unit:
            yield unit
        self.held.append(time.perf_counter() - start)

    def record(self) -> None:
        """Record a submission of another milestone and party each time."""
        number = next(self.numbers)
        plan = self.definition.plan
        milestone, party = f"milestone-{4 + number % 10}", f"school-{1 + number // 10:04}"
        command = RecordReceived(at=self.now, milestone=milestone, party=party, channel="email")
        execute(self.container.services(self.store), Definition(plan=plan, source=""), [command])

    def follow(self) -> None:
        """Bring the agenda up to date."""
        with self.store.reading() as view:
            self.agendas.read(view, self.definition.plan)

    def draw(self) -> None:
        """Draw the agenda anew."""
        with self.store.reading() as view:
            read_agenda(view, self.definition.plan)


def timed(act: Callable[[], None]) -> float:
    """Return how long an act takes, in seconds."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configs = {size: write_definitions(folder / str(size), size, MILESTONES) for size in SIZES}
        for config in configs.values():  # loads the plan into the record
            spend(folder, "-m", "scheduler", "--config", str(config), "tick")
        ask_modules = ["-c", ASK_MODULES, "--config", str(configs[SIZES[0]])]
        modules = {way: ask(folder, *ask_modules, *command).split() for way, command in COMMANDS.items()}
        whole: dict[tuple[int, str], list[tuple[Cost, Cost]]] = {}
        for _ in range(rounds):
            for size, config in configs.items():
                for way, command in COMMANDS.items():
                    peer = folder / f"{way.split()[0]}.py"
                    peer.write_text("\n".join(f"import {module}" for module in modules[way]) + PEER, encoding="utf-8")
                    base = spend(folder, str(peer), str(config.parent / "workflows"))
                    cost = spend(folder, "-m", "scheduler", "--config", str(config), *command)
                    whole.setdefault((size, way), []).append((cost, base))
        report_commands(whole, rounds)
        warm = {size: Warm(config) for size, config in configs.items()}
        times: dict[tuple[int, str], list[float]] = {}
        for _ in range(max(rounds * 2, 10)):
            for size, process in warm.items():
                for way in ("record", "follow", "draw"):
                    times.setdefault((size, way), []).append(timed(getattr(process, way)))
        report_warm({key: min(found) for key, found in times.items()}, {size: min(w.held) for size, w in warm.items()})
        for process in warm.values():
            process.store.close()


def report_commands(whole: dict[tuple[int, str], list[tuple[Cost, Cost]]], rounds: int) -> None:
    print(f"whole commands, {MILESTONES} milestones; best of {rounds} rounds")
    print(f"(targets: at most {MOST_RATIO:g} times the peer, under {MOST_MEMORY} MB)")
    print(f"{'parties':>8}  {'command':16}{'wall':>9}{'of peer':>10}{'memory':>10}")
    for (size, way), costs in whole.items():
        wall = min(cost.wall for cost, _ in costs)
        base = min(peer.wall for _, peer in costs)
        memory = max(cost.memory for cost, _ in costs)
        print(f"{size:8,}  {way:16}{wall:7.2f} s{wall / base:8.2f} x{memory:7.0f} MB")


def report_warm(best: dict[tuple[int, str], float], held: dict[int, float]) -> None:
    print(f"\none fact in a process that runs already (target: at most {MOST_GROWTH:g} times the cost with {SIZES[0]})")
    print(
        f"{'parties':>8}{'recorded':>12}{'of ' + str(SIZES[0]):>9}{'lock held':>12}{'followed':>12}{'drawn anew':>13}"
    )
    for size in SIZES:
        recorded, followed, drawn = (best[size, way] * 1000 for way in ("record", "follow", "draw"))
        growth = recorded / (best[SIZES[0], "record"] * 1000)
        print(
            f"{size:8,}{recorded:9.1f} ms{growth:7.2f} x{held[size] * 1000:9.1f} ms{followed:9.1f} ms{drawn:10.1f} ms"
        )


if __name__ == "__main__":
    main()
