"""A year of answers by mail: the shipped plan with replies, bounces, a week without the mailbox, and an outage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.dates.date_forms import By
from scheduler.plan.facts import MAILBOX, Bounced, Fact, Received
from scheduler.ports import FetchedMail, FolderState, InboxRow, MailSummary, MessageRow, PeriodicSource, RungRow
from scheduler.queries.rows import Row
from scheduler.queries.why import explain_rung
from scheduler.store import SqlStore, open_store
from tests.support.incoming_mail import MAILBOX as ADDRESS
from tests.support.incoming_mail import AnsweredDaemon
from tests.support.mail_reader import body, read
from tests.support.plan_builders import at
from tests.support.received_mails import (
    PDF,
    File,
    Letter,
    authenticated,
    delivery_report,
    exchange_out_of_office,
    thunderbird,
)
from tests.support.shipped_year import shipped

FIRST, LAST = at(2, 20, 0), at(12, 31, 23)
UNREAD = (at(7, 6, 0), at(7, 13, 12))  # while the mailbox cannot be read
OUTAGE = (at(8, 1, 0), at(8, 5, 12))  # while the daemon is down
NGHE_AN, LE_DUAN, HUE = "thidua@nghean.example", "thidua@leduan.example", "thidua@nguyenchithanh.example"
DEAD, HEAD = "thidua@thanhhoa.example", "hieutruong@thanhhoa.example"
FINAL = {"sent", "skipped", "missed", "cancelled"}
CHASED = ("reminder", "overdue", "escalation")


class AnswerYear:
    """The daemon's year, and what comes into its mailbox."""

    def __init__(self, folder: Path) -> None:
        self.store: SqlStore = open_store(f"sqlite:///{folder}/hanchot.db")
        self.daemon = AnsweredDaemon(self.store, folder, shipped().plan, start=FIRST)
        self.arrivals: list[Arrival] = []
        self.mails = 0

    # ---- what comes

    def comes(self, when: datetime, kind: str, sender: str, about: str, **details: Any) -> None:
        """Let a mail about a milestone come; what arrives while the mailbox cannot be read is read afterwards."""
        is_seen_later = UNREAD[0] <= when < UNREAD[1]
        seen = UNREAD[1] if is_seen_later else when
        self.arrivals.append(Arrival(seen, partial(self._store, when, kind, sender, about, details)))

    def _store(self, when: datetime, kind: str, sender: str, about: str, details: dict[str, Any]) -> None:
        raw = self._write(kind, sender, about, details)
        self.mails += 1
        digest = sha256(raw).hexdigest()
        mail = FetchedMail(
            folder="INBOX",
            uid=self.mails,
            arrived_at=when,
            size=len(raw),
            identity=f"{self.mails}",
            digest=digest,
            body=sha256(raw.partition(b"\r\n\r\n")[2]).hexdigest(),
            data=raw,
        )
        with self.store.transaction() as unit:
            unit.inbox.add(mail, MailSummary(), uidvalidity=1, state="new")

    def _write(self, kind: str, sender: str, about: str, details: dict[str, Any]) -> bytes:
        asked = [mail for mail in self.daemon.mails() if mail.mail.address == sender and mail.milestone == about]
        cited = max(asked, key=lambda mail: mail.id).mail.message_id if asked else ""
        if kind == "bounce":
            return delivery_report(to=ADDRESS, recipient=sender, original=cited)
        letter = Letter(
            sender=sender,
            to=ADDRESS,
            in_reply_to=cited,
            results=(authenticated(sender),),
            message_id=f"<{self.mails}@mail.example>",
            subject="Re: Nhắc thời hạn",
            **details,
        )
        return exchange_out_of_office(letter) if kind == "absence" else thunderbird(letter)

    def _read_folder(self, now: datetime) -> None:
        if not UNREAD[0] <= now < UNREAD[1]:
            with self.store.transaction() as unit:
                unit.inbox.record_folder(FolderState(folder="INBOX", uidvalidity=1, last_uid=self.mails, read_at=now))

    # ---- the year

    def play(self) -> Recording:
        """Let the daemon live through the year, but for the outage."""
        sources: list[PeriodicSource] = [Arrivals(self.arrivals), _Folder(self._read_folder)]
        reading = MailboxReading(folders=("INBOX",), lasts=timedelta(minutes=30))
        self.daemon.ticker = self.daemon.new_ticker(sources=sources, mailbox=self.daemon.mailbox, reading=reading)
        self.daemon.ticker.load()
        self.daemon.live(at(6, 5, 9))
        self.daemon.record("date_fixed", None, "bao-cao-6-thang", form=By(date(2023, 7, 14)))
        self.daemon.live(OUTAGE[0])
        self.daemon.clock.instant = OUTAGE[1]
        self.daemon.live(LAST)
        plan = self.daemon.plan
        with self.store.reading() as view:
            rungs = view.rungs.of(plan.id)
            return Recording(
                rungs=rungs,
                mails=view.outbox.list(),
                facts=view.facts.of(plan.id),
                incoming=view.inbox.page(),
                explained=[explain_rung(view, plan, row, LAST) for row in rungs],
                sent=self.daemon.mailer.sent,
            )


