"""The composition root: the only module that knows every part. Wiring only, no rules."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path

from scheduler import resources
from scheduler.actions.listings import Row, list_deliveries
from scheduler.actions.recording import Desk, Recorded, record
from scheduler.actions.requests import Scenario
from scheduler.clock import ReplayClock, SteppingClock, SystemClock
from scheduler.config import Settings, load_settings, read_secret
from scheduler.definitions import DefinitionFiles
from scheduler.definitions.scenarios import read_scenario
from scheduler.definitions.starter import write_starter
from scheduler.engine.checking import ManualChecker
from scheduler.engine.events import Event, Report
from scheduler.engine.simulation import SinkMailer, play
from scheduler.engine.ticking import Arrivals, Tick, Ticker
from scheduler.errors import NothingMatched, UserError, WrongInput
from scheduler.mail.composing import TemplateComposer
from scheduler.mail.maildir import Maildir
from scheduler.mail.reading import read_text
from scheduler.plan.dates import ONE_DAY, to_instant
from scheduler.plan.model import Fact
from scheduler.ports import Clock, Composer, Definition, Definitions, Loaded, Mailer, Store
from scheduler.store import open_store

__all__ = [
    "App",
    "Replay",
    "find_settings",
    "pick",
    "run_daemon",
    "run_replay",
    "simulate",
    "write_starter",
]

REPLAY_MARK = ".hanchot-replay"  # a folder without it is never emptied
AFTERGLOW = timedelta(days=30)  # a replay goes on so long after its last step


def quiet(event: Event) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The parts for one configuration, made when they are asked for."""

    settings: Settings
    clock: Clock
    report: Report = quiet

    @property
    def definitions(self) -> DefinitionFiles:
        """Return the door to the definition files."""
        folders = [self.settings.resolve(folder) for folder in self.settings.paths.workflows]
        return DefinitionFiles(folders, calendars=[resources.shipped("workflows") / "calendars"])

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the record for the time of a block."""
        store = open_store(self.settings.database_url)
        try:
            yield store
        finally:
            store.close()

    def composer(self) -> Composer:
        """Return the writer of mails, with the secret that message ids follow from."""
        return self._composer(read_secret(self.settings.resolve(self.settings.web.secret_file)))

    def desk(self, store: Store) -> Desk:
        """Return what recording facts needs."""
        return Desk(store=store, composer=self.composer())

    def find_plan(self, name: str) -> Definition:
        """Return a sound plan by its id or its file.

        Raises `WrongInput` where it is wrong, `NothingMatched` where there is none.
        """
        if not name.endswith(".toml"):
            return pick(self.definitions.load(), name)
        loaded = self.definitions.load_file(Path(name))
        errors = [problem for problem in loaded.problems if problem.severity == "error"]
        if errors:
            raise WrongInput(errors)
        if not loaded.definitions:
            raise WrongInput(f"{name} is no plan", hint="a plan has a table [plan]")
        return loaded.definitions[0]

    def ticker(
        self,
        store: Store,
        *,
        stopping: threading.Event | None = None,
        arrivals: Arrivals | None = None,
        definitions: Definitions | None = None,
        composer: Composer | None = None,
        mailer: Mailer | None = None,
    ) -> Ticker:
        """Return the daemon's work on a store."""
        return Ticker(
            store=store,
            clock=self.clock,
            definitions=definitions or self.definitions,
            composer=composer or self.composer(),
            mailer=mailer or Maildir(self.settings.resolve(self.settings.mail.maildir)),
            checkers=[ManualChecker()],
            operators=self.settings.operators.emails,
            name=f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}",
            report=self.report,
            is_stopping=stopping.is_set if stopping is not None else lambda: False,
            arrivals=arrivals,
        )

    def read_text(self, data: bytes) -> str:
        """Return the words of a mail."""
        return read_text(data)

    def _composer(self, secret: bytes) -> Composer:
        mail = self.settings.mail
        own = [self.settings.resolve(folder) for folder in self.settings.paths.templates]
        return TemplateComposer(
            [*own, resources.shipped("templates")],
            sender=mail.sender,
            organisation=mail.organisation,
            reply_to=mail.reply_to or None,
            secret=secret,
        )


