"""An ordeal for a fleet: workers and planners are killed and frozen, connections cut, and the server restarted.

    .venv/bin/python -m tests.resilience.ordeal --seconds 300 --mails 20000

Then everything is left alone until all mails have left, and what the mail server took is compared with the record: no
mail is lost, a mail came more than once only if an attempt at it was interrupted, each of them is named by
`hanchot incident`, and all copies of a mail have the same bytes.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.support.fleet import Fleet, make_fleet
from tests.support.polling import wait_until
from tests.support.postgresql import Cluster, running_cluster
from tests.support.slow_smtp import SlowServer, run_slow_server

WORKERS, CONCURRENCY = 4, 4
LATENCY = 0.05  # seconds before each of the four replies to a mail
FROZEN = 55.0  # seconds; longer than a heartbeat may be silent
CALM = 300.0  # seconds in which all is delivered afterwards


@dataclass(frozen=True)
class Ordeal:
    """What was done and what came of it."""

    blows: Counter[str]
    lost: int
    copies: dict[str, int]  # how often each mail came that came more than once, by its subject
    named: Counter[str]  # how often `hanchot incident` names each mail
    altered: int  # copies with other bytes
    seconds: float

    @property
    def unexplained(self) -> list[str]:
        """Return the mails that came more often than interruptions explain."""
        return [id for id, times in self.copies.items() if times - 1 > self.named[id]]

    def __str__(self) -> str:
        extra = sum(times - 1 for times in self.copies.values())
        return (
            f"{dict(self.blows)} in {self.seconds:.0f} s: {self.lost} lost, {extra} extra copies, "
            f"{len(self.unexplained)} of them unexplained, {self.altered} altered, {sum(self.named.values())} named"
        )


def run_ordeal(
    cluster: Cluster, database: str, folder: Path, *, seconds: float, mails: int, seed: int, frozen: float = FROZEN
) -> Ordeal:
    """Let a fleet on a new database of a cluster suffer for some seconds; return what came of it."""
    chance, began = random.Random(seed), time.monotonic()
    with run_slow_server(LATENCY) as server, make_fleet(folder, cluster.url(database), server.port) as fleet:
        sent = fleet.queue(mails)
        planners = [fleet.start("run", "--no-deliver", "--no-web") for _ in range(2)]
        workers = [fleet.start("worker", "--concurrency", str(CONCURRENCY)) for _ in range(WORKERS)]
        for process in (*planners, *workers):
            fleet.wait_until_it_says(process, "started")
        blows = _strike(cluster, database, fleet, planners, workers, chance, seconds, frozen)
        wait_until(lambda: fleet.states() == {"sent": mails}, f"all mails are sent, not {fleet.states()}", CALM)
        named = Counter(row["to"] for row in fleet.rows("incident"))
        return _compare(server, sent, named, blows, time.monotonic() - began)


def _strike(
    cluster: Cluster,
    database: str,
    fleet: Fleet,
    planners: list[subprocess.Popen[bytes]],
    workers: list[subprocess.Popen[bytes]],
    chance: random.Random,
    seconds: float,
    frozen: float,
) -> Counter[str]:
    """Strike at random until the time is over; every process is started again, and the frozen one thaws."""
    blows: Counter[str] = Counter()
    ends, pause = time.monotonic() + seconds, threading.Event()
    restarts, planner_dies = [ends - seconds * 0.6, ends - seconds * 0.25], ends - seconds * 0.45
    icy = workers[0]
    icy.send_signal(signal.SIGSTOP)
    thaws = time.monotonic() + frozen
    blows["SIGSTOP"] += 1
    while (now := time.monotonic()) < max(ends, thaws):
        pause.wait(chance.uniform(1, 3))
        if now > thaws and blows["SIGCONT"] == 0:
            icy.send_signal(signal.SIGCONT)
            blows["SIGCONT"] += 1
        if restarts and now > restarts[0]:
            restarts.pop(0)
            cluster.restart()
            blows["restart"] += 1
        elif blows["planner killed"] == 0 and now > planner_dies:
            planners[0].kill()
            planners[0].wait()
            planners.append(fleet.start("run", "--no-deliver", "--no-web"))
            blows["planner killed"] += 1
        elif chance.random() < 0.5:
            number = chance.randrange(1, len(workers))
            workers[number].kill()
            workers[number].wait()
            workers[number] = fleet.start("worker", "--concurrency", str(CONCURRENCY))
            blows["worker killed"] += 1
        else:
            cluster.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
            blows["connections cut"] += 1
    if blows["SIGCONT"] == 0:
        icy.send_signal(signal.SIGCONT)
        blows["SIGCONT"] += 1
    return blows


def _compare(
    server: SlowServer, sent: dict[str, bytes], named: Counter[str], blows: Counter[str], seconds: float
) -> Ordeal:
    ids = {data: id for id, data in sent.items()}
    addresses = {id: f"a{id[1:].partition('.')[0]}@beta.example" for id in sent}
    came = Counter(ids.get(data.removesuffix(b".\r\n")) for data in list(server.received))
    altered = came.pop(None, 0)
    return Ordeal(
        blows=blows,
        lost=sum(id not in came for id in sent),
        copies={addresses[id]: times for id, times in came.items() if id is not None and times > 1},
        named=named,
        altered=altered,
        seconds=seconds,
    )


def main() -> None:
    """Run an ordeal on a server of its own and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with running_cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        name = cluster.copy()
        ordeal = run_ordeal(
            cluster,
            name,
            Path(folder) / "fleet",
            seconds=options.seconds,
            mails=options.mails,
            seed=options.seed,
        )
    sys.stdout.write(f"{ordeal}\n")
    raise SystemExit(bool(ordeal.lost or ordeal.altered or ordeal.unexplained))


if __name__ == "__main__":
    main()
