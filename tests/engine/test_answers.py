"""Mails that come back: what is certain is recorded, thanked for and not asked for again; a person sees the rest."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from scheduler.documents.blob_store import BlobStore
from scheduler.errors import NothingMatched, UserError
from scheduler.plan.answers.matching import Answer, ObligationKey
from scheduler.plan.answers.received_mail import Attachment
from scheduler.plan.facts import Actor, Bounced, Received, Withdrawn
from scheduler.plan.model import Deliverable
from scheduler.ports import Document, InboxDecision
from scheduler.queries.agendas import AgendaCache
from scheduler.services.context import ServiceContext
from scheduler.services.inbox.context import AnswerContext, note_decision
from scheduler.services.inbox.triage import assign_mail, dismiss_mail
from scheduler.store import SqlStore
from tests.support.daemon_fixture import LADDER, plan, report
from tests.support.fakes import Crash
from tests.support.incoming_mail import MAILBOX, SECRET, AnsweredDaemon, answer
from tests.support.plan_builders import at
from tests.support.received_mails import (
    PDF,
    File,
    Letter,
    authenticated,
    delivery_report,
    exchange_out_of_office,
    qmail_failure,
)

KEY = ObligationKey("plan", "report", "beta")
REMINDED = at(3, 3)
TITLE = "Report"


@pytest.fixture
def daemon(store: SqlStore, tmp_path: Path) -> AnsweredDaemon:
    """Return a daemon that reads its mailbox and has just sent the first reminder."""
    daemon = AnsweredDaemon(store, tmp_path)
    daemon.live(REMINDED)
    return daemon


def received(daemon: AnsweredDaemon) -> list[Received]:
    return [fact for fact in daemon.facts() if isinstance(fact, Received)]


# ---- a certain answer


def test_an_answer_with_its_document_ends_the_reminders(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon), at(3, 6, 10))
    [fact] = received(daemon)
    assert (fact.milestone, fact.party, fact.channel, fact.happened_at) == ("report", "beta", "email", at(3, 6, 10))
    assert (fact.by, fact.files) == (Actor("source", "mailbox"), ("Báo cáo sơ kết.pdf",))
    assert fact.mailed_at is None, "its Date lies years ahead"
    assert (row.state, row.milestone, row.party, row.facts) == ("received", "report", "beta", (fact.id,))
    assert [str(one) for one in row.reasons] == [f"it answers our mail about “{TITLE}”"]
    daemon.live(at(4, 1))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-06 10:00 receipt"]
    assert {daemon.states()[name] for name in LADDER if name != "before:14d"} == {"cancelled"}


@pytest.mark.parametrize(
    ("date", "mailed_at"),
    [
        ("Mon, 06 Mar 2023 09:58:00 +0700", datetime(2023, 3, 6, 2, 58, tzinfo=UTC)),
        ("Mon, 07 Mar 2022 09:58:00 +0700", datetime(2022, 3, 7, 2, 58, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 +0000", None),
        ("Sat, 01 Jan 2000 00:00:00 +0000", None),
        ("yesterday", None),
    ],
)
def test_when_it_was_sent_is_kept_too_as_far_as_it_can_be_believed(
    daemon: AnsweredDaemon, date: str, mailed_at: datetime | None
) -> None:
    daemon.receive(answer(daemon, date=date), at(3, 6, 10))
    assert received(daemon)[0].mailed_at == mailed_at


def test_its_file_is_kept_among_the_documents(daemon: AnsweredDaemon) -> None:
    daemon.receive(answer(daemon))
    [fact] = received(daemon)
    with daemon.store.reading() as view:
        [document] = view.documents.of([fact.id])
    assert (document.name, document.kind, document.party) == ("Báo cáo sơ kết.pdf", "application/pdf", "beta")
    with daemon.files.open(document.digest) as stream:
        assert stream.read() == PDF


def test_a_list_shows_whom_it_is_from(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon, name="Trần Thị Bình", subject="Re: Báo cáo"))
    assert (row.summary.sender, row.summary.sender_name) == ("officer@beta.example", "Trần Thị Bình")
    assert row.summary.subject == "Re: Báo cáo"


def test_the_time_of_the_mail_server_counts_but_never_the_future(daemon: AnsweredDaemon) -> None:
    daemon.clock.instant += timedelta(minutes=5)
    id = daemon.deliver(answer(daemon))
    daemon.clock.instant -= timedelta(minutes=5)
    daemon.tick()
    assert daemon.incoming(id).state == "received"
    assert received(daemon)[0].happened_at == daemon.clock.instant


def test_one_document_of_several_is_received_in_part(store: SqlStore, tmp_path: Path) -> None:
    documents = (
        Deliverable(id="plan", title="Kế hoạch kiểm tra"),
        Deliverable(id="form", title="Biểu mẫu đăng ký thi đua"),
    )
    daemon = AnsweredDaemon(store, tmp_path, plan(report(deliverables=documents)))
    daemon.live(REMINDED)
    daemon.receive(answer(daemon, files=(File(name="Biểu mẫu đăng ký thi đua.pdf"),)))
    assert received(daemon)[0].deliverables == ("form",)
    thanks = daemon.receive(answer(daemon, files=(File(name="scan001.pdf"),)))
    assert thanks.state == "review", "it answers the receipt, which asked for nothing"
    reminder = daemon.mails()[1].mail.message_id
    daemon.receive(answer(daemon, files=(File(name="scan001.pdf"),), in_reply_to=reminder))
    assert received(daemon)[1].deliverables == ("plan",)


def test_what_was_decided_before_a_kill_is_decided_once(daemon: AnsweredDaemon) -> None:
    """Facts and the note on the mail are one transaction; whoever decides again comes too late."""
    id = daemon.deliver(answer(daemon))
    other = daemon.new_ticker(mailbox=daemon.mailbox, name="second")
    daemon.tick()
    other.load()
    other.tick()
    assert len(received(daemon)) == 1
    assert daemon.incoming(id).state == "received"


class DyingFiles:
    """Files in whose midst, or after which, the daemon dies."""

    def __init__(self, files: BlobStore, *, is_kept: bool) -> None:
        self._files = files
        self._is_kept = is_kept

    def open(self, digest: str) -> IO[bytes]:
        """Open a file."""
        return self._files.open(digest)

    def keep_pieces(self, pieces: Iterable[bytes]) -> str:
        """Die, perhaps after the file was kept."""
        if self._is_kept:
            self._files.keep_pieces(pieces)
        raise Crash


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_daemon_that_dies_while_it_decides_records_the_mail_once(daemon: AnsweredDaemon, *, is_kept: bool) -> None:
    """It was stored before; whoever comes next decides about it."""
    id = daemon.deliver(answer(daemon))
    dying = replace(daemon.mailbox, files=DyingFiles(daemon.files, is_kept=is_kept))
    ticker = daemon.new_ticker(mailbox=dying, name="dying")
    ticker.load()
    with pytest.raises(Crash):
        ticker.tick()
    assert (daemon.incoming(id).state, received(daemon)) == ("new", [])
    daemon.tick()
    daemon.tick()
    assert (daemon.incoming(id).state, len(received(daemon))) == ("received", 1)


# ---- what a person has to decide


def test_without_proof_of_its_sender_a_mail_changes_nothing(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon, results=()), at(3, 6, 10))
    assert (row.state, row.party, row.facts) == ("review", "beta", ())
    assert "the mail server did not confirm the sender" in [str(one) for one in row.reasons]
    daemon.live(at(3, 10))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]


def test_a_proven_mail_that_waits_stops_the_next_reminder_and_nobody_is_written_to(daemon: AnsweredDaemon) -> None:
    """Contract rule 16a."""
    row = daemon.receive(answer(daemon, text="Chúng tôi sẽ gửi sau.", files=()), at(3, 6, 10))
    assert (row.state, row.milestone, len(row.facts)) == ("review", "report", 1)
    daemon.live(at(3, 14))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-14 08:00 before:3wd"]
    assert daemon.states()["before:7d"] == "skipped"


def test_a_mail_that_was_not_fetched_whole_is_for_a_person(daemon: AnsweredDaemon) -> None:
    id = daemon.deliver(answer(daemon), is_whole=False)
    daemon.tick()
    row = daemon.incoming(id)
    assert row.state == "review"
    assert str(row.reasons[0]) == "it is too large to be fetched; it lies in the mailbox"
    assert received(daemon) == []


def test_a_file_that_cannot_be_kept_leaves_its_mail_for_later_and_stops_no_other(
    daemon: AnsweredDaemon, store: SqlStore, tmp_path: Path
) -> None:
    class FullDisk:
        """The disk is full for the time of a test."""

        def open(self, digest: str) -> Iterator[bytes]:
            raise OSError(errno.ENOENT, "No such file")

        def keep_pieces(self, pieces: Iterable[bytes]) -> str:
            raise OSError(errno.ENOSPC, "No space left on device")

    full = replace(daemon.mailbox, files=FullDisk())  # type: ignore[arg-type]
    waits, other = daemon.deliver(answer(daemon)), daemon.deliver(answer(daemon, results=()))
    ticker = daemon.new_ticker(mailbox=full, name="full")
    ticker.load()
    ticker.tick()
    assert (daemon.incoming(waits).state, daemon.incoming(other).state) == ("new", "review")
    assert "the source mailbox: 1 mails could not be decided about: i1: No space left on device" in daemon.logged(
        "trouble"
    )
    daemon.tick()
    assert daemon.incoming(waits).state == "received"


def test_a_mail_whose_file_is_gone_is_put_aside_and_stops_no_other(daemon: AnsweredDaemon) -> None:
    """The record was restored without its documents, for example."""
    gone = daemon.deliver(answer(daemon), is_stored=False)
    other = daemon.receive(answer(daemon, results=()))
    assert (daemon.incoming(gone).state, other.state) == ("quarantine", "review")
    assert "is gone" in str(daemon.incoming(gone).reasons[0])


def test_somebody_who_writes_every_day_is_reminded_all_the_same(daemon: AnsweredDaemon) -> None:
    """Only the reminder after the last one is held, and only once."""
    for day in (6, 7, 8, 9):
        daemon.receive(answer(daemon, text=f"Chúc mừng ngày {day}.", files=()), at(3, day))
    daemon.live(at(3, 14))
    daemon.receive(answer(daemon, text="Chào buổi chiều.", files=()), at(3, 14, 15))
    daemon.live(at(3, 17))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-14 08:00 before:3wd", "03-17 08:00 named-day"]


def test_a_mail_after_one_that_was_dismissed_holds_the_reminder_again(daemon: AnsweredDaemon) -> None:
    first = daemon.receive(answer(daemon, text="Xin hỏi mẫu.", files=()), at(3, 6))
    dismiss_mail(context(daemon), first.id, "a question", at(3, 7), by=PERSON)
    second = daemon.receive(answer(daemon, text="Trường đã gửi qua bưu điện.", files=()), at(3, 8))
    assert len(second.facts) == 1
    daemon.live(at(3, 10))
    assert daemon.left() == ["03-03 08:00 before:14d"]


def test_what_was_never_asked_for_is_not_held(store: SqlStore, tmp_path: Path) -> None:
    daemon = AnsweredDaemon(store, tmp_path)
    daemon.live(at(2, 10))
    row = daemon.receive(answer(daemon, subject="Chúc mừng năm mới", files=()))
    assert (row.state, row.facts) == ("review", ())


# ---- what machines send


def test_a_copy_of_the_same_mail_is_a_duplicate(daemon: AnsweredDaemon) -> None:
    """It came to two addresses of ours, over two ways."""
    raw = answer(daemon)
    first = daemon.receive(raw)
    second = daemon.receive(b"X-Way: another\r\n" + raw)
    assert (second.state, [str(one) for one in second.reasons]) == (
        "duplicate",
        [f"it had come before, as i{first.id}"],
    )
    assert len(received(daemon)) == 1


def test_a_scanner_that_uses_one_message_id_for_all_its_mails_is_read(store: SqlStore, tmp_path: Path) -> None:
    documents = (Deliverable(id="plan", title="Kế hoạch kiểm tra"), Deliverable(id="list", title="Danh sách cán bộ"))
    daemon = AnsweredDaemon(store, tmp_path, plan(report(deliverables=documents)))
    daemon.live(REMINDED)
    for name in ("Kế hoạch kiểm tra.pdf", "Danh sách cán bộ.pdf"):
        assert daemon.receive(answer(daemon, files=(File(name=name),), message_id="<scan@printer>")).state == "received"
    assert [fact.deliverables for fact in received(daemon)] == [("plan",), ("list",)]


def test_what_we_sent_ourselves_is_our_own(daemon: AnsweredDaemon) -> None:
    sent = daemon.mails()[0]
    assert daemon.receive(sent.mail.data).state == "own"


def test_a_note_of_absence_with_a_file_is_no_answer(daemon: AnsweredDaemon) -> None:
    letter = Letter(sender="officer@beta.example", results=(authenticated("officer@beta.example"),))
    row = daemon.receive(exchange_out_of_office(letter), at(3, 6))
    assert (row.state, row.facts) == ("machine", ())


# ---- mails that do not arrive


def bounce(daemon: AnsweredDaemon, address: str = "officer@beta.example", **details: Any) -> bytes:
    """Return the report that the last mail to an address did not arrive."""
    [*_, mail] = [one for one in daemon.mails() if one.mail.address == address]
    report = delivery_report(recipient=address, original=mail.mail.message_id, **details)
    return report.replace(b"Message-Id: <", b"Message-Id: <%d." % mail.id)


def bounced(daemon: AnsweredDaemon) -> list[Bounced]:
    return [fact for fact in daemon.facts() if isinstance(fact, Bounced)]


def test_an_address_that_does_not_exist_is_known_and_the_next_contact_is_reminded(daemon: AnsweredDaemon) -> None:
    """Contract rule 10."""
    row = daemon.receive(bounce(daemon), at(3, 6, 10))
    [fact] = bounced(daemon)
    assert (fact.party, fact.address, "User unknown" in fact.note) == ("beta", "officer@beta.example", True)
    assert (row.state, row.party, row.facts) == ("bounce", "beta", (fact.id,))
    assert [str(one) for one in row.reasons] == ["officer@beta.example takes no mail"]
    daemon.live(at(3, 7))
    assert daemon.left("head@beta.example") == ["03-06 10:00 before:14d"]


def test_a_delay_is_noted_and_changes_nothing(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(bounce(daemon, action="delayed", status="4.2.2"))
    assert (row.state, bounced(daemon)) == ("delayed", [])


def test_a_mailbox_that_was_full_counts_the_second_time_within_a_week(daemon: AnsweredDaemon) -> None:
    first = daemon.receive(bounce(daemon, status="4.2.2"), at(3, 6))
    assert (first.state, bounced(daemon)) == ("bounce", [])
    daemon.live(at(3, 10))
    second = daemon.receive(bounce(daemon, status="4.2.2"), at(3, 11))
    assert (second.state, len(bounced(daemon))) == ("bounce", 1)


def test_a_mailbox_that_was_full_twice_in_a_fortnight_is_given_another_chance(daemon: AnsweredDaemon) -> None:
    daemon.receive(bounce(daemon, status="4.2.2"), at(3, 3, 9))
    daemon.live(at(3, 14))
    daemon.receive(bounce(daemon, status="4.2.2"), at(3, 14, 9))
    assert bounced(daemon) == []


@pytest.mark.parametrize(
    "raw",
    [
        delivery_report(recipient="officer@beta.example", original="<0@elsewhere.example>"),
        qmail_failure(recipient="officer@beta.example", original="<0@elsewhere.example>"),
    ],
)
def test_a_report_about_no_mail_of_ours_condemns_nobody(daemon: AnsweredDaemon, raw: bytes) -> None:
    """Else anybody could take a school's address off the list."""
    row = daemon.receive(raw)
    assert ([str(one) for one in row.reasons], bounced(daemon)) == (["it is about no mail of ours"], [])


