"""The daemon, and one pass of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

from scheduler.app.parts import App
from scheduler.clock import SystemClock
from scheduler.definitions.watching import DefinitionWatch
from scheduler.engine.events import Event, Word
from scheduler.engine.ticking import Ticker
from scheduler.errors import Problem
from scheduler.systemd import Notifier


def run_daemon(app: App, stopping: threading.Event, manager: Notifier | None = None) -> None:
    """Run the daemon until `stopping` is set; `manager` is told how it fares."""
    from scheduler.engine.embedded import EmbeddedEngine  # APScheduler: only who needs it loads it

    manager = manager or Notifier()
    with app.store() as store, closing(app.mailer()) as mailer:
        ticker = app.ticker(store, stopping=stopping, mailer=mailer, sent_folder=app.sent_folder())
        engine = EmbeddedEngine(
            ticker,
            system=SystemClock(),
            stopping=stopping,
            after_tick=lambda tick: manager.ready(),
            on_heartbeat=manager.beat,
        )
        watch = DefinitionWatch(
            app.definition_folders,
            changed=lambda: _take_changes(ticker, engine.wake),
            tell=lambda text: _tell(ticker, "trouble", text),
            stopping=stopping,
        )
        ticker.load()
        _tell(ticker, "started", "the daemon runs")
        with watch.running():
            engine.run()
        manager.stopping()
    _tell(ticker, "stopped", "nothing is lost")


def tick_once(app: App) -> tuple[Problem, ...]:
    """Do everything that is due now; return the problems of the definitions."""
    with app.store() as store, closing(app.mailer()) as mailer:
        ticker = app.ticker(store, mailer=mailer, sent_folder=app.sent_folder())
        problems = ticker.load()
        ticker.tick()
    return problems


def _take_changes(ticker: Ticker, wake: Callable[[], None]) -> None:
    """Take what has changed in the definition files; what is wrong in them is told by the load itself."""
    problems = ticker.load()
    if any(problem.severity == "error" for problem in problems):
        _tell(ticker, "refused", "what was loaded before goes on until this is put right")
    wake()


def _tell(ticker: Ticker, word: Word, text: str) -> None:
    ticker.report(Event(word=word, at=ticker.clock.now(), text=text))
