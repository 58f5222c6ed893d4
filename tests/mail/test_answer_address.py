"""Answers go where somebody reads them, and say what they answer."""

from __future__ import annotations

from dataclasses import replace
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from scheduler.errors import UserError
from scheduler.mail.composer import AnswerAddress, TemplateComposer
from scheduler.plan.answers.matching import ObligationKey
from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.answers.tokens import FoundTokens, find_tokens, reply_token, subject_token
from scheduler.plan.messages.message import Message
from scheduler.plan.model import Office
from tests.support.mail_reader import header, read
from tests.support.sample_messages import (
    IN_EVERY_LANGUAGE,
    MESSAGES,
    NORTH,
    ORGANISATION,
    PLAN,
    SENDER,
    about_registration,
)
from tests.support.shipped_messages import ladder

TEMPLATES = Path(__file__).parents[2] / "templates"
SECRET = b"s" * 32
MAILBOX = "thidua@truong.example"
OFFICE = PLAN.office
REMINDER = about_registration("reminder", "2023-03-03T08:00", "before:14d")
KEY = ObligationKey(PLAN.id, "dang-ky", NORTH.id)
TOO_LONG = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.vn"
WITHOUT_TOKEN = (
    "escalation",
    "notice-declared",
    "submission",
    "fix-date-window",
    "choose-1",
    "digest",
    "outage",
    "sign-in",
)


def composer(mailbox: str | None = None, **settings: Any) -> TemplateComposer:
    settings = {"sender": SENDER, "organisation": ORGANISATION, "reply_to": None, "secret": SECRET, **settings}
    return TemplateComposer([TEMPLATES], answers=AnswerAddress(mailbox) if mailbox else None, **settings)


READ = composer(MAILBOX)
PLUS_ADDRESS = f"thidua+{reply_token(SECRET, KEY)}@truong.example"


def with_office(message: Message, **fields: str) -> Message:
    """Return the message, of a plan with another office."""
    return replace(message, plan=replace(message.plan, office=Office(**fields)))


def reply_to(writer: TemplateComposer, message: Message) -> str | None:
    """Return the decoded Reply-To of a mail."""
    mail = read(writer.compose(message).data)
    return header(mail, "Reply-To") if "Reply-To" in mail else None


# ---------------------------------------------------------------- no mailbox is read


def test_answers_go_to_the_address_that_is_configured() -> None:
    """A setting goes before what a plan says."""
    assert reply_to(composer(reply_to="phongthidua@truong.example"), REMINDER) == "phongthidua@truong.example"


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_without_a_setting_answers_go_to_the_office_of_the_plan(name: str) -> None:
    """Its name is shown; the subject has no token that nobody would read."""
    message = IN_EVERY_LANGUAGE[name]
    expected = f"{OFFICE.name} <{OFFICE.email}>" if message.plan is PLAN else None
    assert reply_to(composer(), message) == expected
    assert not composer().compose(message).subject.endswith("]")


def test_an_office_without_a_name_has_that_of_the_sender() -> None:
    """No address stands bare beside a name."""
    assert reply_to(composer(), with_office(REMINDER, email="a@b.example")) == f"{ORGANISATION} <a@b.example>"


@pytest.mark.parametrize(
    "email", ["", "xem trang web", "a@b.vn; c@d.vn", "bà.Hoa@truong.example", "a@b.vn\r\nBcc: x@y", TOO_LONG]
)
def test_an_office_that_no_mail_reaches_leaves_answers_to_the_sender(email: str) -> None:
    """A plan may say anything there; its reminders still leave."""
    assert reply_to(composer(), with_office(REMINDER, name="Văn phòng", email=email)) is None


def test_the_domain_of_the_office_is_written_in_ascii() -> None:
    """A domain with Vietnamese letters can be written to."""
    message = with_office(REMINDER, name="Văn phòng", email="thidua@trường.vn")
    assert reply_to(composer(), message) == "Văn phòng <thidua@xn--trng-rib8295b.vn>"


# ---------------------------------------------------------------- a mailbox is read


def test_answers_about_an_obligation_go_to_the_mailbox_that_is_read() -> None:
    """The tokens are those of the obligation, and are read back from an answer."""
    mail = READ.compose(REMINDER)
    assert header(read(mail.data), "Reply-To") == f"{OFFICE.name} <{PLUS_ADDRESS}>"
    assert mail.subject.endswith(f"(trước ngày 20/3/2023) [{subject_token(SECRET, KEY)}]")
    assert header(read(mail.data), "Subject") == mail.subject
    answer = ReceivedMail(recipients=(PLUS_ADDRESS,), subject=f"Re: {mail.subject}")
    found = FoundTokens((reply_token(SECRET, KEY),), (subject_token(SECRET, KEY),))
    assert find_tokens(answer, mailbox=MAILBOX) == found


def test_the_mailbox_goes_before_a_configured_address() -> None:
    """A token in the address is the strongest sign."""
    both = composer(MAILBOX, reply_to="phongthidua@truong.example")
    assert reply_to(both, REMINDER) == f"{OFFICE.name} <{PLUS_ADDRESS}>"
    assert reply_to(both, MESSAGES["digest"]) == "phongthidua@truong.example"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_whole_ladder_has_one_address_and_two_subjects(language: str) -> None:
    """Whichever of the mails a party answers."""
    messages = ladder("dang-ky", "nghe-an")
    mails = [READ.compose(replace(message, to=replace(message.to, language=language))) for message in messages]
    assert len({read(mail.data)["Reply-To"] for mail in mails}) == 1
    assert len({mail.subject for mail in mails}) == 2
    key = ObligationKey(messages[0].plan.id, "dang-ky", "nghe-an")
    assert all(mail.subject.endswith(f" [{subject_token(SECRET, key)}]") for mail in mails)


