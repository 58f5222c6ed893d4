"""Finds the parts of a message (RFC 2046) in one walk over its lines, and streams the content of one.

Only headers are kept in memory, so a message of any size can be read. Whatever the bytes are, nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from scheduler.inbox.header_text import clean_line
from scheduler.inbox.headers import Headers, read_headers
from scheduler.inbox.transfer_encodings import decode
from scheduler.plan.answers.received_mail import Oddity

MOST_PARTS = 1000
MOST_LEVELS = 20
_LONGEST_LINE = 64 * 1024  # bytes read at once
_LONGEST_HEADER = 256 * 1024  # bytes of one block
_MOST_HEADERS = 1024 * 1024  # bytes of all blocks together
_LONGEST_NAME = 255

NESTED_TYPES = frozenset({"message/rfc822", "message/global"})
_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(slots=True, kw_only=True)
class Part:
    """A leaf of a message, or a whole message inside it.

    `number` is its place, counted as in IMAP (RFC 3501, 6.4.5). `container` is the media type around it, "" for the
    message itself. `is_nested` marks a part of a message inside the message. `start` and `end` bound the content in
    the stream, in bytes. `name` is that of a file, without the folders that some programs put before it, or "".
    """

    number: str
    headers: Headers
    container: str
    is_nested: bool
    start: int
    end: int
    name: str = field(init=False)

    def __post_init__(self) -> None:
        name = clean_line(re.split(r"[/\\]", self.headers.file_name)[-1], _LONGEST_NAME)
        self.name = "" if name in (".", "..") else name

    @property
    def is_closed_message(self) -> bool:
        """Return whether it is a message that is encoded as a whole, against the rule, so that its parts are unseen."""
        return self.headers.content_type in NESTED_TYPES and not _is_plain(self.headers)


@dataclass(slots=True)
class MimeMessage:
    """The headers of a message, its parts in their order, and what is odd about its structure."""

    headers: Headers = field(default_factory=Headers)
    parts: list[Part] = field(default_factory=list)
    oddities: set[Oddity] = field(default_factory=set)

    @property
    def own_parts(self) -> list[Part]:
        """Return the parts that are not inside another message."""
        return [part for part in self.parts if not part.is_nested]


def read_parts(stream: IO[bytes]) -> MimeMessage:
    """Return the structure of the message that a seekable stream holds from its beginning."""
    return _Walk(stream).run()


def read_attachment(stream: IO[bytes], part: Part) -> Iterator[bytes]:
    """Yield the decoded content of a part in pieces of at most about 100 KB; the stream may be used in between."""
    return decode(_read_span(stream, part.start, part.end), _transfer_encoding(part.headers))


def _transfer_encoding(headers: Headers) -> str:
    return headers.first("content-transfer-encoding").split(";")[0].strip().lower()


def _is_plain(headers: Headers) -> bool:
    return _transfer_encoding(headers) in _PLAIN_ENCODINGS


def _read_span(stream: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    while start < end:
        stream.seek(start)
        piece = stream.read(min(_LONGEST_LINE, end - start))
        if not piece:
            return
        start += len(piece)
        yield piece


@dataclass(slots=True)
class _Level:
    """A multipart, or a message inside a message, that has not ended; only a multipart has a boundary."""

    type: str
    prefix: str  # of the numbers of its parts
    is_nested: bool
    boundary: bytes = b""
    count: int = 0
    part: Part | None = None  # of a message inside a message, which ends with it


class _Walk:
    """One walk over the lines: at each it is in a block of headers, in the content of a part, or between parts."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._message = MimeMessage()
        self._levels: list[_Level] = []
        self._block: bytearray | None = bytearray()
        self._part: Part | None = None
        self._headers_left = _MOST_HEADERS

    def run(self) -> MimeMessage:
        self._stream.seek(0)
        offset, break_length, is_line_start = 0, 0, True
        while line := self._stream.readline(_LONGEST_LINE):
            if not (is_line_start and line[:2] == b"--" and self._meet_boundary(line, offset - break_length)):
                self._take(line, offset, is_line_start)
            offset += len(line)
            is_line_start = line[-1:] == b"\n"
            break_length = 2 if line[-2:] == b"\r\n" else int(is_line_start)
        if any(level.boundary for level in self._levels):
            self._message.oddities.add("broken")
        if self._block is not None:
            self._end_block(offset)
        self._end_part(offset)
        self._close_levels(0, offset)
        return self._message

    def _take(self, line: bytes, offset: int, is_line_start: bool) -> None:
        """Take a line that is no boundary."""
        block = self._block
        if block is None:
            return
        content = line.rstrip(b"\r\n")
        if offset == 0 and content.startswith((b"From ", b">From ")):  # the line before a mail in an mbox file
            return
        if is_line_start and not content:
            self._end_block(offset + len(line))
        elif is_line_start and not _may_be_header(content, is_first=not block):
            self._message.oddities.add("broken")
            self._end_block(offset)
            self._take(line, offset, is_line_start)  # the first line of a message inside a message
        elif len(block) + len(line) <= min(_LONGEST_HEADER, self._headers_left):
            block += line
        else:
            self._message.oddities.add("broken")

    def _meet_boundary(self, line: bytes, end: int) -> bool:
        """End what a boundary ends, and return whether the line is one; that of an outer multipart ends all inside."""
        text = line.rstrip()
        for index in range(len(self._levels) - 1, -1, -1):
            boundary = self._levels[index].boundary
            if boundary and text in (b"--" + boundary, b"--" + boundary + b"--"):
                break
        else:
            return False
        if self._block is not None:
            self._end_block(end)
        self._end_part(end)
        if any(level.boundary for level in self._levels[index + 1 :]):
            self._message.oddities.add("broken")
        is_last = text != b"--" + boundary
        self._close_levels(index + (0 if is_last else 1), end)
        self._block = None if is_last else bytearray()
        return True

    def _end_block(self, offset: int) -> None:
        """Take the block of headers as whole; what follows at `offset` is the content."""
        data, self._block = bytes(self._block or b""), None
        self._headers_left -= len(data)
        headers, is_whole = read_headers(data)
        if not is_whole:
            self._message.oddities.add("broken")
        if not self._levels and not self._message.parts:
            self._message.headers = headers
        self._open(headers, offset)

    def _open(self, headers: Headers, offset: int) -> None:
        kind = headers.content_type
        number, around = self._place(), self._levels[-1] if self._levels else None
        is_nested = around.is_nested if around else False
        boundary = headers.parameters("content-type").get("boundary", "").rstrip().encode("utf-8", "replace")
        is_message = kind in NESTED_TYPES and _is_plain(headers)
        is_multipart = kind.startswith("multipart/") and bool(boundary)
        if kind.startswith("multipart/") and not boundary:
            self._message.oddities.add("broken")
        is_full = len(self._levels) >= MOST_LEVELS or len(self._message.parts) >= MOST_PARTS
        if is_full:
            self._message.oddities.add("too-deep")
        if is_multipart and not is_full:
            self._levels.append(_Level(kind, self._multipart_prefix(number), is_nested, boundary))
            return
        if len(self._message.parts) >= MOST_PARTS:
            return
        part = Part(
            number=number,
            headers=headers,
            container=around.type if around else "",
            is_nested=is_nested,
            start=offset,
            end=offset,
        )
        self._message.parts.append(part)
        if is_message and not is_full:
            self._levels.append(_Level(kind, number, is_nested=True, part=part))
            self._block = bytearray()
        else:
            self._part = part

    def _place(self) -> str:
        """Return the number of the part that begins; the content of a message is its part 1."""
        if not self._levels:
            return "1"
        level = self._levels[-1]
        level.count += 1
        return f"{level.prefix}.{level.count}".removeprefix(".")

    def _multipart_prefix(self, number: str) -> str:
        """Return what the numbers of its parts begin with: a multipart that is a whole message has none of its own."""
        if not self._levels:
            return ""
        return number if self._levels[-1].boundary else self._levels[-1].prefix

    def _end_part(self, end: int) -> None:
        if self._part:
            self._part.end = max(self._part.start, end)
            self._part = None

    def _close_levels(self, first: int, end: int) -> None:
        for level in self._levels[first:]:
            if level.part:
                level.part.end = max(level.part.start, end)
        del self._levels[first:]


def _may_be_header(line: bytes, *, is_first: bool) -> bool:
    """Return whether a line can stand in a block of headers: a field, or the continuation of one."""
    return b":" in line[:200] or (not is_first and line[:1] in (b" ", b"\t"))
