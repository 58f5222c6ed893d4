"""A fleet as operators run it: its roles, in any order, and what they are told when something does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fleet import Fleet, make_fleet, stop
from tests.support.polling import wait_until
from tests.support.postgresql import Cluster
from tests.support.slow_smtp import SlowServer, run_slow_server

COMMENT = "COMMENT ON TABLE procrastinate_jobs IS"


@pytest.fixture
def database(postgres: Cluster) -> Iterator[str]:
    """Return the name of a database with tables."""
    name = postgres.copy()
    yield name
    postgres.drop(name)


@pytest.fixture
def server() -> Iterator[SlowServer]:
    """Return a mail server that takes everything at once."""
    with run_slow_server(0) as it:
        yield it


@pytest.fixture
def fleet(postgres: Cluster, database: str, server: SlowServer, tmp_path: Path) -> Iterator[Fleet]:
    """Return a fleet of which nothing runs yet."""
    with make_fleet(tmp_path / "fleet", postgres.url(database), server.port) as it:
        yield it


def test_planner_workers_and_pages_start_and_stop_in_any_order(fleet: Fleet, server: SlowServer) -> None:
    """A worker and the pages wait for a planner, and each ends when it is told to."""
    web, worker = fleet.start("web"), fleet.start("worker", "--concurrency", "2")
    fleet.wait_until_it_says(web, "the pages are served; http://127.0.0.1:")
    fleet.wait_until_it_says(worker, "the worker waits for mails")
    sent = fleet.queue(30)
    planner = fleet.start("run", "--no-deliver", "--no-web")
    wait_until(lambda: fleet.states() == {"sent": 30}, "all are sent")
    assert stop(planner) == 0
    later = fleet.queue(10)
    assert stop(worker) == 0
    standby, second = fleet.start("run", "--no-deliver", "--no-web"), fleet.start("worker")
    wait_until(lambda: fleet.states() == {"sent": 40}, "all are sent")
    assert sorted(data.removesuffix(b".\r\n") for data in server.received) == sorted([*sent.values(), *later.values()])
    assert [stop(process) for process in (web, second, standby)] == [0, 0, 0]
    assert fleet.rows("incident") == []


def test_another_planner_takes_over(fleet: Fleet) -> None:
    """From one that was killed, without a word of farewell; the standby reads no file before."""
    first = fleet.start("run", "--no-deliver", "--no-web")
    fleet.wait_until_it_says(first, "the daemon runs")
    second = fleet.start("run", "--no-deliver", "--no-web")
    fleet.wait_until_it_says(second, "another process plans; this one stands by")
    first.kill()
    wait_until(lambda: "this process plans from now on" in fleet.log_of(second), "it takes over")


def test_a_mail_in_flight_at_a_kill_is_named(postgres: Cluster, database: str, tmp_path: Path) -> None:
    """Exactly the two whose attempts had been begun; nobody has sent them again yet."""
    with run_slow_server(2) as slow, make_fleet(tmp_path / "fleet", postgres.url(database), slow.port) as fleet:
        worker = fleet.start("worker", "--concurrency", "2")
        fleet.queue(120)
        fleet.start("run", "--no-deliver", "--no-web")
        wait_until(lambda: len(slow.received) == 2, "two mails have gone over")
        worker.kill()
        worker.wait()
        wait_until(lambda: len(fleet.rows("incident")) == 2, "their worker is known to be gone", 180)
        named = fleet.rows("incident")
    assert {row["to"] for row in named} == {"a0@beta.example", "a50@beta.example"}  # the first of each chunk
    assert {row["copies"] for row in named} == {"it goes out once more; a copy may have arrived"}


@contextmanager
def refused(fleet: Fleet, *arguments: str) -> Iterator[str]:
    """Yield what a command says that does not start."""
    done = fleet.run(*arguments)
    assert done.returncode != 0
    yield done.stdout + done.stderr


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TABLE procrastinate_jobs CASCADE", "are missing, or older"),
        (
            "COMMENT ON TABLE procrastinate_jobs IS 'hanchot: procrastinate 3.1.0, 03.01.00_50_post_add_heartbeat.sql'",
            "are missing, or older",
        ),
        (
            "COMMENT ON TABLE procrastinate_jobs IS 'hanchot: procrastinate 99.0.0, 99.00.00_01_new.sql'",
            "those of Procrastinate 99.0.0",
        ),
        (f"{COMMENT} NULL", "another program uses Procrastinate"),
    ],
)
@pytest.mark.parametrize("command", [("run",), ("worker",), ("web",)], ids=" ".join)
def test_tables_of_the_engine_that_do_not_fit_are_told(
    fleet: Fleet, postgres: Cluster, database: str, statement: str, words: str, command: tuple[str, ...]
) -> None:
    postgres.psql(statement, database)
    with refused(fleet, *command) as said:
        assert words in said


def test_a_machine_with_another_secret_is_refused(fleet: Fleet) -> None:
    """And told where the right one is."""
    planner = fleet.start("run", "--no-deliver", "--no-web")
    fleet.wait_until_it_says(planner, "the daemon runs")
    (fleet.folder / "var" / "secret").write_text("another secret of this length, at the least\n", encoding="utf-8")
    with refused(fleet, "worker") as said:
        assert "this machine has another secret than" in said
    [verdict] = [row for row in fleet.doctor() if row["check"] == "machines"]
    assert (verdict["state"], "another secret than here" in verdict["message"]) == ("error", True)


def test_a_worker_needs_an_engine_that_hands_mails_over(fleet: Fleet) -> None:
    config = fleet.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace('"procrastinate"', '"embedded"'), encoding="utf-8")
    with refused(fleet, "worker") as said:
        assert "a worker would get none" in said


def test_a_file_cannot_be_shared_by_machines(fleet: Fleet) -> None:
    config = fleet.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace(fleet.url, "sqlite:///var/x.db"), encoding="utf-8")
    with refused(fleet, "run") as said:
        assert "several machines need a database with a server" in said
