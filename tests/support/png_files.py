"""Small PNG files with a palette, and with the words that they show in a chunk that no viewer shows."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

_HEAD = b"\x89PNG\r\n\x1a\n"
_KEY = b"words\0\1\0\0\0"  # compressed text in no language


def write_png(width: int, colours: Sequence[Sequence[int]], pixels: bytes, words: str) -> bytes:
    """Return a picture whose pixels are places in a list of at most 256 colours, and that keeps its words."""
    rows = b"".join(b"\0" + pixels[start : start + width] for start in range(0, len(pixels), width))
    return _HEAD + b"".join(
        [
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(pixels) // width, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for colour in colours for part in colour)),
            _chunk(b"iTXt", _KEY + zlib.compress(words.encode(), 9)),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def width_of(png: bytes) -> int:
    """Return the width of a picture in pixels."""
    assert png.startswith(_HEAD)
    return int.from_bytes(png[16:20])


def words_in(png: bytes) -> str:
    """Return the words that a picture keeps; "" if it keeps none."""
    place = len(_HEAD)
    while place < len(png):
        size, kind = struct.unpack(">I4s", png[place : place + 8])
        data = png[place + 8 : place + 8 + size]
        if kind == b"iTXt" and data.startswith(_KEY):
            return zlib.decompress(data.removeprefix(_KEY)).decode()
        place += size + 12
    return ""
