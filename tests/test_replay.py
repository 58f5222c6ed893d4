"""A replay: a folder of its own, in which nothing leads to the real one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from scheduler.bootstrap.container import Container
from scheduler.bootstrap.replay import make_recorder, prepare_replay
from scheduler.clock import SystemClock
from scheduler.config import Settings, load_settings
from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.errors import RecordUnavailable
from scheduler.plan.commands import RecordReceived
from scheduler.services.context import ServiceContext
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, open_file, plan, store
from tests.support.fakes import FakeDefinitions, LockedStore, nothing
from tests.support.plan_builders import at

__all__ = ["open_file", "store"]


def settings(folder: Path, *server: str) -> Settings:
    file = folder / "config.toml"
    file.write_text("\n".join(["[server]", *server]), encoding="utf-8")
    return load_settings(file, {})


def pages(settings: Settings) -> str | None:
    """Return the address that mails lead to, if they lead anywhere."""
    found = Container(settings=settings, clock=SystemClock()).links
    return found.base if found else None


@pytest.mark.parametrize("public", ["", "https://thidua.example.vn"])
def test_the_mails_of_a_replay_lead_to_its_own_pages_on_this_machine(tmp_path: Path, public: str) -> None:
    """Whoever reads them sits at it; the real mails lead nowhere that only this machine can open (contract rule 20)."""
    real = settings(tmp_path, "port = 8123", f'public_url = "{public}"')
    replay = prepare_replay(real)
    assert pages(replay) == "http://127.0.0.1:8123"
    assert (
        pages(load_settings(replay.folder / "config.toml", {})) == "http://127.0.0.1:8123"
    )  # as other commands see it
    assert pages(real) == (public or None)


def test_where_the_port_is_any_the_mails_of_a_replay_lead_nowhere(tmp_path: Path) -> None:
    assert pages(prepare_replay(settings(tmp_path, "port = 0"))) is None


def test_a_fact_of_the_scenario_that_meets_a_record_that_is_away_is_recorded_later(store: SqlStore) -> None:
    locked = LockedStore(store, is_locked=True)
    definition = FakeDefinitions([plan()]).load().definitions[0]
    record = make_recorder(ServiceContext(store=locked, composer=COMPOSER), nothing)
    coming = Arrivals(
        [Arrival(at(3, 2), partial(record, definition, RecordReceived(at=at(3, 2), milestone="report", party="beta")))]
    )
    with pytest.raises(RecordUnavailable):
        coming.collect(at(3, 2))
    coming.collect(at(3, 2, 9))
    with store.reading() as view:
        assert [fact.party for fact in view.facts.of("plan")] == ["beta"]
