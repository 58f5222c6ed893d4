"""The data of one language: names and patterns for dates, counts and statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: names, and patterns for `str.format`.

    Date patterns have the fields `d`, `dd`, `m` (from `months`) and `yyyy`; other patterns have fields of their
    own. If a form depends on a count, there are two patterns, for one and for more. The name of a field in a
    pattern of `reasons` says how its text is formatted: `rung`, `fact`, `way`, `party`; days and steps are formatted by
    their type, other fields are copied.
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
    targets: Mapping[str, str]  # by the sign of the target
    rungs: Mapping[str, str]
    facts: Mapping[str, str]
    states: Mapping[str, str]  # of steps and mails that are sent
    messages: Mapping[str, str]  # by the kind of a message
    events: Mapping[str, str]  # the first words of the lines of the log
    received: Mapping[str, str]  # states of received mails
    attendance: Mapping[str, str]  # by `AttendanceState`
    calendar: Mapping[str, str]  # texts of calendar entries
    roles: str  # regular expression: a role or an office at the start of the name of a contact, who is no person then
    probably: str  # regular expression: "probably" at the start of the words of a window
    stop: tuple[str, ...]  # requests to end the reminders; the later ones are shorter in ASCII
    reasons: Mapping[str, str]  # code of a reason: the pattern for it; a code without one has its English words