@pytest.mark.parametrize("name", WITHOUT_TOKEN)
def test_what_brings_no_document_of_the_reader_is_answered_as_before(name: str) -> None:
    """A token there would record an answer for another party, or a decision as a submission."""
    assert READ.compose(MESSAGES[name]) == composer().compose(MESSAGES[name])


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_the_lines_stay_short_and_the_bytes_the_same(name: str) -> None:
    """A token changes nothing about what a server gets."""
    mail = composer(MAILBOX).compose(IN_EVERY_LANGUAGE[name])
    assert mail == READ.compose(IN_EVERY_LANGUAGE[name])
    assert mail.data.isascii()
    assert all(len(line) <= 78 for line in mail.data.split(b"\r\n"))


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("mailbox", "has_token"),
    [
        ("thidua@truong.example", True),
        (f"{'a' * 47}@truong.example", True),
        (f"{'a' * 48}@truong.example", False),
        (f"{'a' * 47}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example", False),
        ("thidua+hanchot@truong.example", False),
    ],
)
def test_an_address_without_room_for_a_token_stays_plain(mailbox: str, has_token: bool) -> None:
    """The token of the subject is left then."""
    mail = composer(mailbox).compose(REMINDER)
    address = parseaddr(header(read(mail.data), "Reply-To"))[1]
    assert (address != mailbox) == has_token
    assert len(address) <= 254
    assert len(address.partition("@")[0]) <= 64
    assert mail.subject.endswith(f" [{subject_token(SECRET, KEY)}]")


@pytest.mark.parametrize("mailbox", ["", "thidua", "Văn phòng <a@b.example>", "a@b.example\r\nBcc: x@y"])
def test_a_mailbox_that_is_no_address_is_refused_at_once(mailbox: str) -> None:
    """A wrong setting is found at the start, not at the first deadline."""
    with pytest.raises(UserError, match="Reply-To"):
        AnswerAddress(mailbox)


# ---------------------------------------------------------------- requests to stop


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_every_reader_but_an_operator_can_ask_to_be_left_alone(name: str) -> None:
    """By a mail to where answers go; nothing ends by itself."""
    message = IN_EVERY_LANGUAGE[name]
    for writer in (READ, composer(), composer(reply_to="phongthidua@truong.example")):
        mail = read(writer.compose(message).data)
        asked, answered = mail["List-Unsubscribe"], parseaddr(mail["Reply-To"])[1]
        if message.kind in ("outage", "sign-in") or not answered:
            assert asked is None
        else:
            assert asked.strip().startswith(f"<mailto:{answered}?subject=")
        assert "List-Unsubscribe-Post" not in mail
        assert "Precedence" not in mail


@pytest.mark.parametrize(
    ("language", "address", "words"),
    [
        ("vi", "thidua@truong.example", "Dừng nhắc"),
        ("vi", "phongthiduakhenthuong@truong.example", "Dung nhac"),
        ("en", "thidua@truong.example", "Stop reminders"),
        ("en", "phongthiduakhenthuong.vanphong@truong.example", "Stop"),
    ],
)
def test_the_request_is_in_the_language_of_the_reader(language: str, address: str, words: str) -> None:
    """A longer address leaves room for fewer characters."""
    message = replace(REMINDER, to=replace(REMINDER.to, language=language))
    mail = read(composer(reply_to=address).compose(message).data)
    assert mail["List-Unsubscribe"].strip() == f"<mailto:{address}?subject={quote(words)}>"


# ---------------------------------------------------------------- hostile input

HOSTILE = [
    "=?UTF-8?Q?=0A?=Bcc: x@y",
    "a@b, c: <d>",
    '"><script>',
    "Văn phòng <x@evil.example>,",
    "[aaaaaa]",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_and_titles_stay_text(text: str) -> None:
    """Another address, header or token cannot be smuggled in by a plan."""
    plan = replace(PLAN, title=text, office=replace(OFFICE, name=text))
    message = replace(REMINDER, plan=plan, milestone=replace(REMINDER.milestone, title=text))
    for writer, address in ((READ, PLUS_ADDRESS), (composer(), OFFICE.email)):
        mail = read(writer.compose(message).data)
        assert header(mail, "Reply-To") == f"{text} <{address}>"
        assert [found for _, found in getaddresses([mail["Reply-To"]])] == [address]
        assert set(mail.keys()) == set(read(READ.compose(REMINDER).data).keys())
    answer = ReceivedMail(subject=READ.compose(message).subject)
    assert find_tokens(answer, mailbox=MAILBOX).subjects == (subject_token(SECRET, KEY),)


def test_a_line_break_in_the_name_of_an_office_is_refused() -> None:
    """Plan files cannot hold one; only this mail fails."""
    with pytest.raises(UserError, match="the reminder mail to north-school cannot be written: Reply-To"):
        READ.compose(with_office(REMINDER, name="Văn phòng\r\nBcc: x@y"))
