"""Decodes transfer encodings (RFC 2045, 6) piece by piece, however broken, in little memory."""

from __future__ import annotations

from base64 import b64decode
from binascii import a2b_qp
from collections.abc import Iterable, Iterator

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})


def decode(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the decoded bytes of a body; an encoding that is not known changes nothing."""
    match encoding:
        case "base64":
            return _decode_base64(pieces)
        case "quoted-printable":
            return _decode_quoted(pieces)
        case _:
            return iter(pieces)


def _decode_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Skip what is not of the alphabet, and end at the padding as the standard library does."""
    left = b""
    for piece in pieces:
        left, padding, _ = (left + piece.translate(None, _NOT_BASE64)).partition(b"=")
        whole = len(left) // 4 * 4
        if whole:
            yield b64decode(left[:whole])
        left = left[whole:]
        if padding:
            break
    if len(left) > 1:
        yield b64decode(left + b"=" * (4 - len(left)))


def _decode_quoted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decode line by line; "=" and the two letters after it stay together."""
    left = b""
    for piece in pieces:
        *lines, left = (left + piece).split(b"\n")
        if lines:
            yield b"".join(a2b_qp(line + b"\n") for line in lines)
        if len(left) > len(piece):  # a line without an end
            cut = max(left.rfind(b"=", len(left) - 2), 0) or len(left)
            yield a2b_qp(left[:cut])
            left = left[cut:]
    if left:
        yield a2b_qp(left)
