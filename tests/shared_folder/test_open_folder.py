"""What is read of a folder: no links, nothing outside, no file that is still being written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.documents.file_kinds import FILE_SIZE
from scheduler.shared_folder.open_folder import CROWD, ENTRIES, FolderListing, StillWritten, open_folder
from tests.support.received_mails import PDF

LATER = timedelta(minutes=3)


def put(folder: Path, name: str, content: bytes = PDF) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(content)
    os.utime(file, (0, 0))
    return file


def arrived(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_ctime, UTC)


def look(folder: Path, after: timedelta = LATER) -> FolderListing:
    """Return what lies in a folder so long after now."""
    with open_folder(folder) as opened:
        return opened.list(SystemClock().now() + after)


def names(listing: FolderListing) -> list[str]:
    return [one.file.name for one in listing.files]


def test_a_file_is_known_by_its_content_and_by_when_it_arrived_here(tmp_path: Path) -> None:
    """What the sender's machine says of its time counts for nothing."""
    file = put(tmp_path, "Báo cáo.pdf")
    [one] = look(tmp_path).files
    assert (one.file.name, one.file.kind, one.file.size) == ("Báo cáo.pdf", "application/pdf", len(PDF))
    assert (one.file.digest, one.arrived_at) == (sha256(PDF).hexdigest(), arrived(file))


def test_what_arrives_by_a_clock_that_is_ahead_arrived_now(tmp_path: Path) -> None:
    put(tmp_path, "a.pdf")
    with open_folder(tmp_path) as opened:
        now = datetime(2023, 6, 1, tzinfo=UTC)
        assert [one.arrived_at for one in opened.list(now).files] == [now]


def test_a_file_that_changed_a_moment_ago_is_still_being_written(tmp_path: Path) -> None:
    file = put(tmp_path, "a.pdf")
    listing = look(tmp_path, after=timedelta(minutes=1))
    assert (listing.files, listing.is_changing, listing.remarks) == ((), True, ("a.pdf is still being written",))
    assert look(tmp_path, after=timedelta(seconds=-30)).is_changing  # the clock of the file server is ahead
    os.utime(file, ns=(0, int((SystemClock().now() + LATER).timestamp() * 1e9)))
    assert look(tmp_path, after=LATER + timedelta(minutes=1)).is_changing


def test_a_time_of_modification_that_lies_ahead_says_nothing(tmp_path: Path) -> None:
    file = put(tmp_path, "a.pdf")
    ahead = (SystemClock().now() + timedelta(days=400)).timestamp()
    os.utime(file, (ahead, ahead))
    assert names(look(tmp_path)) == ["a.pdf"]


def test_a_file_that_changes_after_it_was_listed_is_not_kept(tmp_path: Path) -> None:
    file = put(tmp_path, "a.pdf")
    with open_folder(tmp_path) as opened:
        [one] = opened.list(SystemClock().now() + LATER).files
        file.write_bytes(b"%PDF- another")
        with pytest.raises(StillWritten):
            opened.keep(one, digest_of)


def digest_of(pieces: Iterable[bytes]) -> str:
    return sha256(b"".join(pieces)).hexdigest()


def test_links_lead_nowhere(tmp_path: Path) -> None:
    """Neither to files nor to folders, wherever they point."""
    put(tmp_path / "outside", "secret.pdf")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "file.pdf").symlink_to(tmp_path / "outside" / "secret.pdf")
    (inside / "folder").symlink_to(tmp_path / "outside")
    listing = look(inside)
    assert listing.files == ()
    assert sorted(listing.remarks) == [
        "file.pdf is a link, which is not followed",
        "folder is a link, which is not followed",
    ]
    with open_folder(inside) as opened, pytest.raises(OSError, match="folder"), opened.enter("folder"):
        pass


def test_a_link_that_takes_the_place_of_a_file_is_not_read(tmp_path: Path) -> None:
    file, outside = put(tmp_path / "inside", "a.pdf"), put(tmp_path, "outside.pdf")
    with open_folder(tmp_path / "inside") as opened:
        [one] = opened.list(SystemClock().now() + LATER).files
        file.unlink()
        file.symlink_to(outside)
        with pytest.raises(OSError, match=r"a\.pdf"):
            opened.keep(one, digest_of)


def test_a_pipe_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    assert look(tmp_path).remarks == ("pipe.pdf is no file",)
    file = put(tmp_path, "a.pdf")
    with open_folder(tmp_path) as opened:
        [one] = opened.list(SystemClock().now() + LATER).files
        file.unlink()
        os.mkfifo(file)
        with pytest.raises(StillWritten):
            opened.keep(one, digest_of)


def test_what_does_not_count_is_told(tmp_path: Path) -> None:
    put(tmp_path, "empty.pdf", b"")
    put(tmp_path, "program.exe", b"MZ")
    os.truncate(put(tmp_path, "large.pdf", b"%PDF-"), FILE_SIZE + 1)
    put(tmp_path / "old", "a.pdf")
    put(tmp_path, "a.sync-conflict-20230601-101500-ABCDEFG.pdf")
    put(tmp_path, "Thumbs.db")
    listing = look(tmp_path)
    assert (listing.files, listing.is_changing) == ((), False)
    assert sorted(listing.remarks) == [
        "a.sync-conflict-20230601-101500-ABCDEFG.pdf is a conflict copy, which does not count",
        "empty.pdf is empty",
        "large.pdf is too large",
        "old is a folder, which is not entered",
        "program.exe is of a kind that is not kept",
    ]
    assert [one.file.name for one in listing.unkept] == ["large.pdf", "program.exe"]


def test_the_same_file_twice_is_one(tmp_path: Path) -> None:
    """The copy that a browser made is the copy."""
    for name in ("a (1).pdf", "a.pdf", "b.pdf"):
        put(tmp_path, name, PDF + b"\n% another one" if name == "b.pdf" else PDF)
    listing = look(tmp_path)
    assert (names(listing), listing.remarks) == (["a.pdf", "b.pdf"], ("a (1).pdf is the same as a.pdf",))


@pytest.mark.parametrize(
    ("number", "said"), [(CROWD + 1, f"{CROWD + 1} files"), (ENTRIES + 3, f"{ENTRIES} or more files")]
)
def test_of_very_many_files_none_is_read(tmp_path: Path, number: int, said: str) -> None:
    for each in range(number):
        (tmp_path / f"{each}.pdf").touch()
    listing = look(tmp_path)
    assert (listing.is_crowded, listing.files) == (True, ())
    assert listing.remarks == (f"{said}, so a person has to look",)


@pytest.mark.parametrize("content", [PDF[:-20], b"PK\x03\x04" + bytes(100_000)], ids=["pdf", "zip"])
def test_a_file_without_its_end_is_still_being_written(tmp_path: Path, content: bytes) -> None:
    """An upload that has stalled."""
    put(tmp_path, "a.pdf", content)
    listing = look(tmp_path)
    assert (listing.files, listing.is_changing) == ((), True)


def test_a_folder_that_is_not_there_is_none(tmp_path: Path) -> None:
    with open_folder(tmp_path) as opened, opened.enter("beta") as below:
        assert below is None
