"""Opening a database: a new one, one that is there, and the refusals."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.errors import ExitCode, RecordReplaced, RecordUnavailable, UserError
from scheduler.store import SqlStore, open_store
from scheduler.store.dialects.sqlite import require_version
from tests.contracts.store_samples import NOW, PLAN, a_fact


def append(store: SqlStore) -> None:
    with store.transaction() as unit:
        unit.facts.append(a_fact())


def count(store: SqlStore) -> int:
    with store.reading() as unit:
        return len(unit.facts.of(PLAN))


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def open_in_process(url: str, start: Callable[[], int], answers: multiprocessing.SimpleQueue[str]) -> None:
    start()
    try:
        store = open_store(url)
        append(store)
        store.close()
    except Exception as error:
        answers.put(repr(error))
    else:
        answers.put("opened")


def refusal(url: str, **options: Any) -> str:
    """Return what is said to who opens the database and writes into it."""
    with pytest.raises(UserError) as caught:
        open_and_write(url, **options)
    assert caught.value.exit_code is ExitCode.FAILED
    assert all(problem.hint for problem in caught.value.problems)
    return str(caught.value)


def open_and_write(url: str, **options: Any) -> None:
    with closing(open_store(url, **options)) as store:
        append(store)


def test_a_new_database_gets_its_folder_and_its_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/deep/hanchot.db"
    with closing(open_store(url)) as store:
        append(store)
    with closing(open_store(url)) as store:
        assert count(store) == 1


def test_a_new_database_is_for_its_owner_only(tmp_path: Path) -> None:
    """With the folders that are made for it, and the files that SQLite puts beside it while it is open."""
    folder = tmp_path / "var" / "deep"
    with closing(open_store(f"sqlite:///{folder}/hanchot.db")) as store:
        append(store)
        made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert made == {"hanchot.db": 0o600, "hanchot.db-wal": 0o600, "hanchot.db-shm": 0o600}
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder.parent)] == [0o700, 0o700]


def test_a_database_and_a_folder_that_were_there_keep_their_modes(tmp_path: Path) -> None:
    """Whoever opened them to others, did so on purpose."""
    folder = tmp_path / "var"
    folder.mkdir()
    file = folder / "hanchot.db"
    file.touch()
    file.chmod(0o640)
    folder.chmod(0o750)
    open_store(f"sqlite:///{file}").close()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, folder)] == [0o640, 0o750]


def test_an_empty_file_is_an_empty_database(url: str) -> None:
    path_of(url).touch()
    with closing(open_store(url)) as store:
        append(store)
        assert count(store) == 1


def test_each_database_in_memory_is_its_own() -> None:
    with closing(open_store("sqlite://")) as one, closing(open_store("sqlite:///:memory:")) as other:
        append(one)
        assert (count(one), count(other)) == (1, 0)


@pytest.mark.parametrize("times", range(3))
def test_processes_that_open_an_empty_database_at_once_all_get_it(url: str, times: int) -> None:
    spawn = multiprocessing.get_context("spawn")
    together, answers = spawn.Barrier(4, timeout=60), spawn.SimpleQueue()
    processes = [spawn.Process(target=open_in_process, args=(url, together.wait, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    said = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    assert said == ["opened"] * 4
    with closing(open_store(url)) as store:
        assert count(store) == 4


def test_a_database_that_is_up_to_date_opens_without_alembic(url: str) -> None:
    open_store(url).close()
    code = f"import sys; from scheduler.store import open_store; open_store({url!r}).close(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "sqlalchemy" in modules
    assert "alembic" not in modules
    assert "sqlalchemy.dialects.postgresql" not in modules


def test_a_file_is_written_ahead_and_its_references_are_kept(url: str) -> None:
    with closing(open_store(url)) as store, store.engine.connect() as connection:
        settings = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in settings]
    assert found == ["wal", 1, 1, 10_000]


def test_a_store_in_memory_serves_one_unit_at_a_time_and_says_so() -> None:
    with closing(open_store("sqlite://")) as store, store.reading(), pytest.raises(RuntimeError, match="inside"):
        count(store)


def test_a_thread_does_not_wait_for_itself(url: str) -> None:
    with closing(open_store(url)) as store, store.transaction(), pytest.raises(RuntimeError, match="inside"):
        append(store)


@pytest.mark.parametrize("wrong", ["", "hanchot.db", "sqlite", "mysql://host/name", "sqlite://host/name"])
def test_an_address_that_is_none_is_refused_with_examples(wrong: str) -> None:
    with pytest.raises(UserError, match=r"sqlite:///var/hanchot\.db"):
        open_store(wrong)


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(UserError, match="pg8000"):
        open_store("postgresql+pg8000://user:secret@host/name")


def test_a_password_is_never_shown() -> None:
    with pytest.raises(UserError) as caught:
        open_store("postgresql+pg8000://user:secret@host/name")
    assert "secret" not in str(caught.value)


def test_a_sqlite_that_is_too_old_is_refused() -> None:
    with pytest.raises(UserError, match=r"SQLite 3\.34\.1; hanchot needs 3\.35"):
        require_version((3, 34, 1))


def test_a_file_that_is_no_database_is_refused_and_left_alone(url: str) -> None:
    content = "[plan]\nid = 'not a database'\n" * 100
    path_of(url).write_text(content)
    assert "is not a SQLite database" in refusal(url)
    assert str(path_of(url)) in refusal(url)
    assert path_of(url).read_text() == content


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "cannot be opened" in refusal(f"sqlite:///{tmp_path}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path}/file" in refusal(f"sqlite:///{tmp_path}/file/var/hanchot.db")


def test_another_programs_database_is_refused_and_left_alone(url: str) -> None:
    with closing(sqlite3.connect(path_of(url))) as other:
        other.execute("CREATE TABLE customers (id INTEGER)")
    assert "tables that are not hanchot's" in refusal(url)
    with closing(sqlite3.connect(path_of(url))) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("customers",)]


def test_a_locked_database_is_waited_for_and_then_named(url: str) -> None:
    with closing(open_store(url, busy_timeout=0.05)) as store, closing(sqlite3.connect(path_of(url))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="locked by another writer"):
            append(store)
        assert count(store) == 0
        other.rollback()
        append(store)
        assert count(store) == 1


def test_a_read_only_database_is_read_and_the_first_write_refused(url: str) -> None:
    open_and_write(url)
    read_only = f"sqlite:///file:{path_of(url)}?mode=ro&uri=true"
    with closing(open_store(read_only)) as store:
        assert count(store) == 1
    assert "read-only" in refusal(read_only)


def test_a_full_disk_is_named_and_leaves_what_was_there(url: str) -> None:
    open_and_write(url)
    with closing(open_store(url)) as store:
        sa.event.listen(store.engine, "connect", full)
        with pytest.raises(UserError, match="no room left"), store.transaction() as unit:
            unit.plans.record_revision(plan=PLAN, digest="d", at=NOW, source="x" * 1_000_000, terms={})
        assert count(store) == 1


def full(connection: sqlite3.Connection, _record: object) -> None:
    """Let the file grow no further, as a full disk would."""
    connection.execute("PRAGMA max_page_count=1")


def test_a_damaged_database_is_named(url: str) -> None:
    with closing(open_store(url)) as store, store.transaction() as unit:
        unit.plans.record_revision(plan=PLAN, digest="d", at=NOW, source="x" * 100_000, terms={})
    data = path_of(url).read_bytes()
    path_of(url).write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    assert "is damaged" in refusal(url)


def test_a_store_that_nobody_touched_is_the_one_that_was_opened(store: SqlStore) -> None:
    store.verify()
    append(store)
    store.verify()


@pytest.mark.parametrize("has_other", ["an empty record", "a copy", "a file that is none"])
def test_a_file_that_took_the_place_of_the_record_is_noticed_and_nothing_is_written_to_the_old_one(
    url: str, tmp_path: Path, has_other: str
) -> None:
    """A backup that was put back, for example: what would go to the old file, nobody would find again."""
    other, file = tmp_path / "other.db", path_of(url)
    with closing(open_store(url)) as store:
        append(store)
        if has_other == "an empty record":
            open_store(f"sqlite:///{other}").close()
        else:
            other.write_bytes(file.read_bytes() if has_other == "a copy" else b"what is this")
        other.rename(file)
        with pytest.raises(RecordReplaced, match="another file has taken the place"):
            store.verify()
        with pytest.raises(RecordReplaced):
            append(store)
        assert count(store) == 1


def test_a_record_whose_file_is_gone_is_waited_for(url: str) -> None:
    """Whoever would start again would begin an empty one, and remind everybody anew."""
    file = path_of(url)
    with closing(open_store(url)) as store:
        file.rename(file.with_suffix(".away"))
        for use in (store.verify, lambda: append(store)):
            with pytest.raises(RecordUnavailable, match="is gone") as caught:
                use()
            assert not isinstance(caught.value, RecordReplaced)
        file.with_suffix(".away").rename(file)
        store.verify()
        append(store)
        assert count(store) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alembic_version SET version_num = '9999'",
        "UPDATE alembic_version SET version_num = '0001'",
        "DELETE FROM alembic_version",
        "DROP TABLE alembic_version",
    ],
)
def test_a_record_that_was_upgraded_under_a_daemon_is_noticed(shared_url: str, change: str) -> None:
    """On a server, a database that was dropped and made anew looks the same."""
    with closing(open_store(shared_url)) as store:
        with store.engine.begin() as connection:
            connection.execute(sa.text(change))
        with pytest.raises(RecordReplaced, match="another version"):
            store.verify()
