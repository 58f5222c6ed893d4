"""Reports about mails that did not arrive are read in the forms in which servers write them."""

from __future__ import annotations

import io

import pytest

from scheduler.inbox.mail_reader import MailReader
from scheduler.plan.answers.received_mail import DeliveryReport, FailedRecipient
from tests.support import received_mails as mails
from tests.support.received_mails import REMINDER, SCHOOL, Letter

READER = MailReader(authserv_id="", find_kind=lambda head: "")


def report_of(raw: bytes) -> DeliveryReport | None:
    """Return the report that a mail is."""
    return READER.read(io.BytesIO(raw)).report


def only(raw: bytes) -> FailedRecipient:
    """Return what a report says of its only recipient; it is about the reminder."""
    report = report_of(raw)
    assert report is not None
    assert report.message_id == REMINDER
    (recipient,) = report.recipients
    return recipient


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (mails.delivery_report(), "5.1.1"),
        (mails.delivery_report(headers_only=False), "5.1.1"),
        (mails.exchange_failure(), "5.1.10"),
        (mails.gmail_failure(), "5.1.1"),
        (mails.qmail_failure(), ""),
        (mails.delivery_report().replace(b"multipart/report", b"multipart/mixed"), ""),
    ],
)
def test_a_failure_names_the_mail_and_the_address(raw: bytes, status: str) -> None:
    """In the forms of Postfix, Exchange, Gmail and qmail."""
    found = only(raw)
    assert (found.address, found.action, found.status) == (SCHOOL, "failed", status)


def test_the_words_of_the_server_are_kept() -> None:
    """For whoever looks for the reason."""
    assert only(mails.delivery_report()).words.startswith("550 5.1.1 <vanthu@c1-thanhha.example>: Recipient address")


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("delayed", "4.2.2", "delayed"),
        ("failed", "4.2.2", "failed"),
        ("Failed (bad mailbox)", "5.1.1", "failed"),
        ("error", "5.1.1", "failed"),
        ("delivered", "2.0.0", "delivered"),
        ("relayed", "2.0.0", "relayed"),
        ("expanded", "2.0.0", "expanded"),
        ("", "5.1.1", "failed"),
        ("unheard-of", "4.4.1", "delayed"),
        ("", "2.0.0 (ok)", "delivered"),
    ],
)
def test_the_action_decides_and_only_without_one_the_status(action: str, status: str, expected: str) -> None:
    """What could not be delivered in days fails with the status of a delay."""
    assert only(mails.delivery_report(action=action, status=status)).action == expected


def test_a_report_that_says_neither_is_none() -> None:
    """Nor is one that names nobody."""
    raw = mails.delivery_report(action="", status="").replace(b"Return-Path: <>\r\n", b"")
    raw = raw.replace(b"MAILER-DAEMON@", b"an@")
    assert report_of(raw) is None


def test_the_original_address_serves_where_the_final_one_is_none() -> None:
    """Exchange names mailboxes by X.500."""
    raw = mails.delivery_report().replace(b"Final-Recipient: rfc822; ", b"Final-Recipient: x500; /o=")
    assert only(raw).address == SCHOOL


def test_several_recipients_are_all_read() -> None:
    """The groups of fields are set apart by empty lines."""
    more = b"Final-Recipient: rfc822; ba@b.example\r\nAction: delayed\r\nStatus: 4.2.2\r\n\r\nFinal-Recipient: rfc822; "
    report = report_of(mails.delivery_report().replace(b"Final-Recipient: rfc822; ", more, 1))
    assert report is not None
    assert [(one.address, one.action) for one in report.recipients] == [
        ("ba@b.example", "delayed"),
        (SCHOOL, "failed"),
    ]


def test_a_report_without_a_copy_of_the_mail_may_name_it_in_its_text() -> None:
    """Or names no mail."""
    raw = mails.qmail_failure()
    assert only(raw).address == SCHOOL
    report = report_of(raw.replace(f"Message-ID: {REMINDER}\r\n".encode(), b""))
    assert report is not None
    assert report.message_id == ""


def test_a_person_who_quotes_a_failure_reports_nothing() -> None:
    """Guesses are made only about mails whose sender is nobody, and small ones."""
    text = mails.qmail_failure().partition(b"\r\n\r\n")[2].decode()
    assert report_of(mails.gmail(Letter(text=text, files=()))) is None
    assert report_of(mails.qmail_failure() + b"x" * 300_000) is None


def test_an_absence_is_no_failure() -> None:
    """Although nobody may answer it."""
    assert report_of(mails.exchange_out_of_office(Letter())) is None


@pytest.mark.parametrize(
    ("path", "sender", "is_read"),
    [
        ("<>", "an@truong.example", True),
        ("<an@truong.example>", "Postmaster@truong.example", True),
        ("<an@truong.example>", "an@truong.example", False),
        ("<an@truong.example>", "", False),
    ],
)
def test_only_a_mail_system_reports(path: str, sender: str, is_read: bool) -> None:
    """Anybody else could make a school look as if no mail reached it."""
    for raw in (mails.delivery_report(), mails.qmail_failure()):
        head, _, body = raw.replace(b"Return-Path: <>\r\n", b"", 1).partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"From:")]
        whole = [f"Return-Path: {path}\r\nFrom: {sender}".encode(), *lines, b"", body]
        assert bool(report_of(b"\r\n".join(whole))) is is_read


def test_guesses_are_made_only_about_short_mails() -> None:
    """The detectors look at each line many times."""
    raw = mails.qmail_failure()
    assert report_of(raw + b"x" * 30_000) is not None
    assert report_of(raw + b"x" * 32_768) is None
    assert report_of(raw + b"\r\n" * 2_000) is None
