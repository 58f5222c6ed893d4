"""A whole installation in one file: made while it is at work, checked, and brought back."""

from __future__ import annotations

import gzip
import json
import resource
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.errors import ExitCode
from scheduler.store.migrations import migrate
from scheduler.store.schema import HEAD
from tests.cli.conftest import Office, Run
from tests.support.received_mails import PDF

DIGEST = sha256(PDF).hexdigest()


@pytest.fixture
def busy(open_office: Office) -> Office:
    """Return an office with facts, a document, mails that have left and mails that wait, and a calendar."""
    report = open_office.folder / "Báo cáo.pdf"
    report.write_bytes(PDF)
    open_office("receive", "here", "report", "branch", "--file", report)
    open_office("tick")
    open_office("feeds", "create", "--party", "branch")
    return open_office


@pytest.fixture
def backup(busy: Office, tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar.gz"
    made = busy("db", "backup", file)
    assert (made.code, made.err) == (ExitCode.DONE, "")
    assert made.out.startswith(f"{file}: record, secret and 1 document, as of ")
    return file


@pytest.fixture
def elsewhere(busy: Office, run: Run, tmp_path: Path) -> Office:
    """Return the same configuration and plans on a machine that knows nothing else."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shutil.copy(busy.folder / "config.toml", folder)
    shutil.copytree(busy.folder / "workflows", folder / "workflows")
    return Office(folder, busy.plan, run)


def content(office: Office) -> Mapping[str, list[Any]]:
    """Return every row of a record but who is alive."""
    with closing(sqlite3.connect(office.folder / "var" / "hanchot.db")) as record:
        tables = [name for (name,) in record.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(repr, record.execute(f'SELECT * FROM "{name}"'))) for name in tables}


def documents(office: Office) -> set[bytes]:
    return {file.read_bytes() for file in (office.folder / "var" / "documents").rglob("*") if file.is_file()}


def rewrite(file: Path, change: Mapping[str, bytes | None]) -> Path:
    """Return a copy of an archive with other members."""
    target = file.with_name("changed.tar.gz")
    with tarfile.open(file) as old, tarfile.open(target, "w:gz") as new:
        members: dict[str, bytes | None] = {m.name: old.extractfile(m).read() for m in old}  # type: ignore[union-attr]
        for name, data in {**members, **change}.items():
            if data is not None:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                new.addfile(member, BytesIO(data))
    return target


def test_what_is_restored_goes_on_exactly_where_the_original_was(busy: Office, backup: Path, elsewhere: Office) -> None:
    """Every row, every document, the secret; and a pass over both does the same."""
    restored = elsewhere("db", "restore", backup)
    assert (restored.code, restored.err) == (ExitCode.DONE, "")
    assert content(elsewhere) == content(busy)
    assert documents(elsewhere) == documents(busy) == {PDF}
    assert (elsewhere.folder / "var/secret").read_bytes() == (busy.folder / "var/secret").read_bytes()
    mails = busy.rows("outbox", "list")
    for office in (busy, elsewhere):
        assert office("tick").code == ExitCode.DONE
        assert office.rows("outbox", "list") == mails
    assert elsewhere.rows("agenda") == busy.rows("agenda")
    assert elsewhere("links", "list").out == busy("links", "list").out
    assert elsewhere("db", "verify").out == "sound: the record and 1 document\n"


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_record_in_postgresql_is_saved_and_restored(
    open_office: Office, run: Run, tmp_path: Path, postgres_url: str, empty_postgres_url: str, into: str
) -> None:
    """Into either kind of database: the promises, the mails and the facts are those of the original."""
    config = open_office.folder / "config.toml"
    config.write_text(f'[database]\nurl = "{postgres_url}"\n', encoding="utf-8")
    open_office("receive", "here", "report", "branch", "--no-receipt")
    open_office("tick")
    file, folder = tmp_path / "backup.tar.gz", tmp_path / "elsewhere"
    made = open_office("db", "backup", file)
    assert (made.code, made.err) == (ExitCode.DONE, "")
    shutil.copytree(open_office.folder / "workflows", folder / "workflows")
    url = empty_postgres_url if into == "postgresql" else "sqlite:///var/hanchot.db"
    (folder / "config.toml").write_text(f'[database]\nurl = "{url}"\n', encoding="utf-8")
    elsewhere = Office(folder, open_office.plan, run)
    restored = elsewhere("db", "restore", file)
    assert (restored.code, restored.err) == (ExitCode.DONE, "")
    for listing in (("outbox", "list"), ("agenda",), ("status",)):
        assert elsewhere.rows(*listing) == open_office.rows(*listing)
    assert elsewhere("tick").code == ExitCode.DONE
    assert elsewhere.rows("outbox", "list") == open_office.rows("outbox", "list")


def test_a_backup_is_for_its_owner_and_names_nobody(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    with tarfile.open(backup) as archive:
        assert {(member.uid, member.uname) for member in archive} == {(0, "")}
        assert [member.name for member in archive][0::3] == ["record.db", "manifest.json"]


def test_a_backup_says_what_it_is(busy: Office, backup: Path) -> None:
    assert busy("db", "verify", backup).out.startswith("sound: made by version ")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_one_that_was_cut_short_is_refused(busy: Office, backup: Path, elsewhere: Office, share: float) -> None:
    cut = backup.with_name("cut.tar.gz")
    cut.write_bytes(backup.read_bytes()[: int(backup.stat().st_size * share)])
    for office, command in ((busy, "verify"), (elsewhere, "restore")):
        result = office("db", command, cut)
        assert (result.code, "is no backup that can be used" in result.err) == (ExitCode.FAILED, True)
    assert not (elsewhere.folder / "var" / "hanchot.db").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"manifest.json": None}, "its end is missing"),
        ({"secret": b"x" * 64}, "it does not hold what it says"),
        ({"documents/ab/" + "0" * 62: b"x"}, "it does not hold what it says"),
        ({"../../etc/passwd": b"x"}, "'../../etc/passwd' does not belong in it"),
        ({"manifest.json": json.dumps({"format": 2}).encode()}, "made by a newer version"),
        ({"manifest.json": b"[]"}, "damaged or cut short"),
    ],
)
def test_one_that_was_changed_is_refused(
    backup: Path, elsewhere: Office, change: Mapping[str, bytes | None], words: str
) -> None:
    """Nothing is written, and no name in it becomes a path."""
    result = elsewhere("db", "restore", rewrite(backup, change))
    assert (result.code, words in result.err) == (ExitCode.FAILED, True), result.err
    assert not (elsewhere.folder / "var" / "secret").exists()


@pytest.mark.parametrize("damage", [Path.unlink, partial(Path.write_bytes, data=b"rotten")], ids=["gone", "rotten"])
def test_what_is_left_after_a_damage_is_saved_and_restored_and_the_rest_named(
    busy: Office, elsewhere: Office, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    [document] = [file for file in (busy.folder / "var/documents").rglob("*") if file.is_file()]
    damage(document)
    (document.parent / ".nfs0001").write_bytes(b"of the file system")
    live = busy("db", "verify")
    assert (live.code, "1 file that the record refers to is missing or damaged" in live.err) == (ExitCode.FAILED, True)
    for office, command in ((busy, "backup"), (busy, "verify"), (elsewhere, "restore")):
        result = office("db", command, tmp_path / "b")
        warning = f"warning: 1 document that the record refers to was missing or damaged, and is not in it: {DIGEST}"
        assert (result.code, result.err.strip()) == (ExitCode.DONE, warning)
    assert content(elsewhere) == content(busy)


def test_a_document_that_it_does_not_say_to_lack_is_noticed(backup: Path, elsewhere: Office) -> None:
    changed = rewrite(backup, {f"documents/{DIGEST[:2]}/{DIGEST[2:]}": None})
    assert "it does not hold what it says" in elsewhere("db", "verify", changed).err


@pytest.mark.parametrize("data", [b"", b"x" * 1000, gzip.compress(b"x" * 1000)], ids=["empty", "text", "gzip"])
def test_another_file_is_no_backup(busy: Office, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "other").write_bytes(data)
    assert "is no backup that can be used" in busy("db", "verify", tmp_path / "other").err


def test_a_record_that_is_there_is_never_overwritten(busy: Office, backup: Path) -> None:
    before = content(busy)
    result = busy("db", "restore", backup)
    assert (result.code, "holds a record already" in result.err) == (ExitCode.FAILED, True)
    assert "move this one away" in result.err
    assert content(busy) == before


def test_nor_is_another_secret(backup: Path, elsewhere: Office) -> None:
    (elsewhere.folder / "var").mkdir()
    (elsewhere.folder / "var/secret").write_text("y" * 64)
    result = elsewhere("db", "restore", backup)
    assert (result.code, "another secret lies in" in result.err) == (ExitCode.FAILED, True)
    assert not (elsewhere.folder / "var/hanchot.db").exists()


def test_a_backup_of_an_older_version_is_upgraded(backup: Path, elsewhere: Office, tmp_path: Path) -> None:
    """And one of a newer version is refused."""
    with tarfile.open(backup) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        said = json.loads(manifest.read())
    for version, code in (("0013", ExitCode.DONE), ("9999", ExitCode.FAILED)):
        data = make_record(tmp_path / f"{version}.db", version)
        said["record"] = sha256(data).hexdigest()
        changed = rewrite(backup, {"record.db": data, "manifest.json": None})
        changed = rewrite(changed.rename(changed.with_name("b2.tar.gz")), {"manifest.json": json.dumps(said).encode()})
        assert elsewhere("db", "verify", changed).code == code
        if code == ExitCode.DONE:
            assert elsewhere("db", "restore", changed).code == code
            assert elsewhere("status").code == code


OLD_PLAN = "INSERT INTO plan (plan, first_loaded_at, digest, loaded_at, terms) VALUES ('old', 0, '', 0, '{}')"


def make_record(file: Path, version: str) -> bytes:
    """Return the bytes of a record as a program of some version made it, with a plan in it."""
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrate(connection, to=version if version < "9" else HEAD)
        connection.execute(sa.text(OLD_PLAN))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    engine.dispose()
    return file.read_bytes()


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_behind_and_is_not_blamed_on_the_backup(
    busy: Office, backup: Path, elsewhere: Office
) -> None:
    before = sorted(backup.parent.iterdir())
    with room_for(4096):
        made = busy("db", "backup", backup.with_name("other.tar.gz"))
        restored = elsewhere("db", "restore", backup)
    assert (made.code, "the disk failed under the database" in made.err) == (ExitCode.FAILED, True)
    assert (restored.code, "the backup is not at fault" in restored.err) == (ExitCode.FAILED, True)
    assert sorted(backup.parent.iterdir()) == before
    assert not (elsewhere.folder / "var" / "hanchot.db").exists()
    assert elsewhere("db", "restore", backup).code == ExitCode.DONE


def test_an_existing_file_is_not_overwritten(busy: Office, backup: Path) -> None:
    before = backup.read_bytes()
    assert "exists; nothing was written" in busy("db", "backup", backup).err
    assert backup.read_bytes() == before
    assert "there is no folder" in busy("db", "backup", backup.parent / "no" / "such").err
    assert [file.name for file in backup.parent.iterdir() if file.name.startswith(".")] == []


def test_a_secret_that_is_gone_is_never_made_anew_by_itself(busy: Office) -> None:
    """Every link in a mail and every calendar would stop working, and nobody would know."""
    secret = busy.folder / "var" / "secret"
    kept, address = secret.read_bytes(), busy("links", "list", "branch").out
    secret.unlink()
    for command in (
        ("doctor",),
        ("db", "verify"),
        ("links", "list", "branch"),
        ("tick",),
        ("db", "backup", "b.tar.gz"),
    ):
        answer = busy(*command)
        assert answer.code == ExitCode.FAILED, command
        assert "var/secret is missing: with another secret the links in all mails" in answer.out + answer.err, command
        assert not secret.exists()
    secret.write_bytes(kept)
    assert busy("links", "list", "branch").out == address
    secret.write_bytes(b"0" * 64)  # on purpose
    assert busy("links", "list", "branch").out not in ("", address)
