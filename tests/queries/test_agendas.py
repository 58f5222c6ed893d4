"""Agendas that are kept follow the record, whatever state of it a reader sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scheduler.queries.agendas import AgendaCache, last_known_fact
from scheduler.queries.snapshot import SnapshotCache
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture
from tests.support.plan_builders import at


@pytest.mark.parametrize(
    ("older", "newer", "last"),
    [
        ("3/digest/5/0", "3/digest/7/0", 5),
        ("3/digest/7/0", "3/digest/5/0", None),
        ("3/digest/5/0", "3/digest/7/1", None),
        ("3/digest/5/0", "3/another/7/0", None),
        ("2/digest/5/0", "3/digest/7/0", None),
        ("", "3/digest/7/0", None),
    ],
)
def test_an_agenda_is_brought_up_to_date_only_if_nothing_but_facts_came(
    older: str, newer: str, last: int | None
) -> None:
    assert last_known_fact(older, newer) == last


def test_a_reader_that_began_earlier_than_another_spoils_no_snapshot(open_file: Callable[[], SqlStore]) -> None:
    """Pages are answered by several threads, each in a transaction of its own."""
    store = open_file()
    daemon = DaemonFixture(store)
    daemon.ticker.load()
    snapshots, plan = SnapshotCache(AgendaCache()), daemon.plan
    with store.reading() as view:
        snapshots.read(view, plan, at(3, 1))
    with open_file().reading() as early:
        assert early.facts.of(plan.id) == []
        first = daemon.record("received").fact
        with store.reading() as view:
            assert snapshots.read(view, plan, at(3, 1)).facts == [first]
        assert list(snapshots.read(early, plan, at(3, 1)).facts) == []
    second = daemon.record("received", "gamma").fact
    with store.reading() as view:
        assert list(snapshots.read(view, plan, at(3, 1)).facts) == [first, second]
