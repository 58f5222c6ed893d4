"""Fakes and spies for the ports, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from scheduler.clock import SteppingClock
from scheduler.errors import Problem, RecordUnavailable, UserError
from scheduler.plan.commands import Command, RecordReceived
from scheduler.plan.facts import Actor
from scheduler.plan.messages.message import Message
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Clock, ClockReading, Composer, Definition, Finding, Loaded, Mail, Outcome, Store, UnitOfWork


class Crash(BaseException):
    """Stands for the death of the process."""


def nothing(*_: object) -> None:
    """Do nothing."""


@dataclass
class FakeMachine:
    """A machine that has been up since `started`, whose clock is ahead by `shift`; `clock` is what it shows."""

    clock: SteppingClock
    boot: str = "first"
    shift: timedelta = timedelta()
    started: datetime = datetime(2023, 1, 1, tzinfo=UTC)
    is_synchronised: bool = False

    def read(self) -> ClockReading:
        """Look at the clocks."""
        now = self.clock.now()
        uptime = now - self.shift - self.started
        return ClockReading(now=now, boot=self.boot, uptime=uptime, is_synchronised=self.is_synchronised)

    def jump(self, by: timedelta) -> None:
        """Set the clock by so much, while no time passes."""
        self.clock.instant += by
        self.shift += by

    def pass_time(self, span: timedelta) -> None:
        """Let time pass, awake or suspended."""
        self.clock.instant += span

    def restart(self) -> None:
        """Start the machine anew, now."""
        self.boot += "+"
        self.started = self.clock.now() - self.shift


@dataclass
class FakeDefinitions:
    """Definitions in memory; `problems` stand for the files that are wrong."""

    plans: list[Plan]
    problems: tuple[Problem, ...] = ()
    read: int = 0
    place: str = "here:plan.toml"

    def load(self) -> Loaded:
        """Return the definitions."""
        self.read += 1
        definitions = tuple(definition_of(plan, self.place) for plan in self.plans)
        return Loaded(definitions=definitions, problems=self.problems)


def definition_of(plan: Plan, place: str = "here:plan.toml") -> Definition:
    """Return the definition of a plan, with a text that stands for its file."""
    source = f"# {plan.id} {plan.digest}"
    return Definition(plan=plan, source=source, files={"plan.toml": source}, place=place)


@dataclass
class FakeMailer:
    """A mailer that keeps what it was given. While `is_down` nothing leaves; `before` runs with each mail."""

    clock: Clock
    sent: list[tuple[datetime, Mail]] = field(default_factory=list)
    is_down: bool = False
    before: Callable[[Mail], object] = nothing
    outcome: Outcome = field(default_factory=lambda: Outcome(state="sent", reply="250 ok"))
    account: str = "fake"

    def send(self, mail: Mail) -> Outcome:
        """Keep the mail."""
        self.before(mail)
        if self.is_down:
            raise UserError("the server does not answer", hint="look at [mail.smtp]")
        self.sent.append((self.clock.now(), mail))
        return self.outcome

    def close(self) -> None:
        """Do nothing."""

    @property
    def ids(self) -> list[str]:
        """Return the Message-IDs in the order of sending."""
        return [mail.message_id for _, mail in self.sent]


@dataclass
class FakeSentFolder:
    """A sent folder with these Message-IDs in it; while `is_down` nobody can look."""

    ids: set[str] = field(default_factory=set)
    is_down: bool = False
    looks: list[str] = field(default_factory=list)

    def has(self, message_id: str) -> bool:
        """Look for a message."""
        self.looks.append(message_id)
        if self.is_down:
            raise UserError("the mailbox does not answer", hint="look at [inbox]")
        return message_id in self.ids


@dataclass
class SpyComposer:
    """Composes with a real composer; `before` runs with each message and may refuse it."""

    composer: Composer
    before: Callable[[Message], object] = nothing
    written: list[Message] = field(default_factory=list)

    def compose(self, message: Message) -> Mail:
        """Compose the message."""
        self.before(message)
        self.written.append(message)
        return self.composer.compose(message)


@dataclass
class FakeComposer:
    """Composes at once: few words, but its identity follows from the message's key as it should."""

    def compose(self, message: Message) -> Mail:
        """Return a mail of one line."""
        return Mail(
            message_id=f"<{message.key.replace('@', '=')}@plain.example>",
            date=message.now,
            address=message.to.email,
            subject=" ".join([getattr(message, "rung", message.kind), getattr(message, "occurrence", "")]),
            data=b"Subject: plain\r\n\r\n" + message.key.encode(),
        )


@dataclass
class FakeChecker:
    """A checker of any source; `seen` says what it finds, `before` runs with each look."""

    source: str = "manual"
    seen: Callable[[Obligation], str] = lambda o: "nothing"
    before: Callable[[], object] = nothing
    looks: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return what is seen of each open obligation."""
        self.before()
        self.looks.append((now, tuple(o.party for o in open_obligations)))
        return [
            Finding(milestone=o.milestone, party=o.party, source=self.source, seen=self.seen(o))
            for o in open_obligations
        ]


@dataclass
class AdvancingClock:
    """A clock that goes on by `step` each time it is read."""

    instant: datetime
    step: timedelta

    def now(self) -> datetime:
        """Return the instant, and move on."""
        self.instant += self.step
        return self.instant - self.step

    def seconds_until(self, instant: datetime) -> float:
        """Return 0: nobody waits for this clock."""
        return 0.0


def refuse(kind: str = "", *, party: str = "", address: str = "") -> Callable[[Message], None]:
    """Return a condition under which messages of a kind, to a party or to an address cannot be written."""

    def before(message: Message) -> None:
        if kind in ("", message.kind) and party in ("", message.party.id) and address in ("", message.to.email):
            raise UserError("no words", hint="look at the template")

    return before


def on_call(number: int, act: Callable[[], object]) -> Callable[..., None]:
    """Return a function that acts when it is called for the n-th time."""
    calls = count(1)

    def called(*_: object) -> None:
        if next(calls) == number:
            act()

    return called


def crash() -> None:
    """Let the process die."""
    raise Crash


def prove_receipt(o: Obligation, now: datetime) -> RecordReceived:
    """Return a submission that a folder shows at `now`."""
    return RecordReceived(
        at=now,
        milestone=o.milestone,
        party=o.party,
        by=Actor("source", "folder"),
        idempotency_key=f"{o.milestone}/{o.party}",
    )


@dataclass
class ProvingChecker:
    """A checker that proves what `commands` says of an obligation."""

    commands: Callable[[Obligation, datetime], tuple[Command, ...]]
    source: str = "manual"
    before: Callable[[], object] = nothing

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return one finding for each obligation."""
        self.before()
        return [
            Finding(
                milestone=o.milestone,
                party=o.party,
                source=self.source,
                seen="a file",
                commands=self.commands(o, now),
            )
            for o in open_obligations
        ]


@dataclass
class LockedStore:
    """A record whose next change is refused after `lock`, and no later one."""

    store: Store
    is_locked: bool = False

    def lock(self) -> None:
        """Refuse the next change."""
        self.is_locked = True

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """Open a write transaction, unless the record is locked."""
        if self.is_locked:
            self.is_locked = False
            raise RecordUnavailable("the database is locked")
        with self.store.transaction() as unit:
            yield unit

    def verify(self) -> None:
        """Look at nothing."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Open a read-only transaction."""
        return self.store.reading()

    def close(self) -> None:
        """Leave the record open."""
