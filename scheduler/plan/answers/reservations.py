"""What in a mail says that it needs a person, whatever it answers: its form, or words that promise or ask. Pure."""

from __future__ import annotations

import re
import unicodedata
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
    *("lùi", "rút lại", "thu hồi", "góp ý", "mẫu này", "giấy mời", "kính mời"),
    *("not yet", "draft", "extension", "will send", "will follow"),
)
# Without diacritics these are other words, as in "phát huy", "hội nghị", "miền Trung".
_ACCENTED = ("miễn", "hủy", "huỷ", "hỏi")
_ANY_ACCENTED = re.compile(rf"\b(?:{'|'.join(_ACCENTED)})\b")
_PLAIN = {fold(word)[0]: word for word in reversed(_ACCENTED)}
_FOLDED = {" ".join(fold(phrase)): phrase for phrase in _PHRASES}
_ANY_PHRASE = re.compile(rf"\b(?:{'|'.join(_FOLDED)})\b")


def oddities(mail: ReceivedMail) -> tuple[Reason, ...]:
    """Return what in the form of a mail needs a person, in a fixed order."""
    return tuple(reason for oddity, reason in _ODDITIES.items() if oddity in mail.oddities)


def reservations(lines: Iterable[str], titles: Iterable[str]) -> tuple[Reason, ...]:
    """Return the words by which a sender promises, asks for time or calls a document unfinished, each once.

    Words in a title are no reservation: the draft of a plan may be what is owed.
    """
    owned, texts = tuple(titles), tuple(lines)
    owed = {phrase for title in owned for phrase in _find(title)}
    said = {phrase for line in texts for phrase in _find(line)}
    phrases = [phrase for folded, phrase in _FOLDED.items() if folded in said - owed]
    return tuple(map(reasons.says, [*phrases, *_find_accented(texts, owned)]))


def _find(text: str) -> list[str]:
    return _ANY_PHRASE.findall(" ".join(fold(text)))


def _find_accented(texts: Iterable[str], titles: Iterable[str]) -> list[str]:
    """Return the words that diacritics tell from others; a text without any may mean them."""
    written = {title: _spell(title) for title in titles}
    owed = {word for spelt in written.values() for word in _ANY_ACCENTED.findall(spelt)}
    plainly_owed = {word for title in written for word in fold(title)}
    said = set()
    for text in texts:
        said.update(set(_ANY_ACCENTED.findall(_spell(text))) - owed)
        if text.isascii():
            said.update(_PLAIN[word] for word in (_PLAIN.keys() & set(fold(text))) - plainly_owed)
    return [word for word in _ACCENTED if word in said]


def _spell(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().replace("_", " ")
