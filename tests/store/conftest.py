"""The databases that the contract runs over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.store import SqlStore, open_store

pytest.register_assert_rewrite("tests.contracts")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the address of a database file that is not there yet."""
    return f"sqlite:///{tmp_path}/hanchot.db"


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, url: str) -> Iterator[SqlStore]:
    """Open an empty store; PostgreSQL becomes a third parameter."""
    opened = open_store(url if request.param == "file" else "sqlite://")
    yield opened
    opened.close()
