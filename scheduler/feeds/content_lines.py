"""Content lines of RFC 5545, folded at 75 octets, but never inside a character or an escape sequence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LIMIT = 75
_CONTROLS = re.compile(
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff\\ufffe\\uffff]"
)  # also removes bidirectional controls
_BREAKS = str.maketrans(dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n") | {"\t": " "})


def clean(text: str) -> str:
    """Return text that every program displays: in NFC, without control characters, without a backslash before `n`.

    icalendar and some programs take that pair for a line break in any case, so a zero-width space separates it.
    """
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").translate(_BREAKS))
    return unicodedata.normalize("NFC", text).replace("\\n", "\\\u200bn").replace("\\N", "\\\u200bN")


def fold(lines: Iterable[str]) -> bytes:
    """Return lines as bytes for a calendar file, each folded and ended by CRLF."""
    return b"".join(_cut(line.encode()) + b"\r\n" for line in lines)


def property_line(name: str, value: str) -> bytes:
    """Return one content line with a TEXT value, cleaned and escaped."""
    value = clean(value)
    for character in "\\;,":
        value = value.replace(character, "\\" + character)
    value = value.replace("\n", "\\n")
    return fold([f"{name}:{value}"])


def _cut(line: bytes) -> bytes:
    if len(line) <= LIMIT:
        return line
    pieces, start, remaining = [], 0, LIMIT
    while len(line) - start > remaining:
        end = _step_back(line, start, start + remaining)
        pieces.append(line[start:end])
        start, remaining = end, LIMIT - 1  # every continuation line begins with a space
    return b"\r\n ".join((*pieces, line[start:]))


def _step_back(line: bytes, start: int, end: int) -> int:
    """Return the last position up to `end` at which the line may be folded."""
    while line[end] & 0xC0 == 0x80:  # in the middle of a UTF-8 character
        end -= 1
    slashes = 0
    while end - slashes > start and line[end - slashes - 1] == 0x5C:
        slashes += 1
    return end - slashes % 2
