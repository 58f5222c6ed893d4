"""The shipped year on a served site, played by a real daemon up to a time of a day."""

from __future__ import annotations

from datetime import date, time
from functools import partial
from pathlib import Path

from scheduler.bootstrap import find_settings
from scheduler.bootstrap.container import Container
from scheduler.clock import SystemClock
from scheduler.definitions.scenario_files import read_scenario
from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.plan.dates.due_dates import to_instant
from scheduler.ports import Definition
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute
from scheduler.simulation.player import SinkMailer, play
from tests.support.daemon_fixture import DaemonFixture
from tests.support.fakes import FakeDefinitions
from tests.support.served_site import ServedSite

ROOT = Path(__file__).parents[2]
PLAN = "bac-trung-bo-2023"
FIRST = date(2023, 2, 20)


def shipped() -> Definition:
    """Return the plan of 2023 as it ships."""
    return Container(settings=find_settings(ROOT / "config.toml"), clock=SystemClock()).find_plan(PLAN)


def live(served: ServedSite, until: date, *, at: time = time(9)) -> Definition:
    """Play the shipped year, with its shipped scenario, up to a time of a day."""
    definition = shipped()
    plan, store = definition.plan, served.running.store
    served.clock.instant = to_instant(FIRST, time(), plan.zone)
    scenario = read_scenario(ROOT / "workflows" / "bac-trung-bo" / "2023.scenario.toml", plan)
    services = ServiceContext(store=store, composer=served.running.composer)
    arrivals = Arrivals(
        Arrival(command.at, partial(execute, services, definition, [command])) for command in scenario.commands
    )
    site = DaemonFixture(store, plan)
    ticker = site.new_ticker(
        clock=served.clock, definitions=FakeDefinitions([plan]), mailer=SinkMailer(), sources=[arrivals]
    )
    play(ticker, served.clock, arrivals, scenario, until=to_instant(until, at, plan.zone))
    served.clock.instant = to_instant(until, at, plan.zone)
    served.definitions = [definition]
    return definition
