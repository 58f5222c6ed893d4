"""Tells the files of a mail from what else its parts are, and describes each file by its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from scheduler.inbox.calendar_replies import CALENDAR_TYPES
from scheduler.inbox.delivery_reports import HEADER_TYPES
from scheduler.inbox.header_text import clean_line
from scheduler.inbox.mime_parts import Part
from scheduler.plan.answers.received_mail import Attachment, Oddity

HEAD = 1024  # bytes by which a kind is found
SECRET_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})

_LONGEST_NAME = 255
_LARGEST_LOGO = 64 * 1024  # bytes
_NO_FILES = (
    CALENDAR_TYPES
    | HEADER_TYPES
    | SECRET_TYPES
    | {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "text/vcard",
        "text/x-vcard",
        "text/directory",
    }
)
_NO_FILE_SUFFIXES = (".p7s", ".p7m", ".ics", ".vcf")
# What a file that needs a password holds, by its first bytes: PDF, and Office in its older container.
_MARKS = {b"%PDF-": b"/Encrypt", b"\xd0\xcf\x11\xe0": "EncryptedPackage".encode("utf-16-le")}
_ZIP = b"PK\x03\x04"


def is_winmail(part: Part) -> bool:
    """Return whether a part is what Outlook packs attachments into for readers of its own kind (TNEF)."""
    return part.headers.content_type in ("application/ms-tnef", "application/vnd.ms-tnef") or (
        read_name(part).lower() == "winmail.dat"
    )


def is_body(part: Part) -> bool:
    """Return whether a part is text to be read in the mail rather than a file."""
    headers = part.headers
    return headers.content_type.startswith("text/") and headers.disposition != "attachment" and not read_name(part)


def is_file(part: Part) -> bool:
    """Return whether a part may be a file that a person attached; whether it is a logo only its size shows."""
    kind = part.headers.content_type
    return not (
        is_body(part)
        or is_winmail(part)
        or kind in _NO_FILES
        or kind.startswith(("message/", "multipart/"))
        or read_name(part).lower().endswith(_NO_FILE_SUFFIXES)
    )


def is_logo(part: Part, size: int, shown: frozenset[str]) -> bool:
    """Return whether an image belongs to the page; `shown` are the Content-IDs that it refers to."""
    headers = part.headers
    if not headers.content_type.startswith("image/"):
        return False
    if headers.first("content-id").strip().strip("<>") in shown:
        return True
    is_related = part.container == "multipart/related" and headers.disposition != "attachment"
    return is_related and size <= _LARGEST_LOGO


def read_name(part: Part) -> str:
    """Return the name of a file, without the folders that some programs put before it; "" if it has none."""
    name = clean_line(re.split(r"[/\\]", part.headers.file_name)[-1], _LONGEST_NAME)
    return "" if name in (".", "..") else name


@dataclass(frozen=True, slots=True)
class FileContent:
    """What a pass over the content of a file finds; `is_encrypted` as far as it can be seen without opening it."""

    size: int
    digest: str
    kind: str
    is_encrypted: bool


def read_content(pieces: Iterable[bytes], find_kind: Callable[[bytes], str]) -> FileContent:
    """Return the size, digest and kind of a file from its content."""
    size, digest, head, tail, is_marked = 0, sha256(), b"", b"", False
    mark = None
    for piece in pieces:
        size += len(piece)
        digest.update(piece)
        head += piece[: HEAD - len(head)] if len(head) < HEAD else b""
        mark = mark or next((mark for start, mark in _MARKS.items() if head.startswith(start)), None)
        if mark and not is_marked:
            is_marked = mark in tail + piece
            tail = piece[-len(mark) :]
    is_locked_zip = head.startswith(_ZIP) and bool(head[6:7]) and bool(head[6] & 1)
    return FileContent(size, digest.hexdigest(), find_kind(head), is_marked or is_locked_zip)


def describe(part: Part, content: FileContent) -> Attachment:
    """Return a file of a mail as the program knows it."""
    return Attachment(
        part=part.number, name=read_name(part), kind=content.kind, size=content.size, digest=content.digest
    )


def find_oddities(part: Part) -> set[Oddity]:
    """Return what is odd about a part by its type."""
    kind = part.headers.content_type
    oddities: set[Oddity] = set()
    if is_winmail(part):
        oddities.add("winmail")
    if kind in SECRET_TYPES:  # also one that is only signed: neither can be read without S/MIME
        oddities.add("encrypted")
    if kind == "message/partial":
        oddities.add("partial")
    if part.is_closed_message or (part.is_nested and is_file(part)):
        oddities.add("nested")
    return oddities
