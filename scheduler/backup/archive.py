"""The file of a backup: a compressed tar archive whose last member says what must be in it.

It holds `record.db` (SQLite), `secret`, documents as `documents/AB/CD...` by their SHA-256, and `manifest.json`.
Names in it never become paths: what is read is found by these names alone.
"""

from __future__ import annotations

import errno
import json
import os
import re
import tarfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from scheduler.errors import UserError
from scheduler.folders import name_new_file, sync_folder
from scheduler.system_errors import word_system
from scheduler.texts import Text

FORMAT = 1
_RECORD, _SECRET, _MANIFEST = "record.db", "secret", "manifest.json"
_DOCUMENT = re.compile(r"documents/([0-9a-f]{2})/([0-9a-f]{62})")
_PIECE = 1 << 20
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SMALL = 1 << 16  # bytes of a secret or a manifest at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself."""

    version: str  # of the program that made it
    made_at: str  # ISO 8601, UTC
    record: str  # SHA-256 of the record
    secret: str  # SHA-256 of the secret
    documents: int
    missing: list[str]  # SHA-256 of documents that the record refers to, and that were not there or damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A backup that was read and checked: the record as a file, the secret, and the digests of the documents."""

    manifest: Manifest
    record: Path
    secret: bytes
    documents: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An installation at one moment; `documents` are files by their SHA-256, `missing` those that it has lost."""

    record: Path
    secret: bytes
    documents: Mapping[str, Path]
    missing: Collection[str]
    made_at: str  # ISO 8601, UTC


def write_archive(target: Path, saved: Snapshot, version: str) -> Manifest:
    """Write a backup, made by this version of the program.

    The file appears whole or not at all, for its owner only.

    Raises: UserError if the file exists or cannot be written.
    """
    if target.exists():
        raise UserError(Text("{file} exists; nothing was written", file=target), hint=Text("name another file"))
    with _explained(target):
        descriptor, draft = mkstemp(prefix=f".{target.name}.", dir=target.parent)  # readable only by its owner
        try:
            with os.fdopen(descriptor, "wb") as stream:
                manifest = _write(stream, saved, version)
                stream.flush()
                os.fsync(stream.fileno())
            name_new_file(Path(draft), target)
        finally:
            Path(draft).unlink(missing_ok=True)
        sync_folder(target.parent)
    return manifest


def _write(stream: IO[bytes], saved: Snapshot, version: str) -> Manifest:
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=6) as archive:
        archive.add(saved.record, _RECORD, filter=_anonymous)
        _add(archive, _SECRET, saved.secret)
        for digest, file in sorted(saved.documents.items()):
            archive.add(file, f"documents/{digest[:2]}/{digest[2:]}", filter=_anonymous)
        with saved.record.open("rb") as content:
            manifest = Manifest(
                version=version,
                made_at=saved.made_at,
                record=_digest(content),
                secret=sha256(saved.secret).hexdigest(),
                documents=len(saved.documents),
                missing=sorted(saved.missing),
            )
        _add(archive, _MANIFEST, json.dumps({"format": FORMAT, **asdict(manifest)}).encode())
    return manifest


def read_archive(source: Path, folder: Path) -> Contents:
    """Read a backup whole and check all of it; the record is put into `folder`.

    Raises: UserError if it cannot be read, is no backup, is damaged or incomplete, or of a newer form.
    """
    with _opened(source) as archive:
        return _read(archive, source, folder)


def documents_in(source: Path) -> Iterator[IO[bytes]]:
    """Yield each document of a backup that `read_archive` has checked. Raises: UserError as that does."""
    with _opened(source) as archive:
        for member in archive:
            if _DOCUMENT.fullmatch(member.name):
                yield _content(archive, member)


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, mode="r:gz") as archive:
            yield archive
    except (tarfile.TarError, zlib.error, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _refusal(source, Text("it is damaged or cut short")) from error
    except OSError as error:
        if error.errno in _NO_ROOM:  # reading never fails so: what was read could not be put down
            raise UserError(
                Text("{file} cannot be unpacked: {words}", file=source, words=word_system(error)),
                hint=Text("make room on the disk of this machine; the backup is not at fault"),
            ) from error
        words = word_system(error) if error.strerror else Text("it is damaged or cut short")
        raise _refusal(source, words) from error


def _read(archive: tarfile.TarFile, source: Path, folder: Path) -> Contents:
    record, secret, manifest, documents, unknown = folder / _RECORD, b"", b"", set(), []
    digests: dict[str, str] = {}
    for member in archive:
        content = _content(archive, member)
        if member.name == _RECORD:
            digests[_RECORD] = _copy(content, record)
        elif member.name in (_SECRET, _MANIFEST):
            small = content.read(_SMALL)
            secret, manifest = (small, manifest) if member.name == _SECRET else (secret, small)
        elif found := _DOCUMENT.fullmatch(member.name):
            documents.add(found[1] + found[2])
            digests[found[1] + found[2]] = _digest(content)
        else:
            unknown.append(member.name)
    _read_to_the_end(archive)
    said = _read_manifest(source, manifest)  # first of all: a newer version may know more members
    if unknown:
        raise _refusal(source, Text("{name} does not belong in it", name=repr(unknown[0])))
    digests[_SECRET] = sha256(secret).hexdigest()
    expected = {_RECORD: said.record, _SECRET: said.secret, **{digest: digest for digest in documents}}
    if digests != expected or len(documents) != said.documents:
        raise _refusal(source, Text("it does not hold what it says"))
    return Contents(manifest=said, record=record, secret=secret, documents=frozenset(documents))


def _read_to_the_end(archive: tarfile.TarFile) -> None:
    """Read what follows the last member, because the checksum of the whole file comes at its end."""
    while archive.fileobj is not None and archive.fileobj.read(_PIECE):
        pass


def _read_manifest(source: Path, content: bytes) -> Manifest:
    if not content:
        raise _refusal(source, Text("its end is missing"))
    data = json.loads(content)
    if data.pop("format") != FORMAT:
        raise UserError(
            Text("{file} was made by a newer version of hanchot", file=source),
            hint=Text("update hanchot on this machine"),
        )
    return Manifest(**data)


def _refusal(source: Path, words: str) -> UserError:
    return UserError(
        Text("{file} is no backup that can be used: {words}", file=source, words=words),
        hint=Text("use another one, or copy it again from where it was made"),
    )


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise ValueError(member.name)
    return content


def _copy(content: IO[bytes], file: Path) -> str:
    digest = sha256()
    with file.open("wb") as target:
        while piece := content.read(_PIECE):
            digest.update(piece)
            target.write(piece)
    return digest.hexdigest()


def _digest(content: IO[bytes]) -> str:
    digest = sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, BytesIO(content))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who owns a file on the machine that makes the backup."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            Text("the backup {file} cannot be written: {words}", file=target, words=word_system(error)),
            hint=Text("name a file in a folder with room for it"),
        ) from error
