"""Replay: run the real daemon by a fast clock that starts in the past."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.bootstrap.container import Container
from scheduler.bootstrap.daemon import Serve, describe_running
from scheduler.clock import ReplayClock, SystemClock
from scheduler.config import REPLAY_MARK, Settings, load_settings
from scheduler.definitions.scenario_files import read_scenario
from scheduler.engine.record_checkers import ManualChecker
from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.engine.tick import Ticker
from scheduler.errors import RecordUnavailable, UserError
from scheduler.folders import make_private_folder
from scheduler.plan.commands import Command, RecordReceived
from scheduler.plan.dates.due_dates import to_instant
from scheduler.plan.facts import MAILBOX, Fact, Nominated, Received, Waived, parties_of_fact
from scheduler.plan.membership import members
from scheduler.plan.recipients import operators
from scheduler.ports import Definition, Store, Tick
from scheduler.ports.events import Event, Reporter
from scheduler.queries.feed_links import calendar_path
from scheduler.queries.site_links import SiteLinks
from scheduler.services.commands import build_fact
from scheduler.services.context import ServiceContext
from scheduler.services.publish_feeds import create_feed
from scheduler.services.record_facts import Recorded, execute
from scheduler.services.sign_in import make_link
from scheduler.texts import Text, join, plural
from scheduler.wording.sentences import word_channel, word_fact

if TYPE_CHECKING:
    from scheduler.bootstrap.replay_mailbox import ReplayMailbox

LINK_LIFETIME = timedelta(days=1)  # validity of a sign-in link, for replays that are left running
AFTER_LAST_RUNG = timedelta(days=30)  # how long a replay's clock runs past the last rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The settings of a replay: its first local day, and its speed in replayed seconds per second."""

    first: date
    speed: float
    scenario: Path | None = None


def run_replay(
    container: Container,
    replay: Replay,
    stopping: threading.Event,
    serve: Serve,
    *,
    say: Callable[[str], None],
    show: Callable[[str], None],
) -> None:
    """Run the real daemon by a replay clock, with a record in its own folder, until `stopping` is set.

    The clock stops thirty days after the last rung; the daemon keeps running. `say` logs a text, `show` presents the
    addresses of the board, of a calendar and of a party's page. Raises `UserError` if there is no valid plan.
    """
    definitions = container.load().definitions
    if not definitions:
        raise UserError(Text("there is no sound plan to replay"), hint=Text("`hanchot check` says what is wrong"))
    start = to_instant(replay.first, time(), definitions[0].plan.zone)
    clock = ReplayClock(start, replay.speed)
    played = [(one, command) for one in definitions for command in _commands_in(replay.scenario, one, say)]
    container = replace(container, settings=prepare_replay(container.settings), clock=clock)
    with container.store() as store, closing(container.mailer()) as mailer:
        services = container.services(store)
        record, mailbox = make_recorder(services, lambda event: ticker.report(event)), _open_mailbox(container, store)

        def let_arrive(definition: Definition, command: Command) -> None:
            match command:
                case RecordReceived(by=who) if who == MAILBOX and mailbox.deliver(definition.plan, command):
                    pass  # the daemon reads it, and records what it brings
                case _:
                    record(definition, command)

        adapters = replace(
            container.adapters(services, mailer),
            sources=[Arrivals(Arrival(command.at, partial(let_arrive, one, command)) for one, command in played)],
            mailbox=mailbox.adapters,
            checkers=[ManualChecker()],  # real folders and mailboxes do not know the replay's time
        )
        ticker = container.ticker(services, adapters, is_stopping=stopping.is_set)
        guide = _Guide(container, store, ticker, say, show)
        watch = _ReplayWatch(store, ticker, clock, guide.show_end)
        runner = container.runner(ticker, stopping=stopping, after_tick=watch.after_tick)
        with serve(describe_running(container, services, mailer.account, ticker, runner, is_replay=True)) as address:
            ticker.load()
            guide.show_start(address)
            runner.run()


def _open_mailbox(container: Container, store: Store) -> ReplayMailbox:
    from scheduler.bootstrap.replay_mailbox import ReplayMailbox  # only a replay that reads mails needs their reader

    return ReplayMailbox(container, store)


