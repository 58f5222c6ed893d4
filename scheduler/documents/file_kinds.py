"""What a file is, by its first bytes; what it calls itself proves nothing. Nothing is ever opened or unpacked."""

from __future__ import annotations

from typing import NamedTuple


class FileKind(NamedTuple):
    """A kind of file that may be sent: how it begins, its media type, and the endings its name may have."""

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
HEAD = max(len(kind.beginning) for kind in KINDS)  # bytes that tell


def find_kind(head: bytes) -> FileKind | None:
    """Return the kind of a file from its first bytes; None for one that is not taken."""
    return next((kind for kind in KINDS if head.startswith(kind.beginning)), None)
