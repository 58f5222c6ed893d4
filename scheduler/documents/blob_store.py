"""Storage of received files under the digest of their content.

The same content is stored only once, and no name given by a sender ever becomes a path.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from scheduler.documents.file_kinds import HEAD
from scheduler.folders import make_private_folder

_PIECE = 1 << 20  # bytes read at once
_DIGEST = re.compile("[0-9a-f]{64}")
_STALE = timedelta(days=1)  # older drafts were left by a process that was killed


@dataclass
class Draft:
    """A file while it is being received; end it with `BlobStore.keep` or with `drop`.

    `head` holds the first bytes, from which the type is detected.
    """

    path: Path
    stream: IO[bytes]
    size: int = 0
    head: bytes = b""
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        """Append received data."""
        self.stream.write(data)
        self._hash.update(data)
        self.head += data[: HEAD - len(self.head)]
        self.size += len(data)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the data received so far, in hexadecimal."""
        return str(self._hash.hexdigest())

    def drop(self) -> None:
        """Delete the file; errors on closing it are ignored, because the disk may be full."""
        with suppress(OSError):
            self.stream.close()
        self.path.unlink(missing_ok=True)


class BlobStore:
    """A folder of received files; the clock `now` decides which drafts are stale."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now

    @property
    def _aside(self) -> Path:
        return self._folder / "incoming"

    def _put(self, file: Path, digest: str) -> None:
        place = self.place(digest)
        make_private_folder(place.parent)
        file.replace(place)  # an existing file has the same digest and thus the same bytes

    def begin(self) -> Draft:
        """Return an empty draft, after deleting stale ones."""
        make_private_folder(self._aside)
        self._clear()
        descriptor, name = mkstemp(dir=self._aside)  # mkstemp makes it readable only by its owner
        return Draft(Path(name), os.fdopen(descriptor, "wb"))

    def keep(self, draft: Draft) -> None:
        """Move a complete draft to its final place; its content is flushed to disk before anything refers to it."""
        _flush(draft)
        self._put(draft.path, draft.digest)

    def set_aside(self, draft: Draft, owner: str) -> None:
        """Flush a complete draft to disk, to be taken up by its owner; after a day it is stale like any draft."""
        _flush(draft)
        draft.path.replace(self._aside / f"{owner}.{draft.digest}")

    def take_up(self, owner: str, digest: str) -> bool:
        """Move what an owner has set aside to its final place; return False if it is not there any more."""
        try:
            self._put(self._aside / f"{owner}.{digest}", digest)
        except FileNotFoundError:
            return self.place(digest).is_file()  # taken up before
        return True

    def drop_aside(self, owner: str) -> None:
        """Delete what an owner has set aside."""
        for file in self._aside.glob(f"{owner}.*"):
            file.unlink(missing_ok=True)

    def size_aside(self, owners: str) -> int:
        """Return the number of bytes set aside by all owners whose names begin so, after deleting stale files."""
        self._clear()
        total = 0
        for file in self._aside.glob(f"{owners}*"):
            with suppress(FileNotFoundError):
                total += file.stat().st_size
        return total

    def add(self, source: IO[bytes]) -> Draft:
        """Store everything that a stream holds; return what was kept."""
        return self._add(iter(partial(source.read, _PIECE), b""))

    def keep_pieces(self, pieces: Iterable[bytes]) -> str:
        """Store bytes that come in pieces; return their digest."""
        return self._add(pieces).digest

    def open(self, digest: str) -> IO[bytes]:
        """Open the file with this digest for reading."""
        return self.place(digest).open("rb")

    def files(self) -> Mapping[str, Path]:
        """Return all files that are kept, by their digest; not those that are still being received."""
        found = {file.parent.name + file.name: file for file in self._folder.glob("[0-9a-f][0-9a-f]/*")}
        return {digest: file for digest, file in found.items() if _DIGEST.fullmatch(digest)}

    def is_sound(self, digest: str) -> bool:
        """Return whether the file with this digest is there, with all its bytes."""
        try:
            with self.place(digest).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == digest
        except OSError:
            return False

    def _add(self, pieces: Iterable[bytes]) -> Draft:
        draft = self.begin()
        try:
            for piece in pieces:
                draft.write(piece)
            self.keep(draft)
        except BaseException:
            draft.drop()
            raise
        return draft

    def place(self, digest: str) -> Path:
        """Return the path of the file with this digest."""
        return self._folder / digest[:2] / digest[2:]

    def _clear(self) -> None:
        oldest = (self._now() - _STALE).timestamp()
        for file in self._aside.glob("*"):
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < oldest:
                    file.unlink()


def _flush(draft: Draft) -> None:
    """End a draft with all its bytes on the disk."""
    draft.stream.flush()
    os.fsync(draft.stream.fileno())
    draft.stream.close()
