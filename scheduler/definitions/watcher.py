"""Watches the definition files while the daemon runs; it notices a change within seconds."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from scheduler.definitions.files import find_files, is_folder, real_path
from scheduler.texts import Text

STEP = 1.0  # seconds without another hint after which a change counts as finished
STEPS = 10  # steps after which a change is taken up even if hints go on
SCAN = 30.0  # seconds between scans of the files, for changes that the system does not report (on network disks)

Look = frozenset[tuple[str, int, int, int]]
Hints = Callable[[Mapping[Path, bool], Callable[[Path | None], None]], Callable[[], None]]


class DefinitionWatch:
    """Calls `changed` when a definition file below the folders was added, removed or changed.

    Changes count from the creation of this object. A notification of the system is only a hint to scan the
    files, which happens every half minute in any case: that finds a folder that was replaced, and what a network disk
    does not report. If the system cannot notify, `log` gets a sentence.
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
        self._is_lost = False  # a watched folder is gone, and so is its watch
        self._ending = threading.Event()
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
            self._ending.set()
            self._hint.set()
            thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            places = self._places()
            stop = self._start_hints(places)
            try:
                self._compare()
                while self._wait() and self._places() == places:
                    self._compare()
            finally:
                stop()

    def _start_hints(self, places: Mapping[Path, int]) -> Callable[[], None]:
        self._is_lost = False
        if not self._is_blind:
            try:
                roots = self._roots()
                return self._hints({folder: folder in roots for folder in places}, self._take_hint)
            except Exception as error:  # the system has no watches left, or no threads; scans go on
                if self._places() == places:  # no folder has disappeared meanwhile
                    self._is_blind = True
                    self._log(
                        Text(
                            "changes of definitions are noticed within {scan:.0f} s only: {error}",
                            scan=self._scan,
                            error=error,
                        )
                    )
        return lambda: None

    def _take_hint(self, gone: Path | None) -> None:
        """Note that something may have changed; `gone` is a folder that was removed, and with it its watch."""
        self._is_lost |= gone is not None
        self._hint.set()

    def _wait(self) -> bool:
        """Wait for a hint and until no more come, or for the next scan; return whether to go on with these watches."""
        if self._hint.wait(self._scan):
            for _ in range(STEPS):
                self._hint.clear()
                if self._ending.is_set() or not self._hint.wait(self._step):
                    break
        return not self._ending.is_set() and not self._is_lost

    def _compare(self) -> None:
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = wait_until_quiet(seen, self._look, lambda: self._ending.wait(self._step))
        try:
            self._changed()
        except Exception as error:  # a failing callback must not end the watch
            self._log(Text("{name__}: {error}", name__=type(error).__name__, error=error))

    def _look(self) -> Look:
        """Return the path, modification time, size and inode of every file: a change shows without reading it."""
        return frozenset(mark for path in find_files(self._folders)[0] for mark in _marks(path))

    def _places(self) -> dict[Path, int]:
        """Return the folders to watch with their inodes, so that a replaced folder is noticed.

        These are the existing ones, and those outside of them to which links inside lead.
        """
        roots = self._roots()
        linked = {real_path(path).parent for path in find_files(self._folders)[0]}
        places = roots | {folder for folder in linked if not roots & {folder, *folder.parents}}
        return {folder: _inode(folder) for folder in sorted(places)}

    def _roots(self) -> set[Path]:
        return {real_path(folder) for folder in self._folders if is_folder(folder)}


def wait_until_quiet(seen: Look, look: Callable[[], Look], wait: Callable[[], bool]) -> Look:
    """Return what the files are once they stay the same, because a copy in progress may be a valid file already.

    `look` is called after each `wait`, which returns True to end this. It also ends after `STEPS`.
    """
    for _ in range(STEPS):
        if wait() or (again := look()) == seen:
            break
        seen = again
    return seen


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


def start_hints(folders: Mapping[Path, bool], hint: Callable[[Path | None], None]) -> Callable[[], None]:
    """Let the system call `hint` when something changes in the folders, with the folder if one of them is gone.

    A folder with the value True is watched with everything below it; the parent of a linked file may hold whole disks.
    Return what ends that. Raises `OSError` if the system has no watches left or a folder cannot be watched.
    """
    from watchdog import events  # imported here: only the daemon needs it
    from watchdog.observers import Observer

    class Handler(events.FileSystemEventHandler):
        def on_any_event(self, event: events.FileSystemEvent) -> None:
            path = Path(os.fsdecode(event.src_path))
            hint(path if isinstance(event, events.DirDeletedEvent) and path in folders else None)

    # Without events of reading: the scan itself would cause them.
    files = [events.FileCreatedEvent, events.FileDeletedEvent, events.FileModifiedEvent, events.FileMovedEvent]
    names = [*files, events.DirCreatedEvent, events.DirDeletedEvent, events.DirMovedEvent]
    observer = Observer()

    def stop() -> None:
        observer.stop()
        observer.join()

    observer.start()  # first, so that what cannot be watched fails below
    try:
        for folder, is_deep in folders.items():
            observer.schedule(Handler(), str(folder), recursive=is_deep, event_filter=names)
    except BaseException:
        stop()
        raise
    return stop
