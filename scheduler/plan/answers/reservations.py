"""What in a mail says that it needs a person, whatever it answers: its form, or words that promise or ask. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from scheduler.plan import reasons
from scheduler.plan.answers.document_names import fold
from scheduler.plan.answers.received_mail import Oddity, ReceivedMail
from scheduler.plan.reasons import Reason

_ODDITIES: Mapping[Oddity, Reason] = {  # unusual letters alone ("charset") need nobody
    "encrypted": reasons.FILE_ENCRYPTED,
    "winmail": reasons.FILE_WINMAIL,
    "nested": reasons.MAIL_NESTED,
    "partial": reasons.MAIL_PARTIAL,
    "cloud-link": reasons.FILE_ELSEWHERE,
    "too-deep": reasons.MAIL_TOO_DEEP,
    "broken": reasons.MAIL_BROKEN,
}

# As people write them, for a person reads them; compared without diacritics, for many write without.
_PHRASES = (
    *("chưa", "sẽ gửi", "sẽ nộp", "sẽ bổ sung", "gửi sau", "nộp sau", "bổ sung sau", "xin lùi", "lùi thời hạn"),
    *("gia hạn", "bản nháp", "dự thảo", "xin ý kiến", "xin góp ý"),
    *("not yet", "draft", "extension", "will send", "will follow"),
)
_FOLDED = {" ".join(fold(phrase)): phrase for phrase in _PHRASES}
_ANY_PHRASE = re.compile(rf"\b(?:{'|'.join(_FOLDED)})\b")


def oddities(mail: ReceivedMail) -> tuple[Reason, ...]:
    """Return what in the form of a mail needs a person, in a fixed order."""
    return tuple(reason for oddity, reason in _ODDITIES.items() if oddity in mail.oddities)


def reservations(lines: Iterable[str], titles: Iterable[str]) -> tuple[Reason, ...]:
    """Return the words by which a sender promises, asks for time or calls a document unfinished, each once.

    Words in a title are no reservation: the draft of a plan may be what is owed.
    """
    owed = {phrase for title in titles for phrase in _find(title)}
    said = {phrase for line in lines for phrase in _find(line)}
    return tuple(reasons.says(phrase) for folded, phrase in _FOLDED.items() if folded in said - owed)


def _find(text: str) -> list[str]:
    return _ANY_PHRASE.findall(" ".join(fold(text)))
