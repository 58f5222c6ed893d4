"""Definition files watched while they change: by the system's hints, and by looking."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.definitions.watcher import STEPS, DefinitionWatch, Hints, Look, start_hints, wait_until_quiet
from tests.support.polling import TIMEOUT

STEP = 0.02
NO_SCAN = 600.0  # seconds: only hints of the system count


class Listener:
    """Hears of changes and of troubles."""

    def __init__(self) -> None:
        self.heard: queue.Queue[str] = queue.Queue()

    def watch(
        self,
        *folders: Path,
        changed: Callable[[], None] | None = None,
        scan: float = NO_SCAN,
        hints: Hints | None = None,
    ) -> DefinitionWatch:
        return DefinitionWatch(
            folders,
            changed=changed or (lambda: self.heard.put("changed")),
            log=self.heard.put,
            step=STEP,
            scan=scan,
            hints=hints,
        )

    def next(self) -> str:
        """Return what is heard next."""
        return self.heard.get(timeout=TIMEOUT)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one plan."""
    folder = tmp_path / "workflows"
    (folder / "cluster").mkdir(parents=True)
    (folder / "cluster" / "plan.toml").write_text("one", encoding="utf-8")
    return folder


@contextmanager
def watched(listener: Listener, *folders: Path, scan: float = NO_SCAN) -> Iterator[None]:
    """Watch folders in a block, from a moment on at which the system's hints come."""
    with listener.watch(*folders, scan=scan).running():
        for folder in folders:
            (folder / "first.toml").write_text("", encoding="utf-8")
        assert listener.next() == "changed"
        yield
    assert threading.active_count() == 1 or "definitions" not in {thread.name for thread in threading.enumerate()}