def test_a_report_about_another_address_than_the_one_written_to_condemns_nobody(daemon: AnsweredDaemon) -> None:
    raw = delivery_report(recipient="head@beta.example", original=daemon.mails()[0].mail.message_id)
    assert (daemon.receive(raw).state, bounced(daemon)) == ("bounce", [])


# ---- what a person decides


def context(daemon: AnsweredDaemon) -> AnswerContext:
    return AnswerContext(
        services=ServiceContext(store=daemon.store, composer=daemon.composer),
        definitions=[daemon.definition],
        agendas=AgendaCache(),
        secret=SECRET,
        mailbox=MAILBOX,
        own=frozenset(),
    )


def keep(file: Attachment) -> Document:
    return Document(name=file.name, kind=file.kind, size=file.size, digest=file.digest)


PERSON = Actor(name="An")


def test_a_person_says_what_a_mail_answers(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon, results=()), at(3, 6, 10))
    [fact] = assign_mail(
        context(daemon), row.id, Answer(key=KEY, deliverables=(), attachments=()), keep, at(3, 7), by=PERSON
    )
    assert (received(daemon)[0].id, received(daemon)[0].by, received(daemon)[0].happened_at) == (
        fact,
        PERSON,
        at(3, 6, 10),
    )
    assigned = daemon.incoming(row.id)
    assert (assigned.state, assigned.facts, assigned.by) == ("received", (fact,), "An")


