"""The ports: what the core asks of the world, as Protocols with their contracts.

Every implementation of a port passes the same contract suite (tests/contracts).
All instants are aware and UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from scheduler.errors import Problem
from scheduler.plan.agenda import Agenda, Rung, RungState
from scheduler.plan.letters import Letter, MessageKind
from scheduler.plan.model import Fact, Plan
from scheduler.plan.obligations import Obligation

MessageState = Literal["queued", "inflight", "sent", "skipped", "missed", "cancelled", "failed", "ambiguous", "held"]


class Clock(Protocol):
    """The only source of the present moment."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""

    def seconds_until(self, instant: datetime) -> float:
        """Return how many real seconds to wait until `instant` (0 if it has come)."""


# ---------------------------------------------------------------- mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A finished message: its bytes never change again. `message_id` includes the brackets."""

    message_id: str
    date: datetime
    address: str
    subject: str
    data: bytes


Pace = Literal["soon", "scattered", "slowly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt to deliver; `reply` holds the server's words.

    A `deferred` mail may be tried again, at the given pace. `account` says that the trouble is not this
    mail's: pause, nothing should leave for a while; stop, nothing until a person has looked.
    `is_dead` says that the address itself takes no mail. `ambiguous`: the mail was handed over and no
    answer came.
    """

    state: Literal["sent", "failed", "ambiguous", "deferred"]
    reply: str = ""
    pace: Pace = "soon"
    account: Literal["pause", "stop"] | None = None
    is_dead: bool = False


class Composer(Protocol):
    """Turns a letter into the bytes of a mail; the same letter gives the same bytes."""

    def compose(self, letter: Letter) -> Mail:
        """Return the finished mail. Raises `UserError` where a template or a name does not serve."""


class Mailer(Protocol):
    """Hands a finished mail to the world.

    `account` names the account it sends from, for limits and pauses shared by all processes; it is
    another name as soon as the credentials are others.
    """

    @property
    def account(self) -> str:
        """Return the name of the account."""

    def send(self, mail: Mail) -> Outcome:
        """Deliver the mail's bytes as they are and say what became of them."""

    def close(self) -> None:
        """Let go of any connection."""


class SentFolder(Protocol):
    """Where the mail account keeps what it has sent. Looking changes nothing there, and ends in time."""

    def has(self, message_id: str) -> bool:
        """Return whether a mail with this Message-ID (with its brackets) lies there.

        Raises `UserError`, with the way out, where the folder cannot be looked into.
        """


# ---------------------------------------------------------------- definitions and checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One plan as loaded, with the text it was read from."""

    plan: Plan
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the definition files gave: the plans that are sound, and every problem of the others."""

    definitions: tuple[Definition, ...]
    problems: tuple[Problem, ...]


class Definitions(Protocol):
    """The door through which plans come in."""

    def load(self) -> Loaded:
        """Read everything; a wrong definition is left out whole and explained in `problems`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one status check saw of one obligation."""

    milestone: str
    party: str
    source: str
    seen: str


class Checker(Protocol):
    """Looks whether open obligations have been answered. Source `manual` reads the record only."""

    source: str

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return what is seen of each open obligation, in the order given."""


# ---------------------------------------------------------------- calendars


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a calendar as it is said; nothing in it depends on when it is read.

    Days are inclusive; with a `clock` it is an hour of `zone`, else whole days. `mark` says the state in front of
    the title, for programs that show nothing else. An item may stand among the events, among the tasks, or in both.
    """

    uid: str
    language: str
    title: str
    text: str
    first: date
    last: date
    mark: str = ""
    place: str = ""
    clock: time | None = None
    end_clock: time | None = None  # on the last day; before `clock` on one day: after midnight
    zone: str = ""
    state: Literal["confirmed", "tentative", "cancelled"] = "confirmed"
    busy: bool = False
    is_event: bool = True
    task_due: date | None = None  # set for a task
    task_done: datetime | None = None
    task_begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An item as it was published, since when, and its bytes; `version` is that of what rendered it.

    `sequence` counts the changes, `revised_at` is the last of them. `gone_at`: since then it is shown as cancelled;
    `left_at`: since then it is not in the calendar. It is kept, so that it goes on counting if it comes back.
    """

    item: Item
    version: str
    sequence: int
    created_at: datetime
    revised_at: datetime
    gone_at: datetime | None = None
    left_at: datetime | None = None
    event: bytes = b""
    task: bytes = b""


class Calendars(Protocol):
    """Says what stands in whose calendar, and renders it. Pure: the same in, the same out."""

    @property
    def version(self) -> str:
        """Return a word, another one where the same items give other bytes."""

    @property
    def word(self) -> str:
        """Return one word for everything that drawing and rendering follow from besides agenda and generation."""

    def draw(self, agenda: Agenda, audience: str, generation: int) -> Iterable[Item]:
        """Yield what a party (or the public: "") finds in its calendar of a plan, each uid once.

        `generation` is that of the party's page, to which entries lead.
        """

    def cancel(self, item: Item) -> Item:
        """Return an item as it is said for a while after it is gone."""

    def render(self, item: Item, *, sequence: int, created_at: datetime, revised_at: datetime) -> tuple[bytes, bytes]:
        """Return an item's bytes among the events and among the tasks; empty where it does not stand."""


# ---------------------------------------------------------------- store


class Inputs(NamedTuple):
    """What besides its revision the promises of a plan follow from, as numbers that only grow."""

    last_fact: int  # the id of the newest fact
    idle: int  # how many idle days are recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanState:
    """What the store knows of a plan at a glance."""

    plan: str
    digest: str
    first_loaded_at: datetime
    loaded_at: datetime
    reconciled: str = ""  # the inputs of the last reconcile, as one comparable word
    seen_on: date | None = None  # the last local day with a tick inside the opening hours
    checked_at: datetime | None = None  # the last status check
    last_fact: int = 0  # the id of the newest fact
    idle: int = 0  # how many idle days are recorded
    next_rung: datetime | None = None  # the earliest instant of a planned promise, past ones included
    published: str = ""  # what the calendars follow from, as one comparable word


@dataclass(frozen=True, slots=True, kw_only=True)
class RungRow:
    """A promise in the ledger."""

    id: int
    plan: str
    milestone: str
    party: str
    name: str
    due: date
    at: datetime
    kind: MessageKind
    state: RungState
    reason: str
    note: str
    noticed_at: datetime | None = None  # the first tick that found it due
    settled_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str, date]:
        """Return what makes the promise unique within its plan."""
        return (self.milestone, self.party, self.name, self.due)


