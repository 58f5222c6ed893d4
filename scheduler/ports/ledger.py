"""Plans, facts and promises as the record keeps them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from scheduler.plan.agenda import Rung, RungState
from scheduler.plan.facts import Fact
from scheduler.plan.message_kinds import MessageKind


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


FEW = 3  # parties that are named rather than counted


class StepAhead(NamedTuple):
    """How many planned promises share an instant, a milestone and a name; of `FEW` at most also whose they are."""

    at: datetime
    milestone: str
    name: str
    number: int
    parties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RungChange:
    """A change to an unsent rung; it is made only if the row is still in state `was`."""

    id: int
    was: RungState
    state: RungState
    at: datetime
    reason: str
    note: str


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
