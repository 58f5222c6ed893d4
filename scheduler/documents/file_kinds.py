"""Which files are taken: how many, how large, and of which types.

The type is detected by the first bytes; a name proves nothing. Files are never opened or unpacked.
"""

from __future__ import annotations

from typing import NamedTuple

FILES = 10  # of one submission
FILE_SIZE = 25 * 1024 * 1024  # bytes


class FileKind(NamedTuple):
    """An accepted type of file: its first bytes, its media type, and the allowed suffixes of its name."""

    beginning: bytes
    type: str
    suffixes: tuple[str, ...]


KINDS = (
    FileKind(b"%PDF-", "application/pdf", ("pdf",)),
    FileKind(b"PK\x03\x04", "application/zip", ("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp")),
    FileKind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", ("doc", "xls", "ppt")),
    FileKind(b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
    FileKind(b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
)
HEAD = max(len(kind.beginning) for kind in KINDS)  # bytes that are enough to detect any kind


def find_kind(head: bytes) -> FileKind | None:
    """Return the kind of a file by its first bytes, or None if it is not accepted."""
    return next((kind for kind in KINDS if head.startswith(kind.beginning)), None)
