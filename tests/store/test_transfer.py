"""A whole record in another database: how it is copied, and how one is noticed that was left behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.errors import UserError
from scheduler.ports import Process, UnitOfWork
from scheduler.store import copy_record, find_other_records, open_store
from scheduler.store.columns import Day, Instant
from scheduler.store.tables import metadata
from tests.contracts.store_samples import PLAN, a_fact
from tests.support.daemon_fixture import DaemonFixture, due_by, report, utc
from tests.support.daemon_fixture import plan as a_plan

NOW = utc("2023-03-15T12:00+07:00")
STALE = timedelta(seconds=45)


@pytest.fixture
def old_url(tmp_path: Path) -> str:
    """Return the address of a SQLite file that is not there yet, beside that of `url`."""
    return f"sqlite:///{tmp_path}/old.db"


@pytest.fixture(
    params=[
        ("old_url", "url"),
        ("old_url", "empty_postgres_url"),
        ("postgres_url", "url"),
        ("old_url", "postgres_url"),
    ],
    ids=["file to file", "file to postgresql", "postgresql to file", "file to postgresql with tables"],
)
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return the addresses of two databases: one to copy from, and one without rows."""
    source, target = request.param
    return request.getfixturevalue(source), request.getfixturevalue(target)


def load(url: str) -> None:
    """Put a plan and a fact into a record."""
    with closing(open_store(url)) as store, store.transaction() as unit:
        load_into(unit)


def load_into(unit: UnitOfWork) -> None:
    unit.plans.record_revision(plan=PLAN, digest="d", at=NOW, source="x", terms={})
    unit.facts.append(a_fact())


def copy(source: str, target: str) -> dict[str, int]:
    return dict(copy_record(source, target, now=NOW, stale=STALE))


