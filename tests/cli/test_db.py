"""A record that is moved to another database: db copy, and what is said to who forgets it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.errors import ExitCode
from scheduler.ports import Process
from scheduler.store import open_store
from tests.cli.conftest import Office, environment

OLD = "sqlite:///var/hanchot.db"


def switch(office: Office, url: str = "sqlite:///var/new/record.db") -> None:
    """Name another database in the configuration."""
    (office.folder / "config.toml").write_text(f'[database]\nurl = "{url}"\n', encoding="utf-8")


@pytest.fixture(params=["another file", "another file beside", "another folder"])
def switched(request: pytest.FixtureRequest, open_office: Office) -> Office:
    """Return an office that has mailed, and whose configuration now names a database that is not there."""
    assert open_office("receive", "here", "report", "branch").code == ExitCode.DONE
    assert open_office("tick").code == ExitCode.DONE
    places = {"another file": "var/new/record.db", "another file beside": "var/a.db", "another folder": "record.db"}
    switch(open_office, f"sqlite:///{places[request.param]}")
    return open_office


@pytest.mark.parametrize(
    "command",
    [
        ("tick",),
        ("run",),
        ("status",),
        ("agenda",),
        ("plans",),
        ("outbox", "list"),
        ("why", "m1"),
        ("receive", "here", "report", "branch"),
        ("sign-in", "a@lead.vn"),
    ],
    ids=" ".join,
)
def test_an_empty_record_beside_another_one_is_not_begun_without_a_word(switched: Office, command: list[str]) -> None:
    """Both are named, what would follow, and the ways out. No database is made."""
    before = sorted(switched.folder.rglob("*.db"))
    result = switched(*command)
    assert (result.code, result.out) == (ExitCode.WRONG_INPUT, "")
    old = switched.folder / "var" / "hanchot.db"
    for words in (f"there is another one: {old}", "reminded once more", f"`hanchot db copy sqlite:///{old}`", "move"):
        assert words in result.err
    assert sorted(switched.folder.rglob("*.db")) == before


def test_doctor_and_check_tell_it(switched: Office) -> None:
    """One fails, the other warns: the plan itself is sound."""
    result = switched("doctor", "--format", "json")
    found = {row["check"]: row for row in result.rows}
    assert result.code == ExitCode.FAILED
    assert (found["database"]["state"], "there is another one" in found["database"]["message"]) == ("error", True)
    checked = switched("check")
    assert (checked.code, "there is another one" in checked.out) == (ExitCode.DONE, True)


def test_who_moves_the_old_record_away_begins_an_empty_one(switched: Office) -> None:
    """That cannot happen by mistake."""
    (switched.folder / "var" / "hanchot.db").rename(switched.folder / "hanchot-2023.db")
    assert switched("tick").code == ExitCode.DONE


@pytest.mark.parametrize("place", ["var/replay/hanchot.db", "elsewhere/hanchot.db", "var/hanchot.db.old"])
def test_only_the_databases_of_the_data_folder_are_looked_at(open_office: Office, place: str) -> None:
    """A replay, another installation and a copy with another ending are no reason to stop."""
    file = open_office.folder / place
    with environment(HANCHOT_DATABASE__URL=f"sqlite:///{file}"):
        assert open_office("tick").code == ExitCode.DONE
    assert open_office("tick").code == ExitCode.DONE


def test_a_copied_record_goes_on_where_the_old_one_was(switched: Office) -> None:
    """The same facts, the same mails; nothing leaves again, and the old file is no reason to stop any more."""
    switched_to = (switched.folder / "config.toml").read_text(encoding="utf-8")
    switch(switched, OLD)
    listings = [("status",), ("outbox", "list"), ("why", "m1"), ("plans",)]
    before = [switched.rows(*words) for words in listings]
    assert before[1]
    (switched.folder / "config.toml").write_text(switched_to, encoding="utf-8")
    assert switched("db", "copy", OLD).code == ExitCode.DONE
    assert [switched.rows(*words) for words in listings] == before
    assert switched("tick").code == ExitCode.DONE
    assert switched.rows("outbox", "list") == before[1]


def test_a_copy_says_how_many_rows_it_holds(switched: Office) -> None:
    """By table, for people and for scripts."""
    result = switched("db", "copy", OLD, "--format", "json")
    counts = {row["table"]: row["rows"] for row in result.rows}
    assert (result.code, counts["plan"], counts["fact"], counts["heartbeat"]) == (ExitCode.DONE, 1, 1, 0)
    again = switched("db", "copy", OLD)
    assert (again.code, again.out, "holds a record already, of " in again.err) == (ExitCode.FAILED, "", True)


def test_a_copy_is_printed_as_a_table(switched: Office) -> None:
    """One line for each table."""
    lines = [line.split() for line in switched("db", "copy", OLD).out.splitlines()]
    assert lines[0] == ["table", "rows"]
    assert ["fact", "1"] in lines


def test_a_record_under_a_running_daemon_is_not_copied(switched: Office) -> None:
    """What it would record afterwards would be lost."""
    with closing(open_store(f"sqlite:///{switched.folder}/var/hanchot.db")) as store, store.transaction() as unit:
        unit.heartbeats.record(Process(name="host:7:ab", role="daemon"), SystemClock().now())
    result = switched("db", "copy", OLD)
    assert (result.code, "a daemon is at work on the record" in result.err) == (ExitCode.FAILED, True)
    assert "stop it" in result.err


@pytest.mark.parametrize("source", ["sqlite:///var/nothing.db", "mysql://x/y", "var/hanchot.db"])
def test_what_cannot_be_copied_from_is_refused_with_the_way_out(switched: Office, source: str) -> None:
    """A slip of the hand makes no database."""
    before: list[Path] = sorted(switched.folder.rglob("*.db"))
    result = switched("db", "copy", source)
    assert (result.code in {ExitCode.FAILED, ExitCode.WRONG_INPUT}, "sqlite:///var/hanchot.db" in result.err) == (
        True,
        True,
    )
    assert sorted(switched.folder.rglob("*.db")) == before