def test_what_two_people_decide_at_once_is_decided_once(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon, results=()))
    said = Answer(key=KEY, deliverables=(), attachments=())
    assign_mail(context(daemon), row.id, said, keep, daemon.clock.instant, by=PERSON)
    with pytest.raises(UserError, match="i1 is received already"):
        assign_mail(context(daemon), row.id, said, keep, daemon.clock.instant, by=PERSON)
    with pytest.raises(UserError, match="i1 is received already"):
        dismiss_mail(context(daemon), row.id, "", daemon.clock.instant, by=PERSON)
    assert len(received(daemon)) == 1


def test_of_two_who_record_anew_what_was_undone_one_comes_too_late(daemon: AnsweredDaemon) -> None:
    """Both have seen it as recorded; its state is the same after the first of them."""
    row = daemon.receive(answer(daemon))
    daemon.undo(received(daemon)[0])
    said, seen = Answer(key=KEY, deliverables=(), attachments=()), daemon.incoming(row.id)
    daemon.clock.instant += timedelta(minutes=1)
    assign_mail(context(daemon), row.id, said, keep, daemon.clock.instant, by=PERSON, seen=seen)
    daemon.undo(received(daemon)[1])
    with pytest.raises(UserError, match="somebody else has decided about i1"):
        assign_mail(context(daemon), row.id, said, keep, daemon.clock.instant, by=PERSON, seen=seen)
    decision = InboxDecision(state="received", at=daemon.clock.instant)
    with pytest.raises(UserError, match="somebody else has just decided"), daemon.store.transaction() as unit:
        note_decision(unit, seen, decision)