def change(url: str, *statements: str) -> None:
    """Run statements on a database, whatever the store thinks of them."""
    with closing(open_store(url)) as store, store.engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def content_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of a record by table."""
    with closing(open_store(url)) as store, store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def fill(url: str, rows: int) -> None:
    """Put rows with values of every type into every table."""
    with closing(open_store(url)) as store, store.engine.begin() as connection:
        for table in metadata.sorted_tables:
            values = [{c.name: value_of(c, number) for c in table.columns} for number in range(1, rows + 1)]
            connection.execute(table.insert(), values)


def value_of(column: sa.Column[Any], number: int) -> Any:
    if column.nullable and number % 2:
        return None
    if isinstance(column.type, Instant):
        return datetime(2023, 1, 1, 0, 0, 0, number, tzinfo=UTC)
    if isinstance(column.type, Day):
        return datetime(2023, 1, 1, tzinfo=UTC).date() + timedelta(days=number)
    samples: dict[type, Any] = {
        str: f"Kế hoạch {number}",
        int: number,
        bool: bool(number % 2),
        bytes: bytes([0, 255, number % 256]),
        object: {"khóa": [number, None, "ừ"]},
    }
    return samples[column.type.python_type]


@pytest.mark.parametrize("rows", [1, 3, 450])
def test_every_row_of_every_table_is_copied_as_it_is(way: tuple[str, str], rows: int) -> None:
    """However many there are, with their ids, and with the values of every type."""
    source, target = way
    fill(source, rows)
    before = content_of(source)
    assert copy(source, target) == dict.fromkeys((table.name for table in metadata.sorted_tables), rows)
    assert content_of(target) == before == content_of(source)


def test_new_ids_follow_the_copied_ones(way: tuple[str, str]) -> None:
    source, target = way
    fill(source, 7)
    copy(source, target)
    with closing(open_store(target)) as store, store.transaction() as unit:
        assert unit.facts.append(a_fact()).id == 8
        unit.plans.record_revision(plan=PLAN, digest="d", at=NOW, source="x", terms={})
    assert content_of(target)["revision"][-1][0] == 8


def test_the_first_id_of_a_table_without_rows_is_the_first(way: tuple[str, str]) -> None:
    source, target = way
    with closing(open_store(source)) as store, store.transaction() as unit:
        unit.plans.record_revision(plan=PLAN, digest="d", at=NOW, source="x", terms={})
    copy(source, target)
    with closing(open_store(target)) as store, store.transaction() as unit:
        assert unit.facts.append(a_fact()).id == 1


@pytest.mark.parametrize("moved_at", ["2023-03-01T12:00+07:00", "2023-03-10T08:00+07:00", "2023-03-21T09:00+07:00"])
def test_a_daemon_goes_on_from_the_copy_as_from_the_original(way: tuple[str, str], moved_at: str) -> None:
    """Nobody is reminded twice, and nobody is forgotten."""
    source, target = way
    plans = [a_plan(report(), due_by(utc("2023-03-24T12:00+07:00").date(), id="other"))]
    with closing(open_store("sqlite://")) as store:
        stayed = DaemonFixture(store, *plans)
        stayed.live(utc("2023-03-31T12:00+07:00"))
        expected = sorted((at, mail.message_id) for at, mail in stayed.mailer.sent)
    with closing(open_store(source)) as store:
        first = DaemonFixture(store, *plans)
        first.live(utc(moved_at))
    copy(source, target)
    with closing(open_store(target)) as store:
        second = DaemonFixture(store, *plans, start=utc(moved_at))
        second.live(utc("2023-03-31T12:00+07:00"))
    sent = first.mailer.sent + second.mailer.sent
    assert sorted((at, mail.message_id) for at, mail in sent) == expected
    assert first.mailer.sent or moved_at.startswith("2023-03-01")


@pytest.mark.parametrize("held", ["a plan", "only a session", "the same record"])
def test_a_database_that_holds_something_is_not_copied_into(way: tuple[str, str], held: str) -> None:
    """How much is there is said, and it stays as it was."""
    source, target = way
    load(source)
    if held == "the same record":
        target = source
    elif held == "a plan":
        load(target)
    else:
        change(target, "INSERT INTO page (party, generation, revoked_at) VALUES ('p', 2, 0)")
    before = content_of(target)
    with pytest.raises(
        UserError, match="holds a record already, of " + ("1 row\n" if "only" in held else r"\d\d? rows\n")
    ):
        copy(source, target)
    assert content_of(target) == before


@pytest.mark.parametrize(("age", "is_alive"), [(0, True), (44, True), (46, False), (86_400, False)])
def test_a_record_that_a_daemon_works_on_is_not_copied(old_url: str, url: str, age: int, is_alive: bool) -> None:
    """One that was killed counts as gone as soon as it does for other daemons."""
    load(old_url)
    with closing(open_store(old_url)) as store, store.transaction() as unit:
        unit.heartbeats.record(Process(name="host:7:ab", role="daemon"), NOW - timedelta(seconds=age))
    if is_alive:
        with pytest.raises(UserError, match=r"a daemon is at work on the record .*host:7:ab"):
            copy(old_url, url)
        assert not Path(url.removeprefix("sqlite:///")).exists()
    else:
        assert copy(old_url, url)["fact"] == 1


def test_on_a_server_the_heartbeats_are_dated_by_its_clock(postgres_url: str, url: str) -> None:
    load(postgres_url)
    with closing(open_store(postgres_url)) as store, store.transaction() as unit:
        unit.heartbeats.record(Process(name="host:7:ab", role="daemon"), unit.heartbeats.clock() or NOW)
    with pytest.raises(UserError, match="a daemon is at work"):
        copy(postgres_url, url)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE alembic_version SET version_num = '0003'", "older version of hanchot"),
        ("DELETE FROM alembic_version", "older version of hanchot"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer version of hanchot"),
        ("DROP TABLE alembic_version", "tables that are not hanchot's"),
        ("DELETE FROM plan", "no plan was ever loaded"),
    ],
)
def test_what_is_no_record_of_this_version_is_not_copied(old_url: str, url: str, statement: str, words: str) -> None:
    load(old_url)
    change(old_url, statement)
    with pytest.raises(UserError, match=words) as caught:
        copy(old_url, url)
    assert all(problem.hint for problem in caught.value.problems)


def test_a_database_that_is_not_there_is_not_made(old_url: str, url: str) -> None:
    with pytest.raises(UserError, match="there is no database"):
        copy(old_url, url)
    assert not Path(old_url.removeprefix("sqlite:///")).exists()


def test_a_copy_that_fails_leaves_nothing(old_url: str, empty_postgres_url: str) -> None:
    """PostgreSQL keeps no text with a zero byte; SQLite does."""
    load(old_url)
    with closing(open_store(old_url)) as store, store.transaction() as unit:
        unit.facts.append(a_fact(by="a\0b"))
    with pytest.raises(UserError):
        copy(old_url, empty_postgres_url)
    assert not any(content_of(empty_postgres_url).values())


# ---- a record that was left behind


def others(url: str, folder: Path) -> list[str]:
    return [file.name for file in find_other_records(url, folder)]


def test_the_record_that_was_left_behind_is_found(shared_url: str, tmp_path: Path) -> None:
    load(f"sqlite:///{tmp_path}/old.db")
    assert others(shared_url, tmp_path) == ["old.db"]
    load(shared_url)
    assert others(shared_url, tmp_path) == []


def test_a_record_of_an_older_version_is_found_too(url: str, old_url: str, tmp_path: Path) -> None:
    load(old_url)
    change(old_url, "UPDATE alembic_version SET version_num = '0003'")
    assert others(url, tmp_path) == ["old.db"]


def test_looking_makes_and_changes_no_database(url: str, old_url: str, tmp_path: Path) -> None:
    load(old_url)
    before = (tmp_path / "old.db").read_bytes()
    assert others(url, tmp_path) == ["old.db"]
    assert [file.name for file in tmp_path.glob("*.db")] == ["old.db"]
    assert (tmp_path / "old.db").read_bytes() == before


@pytest.mark.parametrize("what", ["an empty record", "an empty file", "another program's", "no database", "a folder"])
def test_what_is_no_record_with_a_plan_is_passed_over(url: str, tmp_path: Path, what: str) -> None:
    file = tmp_path / "thing.db"
    if what == "an empty record":
        open_store(f"sqlite:///{file}").close()
    elif what == "a folder":
        file.mkdir()
    elif what == "another program's":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE plan (plan TEXT)")
    else:
        file.write_text("" if what == "an empty file" else "no database" * 1000, encoding="utf-8")
    before = None if file.is_dir() else file.read_bytes()
    assert others(url, tmp_path) == []
    assert before is None or file.read_bytes() == before
