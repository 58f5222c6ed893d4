"""A whole daemon in one process: a real record, real agendas and ticks; only the ports are fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scheduler import resources
from scheduler.clock import SteppingClock
from scheduler.engine.assembly import Adapters, TickSettings, make_ticker
from scheduler.engine.record_checkers import ManualChecker
from scheduler.engine.sources.answers import MailboxAdapters
from scheduler.engine.tick import Ticker
from scheduler.mail.composer import AnswerAddress, TemplateComposer
from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.dates.date_forms import By, DayCount
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Group, Ladder, Milestone, Plan
from scheduler.plan.notices import fact_of
from scheduler.ports import (
    Checker,
    ChunkQueue,
    Clock,
    Composer,
    Definition,
    Definitions,
    FeedRenderer,
    Machine,
    Mailer,
    MessageRow,
    PeriodicSource,
    PlanState,
    RevisionText,
    RungRow,
    SentFolder,
    Store,
    Tick,
)
from scheduler.ports.events import Event
from scheduler.queries.mail_limits import Limits
from scheduler.queries.site_links import SiteLinks
from scheduler.services.apply_revision import take
from scheduler.services.context import ServiceContext
from scheduler.services.digests import DigestSchedule
from scheduler.services.heartbeats import Heartbeat
from scheduler.services.reconcile import Changes
from scheduler.services.record_facts import Recorded
from scheduler.store import SqlStore, open_store
from tests.support import plan_builders
from tests.support.facts import make_fact, record
from tests.support.fakes import FakeDefinitions, FakeMailer, definition_of
from tests.support.plan_builders import HANOI, LOADED, deadline, party

FRIDAY = date(2023, 3, 17)  # the last day of `report`: the rungs are those of `LADDER`
LADDER = {
    "before:14d": "03-03 08:00",
    "before:7d": "03-10 08:00",
    "before:3wd": "03-14 08:00",
    "before:1wd": "03-16 08:00",
    "target": "03-17 08:00",  # gives way to the named day
    "named-day": "03-17 08:00",
    "overdue:1": "03-20 08:00",
    "escalate:2wd": "03-21 08:00",
    "overdue:2": "03-22 08:00",
    "overdue:3": "03-24 08:00",
}


def report(**details: Any) -> Milestone:
    """Return the deadline of most tests: due by Friday 17 March from lead, beta and gamma."""
    return deadline(By(FRIDAY), **details)


def due_by(day: date, **details: Any) -> Milestone:
    """Return the same deadline due by another day."""
    return deadline(By(day), **details)


def plan(*milestones: Milestone, **details: Any) -> Plan:
    """Return a plan that is known by its content, as one from a file is."""
    made = plan_builders.plan(*(milestones or (report(),)), **details)
    return made if made.digest else signed(made)


ONCE = Ladder(before=(DayCount(7, "days"),), on_named_day=False, overdue=None, escalate=())  # one reminder, 03-10 08:00


def large_plan(count: int, **details: Any) -> Plan:
    """Return a plan of many members, of whom the first leads."""
    made = [party(f"p{number:04}") for number in range(count)]
    groups = [Group(id="lead", parties=("p0000",)), Group(id="members", parties=tuple(p.id for p in made))]
    return plan(report(**details), parties=made, groups=groups)


def signed(plan: Plan) -> Plan:
    """Return the plan with the digest of what it says."""
    return replace(plan, digest=sha256(repr(replace(plan, digest="")).encode()).hexdigest())


def templates(*own: Path, answers: AnswerAddress | None = None) -> TemplateComposer:
    """Return the composer with the templates that ship, and before them those of an organisation."""
    return TemplateComposer(
        [*own, resources.shipped("templates")],
        sender="nhacviec@cum.example",
        organisation="",
        reply_to=None,
        secret=b"a secret of the tests",
        answers=answers,
    )


COMPOSER = templates()


def local(instant: datetime) -> str:
    """Return an instant as the plan's wall clock shows it."""
    return f"{instant.astimezone(HANOI):%m-%d %H:%M}"


