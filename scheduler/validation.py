"""What is wrong with a file that a person wrote, in words that can be translated; libraries say it in English only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scheduler.texts import Text, pattern

# What a value must be, by pydantic's name for the mistake.
_WANTED: Mapping[str, str] = {
    "string_type": Text("a text in quotes"),
    "bool_type": Text("true or false"),
    "bool_parsing": Text("true or false"),
    "int_type": Text("a whole number"),
    "int_parsing": Text("a whole number"),
    "int_from_float": Text("a whole number"),
    "greater_than_equal": pattern("at least {ge}"),
    "less_than_equal": pattern("at most {le}"),
    "list_type": Text("a list"),
    "model_type": Text("a table"),
}
_SYNTAX: Mapping[str, Text] = {  # by the beginning of what tomllib says
    "Invalid date or datetime": Text("there is no such date or time"),
    "Invalid value": Text("this is no value: a text stands in quotes, a date without them"),
    "Expected '=' after a key": Text('"=" is missing after the key'),
    "Expected ']' at the end": Text('"]" is missing at the end of the heading'),
    "Expected ']]' at the end": Text('"]]" is missing at the end of the heading'),
    "Expected newline or end": Text("something follows the value on the same line"),
    "Unterminated string": Text("the quotes of a text are not closed"),
    'Expected "': Text("the quotes of a text are not closed"),
    "Illegal character": Text("the quotes of a text are not closed, or it holds a character that cannot be seen"),
    "Unclosed inline table": Text("the braces of a table are not closed"),
    "Unclosed array": Text("the brackets of a list are not closed"),
    "Cannot overwrite a value": Text("a key is there twice"),
    "Cannot mutate immutable": Text("a key is there twice"),
    "Cannot redefine namespace": Text("a key is there twice"),
    "Duplicate inline table key": Text("a key is there twice"),
    "Unescaped": Text(r"a backslash is written twice (\\), or the text stands in single quotes"),
    "Invalid hex value": Text(r"a backslash is written twice (\\), or the text stands in single quotes"),
    "Invalid initial character": Text("this is no key: letters without accents, digits, - and _"),
    "Invalid statement": Text("this is neither a [heading], nor key = value, nor a # comment"),
    "Found invalid character": Text("it holds a character that cannot be seen"),
}
_CURLY = re.compile('=\\s*[\u201c\u201d\u2018\u2019]|=\\s*"[^"]*[\u201c\u201d]\\s*(#.*)?$')
_DAY_FIRST = re.compile(r"=\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\s*(#.*)?$")
_BARE_TEXT = re.compile(r"=\s*(?!true\b|false\b)[^\W\d_][^\"'#\[{]*$|=\s*\d+(\.\d+){2,}")
_TWICE = re.compile(r"Cannot declare \((.+?),?\) twice")


def describe_wanted(mistake: str, context: Mapping[str, Any]) -> Text | None:
    """Return what a value must be, by pydantic's name for the mistake and its context; None for other mistakes."""
    if mistake == "literal_error":
        return _list_choices(re.findall(r"'[^']*'", context["expected"]))
    wanted = _WANTED.get(mistake)
    return wanted if wanted is None or isinstance(wanted, Text) else Text(wanted, **context)


def describe_syntax(words: str, line: str = "") -> str:
    """Return what tomllib says is wrong, without the place, and for common slips in the line what to write instead.

    A rare mistake is told in its own words.
    """
    if _CURLY.search(line):
        return Text('curly quotes stand where straight ones are meant: "')
    if day := _DAY_FIRST.search(line):
        written = f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
        return Text("a date is written without quotes, the year first: {written}", written=written)
    if _BARE_TEXT.search(line):
        return Text('a text stands in quotes: "..."')
    if twice := _TWICE.match(words):
        return Text("[{name}] is there twice", name=".".join(re.findall("'([^']*)'", twice[1])))
    known = (text for beginning, text in _SYNTAX.items() if words.startswith(beginning))
    return next(known, words.partition(" (at ")[0])


def _list_choices(names: list[str]) -> Text:
    if len(names) < 2:
        return Text(names[0])
    return Text("{names} or {last}", names=", ".join(names[:-1]), last=names[-1])
