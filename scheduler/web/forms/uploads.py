"""Forms with files, parsed as they arrive: files go to disk, are counted, and are deleted if refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from scheduler.documents.blob_store import BlobStore, Draft
from scheduler.documents.file_kinds import FILE_SIZE, FILES, find_kind
from scheduler.ports import Document
from scheduler.web.forms.posted_form import refuse_bigger, refuse_foreign
from scheduler.web.forms.text_input import clean_name, clean_text

MEGABYTE = 1024 * 1024
FIELDS = 200
TEXT = 64 * 1024  # bytes of all fields that are not files
DAILY_SIZE = 100 * MEGABYTE  # bytes per party; of an operator, what is not confirmed yet
BODY = 2 * FILES * FILE_SIZE  # bytes read to the end even if refused, so that the browser shows the response


class UploadProblem(NamedTuple):
    """Why a form was refused: a code, and the file or limit that it is about."""

    code: str  # set here: file_too_big, too_many_files, day_full, wrong_kind, empty_file, disk_full
    name: str = ""


class IncomingFile(NamedTuple):
    """A file of a form: the field that it came in, its name as it was sent, and its bytes."""

    field: str
    name: str
    draft: Draft


@dataclass
class Incoming:
    """A parsed form. If there are problems, its files are deleted: all files are accepted, or none."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[IncomingFile] = field(default_factory=list)
    problems: list[UploadProblem] = field(default_factory=list)

    def field(self, name: str) -> str:
        """Return the first value of a field as it was sent; "" if it is missing."""
        return next(iter(self.fields.get(name, ())), "")

    def as_form(self) -> FormData:
        """Return the fields as the form of a page without files."""
        return FormData([(name, value) for name, values in self.fields.items() for value in values])

    def documents(self) -> list[Document]:
        """Return the metadata of the files; a file of an unsupported kind is added to the problems."""
        found = []
        for _, name, draft in self.files:
            kind = find_kind(draft.head)
            if kind is None:
                self.problems.append(UploadProblem("wrong_kind", clean_text(name, 100)))
                continue
            found.append(
                Document(name=clean_name(name, kind.suffixes), kind=kind.type, size=draft.size, digest=draft.digest)
            )
        return found

    def drop(self) -> None:
        """Delete the files that were not kept."""
        for file in self.files:
            file.draft.drop()


class UploadsInProgress:
    """How many bytes each party is uploading at present, over all its connections to this process."""

    def __init__(self) -> None:
        self._coming: Counter[str] = Counter()

    @contextmanager
    def counted(self, party: str, limit: int) -> Iterator[UploadQuota]:
        """Yield the quota for one form of a party; its bytes count as in progress until the end of the block."""
        quota = UploadQuota(self._coming, party, limit)
        try:
            yield quota
        finally:
            self._coming[party] -= quota.taken


@dataclass
class UploadQuota:
    """How many bytes a party may still send today, shared by all its uploads in progress."""

    coming: Counter[str]
    party: str
    limit: int
    taken: int = 0
    is_exceeded: bool = False

    def take(self, size: int) -> bool:
        """Count received bytes; return False if they exceed the quota.

        The form that exceeds it gives back what it took, so that others at the same time are not refused with it.
        """
        if not self.is_exceeded and self.coming[self.party] + size > self.limit:
            self.coming[self.party] -= self.taken
            self.taken, self.is_exceeded = 0, True
        if self.is_exceeded:
            return False
        self.coming[self.party] += size
        self.taken += size
        return True


def is_upload(request: Request) -> bool:
    """Return whether a posted form may hold files."""
    return request.headers.get("content-type", "").lower().startswith("multipart/")


async def read_upload(request: Request, blob_store: BlobStore, quota: UploadQuota) -> Incoming:
    """Return a posted form with files.

    Raises: FormRefused for a form from another site, HTTPException 400 if it is malformed or incomplete, 413 if it
    is too big; its files are deleted then.
    """
    refuse_foreign(request)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise HTTPException(400)
    refuse_bigger(request, BODY)
    try:
        reader = _Reader(options[b"boundary"], blob_store, quota)
    except FormParserError as error:  # an invalid boundary
        raise HTTPException(400) from error
    try:
        async for chunk in request.stream():
            await run_in_threadpool(reader.feed, chunk)
        reader.finish()
    except (MultipartParseError, ClientDisconnect) as error:
        reader.incoming.drop()
        raise HTTPException(400) from error
    except BaseException:
        reader.incoming.drop()
        raise
    if reader.incoming.problems:
        reader.incoming.drop()
    return reader.incoming


class _Reader:
    """Handles the parts of a form: fields stay in memory, files go to disk as long as there is no problem."""

    def __init__(self, boundary: bytes, blob_store: BlobStore, quota: UploadQuota) -> None:
        self.incoming = Incoming()
        self._blob_store = blob_store
        self._quota = quota
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field = self._file = ""
        self._is_file = False
        self._data = bytearray()
        self._size = 0
        self._draft: Draft | None = None
        self._parts = self._count = self._received = self._text = 0
        self._is_whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_name,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._on_end,
                "on_end": self._on_whole,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Parse a chunk of the body; raise HTTPException 413 if the body is too big."""
        self._received += len(chunk)
        if self._received > BODY:
            raise HTTPException(413)
        self._parser.write(chunk)

    def finish(self) -> None:
        """End parsing; raise `MultipartParseError` if the form is incomplete."""
        self._parser.finalize()
        if not self._is_whole:
            raise MultipartParseError("the form was cut")

    def _begin(self) -> None:
        self._headers, self._data, self._size, self._draft = {}, bytearray(), 0, None
        self._parts += 1
        if self._parts > FIELDS + FILES:
            raise HTTPException(413)

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in options
        self._file = options.get(b"filename", b"").decode("utf-8", "replace")
        if self._is_file and self._file:
            self._count += 1
            if self._count > FILES:
                self._stop(UploadProblem("too_many_files"))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        self._size += len(piece)
        if not self._is_file:
            self._data += piece
            self._text += len(piece)
            if self._text > TEXT:
                raise HTTPException(413)
        elif not self._quota.take(len(piece)):
            self._stop(UploadProblem("day_full"))
        elif self._size > FILE_SIZE:
            self._stop(UploadProblem("file_too_big", clean_text(self._file, 100)))
        elif not self.incoming.problems:
            self._write(piece)

    def _write(self, piece: bytes) -> None:
        try:
            if self._draft is None:
                self._draft = self._blob_store.begin()
                self.incoming.files.append(IncomingFile(self._field, self._file, self._draft))
            self._draft.write(piece)
        except OSError:
            self._stop(UploadProblem("disk_full"))

    def _on_end(self) -> None:
        if not self._is_file:
            text = self._data.decode("utf-8", "replace")
            self.incoming.fields.setdefault(self._field, []).append(text)
        elif self._file and self._size == 0:
            self._stop(UploadProblem("empty_file", clean_text(self._file, 100)))

    def _on_whole(self) -> None:
        self._is_whole = True

    def _stop(self, problem: UploadProblem) -> None:
        """Accept no more files: delete those received so far at once, and discard the rest of the body."""
        if problem not in self.incoming.problems:
            self.incoming.problems.append(problem)
        self.incoming.drop()
