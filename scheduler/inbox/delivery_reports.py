"""Reads reports about mails that were not delivered, or not yet: RFC 3464, and what older servers write."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from email import message_from_bytes
from typing import Literal

from flufl.bounce import all_failures

from scheduler.email_address import read_address
from scheduler.inbox.header_addresses import find_ids, without_comments
from scheduler.inbox.header_text import clean_line
from scheduler.inbox.headers import Headers, read_headers
from scheduler.inbox.mime_parts import NESTED_TYPES, MimeMessage, Part
from scheduler.plan.answers.received_mail import DeliveryReport, FailedRecipient

LONGEST_REPORT = 256 * 1024  # bytes of a part
LONGEST_OTHER_REPORT = 32 * 1024  # bytes of a whole report in a form of its own: its detectors are slow
_MOST_LINES = 2000  # of such a report
STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
HEADER_TYPES = frozenset({"text/rfc822-headers", "message/global-headers"})

_MOST_RECIPIENTS = 100
_LONGEST_WORDS = 300
_STATUS = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")
_ID_IN_TEXT = re.compile(rb"^[> \t]*Message-ID:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)

_Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
_ACTIONS: dict[str, _Action] = {
    "failed": "failed",
    "error": "failed",  # OpenSMTPD
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "relayed",
    "expanded": "expanded",
}
_ACTIONS_BY_CLASS: dict[str, _Action] = {"5": "failed", "4": "delayed", "2": "delivered"}

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs each of its attempts


def read_report(message: MimeMessage, read: Callable[[Part], bytes]) -> DeliveryReport | None:
    """Return the report of a multipart/report; None for other mails. `read` returns the first bytes of a part."""
    if message.headers.content_type != "multipart/report":
        return None
    recipients: list[FailedRecipient] = []
    for part in message.own_parts:
        if part.headers.content_type in STATUS_TYPES:
            recipients += _read_recipients(read(part))
    if not recipients:
        return None
    return DeliveryReport(message_id=_find_original_id(message, read), recipients=tuple(recipients[:_MOST_RECIPIENTS]))


def read_other_report(message: MimeMessage, read: Callable[[Part], bytes], raw: bytes) -> DeliveryReport | None:
    """Return the report of a mail in one of the many older forms; None if nothing in it looks like one, or it is long.

    `raw` is the whole mail. What is found is guessed.
    """
    if len(raw) > LONGEST_OTHER_REPORT or raw.count(b"\n") >= _MOST_LINES:
        return None
    try:
        delayed, failed = all_failures(message_from_bytes(raw))
    except Exception:  # its detectors, and the parser of the standard library, raise many kinds on broken mails
        return None
    recipients = [*_name_all(failed, "failed"), *_name_all(delayed - failed, "delayed")]
    if not recipients:
        return None
    return DeliveryReport(message_id=_find_original_id(message, read), recipients=tuple(recipients[:_MOST_RECIPIENTS]))


def _name_all(addresses: Iterable[bytes], action: _Action) -> list[FailedRecipient]:
    found = [read_address(address.decode("ascii", "replace")) for address in sorted(addresses)]
    return [FailedRecipient(address=address, action=action) for address in found if address]


def _read_recipients(data: bytes) -> list[FailedRecipient]:
    """Return what the groups of fields say (RFC 3464, 2.1); the first group, about the message, names nobody."""
    groups = re.split(rb"\n(?:[ \t]*\r?\n)+", data.replace(b"\r\n", b"\n"))
    return [found for group in groups if (found := _read_recipient(read_headers(group)[0]))]


def _read_recipient(fields: Headers) -> FailedRecipient | None:
    address = _read_typed(fields.first("final-recipient")) or _read_typed(fields.first("original-recipient"))
    status = _STATUS.search(fields.first("status"))
    action = _read_action(fields.first("action"), status[0] if status else "")
    if not address or not action:
        return None
    words = fields.first("diagnostic-code")
    return FailedRecipient(
        address=address,
        action=action,
        status=status[0] if status else "",
        words=clean_line(re.sub(r"^\s*[\w-]+\s*;", "", words), _LONGEST_WORDS),
    )


def _read_action(value: str, status: str) -> _Action | None:
    """Return the action, by the class of the status only if none is given: a final failure may have status 4.x."""
    word = re.split(r"[\s;(]", value.strip().lower(), maxsplit=1)[0]
    return _ACTIONS.get(word) or _ACTIONS_BY_CLASS.get(status[:1])


def _read_typed(value: str) -> str:
    """Return the address of a field such as "rfc822; an@truong.example"; "" for one of another kind."""
    kind, separator, address = (without_comments(value) or "").rpartition(";")
    if separator and kind.strip().lower() not in ("rfc822", "utf-8"):
        return ""
    return read_address(address.strip().removeprefix("<").removesuffix(">").strip()) or ""


def _find_original_id(message: MimeMessage, read: Callable[[Part], bytes]) -> str:
    """Return the id of the mail that the report is about: from the copy of it, or else from the text."""
    parts = message.own_parts
    for part in parts:
        if part.headers.content_type in NESTED_TYPES | HEADER_TYPES:
            head = re.split(rb"\r?\n\r?\n", read(part).lstrip(b"\r\n"), maxsplit=1)[0]
            ids = find_ids(read_headers(head)[0].first("message-id"))
            if ids:
                return ids[0]
    for part in parts:
        match = _ID_IN_TEXT.search(read(part)) if part.headers.content_type == "text/plain" else None
        ids = find_ids(match[1].decode("ascii", "replace")) if match else ()
        if ids:
            return ids[0]
    return ""
