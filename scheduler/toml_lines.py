"""Finds the line of each key in a TOML text, which `tomllib` does not report.

It reads only texts that `tomllib` has accepted, so it need not recognise mistakes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

Key = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''
    (?P<string> """(?:\\.|[^\\])*?""""{0,2} | \'\'\'.*?\'\'\'\'{0,2} | "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
  | (?P<newline> \n )
  | (?P<skip> [ \t\r]+ | \#[^\n]* )
  | (?P<mark> [][{},=.] )
  | (?P<bare> [^][{},=.\s\#"']+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def spell(key: Key) -> str:
    """Return a key path as text: `milestones[2].before`; indexes start at 0."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_bare(part)}" for part in key).removeprefix(".")


def line_of(lines: Mapping[Key, int], key: Key) -> int | None:
    """Return the line of a key, or of the nearest table around it that has a line, or None."""
    return next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), None)


def find_lines(text: str) -> dict[Key, int]:
    """Return the line of every table, key and list element; lines start at 1."""
    reader = _Reader(text)
    reader.read()
    return reader.lines


def _bare(part: str) -> str:
    return part if re.fullmatch(r"[\w-]+", part) else f'"{part}"'


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "skip":
            yield _Token(kind, match[0], line)
        line += match[0].count("\n")
    yield _Token("end", "", line)


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines: dict[Key, int] = {}
        self._tokens = list(_tokens(text))
        self._at = 0
        self._newest: dict[Key, int] = {}  # index of the last table of each [[list of tables]]

    def read(self) -> None:
        table: Key = ()
        while (token := self._tokens[self._at]).kind != "end":
            if token.kind == "newline":
                self._at += 1
            elif token.text == "[":
                table = self._header()
            else:
                self._pair(table)

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _skip(self, *texts: str) -> None:
        while (token := self._tokens[self._at]).kind == "newline" or token.text in texts:
            self._at += 1

    def _header(self) -> Key:
        line = self._next().line
        many = self._tokens[self._at].text == "["
        self._at += many
        *outer, last = self._parts("]")
        self._at += many
        key: Key = ()
        for part in outer:
            key = self._inside((*key, part), line)
        key = (*key, last)
        if many:
            self._newest[key] = self._newest.get(key, -1) + 1
        return self._inside(key, line)

    def _inside(self, key: Key, line: int) -> Key:
        self.lines.setdefault(key, line)
        if key in self._newest:
            key = (*key, self._newest[key])
            self.lines.setdefault(key, line)
        return key

    def _parts(self, end: str) -> list[str]:
        """Read a dotted key up to and including the token `end`."""
        parts = []
        while (token := self._next()).text != end and token.kind != "end":
            if token.kind == "string":
                parts.append(tomllib.loads(f"key = {token.text}")["key"])
            elif token.kind == "bare":
                parts.append(token.text)
        return parts or [""]

    def _pair(self, table: Key) -> None:
        line = self._tokens[self._at].line
        key = table
        for part in self._parts("="):
            key = (*key, part)
            self.lines.setdefault(key, line)
        self._value(key)

    def _value(self, key: Key) -> None:
        token = self._next()
        if token.text == "[":
            self._elements(key)
        elif token.text == "{":
            self._skip(",")
            while self._tokens[self._at].kind != "end" and self._tokens[self._at].text != "}":
                self._pair(key)
                self._skip(",")
            self._next()
        else:
            while (token := self._tokens[self._at]).kind not in ("newline", "end") and token.text not in (
                "]",
                "}",
                ",",
            ):
                self._at += 1

    def _elements(self, key: Key) -> None:
        self._skip(",")
        index = 0
        while (token := self._tokens[self._at]).kind != "end" and token.text != "]":
            self.lines[(*key, index)] = token.line
            self._value((*key, index))
            self._skip(",")
            index += 1
        self._next()