class _Guide:
    """Tells who started a replay where to look: at the start at the board, at the end at everything."""

    def __init__(
        self,
        container: Container,
        store: Store,
        ticker: Ticker,
        say: Callable[[str], None],
        show: Callable[[str], None],
    ) -> None:
        self._container = container
        self._store = store
        self._ticker = ticker
        self._say = say
        self._show = show
        self._address = ""
        self._feed = ""  # the path of the lead's calendar

    def show_start(self, address: str) -> None:
        """Show the board below the address of the site, and create the calendar that is shown at the end."""
        self._address = address
        self._show_board()
        self._feed = self._make_feed()

    def show_end(self) -> None:
        """Say what the replay left, and show all addresses."""
        self._say(_summarise(self._container, self._store))
        self._show_board()
        if self._feed:
            self._show(
                Text(
                    "The lead's calendar, for any calendar program: {address}{feed}",
                    address=self._address,
                    feed=self._feed,
                )
            )
        self._show_page()

    def _show_board(self) -> None:
        """Show a link that signs the first operator in to the board, because no mail leaves a replay."""
        emails = self._container.settings.operators.addresses
        operator = next((to.contact.email for plan in self._ticker.plans for to in operators(plan, emails)), None)
        if operator is None:
            return
        with self._store.transaction() as unit:
            token = make_link(unit, operator, now=SystemClock().now(), lifetime=LINK_LIFETIME)
        self._show(Text("The board, to sign in to once: {address}/sign-in/{token}", address=self._address, token=token))

    def _make_feed(self) -> str:
        """Create a calendar for the lead of the first plan that has one; return its path, or "" without a lead."""
        plans, container = self._ticker.plans, self._container
        audience = next((party for plan in plans for party in members(plan, "lead")), None)
        if audience is None:
            return ""
        with self._store.transaction() as unit:
            now = container.clock.now()
            feed = create_feed(unit, plans, container.calendars, audience=audience, plan=None, tasks=False, now=now)
        return calendar_path(feed, plans, container.secret)

    def _show_page(self) -> None:
        """Show the page of a party outside the lead, at the address that its mails link to."""
        plans = self._ticker.plans
        lead = {party for plan in plans for party in members(plan, "lead")}
        parties = (p for plan in plans for p in plan.parties.values() if p.contacts and not p.external)
        party = next((p for p in parties if p.id not in lead), None)
        if party is None:
            return
        with self._store.reading() as view:
            generation = view.pages.generations().get(party.id, 1)
        page = SiteLinks(self._address, self._container.secret).of(party.id, generation)
        self._show(Text("The page of {name}: {page}", name=party.name, page=page))


class _ReplayWatch:
    """Stops the clock of a replay some time after the last rung, and calls `finish` once."""

    def __init__(self, store: Store, ticker: Ticker, clock: ReplayClock, finish: Callable[[], None]) -> None:
        self._store = store
        self._ticker = ticker
        self._clock = clock
        self._finish = finish

    def after_tick(self, tick: Tick) -> None:
        """Stop the clock if nothing more is to come."""
        if self._clock.is_stopped:
            return
        with self._store.reading() as view:
            last = max((row.at for plan in self._ticker.plans for row in view.rungs.of(plan.id)), default=tick.at)
        if tick.at >= last + AFTER_LAST_RUNG:
            self._clock.stop()
            self._finish()


def _summarise(container: Container, store: Store) -> str:
    folder = container.settings.folder
    mails = container.settings.resolve(container.settings.mail.maildir)
    with store.reading() as view:
        sent = sum(1 for mail in view.outbox.list() if mail.state == "sent")
    look = f"  {sys.argv[0]} --config {folder / 'config.toml'}"
    return Text(
        "\nThe replay is over: {number} mails lie in {mails} (open one with any mail program).\nThe record is "
        "{record}. Look at it from another terminal:\n{look} status\n{look} outbox list\n{look} why r1\nThe "
        "daemon stays up; Ctrl-C ends it.",
        number=sent,
        mails=mails / "new",
        record=folder / "hanchot.db",
        look=look,
    )