@dataclass(frozen=True)
class _Folder:
    """A source that notes at each tick that the folder was read."""

    note: Any
    name = "folder"
    next_at = FIRST

    def collect(self, now: datetime) -> None:
        """Note it."""
        self.note(now)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What the year left behind."""

    rungs: Sequence[RungRow]
    mails: Sequence[MessageRow]
    facts: Sequence[Fact]
    incoming: Sequence[InboxRow]
    explained: Sequence[Row]
    sent: Sequence[tuple[datetime, Any]]

    def texts(self, kinds: Sequence[str]) -> list[tuple[datetime, str]]:
        """Return when mails of some kinds left, with their texts."""
        by_id = {mail.mail.message_id: mail.kind for mail in self.mails}
        return [(at, body(read(mail.data), "plain")) for at, mail in self.sent if by_id[mail.message_id] in kinds]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return the year: two schools answer, one mailbox is dead, one is away; one answers unseen."""
    playing = AnswerYear(tmp_path_factory.mktemp("answers"))
    titles = [one.title for one in shipped().plan.milestone("dang-ky").deliverables]
    four = tuple(File(name=f"{title}.pdf", content=PDF + bytes([n])) for n, title in enumerate(titles))
    scan = (File(name="scan001.pdf"),)
    playing.comes(at(3, 3, 8, 20), "bounce", DEAD, "dang-ky")
    playing.comes(at(3, 3, 9), "absence", HUE, "dang-ky", files=(File(name="lich-cong-tac.pdf"),))
    playing.comes(at(3, 10, 9), "answer", NGHE_AN, "dang-ky", files=four)
    playing.comes(at(7, 10, 9), "answer", LE_DUAN, "bao-cao-6-thang", files=scan)
    playing.comes(at(7, 14, 9), "answer", NGHE_AN, "bao-cao-6-thang", files=scan)
    playing.comes(at(7, 14, 10), "answer", HUE, "bao-cao-6-thang", files=(), text="Trường sẽ gửi sau.")
    return playing.play()


def received(year: Recording) -> list[Received]:
    return [fact for fact in year.facts if isinstance(fact, Received)]


def test_each_mail_is_decided_once_and_only_answers_are_recorded(year: Recording) -> None:
    states = [row.state for row in sorted(year.incoming, key=lambda row: row.id)]
    assert states == ["bounce", "machine", "received", "received", "received", "review"]
    assert [(fact.milestone, fact.party, fact.by, fact.happened_at) for fact in received(year)] == [
        ("dang-ky", "nghe-an", MAILBOX, at(3, 10, 9)),
        ("bao-cao-6-thang", "le-duan-quang-tri", MAILBOX, at(7, 10, 9)),
        ("bao-cao-6-thang", "nghe-an", MAILBOX, at(7, 14, 9)),
    ]


def test_who_has_answered_is_asked_no_more(year: Recording) -> None:
    for fact in received(year):
        own = [row for row in year.rungs if (row.milestone, row.party) == (fact.milestone, fact.party)]
        late = [row for row in own if row.kind in CHASED and row.state == "sent" and row.at > fact.recorded_at]
        assert late == []
        receipt = next(row for row in own if row.name == f"receipt:{fact.id}")
        assert receipt.state == "sent"


def test_every_step_ends_and_the_ledger_says_why(year: Recording) -> None:
    past = [row for row in year.rungs if row.at <= LAST]
    assert {row.state for row in past} <= FINAL
    explained = {row["id"]: row for row in year.explained}
    for row in past:
        told = explained[f"r{row.id}"]
        assert told["mails"] if row.state == "sent" else told["reason"], row
    assert {row.state for row in past if OUTAGE[0] <= row.at < OUTAGE[1]} <= {"missed", "sent", "skipped", "cancelled"}


def test_a_dead_mailbox_hands_over_to_the_next_contact(year: Recording) -> None:
    """With the very reminder that came back; nothing more goes to it."""
    assert [(fact.party, fact.address) for fact in year.facts if isinstance(fact, Bounced)] == [("thanh-hoa", DEAD)]
    by_address = [(at, mail.address) for at, mail in year.sent if mail.address in (DEAD, HEAD)]
    assert by_address[0] == (at(3, 3), DEAD)
    assert by_address[1][1] == HEAD
    assert by_address[1][0].date() == date(2023, 3, 3)
    assert DEAD not in [address for _, address in by_address[1:]]


def test_while_the_mailbox_cannot_be_read_no_reminder_calls_anything_missing(year: Recording) -> None:
    """Le Duan had sent in that week; what it gets meanwhile says that it may have."""
    texts = year.texts(("reminder", "overdue"))
    meanwhile = [text for left, text in texts if UNREAD[0] + timedelta(hours=1) <= left < UNREAD[1]]
    assert meanwhile
    assert [text for text in meanwhile if "chưa nhận được" in text] == []
    assert any("hệ thống không đọc được hộp thư tiếp nhận từ" in text for text in meanwhile)
    assert any("chưa nhận được" in text for left, text in texts if left >= UNREAD[1])