def replace(file: Path, text: str) -> None:
    """Write a file as many editors do: beside it, and then in its place."""
    draft = file.with_suffix(".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda folder: (folder / "cluster" / "plan.toml").write_text("two", encoding="utf-8"),
    "replaced": lambda folder: replace(folder / "cluster" / "plan.toml", "two"),
    "removed": lambda folder: (folder / "cluster" / "plan.toml").unlink(),
    "renamed": lambda folder: (folder / "cluster" / "plan.toml").rename(folder / "cluster" / "other.toml"),
    "a roster beside it": lambda folder: (folder / "cluster" / "parties.toml").write_text("", encoding="utf-8"),
    "a calendar": lambda folder: shutil.copytree(folder / "cluster", folder / "calendars"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_of_change_is_noticed(listener: Listener, folder: Path, change: str) -> None:
    """Also below folders that were not there before."""
    with watched(listener, folder):
        CHANGES[change](folder)
        assert listener.next() == "changed"


def test_changes_of_the_same_size_within_the_same_second_are_noticed(listener: Listener, folder: Path) -> None:
    """One digit of a date, say."""
    with watched(listener, folder):
        (folder / "cluster" / "plan.toml").write_text("eno", encoding="utf-8")
        assert listener.next() == "changed"


def test_what_is_no_definition_is_no_change(listener: Listener, folder: Path) -> None:
    """Drafts of editors, documents, another process that only reads."""
    with watched(listener, folder):
        (folder / "cluster" / ".plan.toml.swp").write_text("x", encoding="utf-8")
        (folder / "cluster" / "plan.docx").write_text("x", encoding="utf-8")
        (folder / "cluster" / "plan.toml").read_text(encoding="utf-8")
        (folder / "cluster" / "last.toml").write_text("x", encoding="utf-8")
        assert listener.next() == "changed"
    assert listener.heard.empty()


def test_it_counts_from_the_moment_it_was_made(listener: Listener, folder: Path) -> None:
    """What changes between the first load and the watch's start is not lost."""
    watch = listener.watch(folder)
    CHANGES["edited"](folder)
    with watch.running():
        assert listener.next() == "changed"


def test_a_folder_that_is_put_in_the_place_of_another_is_watched(
    listener: Listener, folder: Path, tmp_path: Path
) -> None:
    """As a new version is often brought in: the old one moved away, the new one moved in."""
    with watched(listener, folder, scan=0.05):
        shutil.copytree(folder, tmp_path / "new")
        (tmp_path / "new" / "cluster" / "plan.toml").write_text("two", encoding="utf-8")
        folder.rename(tmp_path / "old")
        (tmp_path / "new").rename(folder)
        assert listener.next() == "changed"
        while not listener.heard.empty():
            listener.next()
        CHANGES["a roster beside it"](folder)
        assert listener.next() == "changed"


def test_a_link_that_is_pointed_elsewhere_is_noticed(listener: Listener, folder: Path, tmp_path: Path) -> None:
    """As a release is often switched."""
    shutil.copytree(folder, tmp_path / "new")
    link = tmp_path / "current"
    link.symlink_to(folder)
    with watched(listener, link, scan=0.05):
        (tmp_path / "next").symlink_to(tmp_path / "new")
        (tmp_path / "next").rename(link)
        assert listener.next() == "changed"
        CHANGES["edited"](tmp_path / "new")
        assert listener.next() == "changed"


def test_a_folder_that_appears_is_noticed(listener: Listener, tmp_path: Path, folder: Path) -> None:
    with listener.watch(tmp_path / "late", scan=0.05).running():
        folder.rename(tmp_path / "late")
        assert listener.next() == "changed"


def test_a_folder_outside_to_which_a_link_leads_is_watched(listener: Listener, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "cluster", tmp_path / "elsewhere")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    with watched(listener, folder):
        (tmp_path / "elsewhere" / "plan.toml").write_text("two", encoding="utf-8")
        assert listener.next() == "changed"


def test_of_the_folder_of_a_linked_file_only_its_own_entries_are_watched(
    listener: Listener, folder: Path, tmp_path: Path
) -> None:
    """It may be somebody's home with all that is below."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "plan.toml").write_text("one", encoding="utf-8")
    (folder / "linked.toml").symlink_to(tmp_path / "home" / "plan.toml")
    watched: queue.Queue[Mapping[Path, bool]] = queue.Queue()

    def start(folders: Mapping[Path, bool], hint: Callable[[Path | None], None]) -> Callable[[], None]:
        watched.put(folders)
        return start_hints(folders, hint)

    with listener.watch(folder, hints=start).running():
        assert watched.get(timeout=TIMEOUT) == {folder: True, tmp_path / "home": False}
        (tmp_path / "home" / "plan.toml").write_text("two", encoding="utf-8")
        assert listener.next() == "changed"


def test_a_folder_that_was_removed_is_watched_anew(listener: Listener, folder: Path) -> None:
    """Its successor may look the same, down to the inode."""
    started: queue.Queue[Callable[[Path | None], None]] = queue.Queue()

    def start(folders: Mapping[Path, bool], hint: Callable[[Path | None], None]) -> Callable[[], None]:
        started.put(hint)
        return lambda: None

    with listener.watch(folder, hints=start).running():
        hint = started.get(timeout=TIMEOUT)
        hint(None)
        hint(folder)
        started.get(timeout=TIMEOUT)


def test_the_system_says_that_a_watched_folder_is_gone(folder: Path) -> None:
    hints: queue.Queue[Path | None] = queue.Queue()
    stop = start_hints({folder: True}, hints.put)
    shutil.rmtree(folder)
    try:
        while hints.get(timeout=TIMEOUT) != folder:
            pass
    finally:
        stop()


def test_what_cannot_be_watched_leaves_no_thread_behind(folder: Path, tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(FileNotFoundError):
        start_hints({folder: True, tmp_path / "nowhere": True}, lambda gone: None)
    assert threading.active_count() == before


def test_a_change_that_the_system_does_not_report_is_found_by_a_scan(listener: Listener, folder: Path) -> None:
    """On a network disk, for example."""

    def stay_silent(folders: Mapping[Path, bool], hint: Callable[[Path | None], None]) -> Callable[[], None]:
        return lambda: None

    with listener.watch(folder, scan=0.05, hints=stay_silent).running():
        CHANGES["edited"](folder)
        assert listener.next() == "changed"


def test_one_missing_folder_does_not_keep_another_from_being_watched(
    listener: Listener, folder: Path, tmp_path: Path
) -> None:
    """It was complained of when the definitions were loaded."""
    with listener.watch(tmp_path / "nowhere", folder).running():
        CHANGES["edited"](folder)
        assert listener.next() == "changed"


def test_a_fault_in_what_follows_a_change_is_told_and_the_watch_goes_on(listener: Listener, folder: Path) -> None:
    """A locked record, for example."""

    def fail() -> None:
        raise RuntimeError("locked")

    with listener.watch(folder, changed=fail).running():
        CHANGES["edited"](folder)
        assert listener.next() == "RuntimeError: locked"
        CHANGES["a roster beside it"](folder)
        assert listener.next() == "RuntimeError: locked"


def test_without_any_folder_it_waits_and_ends_when_it_is_told_to(listener: Listener, tmp_path: Path) -> None:
    """At once."""
    with listener.watch(tmp_path / "nowhere").running():
        pass
    assert listener.heard.empty()


def test_where_the_system_gives_no_hints_that_is_told_once_and_the_files_are_looked_at(
    listener: Listener, folder: Path
) -> None:
    """Its watches are used up, say."""

    def refuse(folders: Mapping[Path, bool], hint: Callable[[Path | None], None]) -> Callable[[], None]:
        raise OSError(28, "inotify watch limit reached")

    with listener.watch(folder, scan=0.05, hints=refuse).running():
        assert "noticed within" in listener.next()
        CHANGES["edited"](folder)
        assert listener.next() == "changed"
        CHANGES["removed"](folder)
        assert listener.next() == "changed"


def sizes(*found: int) -> list[Look]:
    """Return what a file looks like while it grows."""
    return [frozenset({("plan.toml", 0, size, 1)}) for size in found]


@pytest.mark.parametrize(
    ("looks", "used"),
    [
        (sizes(1, 2, 5, 5), 3),  # a copy in progress
        (sizes(7, 7), 1),
        (sizes(*range(STEPS + 5)), STEPS),  # one that never ends is taken as it is
    ],
)
def test_a_file_that_still_grows_is_not_read(looks: list[Look], used: int) -> None:
    """Its beginning may be a valid plan of half the milestones."""
    seen, *later = looks
    coming = iter(later)
    assert wait_until_quiet(seen, lambda: next(coming), lambda: False) == looks[used]
    assert len(list(coming)) == len(later) - used
    assert wait_until_quiet(seen, lambda: next(iter(later)), lambda: True) == seen