def find_settings(config: Path | None) -> Settings:
    """Return the settings of a named file, of ./config.toml, or the shipped ones."""
    if config is not None:
        return load_settings(config)
    here = Path("config.toml")
    if here.exists():
        return load_settings(here)
    shipped = load_settings(resources.shipped("config.toml"))
    workflows = [str(resources.shipped("workflows"))]
    paths = shipped.paths.model_copy(update={"workflows": workflows})
    return shipped.model_copy(update={"folder": Path(), "paths": paths})


def pick(loaded: Loaded, id: str) -> Definition:
    """Return the plan of that id; explain why it is missing if it is."""
    found = {definition.plan.id: definition for definition in loaded.definitions}
    if id in found:
        return found[id]
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    if errors and not found:
        raise WrongInput(errors)
    error = NothingMatched.named("plan", id, found)
    if errors:
        raise NothingMatched([*error.problems, *errors])
    raise error


# ---------------------------------------------------------------- the daemon


def run_daemon(app: App, stopping: threading.Event) -> None:
    """Run the daemon until `stopping` is set."""
    from scheduler.engine.embedded import EmbeddedEngine  # APScheduler: only who needs it loads it

    with app.store() as store:
        ticker = app.ticker(store, stopping=stopping)
        ticker.load()
        ticker.report(Event(word="started", at=app.clock.now(), text="the daemon runs"))
        EmbeddedEngine(ticker, system=SystemClock(), stopping=stopping).run()
        ticker.report(Event(word="stopped", at=app.clock.now(), text="nothing is lost"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A past to live through: from the first instant of a local day, so many seconds a second."""

    first: date
    speed: float
    scenario: Path | None = None


def run_replay(app: App, replay: Replay, stopping: threading.Event, say: Callable[[str], None]) -> None:
    """Run the real daemon by a replay clock, in a folder of its own, until `stopping` is set.

    The clock stands still thirty days after the last step; the daemon stays up.
    """
    from scheduler.engine.embedded import EmbeddedEngine  # as above

    definitions = app.definitions.load().definitions
    if not definitions:
        raise UserError("there is no sound plan to replay", hint="`hanchot check` says what is wrong")
    start = to_instant(replay.first, time(), definitions[0].plan.zone)
    clock = ReplayClock(start, replay.speed)
    facts = [fact for definition in definitions for fact in _facts_in(replay.scenario, definition)]
    app = replace(app, settings=prepare_replay(app.settings), clock=clock)
    with app.store() as store:
        ticker = app.ticker(
            store,
            stopping=stopping,
            arrivals=Arrivals(facts, _recorder(app.desk(store), definitions, lambda event: ticker.report(event))),
        )
        ticker.load()
        watch = _ReplayWatch(store, ticker, clock, lambda: say(_farewell(app, store)))
        EmbeddedEngine(ticker, system=SystemClock(), stopping=stopping, after_tick=watch.after_tick).run()


class _ReplayWatch:
    """Stops a replay's clock when the plan's year is over, and says so once."""

    def __init__(self, store: Store, ticker: Ticker, clock: ReplayClock, say: Callable[[], None]) -> None:
        self._store = store
        self._ticker = ticker
        self._clock = clock
        self._say = say

    def after_tick(self, tick: Tick) -> None:
        """Look whether anything is still to come."""
        if self._clock.is_stopped:
            return
        with self._store.reading() as view:
            last = max((row.at for plan in self._ticker.plans for row in view.rungs.of(plan.id)), default=tick.at)
        if tick.at >= last + AFTERGLOW:
            self._clock.stop()
            self._say()


def _farewell(app: App, store: Store) -> str:
    folder = app.settings.folder
    mails = app.settings.resolve(app.settings.mail.maildir)
    with store.reading() as view:
        sent = sum(1 for mail in view.outbox.list() if mail.state == "sent")
    look = f"  {sys.argv[0]} --config {folder / 'config.toml'}"
    return (
        f"\nThe replay is over: {sent} mails lie in {mails / 'new'} (open one with any mail program).\n"
        f"The record is {folder / 'hanchot.db'}. Look at it from another terminal:\n"
        f"{look} status\n{look} outbox list\n{look} why r1\n"
        "The daemon stays up; Ctrl-C ends it."
    )


def _facts_in(scenario: Path | None, definition: Definition) -> Sequence[Fact]:
    return read_scenario(scenario, definition.plan).facts if scenario is not None else ()


def prepare_replay(settings: Settings) -> Settings:
    """Return settings with a folder of their own, emptied, so that nothing real is touched.

    The folder gets a config.toml, so that other commands can look into the replay.
    """
    folder = (settings.resolve(settings.paths.data) / "replay").absolute()
    if folder.exists():
        if not (folder / REPLAY_MARK).exists():
            raise UserError(f"{folder} was not made by a replay; it is left alone", hint="move it away and try again")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / REPLAY_MARK).touch()
    file = folder / "config.toml"
    file.write_text(_replay_config(settings), encoding="utf-8")
    return load_settings(file)


def _replay_config(settings: Settings) -> str:
    def paths(folders: Sequence[str]) -> str:
        return json.dumps([str(settings.resolve(folder).absolute()) for folder in folders], ensure_ascii=False)

    mail = settings.mail
    return "\n".join(
        [
            "# made by `hanchot run --replay-from`; overwritten by the next replay",
            f"[paths]\nworkflows = {paths(settings.paths.workflows)}\ntemplates = {paths(settings.paths.templates)}",
            'data = "."\n[database]\nurl = "sqlite:///hanchot.db"\n[mail]\ntransport = "maildir"\nmaildir = "mail"',
            f"from = {json.dumps(mail.sender)}\norganisation = {json.dumps(mail.organisation, ensure_ascii=False)}",
            f'reply_to = {json.dumps(mail.reply_to)}\n[web]\nsecret_file = "secret"',
            f"[operators]\nemails = {json.dumps(settings.operators.emails)}\n",
        ]
    )


def _recorder(desk: Desk, definitions: Sequence[Definition], report: Report) -> Callable[[Fact], Recorded | None]:
    by_id = {definition.plan.id: definition for definition in definitions}

    def put_down(fact: Fact) -> Recorded | None:
        words = " ".join(part for part in (fact.kind, fact.channel or "", fact.reason) if part)
        try:
            recorded = record(desk, by_id[fact.plan], fact)
        except UserError as error:
            report(Event(word="trouble", at=fact.recorded_at, plan=fact.plan, text=f"{words}: {error}"))
            return None
        report(
            Event(
                word="recorded",
                at=fact.recorded_at,
                plan=fact.plan,
                milestone=fact.milestone or fact.group or "",
                party=fact.party or ", ".join(fact.parties),
                text=words + _fallen(len(recorded.changes.dropped)),
            )
        )
        return recorded

    return put_down


def _fallen(count: int) -> str:
    return f"; {count} step{'' if count == 1 else 's'} fell away" if count else ""


# ---------------------------------------------------------------- simulation


class _OneDefinition:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition

    def load(self) -> Loaded:
        """Return the one definition."""
        return Loaded(definitions=(self._definition,), problems=())


def simulate(
    app: App, definition: Definition, *, first: date, last: date, scenario: Path | None, report: Report = quiet
) -> list[Row]:
    """Return what a plan does from the first to the last of these local days, in memory."""
    plan = definition.plan
    start, until = to_instant(first, time(), plan.zone), to_instant(last + ONE_DAY, time(), plan.zone)
    clock = SteppingClock(start)
    app = replace(app, clock=clock, report=report)
    played = read_scenario(scenario, plan) if scenario is not None else Scenario()
    composer = app._composer(b"simulation")  # noqa: SLF001 - our own
    store = open_store("sqlite://")
    try:
        desk = Desk(store=store, composer=composer)
        arrivals = Arrivals(played.facts, lambda fact: record(desk, definition, fact))
        ticker = app.ticker(store, definitions=_OneDefinition(definition), composer=composer, mailer=SinkMailer())
        play(ticker, clock, arrivals, played, until=until)
        with store.reading() as view:
            return list_deliveries(view, plan, start, until)
    finally:
        store.close()
