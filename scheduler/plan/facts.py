"""Facts: append-only records of something that happened, one class per kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal, NamedTuple, get_args

from scheduler.plan.dates.date_forms import DateForm, FixedForm, On
from scheduler.plan.model import Channel

FactKind = Literal[
    "received",
    "declared",
    "disowned",
    "replied",
    "accepted",
    "returned",
    "extended",
    "waived",
    "nominated",
    "date_fixed",
    "invited",
    "amended",
    "joined",
    "opened",
    "bounced",
    "rerouted",
    "paused",
    "retired",
    "counted",
    "skipped",
    "snoozed",
    "reminded",
    "noted",
    "postponed",
    "withdrawn",
]
Reply = Literal["accepted", "tentative", "declined", "delegated"]  # to an invitation, as calendars say it (RFC 5545)
ActorRole = Literal["office", "party", "definition", "mail server", "source"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who recorded a fact: somebody of the office, of the party on its page, or a part of the program.

    `name` is what the person or the source calls itself; it proves nothing.
    """

    role: ActorRole = "office"
    name: str = ""

    @property
    def label(self) -> str:
        """Return the actor in words, as listings print it: `An`, `page: Nam`, `definition`."""
        if self.role == "party":
            return f"page: {self.name}" if self.name else "page"
        return self.name or ("" if self.role == "office" else self.role)


OFFICE = Actor()
DEFINITION = Actor("definition")
MAIL_SERVER = Actor("mail server")
MAILBOX = Actor("source", "mailbox")  # what came in by mail and was recorded without a person


class Letter(NamedTuple):
    """A mail that has left: what it is about, a milestone or occurrence of a party, and the address that holds it."""

    milestone: str
    party: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactBase:
    """What every fact holds.

    `happened_at` decides lateness; `recorded_at` decides rungs and what the board showed in the past. Both are
    UTC. Facts are ordered by (`recorded_at`, `id`). `milestone` may be the id of an occurrence (`milestone@date`).
    The facts of one request share its `idempotency_key`. A fact that was recorded about the wrong thing is withdrawn,
    and another one `restates` it; 0 for any other fact. Nobody is written to because of one that `is_silent`.
    """

    kind: ClassVar[FactKind]

    plan: str
    happened_at: datetime
    recorded_at: datetime
    id: int = 0
    milestone: str | None = None
    party: str | None = None
    by: Actor = OFFICE
    idempotency_key: str = ""
    note: str = ""
    restates: int = 0
    is_silent: bool = False

    @property
    def label(self) -> str:
        """Return the key of what it is called; its kind, unless a kind is called by several names."""
        return self.kind

    @property
    def number(self) -> str:
        """Return the number under which a receipt confirms it and by which everybody can name it."""
        return f"{self.plan}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactOfObligation(FactBase):
    """What every fact holds that is about one milestone of one party."""

    milestone: str
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactOfChange(FactBase):
    """What every fact holds that changes what the plan says: the document that decides it, and why."""

    milestone: str
    decision: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(FactOfObligation):
    """A submission.

    `deliverables` holds the ids of what was submitted; empty means all. The postmark `sent_on` decides `happened_at`.
    `received_on` is the day of receipt, if `happened_at` is not the time of receipt. `mailed_at` is when the mail that
    brought it was sent (UTC), as its sender says.
    """

    kind: ClassVar[FactKind] = "received"

    deliverables: tuple[str, ...] = ()
    channel: Channel | None = None
    sent_on: date | None = None
    received_on: date | None = None
    mailed_at: datetime | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(FactOfObligation):
    """A party's claim that it sent something, which nobody has seen yet; `happened_at` is when it says it did.

    By a source: something has come that only a person can tell what it is.
    """

    kind: ClassVar[FactKind] = "declared"

    channel: Channel | None = None

    @property
    def label(self) -> str:
        """Return its kind; `came` if a source saw something and the party itself said nothing."""
        return "came" if self.by.role == "source" else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Disowned(FactOfObligation):
    """A party's claim that a task is not its own, or that its mails reach the wrong people."""

    kind: ClassVar[FactKind] = "disowned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied(FactOfObligation):
    """A party's reply to an invitation: whether it comes to the event on the days `form`.

    `address` is that of the contact who answered for itself; without one the answer is the whole party's. `deputy` is
    the name or the address of who comes instead, `people` how many come. `happened_at` is when it was said. `form` is
    filled in when it is recorded.
    """

    kind: ClassVar[FactKind] = "replied"

    reply: Reply
    address: str = ""
    deputy: str = ""
    people: int | None = None
    form: On | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(FactOfObligation):
    """The office accepted a complete submission."""

    kind: ClassVar[FactKind] = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(FactOfObligation):
    """The office sent a submission back; `missing` holds the ids of what must be sent again, empty means all."""

    kind: ClassVar[FactKind] = "returned"

    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended(FactOfChange):
    """One party got more time."""

    kind: ClassVar[FactKind] = "extended"

    party: str
    form: FixedForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived(FactOfChange):
    """A party, or every party of a milestone if `party` is None, need not do it."""

    kind: ClassVar[FactKind] = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nominated(FactBase):
    """Parties were chosen into a group that is filled during the year; none means that nobody is."""

    kind: ClassVar[FactKind] = "nominated"

    group: str
    parties: tuple[str, ...] = ()
    decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFixed(FactOfChange):
    """A decision set the date of a milestone for all its parties."""

    kind: ClassVar[FactKind] = "date_fixed"

    form: DateForm
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited(FactBase):
    """The office has invited the guests of an event itself, to the days `form` and the `place` in force.

    Without days it has told them that there are none any more. Both are filled in when it is recorded.
    """

    kind: ClassVar[FactKind] = "invited"

    milestone: str
    form: On | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended(FactOfChange):
    """The plan file was edited and gives a milestone another date; `was` is the one before the edit."""

    kind: ClassVar[FactKind] = "amended"

    form: DateForm
    was: DateForm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(FactOfObligation):
    """An edit of the plan file added a party to a milestone.

    A party that earlier revisions had there comes back; `left` is the UTC instant at which it was removed.
    """

    kind: ClassVar[FactKind] = "joined"

    left: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(FactOfObligation):
    """The office says that a party owes something after all, which was in doubt or disowned."""

    kind: ClassVar[FactKind] = "opened"

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced(FactBase):
    """An address of a party accepts no mail."""

    kind: ClassVar[FactKind] = "bounced"

    party: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted(FactBase):
    """A party has other addresses, `was` are those before; or `address`, which got no mail, gets it again."""

    kind: ClassVar[FactKind] = "rerouted"

    party: str
    was: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(FactBase):
    """An address of a party gets no mail up to and including the local day `until`, while the party has another."""

    kind: ClassVar[FactKind] = "paused"

    party: str
    address: str
    until: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired(FactBase):
    """The plan ended on purpose: what was still open is owed no more, and nobody is told."""

    kind: ClassVar[FactKind] = "retired"

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(FactBase):
    """A person counted the result of an indicator: `value`, out of `of` if there is a whole; for all, or for a party.

    `files` names the evidence.
    """

    kind: ClassVar[FactKind] = "counted"

    indicator: str
    value: int
    of: int | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped(FactOfObligation):
    """The office wants one step not to leave: the one with the name `step` that belongs to the day `due`."""

    kind: ClassVar[FactKind] = "skipped"

    step: str
    due: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snoozed(FactOfObligation):
    """A party is not reminded up to and including the local day `until`; a later pause ends the one before."""

    kind: ClassVar[FactKind] = "snoozed"

    until: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded(FactOfObligation):
    """The office asked for a reminder beyond those of the ladder, at once."""

    kind: ClassVar[FactKind] = "reminded"

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(FactOfObligation):
    """The office wrote something down, its `note`; nothing follows from it."""

    kind: ClassVar[FactKind] = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed(FactBase):
    """The office does not want to see what needs somebody before the end of the local day `until`.

    `need` names it, as `scheduler.queries.needs.urgency` does; `parties` are those whom it concerned then.
    """

    kind: ClassVar[FactKind] = "postponed"

    need: str
    until: date
    parties: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(FactBase):
    """The fact with the id `target` was taken back; `letters` are those that said what is no longer true."""

    kind: ClassVar[FactKind] = "withdrawn"

    target: int
    reason: str = ""
    letters: tuple[Letter, ...] = ()