def test_a_mail_that_is_dismissed_lets_the_reminders_go_on(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon, text="Xin hỏi mẫu báo cáo.", files=()), at(3, 6, 10))
    dismiss_mail(context(daemon), row.id, "a question, answered by phone", at(3, 7), by=PERSON)
    daemon.live(at(3, 10))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]
    dismissed = daemon.incoming(row.id)
    assert (dismissed.state, str(dismissed.reasons[0])) == ("dismissed", "put aside: a question, answered by phone")


def test_an_unknown_mail_and_one_that_is_not_decided_yet_are_told(daemon: AnsweredDaemon) -> None:
    id = daemon.deliver(answer(daemon))
    with pytest.raises(UserError, match="i1 is not decided yet"):
        dismiss_mail(context(daemon), id, "", daemon.clock.instant, by=PERSON)
    with pytest.raises(NothingMatched, match="unknown mail: i2"):
        dismiss_mail(context(daemon), 2, "", daemon.clock.instant, by=PERSON)


def test_what_was_recorded_and_undone_can_be_assigned_anew(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon))
    daemon.undo(received(daemon)[0])
    said = Answer(key=KEY, deliverables=(), attachments=())
    [fact] = assign_mail(context(daemon), row.id, said, keep, daemon.clock.instant, by=PERSON)
    assert daemon.incoming(row.id).facts == (fact,)


def test_a_mail_that_is_dismissed_again_has_nothing_left_to_take_back(daemon: AnsweredDaemon) -> None:
    row = daemon.receive(answer(daemon, text="Xin hỏi mẫu.", files=()), at(3, 6, 10))
    for _ in range(2):
        dismiss_mail(context(daemon), row.id, "a question", at(3, 7), by=PERSON)
    assert len([fact for fact in daemon.facts() if isinstance(fact, Withdrawn)]) == 1
