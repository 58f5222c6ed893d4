"""A record for each test, and houses on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import House


@pytest.fixture
def store() -> Iterator[SqlStore]:
    """Open an empty record in memory."""
    opened = open_store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def open_file(tmp_path: Path) -> Iterator[Callable[[], SqlStore]]:
    """Return what opens the same record on disk, as each process does for itself."""
    opened: list[SqlStore] = []

    def open_again() -> SqlStore:
        opened.append(open_store(f"sqlite:///{tmp_path}/hanchot.db"))
        return opened[-1]

    yield open_again
    for one in opened:
        one.close()


@pytest.fixture
def house(store: SqlStore) -> House:
    """Return a house with the plan of one deadline, not loaded yet."""
    return House(store)
