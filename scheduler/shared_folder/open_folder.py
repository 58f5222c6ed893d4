"""Reads a folder below the shared folder: never through a link, never outside, and no file while it is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path

from scheduler.documents.file_kinds import FILE_SIZE, FILES, HEAD, find_kind
from scheduler.plan.answers.received_mail import Attachment
from scheduler.shared_folder.entry_names import clean_name, sort_entry
from scheduler.texts import Text

ENTRIES = 500  # of one folder that are looked at
CROWD = 2 * FILES  # files in the folder of a task, of which a person has to say which are meant
_TAIL = 70_000  # bytes at the end in which a ZIP archive, whose comment may be long, says where it ends
SETTLED = timedelta(minutes=2)  # for so long nothing may have changed; synchronising programs pause in between
_PIECE = 1 << 20  # bytes read at once

Keep = Callable[[Iterable[bytes]], str]  # keeps bytes among the documents and returns their digest


class StillWritten(Exception):
    """A file changes while it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFile:
    """A file that lies in a folder: its name there, what it is, and when it arrived on this machine (UTC)."""

    entry: str
    file: Attachment
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderListing:
    """What lies in a folder: the files that can be documents, those of other kinds, and what else is to be said.

    `is_changing` says that some file is still being written. Of a `crowded` folder nothing was read: it holds so many
    files that a person has to look.
    """

    files: tuple[FolderFile, ...] = ()
    unkept: tuple[FolderFile, ...] = ()
    remarks: tuple[str, ...] = ()
    is_changing: bool = False
    is_crowded: bool = False


class OpenFolder:
    """An open folder; what is below it is found from there, whatever happens to the path meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @contextmanager
    def enter(self, name: str) -> Iterator[OpenFolder | None]:
        """Open a folder in this one for a block; None if there is none. Raises `OSError`, for a link too."""
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._descriptor)
        except FileNotFoundError:
            yield None
            return
        try:
            yield OpenFolder(descriptor)
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """Return the names of what lies in the folder, without what programs make for themselves. Raises `OSError`."""
        return [clean_name(entry.name) for entry in self._entries()]

    def list(self, now: datetime) -> FolderListing:
        """Return what lies in the folder. Raises `OSError`."""
        entries = self._entries()
        sorted_out = [self._sort_out(entry) for entry in entries]
        remarks = [remark for remark in sorted_out if remark]
        names = [entry.name for entry, remark in zip(entries, sorted_out, strict=True) if not remark]
        if len(names) > CROWD:
            more = Text(" or more") if len(entries) == ENTRIES else ""
            return FolderListing(
                remarks=(Text("{number}{more} files, so a person has to look", number=len(names), more=more), *remarks),
                is_crowded=True,
            )
        read, unread = self._read_all(names, now)
        different, odd = _sort_files(read)
        return FolderListing(
            files=tuple(one for one in different if one.file.kind),
            unkept=tuple(one for one in different if not one.file.kind),
            remarks=(*remarks, *unread, *odd),
            is_changing=bool(unread),
        )

    def keep(self, one: FolderFile, keep: Keep) -> None:
        """Keep the bytes of a listed file. Raises `StillWritten` if they are others by now or gone, and `OSError`."""
        try:
            with self._open(one.entry) as descriptor:
                if keep(_pieces(descriptor)) != one.file.digest:
                    raise StillWritten
        except FileNotFoundError as error:
            raise StillWritten from error

    def _entries(self) -> Sequence[os.DirEntry[str]]:
        with os.scandir(self._descriptor) as found:
            return list(islice((entry for entry in found if sort_entry(entry.name) != "ignored"), ENTRIES))

    def _sort_out(self, entry: os.DirEntry[str]) -> str:
        """Return why an entry does not count, "" if it is a file that may."""
        name = clean_name(entry.name)
        if entry.is_symlink():
            return Text("{name} is a link, which is not followed", name=name)
        if entry.is_dir(follow_symlinks=False):
            return Text("{name} is a folder, which is not entered", name=name)
        if not entry.is_file(follow_symlinks=False):
            return Text("{name} is no file", name=name)
        return (
            Text("{name} is a conflict copy, which does not count", name=name)
            if sort_entry(entry.name) == "conflict"
            else ""
        )

    def _read_all(self, names: Iterable[str], now: datetime) -> tuple[Sequence[FolderFile], Sequence[str]]:
        """Return the files that can be read, and why others cannot be yet. Raises `OSError`."""
        read, unread = [], []
        for name in sorted(names, key=lambda name: (len(name), name)):  # "x.pdf" before its copy "x (1).pdf"
            try:
                read.append(self._read(name, now))
            except FileNotFoundError:  # taken away meanwhile
                continue
            except PermissionError:
                unread.append(Text("{name} cannot be opened: permission denied", name=clean_name(name)))
            except StillWritten:
                unread.append(Text("{name} is still being written", name=clean_name(name)))
        return read, unread

    @contextmanager
    def _open(self, name: str) -> Iterator[int]:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe that took its place must not block
        descriptor = os.open(name, flags, dir_fd=self._descriptor)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StillWritten
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self, name: str, now: datetime) -> FolderFile:
        """Return what a file is. Raises `StillWritten`, `OSError`."""
        with self._open(name) as descriptor:
            before = os.fstat(descriptor)
            if _is_fresh(before, now):
                raise StillWritten
            is_large = before.st_size > FILE_SIZE
            # What is too large is known by its name and size, for nobody reads gigabytes at each check.
            digest = sha256(f"{name}\0{before.st_size}".encode(errors="surrogateescape")) if is_large else sha256()
            head = tail = b""
            for piece in () if is_large else _pieces(descriptor):
                digest.update(piece)
                head += piece[: HEAD - len(head)]
                tail = (tail + piece)[-_TAIL:]
            if _mark(os.fstat(descriptor)) != _mark(before) or (tail and not _is_whole(head, tail)):
                raise StillWritten
        kind = find_kind(head)
        file = Attachment(
            part=name,
            name=clean_name(name),
            kind=kind.type if kind else "",
            size=before.st_size,
            digest=digest.hexdigest(),
        )
        return FolderFile(entry=name, file=file, arrived_at=min(_instant(before.st_ctime), now))


@contextmanager
def open_folder(path: Path) -> Iterator[OpenFolder]:
    """Open a folder for a block. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield OpenFolder(descriptor)
    finally:
        os.close(descriptor)


