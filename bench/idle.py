"""Measure memory, CPU time and wake-ups of a daemon with 100,000 rungs pending while nothing is due.

    .venv/bin/python bench/idle.py [SECONDS]

`hanchot run` is started on definitions whose rungs all lie ahead. After its first tick it is
watched for SECONDS (120: four heartbeats) through /proc: resident memory, CPU time, and the voluntary
context switches of its threads, which count how often something woke them. The peer, watched over the
same time, is the least that could do the waiting: a process in which APScheduler calls an empty
function at the same heartbeat. A busy loop would show as thousands of wake-ups.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from startup import MILESTONES, PARTIES, count_pending, environment, spend, write_definitions

from scheduler.engine.runners.apscheduler_runner import HEARTBEAT

MOST_MEMORY = 90
DAY = 86_400
PEER = f"""
import threading
from datetime import UTC
from apscheduler.schedulers.background import BackgroundScheduler
scheduler = BackgroundScheduler(timezone=UTC)
scheduler.add_job(lambda: None, "interval", seconds={HEARTBEAT})
scheduler.start()
threading.Event().wait()
"""


class Sample(NamedTuple):
    """A process at one moment: CPU seconds and wake-ups so far, resident memory in MB, number of threads."""

    cpu: float
    wakes: int
    memory: float
    threads: int


def look(pid: int) -> Sample:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    tasks = [status.read_text() for status in Path(f"/proc/{pid}/task").glob("*/status")]
    wakes = sum(read(text, "voluntary_ctxt_switches") for text in tasks)
    return Sample(cpu, wakes, read(tasks[0], "VmRSS") / 1024, len(tasks))


def read(status: str, key: str) -> int:
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(key))


def last_tick(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        found = connection.execute("SELECT completed_at FROM tick").fetchone()
    return int(found[0]) if found else 0


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write_definitions(folder / "plans", PARTIES, MILESTONES)
        database = config.parent / "hanchot.db"
        command = ["-m", "scheduler", "--config", str(config)]
        spend(folder, *command, "tick")  # loads the plan into the record
        before = last_tick(database)
        running = {
            name: subprocess.Popen(
                [sys.executable, *arguments], cwd=folder, env=environment(folder), stderr=subprocess.DEVNULL
            )
            for name, arguments in {"the daemon": [*command, "run"], "bare APScheduler": ["-c", PEER]}.items()
        }
        try:
            while last_tick(database) == before:
                time.sleep(0.1)
            time.sleep(2)
            first = {name: look(process.pid) for name, process in running.items()}
            time.sleep(seconds)
            last = {name: look(process.pid) for name, process in running.items()}
        finally:
            for process in running.values():
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)
        report(first, last, seconds, count_pending(database))


def report(first: dict[str, Sample], last: dict[str, Sample], seconds: float, pending: int) -> None:
    print(f"{pending:,} rungs pending; watched for {seconds:.0f} s, a heartbeat every {HEARTBEAT:.0f} s")
    print(f"{'':18}{'memory':>9}{'threads':>9}{'CPU':>9}{'CPU a day':>11}{'wake-ups':>10}{'a minute':>10}")
    for name, start in first.items():
        end = last[name]
        cpu, wakes = end.cpu - start.cpu, end.wakes - start.wakes
        print(
            f"{name:18}{end.memory:6.0f} MB{end.threads:9}{cpu:7.2f} s{cpu / seconds * DAY:9.0f} s"
            f"{wakes:10}{wakes / seconds * 60:10.1f}"
        )
    print(f"the daemon holds {last['the daemon'].memory:.0f} MB (target: under {MOST_MEMORY})")


if __name__ == "__main__":
    main()
