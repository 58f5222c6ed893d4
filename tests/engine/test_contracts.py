"""The clocks, mailers, checkers and the stand-in of a sent folder keep the contracts of their ports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.clock import ReplayClock, SteppingClock, SystemClock
from scheduler.engine.status_checks import ManualChecker
from scheduler.mail.maildir import Maildir
from scheduler.plan.model import Deliverable
from scheduler.ports import Checker, Clock, Mailer, SentFolder
from scheduler.simulation.player import SinkMailer
from tests.contracts.checkers import CheckerContract
from tests.contracts.clocks import ClockContract, WaitingClockContract
from tests.contracts.mailers import DeliveringMailerContract, MailerContract
from tests.contracts.sent_folders import Keep, SentFolderContract
from tests.support.daemon_fixture import report
from tests.support.fakes import FakeSentFolder
from tests.support.plan_builders import PlanHistory, at, history_of


class TestSystemClock(WaitingClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestReplayClock(WaitingClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return ReplayClock(at(3, 1), speed=10.0)


class TestSteppingClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SteppingClock(at(3, 1))


class TestMaildir(DeliveringMailerContract):
    @pytest.fixture
    def mailer(self, tmp_path: Path) -> Mailer:
        return Maildir(tmp_path / "mail")

    @pytest.fixture
    def delivered(self, tmp_path: Path) -> Callable[[], list[bytes]]:
        return lambda: [file.read_bytes() for file in (tmp_path / "mail").rglob("*") if file.is_file()]


class TestSinkMailer(MailerContract):
    @pytest.fixture
    def mailer(self) -> Mailer:
        return SinkMailer()


class TestDrawer(SentFolderContract):
    @pytest.fixture
    def folder(self) -> FakeSentFolder:
        return FakeSentFolder()

    @pytest.fixture
    def sent_folder(self, folder: FakeSentFolder) -> SentFolder:
        return folder

    @pytest.fixture
    def keep(self, folder: FakeSentFolder) -> Keep:
        return folder.ids.add

    @pytest.fixture
    def broken(self) -> SentFolder:
        return FakeSentFolder(is_down=True)


class TestManualChecker(CheckerContract):
    @pytest.fixture
    def checker(self) -> Checker:
        return ManualChecker()

    @pytest.fixture
    def history(self) -> PlanHistory:
        documents = tuple(Deliverable(id=id, title=id) for id in ("plan", "list"))
        history = history_of(report(deliverables=documents))
        history.record("received", at(3, 1), "report", "beta", deliverables=("plan",))
        history.record("received", at(3, 1), "report", "gamma")
        history.record("returned", at(3, 2), "report", "gamma", missing=("list",))
        return history

    def test_it_sees_what_people_have_recorded(self, checker: Checker, history: PlanHistory) -> None:
        found = checker.check(history.plan, history.agenda().obligations, at(3, 3))
        assert {f.party: f.seen for f in found} == {
            "lead": "nothing recorded",
            "beta": "partial, still missing list",
            "gamma": "returned, still missing list",
        }
