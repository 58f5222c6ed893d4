"""Composes messages into mails: renders templates, encodes the result, derives the Message-ID.

Headers and template values that many mails share are cached.
"""

from __future__ import annotations

import hmac
import re
import traceback
import unicodedata
from base64 import b32encode
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import jinja2

from scheduler import wording
from scheduler.email_address import read_address
from scheduler.errors import Problem, UserError
from scheduler.mail import headers, template_context, templates
from scheduler.plan.answers.matching import ObligationKey
from scheduler.plan.answers.tokens import invitation_token, reply_token, subject_token, thread_token
from scheduler.plan.messages.conversations import conversation_of, obligation_of
from scheduler.plan.messages.invitations import Invitation
from scheduler.plan.messages.message import Message, MessageOfDocuments
from scheduler.ports import Mail
from scheduler.texts import Text

_ID_LIMIT = 59  # characters; some programs re-encode longer Message-IDs, which breaks threads
_DIGEST_BYTES = 16
_SPACE = re.compile(r"[ \t\r\n]+")
_GAP = re.compile(r"\n(?:[ \t]*\n)+")

_FOR_OPERATORS = ("outage", "sign-in")  # nobody asks an office to end these

_AUTOMATIC = (
    "Auto-Submitted: auto-generated\r\n"
    "X-Auto-Response-Suppress: OOF, AutoReply\r\n"
    "MIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="'
)
_PART = "\r\nContent-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
_TEXT_PART = _PART.format("plain").encode()
_HTML_PART = _PART.format("html").encode()
_CALENDAR_PART = (
    "\r\nContent-Type: text/calendar; charset=utf-8; method={}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
)


class CalendarWriter(Protocol):
    """Writes the calendar part of a mail about an event to which its addressee is invited."""

    def __call__(
        self, message: MessageOfDocuments, invitation: Invitation, *, uid: str, organiser: tuple[str, str]
    ) -> bytes:
        """Return the bytes of the calendar; `organiser` is the name and the address of the sender."""


@dataclass(frozen=True, slots=True)
class AnswerAddress:
    """The mailbox that is read, to which parties answer. Raises `UserError` if it is not an address.

    With `write_calendar` mails about events can be answered by a calendar program; the answer goes to the sender, so
    only if that is this mailbox.
    """

    mailbox: str
    write_calendar: CalendarWriter | None = None

    def __post_init__(self) -> None:
        headers.check_address("Reply-To", self.mailbox)

    def with_token(self, token: str) -> str:
        """Return `local+token@domain`.

        It is the plain address if that has a plus already, or if the token would make it longer than addresses may be.
        """
        local, _, domain = self.mailbox.rpartition("@")
        address = f"{local}+{token}@{domain}"
        return address if "+" not in local and headers.is_address(address) else self.mailbox


