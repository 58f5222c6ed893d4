"""Addresses and ids in header fields.

They are found by leaving out quoted strings and comments, so that nothing that a display name says counts.
The standard library finds others in malformed fields, and not the same ones in each version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scheduler.email_address import read_address
from scheduler.inbox.header_text import read_line

_ADDRESS = re.compile(r"[^\s<>,;:@]{1,256}@[^\s<>,;:@]{1,256}")  # bounded, else long words take quadratic time
# Of ASCII, and short enough for an index of PostgreSQL; longer and odd ones are left out.
_ID = re.compile(r"<(?=[^<>]{3,248}>)[!-;=?A-~]{1,246}@[!-;=?A-~]{1,246}>")
_LONGEST_ADDRESS = 254  # RFC 5321, errata 1690
_MOST_ADDRESSES = 1000


def without_comments(value: str) -> str | None:
    """Return a structured value without its comments and quoted strings (RFC 5322, 3.2); None if one never ends."""
    kept: list[str] = []
    depth, is_quoted = 0, False
    letters = iter(value)
    for letter in letters:
        if letter == "\\" and (depth or is_quoted):
            next(letters, "")
        elif letter == '"' and not depth:
            is_quoted = not is_quoted
            kept.append(" " if is_quoted else "")
        elif letter == "(" and not is_quoted:
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            kept.append(" ")
        elif not depth and not is_quoted:
            kept.append(letter)
    return None if depth or is_quoted else "".join(kept)


def find_addresses(values: Iterable[str]) -> tuple[str, ...]:
    """Return the valid addresses in fields such as To, in their order, each one once."""
    found: dict[str, None] = {}
    for value in values:
        for match in _ADDRESS.finditer(without_comments(value) or ""):
            address = read_address(match[0])
            if address and len(address) <= _LONGEST_ADDRESS and len(found) < _MOST_ADDRESSES:
                found[address] = None
    return tuple(found)


def read_sender(values: tuple[str, ...]) -> tuple[str, str]:
    """Return the name and the address of From; nothing if there are several addresses, or two fields."""
    if len(values) != 1:
        return "", ""
    bare = without_comments(values[0]) or ""
    addresses = find_addresses([bare])
    if bare.count("@") != 1 or not addresses:
        return "", ""
    name = values[0].rpartition("<")[0].strip()
    if name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return read_line(name, 200), addresses[0]


def find_ids(value: str) -> tuple[str, ...]:
    """Return the message ids in a field, with angle brackets, in their order."""
    return tuple(_ID.findall(value))
