"""The versions of the database: what migrations make, what is refused, and what the indexes serve."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from scheduler.errors import UserError
from scheduler.plan.dates.date_forms import (
    Before,
    By,
    DateForm,
    DayCount,
    On,
    Recurring,
    Relative,
    Undated,
    Window,
    describe_form,
)
from scheduler.plan.facts import (
    DEFINITION,
    MAIL_SERVER,
    Accepted,
    Actor,
    Amended,
    Bounced,
    DateFixed,
    Declared,
    Extended,
    Received,
    Rerouted,
)
from scheduler.plan.reasons import quote
from scheduler.plan.scope import Scope
from scheduler.ports import UnitOfWork
from scheduler.store import open_store, schema, upgrade
from scheduler.store.migrations import configuration, migrate
from scheduler.store.tables import metadata
from tests.contracts.store_samples import LEASE, NOW, PLAN, a_fact

SCOPE = Scope({"m": frozenset({"p"})})


def connect(url: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")), isolation_level=None))


def tables_of(url: str) -> list[tuple[str, ...]]:
    with connect(url) as connection:
        return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


@contextmanager
def session(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def described(url: str) -> dict[str, Any]:
    """Return everything that a database says of its tables, columns in their order."""
    with session(url) as connection:
        inspector = sa.inspect(connection)
        return {
            name: {
                "columns": [{**column, "type": str(column["type"])} for column in inspector.get_columns(name)],
                "key": inspector.get_pk_constraint(name),
                "references": sorted(inspector.get_foreign_keys(name), key=itemgetter("name")),
                "unique": sorted(inspector.get_unique_constraints(name), key=itemgetter("name")),
                "checks": inspector.get_check_constraints(name),
                "indexes": sorted(map(index_described, inspector.get_indexes(name)), key=itemgetter("name")),
            }
            for name in inspector.get_table_names()
        }


def index_described(index: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}


def make_first_version(url: str) -> None:
    """Make a database as the first version of hanchot did, with a mail in it."""
    with session(url) as connection:
        migrate(connection, to="0001")
        connection.execute(sa.text(FIRST_MAIL), {"bytes": b"Subject: x"})


FIRST_MAIL = """\
INSERT INTO message (message_id, date, address, subject, bytes, kind, plan, party, state, reason, reply, attempts,
                     created_at, not_before)
