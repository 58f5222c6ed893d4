"""Watches the definition files while the daemon runs; it notices a change within seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from scheduler.definitions.files import find_files, is_folder, real_path

STEP = 1.0  # seconds without another hint after which a change counts as finished
STEPS = 10  # steps after which a change is taken up even if hints go on
SCAN = 30.0  # seconds between scans of the files, for changes that the system does not report (on network disks)

Look = frozenset[tuple[str, int, int, int]]
Hints = Callable[[Sequence[Path], Callable[[], None]], Callable[[], None]]


class DefinitionWatch:
    """Calls `changed` when a definition file below the folders was added, removed or changed.

    Changes count from the creation of this object. A notification of the system is only a hint to scan the
    files. If the system cannot notify, `log` gets a sentence and the files are scanned every half minute.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        changed: Callable[[], None],
        log: Callable[[str], None],
        step: float = STEP,
        scan: float = SCAN,
        hints: Hints | None = None,
    ) -> None:
        self._folders = tuple(folders)
        self._changed = changed
        self._log = log
        self._step = step
        self._scan = scan
        self._hints = hints or start_hints
        self._is_blind = False
        self._is_ending = False
        self._hint = threading.Event()  # set when something may have changed, and at the end
        self._seen = self._look()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch in a thread during a block; leaving the block ends the thread."""
        thread = threading.Thread(target=self._run, name="definitions")
        thread.start()
        try:
            yield
        finally:
            self._is_ending = True
            self._hint.set()
            thread.join()

    def _run(self) -> None:
        while not self._is_ending:
            places = self._places()
            stop = self._start_hints(places)
            try:
                self._compare()
                while not self._is_ending and self._places() == places:
                    self._wait()
                    self._compare()
            finally:
                stop()

    def _start_hints(self, places: dict[Path, int]) -> Callable[[], None]:
        if not self._is_blind:
            try:
                return self._hints(self._folders, self._hint.set)
            except OSError as error:
                if self._places() == places:  # no folder has disappeared: the system has no watches left
                    self._is_blind = True
                    self._log(f"changes of definitions are noticed within {self._scan:.0f} s only: {error}")
        return lambda: None

    def _wait(self) -> None:
        """Wait for a hint and until no more come, or for the next scan."""
        if not self._hint.wait(self._scan):
            return
        for _ in range(STEPS):
            self._hint.clear()
            if self._is_ending or not self._hint.wait(self._step):
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


def start_hints(folders: Sequence[Path], hint: Callable[[], None]) -> Callable[[], None]:
    """Let the system call `hint` when something changes below the folders, or when one of them is replaced.

    Return what ends that. Raises `OSError` if the system has no watches left.
    """
    from watchdog import events  # imported here: only the daemon needs it
    from watchdog.observers import Observer

    own = {str(folder.absolute()) for folder in folders}

    class Handler(events.FileSystemEventHandler):
        def on_any_event(self, event: events.FileSystemEvent) -> None:
            hint()

    class ParentHandler(events.FileSystemEventHandler):
        def on_any_event(self, event: events.FileSystemEvent) -> None:
            if own & {event.src_path, event.dest_path}:  # a database may lie beside the folder, with its journal
                hint()

    # Without events of reading: the scan itself would cause them.
    names = [events.FileCreatedEvent, events.FileDeletedEvent, events.FileMovedEvent]
    names += [events.DirCreatedEvent, events.DirDeletedEvent, events.DirMovedEvent]
    observer = Observer()
    for folder in filter(is_folder, folders):
        observer.schedule(
            Handler(), str(real_path(folder)), recursive=True, event_filter=[*names, events.FileModifiedEvent]
        )
    for parent in filter(is_folder, {folder.absolute().parent for folder in folders}):
        with suppress(PermissionError):  # the next scan sees that the folder was replaced
            observer.schedule(ParentHandler(), str(parent), event_filter=names)
    observer.start()

    def stop() -> None:
        observer.stop()
        observer.join()

    return stop
