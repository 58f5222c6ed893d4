"""Which of several titles a file name, a subject or a sentence means. Pure.

Words are compared without diacritics and without regard to case. A word that few titles have counts for more than one
that many have: of "Báo cáo 6 tháng" and "Báo cáo năm", the words "báo cáo" mean neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_LEAST = 0.4  # how alike a text and a title must be, between 0 and 1; "Kế hoạch" means the plan of a long title
_MARGIN = 1.6  # how much more alike than any other
_UNKNOWN = 0.5  # the weight of a word of no title; a word of one title weighs 1
_YEAR_SHARE = 0.5  # most file names hold a year, whatever they are

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_YEAR = re.compile(r"20\d\d")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")  # "BCSoKet6Thang" has five

_ABBREVIATIONS = {
    "bc": ("bao", "cao"),
    "dk": ("dang", "ky"),
    "ds": ("danh", "sach"),
    "hs": ("ho", "so"),
    "kh": ("ke", "hoach"),
    "td": ("thi", "dua"),
    "xn": ("xac", "nhan"),
}
_LITTLE_WORDS = frozenset(
    [
        *("cua", "va", "cac", "cho", "theo", "ve", "kem", "gui", "nop", "trong", "kinh"),
        *("the", "of", "and", "re", "fw", "fwd"),
    ]
)
# What scanners, cameras, mail and office programs call a file by themselves, and people who say no more.
_EMPTY_WORDS = frozenset(
    [
        *("scan", "scanned", "scanner", "cam", "img", "image", "photo", "pic", "dsc", "screen", "shot", "screenshot"),
        *("doc", "docx", "document", "documents", "file", "files", "pdf", "jpg", "attachment", "attachments"),
        *("untitled", "new", "copy", "zalo", "whatsapp", "wa", "van", "ban", "tai", "lieu", "tep", "anh", "chup"),
    ]
)


# Words of a name that does not say which document it is, with those of the party and of the title that is owed.
_VAGUE_WORDS = _EMPTY_WORDS | frozenset(
    [
        *("bao", "cao", "ho", "so", "ket", "tong", "cong", "truong", "ct", "tct", "cum", "chinh", "tri", "tinh"),
        *("thang", "nam", "dau", "cuoi", "ngay", "ban", "thuc", "ky", "goc", "final", "report"),
        *("quy", "nhanh", "day", "du", "hoan", "thien", "sua", "moi", "lan"),
    ]
)
# What kind of document it is, which many a year has.
_KINDS = frozenset(
    ["bao", "cao", "ke", "hoach", "ho", "so", "danh", "sach", "van", "ban", "bieu", "report", "plan", "list"]
)
_ANNEX_WORDS = frozenset(["phu", "luc", "bieu", "lieu"])


class Title(NamedTuple):
    """What a document or an obligation may be called; `document` is "" for all of an obligation.

    `wordings` holds the words of `text` and of other names for the same.
    """

    obligation: tuple[str, str, str]
    document: str
    text: str
    wordings: tuple[frozenset[str], ...]

    @property
    def words(self) -> frozenset[str]:
        """Return the words of all names."""
        return frozenset().union(*self.wordings)


def title(obligation: tuple[str, str, str], document: str, text: str, *others: str) -> Title:
    """Return a title; `others` are further names for the same."""
    return Title(obligation, document, text, tuple(frozenset(_split(name)) for name in (text, *others)))


def without(titles: Sequence[Title], others: Iterable[Title]) -> list[Title]:
    """Return the others that are not called just like one of the titles.

    Another month's or year's report has the same title: it tells nothing.
    """
    known = {each.wordings for each in titles}
    return [each for each in others if each.wordings not in known]


class TitleIndex:
    """Titles that are told apart by their words."""

    def __init__(self, titles: Iterable[Title]) -> None:
        self._words = {title: title.words for title in titles}
        self._uses = Counter(word for words in self._words.values() for word in words)
        known = sorted((word for word in self._uses if len(word) > 1), key=len, reverse=True)
        self._known = re.compile("|".join(known) or r"(?!)")

    def find(self, text: str) -> tuple[Title, ...]:
        """Return the titles that a text may mean: one if it is clear, none if it is like none of them."""
        said = frozenset(part for word in _split(text) for part in self._part(word))
        likeness = {title: self._compare(said, title) for title in self._words}
        best = max(likeness, key=likeness.__getitem__, default=None)
        if best is None or likeness[best] < _LEAST:
            return ()
        close = {title for title in likeness if likeness[title] * _MARGIN > likeness[best]}
        return tuple(title for title in likeness if self._is_rival(said, title, best, is_close=title in close))

    def find_told(self, text: str) -> tuple[Title, ...]:
        """Return the titles that a text may mean and of which it says more than the kind of document, as "Báo cáo"."""
        said = frozenset(part for word in _split(text) for part in self._part(word))
        return tuple(title for title in self.find(text) if not (rest := title.words - _KINDS) or rest & said)

    def find_one(self, lines: Iterable[str]) -> Title | None:
        """Return the title that some line means clearly and no line speaks against, or None."""
        found = [set(titles) for line in lines if (titles := self.find(line))]
        clear = set().union(*(titles for titles in found if len(titles) == 1))
        return clear.pop() if len(clear) == 1 and all(clear <= titles for titles in found) else None

    def _is_rival(self, said: frozenset[str], title: Title, best: Title, *, is_close: bool) -> bool:
        """Return whether what was said may mean a title as well as the one that is most like it, or is that one."""
        for_best = said & self._words[best] - self._words[title]
        for_title = said & self._words[title] - self._words[best]
        if not for_best or not for_title:
            return not for_best
        return is_close or self._weigh(for_title) * _MARGIN > self._weigh(for_best)

    def _part(self, word: str) -> list[str]:
        """Return the words of titles that are run together in a word, as in "baocao", else the word."""
        parts = self._known.findall(word)
        return parts if "".join(parts) == word else [word]

    def _compare(self, said: frozenset[str], title: Title) -> float:
        """Return the weight of the words in both, as a share of the weight of each (Dice's coefficient)."""
        weight = self._weigh(said)
        return max(2 * self._weigh(said & words) / ((weight + self._weigh(words)) or 1.0) for words in title.wordings)

    def _weigh(self, words: frozenset[str]) -> float:
        return sum(map(self._weigh_word, sorted(words)))  # in order, for sums of fractions depend on it

    def _weigh_word(self, word: str) -> float:
        if word not in self._uses:
            return _UNKNOWN
        return (_YEAR_SHARE if _YEAR.fullmatch(word) else 1) / self._uses[word]


def fold(text: str) -> list[str]:
    """Return the words of a text in plain lower-case letters, and its numbers without leading zeros."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    plain = bare.replace("đ", "d").replace("Đ", "D")
    return [word.lstrip("0") or "0" if word.isdigit() else word.lower() for word in _WORD.findall(plain)]


def strip_extension(name: str) -> str:
    """Return the name of a file without the ending that says its kind."""
    return _EXTENSION.sub("", name)


def says_nothing(name: str) -> bool:
    """Return whether the name of a file says nothing about what it is, as "scan001.pdf"."""
    words = fold(strip_extension(name))
    return all(word in _EMPTY_WORDS or word.isdigit() or len(word) == 1 for word in words)


def is_vague(name: str, known: frozenset[str], *, is_alone: bool) -> bool:
    """Return whether the name of a file says no more than that it is the document asked for, as "BC Nghe An.pdf".

    `known` are the words of its title and of the party. An annex is one only beside the document.
    """
    also = frozenset() if is_alone else _ANNEX_WORDS
    words = frozenset(_split(strip_extension(name))) - known - _VAGUE_WORDS - also
    return all(word.isdigit() or len(word) == 1 for word in words)


def _split(text: str) -> list[str]:
    words = [part for word in fold(text) for part in _ABBREVIATIONS.get(word, (word,))]
    return [word for word in words if word not in _LITTLE_WORDS]