VALUES ('<1@x.example>', 0, 'a@x.example', 'x', :bytes, 'reminder', 'cum-2023', 'p', 'queued', '', '', 1, 0, 0)"""


def test_migrations_make_what_a_new_database_gets(
    empty_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    make_first_version(empty_url)
    assert upgrade(empty_url)
    migrated = described(empty_url)
    fresh = (
        f"sqlite:///{tmp_path}/fresh.db" if empty_url.startswith("sqlite") else request.getfixturevalue("postgres_url")
    )
    open_store(fresh).close()
    assert migrated == described(fresh)
    assert {"message", "quota"} < set(migrated)


def test_alembic_finds_nothing_left_to_migrate(empty_url: str) -> None:
    with closing(open_store(empty_url)) as store, store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_database_of_the_first_version_is_refused_until_it_is_upgraded_and_keeps_its_mails(empty_url: str) -> None:
    make_first_version(empty_url)
    before = described(empty_url)
    with pytest.raises(UserError, match="hanchot db upgrade"):
        open_store(empty_url)
    assert described(empty_url) == before
    assert upgrade(empty_url)
    assert not upgrade(empty_url)
    with closing(open_store(empty_url)) as store, store.reading() as unit:
        [row] = unit.outbox.list()
    assert (row.mail.data, row.attempts, row.unclear) == (b"Subject: x", 1, False)


ABOUT: dict[str, Any] = {
    "plan": "cum-2023",
    "milestone": "m",
    "party": "p",
    "happened_at": datetime(1970, 1, 1, tzinfo=UTC),
    "recorded_at": datetime(1970, 1, 1, tzinfo=UTC),
}


def add_old_fact(
    connection: sa.Connection, kind: str, milestone: str | None, party: str | None, by: str, details: dict[str, Any]
) -> None:
    """Add a fact as the versions before 10 wrote it."""
    fact = """INSERT INTO fact (plan, kind, milestone, party, happened_at, recorded_at, "by", details)
              VALUES ('cum-2023', :kind, :milestone, :party, 0, 0, :by, :details)"""
    values = {"kind": kind, "milestone": milestone, "party": party, "by": by, "details": json.dumps(details)}
    connection.execute(sa.text(fact), values)


def test_a_record_under_former_names_reads_the_same_after_an_upgrade(empty_url: str) -> None:
    """Version 8 renames two columns, and a key in the details of facts."""
    fact = """INSERT INTO fact (plan, kind, milestone, party, happened_at, recorded_at, "by", details)
              VALUES ('cum-2023', 'declared', 'm', 'p', 0, 0, 'page', :details)"""
    with session(empty_url) as connection:
        migrate(connection, to="0007")
        for details in ('{"once": "abc", "note": "đã gửi"}', '{"note": "once"}'):
            connection.execute(sa.text(fact), {"details": details})
        connection.execute(
            sa.text("INSERT INTO account (name, stopped, reason, strikes) VALUES ('a', :no, 'full', 3)"), {"no": False}
        )
        mail = FIRST_MAIL.replace("bytes, kind", "slot, kind").replace(":bytes, 'reminder'", "'digest:1', 'reminder'")
        connection.execute(sa.text(mail))
    assert upgrade(empty_url)
    with closing(open_store(empty_url)) as store, store.reading() as unit:
        facts = [(fact.idempotency_key, fact.note) for fact in unit.facts.of("cum-2023")]
        assert facts == [("abc", "đã gửi"), ("", "once")]
        assert unit.accounts.state("a").consecutive_failures == 3
        assert unit.outbox.has_deduplication_key("digest:1")


OLD_FACTS: tuple[tuple[str, str | None, str | None, str, dict[str, Any]], ...] = (
    (
        "received",
        "m",
        "p",
        "page: Nam",
        {"channel": "paper", "sent_on": {"is": "day", "iso": "2023-03-17"}, "files": ["a.pdf"]},
    ),
    ("declared", "m", "p", "page", {"channel": "email"}),
    ("extended", "m", "p", "An", {"form": {"is": "by", "day": {"is": "day", "iso": "2023-03-27"}, "clock": None}}),
    (
        "date_fixed",
        "m",
        None,
        "",
        {
            "form": {
                "is": "on",
                "first": {"is": "day", "iso": "2023-06-08"},
                "last": {"is": "day", "iso": "2023-06-09"},
                "clock": {"is": "clock", "iso": "08:00:00"},
            },
            "place": "Vinh",
        },
    ),
    (
        "amended",
        "m",
        None,
        "definition",
        {
            "form": {
                "is": "relative",
                "to": "hop",
                "count": {"is": "step", "count": 6, "unit": "working days"},
                "direction": "before",
            },
            "was": "3 working days before hop",
        },
    ),
    ("rerouted", None, "p", "definition", {"was": "head@p.example, officer@p.example"}),
    ("accepted", "m", "p", "", {"reason": "complete", "note": "no. 7", "missing": ["plan", "list"]}),
    ("bounced", None, "p", "mail server", {"address": "x@p.example", "note": "550 unknown"}),
)
NEW_FACTS = (
    Received(**ABOUT, by=Actor("party", "Nam"), channel="paper", sent_on=date(2023, 3, 17), files=("a.pdf",), id=1),
    Declared(**ABOUT, by=Actor("party"), channel="email", id=2),
    Extended(**ABOUT, by=Actor(name="An"), form=By(date(2023, 3, 27)), id=3),
    DateFixed(**ABOUT | {"party": None}, form=On(date(2023, 6, 8), date(2023, 6, 9), time(8)), place="Vinh", id=4),
    Amended(
        **ABOUT | {"party": None},
        by=DEFINITION,
        form=Relative("hop", DayCount(6, "working days"), "before"),
        was=Relative("hop", DayCount(3, "working days"), "before"),
        id=5,
    ),
    Rerouted(**ABOUT | {"milestone": None}, by=DEFINITION, was=("head@p.example", "officer@p.example"), id=6),
    Accepted(**ABOUT, note="no. 7; plan, list; complete", id=7),
    Bounced(**ABOUT | {"milestone": None}, by=MAIL_SERVER, address="x@p.example", note="550 unknown", id=8),
)


def test_facts_of_former_versions_read_as_what_they_said(empty_url: str) -> None:
    """Version 10 keeps dates as data, and who recorded a fact apart from the name."""
    with session(empty_url) as connection:
        migrate(connection, to="0009")
        for kind, milestone, party, by, details in OLD_FACTS:
            add_old_fact(connection, kind, milestone, party, by, details)
    assert upgrade(empty_url)
    with closing(open_store(empty_url)) as store, store.reading() as unit:
        assert tuple(unit.facts.of("cum-2023")) == NEW_FACTS


@pytest.mark.parametrize(
    ("sentence", "form"),
    [
        ("before 2023-08-10", Before(date(2023, 8, 10))),
        ("by 2023-08-10 17:00", By(date(2023, 8, 10), time(17))),
        ("on 2023-06-08", On(date(2023, 6, 8), date(2023, 6, 8))),
        ("on 2023-06-08 to 2023-06-09 08:30", On(date(2023, 6, 8), date(2023, 6, 9), time(8, 30))),
        (
            "between 2023-06-01 and 2023-06-10 (đầu tháng 6 (dự kiến))",
            Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6 (dự kiến)"),
        ),
        ("undated (Định kỳ\n01 năm)", Undated("Định kỳ\n01 năm")),
        (
            "before FREQ=MONTHLY;BYMONTHDAY=25 from 2023-01-01 until 2023-12-31",
            Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "before", date(2023, 1, 1), date(2023, 12, 31)),
        ),
        ("5 working days after tong-ket", Relative("tong-ket", DayCount(5, "working days"), "within")),
        ("1 day before hop", Relative("hop", DayCount(1, "days"), "before")),
        ("some time in June", Undated("some time in June")),
        ("by 2023-02-30", Undated("by 2023-02-30")),
        ("on 2023-06-08 25:00", Undated("on 2023-06-08 25:00")),
    ],
)
def test_the_date_before_an_edit_is_no_sentence_any_more(empty_url: str, sentence: str, form: DateForm) -> None:
    """What no version ever wrote is kept as the words of a duty without a date."""
    assert describe_form(form) == sentence or form == Undated(sentence)
    with session(empty_url) as connection:
        migrate(connection, to="0009")
        details = {"form": {"is": "undated", "words": "open"}, "was": sentence}
        add_old_fact(connection, "amended", "m", None, "definition", details)
    assert upgrade(empty_url)
    with closing(open_store(empty_url)) as store, store.reading() as unit:
        [fact] = unit.facts.of("cum-2023")
    assert isinstance(fact, Amended)
    assert (fact.form, fact.was) == (Undated("open"), form)


def test_an_upgrade_that_fails_half_way_leaves_a_database_as_it_was(empty_url: str) -> None:
    make_first_version(empty_url)
    with session(empty_url) as connection:
        connection.execute(sa.text("CREATE TABLE quota (account TEXT)"))  # in the way of the second migration
    before = described(empty_url)
    with pytest.raises(UserError, match="quota"):
        upgrade(empty_url)
    assert described(empty_url) == before


def test_what_is_newer_or_another_programs_is_refused_on_every_database(empty_url: str) -> None:
    with session(empty_url) as connection:
        connection.execute(sa.text("CREATE TABLE customers (id INTEGER)"))
    for use in (open_store, upgrade):
        with pytest.raises(UserError, match="not hanchot's"):
            use(empty_url)
    with session(empty_url) as connection:
        connection.execute(sa.text("DROP TABLE customers"))
    open_store(empty_url).close()
    with session(empty_url) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (open_store, upgrade):
        with pytest.raises(UserError, match=r"newer version of hanchot.*9999"):
            use(empty_url)


def test_the_known_versions_are_those_of_the_migrations() -> None:
    history = [script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()]
    assert tuple(reversed(history)) == schema.REVISIONS


def test_upgrading_what_is_up_to_date_changes_nothing(url: str) -> None:
    open_store(url).close()
    before = tables_of(url)
    assert not upgrade(url)
    assert tables_of(url) == before


def test_an_upgraded_database_can_be_used(empty_url: str) -> None:
    upgrade(empty_url)
    with closing(open_store(empty_url)) as store, store.transaction() as unit:
        unit.facts.append(a_fact())
        assert len(unit.facts.of(PLAN)) == 1


def test_an_older_database_is_refused_with_the_command_to_run(url: str) -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    with pytest.raises(UserError, match="hanchot db upgrade"):
        open_store(url)
    assert upgrade(url)
    open_store(url).close()


@pytest.mark.parametrize("use", [open_store, upgrade])
def test_a_newer_database_is_refused_and_left_alone(url: str, use: Callable[[str], object]) -> None:
    open_store(url).close()
    with connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = tables_of(url)
    with pytest.raises(UserError, match=r"newer version of hanchot.*9999") as caught:
        use(url)
    assert "update hanchot" in str(caught.value)
    assert tables_of(url) == before


def test_another_programs_database_is_not_upgraded(url: str) -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    with pytest.raises(UserError, match="not hanchot's"):
        upgrade(url)


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("CREATE TABLE checkup (plan TEXT)")  # in the way of the first migration's last table
    before = tables_of(url)
    with pytest.raises(UserError, match="checkup"):
        upgrade(url)
    assert tables_of(url) == before


@pytest.mark.parametrize(
    ("tables", "version", "state"),
    [
        (set(), None, "empty"),
        ({"customers"}, None, "foreign"),
        ({"alembic_version"}, None, "older"),
        ({"alembic_version", "plan"}, "0001", "older"),
        ({"alembic_version", "plan"}, "0002", "current"),
        ({"alembic_version", "plan"}, "0003", "newer"),
    ],
)
def test_a_database_is_known_by_its_tables_and_version(tables: set[str], version: str | None, state: str) -> None:
    assert schema.compare(tables, version, revisions=("0001", "0002")) == state


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda unit: unit.rungs.due(PLAN, NOW), "ix_rung_planned_plan_at"),
        (lambda unit: unit.rungs.next_at([PLAN, "q"], NOW), "ix_rung_planned_plan_at"),
        (lambda unit: unit.rungs.of(PLAN), "sqlite_autoindex_rung"),
        (lambda unit: unit.rungs.of_milestone(PLAN, "so-ket"), "sqlite_autoindex_rung"),
        (lambda unit: unit.rungs.following([1]), "sqlite_autoindex_rung_1 (plan=? AND milestone=? AND party=?)"),
        (lambda unit: unit.facts.of(PLAN), "ix_fact_plan"),
        (lambda unit: unit.facts.since(PLAN, 1), "ix_fact_plan_id (plan=? AND id>?)"),
        (lambda unit: unit.facts.general(PLAN), "ix_fact_general"),
        (
            lambda unit: unit.facts.within(PLAN, SCOPE),
            "ix_fact_plan_milestone_party (plan=? AND milestone=? AND party=?)",
        ),
        (lambda unit: unit.rungs.within(PLAN, SCOPE), "sqlite_autoindex_rung_1 (plan=? AND milestone=? AND party=?)"),
        (
            lambda unit: unit.journal.checks(PLAN, SCOPE),
            "sqlite_autoindex_checkup_1 (plan=? AND milestone=? AND party=?)",
        ),
        (lambda unit: unit.plans.inputs(PLAN), "COVERING INDEX ix_fact_plan_id"),
        (lambda unit: unit.outbox.claim(NOW, by="a", lease=LEASE, limit=9), "ix_message_queued (not_before<?)"),
        (lambda unit: unit.outbox.claim(NOW, by="a", lease=LEASE, limit=9), "ix_message_inflight (lease_until<?)"),
        (
            lambda unit: unit.outbox.claim(NOW, by="a", lease=LEASE, limit=9, urgent=True),
            "ix_message_urgent",
        ),
        (lambda unit: unit.outbox.next_at(), "ix_message_queued"),
        (lambda unit: unit.outbox.holders(), "ix_message_inflight"),
        (lambda unit: unit.outbox.interruptions(NOW), "ix_interruption_noticed_at"),
        (lambda unit: unit.outbox.end_leases(["a"], now=NOW), "ix_message_inflight"),
        (lambda unit: unit.outbox.cancel("7:", quote(""), now=NOW), "ix_message_queued"),
        (lambda unit: unit.outbox.of_rungs([1]), "sqlite_autoindex_delivery"),
        (lambda unit: unit.rungs.ahead(PLAN, NOW, NOW + LEASE), "ix_rung_planned_plan_at"),
        (lambda unit: unit.rungs.of_party(PLAN, "p", "m"), "sqlite_autoindex_rung"),
    ],
    ids=[
        "due",
        "next rung",
        "ledger",
        "milestone",
        "following",
        "facts",
        "newer facts",
        "general facts",
        "facts of an obligation",
        "rungs of an obligation",
        "checks of an obligation",
        "inputs",
        "claim",
        "lapsed claim",
        "urgent claim",
        "next mail",
        "holders",
        "interruptions",
        "leases of a process",
        "cancel",
        "carriers",
        "steps ahead",
        "obligation",
    ],
)
def test_the_frequent_questions_are_answered_from_an_index(
    url: str, ask: Callable[[UnitOfWork], object], index: str
) -> None:
    asked: list[str] = []
    with closing(open_store(url)) as store:
        sa.event.listen(store.engine, "checkout", lambda driver, *_: driver.set_trace_callback(asked.append))
        with store.transaction() as unit:
            ask(unit)
    statements = [text for text in asked if text.startswith(("SELECT", "UPDATE", "WITH"))]
    with connect(url) as connection:
        steps = [step[3] for text in statements for step in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert any(index in step for step in steps)
