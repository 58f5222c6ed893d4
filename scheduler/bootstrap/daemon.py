"""The daemon, and one pass of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass

from scheduler.bootstrap.container import App
from scheduler.clock import SystemClock
from scheduler.config import Settings
from scheduler.definitions.watcher import DefinitionWatch
from scheduler.engine.events import Event, Word
from scheduler.engine.tick import Ticker
from scheduler.errors import Problem, WrongInput
from scheduler.ports import Clock, Composer, Definition, Store
from scheduler.systemd import Notifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A daemon at work, as what serves it sees it.

    `clock` is the plan's time, which a replay makes up; `system` the machine's, for links and sessions.
    `account` is the mail account's name, `definitions` gives what is in force, `wake` asks for a tick
    now, `tell` puts a trouble into the log, `note` what was asked of the pages.
    """

    app: App
    store: Store
    clock: Clock
    system: Clock
    composer: Composer
    account: str
    definitions: Callable[[], list[Definition]]
    wake: Callable[[], None]
    tell: Callable[[str], None]
    note: Callable[[str], None]
    is_replay: bool = False

    @property
    def settings(self) -> Settings:
        """Return the configuration."""
        return self.app.settings


Serve = Callable[[Running], AbstractContextManager[str]]  # serves for the time of a block; gives the address


def run_daemon(app: App, stopping: threading.Event, serve: Serve, manager: Notifier | None = None) -> None:
    """Run the daemon until `stopping` is set, served by `serve`; `manager` is told how it fares."""
    from scheduler.engine.runners.apscheduler_runner import EmbeddedEngine  # APScheduler: only who needs it loads it

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
        running = Running(
            app=app,
            store=store,
            clock=app.clock,
            system=SystemClock(),
            composer=app.composer(),
            account=mailer.account,
            definitions=lambda: ticker.definitions,
            wake=engine.wake,
            tell=lambda text: _tell(ticker, "trouble", text),
            note=lambda text: ticker.pass_on(Event(word="asked", at=ticker.clock.now(), text=text)),
        )
        with serve(running) as address:
            problems = ticker.load()
            if not ticker.plans:  # nobody would be reminded of anything
                errors = [problem for problem in problems if problem.severity == "error"]
                raise WrongInput(errors or "there is no plan", hint="`hanchot init DIR` writes one to begin with")
            _tell(ticker, "started", f"the daemon runs; {address}")
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
