"""Text out of mails: charsets, encoded words (RFC 2047), and what must not stand in a line of text."""

from __future__ import annotations

import codecs
import re
import unicodedata
from base64 import b64decode
from binascii import Error, a2b_qp
from typing import NamedTuple

_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")
# Codecs of Python that no mail is written in; some take quadratic time.
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class DecodedText(NamedTuple):
    """Text, and whether its charset was known and fitted."""

    text: str
    is_exact: bool


def decode_text(data: bytes, charset: str) -> DecodedText:
    """Return bytes as text; where the charset does not serve, what can be read of them as UTF-8.

    "" and us-ascii stand for "not said": programs that write so and use other letters mean UTF-8.
    """
    name = _find_codec(charset)
    for codec in filter(None, (name, "utf-8")):
        try:
            return DecodedText(data.decode(codec), is_exact=codec == name)
        except (UnicodeError, LookupError):
            continue
    return DecodedText(data.decode("utf-8", "replace"), is_exact=False)


def _find_codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset or "ascii").name
    except (LookupError, ValueError):
        return ""
    return "" if name in _NOT_CHARSETS else name.replace("ascii", "utf-8")


def decode_words(text: str) -> str:
    """Return a header value with its encoded words decoded; broken ones stay as they are."""
    pieces: list[str] = []
    data, charset, end = b"", "", 0
    text = _BETWEEN_WORDS.sub(r"\1", text)
    for match in _WORD.finditer(text):
        decoded = _decode_word(match[2], match[3])
        if data and (match.start() > end or match[1].lower() != charset):
            pieces.append(decode_text(data, charset).text)
            data = b""
        pieces.append(text[end : match.start()])
        # Some programs cut a character in two, so words that follow each other are joined before they are decoded.
        data, charset, end = data + (match[0].encode() if decoded is None else decoded), match[1].lower(), match.end()
    return "".join((*pieces, decode_text(data, charset).text, text[end:]))


def _decode_word(encoding: str, content: str) -> bytes | None:
    data = content.encode()
    if encoding in "qQ":
        return a2b_qp(data, header=True)
    try:
        return b64decode(data.rstrip(b"=") + b"=" * (-len(data.rstrip(b"=")) % 4))
    except Error:
        return None


def clean_line(text: str, most: int = 1000) -> str:
    """Return text as one line of at most `most` characters in NFC, without what is invisible or turns the line."""
    spaced = re.sub(r"[\s\u2028\u2029]+", " ", text[: most * 8])
    seen = "".join(letter for letter in spaced if unicodedata.category(letter) not in _UNSEEN)
    return unicodedata.normalize("NFC", seen).strip()[:most]


def read_line(value: str, most: int = 1000) -> str:
    """Return the text of an unstructured header such as Subject: decoded, then cleaned of what the words hid."""
    return clean_line(decode_words(value), most)


def clean_lines(text: str) -> str:
    """Return a text of several lines in NFC, with plain line ends and no other control characters."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in _UNSEEN).replace("\xa0", " ")
