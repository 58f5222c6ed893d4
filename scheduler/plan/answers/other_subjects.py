"""Names of other parties, other years and other periods in a mail: it may be meant for something else. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from scheduler.plan import reasons
from scheduler.plan.answers.document_names import fold
from scheduler.plan.reasons import Reason

_YEAR = re.compile(r"20\d\d")
_CAMERAS = frozenset(["img", "image", "dsc", "dscn", "pic", "photo"])  # a number behind them is no year
_DAY = re.compile(r"\bngay \d{1,2} thang \d{1,2}\b")
_PERIOD = re.compile(r"\b(?:(\d{1,2}) )?(thang|quy|qui|t|q) ?(\d{1,2}|i{1,3}|iv)?\b")
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_UNITS = {"t": "thang", "q": "quy", "qui": "quy"}


class NameIndex:
    """The names of parties of two or more words, by which those that a text says are found without asking for each."""

    def __init__(self, names: Iterable[str]) -> None:
        folded = {name: fold(name) for name in names}
        told = {name: words for name, words in folded.items() if len(words) > 1}
        self._names = {form: name for name, words in told.items() for form in (" ".join(words), "".join(words))}
        self._longest = max(map(len, told.values()), default=0)

    def find(self, texts: Iterable[str]) -> frozenset[str]:
        """Return the names that texts say, together or apart."""
        found = set()
        for words in map(fold, texts):
            for start in range(len(words)):
                ends = range(start + 1, min(start + self._longest, len(words)) + 1)
                found |= {self._names.get(" ".join(words[start:end]), "") for end in ends}
        return frozenset(found - {""})


def doubt_subjects(
    texts: Sequence[str], titles: Sequence[str], *, other_names: Collection[str], years: Collection[int]
) -> tuple[Reason, ...]:
    """Return why a subject or names of files may be about another party or year; no `years`: any will do."""
    said = [fold(text) for text in texts]
    known = {str(year) for year in years} | {word for each in titles for word in fold(each) if _YEAR.fullmatch(word)}
    is_other_year = bool(years) and any(year not in known for words in said for year in _find_years(words))
    named = (reasons.names_other(name) for name in _find_names(said, [fold(each) for each in titles], other_names))
    return (*named, *((reasons.OTHER_YEAR,) if is_other_year else ()))


def _find_years(words: Sequence[str]) -> list[str]:
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if _YEAR.fullmatch(word) and before not in _CAMERAS]


def _find_names(said: Iterable[list[str]], titles: Iterable[list[str]], names: Iterable[str]) -> list[str]:
    """Return the names of two or more words that are said, together or apart, and stand in no title."""
    texts, owed = [f" {' '.join(words)} " for words in said], [f" {' '.join(words)} " for words in titles]
    found = []
    for name in sorted(set(names)):
        words = fold(name)
        forms = (f" {' '.join(words)} ", f" {''.join(words)} ")
        if len(words) > 1 and _has(texts, forms) and not _has(owed, forms):
            found.append(name)
    return found


def _has(texts: Iterable[str], forms: Iterable[str]) -> bool:
    return any(form in text for text in texts for form in forms)


def is_other_period(texts: Iterable[str], titles: Iterable[str]) -> bool:
    """Return whether a text names a month, quarter or number of months that the titles do not."""
    owed = {period for title in titles for period in _find_periods(title)}
    units = {unit for unit, number in owed if not number}  # "Báo cáo tháng": any month
    numbers = {number for _, number in owed if number}
    said = {period for text in texts for period in _find_periods(text)}
    return any(number and number not in numbers and unit not in units for unit, number in said)


def _find_periods(text: str) -> list[tuple[str, str]]:
    found = _PERIOD.findall(_DAY.sub("", " ".join(fold(text))))
    return [(_UNITS.get(unit, unit), before or _ROMAN.get(after, after)) for before, unit, after in found]
