"""Watches the definition files while the daemon runs; it notices a change within seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scheduler.definitions.files import find_files, is_folder

STEP = 1.0  # seconds without another change after which a change counts as finished; also the polling interval
ROUND = 5.0  # seconds after which watchfiles yields, even without a change
SELDOM = 6  # rounds between scans of the files, for changes that the system does not report (on network disks)

Look = frozenset[tuple[str, int, int, int]]


class DefinitionWatch:
    """Calls `changed` when a definition file below the folders was added, removed or changed.

    Changes count from the creation of this object. A notification of the system is only a hint to scan the
    files. If the system cannot notify, `log` gets a sentence and the files are scanned every half minute.
    `hints` replaces `watchfiles.watch` and must yield what that yields.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        changed: Callable[[], None],
        log: Callable[[str], None],
        stopping: threading.Event,
        step: float = STEP,
        round: float = ROUND,
        hints: Callable[..., Iterable[object]] | None = None,
    ) -> None:
        self._folders = tuple(folders)
        self._changed = changed
        self._log = log
        self._stopping = stopping
        self._step = step
        self._round = round
        self._hints = hints
        self._is_blind = False
        self._seen = self._look()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch in a thread during a block; leaving the block sets `stopping` and waits for the thread."""
        thread = threading.Thread(target=self._run, name="definitions")
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._compare()
            places = self._places()
            if not places or self._is_blind:
                self._stopping.wait(SELDOM * self._round)
                continue
            try:
                self._watch(places)
            except OSError as error:
                if self._places() == places:  # no folder has disappeared: the system has no watches left
                    self._is_blind = True
                    self._log(f"changes of definitions are noticed within {SELDOM * self._round:.0f} s only: {error}")

    def _watch(self, places: dict[Path, int]) -> None:
        """Compare at each hint, until a folder was added, removed or replaced, or `stopping` is set."""
        import watchfiles  # imported here: only the daemon needs it

        hints = (self._hints or watchfiles.watch)(
            *places,
            watch_filter=None,
            step=int(self._step * 1000),
            debounce=int(self._step * 10_000),
            stop_event=self._stopping,
            rust_timeout=int(self._round * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
        )
        for number, hint in enumerate(hints):
            if hint or number % SELDOM == 0:
                self._compare()
                if self._places() != places:
                    return

    def _compare(self) -> None:
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._changed()
        except Exception as error:  # a failing callback must not end the watch
            self._log(f"{type(error).__name__}: {error}")

    def _look(self) -> Look:
        """Return the path, modification time, size and inode of every file: a change shows without reading it."""
        return frozenset(mark for path in find_files(self._folders)[0] for mark in _marks(path))

    def _places(self) -> dict[Path, int]:
        """Return the existing folders with their inodes, so that a replaced folder is noticed."""
        return {folder: _inode(folder) for folder in self._folders if is_folder(folder)}


def _marks(path: Path) -> Iterator[tuple[str, int, int, int]]:
    try:
        found = path.stat()
    except OSError:  # the file has been removed since it was found
        return
    yield str(path), found.st_mtime_ns, found.st_size, found.st_ino


def _inode(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0