class TemplateComposer:
    """Composes mails from the templates `mail/<language>/<kind>.{subject,txt,html}` of `folders`.

    The first folder that has a template wins, so an organisation's own templates come before the shipped ones.
    Templates are compiled once. A message is written in the language of its addressee, else in that of the plan.
    The same message gives the same bytes. Without an `organisation` the display name of the sender is that of
    the plan. The Message-ID and the id that all mails of one conversation refer to are HMACs with `secret`.

    Answers go to `reply_to`, without it to the office of the plan, without that to the sender. With `answers`, those
    about an obligation go to that mailbox, by a token in the address; a shorter one ends the subject.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        sender: str,
        organisation: str,
        reply_to: str | None,
        secret: bytes,
        answers: AnswerAddress | None = None,
    ) -> None:
        self._folders = tuple(str(folder.resolve()) for folder in folders)
        self._organisation = organisation
        self._secret = secret
        self._sender = sender
        self._froms = {"": headers.write_address("From", "", sender)}  # by display name; this also checks the address
        self._reply_to = headers.check_address("Reply-To", reply_to) if reply_to else ""
        self._answers = answers
        is_own = answers is not None and answers.mailbox.casefold() == sender.casefold()
        self._write_calendar = answers.write_calendar if answers is not None and is_own else None
        self._domain = _id_domain(sender.rpartition("@")[2])
        self._environments: dict[str, jinja2.Environment] = {}

    def compose(self, message: Message) -> Mail:
        """Return the finished mail.

        Raises `UserError` that names the template, its line, the party and the kind of message.
        """
        try:
            return self._assemble(message, *self.render(message))
        except UserError as error:
            raise UserError([_in_message(problem, message) for problem in error.problems]) from error

    def check(self) -> list[Problem]:
        """Return the problems of the templates that show without composing a mail."""
        return templates.check_templates([Path(folder) for folder in self._folders])

    def render(self, message: Message) -> tuple[str, str, str]:
        """Return the subject, the text and the HTML of a message; raises `UserError` if a template fails."""
        environment = self._environment(message.language)
        name = f"mail/{message.language}/{message.kind}"
        try:
            view = template_context.describe(message, self._name(message))
            subject = environment.get_template(f"{name}.subject").render(view)
            text = environment.get_template(f"{name}.txt").render(view)
            view["text"] = text = _GAP.sub("\n\n", text).strip() + "\n"
            html = environment.get_template(f"{name}.html").render(view)
        except Exception as error:  # a template can raise anything, and only this message must fail
            raise UserError([self._explain(error, name)]) from error
        return _SPACE.sub(" ", _nfc(subject)).strip(), _nfc(text), _nfc(html)

    def _environment(self, language: str) -> jinja2.Environment:
        environment = self._environments.get(language)
        if environment is None:
            environment = self._environments[language] = templates.make_environment(self._folders, language)
        return environment

    def _assemble(self, message: Message, subject: str, text: str, html: str) -> Mail:
        if not subject:
            raise UserError(Text("Subject: the template gave no words"))
        obligation = obligation_of(message)
        if self._answers and obligation:
            subject = f"{subject} [{subject_token(self._secret, obligation)}]"
        digest = self._digest(message.key)
        message_id = f"<{digest}@{self._domain}>"
        head = "".join(
            (
                self._from(self._name(message)),
                headers.write_address("To", _nfc(message.to.name), message.to.email),
                self._reply_fields(message, obligation),
                _subject(subject),
                _date(message.now, message.plan.zone),
                headers.write_ids("Message-ID", (message_id,)),
                _references(self._secret, conversation_of(message), self._domain),
                _AUTOMATIC,
                f'=_{digest}"\r\n\r\n',
            )
        ).encode("ascii")
        # No base64 text contains "=_", so no part can contain the boundary.
        boundary = f"--=_{digest}".encode()
        calendar = self._calendar_part(message)
        bodies = (_TEXT_PART, _base64(text), boundary, _HTML_PART, _base64(html), boundary)
        parts = (head, boundary, *bodies, *((*calendar, boundary) if calendar else ()), b"--\r\n")
        return Mail(
            message_id=message_id,
            date=message.now,
            address=message.to.email,
            subject=subject,
            data=b"".join(parts),
        )

    def _calendar_part(self, message: Message) -> tuple[bytes, ...]:
        """Return the calendar part of a mail about an event, for which programs show buttons; () if it has none."""
        if self._write_calendar is None or not isinstance(message, MessageOfDocuments) or message.invitation is None:
            return ()
        invitation = message.invitation
        token = invitation_token(self._secret, message.plan, message.occurrence, message.party.id)
        uid = f"{token}@{self._domain}"
        organiser = (_nfc(self._name(message)), self._sender)
        data = self._write_calendar(message, invitation, uid=uid, organiser=organiser)
        head = _CALENDAR_PART.format("CANCEL" if invitation.is_off else "REQUEST")
        return head.encode(), _encode_base64(data)

    def _name(self, message: Message) -> str:
        return self._organisation or message.plan.sender_name

    def _from(self, name: str) -> str:
        if name not in self._froms:
            self._froms[name] = headers.write_address("From", _nfc(name), self._sender)
        return self._froms[name]

    def _reply_fields(self, message: Message, obligation: ObligationKey | None) -> str:
        """Return Reply-To, and List-Unsubscribe for whom the plan writes to; empty if answers go to the sender."""
        name, address = self._answer_to(message, obligation)
        if not address:
            return ""
        stop = "" if message.kind in _FOR_OPERATORS else _unsubscribe(address, message.language)
        return _reply_to(name, address) + stop

    def _answer_to(self, message: Message, obligation: ObligationKey | None) -> tuple[str, str]:
        """Return the name and the address to which answers go, without an address if that is the sender."""
        office = message.plan.office
        name = _nfc(office.name or self._name(message))
        if self._answers and obligation:
            return name, self._answers.with_token(reply_token(self._secret, obligation))
        return ("", self._reply_to) if self._reply_to else (name, _office_address(office.email))

    def _digest(self, key: str) -> str:
        code = hmac.digest(self._secret, b"message-id\0" + key.encode(), "sha256")
        return b32encode(code[:_DIGEST_BYTES]).decode().rstrip("=").lower()

    def _explain(self, error: Exception, name: str) -> Problem:
        """Return an error of a template as a problem, with its file and line if they are known."""
        if isinstance(error, jinja2.TemplateNotFound):
            return templates.no_template(str(error.name), self._folders)
        message = templates.describe(error)
        if isinstance(error, jinja2.TemplateSyntaxError):
            return Problem(message=message, file=error.filename or name, line=error.lineno)
        for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
            if frame.f_code.co_filename.startswith(self._folders):
                return Problem(message=message, file=frame.f_code.co_filename, line=line)
        return Problem(message=message, file=name)


_nfc = partial(unicodedata.normalize, "NFC")
_subject = lru_cache(partial(headers.write_text, "Subject"))  # consecutive mails mostly share these two
_reply_to = lru_cache(partial(headers.write_address, "Reply-To"))


@lru_cache
def _unsubscribe(address: str, language: str) -> str:
    return headers.write_mailto("List-Unsubscribe", address, wording.requests_to_stop(language))


@lru_cache
def _date(instant: datetime, zone: ZoneInfo) -> str:
    return f"Date: {format_datetime(instant.astimezone(zone))}\r\n"


@lru_cache(maxsize=1024)  # the obligations of a plan come again and again
def _references(secret: bytes, conversation: ObligationKey | None, domain: str) -> str:
    """Return the field by which mail programs keep a conversation together, from its first mail on."""
    if conversation is None:
        return ""
    return headers.write_ids("References", (f"<{thread_token(secret, conversation)}@{domain}>",))


@lru_cache
def _office_address(text: str) -> str:
    """Return the e-mail address of a plan's office, with its domain in ASCII.

    It is empty if no mail can be sent to what the plan says: any text may stand there, for people to read.
    """
    address = read_address(text) or ""
    return address if headers.is_address(address) else ""


def _in_message(problem: Problem, message: Message) -> Problem:
    text = Text(
        "the {kind} mail to {id} cannot be written: {message}",
        kind=message.kind,
        id=message.party.id,
        message=problem.message,
    )
    return replace(problem, message=text)


def _id_domain(domain: str) -> str:
    """Return the domain for Message-IDs, without leading labels as far as needed to keep the id short."""
    remaining = _ID_LIMIT - len("<@>") - len(b32encode(bytes(_DIGEST_BYTES)).rstrip(b"="))
    while len(domain) > remaining and domain.count(".") > 1:
        domain = domain.partition(".")[2]
    return domain


def _base64(text: str) -> bytes:
    """Return a text body as base64 lines of 76 characters, with CRLF as line breaks in the text.

    Raises `UserError` if the text holds a lone surrogate.
    """
    try:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        data = text.replace("\n", "\r\n").encode()
    except UnicodeEncodeError as error:
        raise UserError(Text("the text holds half a character (U+{ord:04X})", ord=ord(text[error.start]))) from error
    return _encode_base64(data)


def _encode_base64(data: bytes) -> bytes:
    """Return bytes as base64 lines of 76 characters."""
    code = b2a_base64(data, newline=False)
    lines = [code[start : start + 76] for start in range(0, len(code), 76)]
    lines.append(b"")
    return b"\r\n".join(lines)
