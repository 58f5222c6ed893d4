"""Measure what an act costs when a plan has 6, 1,000, 2,000 or 5,000 parties and 20 milestones.

    .venv/bin/python bench/scale.py [ROUNDS]

The first table shows whole commands (`receive`, `status --party`, `agenda --party`, `why`) as processes. Their
peer is a process that imports the same third-party modules and parses the same definition files with tomllib, and
does nothing else. The second table shows one fact in a process that runs already: recorded in a file of SQLite,
its effect on an agenda that is kept, and the same agenda drawn anew. All take turns in each round; the best of the
rounds is shown.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

from scheduler.bootstrap import Container, find_settings
from scheduler.clock import SteppingClock
from scheduler.ports import Definition
from scheduler.queries.agendas import AgendaCache, read_agenda
from scheduler.services import commands
from scheduler.services.record_facts import record
from scheduler.store import open_store

SIZES, MILESTONES = (6, 1000, 2000, 5000), 20
MOST_RATIO, MOST_MEMORY, MOST_GROWTH = 2.5, 200, 3.0
COMMANDS = {
    "receive": ["receive", "bench", "milestone-3", "school-0003", "--channel", "email"],
    "status --party": ["status", "--party", "school-0003", "--format", "json"],
    "agenda --party": ["agenda", "--party", "school-0003", "--format", "json"],
    "why": ["why", "r17"],
}
# Runs a command, then prints which modules of installed packages were loaded.
ASK_MODULES = """
import sys, sysconfig
from scheduler.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    places = tuple(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    loaded = [n for n, m in list(sys.modules.items()) if (getattr(m, "__file__", None) or "").startswith(places)]
    print(*(name for name in loaded if name.partition(".")[0] != "scheduler"))
"""
PEER = """
import sys, tomllib
from pathlib import Path
for file in Path(sys.argv[1]).rglob("*.toml"):
    tomllib.loads(file.read_text(encoding="utf-8"))
"""


class Cost(NamedTuple):
    """Wall time in seconds and peak memory in MB of a process."""

    wall: float
    memory: float


def spend(folder: Path, *arguments: str) -> Cost:
    """Run Python with these arguments to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{arguments[:4]} ended with {process.returncode}"
    return Cost(wall, usage.ru_maxrss / 1024)


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which bytecode is cached, as in an installed program."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def write_definitions(folder: Path, size: int) -> Path:
    """Write a configuration with a plan wholly in the future, and return its path."""
    workflows = folder / "workflows" / "bench"
    workflows.mkdir(parents=True)
    ids = [f"school-{n:04}" for n in range(size)]
    today = datetime.now().astimezone().date()
    first = today + timedelta(days=30)
    head = [
        'schema = 1\n[plan]\nid = "bench"\ntitle = "Hoạt động thi đua"\ntimezone = "Asia/Ho_Chi_Minh"\nholidays = "VN"',
        f"issued = {today}\nyear = {first.year}",
        f"[groups]\nlead = [{json.dumps(ids[0])}]\nmembers = {json.dumps(ids)}",
    ]
    milestones = [
        f'[[milestones]]\nid = "milestone-{n}"\nkind = "deadline"\ntitle = "Báo cáo số {n}"\nresponsible = "members"\n'
        f'report_to = ["lead"]\nbefore = {first + timedelta(weeks=2 * n)}\nchannels = ["paper", "email"]\n'
        f'deliverables = [{{ id = "bao-cao", title = "Báo cáo" }}]'
        for n in range(MILESTONES)
    ]
    parties = [
        f'[parties.{id}]\nname = "Trường Chính trị tỉnh số {n}"\nshort = "Số {n}"\ncontacts = [\n'
        f'  {{ name = "Nguyễn Thị Ánh Nguyệt", email = "thidua@truong-{n}.vn" }},\n'
        f'  {{ name = "Trần Văn Bình", email = "hieutruong@truong-{n}.vn", role = "head" }},\n]'
        for n, id in enumerate(ids)
    ]
    (workflows / "plan.toml").write_text("\n".join(head + milestones), encoding="utf-8")
    (workflows / "parties.toml").write_text("\n".join(parties), encoding="utf-8")
    config = folder / "config.toml"
    config.write_text('[database]\nurl = "sqlite:///hanchot.db"\n[mail]\nfrom = "a@b.vn"\n', encoding="utf-8")
    return config


def ask_modules(folder: Path, config: Path, command: list[str]) -> list[str]:
    """Return the third-party modules that a command has loaded when it ends."""
    arguments = [sys.executable, "-c", ASK_MODULES, "--config", str(config), *command]
    done = subprocess.run(arguments, env=environment(folder), capture_output=True, check=True, text=True)
    return done.stdout.splitlines()[-1].split()


class Warm:
    """A process that runs already, with an agenda that it keeps."""

    def __init__(self, config: Path) -> None:
        self.now = datetime.now(UTC)
        self.container = Container(settings=find_settings(config), clock=SteppingClock(self.now))
        [self.definition] = self.container.definitions.load().definitions
        self.store = open_store(f"sqlite:///{config.parent / 'hanchot.db'}")
        self.agendas = AgendaCache()
        self.numbers = count()
        self.record()
        self.follow()

    def record(self) -> None:
        """Record a submission of another milestone and party each time."""
        number = next(self.numbers)
        plan = self.definition.plan
        milestone, party = f"milestone-{4 + number % 10}", f"school-{1 + number // 10:04}"
        fact = commands.received(plan, milestone, party, at=self.now, channel="email")
        record(self.container.services(self.store), Definition(plan=plan, source=""), fact)

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
        configs = {size: write_definitions(folder / str(size), size) for size in SIZES}
        for config in configs.values():  # loads the plan into the record
            spend(folder, "-m", "scheduler", "--config", str(config), "tick")
        modules = {way: ask_modules(folder, configs[SIZES[0]], command) for way, command in COMMANDS.items()}
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
        report_warm({key: min(found) for key, found in times.items()})
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


def report_warm(best: dict[tuple[int, str], float]) -> None:
    print(f"\none fact in a process that runs already (target: at most {MOST_GROWTH:g} times the cost with {SIZES[0]})")
    print(f"{'parties':>8}{'recorded':>12}{'of ' + str(SIZES[0]):>9}{'followed':>12}{'drawn anew':>13}")
    for size in SIZES:
        recorded, followed, drawn = (best[size, way] * 1000 for way in ("record", "follow", "draw"))
        growth = recorded / (best[SIZES[0], "record"] * 1000)
        print(f"{size:8,}{recorded:9.1f} ms{growth:7.2f} x{followed:9.1f} ms{drawn:10.1f} ms")


if __name__ == "__main__":
    main()
