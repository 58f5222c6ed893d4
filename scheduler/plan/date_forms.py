"""Dates that the record keeps in words: `before 2023-08-10`, as `plan.changes.describe_form` writes them."""

from __future__ import annotations

import re
from datetime import date, time

from scheduler.plan.model import Before, By, DateForm, On, Undated, Window

_DAY = r"(\d{4}-\d\d-\d\d)"
_CLOCK = r"(?: (\d\d:\d\d))?"
_DEADLINE = re.compile(rf"(before|by) {_DAY}{_CLOCK}")
_EVENT = re.compile(rf"on {_DAY}(?: to {_DAY})?{_CLOCK}")
_WINDOW = re.compile(rf"between {_DAY} and {_DAY} \((.*)\)", re.DOTALL)
_UNDATED = re.compile(r"undated \((.*)\)", re.DOTALL)


def read_written(text: str) -> DateForm | None:
    """Return a date of the record; None for a recurring or relative one and for what is not understood."""
    try:
        return _read(text)
    except ValueError:  # the figures are no day
        return None


def _read(text: str) -> DateForm | None:
    if match := _DEADLINE.fullmatch(text):
        return (Before if match[1] == "before" else By)(date.fromisoformat(match[2]), _clock(match[3]))
    if match := _EVENT.fullmatch(text):
        return On(date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1]), _clock(match[3]))
    if match := _WINDOW.fullmatch(text):
        return Window(date.fromisoformat(match[1]), date.fromisoformat(match[2]), match[3])
    return Undated(match[1]) if (match := _UNDATED.fullmatch(text)) else None


def _clock(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None
