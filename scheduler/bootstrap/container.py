"""Assemble the parts of the application for one configuration."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import __version__, resources
from scheduler.bootstrap.duties import Duties
from scheduler.bootstrap.token_sources import describe_source, hold_tokens
from scheduler.clock import SystemClock, SystemMachine
from scheduler.config import Settings, fingerprint, load_settings, read_secret, read_span
from scheduler.definitions import DefinitionFiles, rebuild_plan
from scheduler.documents.blob_store import BlobStore
from scheduler.engine.assembly import Adapters, Outlet, TickSettings, make_ticker, make_worker
from scheduler.engine.record_checkers import MailboxChecker, ManualChecker, WebChecker
from scheduler.engine.runners import Distribution, make_queue, make_runner, require_tables
from scheduler.engine.tick import Ticker
from scheduler.errors import InvalidInput, NothingMatched, Problem, UserError
from scheduler.feeds import IcalFeedRenderer
from scheduler.mail.composer import AnswerAddress, TemplateComposer
from scheduler.mail.maildir import Maildir
from scheduler.mail.mime import read_text
from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.membership import members
from scheduler.plan.messages.invitations import Invitation
from scheduler.plan.messages.message import MessageOfDocuments
from scheduler.ports import (
    LONGEST_IDLE,
    Checker,
    Clock,
    DaemonWork,
    Definition,
    FeedRenderer,
    Loaded,
    Mailer,
    Process,
    Role,
    Runner,
    SentFolder,
    Store,
    Tick,
)
from scheduler.ports.events import Event, Reporter
from scheduler.queries.mail_limits import Limits
from scheduler.queries.needs.unplaced import read_unplaced
from scheduler.queries.site_links import SiteLinks
from scheduler.services.apply_revision import settle
from scheduler.services.clock_guard import ClockGuard
from scheduler.services.context import ServiceContext
from scheduler.services.digests import DigestSchedule
from scheduler.services.heartbeats import Heartbeat
from scheduler.services.sign_in import LONGEST
from scheduler.shared_folder.checker import FolderChecker
from scheduler.shared_folder.time_limit import TimedChecker
from scheduler.store import (
    check_url,
    describe_url,
    find_other_records,
    open_store,
    read_address,
    relies_on_secret,
)
from scheduler.texts import Text

if TYPE_CHECKING:
    from scheduler.mail.smtp import Account

CONFIG = Path("config.toml")
# Sign-in links and outage summaries: enough for an office, too few to tire out a mail account.
URGENT_PER_HOUR, URGENT_PER_DAY = 30, 50
UNREAD_AFTER = timedelta(minutes=30)  # the least; a short failure of a mail server is no news


USUAL_THREADS = 5  # that write to the record at once: ticks, checks, heartbeats, pages
WORKER_THREADS = 2  # ticks and heartbeats, beside the senders


def quiet(event: Event) -> None:
    """Discard an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonParts:
    """The work of a process, and what it needs of a distributed engine, if there is one."""

    ticker: Ticker
    distribution: Distribution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The parts of the application for one configuration, each created on access."""

    settings: Settings
    clock: Clock
    report: Reporter = quiet

    @property
    def definition_folders(self) -> list[Path]:
        """Return the folders that definitions are read from."""
        return [self.settings.resolve(folder) for folder in self.settings.paths.workflows]

    @property
    def definitions(self) -> DefinitionFiles:
        """Return the reader of the definition files."""
        return DefinitionFiles(
            self.definition_folders,
            calendars=[resources.shipped("workflows") / "calendars"],
            submission_notices=self.settings.digest.submissions,
            machine=socket.gethostname(),
        )

    def load(self) -> Loaded:
        """Load the definitions; of several files that claim one id, the one that is in force, if any."""
        loaded = self.definitions.load()
        if not loaded.contested:
            return loaded
        with self.store() as store:
            return settle(store, loaded)

    def check_record(self, loaded: Loaded) -> tuple[Problem, ...]:
        """Return a warning for each thing that the record knows and no loaded plan holds; () without a record."""
        file = self.settings.database_file
        try:
            self.require_right_record()
            if file is not None and not file.exists():
                return ()
            return tuple(self._read_unplaced(loaded))
        except UserError as error:
            return tuple(replace(problem, severity="warning", code="record") for problem in error.problems)

    def check_settings(self, loaded: Loaded) -> Iterator[Problem]:
        """Yield a warning for each setting that names something that is not there."""
        settings, file = self.settings, str(self.settings.folder / CONFIG)
        for definition in loaded.definitions:
            if not members(definition.plan, settings.digest.to):
                yield Problem(
                    message=Text(
                        "{plan} has no group or party {name}: nobody gets its weekly digest",
                        plan=definition.plan.id,
                        name=settings.digest.to,
                    ),
                    code="digest",
                    severity="warning",
                    file=file,
                    key="digest.to",
                    hint=Text("name a group of the plan, such as lead, or the id of a party"),
                )
        if read_span(settings.web.session) > LONGEST:
            yield Problem(
                message=Text("a session lasts no longer than 90 days"),
                code="session",
                severity="warning",
                file=file,
                key="web.session",
                hint=Text("write at most 90 days"),
            )
        for folder in settings.paths.templates:
            if not settings.resolve(folder).is_dir():
                yield Problem(
                    message=Text("there is no folder {folder}", folder=folder),
                    code="templates",
                    severity="warning",
                    file=file,
                    key="paths.templates",
                    hint=Text("name an existing folder, or leave it out"),
                )

    def _read_unplaced(self, loaded: Loaded) -> Iterator[Problem]:
        with self.store() as store:
            definitions = settle(store, loaded).definitions
            with store.reading() as view:
                known = {state.plan for state in view.plans.states()}
                found = [
                    (one.plan.file, unplaced)
                    for one in definitions
                    if one.plan.id in known
                    for unplaced in read_unplaced(view, one.plan)
                ]
        for path, unplaced in found:
            yield Problem(message=unplaced.text, code="unplaced", severity="warning", file=path, hint=unplaced.hint)

    @contextmanager
    def store(self, *, threads: int = USUAL_THREADS) -> Iterator[Store]:
        """Open the record for a block, in which so many `threads` write to it at once.

        Raises `InvalidInput` like `require_right_record`, `UserError` if it cannot be opened.
        """
        self.require_right_record()
        store = open_store(self.settings.database_url, threads=threads)
        try:
            yield store
        finally:
            store.close()

    def require_right_record(self) -> None:
        """Raise `InvalidInput` if the record is empty and another one lies in the data folder.

        Whoever began an empty one by mistake would remind everybody once more.
        """
        folder = self.settings.resolve(self.settings.paths.data)
        others = find_other_records(self.settings.database_url, folder)
        if others:
            names = ", ".join(str(file) for file in others)
            raise InvalidInput(
                Text(
                    "[database] url: the record {database_url} is empty, but there is another one: {names}; "
                    "with an empty record everybody would be reminded once more",
                    database_url=describe_url(self.settings.database_url),
                    names=names,
                ),
                hint=(
                    Text(
                        "take it along with `hanchot db copy sqlite:///{absolute}`, or name it under "
                        "[database] url; if an empty record is wanted, move {names} out of the folder {folder}",
                        absolute=others[0].absolute(),
                        names=names,
                        folder=folder,
                    )
                ),
            )

    @property
    def secret(self) -> bytes:
        """Return the secret of this installation, which is created on first use.

        Raises `UserError` if it is missing beside a record that relies on it, and what `read_secret` raises.
        """
        self.require_secret()
        return read_secret(self.settings.resolve(self.settings.web.secret_file))

    def require_secret(self) -> None:
        """Raise `UserError` if the secret is missing beside a record that relies on it."""
        file = self.settings.resolve(self.settings.web.secret_file)
        if not file.exists() and relies_on_secret(self.settings.database_url):
            raise UserError(
                Text(
                    "{file} is missing: with another secret the links in all mails and the addresses of all calendars "
                    "would stop working",
                    file=file,
                ),
                hint=Text(
                    "take it back from a backup; if it is lost for good, write a new one: "
                    "`openssl rand -hex 32 > {file}` and `chmod 600 {file}`",
                    file=file,
                ),
            )

    def composer(self) -> TemplateComposer:
        """Return the composer, which derives Message-IDs from the installation's secret."""
        return self.composer_with(self.secret)

    def composer_with(self, secret: bytes) -> TemplateComposer:
        """Return a composer that derives Message-IDs from another secret."""
        mail = self.settings.mail
        own = [self.settings.resolve(folder) for folder in self.settings.paths.templates]
        return TemplateComposer(
            [*own, resources.shipped("templates")],
            sender=mail.sender,
            organisation=mail.organisation,
            reply_to=mail.reply_to or None,
            secret=secret,
            answers=AnswerAddress(mail.reply_to or mail.sender, _write_calendar) if self.reads_answers else None,
        )

    def mailer(self) -> Mailer:
        """Return the mailer; it must be closed after use."""
        return self.mailer_with(self.secret)

    def mailer_with(self, secret: bytes) -> Mailer:
        """Return a mailer whose account name is derived from another secret."""
        mail = self.settings.mail
        if mail.transport == "maildir":
            return Maildir(self.settings.resolve(mail.maildir))
        from scheduler.mail.smtp import Account, SmtpMailer  # loaded only if mails are sent by SMTP

        account = Account(
            host=mail.smtp.host,
            port=mail.smtp.usual_port,
            security=mail.smtp.security,
            username=mail.smtp.username,
            password=self.settings.smtp_password(),
            tokens=hold_tokens(self.settings, mail.smtp, "mail.smtp"),
            token_source=describe_source(self.settings, mail.smtp, "mail.smtp"),
        )
        return SmtpMailer(account, sender=mail.sender, secret=secret)

    def sent_folder(self) -> SentFolder | None:
        """Return the sent folder of the account, or None if none is configured."""
        if not self.settings.inbox.sent:
            return None
        from scheduler.mail.sent_folder import ImapSentFolder  # loaded only if a sent folder is configured

        return ImapSentFolder(self.inbox_account(), self.settings.inbox.sent)

    @property
    def reads_answers(self) -> bool:
        """Return whether the mailbox is read for answers; a replay leaves it alone."""
        return bool(self.settings.inbox.folders) and not self.settings.is_replay

    def inbox_account(self) -> Account:
        """Return the account of the mailbox. Raises `NoPassword`."""
        from scheduler.mail.smtp import Account  # loaded only if mails are sent or read over the network

        inbox = self.settings.inbox
        return Account(
            host=inbox.host,
            port=inbox.usual_port,
            security=inbox.security,
            username=inbox.username,
            password=self.settings.inbox_password(),
            tokens=hold_tokens(self.settings, inbox, "inbox"),
        )

    @property
    def limits(self) -> Limits:
        """Return the limits of the mail account; mails that are written to files have none."""
        limits = self.settings.mail.limits
        if self.settings.mail.transport == "maildir":
            return Limits()
        return Limits(
            per_minute=limits.per_minute,
            per_day=limits.per_day,
            urgent_per_hour=URGENT_PER_HOUR,
            urgent_per_day=URGENT_PER_DAY,
        )

    def blob_store(self, clock: Clock) -> BlobStore:
        """Return the store of the files that came with facts; the machine's clock decides which drafts are stale."""
        return BlobStore(self.settings.resolve(self.settings.paths.data) / "documents", clock.now)

    def services(self, store: Store) -> ServiceContext:
        """Return the dependencies of the services."""
        guard = ClockGuard(store, SystemMachine()) if isinstance(self.clock, SystemClock) else None
        return ServiceContext(
            store=store, composer=self.composer(), links=self.links, guard=guard, reading=self.mailbox_reading
        )

    @property
    def mailbox_reading(self) -> MailboxReading | None:
        """Return how the mailbox is read by whoever watches it, None if answers are not read."""
        if not self.reads_answers:
            return None
        inbox = self.settings.inbox
        poll = min(read_span(inbox.poll), LONGEST_IDLE) if inbox.idle else read_span(inbox.poll)
        return MailboxReading(folders=tuple(inbox.folders), lasts=max(2 * poll, UNREAD_AFTER))

    @property
    def links(self) -> SiteLinks | None:
        """Return the links for mails and calendars, or None if only this machine can open them (contract rule 20).

        In a replay, links to this machine are returned, because its mails are read here.
        """
        server = self.settings.server
        operators = tuple(self.settings.operators.addresses)
        if self.settings.is_replay:
            return SiteLinks(server.url(server.port), self.secret, operators) if server.port else None
        return SiteLinks(server.public_url, self.secret, operators) if server.is_public else None

    def find_plan(self, name: str) -> Definition:
        """Return a valid plan by its id or its file.

        Raises `InvalidInput` if the plan is invalid, and `NothingMatched` if there is none with that id.
        """
        if not name.endswith(".toml"):
            return pick(self.load(), name)
        loaded = self.definitions.load_file(Path(name))
        errors = [problem for problem in loaded.problems if problem.severity == "error"]
        if errors:
            raise InvalidInput(errors)
        if not loaded.definitions:
            raise InvalidInput(Text("{name} is no plan", name=name), hint=Text("a plan has a table [plan]"))
        return loaded.definitions[0]

    def checkers(self, services: ServiceContext) -> list[Checker]:
        """Return a checker for each source of status checks."""
        keep = self.blob_store(self.clock).keep_pieces
        return [
            ManualChecker(),
            MailboxChecker(store=services.store, reading=services.reading),
            TimedChecker(FolderChecker(store=services.store, resolve=self.settings.resolve, keep=keep)),
            WebChecker(has_pages=services.links is not None),
        ]

    def shared_adapters(
        self, services: ServiceContext, mailer: Mailer, heartbeat: Heartbeat, sent_folder: SentFolder | None = None
    ) -> Adapters:
        """Return the adapters of a process that works on a real record by the machine's clock, beside others."""
        own = self.adapters(services, mailer, sent_folder)
        return replace(own, heartbeat=heartbeat, machine=SystemMachine(), rebuild=rebuild_plan)

    def heartbeat(self, store: Store, role: Role = "daemon") -> Heartbeat:
        """Return the heartbeat of this process under a new name, which nobody else has."""
        process = Process(name=_process_name(), role=role, version=__version__, secret=fingerprint(self.secret))
        return Heartbeat(store, process, system=SystemClock(), clock=self.clock)

    def adapters(self, services: ServiceContext, mailer: Mailer, sent_folder: SentFolder | None = None) -> Adapters:
        """Return what the daemon's work needs besides the record."""
        return Adapters(
            clock=self.clock,
            definitions=self.definitions,
            mailer=mailer,
            checkers=self.checkers(services),
            sent_folder=sent_folder,
            calendars=self.calendars,
        )

    def ticker(
        self,
        services: ServiceContext,
        adapters: Adapters,
        *,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> Ticker:
        """Return the daemon's work."""
        return make_ticker(
            services, adapters, self._tick_settings(adapters), report=self.report, is_stopping=is_stopping
        )

    def daemon_work(
        self,
        services: ServiceContext,
        adapters: Adapters,
        duties: Duties,
        *,
        stopping: threading.Event,
        opened: ExitStack,
    ) -> DaemonParts:
        """Return the work of a process with its duties; what its senders open is closed with `opened`.

        Raises `UserError` if the engine is not installed, its tables are missing, or the database has no server.
        """
        settings = replace(self._tick_settings(adapters), delivers=duties.delivers)
        if self.settings.engine.kind == "embedded":
            ticker = make_ticker(services, adapters, settings, report=self.report, is_stopping=stopping.is_set)
            return DaemonParts(ticker=ticker)
        address = read_address(self.settings.database_url)
        with services.store.reading() as view:
            require_tables(view.driver_connection)
        adapters = replace(adapters, queue=make_queue())
        settings = replace(settings, delivers=duties.plans or duties.serves)
        outlets = [
            Outlet(mailer=opened.enter_context(closing(self.mailer())), sent_folder=self.sent_folder())
            for _ in range(self.count_senders(duties))
        ]
        ticker, senders = make_worker(services, adapters, settings, outlets, report=self.report, stopping=stopping)
        distribution = Distribution(store=services.store, address=address, senders=senders if duties.delivers else None)
        return DaemonParts(ticker=ticker, distribution=distribution)

    def count_senders(self, duties: Duties) -> int:
        """Return how many mails a process sends at once beside its ticks."""
        engine = self.settings.engine
        if engine.kind == "embedded" or not duties.delivers:
            return 0
        return duties.concurrency or engine.concurrency

    def count_threads(self, duties: Duties) -> int:
        """Return how many threads of a process write to the record at once."""
        beside = WORKER_THREADS if duties.role == "worker" else USUAL_THREADS
        return beside + self.count_senders(duties)

    def _tick_settings(self, adapters: Adapters) -> TickSettings:
        digest = self.settings.digest
        return TickSettings(
            name=adapters.heartbeat.name if adapters.heartbeat else _process_name(),
            operators=self.settings.operators.addresses,
            limits=self.limits,
            weekly=DigestSchedule(weekday=digest.weekday, at=digest.at, to=digest.to),
        )

    def runner(
        self,
        work: DaemonWork,
        *,
        stopping: threading.Event,
        distribution: Distribution | None = None,
        after_tick: Callable[[Tick], None] | None = None,
        on_heartbeat: Callable[[], None] | None = None,
    ) -> Runner:
        """Return the runner that `[engine] kind` names; without a `distribution` the embedded one."""
        return make_runner(
            self.settings.engine.kind,
            work,
            system=SystemClock(),
            stopping=stopping,
            distribution=distribution,
            after_tick=after_tick,
            on_heartbeat=on_heartbeat,
        )

    @property
    def calendars(self) -> FeedRenderer:
        """Return the renderer of calendars."""
        return IcalFeedRenderer(self.links)

    def read_text(self, data: bytes) -> str:
        """Return the text of a mail."""
        return read_text(data)


def _process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


def find_settings(config: Path | None) -> Settings:
    """Return the settings of the given file, else of ./config.toml, else those of the environment.

    The environment is enough if it names the folders of the definitions. Raises `InvalidInput` if the settings are
    invalid or if there are none.
    """
    if not has_settings(config):
        hint = Text(
            "name one with --config, or let `hanchot init DIR` write one; `hanchot demo` plays the shipped plan"
        )
        raise InvalidInput(Text("there is no configuration: no config.toml in {cwd}", cwd=Path.cwd()), hint=hint)
    if config is not None or CONFIG.exists():
        settings = load_settings(config or CONFIG)
    else:
        settings = load_settings(resources.shipped("config.toml")).model_copy(update={"folder": Path()})
    check_url(settings.database_url)
    return settings


def has_settings(config: Path | None) -> bool:
    """Return whether there is a configuration: the given file, ./config.toml, or the environment."""
    return config is not None or CONFIG.exists() or "HANCHOT_PATHS__WORKFLOWS" in os.environ


def shipped_settings(*workflows: Path) -> Settings:
    """Return the shipped settings for the current folder, with definitions from the folders `workflows`."""
    shipped = load_settings(resources.shipped("config.toml"))
    paths = shipped.paths.model_copy(update={"workflows": [str(folder) for folder in workflows]})
    return shipped.model_copy(update={"folder": Path(), "paths": paths})


def pick(loaded: Loaded, id: str) -> Definition:
    """Return the plan with an id.

    Raises `NothingMatched` if there is none, and `InvalidInput` if that is because no plan is valid.
    """
    found = {definition.plan.id: definition for definition in loaded.definitions}
    if id in found:
        return found[id]
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    if errors and not found:
        raise InvalidInput(errors)
    error = NothingMatched.named(Text("plan"), id, found)
    if errors:
        raise NothingMatched([*error.problems, *errors])
    raise error


def _write_calendar(
    message: MessageOfDocuments, invitation: Invitation, *, uid: str, organiser: tuple[str, str]
) -> bytes:
    from scheduler.feeds.invitation_file import write_invitation  # icalendar takes 60 ms to import

    return write_invitation(message, invitation, uid=uid, organiser=organiser)
