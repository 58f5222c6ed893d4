"""Simulate a period of a plan in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from functools import partial
from pathlib import Path

from scheduler.bootstrap.container import Container, quiet
from scheduler.clock import SteppingClock
from scheduler.definitions.scenario_files import read_scenario
from scheduler.engine.assembly import Adapters
from scheduler.engine.record_checkers import ManualChecker
from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.plan.commands import Scenario
from scheduler.plan.dates.due_dates import ONE_DAY, to_instant
from scheduler.ports import Definition, Loaded
from scheduler.ports.events import Reporter
from scheduler.queries.deliveries import list_deliveries
from scheduler.queries.rows import Row
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute
from scheduler.simulation.player import SinkMailer, play
from scheduler.store import open_store


class _OneDefinition:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition

    def load(self) -> Loaded:
        """Return the one definition."""
        return Loaded(definitions=(self._definition,), problems=())


def simulate(
    container: Container,
    definition: Definition,
    *,
    first: date,
    last: date,
    scenario: Path | None,
    report: Reporter = quiet,
) -> list[Row]:
    """Simulate a plan in memory from the first to the last of these local days; return its delivery rows."""
    plan = definition.plan
    start, until = to_instant(first, time(), plan.zone), to_instant(last + ONE_DAY, time(), plan.zone)
    clock = SteppingClock(start)
    container = replace(container, clock=clock, report=report)
    played = read_scenario(scenario, plan) if scenario is not None else Scenario()
    composer = container.composer_with(b"simulation")
    store = open_store("sqlite://")
    try:
        services = ServiceContext(store=store, composer=composer)
        arrivals = Arrivals(
            Arrival(command.at, partial(execute, services, definition, [command])) for command in played.commands
        )
        adapters = Adapters(
            clock=clock,
            definitions=_OneDefinition(definition),
            mailer=SinkMailer(),
            checkers=[ManualChecker()],  # what lies in real folders and mailboxes is not simulated
        )
        ticker = container.ticker(services, adapters)
        play(ticker, clock, arrivals, played, until=until)
        with store.reading() as view:
            return list_deliveries(view, plan, start, until)
    finally:
        store.close()
