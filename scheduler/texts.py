"""Texts for people that can be translated where they are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any


class Text(str):
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

    def __add__(self, other: str) -> Text:
        return Text("{first}{second}", first=self, second=other)

    def __radd__(self, other: str) -> Text:
        return Text("{first}{second}", first=other, second=self)


class Worded(str):
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


def pattern(text: str) -> str:
    """Return a pattern as it is: it is translated like that of a `Text`, and its values are known later only."""
    return text


# ---------------------------------------------------------------- in the record


def encode(text: str) -> str:
    """Return a text as the record keeps it: as JSON, so that it can be translated later; other words as they are."""
    if isinstance(text, Text):
        return _MARK + json.dumps(_to_data(text)[1:], ensure_ascii=False, separators=(",", ":"))[1:]
    return encode(Text("{words}", words=str(text))) if text.startswith(_MARK) else str(text)


def decode(kept: str) -> str:
    """Return what `encode` wrote as it was; words that it did not write, as they are."""
    if not kept.startswith(_MARK):
        return kept
    try:
        text: Text = _from_data(["text", *json.loads("[" + kept.removeprefix(_MARK))])
    except (ValueError, LookupError, TypeError, AttributeError):
        return kept
    return text


_MARK = '["text",'


def _to_data(value: object) -> Any:
    if isinstance(value, Text):
        return ["text", value.pattern, {name: _to_data(inner) for name, inner in value.values.items()}]
    return value if isinstance(value, int | float) else str(value)


def _from_data(data: Any) -> Any:
    if not isinstance(data, list):
        return data
    _, pattern, values = data
    return Text(pattern, **{name: _from_data(inner) for name, inner in values.items()})
