"""Texts and reasons in the language of their reader; texts are translated by gettext catalogues."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from scheduler.errors import HanchotError
from scheduler.plan.dates.date_forms import DateForm, DayCount, describe_form
from scheduler.plan.reasons import ENGLISH as ENGLISH_REASONS
from scheduler.plan.reasons import Reason, Value
from scheduler.system_errors import word_system
from scheduler.texts import Text, Worded
from scheduler.wording.formats import (
    LANGUAGES,
    channel_name,
    fact_name,
    format_date,
    format_day,
    format_form,
    format_stamp,
    format_step,
    message_name,
    rung_name,
    state_label,
    status_label,
)

DOMAIN = "hanchot"
_SWAPPED = str.maketrans(",.", ".,")
LOCALE = Path(__file__).parent / "locale"


def translate(text: str, language: str) -> str:
    """Return a text in a language; a string that is no text, and what has no translation, as it is."""
    match text:
        case Worded():
            return text.say(language)
        case Text():
            if language == "en" or not text.pattern:  # gettext has the heading of the catalogue for ""
                return str(text)
            values = {name: _localise(value, language) for name, value in text.values.items()}
            return _catalogue(language).gettext(text.pattern).format(**values)
    return text


def explain(reason: Reason, language: str, name: Callable[[str], str] = str) -> str:
    """Return a reason in the given language; `name` returns the name of a party by its id.

    What a server or a person said stays as it is; what this program says of a server is translated.
    """
    pattern = LANGUAGES[language].reasons.get(reason.code, ENGLISH_REASONS[reason.code])
    return pattern.format(**{key: _say_value(key, value, language, name) for key, value in reason.parameters.items()})


def _say_value(key: str, value: Value, language: str, name: Callable[[str], str]) -> str:
    match value:
        case Reason():
            return explain(value, language, name)
        case date():
            return format_day(value, language)
        case DayCount():
            return format_step(value, language)
        case int():
            return str(value)
    formats: dict[str, Callable[[str], str]] = {
        "party": name,
        "rung": lambda rung: rung_name(rung, language),
        "fact": lambda kind: fact_name(kind, language),
        "way": lambda channel: channel_name(channel, language),
    }
    return formats[key](value) if key in formats else translate(value, language)


def word_reason(reason: Reason) -> Worded:
    """Return a reason that is read in English until it is translated; days in English are ISO dates."""
    return Worded(partial(_say_reason, reason))


def word_form(form: DateForm) -> Worded:
    """Return a date as listings print it in English, `before 2023-03-20`, until it is translated."""
    return Worded(partial(_say_form, form))


def word_instant(instant: datetime) -> Worded:
    """Return a local instant to the minute, `2023-03-20 08:00` in English, until it is translated."""
    return Worded(partial(_say_instant, instant))


def word_status(status: str) -> Worded:
    """Return a status code that is itself in English, and else its label."""
    return _word(status_label, status)


def word_state(state: str) -> Worded:
    """Return the state of a step or a mail that is itself in English, and else its label."""
    return _word(state_label, state)


def word_fact(kind: str) -> Worded:
    """Return a kind of fact that is itself in English, and else its name."""
    return _word(fact_name, kind)


def word_channel(channel: str) -> Worded:
    """Return a channel that is itself in English, and else its name."""
    return _word(channel_name, channel)


def word_step(step: str) -> Worded:
    """Return the name of a rung, or the kind of a message, that is itself in English, and else said in words."""
    return _word(_step_name, step)


def _step_name(step: str, language: str) -> str:
    return message_name(rung_name(step, language), language)


def _word(label: Callable[[str, str], str], code: str) -> Worded:
    return Worded(partial(_say_code, label, code))


def _say_code(label: Callable[[str, str], str], code: str, language: str) -> str:
    return code if language == "en" else label(code, language)


def _say_instant(instant: datetime, language: str) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if language == "en" else format_stamp(instant, language)


def _say_reason(reason: Reason, language: str) -> str:
    return str(reason) if language == "en" else explain(reason, language)


def _say_form(form: DateForm, language: str) -> str:
    if language == "en":
        return describe_form(form)
    return format_form(form, language, in_full=True) or describe_form(form)


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALE, [language])


def _localise(value: Any, language: str) -> Any:
    """Return a value of a text as its reader writes it."""
    match value:
        case str():
            return translate(value, language)
        case HanchotError():
            return translate(value.text, language)
        case OSError():
            return translate(word_system(value), language)
        case Reason():
            return explain(value, language)
        case datetime():
            return format_stamp(value, language)
        case date():
            return format_date(value, language)
        case DayCount():
            return format_step(value, language)
        case int() | float():
            return _Number(value, language)
    return value


class _Number:
    """A number that a pattern may format: with the decimal sign of a language, and the other one between thousands."""

    def __init__(self, value: float, language: str) -> None:
        self._value, self._decimal = value, LANGUAGES[language].decimal

    def __format__(self, spec: str) -> str:
        figures = format(self._value, spec)
        return figures if self._decimal == "." else figures.translate(_SWAPPED)

    def __repr__(self) -> str:
        return format(self)