# A new kind of fact is added here; mypy then names every `match` that has to say what becomes of it.
Fact = (
    Received
    | Declared
    | Disowned
    | Replied
    | Accepted
    | Returned
    | Extended
    | Waived
    | Nominated
    | DateFixed
    | Invited
    | Amended
    | Joined
    | Opened
    | Bounced
    | Rerouted
    | Paused
    | Retired
    | Counted
    | Skipped
    | Snoozed
    | Reminded
    | Noted
    | Postponed
    | Withdrawn
)
FACT_CLASSES: dict[FactKind, type[Fact]] = {cls.kind: cls for cls in get_args(Fact)}

Closing = Received | Accepted | Waived | Retired  # the facts that can close an obligation
Decision = Extended | DateFixed | Amended  # the facts that set a date


def recording_order(fact: Fact) -> tuple[datetime, int]:
    """Return what facts are sorted by."""
    return fact.recorded_at, fact.id


class Retraction(NamedTuple):
    """A fact that was taken back, and the withdrawal that did so."""

    fact: Fact
    by: Withdrawn


def find_retractions(facts: Iterable[Fact]) -> list[Retraction]:
    """Return the facts that no longer count, in the order in which they were taken back.

    `facts` holds all of them in the order of recording. A withdrawal of a fact that is not among them is left out.
    """
    facts = list(facts)
    known, withdrawals = {fact.id: fact for fact in facts}, _find_withdrawals(facts)
    return [Retraction(known[id], by) for id, by in reversed(withdrawals.items()) if id in known]


def drop_withdrawn(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that still count, in order, without withdrawals and the facts they withdraw.

    A withdrawal can be withdrawn too; the fact that it withdrew then counts again.
    """
    facts = list(facts)
    withdrawn = _find_withdrawals(facts)
    return [fact for fact in facts if not isinstance(fact, Withdrawn) and fact.id not in withdrawn]


def _find_withdrawals(facts: Sequence[Fact]) -> dict[int, Withdrawn]:
    """Return the withdrawals that count by the id of what they withdraw, the last one first."""
    found: dict[int, Withdrawn] = {}
    for fact in reversed(facts):
        if isinstance(fact, Withdrawn) and fact.id not in found:
            found[fact.target] = fact
    return found


def parties_of_fact(fact: Fact) -> tuple[str, ...]:
    """Return the ids of the parties that a fact names; () if it concerns everybody."""
    if isinstance(fact, Nominated | Postponed):
        return fact.parties
    return (fact.party,) if fact.party is not None else ()
