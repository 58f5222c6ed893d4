"""Reads a received mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO

from scheduler.inbox.authentication import judge_authentication
from scheduler.inbox.calendar_replies import CALENDAR_TYPES, LONGEST_CALENDAR, MOST_CALENDARS, read_calendar_reply
from scheduler.inbox.delivery_reports import LONGEST_OTHER_REPORT, LONGEST_REPORT, read_other_report, read_report
from scheduler.inbox.file_parts import describe, find_oddities, is_body, is_file, is_logo, read_content
from scheduler.inbox.header_addresses import find_addresses, find_ids, read_sender
from scheduler.inbox.header_text import clean_line, decode_text, read_line
from scheduler.inbox.headers import Headers
from scheduler.inbox.html_text import clean_text, read_html
from scheduler.inbox.machine_mail import is_mail_system, is_null_sender, quote_automatic
from scheduler.inbox.mime_parts import Part, read_attachment, read_parts
from scheduler.inbox.quoted_text import trim_quote
from scheduler.plan.answers.received_mail import (
    Attachment,
    CalendarReply,
    DeliveryReport,
    Oddity,
    ReceivedMail,
)

_LONGEST_TEXT = 256 * 1024  # bytes of all parts of a kind together
_LONGEST_LINE = 2000  # characters; what goes on is another line
_LONGEST_SUBJECT = 500
_MOST_REFERENCES = 20
_CONTENT_ID = re.compile(r"""cid:([^"'\s<>)]+)""", re.IGNORECASE)
_CLOUD_LINK = re.compile(
    r"""
      https?://
      (?: (?:[\w-]+\.)*
          (?: (?:drive|docs|drive\.usercontent)\.google\.com | photos\.app\.goo\.gl | forms\.gle
            | onedrive\.live\.com | onedrive\.com | 1drv\.ms | sharepoint\.com
            | dropbox\.com | box\.com | mega\.nz | fshare\.vn | wetransfer\.com | we\.tl )
          (?![\w.-])
        | (?:[\w-]+\.)* zalo\.me/file
        | (?:[\w-]+\.)* icloud\.com/iclouddrive )
    """,
    re.IGNORECASE | re.VERBOSE,
)


class MailReader:
    """Reads raw mails into values, one at a time from seekable streams; keeps nothing."""

    def __init__(self, *, authserv_id: str, find_kind: Callable[[bytes], str]) -> None:
        """Take the name under which the mail server writes Authentication-Results ("": they are not looked at).

        `find_kind` returns the media type of a file by its first bytes, "" if that kind is not accepted.
        """
        self._authserv_id = authserv_id
        self._find_kind = find_kind

    def read(self, stream: IO[bytes]) -> ReceivedMail:
        """Return what a mail says. It never fails on what the mail holds; errors of the stream are raised."""
        return _Reading(stream, self._find_kind).read(self._authserv_id)

    def attachment(self, stream: IO[bytes], part: str) -> Iterator[bytes]:
        """Yield the content of the part with that number, as in `Attachment.part`. Raises `KeyError`."""
        found = {candidate.number: candidate for candidate in read_parts(stream).own_parts}[part]
        return read_attachment(stream, found)


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """The text of a part, as far as it is read."""

    part: Part
    text: str
    is_whole: bool


class _Reading:
    """One mail while it is read."""

    def __init__(self, stream: IO[bytes], find_kind: Callable[[bytes], str]) -> None:
        self._stream = stream
        self._find_kind = find_kind
        self._message = read_parts(stream)
        self._oddities: set[Oddity] = set(self._message.oddities)

    def read(self, authserv_id: str) -> ReceivedMail:
        headers = self._message.headers
        name, sender = read_sender(headers.find_all("from"))
        is_null = is_null_sender(headers, sender)
        pages = self._read_bodies("text/html")
        text = self._read_text(self._read_bodies("text/plain"), pages)
        attachments = self._read_attachments(pages)
        for part in self._message.parts:
            self._oddities |= find_oddities(part)
        return ReceivedMail(
            message_id=next(iter(find_ids(headers.first("message-id"))), ""),
            sender=sender,
            sender_name=name,
            recipients=find_addresses(headers.find_all("to", "cc", "delivered-to", "x-original-to")),
            subject=read_line(headers.first("subject"), _LONGEST_SUBJECT),
            sent_at=_read_date(headers.first("date")),
            references=_read_references(headers),
            authentication=judge_authentication(headers, sender, authserv_id),
            text=text,
            attachments=attachments,
            report=self._read_report() if is_mail_system(headers, sender) else None,
            calendar=self._read_calendar(),
            automatic=quote_automatic(headers),
            is_null_sender=is_null,
            oddities=tuple(sorted(self._oddities)),
        )

    def _beginning(self, part: Part, most: int) -> bytes:
        """Return the first bytes of the content of a part."""
        content = bytearray()
        for piece in read_attachment(self._stream, part):
            content += piece
            if len(content) >= most:
                break
        return bytes(content[:most])

    def _read_bodies(self, kind: str) -> list[_Body]:
        """Return the texts of that type: some programs write one before and one after each file."""
        bodies: list[_Body] = []
        left = _LONGEST_TEXT
        for part in self._message.own_parts:
            if part.headers.content_type == kind and is_body(part):
                data = self._beginning(part, left + 1)
                text, is_exact = decode_text(data[:left], part.headers.charset)
                if not is_exact and len(data) <= left:  # else a letter may be cut in two
                    self._oddities.add("charset")
                bodies.append(_Body(part, clean_text(text), is_whole=len(data) <= left))
                left -= min(len(data), left)
        return bodies

    def _read_text(self, plain: list[_Body], pages: list[_Body]) -> str:
        """Return what the person wrote, out of a page only if it is not also there as plain text."""
        written = [body for body in plain if body.text.strip()]
        around = {_around(body.part) for body in written if body.part.container == "multipart/alternative"}
        others = [page for page in pages if around.isdisjoint(_all_around(page.part))]
        places = {id(part): place for place, part in enumerate(self._message.parts)}
        bodies = sorted((*plain, *others), key=lambda body: places[id(body.part)])
        if not all(body.is_whole for body in bodies):
            self._oddities.add("broken")
        texts = [
            read_html(body.text) if body.part.headers.content_type == "text/html" else body.text for body in bodies
        ]
        text = trim_quote("\n".join(texts))
        if _CLOUD_LINK.search(text):
            self._oddities.add("cloud-link")
        return "\n".join(piece for line in text.split("\n") for piece in _cut(line))

    def _read_attachments(self, pages: list[_Body]) -> tuple[Attachment, ...]:
        shown = frozenset(id for page in pages for id in _CONTENT_ID.findall(page.text))
        mixed = {_around(page.part) for page in pages if page.part.container == "multipart/mixed"}
        attachments = []
        for part in filter(is_file, self._message.own_parts):
            content = read_content(read_attachment(self._stream, part), self._find_kind)
            if is_logo(part, content.size, shown, has_page_beside=_around(part) in mixed):
                continue
            if content.is_encrypted:
                self._oddities.add("encrypted")
            attachments.append(describe(part, content))
        return tuple(attachments)

    def _read_report(self) -> DeliveryReport | None:
        def read(part: Part) -> bytes:
            return self._beginning(part, LONGEST_REPORT)

        report = read_report(self._message, read)
        if report:
            return report
        self._stream.seek(0)
        return read_other_report(self._message, read, self._stream.read(LONGEST_OTHER_REPORT + 1))

    def _read_calendar(self) -> CalendarReply | None:
        parts = [part for part in self._message.own_parts if part.headers.content_type in CALENDAR_TYPES]
        for part in parts[:MOST_CALENDARS]:
            data = self._beginning(part, LONGEST_CALENDAR + 1)
            if len(data) <= LONGEST_CALENDAR:
                reply = read_calendar_reply(decode_text(data, part.headers.charset).text)
                if reply:
                    return reply
        return None


def _around(part: Part) -> str:
    """Return the number of the multipart that a part stands in."""
    return part.number.rpartition(".")[0]


def _all_around(part: Part) -> list[str]:
    """Return the numbers of all multiparts that a part stands in."""
    numbers = part.number.split(".")
    return [".".join(numbers[:count]) for count in range(len(numbers))]


def _cut(line: str) -> list[str]:
    return [line[start : start + _LONGEST_LINE] for start in range(0, len(line), _LONGEST_LINE)] or [""]


def _read_date(value: str) -> datetime | None:
    """Return a Date in UTC, which is also assumed where no zone is given; None if it is none."""
    try:
        date = parsedate_to_datetime(clean_line(value, 100))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError):
        return None


def _read_references(headers: Headers) -> tuple[str, ...]:
    ids = [*find_ids(headers.first("in-reply-to")), *reversed(find_ids(headers.first("references")))]
    return tuple(dict.fromkeys(ids))[:_MOST_REFERENCES]
