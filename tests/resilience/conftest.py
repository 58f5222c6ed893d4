"""A server of the tests' own, and the record in both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgresql import postgres, postgres_url
from tests.support.scripted_smtp import ScriptedServer

__all__ = ["postgres", "postgres_url"]


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """Return the address of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path}/hanchot.db"


@pytest.fixture(params=["file_url", "postgres_url"], ids=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the address of a database that several processes can open."""
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Return a mail server that takes everything."""
    with ScriptedServer() as it:
        yield it
