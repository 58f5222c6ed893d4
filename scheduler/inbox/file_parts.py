"""Tells the files of a mail from what else its parts are, and describes each file by its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from scheduler.inbox.calendar_replies import CALENDAR_TYPES
from scheduler.inbox.delivery_reports import HEADER_TYPES
from scheduler.inbox.mime_parts import Part
from scheduler.plan.answers.received_mail import Attachment, Oddity

HEAD = 1024  # bytes by which a kind is found
SECRET_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})

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
# What a file that needs a password holds, by its first bytes: PDF, Office in its older container, and ZIP, where any
# entry may be the first that is encrypted: the lowest bit of its flags is set.
_MARKS = {
    b"%PDF-": re.compile(rb"/Encrypt"),
    b"\xd0\xcf\x11\xe0": re.compile(re.escape("EncryptedPackage".encode("utf-16-le"))),
    b"PK\x03\x04": re.compile(
        rb"PK\x03\x04[\x00-\x3f].[" + b"".join(b"\\x%02x" % flags for flags in range(1, 256, 2)) + b"]", re.DOTALL
    ),
}
_LONGEST_MARK = 32
_LOGO_TYPES = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif"})
_LOGO_NAME = re.compile(r"(image[0-9]{3}|logo.*|Outlook-.*)\.(png|jpe?g|gif)", re.IGNORECASE)


def is_winmail(part: Part) -> bool:
    """Return whether a part is what Outlook packs attachments into for readers of its own kind (TNEF)."""
    return part.headers.content_type in ("application/ms-tnef", "application/vnd.ms-tnef") or (
        part.name.lower() == "winmail.dat"
    )


def is_body(part: Part) -> bool:
    """Return whether a part is text to be read in the mail rather than a file."""
    headers = part.headers
    return headers.content_type.startswith("text/") and headers.disposition != "attachment" and not part.name


def is_file(part: Part) -> bool:
    """Return whether a part may be a file that a person attached; whether it is a logo only its size shows."""
    kind = part.headers.content_type
    return not (
        is_body(part)
        or is_winmail(part)
        or kind in _NO_FILES
        or kind.startswith(("message/", "multipart/"))
        or part.name.lower().endswith(_NO_FILE_SUFFIXES)
    )


def is_logo(part: Part, size: int, shown: frozenset[str], *, has_page_beside: bool) -> bool:
    """Return whether an image belongs to the page; `shown` are the Content-IDs that it refers to.

    `has_page_beside` tells whether the page stands in the same multipart/mixed.
    """
    headers = part.headers
    if not headers.content_type.startswith("image/"):
        return False
    if headers.first("content-id").strip().strip("<>") in shown:
        return True
    if size > _LARGEST_LOGO:
        return False
    if headers.content_type in _LOGO_TYPES and _LOGO_NAME.fullmatch(part.name):
        return True
    if headers.disposition == "attachment":  # as Gmail writes, which gives a Content-ID to each file
        return False
    is_beside = part.container == "multipart/mixed" and has_page_beside and headers.has("content-id")
    return part.container == "multipart/related" or (is_beside and headers.content_type in _LOGO_TYPES)


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
    mark: re.Pattern[bytes] | None = None
    for piece in pieces:
        size += len(piece)
        digest.update(piece)
        head += piece[: HEAD - len(head)] if len(head) < HEAD else b""
        mark = mark or next((mark for start, mark in _MARKS.items() if head.startswith(start)), None)
        seen = tail + piece
        is_marked = is_marked or bool(mark and mark.search(seen))
        tail = seen[1 - _LONGEST_MARK :]
    return FileContent(size, digest.hexdigest(), find_kind(head), is_marked)


def describe(part: Part, content: FileContent) -> Attachment:
    """Return a file of a mail as the program knows it."""
    return Attachment(part=part.number, name=part.name, kind=content.kind, size=content.size, digest=content.digest)


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
