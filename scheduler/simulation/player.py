"""Plays a period without waiting: the same ticks as the daemon, with a clock that steps from instant to instant."""

from __future__ import annotations

from datetime import datetime

from scheduler.clock import SteppingClock
from scheduler.engine.sources.arrivals import Arrivals
from scheduler.engine.tick import Ticker
from scheduler.plan.commands import Scenario
from scheduler.ports import Mail, Outcome


class SinkMailer:
    """A mailer that reports every mail as sent and sends nothing."""

    account = "nobody"

    def send(self, mail: Mail) -> Outcome:
        """Return a successful outcome."""
        return Outcome(state="sent")

    def close(self) -> None:
        """Do nothing."""


def play(ticker: Ticker, clock: SteppingClock, arrivals: Arrivals, scenario: Scenario, *, until: datetime) -> None:
    """Play from the instant of the clock up to, but not including, `until`.

    Facts that arrive at an instant are recorded before the tick of that instant. There are no ticks during an outage
    of the scenario; the next one is at its end.
    """
    ticker.load()
    due: datetime | None = clock.now()
    while True:
        instant = min((at for at in (due, arrivals.next_at) if at is not None), default=None)
        if instant is None or instant >= until:
            return
        clock.instant = instant
        arrivals.collect(instant)
        outage = scenario.outage_at(instant)
        # `check_at` of the tick is ignored: the next tick runs the check, and in memory it sees only what is recorded.
        due = outage[1] if outage is not None else ticker.tick().wake_at
