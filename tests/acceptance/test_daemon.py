"""The running daemon: it loads edits, notifies systemd of its state, and logs for programs."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.clock import SystemClock
from tests.acceptance.conftest import ROOT, Daemon, Installed, clean_environment
from tests.support.faked_clock import faked_by
from tests.support.polling import TIMEOUT, wait_until

CHECKS = ("database", "plans", "clock", "daemon", "account")  # of readiness
UNIT = ROOT / "contrib" / "hanchot.service"


@pytest.fixture
def office(hanchot: Installed, tmp_path: Path) -> Path:
    """Return a starter folder as `hanchot init` writes it."""
    assert hanchot(tmp_path, "init", "office").returncode == 0
    return tmp_path / "office"


def test_a_daemon_whose_record_was_replaced_says_so_and_ends(
    hanchot: Installed, office: Path, daemons: list[Daemon]
) -> None:
    """It fails, so that systemd starts it again; the heartbeat of thirty seconds is the longest that it takes."""
    daemon = hanchot.start(office, "run", "--log", "text")
    daemons.append(daemon)
    daemon.wait_for(" started ")
    record = office / "var" / "hanchot.db"
    shutil.copy(record, office / "backup.db")
    (office / "backup.db").rename(record)
    daemon.wait_for("another file has taken the place of the database")
    assert daemon.process.wait(TIMEOUT) == 1


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Return a socket that listens as systemd does."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(TIMEOUT)
        yield listener


def next_state(manager: socket.socket) -> bytes:
    """Return the next notification that is no heartbeat; a slow machine may have sent any number of those."""
    while (heard := manager.recv(100)).startswith((b"WATCHDOG=", b"EXTEND_TIMEOUT_USEC=")):
        pass
    return heard


def rows(daemon: Daemon) -> list[dict[str, Any]]:
    """Return what a daemon has logged, every line an object."""
    return [json.loads(line) for line in daemon.lines]


def test_an_edit_is_taken_and_a_wrong_one_refused_while_the_daemon_runs(
    hanchot: Installed, office: Path, daemons: list[Daemon]
) -> None:
    """The last good revision goes on; once it is put right it is taken again."""
    plan = office / "workflows" / "our-office" / "plan.toml"
    good = plan.read_text(encoding="utf-8")
    daemon = hanchot.start(office, "run", "--log", "text")
    daemons.append(daemon)
    daemon.wait_for(" started ")
    (before,) = hanchot.rows(office, "plans")

    plan.write_text(good.replace("-03-", "-04-"), encoding="utf-8")
    daemon.wait_for(" loaded ")
    (after,) = hanchot.rows(office, "plans")
    assert before["revision"] != after["revision"]
    agenda = hanchot.rows(office, "agenda")

    plan.write_text(good.replace('kind = "deadline"', 'kind = "dedline"', 1), encoding="utf-8")
    line = daemon.wait_for(" refused ")
    assert "plan.toml:" in line
    assert "dedline" in line
    daemon.wait_for("goes on until this is put right")

    plan.write_text(good.replace("-03-", "-04-"), encoding="utf-8")
    received = hanchot(office, "receive", after["plan"], "dang-ky", "branch-one")
    assert received.returncode == 0
    assert hanchot.rows(office, "plans")[0]["revision"] == after["revision"]
    assert len(hanchot.rows(office, "agenda")) < len(agenda)
    assert daemon.end(signal.SIGTERM) == 0


def test_systemd_hears_that_the_daemon_is_ready_and_that_it_ends(
    hanchot: Installed, office: Path, daemons: list[Daemon], manager: socket.socket
) -> None:
    """Ready means that the first tick is done."""
    daemon = hanchot.start(office, "run", NOTIFY_SOCKET=manager.getsockname())
    daemons.append(daemon)
    assert next_state(manager) == b"READY=1"
    assert (office / "var" / "hanchot.db").exists()
    assert daemon.end(signal.SIGTERM) == 0
    assert next_state(manager) == b"STOPPING=1"


def test_without_a_terminal_every_line_of_the_log_is_json(
    hanchot: Installed, office: Path, daemons: list[Daemon]
) -> None:
    """With ids and a level; what ends the start is a line as well."""
    daemon = hanchot.start(office, "run")
    daemons.append(daemon)
    daemon.wait_for('"started"')
    assert daemon.end(signal.SIGTERM) == 0
    daemon.wait_for('"stopped"')
    found = rows(daemon)
    first, second, *others = [row["event"] for row in found]
    assert (first, second, others[-1], set(others) <= {"checked", "stopped"}) == ("loaded", "started", "stopped", True)
    assert {row["level"] for row in found} == {"info"}
    assert found[0]["plan"].startswith("our-office-")

    (office / "var" / "hanchot.db").write_bytes(b"no database" * 100)
    broken = hanchot.start(office, "run")
    daemons.append(broken)
    broken.wait_for("is not a SQLite database")
    assert broken.process.wait(TIMEOUT) == 1
    assert [row["level"] for row in rows(broken)] == ["error"]


def test_a_full_disk_behind_the_log_does_not_stop_the_daemon(
    hanchot: Installed, office: Path, manager: socket.socket
) -> None:
    """It becomes ready, and ends well on a signal."""
    environment = clean_environment({"NOTIFY_SOCKET": manager.getsockname()})
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen([hanchot.bin / "hanchot", "run"], cwd=office, stderr=full, env=environment)
    try:
        assert next_state(manager) == b"READY=1"
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0
    finally:
        process.kill()
        process.wait(TIMEOUT)
    (plan,) = hanchot.rows(office, "plans")
    assert plan["first_loaded"] is not None


# ---- the clock


def stopped_before(
    due: datetime, hanchot: Installed, office: Path, daemons: list[Daemon]
) -> tuple[Path, Daemon, timedelta]:
    """Return a copy of the office, a daemon of it that stopped shortly before `due`, and how far its clock is ahead.

    A loaded machine needs longer to start it, which shows only afterwards: then a fresh copy gets more time.
    """
    for seconds in (5, 15, 45):
        copy = Path(shutil.copytree(office, office.with_name(f"{office.name}-{seconds}")))
        ahead = due - timedelta(seconds=seconds) - SystemClock().now()
        daemon = hanchot.start(copy, "run", **faked_by(ahead))
        daemons.append(daemon)
        daemon.wait_for('"started"')
        daemon.process.send_signal(signal.SIGSTOP)
        if SystemClock().now() + ahead < due:
            return copy, daemon, ahead
        daemon.close()
    pytest.fail("it did not start in time")


def test_what_falls_due_while_the_process_is_stopped_leaves_when_it_goes_on(
    hanchot: Installed, office: Path, daemons: list[Daemon]
) -> None:
    """It has seen nothing of the instant that passed; nothing is lost, and it knows of no trouble."""
    agenda = hanchot.rows(office, "agenda")
    due = datetime.fromisoformat(agenda[0]["at"])
    office, daemon, ahead = stopped_before(due, hanchot, office, daemons)
    wait_until(lambda: SystemClock().now() + ahead > due + timedelta(seconds=0.5), "the instant passes")
    daemon.process.send_signal(signal.SIGCONT)
    owed = sum(step["at"] == agenda[0]["at"] for step in agenda)
    for _ in range(owed):
        daemon.wait_for('"sent"')
    assert daemon.end(signal.SIGTERM) == 0
    assert {row["level"] for row in rows(daemon)} == {"info"}
    assert [mail["state"] for mail in hanchot.rows(office, "outbox", "list")] == ["sent"] * owed
    assert len(list((office / "var" / "mail" / "new").iterdir())) == owed


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=365)])
def test_a_tick_with_a_clock_that_jumped_does_nothing_until_somebody_accepts_it(
    hanchot: Installed, office: Path, ahead: timedelta
) -> None:
    """It says so and fails; the same machine knows by its uptime that no time has passed."""
    assert hanchot(office, "tick").returncode == 0
    before = hanchot.rows(office, "agenda", "--from", "2000-01-01", "--to", "2100-01-01")
    wrong = hanchot(office, "tick", **faked_by(ahead))
    assert (wrong.returncode, b"hanchot clock accept" in wrong.stderr) == (1, True)
    assert b"ahead of what has passed" in hanchot(office, "doctor", **faked_by(ahead)).stdout
    assert hanchot.rows(office, "agenda", "--from", "2000-01-01", "--to", "2100-01-01") == before
    assert hanchot(office, "tick").returncode == 0
    assert hanchot(office, "clock", "accept", **faked_by(ahead)).returncode == 0
    assert hanchot(office, "tick", **faked_by(ahead)).returncode == 0


@pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(days=400)])
def test_a_daemon_with_a_clock_that_jumped_and_an_edit_starts_and_waits(
    hanchot: Installed, office: Path, daemons: list[Daemon], ahead: timedelta
) -> None:
    """It would never come back if it ended for want of a plan: systemd does not start it again after exit code 3."""
    assert hanchot(office, "tick").returncode == 0
    plan = office / "workflows" / "our-office" / "plan.toml"
    plan.write_text(re.sub(r"(?m)^title = .*", 'title = "Edited"', plan.read_text(encoding="utf-8"), count=1), "utf-8")
    daemon = hanchot.start(office, "run", **faked_by(ahead))
    daemons.append(daemon)
    daemon.wait_for("hanchot clock accept")
    daemon.wait_for('"started"')
    assert "loaded" not in {row["event"] for row in rows(daemon)}
    assert hanchot(office, "clock", "accept", **faked_by(ahead)).returncode == 0
    daemon.wait_for('"loaded"')  # at the next heartbeat
    assert daemon.end(signal.SIGTERM) == 0


# ---- the unit file


def systemd_analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run systemd's own check, or skip where it is not installed."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed (`make servers` installs it)")
    command = [program, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)


@pytest.fixture
def unit(hanchot: Installed, tmp_path: Path) -> Path:
    """Return the unit with the program where it is installed here."""
    text = UNIT.read_text(encoding="utf-8")
    assert "ExecStart=/opt/hanchot/bin/hanchot " in text
    file = tmp_path / UNIT.name
    file.write_text(text.replace("ExecStart=/opt/hanchot/bin/", f"ExecStart={hanchot.bin}/"), encoding="utf-8")
    return file


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    """Not even an unknown key."""
    done = systemd_analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_calls_the_unit_well_protected(unit: Path) -> None:
    """1.5 of 10 at most ("OK" ends at 5); an unprotected service has 9.6."""
    done = systemd_analyze("security", "--offline=true", "--threshold=15", "--no-pager", unit)
    assert done.returncode == 0, done.stdout


def test_the_watchdog_waits_longer_than_a_heartbeat() -> None:
    """Otherwise systemd would end a daemon that is well."""
    from scheduler.engine.runners.apscheduler_runner import HEARTBEAT

    (minutes,) = [
        line.removeprefix("WatchdogSec=").removesuffix("min")
        for line in UNIT.read_text(encoding="utf-8").splitlines()
        if line.startswith("WatchdogSec=")
    ]
    assert float(minutes) * 60 >= 3 * HEARTBEAT


def test_monitoring_can_ask_a_running_daemon(hanchot: Installed, office: Path, daemons: list[Daemon]) -> None:
    """It lives at once and is ready after its first tick."""
    daemon = hanchot.start(office, "run", "--log", "json")
    daemons.append(daemon)
    started = json.loads(daemon.wait_for('"started"'))
    address = started["text"].rpartition(" ")[2]
    with urllib.request.urlopen(f"{address}/healthz", timeout=TIMEOUT) as answer:
        assert answer.read() == b"ok\n"
    daemon.wait_for('"checked"')
    wait_until(lambda: readiness(address)["daemon"] == "ok", "the first tick is recorded")
    assert readiness(address) == {"ready": True} | dict.fromkeys(CHECKS, "ok")
    assert daemon.end(signal.SIGTERM) == 0


def test_a_daemon_whose_port_is_taken_says_so_and_ends(hanchot: Installed, office: Path) -> None:
    """Rather than run where nobody can look."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        done = hanchot(office, "run", "--log", "text", HANCHOT_SERVER__PORT=port)
    assert done.returncode == 1
    assert f"cannot listen at 127.0.0.1 port {port}" in done.stderr.decode()


def readiness(address: str) -> dict[str, Any]:
    """Return what a daemon says of itself, ready or not."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=TIMEOUT) as answer:
            said = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            said = error.read()
    parsed: dict[str, Any] = json.loads(said)
    return parsed
