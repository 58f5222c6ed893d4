"""A fleet as its operators run it: planners, workers and pages as processes of the installed program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from scheduler.clock import SystemClock
from scheduler.config import write_secret
from scheduler.ports import Mail, MessageState, Outgoing
from scheduler.store import open_store
from tests.support.polling import TIMEOUT, wait_until

PLAN = """\
schema = 1

[plan]
id = "fleet"
title = "The plan of a fleet"
issued = 2023-01-02
year = 2023
timezone = "UTC"
language = "en"
workweek = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

[plan.office]
name = "Office"
contact = "Officer"
email = "office@cum.example"

[ladder]
hours = ["00:00", "23:59"]

[groups]
lead = ["office"]
members = ["beta"]

[[milestones]]
id = "report"
kind = "deadline"
title = "Report"
section = "1"
responsible = "members"
by = 2023-03-20
"""
ROSTER = """\
[parties.office]
name = "Lead"
contacts = [{ name = "A", email = "a@lead.example" }]

[parties.beta]
name = "Beta"
contacts = [{ name = "B", email = "b@beta.example" }]
"""
CONFIG = """\
[server]
port = 0

[database]
url = "{url}"

[engine]
kind = "{kind}"

[mail]
transport = "smtp"
from = "hanchot@cum.example"

[mail.smtp]
host = "127.0.0.1"
port = {port}
security = "none"

[mail.limits]
per_minute = 0
per_day = 0
"""


@dataclass
class Fleet:
    """A folder with a configuration and a plan, and the processes that were started on it."""

    folder: Path
    url: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command that stays up; what it says goes into a file of its own."""
        log = (self.folder / f"{len(self.processes):02}-{arguments[0]}.log").open("wb")
        with log:
            process = subprocess.Popen(self._command(arguments), cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(arguments), cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the JSON Lines of a command that succeeds."""
        done = self.run(*arguments, "--format", "json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def doctor(self) -> list[dict[str, Any]]:
        """Return the verdicts of the doctor, whatever they are."""
        return [json.loads(line) for line in self.run("doctor", "--format", "json").stdout.splitlines()]

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "scheduler", *arguments]

    def log_of(self, process: subprocess.Popen[bytes]) -> str:
        """Return what a process has said."""
        number = self.processes.index(process)
        [file] = self.folder.glob(f"{number:02}-*.log")
        return file.read_text(encoding="utf-8")

    def wait_until_it_says(self, process: subprocess.Popen[bytes], words: str) -> None:
        """Wait until a process has logged some words."""
        wait_until(lambda: words in self.log_of(process) or process.poll() is not None, f"{words!r} is logged")
        assert words in self.log_of(process), self.log_of(process)

    def queue(self, count: int) -> dict[str, bytes]:
        """Put mails into the outbox that may leave at any hour; return their bytes by Message-ID."""
        now = SystemClock().now()
        mails = {}
        with closing(open_store(self.url)) as store, store.transaction() as unit:
            for number in range(count):
                id = f"<{number}.{now.timestamp()}@cum.example>"
                data = f"Message-ID: {id}\r\nSubject: mail {number}\r\n\r\n{'text ' * 40}\r\n".encode()
                mails[id] = data
                mail = Mail(message_id=id, date=now, address=f"a{number}@beta.example", subject="x", data=data)
                unit.outbox.add(
                    Outgoing(
                        mail=mail,
                        kind="receipt",
                        plan="fleet",
                        milestone=None,
                        party="beta",
                        created_at=now,
                        not_before=now,
                        expires_at=now + timedelta(days=9),
                    )
                )
        return mails

    def states(self) -> dict[MessageState, int]:
        """Return the number of mails by state."""
        with closing(open_store(self.url)) as store, store.reading() as view:
            return dict(view.outbox.counts())

    def kill_all(self) -> None:
        """End every process, frozen or not."""
        for process in self.processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                process.wait(TIMEOUT)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ask a process to stop; return its exit status."""
    process.send_signal(signal.SIGTERM)
    return process.wait(TIMEOUT)


@contextmanager
def make_fleet(folder: Path, url: str, port: int, *, kind: str = "procrastinate") -> Iterator[Fleet]:
    """Prepare a folder and the tables for a fleet that sends to a port of this machine; end its processes at last."""
    (folder / "workflows").mkdir(parents=True)
    (folder / "workflows" / "plan.toml").write_text(PLAN, encoding="utf-8")
    (folder / "workflows" / "parties.toml").write_text(ROSTER, encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG.format(url=url, port=port, kind=kind), encoding="utf-8")
    write_secret(folder / "var" / "secret", b"the secret of this installation, which nobody knows")
    fleet = Fleet(folder, url)
    assert fleet.run("db", "upgrade").returncode == 0
    try:
        yield fleet
    finally:
        fleet.kill_all()
