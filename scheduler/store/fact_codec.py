"""Encode the values of a fact as JSON and back: texts, lists of texts, numbers and date forms."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, time
from typing import Any

from scheduler.plan.dates.date_forms import Before, By, DayCount, On, Recurring, Relative, Undated, Window

_TAG = "is"
# The tags in the database stay the same even if a class is renamed.
_WORDS: dict[str, type[Any]] = {
    "before": Before,
    "by": By,
    "on": On,
    "window": Window,
    "undated": Undated,
    "recurring": Recurring,
    "relative": Relative,
    "step": DayCount,
    "day": date,
    "clock": time,
}
_TAGS = {cls: word for word, cls in _WORDS.items()}


def packed(value: Any) -> Any:
    """Return a JSON value; a date form becomes an object whose `is` names its class.

    For example, `time(8)` becomes `{"is": "clock", "iso": "08:00:00"}`.
    """
    if isinstance(value, date | time):
        return {_TAG: _TAGS[type(value)], "iso": value.isoformat()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: packed(getattr(value, field.name)) for field in fields(value)}
        return {_TAG: _TAGS[type(value)], **parts}
    if isinstance(value, tuple):
        return list(value)
    return value


def unpacked(value: Any) -> Any:
    """Return the value that `packed` encoded."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    cls = _WORDS[value[_TAG]]
    if issubclass(cls, date | time):
        return cls.fromisoformat(value["iso"])
    return cls(**{name: unpacked(part) for name, part in value.items() if name != _TAG})
