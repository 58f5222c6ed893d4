"""A fleet that is struck in every way for a minute; `make ordeal` does it for longer."""

from __future__ import annotations

from pathlib import Path

from tests.resilience.ordeal import run_ordeal
from tests.support.postgresql import Cluster

SECONDS, MAILS = 60, 5_000


def test_nothing_is_lost_and_each_extra_copy_is_named(postgres: Cluster, tmp_path: Path) -> None:
    """Workers and a planner are killed, one worker is frozen past its lease, the database goes away in every way."""
    name = postgres.copy()
    ordeal = run_ordeal(postgres, name, tmp_path / "fleet", seconds=SECONDS, mails=MAILS, seed=1)
    assert min(ordeal.blows[blow] for blow in ("SIGSTOP", "worker killed", "planner killed", "connections cut")) > 0
    assert ordeal.blows["restart"] == 2
    assert (ordeal.lost, ordeal.altered, ordeal.unexplained) == (0, 0, []), str(ordeal)