def _sort_files(read: Iterable[FolderFile]) -> tuple[Sequence[FolderFile], Sequence[str]]:
    """Return the files that are not empty, each content once, and what is to be said of any file."""
    first: dict[str, FolderFile] = {}
    remarks = []
    for one in read:
        if one.file.size == 0:
            remarks.append(Text("{name} is empty", name=one.file.name))
        elif first.setdefault(one.file.digest, one) is not one:
            remarks.append(
                Text("{name} is the same as {name2}", name=one.file.name, name2=first[one.file.digest].file.name)
            )
        elif not one.file.kind:
            remarks.append(_describe_unkept(one.file))
    return tuple(first.values()), remarks


def _describe_unkept(file: Attachment) -> Text:
    if file.size > FILE_SIZE:
        return Text("{name} is too large", name=file.name)
    return Text("{name} is of a kind that is not kept", name=file.name)


def _pieces(descriptor: int) -> Iterator[bytes]:
    """Yield the bytes of a file, no more than a document may have and one piece."""
    for _ in range(FILE_SIZE // _PIECE + 1):
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return
        yield piece


def _is_fresh(status: os.stat_result, now: datetime) -> bool:
    """Return whether a file changed so lately that more may follow.

    The clock of a file server may be a little ahead. The time of modification is what the sender's machine made up; one
    that lies ahead says nothing.
    """
    since_change, since_write = now - _instant(status.st_ctime), now - _instant(status.st_mtime)
    return abs(since_change) < SETTLED or timedelta() <= since_write < SETTLED


def _is_whole(head: bytes, tail: bytes) -> bool:
    """Return whether a file of a kind that says where it ends has its end: an upload may have stalled."""
    ends = {b"%PDF": b"%%EOF", b"PK\x03\x04": b"PK\x05\x06"}
    return all(end in tail for begin, end in ends.items() if head.startswith(begin))


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