def _commands_in(scenario: Path | None, definition: Definition, say: Callable[[str], None]) -> Sequence[Command]:
    if scenario is None:
        return ()
    read = read_scenario(scenario, definition.plan)
    if read.outages:
        say(Text("The outages of the scenario are left out: a replay is always there. `hanchot simulate` plays them."))
    return read.commands


def prepare_replay(settings: Settings) -> Settings:
    """Return settings for a replay in its own folder, which is emptied first, so that nothing real is touched.

    The folder gets a config.toml, so that other commands can inspect the replay. Raises `UserError` if the folder
    exists and was not made by a replay.
    """
    folder = (settings.resolve(settings.paths.data) / "replay").absolute()
    if folder.exists():
        if not (folder / REPLAY_MARK).exists():
            raise UserError(
                Text("{folder} was not made by a replay; it is left alone", folder=folder),
                hint=Text("move it away and try again"),
            )
        shutil.rmtree(folder)
    make_private_folder(folder)
    (folder / REPLAY_MARK).touch()
    file = folder / "config.toml"
    file.write_text(_replay_config(settings), encoding="utf-8")
    return load_settings(file, {})  # environment variables are ignored: they may name the real record or a mail server


def _replay_config(settings: Settings) -> str:
    def paths(folders: Sequence[str]) -> str:
        return json.dumps([str(settings.resolve(folder).absolute()) for folder in folders], ensure_ascii=False)

    def people(known: Iterable[object]) -> str:
        return json.dumps([str(person) for person in known], ensure_ascii=False)

    mail = settings.mail
    return "\n".join(
        [
            "# made by `hanchot run --replay-from`; overwritten by the next replay",
            f"[paths]\nworkflows = {paths(settings.paths.workflows)}\ntemplates = {paths(settings.paths.templates)}",
            'data = "."\n[database]\nurl = "sqlite:///hanchot.db"\n[mail]\ntransport = "maildir"\nmaildir = "mail"',
            f"from = {json.dumps(mail.sender)}\norganisation = {json.dumps(mail.organisation, ensure_ascii=False)}",
            f'reply_to = {json.dumps(mail.reply_to)}\n[web]\nsecret_file = "secret"',
            f"[operators]\nemails = {people(settings.operators.emails)}",
            f"readers = {people(settings.operators.readers)}",
            f"[server]\nhost = {json.dumps(settings.server.host)}\nport = {settings.server.port}\n",
        ]
    )


def make_recorder(services: ServiceContext, report: Reporter) -> Callable[[Definition, Command], Recorded | None]:
    """Return a function that carries out a command of the scenario and reports it.

    A command that makes no sense as things stand is reported, not raised; `RecordUnavailable` is raised, so that it can
    be tried again.
    """

    def execute_and_report(definition: Definition, command: Command) -> Recorded | None:
        fact, plan = build_fact(definition.plan, command), definition.plan
        words = join(" ", filter(None, [word_fact(fact.label), _extra(fact)]))
        try:
            recorded = execute(services, definition, [command])
        except RecordUnavailable:
            raise
        except UserError as error:
            report(
                Event(
                    name="trouble",
                    at=fact.recorded_at,
                    plan=plan.id,
                    text=Text("{words}: {error}", words=words, error=error),
                )
            )
            return None
        report(
            Event(
                name="recorded",
                at=fact.recorded_at,
                plan=plan.id,
                milestone=fact.group if isinstance(fact, Nominated) else fact.milestone or "",
                party=", ".join(parties_of_fact(fact)),
                text=words + _describe_dropped(len(recorded.changes.dropped)),
            )
        )
        return recorded

    return execute_and_report


def _extra(fact: Fact) -> str:
    """Return the channel of a submission, or the reason of a release."""
    if isinstance(fact, Waived):
        return fact.reason
    return word_channel(fact.channel) if isinstance(fact, Received) and fact.channel else ""


def _describe_dropped(count: int) -> Text:
    return plural("; {number} step fell away", "; {number} steps fell away", count) if count else Text("")