class RungCount(NamedTuple):
    """How many promises share an instant and a state, whatever they are about."""

    at: datetime
    state: RungState
    number: int


class StepAhead(NamedTuple):
    """How many planned promises share an instant, a milestone and a name."""

    at: datetime
    milestone: str
    name: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RungChange:
    """A change to an unsent rung; it is made only if the row is still in state `was`."""

    id: int
    was: RungState
    state: RungState
    at: datetime
    reason: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail for the outbox. `rungs` are the promises it carries to `mail.address`.

    It leaves not before `not_before` and is `missed` from `expires_at` on. `slot` is unique where
    set: a mail without rungs (receipt, change, outage) goes out once per slot.
    `party` is the addressee's organisation.
    """

    mail: Mail
    kind: MessageKind
    plan: str
    milestone: str | None
    party: str
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None
    rungs: tuple[int, ...] = ()
    slot: str | None = None
    rung: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A mail in the outbox and where it stands."""

    id: int
    mail: Mail
    kind: MessageKind
    plan: str
    milestone: str | None
    party: str
    rung: str | None
    state: MessageState
    reason: str
    reply: str
    attempts: int
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None
    settled_at: datetime | None
    rungs: tuple[int, ...] = ()
    unclear: bool = False  # an earlier attempt was ambiguous


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What is known of a mail account: whether it rests or was stopped, why, and how often in a row it had to rest."""

    name: str
    paused_until: datetime | None = None
    stopped: bool = False
    reason: str = ""
    strikes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """What the last status check of one source saw of one obligation, and since when it has."""

    milestone: str
    party: str
    source: str
    seen: str
    since: datetime
    checked_at: datetime


class Plans(Protocol):
    """Plan revisions."""

    def state(self, plan: str) -> PlanState | None:
        """Return what is remembered of a plan, or None before its first load."""

    def inputs(self, plan: str) -> Inputs:
        """Return what besides its revision the promises of a plan follow from; cheap, for a look before each mail."""

    def states(self) -> Sequence[PlanState]:
        """Return every plan ever loaded, ordered by id."""

    def terms(self, plan: str) -> Mapping[str, Any]:
        """Return the terms of the revision in force, the summary that `plan.changes` compares."""

    def record_revision(self, *, plan: str, digest: str, at: datetime, source: str, terms: Mapping[str, Any]) -> None:
        """Remember a revision that was loaded at `at`; the first one sets `first_loaded_at`."""

    def mark_reconciled(self, plan: str, inputs: str) -> None:
        """Remember that the ledger agrees with these inputs."""

    def mark_published(self, plan: str, inputs: str) -> None:
        """Remember that the calendars agree with these inputs."""

    def record_seen(self, plan: str, day: date, idle: Collection[date] = ()) -> None:
        """Remember a local day on which the daemon was there, and the working days before on which it was not."""

    def idle_days(self, plan: str) -> AbstractSet[date]:
        """Return the local working days on which the daemon was not there inside the opening hours."""


class Facts(Protocol):
    """What happened: appended, never changed."""

    def append(self, fact: Fact) -> Fact:
        """Append a fact and return it with its id; ids ascend in the order of appending."""

    def of(self, plan: str) -> Sequence[Fact]:
        """Return every fact of a plan ordered by (recorded_at, id), withdrawn ones included."""

    def get(self, id: int) -> Fact | None:
        """Return one fact."""


class Rungs(Protocol):
    """The ledger of promises: unique by (plan, milestone, party, name, due)."""

    def add(self, plan: str, rungs: Iterable[Rung], *, now: datetime) -> int:
        """Insert promises as they stream in, leave those whose key exists alone; return how many were given."""

    def of(self, plan: str) -> Sequence[RungRow]:
        """Return every promise of a plan ordered by (at, id)."""

    def get(self, id: int) -> RungRow | None:
        """Return one promise."""

    def among(self, ids: Collection[int]) -> Mapping[int, RungRow]:
        """Return those promises of these ids that there are."""

    def unsent(self, plan: str) -> Sequence[RungRow]:
        """Return the promises that a reconcile may still change: planned, cancelled, skipped."""

    def revise(self, changes: Iterable[RungChange], *, now: datetime) -> int:
        """Apply changes to rows that are still as they were seen; return how many were applied."""

    def due(self, plan: str, now: datetime) -> Sequence[RungRow]:
        """Return the planned promises whose instant has come, ordered by (at, id)."""

    def notice(self, ids: Collection[int], *, now: datetime) -> None:
        """Stamp when a due promise was first seen; a stamp stays."""

    def claim(self, ids: Collection[int], *, now: datetime) -> set[int]:
        """Move planned promises to `queued` and return those this caller got."""

    def settle(self, ids: Collection[int], state: RungState, reason: str, *, now: datetime) -> set[int]:
        """Move planned or queued promises to a final state and return those this caller moved."""

    def of_milestone(self, plan: str, milestone: str) -> Sequence[RungRow]:
        """Return every promise of one milestone (or occurrence) ordered by (at, id)."""

    def following(self, ids: Collection[int]) -> Mapping[int, datetime]:
        """Return for each of these promises the next planned one of its obligation, if any; escalations left out."""

    def between(self, plan: str, after: datetime, until: datetime) -> Sequence[RungRow]:
        """Return the promises with `after` < at <= `until`, whatever their state, ordered by (at, id)."""

    def missed(self, plan: str, after: datetime) -> Sequence[RungRow]:
        """Return the promises that were settled as missed after an instant, ordered by (at, id)."""

    def of_party(self, plan: str, party: str, milestone: str | None = None) -> Sequence[RungRow]:
        """Return every promise of one party, or of one of its obligations, ordered by (at, id)."""

    def counts(self, plan: str) -> Sequence[RungCount]:
        """Return how many promises there are by instant and state, in the order of instants."""

    def ahead(self, plan: str, after: datetime, until: datetime) -> Sequence[StepAhead]:
        """Return what is planned with `after` < at <= `until`, counted, in the order of instants."""

    def settled(
        self, plans: Collection[str], *, party: str | None = None, states: Collection[RungState] = (), limit: int
    ) -> Sequence[RungRow]:
        """Return up to `limit` promises that have ended, the one that ended last first."""

    def next_at(self, plans: Collection[str], after: datetime) -> datetime | None:
        """Return the earliest instant after `after` of any planned promise of these plans."""


class Outbox(Protocol):
    """Finished mails on their way. A delivery is unique by (rung, address)."""

    def add(self, outgoing: Outgoing) -> int | None:
        """Queue a mail with its deliveries; None if its slot or Message-ID was used before."""

    def claim(self, now: datetime, *, by: str, lease: timedelta, limit: int) -> Sequence[MessageRow]:
        """Take mails that may leave at `now` (or whose lease ran out) for delivery.

        They become `inflight` under the name `by` until the lease ends; soonest due first.
        """

    def finish(
        self,
        id: int,
        *,
        by: str,
        state: MessageState,
        reason: str,
        reply: str,
        attempted: bool,
        now: datetime,
        not_before: datetime | None = None,
        unclear: bool = False,
    ) -> bool:
        """Record what became of a mail taken by `by`; settle the rungs whose deliveries are all final.

        False if the lease was lost meanwhile; nothing is changed then.
        With state `queued` the mail goes back, not to leave before `not_before`; `unclear` marks that this
        attempt was ambiguous. A rung is `sent` if any delivery was, else the first of `ambiguous`, `failed`, `missed`,
        `cancelled`, `skipped` that one of its deliveries has.
        """

    def has_slot(self, slot: str) -> bool:
        """Return whether a mail was ever queued under this slot."""

    def cancel(self, slot: str, reason: str, *, now: datetime) -> int:
        """Cancel the queued mails whose slot begins with `slot`; return how many there were."""

    def hold(self, id: int) -> bool:
        """Keep a queued mail back until it is released; False if it is not queued."""

    def release(self, id: int) -> bool:
        """Let a held mail go; False if it is not held."""

    def retry(self, id: int, *, now: datetime) -> bool:
        """Queue a failed or ambiguous mail and its rungs again, by a person's decision; False if it is neither."""

    def postpone(self, id: int, *, by: str, until: datetime) -> None:
        """Put a mail taken by `by` back into the queue, not to leave before `until`."""

    def get(self, id: int) -> MessageRow | None:
        """Return one mail."""

    def list(self, *, plan: str | None = None, states: Collection[MessageState] = ()) -> Sequence[MessageRow]:
        """Return mails, oldest first."""

    def newest(
        self,
        *,
        states: Collection[MessageState] = (),
        plan: str | None = None,
        milestone: str | None = None,
        party: str | None = None,
        limit: int,
        offset: int = 0,
    ) -> Sequence[MessageRow]:
        """Return up to `limit` mails, newest first, after leaving out `offset` of them; `party` is whose contact."""

    def counts(self) -> Mapping[MessageState, int]:
        """Return how many mails there are by state; a state that none has is left out."""

    def of_rungs(self, rungs: Collection[int]) -> Mapping[int, Sequence[MessageRow]]:
        """Return the mails that carried each of these promises."""

    def next_at(self) -> datetime | None:
        """Return the earliest instant at which a queued mail may leave or a lease ends, past ones included."""


