"""What in a mail needs a person, whichever documents it holds. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from scheduler.plan import reasons
from scheduler.plan.answers.document_names import fold
from scheduler.plan.answers.documents import find_unkept
from scheduler.plan.answers.received_mail import Attachment, ReceivedMail
from scheduler.plan.answers.reservations import oddities, reservations
from scheduler.plan.reasons import Reason

# Before a subject, after any signs of an answer; "WG" and "TR" are those of programs in German and French.
_FORWARDS = re.compile(
    r"[\s\[]*(?:(?:re|aw|tl|trả lời|tra loi)\s*:\s*)*(?:fwd?|wg|tr|ct|chuyển tiếp|chuyen tiep)\s*:", re.IGNORECASE
)
_FORWARDED = re.compile(r"\b(?:forwarded (?:message|mail|email)|(?:thu|tin|tin nhan|mail)(?: duoc)? chuyen tiep)\b")


def doubt_content(
    mail: ReceivedMail,
    files: Sequence[Attachment],
    lines: Sequence[str],
    titles: Sequence[str],
    *,
    blank_forms: Collection[str],
) -> tuple[Reason, ...]:
    """Return why a person must look at a mail with these files that count and these lines of its own.

    `titles` are those of the obligation that it answers; what they say themselves is no doubt.
    """
    others = [file for file in mail.attachments if file.digest not in blank_forms]
    said = (mail.subject, " ".join(lines), *lines, *(file.name for file in files))
    return (
        *((map(reasons.file_unkept, find_unkept(others))) if files else (reasons.NO_DOCUMENT,)),
        *oddities(mail),
        *((reasons.FORWARDED,) if _is_forwarded(mail.subject, lines) else ()),
        *reservations(said, titles),
        *((reasons.says("?"),) if _asks((mail.subject, *lines), titles) else ()),
    )


def doubt_sender(mail: ReceivedMail, *, is_known: bool) -> list[Reason]:
    """Return why it is not certain who wrote a mail."""
    doubts = [] if is_known else [reasons.SENDER_UNKNOWN]
    return doubts if mail.authentication.state == "pass" else [*doubts, reasons.SENDER_UNPROVEN]


def _is_forwarded(subject: str, lines: Sequence[str]) -> bool:
    plain = unicodedata.normalize("NFC", subject)
    return bool(_FORWARDS.match(plain)) or any(_FORWARDED.search(" ".join(fold(line))) for line in lines)


def _asks(texts: Sequence[str], titles: Sequence[str]) -> bool:
    """Return whether a text asks something; addresses of pages hold question marks too."""
    words = (word for text in texts for word in text.split() if "://" not in word)
    return any("?" in word for word in words) and not any("?" in title for title in titles)
