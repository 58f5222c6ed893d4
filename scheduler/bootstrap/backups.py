"""Backups of a whole installation: made from a live system, checked, and restored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from scheduler import __version__
from scheduler.backup.archive import Contents, Manifest, Snapshot, documents_in, read_archive, write_archive
from scheduler.bootstrap.container import Container
from scheduler.clock import SystemClock
from scheduler.config import read_secret, write_secret
from scheduler.errors import UserError
from scheduler.folders import make_private_folder
from scheduler.store import check_integrity, copy_snapshot, expect_empty, read_digests, upgrade
from scheduler.system_errors import word_system
from scheduler.texts import Text, plural

_SHOWN = 3  # files that are named


def make_backup(container: Container, file: Path) -> Manifest:
    """Write the record, the documents and the secret as they are at this moment into a new file.

    The record is taken first: what it refers to was stored before. A document that is damaged or gone is named in the
    manifest; the rest is saved all the same. Raises `UserError`.
    """
    now, folder = SystemClock().now(), file.absolute().parent
    if not folder.is_dir():
        raise UserError(Text("there is no folder {folder}", folder=folder), hint=Text("name another file"))
    with _room_in(folder) as room:
        record = room / "record.db"
        copy_snapshot(container.settings.database_url, f"sqlite:///{record}")
        store = container.blob_store(SystemClock())
        documents = {digest: place for digest, place in store.files().items() if store.is_sound(digest)}
        saved = Snapshot(
            record=record,
            secret=container.secret,
            documents=documents,
            missing=read_digests(f"sqlite:///{record}") - documents.keys(),
            made_at=now.isoformat(timespec="seconds"),
        )
        return write_archive(file.absolute(), saved, __version__)


def restore_backup(container: Container, file: Path) -> Manifest:
    """Bring a backup into an installation that has no record yet; an older one is upgraded.

    Everything is checked before anything is written, and the record comes last. Raises `UserError` if the backup
    cannot be used, the configured database is not empty, or another secret lies there.
    """
    settings = container.settings
    data, secret_file = settings.resolve(settings.paths.data), settings.resolve(settings.web.secret_file)
    make_private_folder(data)
    with _room_in(data) as room:
        contents = read_archive(file, room)
        _expect_whole(contents, file)
        expect_empty(settings.database_url)
        if secret_file.exists():
            _expect_secret(secret_file, contents.secret)
        store = container.blob_store(SystemClock())
        for document in documents_in(file):
            store.add(document)
        if not secret_file.exists():
            write_secret(secret_file, contents.secret)
        _expect_secret(secret_file, contents.secret)  # a daemon that has just started may have written its own
        copy_snapshot(f"sqlite:///{contents.record}", settings.database_url)
    return contents.manifest


def verify_backup(file: Path) -> Manifest:
    """Check a backup as `restore_backup` does; return what it says of itself.

    Raises: UserError for the first thing that is wrong.
    """
    with _room_in(file.absolute().parent) as room:
        contents = read_archive(file, room)
        _expect_whole(contents, file)
    return contents.manifest


def verify_record(container: Container) -> int:
    """Check the record in use and each document that it refers to; return how many there are.

    Raises: UserError for what is wrong.
    """
    url, store = container.settings.database_url, container.blob_store(SystemClock())
    container.require_secret()
    if words := check_integrity(url):
        raise UserError(
            Text("the record is damaged: {words}", words=words), hint=Text("put the last backup in its place")
        )
    digests = read_digests(url)
    _expect_documents((digest for digest in sorted(digests) if not store.is_sound(digest)), store.place)
    return len(digests)


def _expect_secret(file: Path, secret: bytes) -> None:
    if read_secret(file) != secret:
        raise UserError(
            Text("another secret lies in {file}: private addresses would not be those of the backup", file=file),
            hint=Text("move it away, if nothing else needs it, and try again"),
        )


def _expect_whole(contents: Contents, file: Path) -> None:
    url = f"sqlite:///{contents.record}"
    upgrade(url)
    if words := check_integrity(url):
        raise UserError(
            Text("the record in {file} is damaged: {words}", file=file, words=words), hint=Text("use another one")
        )
    missing = read_digests(url) - contents.documents - set(contents.manifest.missing)
    _expect_documents(sorted(missing), lambda digest: Path(digest))


def _expect_documents(missing: Iterable[str], name: Callable[[str], Path]) -> None:
    names = [str(name(digest)) for digest in missing]
    if names:
        raise UserError(
            plural(
                "{number} file that the record refers to is missing or damaged: {names}",
                "{number} files that the record refers to are missing or damaged: {names}",
                len(names),
                names=", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else ""),
            ),
            hint=Text("take them from a backup"),
        )


@contextmanager
def _room_in(folder: Path) -> Iterator[Path]:
    """Make a folder for what is unpacked, for its owner only; it is gone afterwards."""
    try:
        room = TemporaryDirectory(prefix=".hanchot-", dir=folder)
    except OSError as error:
        raise UserError(
            Text("nothing can be written into {folder}: {words}", folder=folder, words=word_system(error)),
            hint=Text("name a file in another folder, or give the user that runs hanchot the right to write there"),
        ) from error
    with room as name:
        yield Path(name)
