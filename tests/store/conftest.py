"""The databases that the contract runs over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.store import SqlStore, open_store
from tests.support.postgresql import empty_postgres_url, postgres, postgres_url

__all__ = ["empty_postgres_url", "postgres", "postgres_url"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the address of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path}/hanchot.db"


@pytest.fixture(params=["url", "postgres_url"], ids=["file", "postgresql"])
def shared_url(request: pytest.FixtureRequest) -> str:
    """Return the address of a database that several processes can open."""
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture(params=["url", "empty_postgres_url"], ids=["file", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """Return the address of a database without tables."""
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture(params=["file", "memory", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """Open an empty store."""
    fixtures = {"file": "url", "postgresql": "postgres_url"}
    url = request.getfixturevalue(fixtures[request.param]) if request.param in fixtures else "sqlite://"
    opened = open_store(url)
    yield opened
    opened.close()
