"""Measure how fast a process starts with 100,000 rungs pending, and how fast it simulates a whole year.

    .venv/bin/python bench/startup.py [ROUNDS]

The first measurement is `hanchot tick` as a process, from start to end, on definition files with 1,000
parties and 10 milestones whose rungs are all in the database already: once with the status check of the
morning already made, once with it due. The second is `hanchot simulate` of the year of the shipped plan, as a
process. The peer of both is a process that imports the third-party modules which `simulate` has loaded
when it ends, and does nothing else. All take turns in each round; the best of the rounds is shown, for wall
time and CPU time independently.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

PARTIES, MILESTONES = 1000, 10
SIMULATE = ["simulate", "bac-trung-bo-2023", "--from", "2023-02-20", "--to", "2023-12-31", "--format", "json"]
MOST_SECONDS, MOST_MEMORY, MOST_RATIO = 1.0, 120, 2.5

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
# Times each part of `hanchot tick`.
PARTS = """
import json, sys, time
from pathlib import Path
marks = [time.perf_counter()]
from scheduler.bootstrap import Container, find_settings
from scheduler.cli import main
from scheduler.clock import SystemClock
marks.append(time.perf_counter())
app = Container(settings=find_settings(Path(sys.argv[1])), clock=SystemClock())
with app.store() as store:
    ticker = app.ticker(app.services(store))
    marks.append(time.perf_counter())
    assert not [problem for problem in ticker.load() if problem.severity == "error"]
    marks.append(time.perf_counter())
    ticker.tick()
    marks.append(time.perf_counter())
print(json.dumps([later - earlier for earlier, later in zip(marks, marks[1:])]))
"""


class Cost(NamedTuple):
    """What a process cost: wall time and CPU time in seconds, peak memory in MB."""

    wall: float
    cpu: float
    memory: float


def spend(folder: Path, *arguments: str) -> Cost:
    """Run Python with these arguments to its end, in a folder without a configuration."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{arguments[:4]} ended with {process.returncode}"
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which bytecode is cached, as in an installed program."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def write_definitions(folder: Path, size: int, count: int) -> Path:
    """Write a configuration with a plan of `size` parties and `count` milestones to come; return its path."""
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
        f'[[milestones]]\nid = "milestone-{n}"\nkind = "deadline"\ntitle = "Báo cáo số {n}"\nsection = "3.{n}"\n'
        f'responsible = "members"\nreport_to = ["lead"]\nbefore = {first + timedelta(weeks=2 * n)}\n'
        f'deliverables = [{{ id = "bao-cao", title = "Báo cáo" }}]\nchannels = ["paper", "email"]'
        for n in range(count)
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


def ask(folder: Path, *arguments: str) -> str:
    """Return the last line that a process writes to standard output."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment(folder), capture_output=True, check=True, text=True
    )
    return done.stdout.splitlines()[-1]


def count_pending(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        return int(connection.execute("SELECT count(*) FROM rung WHERE state = 'planned'").fetchone()[0])


def forget_check(database: Path) -> None:
    """Mark the status check of today as not made."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE plan SET checked_at = NULL")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write_definitions(folder / "plans", PARTIES, MILESTONES)
        database = config.parent / "hanchot.db"
        modules = ask(folder, "-c", ASK_MODULES, *SIMULATE).split()
        imports = folder / "imports.py"
        imports.write_text("\n".join(f"import {module}" for module in modules))
        tick = ["-m", "scheduler", "--config", str(config), "tick"]
        ways = {
            "bare imports": [str(imports)],
            "a year simulated": ["-m", "scheduler", *SIMULATE],
            "tick": tick,
            "tick and check": tick,
        }
        for arguments in ways.values():  # caches the bytecode; the first tick loads the plan into the record
            spend(folder, *arguments)
        pending = count_pending(database)
        results: dict[str, list[Cost]] = {way: [] for way in ways}
        parts: list[list[float]] = []
        for _ in range(rounds):
            for way, arguments in ways.items():
                if way == "tick and check":
                    forget_check(database)
                results[way].append(spend(folder, *arguments))
            parts.append(json.loads(ask(folder, "-c", PARTS, str(config))))
    best = {way: Cost(*map(min, zip(*costs, strict=True))) for way, costs in results.items()}
    shares = [min(times) for times in zip(*parts, strict=True)]
    report(best, shares, f"{pending:,} rungs pending; {len(modules)} modules imported; best of {rounds} rounds")


def report(best: dict[str, Cost], shares: list[float], title: str) -> None:
    peer, tick, year = best["bare imports"], best["tick"], best["a year simulated"]
    print(title)
    print(f"{'':16}{'wall':>9}{'of peer':>9}{'CPU':>9}{'of peer':>9}{'memory':>9}")
    for way, cost in best.items():
        wall, cpu = cost.wall / peer.wall, cost.cpu / peer.cpu
        print(f"{way:16}{cost.wall:7.2f} s{wall:7.2f} x{cost.cpu:7.2f} s{cpu:7.2f} x{cost.memory:6.0f} MB")
    words = ("imports", "opening", "reading the files", "the first tick")
    print("of a tick:", ", ".join(f"{word} {share:.2f} s" for word, share in zip(words, shares, strict=True)))
    print(
        f"start to first tick done: {tick.wall:.2f} s, {tick.memory:.0f} MB"
        f" (targets: under {MOST_SECONDS:g} s, under {MOST_MEMORY} MB)"
    )
    print(f"a year simulated: {year.wall / peer.wall:.2f} times the bare imports (target: at most {MOST_RATIO:g})")


if __name__ == "__main__":
    main()
