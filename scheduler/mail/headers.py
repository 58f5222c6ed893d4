"""Writes header fields, without the `email` package, so that every reader decodes exactly what was put in.

The standard library loses spaces in long Vietnamese subjects and, in some versions, turns a hidden
line break inside an encoded word into a real one. Here a field is either plain printable ASCII on one
line or consists of RFC 2047 encoded words only, so nothing in it can be taken for syntax.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Sequence
from urllib.parse import quote

from scheduler.errors import UserError
from scheduler.texts import Text

_LINE = 78  # RFC 5322, 2.1.1
_WORD_LINE = 76  # RFC 2047, 2: a line that holds encoded words
_WORD = 75
_FRAME = len("=?utf-8?b??=")
_MOST_BYTES = 45  # per base64 word, which gives 60 characters
_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
_LOCAL_PART = 64

_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN_TEXT = re.compile(r"[!-~]+(?: [!-~]+)*")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDR_SPEC = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})*")
_MAILTO_LITERAL = "!$'*+"  # RFC 6068, 2: what an address may hold beside letters, digits and what is never encoded
_Q_LITERAL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+/-")


def refuse_controls(field: str, text: str) -> None:
    """Raise `UserError` naming `field` if `text` holds a control character, line break or lone surrogate."""
    found = _REFUSED.search(text)
    if found:
        raise UserError(
            Text(
                "{field}: the character U+{ord:04X} at position {value} is not allowed",
                field=field,
                ord=ord(found.group()),
                value=found.start() + 1,
            ),
            hint=Text("remove the control character or line break; it would let text pass for another header"),
        )


def is_address(address: str) -> bool:
    """Return whether `address` is a plain ASCII addr-spec, within the limits of its length."""
    if len(address) > _ADDRESS or "=?" in address:
        return False
    match = _ADDR_SPEC.fullmatch(address)
    return match is not None and len(match[1]) <= _LOCAL_PART


def check_address(field: str, address: str) -> str:
    """Return `address` if it is a plain ASCII addr-spec, else raise `UserError` naming `field`."""
    if not is_address(address):
        raise UserError(
            Text("{field}: {address!r} is not an address that can be written to", field=field, address=address),
            hint=Text(
                "it should look like name@example.vn: letters without diacritics, no spaces, quotes, commas or <>"
            ),
        )
    return address


def write_text(name: str, text: str) -> str:
    """Return the header lines of a text field such as Subject, with the final line break."""
    refuse_controls(name, text)
    if _is_plain(text, _PLAIN_TEXT) and len(name) + 2 + len(text) <= _LINE:
        return f"{name}: {text}\r\n"
    return f"{name}: {_join(_encode(text, len(name) + 2))}\r\n"


def write_address(name: str, display: str, address: str) -> str:
    """Return the header lines of a field with one mailbox such as From, with the final line break."""
    refuse_controls(name, display)
    address = check_address(name, address)
    if not display:
        return f"{name}: {address}\r\n"
    plain = f"{name}: {display} <{address}>\r\n"
    if _is_plain(display, _PLAIN_PHRASE) and len(plain) - 2 <= _LINE:
        return plain
    words = _encode(display, len(name) + 2)
    used = len(words[-1]) + (len(name) + 2 if len(words) == 1 else 1)
    gap = " " if used + 3 + len(address) <= _WORD_LINE else "\r\n "
    return f"{name}: {_join(words)}{gap}<{address}>\r\n"


def write_ids(name: str, ids: Sequence[str]) -> str:
    """Return the header lines of a field of Message-IDs, folded only between ids, with the final line break."""
    lines = [f"{name}:"]
    for id in ids:
        refuse_controls(name, id)
        if lines[-1] != f"{name}:" and len(lines[-1]) + 1 + len(id) > _LINE:
            lines.append("")
        lines[-1] += f" {id}"
    return "\r\n".join(lines) + "\r\n"


def write_mailto(name: str, address: str, subjects: Sequence[str]) -> str:
    """Return the header lines of a field with one mailto URI, such as List-Unsubscribe, with the final line break.

    The URI has the first of `subjects` with which it fits on a line, else none. If not even the address fits, there is
    no field: programs encode a longer URI, which destroys it.
    """
    for subject in subjects:
        refuse_controls(name, subject)
    local, _, domain = check_address(name, address).rpartition("@")
    target = f"mailto:{quote(local, safe=_MAILTO_LITERAL)}@{domain}"
    for parameter in (*(f"?subject={quote(subject, safe='')}" for subject in subjects), ""):
        uri = f"<{target}{parameter}>"
        if 1 + len(uri) <= _LINE:
            gap = " " if len(name) + 2 + len(uri) <= _LINE else "\r\n "
            return f"{name}:{gap}{uri}\r\n"
    return ""


def _is_plain(text: str, pattern: re.Pattern[str]) -> bool:
    return pattern.fullmatch(text) is not None and "=?" not in text


def _join(words: Sequence[str]) -> str:
    return "\r\n ".join(words)


def _encode(text: str, used: int) -> list[str]:
    """Return `text` as RFC 2047 encoded words; the first line already has `used` characters."""
    data = text.encode()
    words = []
    start, remaining = 0, min(_WORD, _WORD_LINE - used)
    while start < len(data):
        end = _cut(data, start, min(_MOST_BYTES, (remaining - _FRAME) // 4 * 3))
        if end is None:
            word, end = _quote(data, start, remaining - _FRAME)
            words.append(f"=?utf-8?q?{word}?=")
        else:
            words.append(f"=?utf-8?b?{b2a_base64(data[start:end], newline=False).decode()}?=")
        start, remaining = end, _WORD
    return words


def _cut(data: bytes, start: int, most: int) -> int | None:
    """Return the end of a base64 word, at the end of a character and of a group of three bytes.

    Some readers join adjacent words before decoding and stop at padding, so only the last word of all may be
    padded. None if there is no such position within `most` bytes.
    """
    if len(data) - start <= most:
        return len(data)
    for end in range(start + most, start, -3):
        if data[end] & 0xC0 != 0x80:
            return end
    return None


def _quote(data: bytes, start: int, remaining: int) -> tuple[str, int]:
    """Return as many whole characters as fit into a Q-encoded word, and the position after them."""
    word = ""
    for char in data[start : start + remaining].decode(errors="ignore"):
        raw = char.encode()
        piece = "".join(chr(b) if b in _Q_LITERAL else "_" if b == 0x20 else f"={b:02X}" for b in raw)
        if len(word) + len(piece) > remaining:
            break
        word += piece
        start += len(raw)
    return word, start
