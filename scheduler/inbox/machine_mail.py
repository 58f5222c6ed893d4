"""Signs that a machine wrote a mail (RFC 3834), and that nobody may answer it."""

from __future__ import annotations

import re

from scheduler.inbox.header_text import read_line
from scheduler.inbox.headers import Headers

_LONGEST_QUOTE = 200
_AUTOREPLY_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponder")
_PRECEDENCES = frozenset({"auto_reply", "auto-reply", "bulk", "junk", "list"})
_SUBJECT = re.compile(
    r"(Trả lời tự động|Thư trả lời tự động|Tự động trả lời|Automatic reply|Auto(matic)?[- ]?reply|Auto[- ]?response"
    r"|Out of (the )?office)\b",
    re.IGNORECASE,
)


def quote_automatic(headers: Headers) -> str:
    """Return the field that says that a machine wrote the mail; "" if none does.

    X-Auto-Response-Suppress is no sign: Exchange writes it into the mails of persons too.
    """
    for name, value in headers.fields:
        if _is_sign(name, value):
            return read_line(f"{name.title()}: {value}", _LONGEST_QUOTE)
    return ""


def _is_sign(name: str, value: str) -> bool:
    word = re.split(r"[\s;(]", value.strip().lower(), maxsplit=1)[0]
    match name:
        case "auto-submitted":
            return word != "no"
        case "precedence":
            return word in _PRECEDENCES
        case "subject":
            return bool(_SUBJECT.match(read_line(value)))
        case "content-type":
            return word == "multipart/report" and "disposition-notification" in value.lower()
        case _:
            return name in _AUTOREPLY_FIELDS and word != "no"


def is_null_sender(headers: Headers, sender: str) -> bool:
    """Return whether a mail came without a sender who could be answered, as reports about other mails do."""
    return is_mail_system(headers, sender) or not headers.first("from").strip()


def is_mail_system(headers: Headers, sender: str) -> bool:
    """Return whether a mail comes from a mail system: only what those report of other mails is believed."""
    local = sender.partition("@")[0].lower()
    return headers.first("return-path").replace(" ", "") == "<>" or local in ("mailer-daemon", "postmaster")
