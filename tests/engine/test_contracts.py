"""The clocks, mailers, checkers, sources and the stand-in of a sent folder keep the contracts of their ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from scheduler.clock import ReplayClock, SteppingClock, SystemClock
from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.engine.status_checks import ManualChecker
from scheduler.errors import UserError
from scheduler.mail.maildir import Maildir
from scheduler.plan.facts import Fact
from scheduler.plan.model import Deliverable
from scheduler.ports import Checker, Clock, Mailer, PeriodicSource, SentFolder
from scheduler.simulation.player import SinkMailer
from tests.contracts.checkers import CheckerContract
from tests.contracts.clocks import ClockContract, WaitingClockContract
from tests.contracts.mailers import DeliveringMailerContract, MailerContract
from tests.contracts.sent_folders import Keep, SentFolderContract
from tests.contracts.sources import FIRST, SECOND, PeriodicSourceContract
from tests.support.daemon_fixture import report
from tests.support.fakes import FakeSentFolder, ProvingChecker, prove_receipt
from tests.support.plan_builders import PlanHistory, at, history_of

NEWS = (("beta", FIRST), ("gamma", SECOND))


@dataclass
class FakeRecord:
    """Keeps facts, unless it is told to fail."""

    facts: list[Fact] = field(default_factory=list)
    fails: bool = False

    def append(self, fact: Fact) -> None:
        """Keep a fact."""
        if self.fails:
            raise UserError("the record is locked")
        self.facts.append(fact)

    def fail(self, fails: bool) -> None:
        """Fail from now on, or no more."""
        self.fails = fails


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


class TestArrivals(PeriodicSourceContract):
    @pytest.fixture
    def record(self) -> FakeRecord:
        return FakeRecord()

    @pytest.fixture
    def source(self, record: FakeRecord) -> PeriodicSource:
        history = history_of(report())
        coming = [history.record("received", when, "report", party) for party, when in NEWS]
        return Arrivals(Arrival(fact.recorded_at, partial(record.append, fact)) for fact in coming)

    @pytest.fixture
    def taken(self, record: FakeRecord) -> Callable[[], list[object]]:
        return lambda: list(record.facts)

    @pytest.fixture
    def recording_fails(self, record: FakeRecord) -> Callable[[bool], None]:
        return record.fail


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


class TestProvingChecker(CheckerContract):
    @pytest.fixture
    def checker(self) -> Checker:
        return ProvingChecker(lambda o, now: (prove_receipt(o, now),))

    @pytest.fixture
    def history(self) -> PlanHistory:
        return history_of(report())

    def test_it_proves_a_fact_about_each(self, checker: Checker, history: PlanHistory) -> None:
        found = checker.check(history.plan, history.agenda().obligations, at(3, 1))
        assert [finding.party for finding in found if finding.commands] == ["lead", "beta", "gamma"]
