"""The clocks, mailers, checkers, sources and the stand-in of a sent folder keep the contracts of their ports."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from scheduler.clock import ReplayClock, SteppingClock, SystemClock
from scheduler.documents.blob_store import BlobStore
from scheduler.engine.record_checkers import MailboxChecker, ManualChecker, WebChecker
from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.errors import UserError
from scheduler.mail.maildir import Maildir
from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.facts import Actor, Fact
from scheduler.plan.model import Deliverable
from scheduler.ports import (
    Checker,
    Clock,
    FolderState,
    InboxDecision,
    InboxState,
    Mailer,
    MailSummary,
    PeriodicSource,
    SentFolder,
)
from scheduler.shared_folder.checker import FolderChecker
from scheduler.simulation.player import SinkMailer
from scheduler.store import SqlStore
from tests.contracts.checkers import CheckerContract
from tests.contracts.clocks import ClockContract, WaitingClockContract
from tests.contracts.mailers import DeliveringMailerContract, MailerContract
from tests.contracts.sent_folders import Keep, SentFolderContract
from tests.contracts.sources import FIRST, SECOND, PeriodicSourceContract
from tests.contracts.store_inbox import a_mail
from tests.support.daemon_fixture import report
from tests.support.fakes import FakeSentFolder, ProvingChecker, prove_receipt
from tests.support.plan_builders import PlanHistory, at, history_of
from tests.support.received_mails import PDF

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


class TestMailboxChecker(CheckerContract):
    @pytest.fixture
    def checker(self, store: SqlStore) -> Checker:
        with store.transaction() as unit:
            unit.inbox.record_folder(FolderState(folder="INBOX", uidvalidity=1, last_uid=1, read_at=at(3, 3)))
        return MailboxChecker(store=store, reading=MailboxReading(folders=("INBOX",), lasts=timedelta(days=1)))

    @pytest.fixture
    def history(self) -> PlanHistory:
        return history_of(report())

    def test_it_sees_which_mails_came(self, checker: Checker, history: PlanHistory, store: SqlStore) -> None:
        states: tuple[InboxState, ...] = ("received", "received", "review", "quarantine", "dismissed")
        with store.transaction() as unit:
            for uid, state in enumerate(states):
                add = partial(unit.inbox.add, a_mail(uid), MailSummary(), uidvalidity=1, state="new")
                about = InboxDecision(state=state, at=at(3, 1), plan="plan", milestone="report", party="beta")
                unit.inbox.decide(add() or 0, about, expected="new")
        found = checker.check(history.plan, history.agenda().obligations, at(3, 3))
        assert {f.party: f.seen for f in found} == {
            "lead": "no mail",
            "beta": "mails recorded: 2, mails that wait for a person: 2",
            "gamma": "no mail",
        }

    @pytest.mark.parametrize(
        ("folders", "words"),
        [
            (("INBOX",), "the mailbox was not read since 2023-03-03 08:00"),
            (("Elsewhere",), "the mailbox was not read so far"),
        ],
    )
    def test_it_says_that_the_mailbox_is_not_read(
        self, checker: Checker, history: PlanHistory, store: SqlStore, folders: tuple[str, ...], words: str
    ) -> None:
        unread = MailboxChecker(store=store, reading=MailboxReading(folders=folders, lasts=timedelta(minutes=30)))
        with pytest.raises(UserError, match=words):
            unread.check(history.plan, history.agenda().obligations, at(3, 4))

    def test_it_says_that_there_is_no_mailbox(self, history: PlanHistory, store: SqlStore) -> None:
        with pytest.raises(UserError, match="no mailbox is read for answers"):
            MailboxChecker(store=store, reading=None).check(history.plan, history.agenda().obligations, at(3, 4))


class TestWebChecker(CheckerContract):
    @pytest.fixture
    def checker(self) -> Checker:
        return WebChecker(has_pages=True)

    @pytest.fixture
    def history(self) -> PlanHistory:
        documents = tuple(Deliverable(id=id, title=id) for id in ("plan", "list"))
        history = history_of(report(deliverables=documents))
        page = Actor("party", "An")
        history.record("received", at(3, 1, 9), "report", "beta", deliverables=("plan",), by=page)
        history.record("declared", at(3, 2, 9), "report", "beta", by=page)
        history.record("disowned", at(3, 2, 10), "report", "gamma", by=page)
        history.record("received", at(3, 2, 11), "report", "lead", deliverables=("plan",))
        return history

    def test_it_sees_what_came_through_the_pages(self, checker: Checker, history: PlanHistory) -> None:
        """What the office recorded is not of the page."""
        found = checker.check(history.plan, history.agenda().obligations, at(3, 3))
        assert {f.party: f.seen for f in found} == {
            "lead": "nothing on the page",
            "beta": "sent files on 2023-03-01 09:00, says it was sent on 2023-03-02 09:00",
            "gamma": "says it is not its task on 2023-03-02 10:00",
        }

    def test_it_says_that_nobody_has_a_page(self, history: PlanHistory) -> None:
        with pytest.raises(UserError, match="no party has a page"):
            WebChecker(has_pages=False).check(history.plan, history.agenda().obligations, at(3, 3))


class TestFolderChecker(CheckerContract):
    @pytest.fixture
    def checker(self, store: SqlStore, tmp_path: Path) -> Checker:
        folder = tmp_path / "shared" / "beta" / "report"
        folder.mkdir(parents=True)
        (folder / "Báo cáo.pdf").write_bytes(PDF)
        os.utime(folder / "Báo cáo.pdf", (0, 0))
        blobs = BlobStore(tmp_path / "documents", SystemClock().now)
        return FolderChecker(store=store, resolve=lambda _: tmp_path / "shared", keep=blobs.keep_pieces)

    @pytest.fixture
    def history(self) -> PlanHistory:
        return history_of(report())

    def test_it_sees_what_lies_there(self, checker: Checker, history: PlanHistory) -> None:
        found = checker.check(history.plan, history.agenda().obligations, at(3, 3))
        assert {f.party: f.seen for f in found} == {
            "lead": "no folder",
            "beta": "found: Báo cáo.pdf",
            "gamma": "no folder",
        }
        assert [f.party for f in found if f.commands] == ["beta"]


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
