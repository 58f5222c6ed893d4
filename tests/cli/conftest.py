"""The command line called as a shell calls it, on folders of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from scheduler.cli import main
from tests.support.dovecot import dovecot
from tests.support.postgresql import empty_postgres_url, postgres, postgres_url

__all__ = ["dovecot", "empty_postgres_url", "postgres", "postgres_url"]

YEAR = datetime.now(UTC).year + 1  # noqa: TID251 - the commands read the machine's clock too


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set environment variables for the time of a block."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


@pytest.fixture(autouse=True)
def _without_dns() -> Iterator[None]:
    """Ask no DNS of this machine's network, about which a test can say nothing."""
    known, dns.resolver.default_resolver = dns.resolver.default_resolver, dns.resolver.Resolver(configure=False)
    yield
    dns.resolver.default_resolver = known


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return its JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line and return what it printed and its exit code."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        code = ended.value.code
        return Result(int(code or 0), printed.out, printed.err)

    return call


@dataclass(frozen=True)
class Office:
    """A folder with a configuration and a plan, and commands in it."""

    folder: Path
    plan: str
    call: Run

    def __call__(self, *arguments: object) -> Result:
        """Run a command with the folder's configuration."""
        return self.call("--config", self.folder / "config.toml", *arguments)

    def take_any_port(self) -> None:
        """Let the daemon choose its port: the usual one may be taken on this machine."""
        file = self.folder / "config.toml"
        words = file.read_text(encoding="utf-8")
        assert "port = 8321" in words
        file.write_text(words.replace("port = 8321", "port = 0"), encoding="utf-8")

    def rows(self, *arguments: object) -> list[dict[str, Any]]:
        """Return the JSON Lines of a listing that succeeds."""
        result = self(*arguments, "--format", "json")
        assert (result.code, result.err) == (0, "")
        return result.rows


@pytest.fixture
def office(tmp_path: Path, run: Run) -> Office:
    """Return a starter folder: a plan of next year whose first step lies ahead."""
    folder = tmp_path / "office"
    assert run("init", folder).code == 0
    return Office(folder, f"our-office-{YEAR}", run)


@pytest.fixture
def open_office(tmp_path: Path, run: Run) -> Office:
    """Return an office that is open now, whatever the hour and the day: it lies where it is about noon."""
    now = datetime.now(UTC)  # noqa: TID251 - the commands read the machine's clock too
    east = 12 - now.hour
    folder = tmp_path / "open-office"
    workflows = folder / "workflows" / "here"
    workflows.mkdir(parents=True)
    (folder / "config.toml").write_text("", encoding="utf-8")
    (workflows / "parties.toml").write_text(
        """
        [parties.lead-office]
        name = "Văn phòng"
        contacts = [{ name = "A", email = "a@lead.vn" }]
        [parties.branch]
        name = "Chi nhánh"
        contacts = [{ name = "B", email = "b@branch.vn" }, { name = "C", email = "c@branch.vn", role = "head" }]
        """,
        encoding="utf-8",
    )
    (workflows / "plan.toml").write_text(
        f"""
        schema = 1
        [plan]
        id = "here"
        title = "Kế hoạch"
        issued = {now.year - 1}-01-01
        year = {now.year}
        timezone = "Etc/GMT{-east:+d}"
        workweek = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        [plan.office]
        name = "Văn phòng"
        [groups]
        lead = ["lead-office"]
        members = ["branch"]
        chosen = {{ chosen_by = "lead", after = "meeting" }}
        [[milestones]]
        id = "report"
        kind = "deadline"
        title = "Báo cáo"
        responsible = "members"
        report_to = "lead"
        before = {now.year + 1}-12-15
        channels = ["paper", "email"]
        deliverables = [{{ id = "text", title = "Bản báo cáo" }}, {{ id = "list", title = "Danh sách" }}]
        [[milestones]]
        id = "meeting"
        kind = "event"
        title = "Hội nghị"
        organiser = "lead"
        attendees = "members"
        window = {{ from = {now.year + 1}-11-01, to = {now.year + 1}-11-10, words = "đầu tháng 11" }}
        [[milestones]]
        id = "old"
        kind = "deadline"
        title = "Việc cũ"
        responsible = "members"
        report_to = "lead"
        before = {now.year - 1}-06-01
        [[milestones]]
        id = "award"
        kind = "deadline"
        title = "Hồ sơ"
        responsible = "chosen"
        report_to = "lead"
        before = {now.year + 1}-12-20
        [[indicators]]
        id = "good"
        title = "Tốt"
        target = "100%"
        measure = {{ manual = true }}
        [[indicators]]
        id = "reports"
        title = "Có báo cáo"
        target = "100%"
        measure = {{ milestone = "report" }}
        """,
        encoding="utf-8",
    )
    return Office(folder, "here", run)
