"""The files that came in, kept by the digest of their content: the same content is kept once, no name is trusted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from scheduler.documents.file_kinds import HEAD

_STALE = timedelta(days=1)  # drafts of a process that was killed


@dataclass
class Draft:
    """A file that is coming in. Until it is kept it lies aside, and goes if it is not."""

    path: Path
    stream: IO[bytes]
    size: int = 0
    head: bytes = b""
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> None:
        """Add what has come."""
        self.stream.write(data)
        self._hash.update(data)
        self.head += data[: HEAD - len(self.head)]
        self.size += len(data)

    @property
    def digest(self) -> str:
        """Return the digest of what has come so far."""
        return str(self._hash.hexdigest())

    def drop(self) -> None:
        """Forget the file, also one that the disk had no room for."""
        with suppress(OSError):
            self.stream.close()
        self.path.unlink(missing_ok=True)


class BlobStore:
    """A folder of files; `now` tells which drafts are left over."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now

    def begin(self) -> Draft:
        """Return an empty draft."""
        aside = self._folder / "incoming"
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clear(aside)
        descriptor, name = mkstemp(dir=aside)  # readable by its owner only
        return Draft(Path(name), os.fdopen(descriptor, "wb"))

    def keep(self, draft: Draft) -> None:
        """Put a whole file in its place, safe on the disk before anything speaks of it."""
        draft.stream.flush()
        os.fsync(draft.stream.fileno())
        draft.stream.close()
        place = self.place(draft.digest)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.path.replace(place)  # where it lies already, the same bytes take their own place

    def place(self, digest: str) -> Path:
        """Return where a file lies."""
        return self._folder / digest[:2] / digest[2:]

    def _clear(self, aside: Path) -> None:
        oldest = (self._now() - _STALE).timestamp()
        for file in aside.iterdir():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < oldest:
                    file.unlink()