class DaemonFixture:
    """One record and the daemons that work on it."""

    def __init__(
        self, store: Store, *plans: Plan, start: datetime = LOADED, composer: Composer = COMPOSER, **ticker: Any
    ) -> None:
        self.store = store
        self.clock = SteppingClock(start)
        self.definitions = FakeDefinitions(list(plans) or [plan()])
        self.mailer = FakeMailer(self.clock)
        self.composer = composer
        self.events: list[Event] = []
        self.ticker = self.new_ticker(**ticker)

    def new_ticker(
        self,
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        definitions: Definitions | None = None,
        composer: Composer | None = None,
        mailer: Mailer | None = None,
        checkers: Sequence[Checker] = (ManualChecker(),),
        operators: Sequence[str] = ("ops@cum.example",),
        name: str = "first",
        report: Callable[[Event], None] | None = None,
        is_stopping: Callable[[], bool] = lambda: False,
        sources: Sequence[PeriodicSource] = (),
        limits: Limits | None = None,
        weekly: DigestSchedule | None = None,
        calendars: FeedRenderer | None = None,
        sent_folder: SentFolder | None = None,
        heartbeat: Heartbeat | None = None,
        machine: Machine | None = None,
        links: SiteLinks | None = None,
        mailbox: MailboxAdapters | None = None,
        reading: MailboxReading | None = None,
        queue: ChunkQueue | None = None,
        delivers: bool = True,
    ) -> Ticker:
        """Return a daemon's work on this record."""
        return make_ticker(
            ServiceContext(store=store or self.store, composer=composer or self.composer, links=links, reading=reading),
            Adapters(
                clock=clock or self.clock,
                definitions=definitions or self.definitions,
                mailer=mailer or self.mailer,
                checkers=checkers,
                sources=sources,
                sent_folder=sent_folder,
                calendars=calendars,
                heartbeat=heartbeat,
                machine=machine,
                mailbox=mailbox,
                rebuild=self._rebuild,
                queue=queue,
            ),
            TickSettings(
                name=heartbeat.name if heartbeat else name,
                operators=operators,
                limits=limits or Limits(),
                weekly=weekly,
                delivers=delivers,
            ),
            report=report or self.events.append,
            is_stopping=is_stopping,
        )

    def _rebuild(self, text: RevisionText) -> Definition | None:
        known = {plan.digest: plan for plan in self.definitions.plans}
        return definition_of(known[text.digest], place="") if text.digest in known else None

    # ---- what happens

    @property
    def plan(self) -> Plan:
        """Return the first plan."""
        return self.definitions.plans[0]

    @property
    def definition(self) -> Definition:
        """Return the first plan as a definition."""
        return definition_of(self.plan)

    def tick(self, when: datetime | None = None) -> Tick:
        """Let the daemon tick, now or at an instant."""
        self.clock.instant = when or self.clock.instant
        return self.ticker.tick()

    def live(self, until: datetime) -> None:
        """Let the daemon live from instant to instant up to and including `until`."""
        if self.clock.instant <= until:
            due = self.tick()
            while (instant := min(due.wake_at, due.check_at)) <= until:
                due = self.tick(instant)
        self.clock.instant = until

    def take(self, plan: Plan | None = None, when: datetime | None = None) -> Changes | None:
        """Load a plan as another process would."""
        services = ServiceContext(store=self.store, composer=self.composer)
        return take(services.store, definition_of(plan or self.plan), when or self.clock.instant)

    def fact(
        self, kind: FactKind, party: str | None = "beta", milestone: str | None = "report", **details: Any
    ) -> Fact:
        """Return a fact of this instant."""
        now = details.pop("at", self.clock.instant)
        values = {"plan": self.plan.id, "happened_at": now, "recorded_at": now}
        return make_fact(kind, party=party, milestone=milestone, **(values | details))

    def record(
        self, kind: FactKind, party: str | None = "beta", milestone: str | None = "report", **details: Any
    ) -> Recorded:
        """Record a fact as the command line does."""
        notify = details.pop("notify", True)
        services = ServiceContext(store=self.store, composer=self.composer)
        return record(services, self.definition, self.fact(kind, party, milestone, **details), notify=notify)

    def undo(self, fact: Fact) -> Recorded:
        """Take a fact back."""
        return self.record("withdrawn", None, None, target=fact.id, reason="a mistake")

    def slip_in(
        self, kind: FactKind, party: str | None = "beta", milestone: str | None = "report", **details: Any
    ) -> Fact:
        """Append a fact without bringing the ledger in step."""
        with self.store.transaction() as unit:
            return unit.facts.append(self.fact(kind, party, milestone, **details))

    # ---- what came of it

    def rows(self, party: str | None = "beta", milestone: str | None = "report") -> list[RungRow]:
        """Return the steps of ladders of one obligation, or of all."""
        found = [row for row in self._ledger() if not is_notice(row.kind)]
        return [row for row in found if party in (None, row.party) and milestone in (None, row.milestone)]

    def notices(self, **wanted: Any) -> list[RungRow]:
        """Return the promised notices in the order of the facts that they are about, or those that are as asked for."""
        found = [row for row in self._ledger() if is_notice(row.kind)]
        found.sort(key=lambda row: (fact_of(row.name), row.id))
        return [row for row in found if all(getattr(row, key) == value for key, value in wanted.items())]

    def _ledger(self) -> list[RungRow]:
        with self.store.reading() as view:
            return [row for plan in self.definitions.plans for row in view.rungs.of(plan.id)]

    def row(self, name: str, party: str = "beta", milestone: str = "report") -> RungRow:
        """Return the newest promise of that name."""
        return [row for row in self.rows(party, milestone) if row.name == name][-1]

    def states(self, party: str | None = "beta", milestone: str | None = "report") -> dict[str, str]:
        """Return the states of one obligation's promises by name."""
        return {row.name: row.state for row in self.rows(party, milestone)}

    def mails(self, **wanted: Any) -> list[MessageRow]:
        """Return the outbox, or the mails of it that are as asked for."""
        with self.store.reading() as view:
            found = view.outbox.list()
        return [mail for mail in found if all(getattr(mail, key) == value for key, value in wanted.items())]

    def left(self, address: str | None = "officer@beta.example") -> list[str]:
        """Return what left and when, in words: `03-20 08:00 overdue:1`."""
        kinds = {mail.mail.message_id: mail.rung or mail.kind for mail in self.mails()}
        return [
            f"{local(at)} {kinds[mail.message_id]}" for at, mail in self.mailer.sent if address in (None, mail.address)
        ]

    def state(self) -> PlanState:
        """Return what the record knows of the plan."""
        with self.store.reading() as view:
            found = view.plans.state(self.plan.id)
        assert found is not None
        return found

    def facts(self) -> list[Fact]:
        """Return every fact of the plan."""
        with self.store.reading() as view:
            return list(view.facts.of(self.plan.id))

    def logged(self, name: str) -> list[str]:
        """Return what the daemon logged under one event name."""
        return [event.text for event in self.events if event.name == name]

    def failed(self) -> set[str]:
        """Return the steps that failed."""
        return {event.step for event in self.events if event.step}


def minutes(count: float) -> timedelta:
    """Return a span of minutes."""
    return timedelta(minutes=count)


def utc(text: str) -> datetime:
    """Return an ISO instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


# ---------------------------------------------------------------- fixtures, to be imported into a conftest


@pytest.fixture
def store() -> Iterator[SqlStore]:
    """Open an empty record in memory."""
    opened = open_store("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def open_file(tmp_path: Path) -> Iterator[Callable[[], SqlStore]]:
    """Return what opens the same record on disk, as each process does for itself."""
    opened: list[SqlStore] = []

    def open_again() -> SqlStore:
        opened.append(open_store(f"sqlite:///{tmp_path}/hanchot.db"))
        return opened[-1]

    yield open_again
    for one in opened:
        one.close()


@pytest.fixture
def daemon(store: SqlStore) -> DaemonFixture:
    """Return a daemon with the plan of one deadline, not loaded yet."""
    return DaemonFixture(store)
