"""Reads a received mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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

_LONGEST_TEXT = 256 * 1024  # bytes of one part
_LONGEST_SUBJECT = 500
_MOST_REFERENCES = 20
_CONTENT_ID = re.compile(r"""cid:([^"'\s<>)]+)""", re.IGNORECASE)
_CLOUD_LINK = re.compile(
    r"https?://(?:[\w-]+\.)*(?:(?:drive|docs)\.google\.com|onedrive\.live\.com|onedrive\.com|sharepoint\.com"
    r"|dropbox\.com|1drv\.ms)(?![\w.-])",
    re.IGNORECASE,
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
        html = self._read_bodies("text/html")
        text = self._read_text(html)
        attachments = self._read_attachments(frozenset(_CONTENT_ID.findall(html)))
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

    def _read_bodies(self, kind: str) -> str:
        """Return the text of all parts of that type: some programs write one before and one after each file."""
        texts = []
        for part in self._message.own_parts:
            if part.headers.content_type == kind and is_body(part):
                text, is_exact = decode_text(self._beginning(part, _LONGEST_TEXT), part.headers.charset)
                if not is_exact:
                    self._oddities.add("charset")
                texts.append(clean_text(text))
        return "\n".join(texts)

    def _read_text(self, html: str) -> str:
        """Return what the person wrote, out of the HTML only if there is no plain text."""
        plain = self._read_bodies("text/plain")
        text = trim_quote(plain if plain.strip() else read_html(html))
        if _CLOUD_LINK.search(text):
            self._oddities.add("cloud-link")
        return text

    def _read_attachments(self, shown: frozenset[str]) -> tuple[Attachment, ...]:
        attachments = []
        for part in filter(is_file, self._message.own_parts):
            content = read_content(read_attachment(self._stream, part), self._find_kind)
            if is_logo(part, content.size, shown):
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
