"""A backup brought to another machine: calendars and mails go on there as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
import urllib.request
from pathlib import Path

from tests.acceptance.conftest import Daemon, Installed
from tests.support.mail_servers import free_port

SITE = {"HANCHOT_SERVER__PUBLIC_URL": "https://thidua.example"}


def serve(hanchot: Installed, folder: Path, daemons: list[Daemon], *paths: str) -> list[bytes]:
    """Let the daemon work once, and return what it serves at these paths."""
    port = free_port()
    daemon = hanchot.start(folder, "run", **SITE, HANCHOT_SERVER__PORT=str(port))
    daemons.append(daemon)
    daemon.wait_for("the daemon runs")
    served = []
    for path in paths:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            served.append(answer.read())
    assert daemon.end(signal.SIGTERM) == 0
    return served


def test_calendars_are_the_same_to_the_byte_and_nothing_is_mailed_twice(
    hanchot: Installed, tmp_path: Path, daemons: list[Daemon]
) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "backup.tar.gz"
    assert hanchot(tmp_path, "init", here).returncode == 0
    assert hanchot(here, "tick", **SITE).returncode == 0
    (plan,) = hanchot.rows(here, "plans")
    assert hanchot(here, "receive", plan["plan"], "dang-ky", "branch-one", **SITE).returncode == 0
    assert hanchot(here, "fix-date", plan["plan"], "so-ket", f"{plan['year']}-07-15T08:00", **SITE).returncode == 0
    paths = []
    for audience in (("--party", "branch-one"), ("--public", "--plan", plan["plan"])):
        made = hanchot(here, "feeds", "create", *audience, **SITE).stdout.decode()
        address = next(word for word in made.split() if "/calendar/" in word)
        paths.append(address.removeprefix("https://thidua.example"))
    served = serve(hanchot, here, daemons, *paths)
    mails = hanchot.rows(here, "outbox", "list")
    assert hanchot(here, "db", "backup", file).returncode == 0

    there.mkdir()
    shutil.copy(here / "config.toml", there)
    shutil.copytree(here / "workflows", there / "workflows")
    restored = hanchot(there, "db", "restore", file)
    assert (restored.returncode, restored.stderr) == (0, b"")
    assert serve(hanchot, there, daemons, *paths) == served
    assert all(calendar.startswith(b"BEGIN:VCALENDAR\r\n") for calendar in served)
    assert hanchot.rows(there, "outbox", "list") == mails
    assert hanchot.rows(there, "agenda") == hanchot.rows(here, "agenda")
