"""A period played through without waiting: the same ticks, by a clock that steps from instant to instant."""

from __future__ import annotations

from datetime import datetime

from scheduler.clock import SteppingClock
from scheduler.engine.arrivals import Arrivals
from scheduler.engine.tick import Ticker
from scheduler.plan.scenario import Scenario
from scheduler.ports import Mail, Outcome


class SinkMailer:
    """A mailer that says yes and sends nothing."""

    account = "nobody"

    def send(self, mail: Mail) -> Outcome:
        """Do nothing, well."""
        return Outcome(state="sent")

    def close(self) -> None:
        """Do nothing."""


def play(ticker: Ticker, clock: SteppingClock, arrivals: Arrivals, scenario: Scenario, *, until: datetime) -> None:
    """Play from the clock's instant up to, not including, `until`; facts known at an instant come before its tick."""
    ticker.load()
    due: datetime | None = clock.now()
    while True:
        instant = min((at for at in (due, arrivals.next_at) if at is not None), default=None)
        if instant is None or instant >= until:
            return
        clock.instant = instant
        arrivals.collect(instant)
        outage = scenario.outage_at(instant)
        # A status check is made by the next tick: in a simulation it sees nothing that is not in the record.
        due = outage[1] if outage is not None else ticker.tick().wake_at
