"""What only a server can do to its users: be away, turn them down, cut them off, let one wait for another."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.errors import UserError
from scheduler.store import SqlStore, open_store, upgrade
from scheduler.store.dialects import postgresql as settings
from tests.contracts.store_accounts import take
from tests.contracts.store_samples import LEASE, NOW, PLAN, a_fact, outgoing, queue, send_off
from tests.support.postgresql import GUARDED, Cluster


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    with closing(open_store(postgres_url, busy_timeout=0.2)) as opened:
        yield opened


@pytest.fixture
def own_cluster(postgres: Cluster) -> Iterator[Cluster]:
    """Return the cluster to a test that stops it, and start it again for the others."""
    yield postgres
    postgres.restart()


@pytest.fixture
def guarded(postgres: Cluster) -> Iterator[Cluster]:
    """Return the cluster with a user who needs a password."""
    postgres.psql(f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'thật-bí-mật'")
    yield postgres
    postgres.psql(f"DROP ROLE {GUARDED}")


def nothing() -> None:
    pass


def append(
    store: SqlStore, *, meanwhile: Callable[[], None] = nothing, at_the_end: Callable[[], None] = nothing
) -> None:
    """Record a fact, with something else in the midst of its transaction or just before its end."""
    with store.transaction() as unit:
        unit.facts.append(a_fact())
        meanwhile()
        unit.facts.of(PLAN)
        at_the_end()


def count(store: SqlStore) -> int:
    with store.reading() as unit:
        return len(unit.facts.of(PLAN))


def refusal(url: str) -> str:
    """Return what is said to who opens the database; opening and upgrading say the same."""
    said = []
    for use in (open_store, upgrade):
        with pytest.raises(UserError) as caught:
            use(url)
        assert all(problem.hint for problem in caught.value.problems)
        said.append(str(caught.value))
    assert said[0] == said[1]
    return said[0]


def test_a_server_that_is_down_is_named(postgres: Cluster, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        port = taken.getsockname()[1]
        said = refusal(f"postgresql+psycopg://chi:secret@127.0.0.1:{port}/hanchot")
    assert f"the server of the database postgresql+psycopg://chi:***@127.0.0.1:{port}/hanchot cannot be reached" in said
    assert "cannot be reached" in refusal(f"postgresql+psycopg:///hanchot?host={tmp_path}")


def test_a_database_that_does_not_exist_is_named(postgres: Cluster) -> None:
    said = refusal(postgres.url("no-such-database"))
    assert "no such database" in said
    assert "no-such-database" in said


def test_a_user_who_does_not_exist_is_named(postgres: Cluster) -> None:
    assert "no-such-user" in refusal(postgres.url("postgres", user="no-such-user"))


@pytest.mark.parametrize("password", ["", ":wrong-secret"])
def test_a_wrong_password_is_named_and_not_shown(guarded: Cluster, password: str) -> None:
    said = refusal(guarded.url("postgres", user=f"{GUARDED}{password}"))
    assert "does not let hanchot in" in said
    assert "wrong-secret" not in said


def test_a_password_in_the_addresss_options_is_not_shown_either(guarded: Cluster) -> None:
    said = refusal(guarded.url("postgres", user=GUARDED) + "&password=wrong-secret")
    assert "does not let hanchot in" in said
    assert "wrong-secret" not in said


def test_a_user_who_may_not_make_tables_is_told_what_is_missing(guarded: Cluster, empty_postgres_url: str) -> None:
    name = str(sa.make_url(empty_postgres_url).database)
    guarded.psql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", name)
    said = refusal(guarded.url(name, user=f"{GUARDED}:thật-bí-mật"))
    assert "may not" in said
    assert "owner" in said


def test_a_server_with_no_connection_to_spare_says_so(guarded: Cluster) -> None:
    guarded.psql(f"ALTER ROLE {GUARDED} CONNECTION LIMIT 0")
    assert "no more connections" in refusal(guarded.url("postgres", user=f"{GUARDED}:thật-bí-mật"))


def test_an_encoding_that_cannot_hold_every_character_is_refused(postgres: Cluster) -> None:
    name = postgres.create("--encoding=LATIN1", "--locale=C", "--template=template0")
    said = refusal(postgres.url(name))
    postgres.drop(name)
    assert "LATIN1" in said
    assert "--encoding=UTF8" in said


def test_a_read_only_database_is_read_and_the_first_write_refused(postgres: Cluster, store: SqlStore) -> None:
    append(store)
    name = str(store.engine.url.database)
    postgres.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with closing(open_store(postgres.url(name))) as read_only:
        assert count(read_only) == 1
        with pytest.raises(UserError, match="read-only"):
            append(read_only)


def test_after_a_restart_of_the_server_the_next_transaction_works(own_cluster: Cluster, store: SqlStore) -> None:
    append(store)
    assert count(store) == 1
    own_cluster.stop()
    with pytest.raises(UserError, match="cannot be reached"):
        append(store)
    with pytest.raises(UserError, match="cannot be reached"):
        count(store)
    own_cluster.start()
    append(store)
    assert count(store) == 2


def test_when_a_standby_takes_over_the_next_transaction_works_there(own_cluster: Cluster) -> None:
    """The address names both servers; what was committed is there, and until one may be written to nothing is lost."""
    name = own_cluster.copy()
    with own_cluster.standby() as standby:
        second = standby.url(name).partition("?")[2]
        url = f"{own_cluster.url(name)}&{second}&target_session_attrs=read-write"
        with closing(open_store(url)) as store:
            append(store)
            own_cluster.stop()
            with pytest.raises(UserError, match="cannot be reached"):
                append(store)
            standby.psql("SELECT pg_promote()")
            append(store)
            assert count(store) == 2
    own_cluster.start()
    own_cluster.drop(name)


def test_a_connection_that_is_lost_in_a_transaction_loses_only_that(own_cluster: Cluster, store: SqlStore) -> None:
    append(store)
    with pytest.raises(UserError, match=r"connection to the database .* was lost"):
        append(store, meanwhile=own_cluster.restart)
    assert count(store) == 1
    append(store)
    assert count(store) == 2


def test_a_connection_that_is_lost_before_the_commit_leaves_nothing(own_cluster: Cluster, store: SqlStore) -> None:
    with pytest.raises(UserError, match="was lost"):
        append(store, at_the_end=own_cluster.restart)
    assert count(store) == 0


def test_a_session_that_is_ended_by_the_administrator_is_replaced(postgres: Cluster, store: SqlStore) -> None:
    append(store)
    name = store.engine.url.database
    postgres.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    append(store)
    assert count(store) == 2


def test_who_waits_for_a_writer_waits_only_so_long(store: SqlStore) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as unit:
            unit.facts.append(a_fact())
            with pytest.raises(UserError, match="locked by another writer"):
                pool.submit(append, store).result()
        pool.submit(append, store).result()
    assert count(store) == 2


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(store: SqlStore) -> None:
    with store.transaction() as unit:
        unit.facts.append(a_fact())
        assert count(store) == 0
    assert count(store) == 1


def test_a_reader_keeps_its_view_while_others_write(store: SqlStore) -> None:
    with store.reading() as view:
        assert list(view.facts.of(PLAN)) == []
        append(store)
        assert list(view.facts.of(PLAN)) == []
    assert count(store) == 1


def test_mail_leaves_while_another_writes_the_record(store: SqlStore) -> None:
    first, second = queue(store, outgoing(1), outgoing(2))
    with store.transaction() as unit:
        unit.facts.append(a_fact())
        assert take(store, 2, per_minute=5) == 2
        assert send_off(store, first)
        with store.transaction() as other:
            assert [row.id for row in other.outbox.claim(NOW + LEASE, by="b", lease=LEASE, limit=9)] == [second]


def test_who_takes_mails_passes_over_those_that_another_is_taking(store: SqlStore) -> None:
    first, second = queue(store, outgoing(1), outgoing(2))
    with store.transaction() as one, store.transaction() as other:
        assert [row.id for row in one.outbox.claim(NOW, by="a", lease=LEASE, limit=1)] == [first]
        assert [row.id for row in other.outbox.claim(NOW, by="b", lease=LEASE, limit=9)] == [second]


def test_a_writer_who_stands_still_is_cut_off_by_the_server(store: SqlStore) -> None:
    with store.engine.connect() as connection:
        found = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
    assert found == f"{settings.IDLE_IN_TRANSACTION / 60:.0f}min"


def test_a_frozen_writers_lock_is_free_when_the_server_has_cut_it_off(postgres: Cluster, store: SqlStore) -> None:
    name = store.engine.url.database

    def cut_off_and_go_on() -> None:  # as the timeout does
        postgres.psql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
        append(store)

    with pytest.raises(UserError, match="was lost"):
        append(store, meanwhile=cut_off_and_go_on)
    assert count(store) == 1


def test_more_readers_than_connections_are_refused_in_words(store: SqlStore) -> None:
    with ExitStack() as readers:
        for _ in range(15):
            readers.enter_context(store.reading())
        with pytest.raises(UserError, match="every connection"):
            readers.enter_context(store.reading())


def test_a_character_that_postgresql_cannot_hold_is_refused_in_words(store: SqlStore) -> None:
    with pytest.raises(UserError, match="NUL"), store.transaction() as unit:
        unit.facts.append(a_fact(by="a\0b"))
    append(store)


@pytest.mark.parametrize("option", ["connect_timeout=3", "application_name=another"])
def test_what_the_address_says_itself_holds(postgres_url: str, option: str) -> None:
    with closing(open_store(f"{postgres_url}&{option}")) as store, store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        name, value = option.split("=")
        assert driver.info.get_parameters()[name] == value


def test_an_option_that_does_not_exist_is_named(postgres_url: str) -> None:
    assert "nonsense" in refusal(f"{postgres_url}&nonsense=1")
