"""Texts for people that can be translated where they are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

LANGUAGES = ("en", "vi")  # that words are kept in which cannot be said anew, see `encode`


class Translatable(str):
    """Words that can be said in another language; with others they make a text that can be, too."""

    __slots__ = ()

    def __add__(self, other: str) -> Text:
        return Text("{first}{second}", first=self, second=other)

    def __radd__(self, other: str) -> Text:
        return Text("{first}{second}", first=other, second=self)


class Text(Translatable):
    """A text in English that keeps its pattern and its values, so that its reader's language is chosen later.

    It is an ordinary string to everything that knows nothing of translations: the log in JSON, scripts, tests. A value
    may be a text itself; whoever shows it formats days in the reader's language. As with gettext, the English pattern
    is the key of its translation.

    >>> Text("{name} is not empty", name="var")
    'var is not empty'
    """

    __slots__ = ("pattern", "values")

    pattern: str
    values: Mapping[str, Any]

    def __new__(cls, pattern: str, /, **values: Any) -> Text:
        """Fill the values into the pattern, as `str.format` does."""
        self = super().__new__(cls, pattern.format(**values))
        self.pattern, self.values = pattern, values
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Text, self.pattern, **self.values), ()


class Worded(Translatable):
    """A value as English words it, such as a span of time, that can say itself in another language."""

    __slots__ = ("say",)

    say: Callable[[str], str]

    def __new__(cls, say: Callable[[str], str], /) -> Worded:
        """Keep the function that returns the words in a language."""
        self = super().__new__(cls, say("en"))
        self.say = say
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Worded, (self.say,)


def plural(one: str, many: str, number: int, **values: Any) -> Text:
    """Return a text by the pattern for one thing, or by that for none and for more; both may name `number`."""
    return Text(one if number == 1 else many, number=number, **values)


def join(separator: str, parts: Iterable[str]) -> Text:
    """Return texts as one, each of them still to be translated."""
    named: dict[str, str] = {"separator": separator} | {f"part{place}": part for place, part in enumerate(parts)}
    return Text("{separator}".join(f"{{{name}}}" for name in list(named)[1:]), **named)


def replace(text: str, old: str, new: str) -> str:
    """Return a text with other words in its values, such as `***` for a password; a string as `str.replace` does."""
    if not isinstance(text, Text):
        return text.replace(old, new)
    values = {name: replace(v, old, new) if isinstance(v, str) else v for name, v in text.values.items()}
    return Text(text.pattern, **values)


def pattern(text: str) -> str:
    """Return a pattern as it is: it is translated like that of a `Text`, and its values are known later only."""
    return text


# ---------------------------------------------------------------- in the record


def encode(text: str) -> str:
    """Return a text as the record keeps it: as JSON, so that it can be translated later; other words as they are.

    What only a function can say is kept in every language.
    """
    if isinstance(text, Worded) or (text.startswith(_MARK) and not isinstance(text, Text)):
        return encode(Text("{words}", words=text))
    if isinstance(text, Text):
        return json.dumps(_to_data(text), ensure_ascii=False, separators=(",", ":"))
    return str(text)


def decode(kept: str) -> str:
    """Return what `encode` wrote as it was; words that it did not write, as they are."""
    if not kept.startswith(_MARK):
        return kept
    try:
        text: str = _from_data(json.loads(kept))
    except (ValueError, LookupError, TypeError, AttributeError):
        return kept
    return text


_MARK = '["text",'


def _to_data(value: object) -> Any:
    match value:
        case Text():
            return ["text", value.pattern, {name: _to_data(inner) for name, inner in value.values.items()}]
        case Worded():
            return ["words", {language: value.say(language) for language in LANGUAGES}]
        case date():  # an instant, too
            return ["day", value.isoformat()]
        case int() | float():
            return value
        case Exception():
            return _to_data(getattr(value, "text", str(value)))
    return str(value)


def _from_data(data: Any) -> Any:
    match data:
        case ["text", str() as pattern, dict() as values]:
            return Text(pattern, **{name: _from_data(inner) for name, inner in values.items()})
        case ["words", dict() as said]:
            return Worded(partial(_say_kept, said))
        case ["day", str() as day]:
            return datetime.fromisoformat(day) if "T" in day else date.fromisoformat(day)
        case list():
            raise ValueError(data)
    return data


def _say_kept(said: Mapping[str, str], language: str) -> str:
    return said.get(language) or said["en"]