class Accounts(Protocol):
    """Mail accounts: their pauses, and the limits that all processes share."""

    def state(self, name: str) -> AccountState:
        """Return what is known of an account; of one never heard of, that nothing is wrong."""

    def pause(self, name: str, *, until: datetime, reason: str) -> None:
        """Let an account rest; counts one more strike."""

    def stop(self, name: str, *, reason: str) -> None:
        """Stop an account until a person clears it."""

    def clear(self, name: str) -> None:
        """Forget every trouble of an account; what it has used of its limits stays."""

    def take(self, name: str, wanted: int, *, now: datetime, per_minute: int, per_day: int) -> int:
        """Count up to `wanted` mails as leaving now and return how many the limits allow; a limit of 0 is none.

        The minute is the clock's, the day the last 24 full hours and the one running.
        """

    def give_back(self, name: str, count: int, *, now: datetime) -> None:
        """Take back mails that were counted at `now` and did not leave after all."""


class Journal(Protocol):
    """What the daemon did and saw itself."""

    def last_tick(self) -> datetime | None:
        """Return when the last completed tick was."""

    def record_tick(self, at: datetime) -> None:
        """Remember a completed tick."""

    def record_outage(self, since: datetime, until: datetime) -> None:
        """Remember a span in which steps suffered, and that the operators were told at its end."""

    def outages(self, after: datetime) -> Sequence[tuple[datetime, datetime]]:
        """Return the outages that ended after an instant, oldest first."""

    def record_check(self, plan: str, at: datetime, findings: Sequence[Finding]) -> None:
        """Remember what a status check of a loaded plan saw; `since` stays while what is seen stays the same."""

    def checks(self, plan: str) -> Sequence[CheckRow]:
        """Return what the last check of each obligation saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """Somebody who is signed in."""

    email: str
    began_at: datetime
    renewed_at: datetime
    expires_at: datetime


class Access(Protocol):
    """Who may come in: sign-in links and sessions. Secrets are never stored, only their digests."""

    def add_link(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Remember a sign-in link that was made for an address."""

    def links_since(self, email: str, after: datetime) -> int:
        """Return how many links were made for an address after an instant."""

    def use_link(self, digest: str, *, now: datetime) -> str | None:
        """Use a link up and return whom it lets in; None if it is unknown, used or expired."""

    def begin_session(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Remember a session."""

    def session(self, digest: str, *, now: datetime) -> SessionRow | None:
        """Return a session that has not expired, by its secret or the one that it had last."""

    def renew_session(self, digest: str, *, to: str, now: datetime, expires_at: datetime) -> bool:
        """Give a session another secret; False if another request did so first. The old one stays good for a minute."""

    def end_session(self, digest: str) -> None:
        """Forget a session."""

    def end_sessions(self, email: str) -> int:
        """Forget every session and every unused link of an address; return how many sessions there were."""

    def forget_expired(self, *, now: datetime) -> None:
        """Delete links and sessions whose time is over for a day or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """The address of a calendar. `audience` is a party, or "" for the public; `plan` None stands for all plans."""

    id: int
    audience: str
    plan: str | None
    tasks: bool
    generation: int
    created_at: datetime
    revoked_at: datetime | None = None
    last_fetched_at: datetime | None = None
    client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What stands in a calendar now: the bytes in order, the zones they name, and when that last changed."""

    parts: tuple[bytes, ...]
    zones: tuple[str, ...]
    changed_at: datetime | None


class Feeds(Protocol):
    """Calendar addresses and what was published to them."""

    def add(self, *, audience: str, plan: str | None, tasks: bool, at: datetime) -> FeedRow:
        """Make an address, its generation unique for its audience; its plans are no longer published."""

    def revoke(self, id: int, *, at: datetime) -> bool:
        """Make an address good for nothing; False if there is none, or it was revoked before."""

    def list(self) -> Sequence[FeedRow]:
        """Return every address there ever was, oldest first."""

    def word(self) -> str:
        """Return a word that is another one whenever the contents of a calendar, or the addresses, may be others."""

    def audiences(self, plan: str) -> Sequence[str]:
        """Return who has an address at which a plan is shown."""

    def entries(self, audience: str, plan: str) -> Sequence[Entry]:
        """Return everything that was ever published to somebody of a plan, without its bytes."""

    def save(self, audience: str, plan: str, entries: Iterable[Entry]) -> None:
        """Add entries, or put them in the place of those with their uid; without bytes the old ones stay."""

    def contents(self, feed: FeedRow) -> Contents:
        """Return what stands in a calendar now, ordered by day and uid."""

    def note_fetch(self, id: int, *, at: datetime, client: str) -> None:
        """Remember when a calendar was last fetched, and by which program."""


class Pages(Protocol):
    """The private addresses of parties' pages: only how often each was revoked is kept."""

    def generations(self) -> Mapping[str, int]:
        """Return the generation that is good now of every party whose address was ever revoked; of others it is 1."""

    def revoke(self, party: str, *, now: datetime) -> int:
        """Make the party's present address worthless; return the good generation. No plan is published any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that came with a submission; its bytes lie outside of the record, known by their digest.

    `name` is a text that its sender chose, `kind` its media type as found in the bytes.
    """

    name: str
    kind: str
    size: int
    digest: str  # SHA-256 in hexadecimal figures
    id: int = 0
    fact: int = 0
    party: str = ""
    received_at: datetime | None = None


class Documents(Protocol):
    """What is known of the files that came in."""

    def add(self, fact: Fact, document: Document) -> Document:
        """Remember a file that came with a recorded fact; return it as it is remembered."""

    def get(self, id: int) -> Document | None:
        """Return one file."""

    def of(self, facts: Collection[int]) -> Sequence[Document]:
        """Return the files that came with these facts, oldest first."""

    def size_since(self, party: str, since: datetime) -> int:
        """Return how many bytes came from a party at an instant or later."""


class Unit(Protocol):
    """One transaction: everything in it happens or nothing does."""

    plans: Plans
    facts: Facts
    rungs: Rungs
    outbox: Outbox
    accounts: Accounts
    journal: Journal
    access: Access
    feeds: Feeds
    pages: Pages
    documents: Documents


class Store(Protocol):
    """The record. Any number of processes may use one store."""

    def transaction(self) -> AbstractContextManager[Unit]:
        """Open a writing transaction; commit on leaving, roll back on an exception."""

    def reading(self) -> AbstractContextManager[Unit]:
        """Open a consistent view that never waits for a writer; nothing may be changed in it."""

    def close(self) -> None:
        """Let go of every connection."""
