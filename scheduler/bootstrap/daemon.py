"""Run the daemon, or one tick of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta

from scheduler.bootstrap.container import Container
from scheduler.bootstrap.duties import EVERYTHING, Duties, refuse_other_secret, require_engine_for
from scheduler.clock import SystemClock
from scheduler.config import Settings, fingerprint
from scheduler.definitions.watcher import DefinitionWatch
from scheduler.engine.assembly import Adapters
from scheduler.engine.sources.answers import MailboxAdapters
from scheduler.engine.tick import Ticker
from scheduler.errors import InvalidInput, NoPassword, Problem, RecordUnavailable, UserError
from scheduler.mail.locked_mailer import LockedMailer
from scheduler.ports import Clock, Composer, Definition, Mailer, Runner, SentFolder, Store
from scheduler.ports.events import Event, EventName
from scheduler.queries.agendas import AgendaCache
from scheduler.services.clock_guard import JUMP_HINT, describe_jump
from scheduler.services.context import ServiceContext
from scheduler.systemd import Notifier
from scheduler.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDaemon:
    """A running daemon as seen by what serves its pages.

    `clock` gives the time of the plan, which a replay simulates; `system` is the machine's clock, for links and
    sessions. `account` is the name of the mail account. `definitions` returns the definitions in force, `failure` why
    the last tick could not be recorded, `jump` by how much the machine's clock is ahead if it cannot be believed.
    `wake` asks for a tick now, `agendas` are the agendas that all parts of the process share, `log_problem` logs a
    problem, `log_request` logs a request to the pages.
    """

    container: Container
    services: ServiceContext
    clock: Clock
    system: Clock
    account: str
    definitions: Callable[[], list[Definition]]
    wake: Callable[[], None]
    log_problem: Callable[[str], None]
    log_request: Callable[[str], None]
    failure: Callable[[], RecordUnavailable | None] = lambda: None
    jump: Callable[[], timedelta | None] = lambda: None
    agendas: AgendaCache = field(default_factory=AgendaCache)
    is_replay: bool = False

    @property
    def store(self) -> Store:
        """Return the record."""
        return self.services.store

    @property
    def composer(self) -> Composer:
        """Return the composer of mails."""
        return self.services.composer

    @property
    def settings(self) -> Settings:
        """Return the configuration."""
        return self.container.settings


Serve = Callable[[RunningDaemon], AbstractContextManager[str]]  # serves for a block and yields the address


def run_daemon(
    container: Container,
    stopping: threading.Event,
    serve: Serve,
    manager: Notifier | None = None,
    duties: Duties = EVERYTHING,
) -> None:
    """Run the daemon until `stopping` is set, and serve its pages by `serve`; `manager` is notified of its state.

    While the machine's clock cannot be believed it waits, also without a plan in force. Raises `InvalidInput` if this
    process is the one that plans and there is no valid plan, and `UserError` if it does not fit those at work already.
    """
    manager = manager or Notifier()
    require_engine_for(duties, container.settings.engine.kind)
    with container.store(threads=container.count_threads(duties)) as store, ExitStack() as opened:
        refuse_other_secret(store, fingerprint(container.secret))
        services, heartbeat = container.services(store), container.heartbeat(store, duties.role)
        mailer = opened.enter_context(closing(container.mailer()))
        adapters = container.shared_adapters(services, mailer, heartbeat, container.sent_folder())
        if container.reads_answers and duties.plans:
            adapters = replace(adapters, mailbox=_mailbox_adapters(container))
        work = container.daemon_work(services, adapters, duties, stopping=stopping, opened=opened)
        ticker = work.ticker
        runner = container.runner(
            ticker,
            stopping=stopping,
            distribution=work.distribution,
            after_tick=lambda tick: manager.ready(),
            on_heartbeat=manager.beat,
        )
        watch = DefinitionWatch(
            container.definition_folders if duties.plans else (),
            changed=lambda: _take_changes(ticker, runner.wake),
            log=lambda text: _log(ticker, "trouble", text),
        )
        running = describe_running(container, services, mailer.account, ticker, runner)
        with serve(running) if duties.serves else nullcontext("") as address:
            problems = ticker.load()
            # A daemon without a plan would remind nobody; edited ones may wait for a clock that is believed.
            if heartbeat.leads() and not ticker.plans and ticker.jump is None:
                errors = [problem for problem in problems if problem.severity == "error"]
                raise InvalidInput(
                    errors or Text("there is no plan"), hint=Text("`hanchot init DIR` writes one to begin with")
                )
            _log(ticker, "started", _describe_start(duties, heartbeat.leads(), address))
            with (
                watch.running(),
                heartbeat.beating(runner.wake),
                _watch_mailbox(container, store, adapters, ticker, runner),
            ):
                runner.run()
            manager.stopping()
    _log(ticker, "stopped", Text("nothing is lost"))


def _describe_start(duties: Duties, leads: bool, address: str) -> str:
    if duties.role == "worker":
        return Text("the worker waits for mails")
    if duties.role == "web":
        return Text("the pages are served; {address}", address=address)
    if not leads:
        return Text("another process plans; this one stands by")
    return Text("the daemon runs; {address}", address=address) if address else Text("the daemon runs")


def describe_running(
    container: Container,
    services: ServiceContext,
    account: str,
    ticker: Ticker,
    runner: Runner,
    *,
    is_replay: bool = False,
) -> RunningDaemon:
    """Return what serves its pages needs to know of a daemon; `account` is the name of the mail account."""
    return RunningDaemon(
        container=container,
        services=services,
        clock=container.clock,
        system=SystemClock(),
        account=account,
        definitions=lambda: ticker.definitions,
        wake=runner.wake,
        log_problem=lambda text: _log(ticker, "trouble", text),
        log_request=lambda text: ticker.pass_on(Event(name="asked", at=ticker.clock.now(), text=text)),
        failure=lambda: ticker.failure,
        jump=lambda: ticker.jump,
        agendas=ticker.agendas,
        is_replay=is_replay,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleTick:
    """What a single tick could not do.

    `problems` are those of the definitions, `absent` the plans of which steps are promised but no definition is loaded,
    `failed` the steps that failed, each with the plan that it is about.
    """

    problems: Sequence[Problem]
    absent: frozenset[str]
    failed: Sequence[str]


def tick_once(container: Container) -> SingleTick:
    """Do everything that is due now; the steps that fail are reported, and the others are done.

    Without the password of the mail account the mails are composed and stay in the outbox.
    Raises `UserError` if nothing was done because the machine's clock cannot be believed.
    """
    report, failed = container.report, dict[str, None]()

    def note(event: Event) -> None:
        if event.step:
            failed[f"{event.step} of {event.plan}" if event.plan else event.step] = None
        report(event)

    container = replace(container, report=note)
    with container.store() as store, closing(_open_mailer(container)) as mailer:
        services, heartbeat = _in_one_pass(container.services(store)), container.heartbeat(store)
        adapters = container.shared_adapters(services, mailer, heartbeat, _open_sent_folder(container))
        with _synced_mailbox(container, store) as mailbox:
            ticker = container.ticker(services, replace(adapters, mailbox=mailbox))
            problems = ticker.load()
            with heartbeat.beating(lambda: None):
                ticker.tick()
    if ticker.jump is not None:
        raise UserError(Text("nothing was done: {jump}", jump=describe_jump(ticker.jump)), hint=JUMP_HINT)
    return SingleTick(problems=problems, absent=ticker.absent, failed=tuple(failed))


def _in_one_pass(services: ServiceContext) -> ServiceContext:
    """Return the services for a pass that reads the mailbox itself: only what it has read counts as read."""
    reading = services.reading
    return services if reading is None else replace(services, reading=replace(reading, lasts=timedelta()))


def _open_mailer(container: Container) -> Mailer:
    """Return the mailer; without its password one that sends nothing, which is reported."""
    try:
        return container.mailer()
    except NoPassword as error:
        _report_locked(container, "delivery", Text("no mail can leave: {error}", error=error))
        return LockedMailer(error)


def _open_sent_folder(container: Container) -> SentFolder | None:
    """Return the sent folder, if one is configured; without its password None, which is reported."""
    try:
        return container.sent_folder()
    except NoPassword as error:
        _report_locked(container, "sent folder", Text("sent mail cannot be looked up: {error}", error=error))
        return None


def _mailbox_adapters(container: Container) -> MailboxAdapters:
    from scheduler.bootstrap.mailbox import mailbox_adapters  # loads what reads mails, only if answers are read

    return mailbox_adapters(container)


@contextmanager
def _watch_mailbox(
    container: Container, store: Store, adapters: Adapters, ticker: Ticker, runner: Runner
) -> Iterator[None]:
    """Watch the mailbox for a block, if answers are read."""
    if adapters.mailbox is None:
        yield
        return
    from scheduler.bootstrap.mailbox import watch_mailbox

    with watch_mailbox(container, store, found=runner.wake, log=lambda text: _log(ticker, "trouble", text)):
        yield


@contextmanager
def _synced_mailbox(container: Container, store: Store) -> Iterator[MailboxAdapters | None]:
    """Yield a mailbox that is read in the tick itself; None without one, or without its password, which is reported."""
    if not container.reads_answers:
        yield None
        return
    from scheduler.bootstrap.mailbox import mailbox_adapters, open_mailbox

    try:
        mailbox = open_mailbox(container, store)
    except NoPassword as error:
        _report_locked(container, "mailbox", Text("answers cannot be read: {error}", error=error))
        yield None
        return
    with closing(mailbox):
        yield replace(mailbox_adapters(container), sync=mailbox.sync)


def _report_locked(container: Container, step: str, text: str) -> None:
    container.report(Event(name="trouble", at=container.clock.now().astimezone(), text=text, step=step))


def _take_changes(ticker: Ticker, wake: Callable[[], None]) -> None:
    """Load the changed definition files and wake the daemon; the load itself reports their errors."""
    problems = ticker.load()
    if any(problem.severity == "error" for problem in problems):
        _log(ticker, "refused", Text("what was loaded before goes on until this is put right"))
    wake()


def _log(ticker: Ticker, name: EventName, text: str) -> None:
    ticker.report(Event(name=name, at=ticker.clock.now(), text=text))
