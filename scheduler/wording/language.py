"""What one language needs so that dates, counts and statuses can be said in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: names, and patterns for `str.format`.

    Date patterns know `d`, `dd`, `m` (from `months`), `yyyy`; the others name their own parts.
    Where a count decides the form there are two patterns, for one and for more. Groups of `reasons` are
    put into words by the first word of their names: `day`, `step`, `rung`, `fact`, `way`; others stay as they are.
    """

    weekdays: tuple[str, ...]  # Monday first
    months: tuple[str, ...]
    numeric: str
    day: str
    in_words: str
    with_weekday: str
    span: str
    clock: str
    moment: str
    stamp: str
    event_moment: str
    before: str
    by: str
    latest: str
    aim_to_send: str
    aim_to_finish: str
    count_digits: int
    decimal: str
    days_left: tuple[str, str]
    today: str
    days_over: tuple[str, str]
    last_join: str
    units: Mapping[str, tuple[str, str]]
    labels: Mapping[str, tuple[str, str]]  # code: (label, short label)
    channels: Mapping[str, str]
    targets: Mapping[str, str]  # of what a plan wants to reach, by their sign
    rungs: Mapping[str, str]
    facts: Mapping[str, str]
    calendar: Mapping[str, str]  # words of calendar entries
    probably: str  # what may stand before the words of a window, as a regular expression
    reasons: Mapping[str, str]  # what the record says of a step, as a regular expression: in this language's words
    # (empty where the record's own words are in it)
