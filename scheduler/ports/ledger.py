"""Plans, facts and rungs as the record keeps them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from scheduler.plan.agenda import Rung, RungState
from scheduler.plan.facts import Fact
from scheduler.plan.message_kinds import RungKind
from scheduler.plan.reasons import Reason
from scheduler.plan.scope import Scope
from scheduler.ports.definitions import NO_FILES, RevisionText

AnyFact = TypeVar("AnyFact", bound=Fact)


class Inputs(NamedTuple):
    """The inputs of a plan's agenda other than its revision, as numbers that only grow."""

    last_fact: int  # id of the newest fact
    idle: int  # number of recorded idle days


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanState:
    """What the record knows about a plan; instants are UTC."""

    plan: str
    digest: str
    first_loaded_at: datetime
    loaded_at: datetime
    reconciled: str = ""  # fingerprint of the inputs of the last reconcile
    seen_on: date | None = None  # last local day with a tick within the opening hours
    checked_at: datetime | None = None  # last status check
    last_fact: int = 0  # id of the newest fact
    idle: int = 0  # number of recorded idle days
    next_rung: datetime | None = None  # earliest instant of a planned rung, past ones included
    published: str = ""  # fingerprint of the inputs of the published calendars
    place: str = ""  # the machine and the file that the revision was read from; "" if an older program did
    served: bool = True  # whether the process that plans has the plan loaded

    @property
    def is_owing(self) -> bool:
        """Return whether any step of the plan is still promised."""
        return self.next_rung is not None


class Plans(Protocol):
    """The revisions of plans."""

    def state(self, plan: str) -> PlanState | None:
        """Return the state of a plan, or None before its first load."""

    def inputs(self, plan: str) -> Inputs:
        """Return the inputs of a plan's agenda other than its revision; cheap enough to call before each mail."""

    def states(self) -> Sequence[PlanState]:
        """Return the state of every plan ever loaded, ordered by id."""

    def terms(self, plan: str) -> Mapping[str, Any]:
        """Return the terms of the revision in force: the plain data that `plan.revisions` compares."""

    def record_revision(
        self,
        *,
        plan: str,
        digest: str,
        at: datetime,
        source: str,
        terms: Mapping[str, Any],
        files: Mapping[str, str] = NO_FILES,
        place: str = "",
    ) -> None:
        """Record a revision that was loaded at `at`; the first one sets `first_loaded_at`."""

    def former(self, plan: str, digest: str) -> datetime | None:
        """Return when a revision was last loaded that is not in force any more; None if it never was."""

    def text(self, plan: str) -> RevisionText | None:
        """Return the text of the revision in force; None if an older program recorded it."""

    def keep_text(self, plan: str, digest: str, files: Mapping[str, str], place: str) -> None:
        """Record where the revision in force was read from, and its files."""

    def mark_served(self, served: Collection[str]) -> None:
        """Record which plans the process has loaded that plans."""

    def mark_reconciled(self, plan: str, inputs: str) -> None:
        """Record that the ledger agrees with the inputs that have this fingerprint."""

    def mark_published(self, plan: str, inputs: str) -> None:
        """Record that the calendars agree with the inputs that have this fingerprint."""

    def record_seen(self, plan: str, day: date, idle: Collection[date] = ()) -> None:
        """Record a local day on which the daemon was running, and earlier working days on which it was not."""

    def idle_days(self, plan: str) -> AbstractSet[date]:
        """Return the local working days on which the daemon was not running within the opening hours."""


class Facts(Protocol):
    """The facts of all plans: appended, never changed."""

    def append(self, fact: AnyFact) -> AnyFact:
        """Append a fact and return it with its id; ids ascend in the order of appending."""

    def of(self, plan: str) -> Sequence[Fact]:
        """Return every fact of a plan ordered by (recorded_at, id), withdrawn ones included."""

    def general(self, plan: str) -> Sequence[Fact]:
        """Return the facts of a plan that may concern more than one obligation, ordered by (recorded_at, id).

        They name no milestone or no party, or are withdrawals.
        """

    def within(self, plan: str, scope: Scope) -> Sequence[Fact]:
        """Return the other facts of a plan about the obligations of a scope, in no order.

        The scope names occurrences by their own ids (`Relations.spelled_out`).
        """

    def since(self, plan: str, id: int) -> Sequence[Fact]:
        """Return the facts of a plan that were appended after the one with this id, ordered by (recorded_at, id)."""

    def get(self, id: int) -> Fact | None:
        """Return one fact, or None if there is none with this id."""

    def subjects(self, plan: str) -> set[tuple[str | None, str | None]]:
        """Return each milestone and party that the facts of a plan are about.

        Withdrawn facts are included, those that an edit of the plan file implies are not.
        """


class Renames(Protocol):
    """Carries the record of an id over to the id that replaces it, in all parts of the record.

    What cannot be told apart from what the new id has already stays with the old one.
    """

    def milestone(self, plan: str, old: str, new: str) -> None:
        """Let everything about a milestone of a plan, and about its occurrences, belong to another id."""

    def party(self, plan: str, old: str, new: str) -> None:
        """Let everything about a party in a plan, its private addresses and its files belong to another id."""

    def group(self, plan: str, old: str, new: str) -> None:
        """Let what was chosen into a group of a plan belong to another id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungRow:
    """A rung in the ledger; instants are UTC."""

    id: int
    plan: str
    milestone: str
    party: str
    name: str
    due: date
    at: datetime
    kind: RungKind
    state: RungState
    reason: Reason
    note: Reason
    noticed_at: datetime | None = None  # first tick that found it due
    settled_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str, date]:
        """Return the key that is unique within the plan."""
        return (self.milestone, self.party, self.name, self.due)


UNSENT: tuple[RungState, ...] = ("planned", "cancelled", "skipped")  # states of rungs that a reconcile may change


class RungCount(NamedTuple):
    """The number of rungs that share an instant and a state."""

    at: datetime
    state: RungState
    number: int


FEW = 3  # up to this many parties are named, more are only counted


class StepAhead(NamedTuple):
    """The number of planned rungs that share an instant, a milestone and a name.

    `parties` names their parties if there are at most `FEW`.
    """

    at: datetime
    milestone: str
    name: str
    number: int
    parties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RungChange:
    """A change to an unsent rung; it applies only if the row is still in the state `was`."""

    id: int
    was: RungState
    state: RungState
    at: datetime
    reason: Reason
    note: Reason


class Rungs(Protocol):
    """The ledger of rungs, unique by (plan, milestone, party, name, due)."""

    def add(self, plan: str, rungs: Iterable[Rung], *, now: datetime) -> int:
        """Insert rungs as the iterable yields them; return how many it yielded.

        A rung whose key exists is left as it is, but counted.
        """

    def of(self, plan: str) -> Sequence[RungRow]:
        """Return every rung of a plan ordered by (at, id)."""

    def get(self, id: int) -> RungRow | None:
        """Return one rung, or None if there is none with this id."""

    def among(self, ids: Collection[int]) -> Mapping[int, RungRow]:
        """Return the rungs with these ids by id; ids without a rung are left out."""

    def within(self, plan: str, scope: Scope) -> Sequence[RungRow]:
        """Return all rungs of the obligations of a scope, in no order; it names occurrences by their own ids."""

    def unsent(self, plan: str) -> Sequence[RungRow]:
        """Return the rungs that a reconcile may still change: planned, cancelled, skipped."""

    def revise(self, changes: Iterable[RungChange], *, now: datetime) -> int:
        """Apply each change whose row is still in the expected state; return how many were applied."""

    def due(self, plan: str, now: datetime) -> Sequence[RungRow]:
        """Return the planned rungs whose instant has come, ordered by (at, id)."""

    def plan_unwritten(self, plan: str) -> int:
        """Plan the rungs again that failed because no mail could be written, or to nobody; return how many."""

    def plan_again(self, ids: Collection[int]) -> int:
        """Plan those of these rungs again that ended as cancelled; return how many there were."""

    def notice(self, ids: Collection[int], *, now: datetime) -> None:
        """Set `noticed_at` of due rungs; a value that is set stays."""

    def claim(self, ids: Collection[int], *, now: datetime) -> set[int]:
        """Move planned rungs to `queued` and return the ids of those that this call moved."""

    def settle(self, ids: Collection[int], state: RungState, reason: Reason, *, now: datetime) -> set[int]:
        """Move planned or queued rungs to a final state and return the ids of those that this call moved."""

    def of_milestone(self, plan: str, milestone: str) -> Sequence[RungRow]:
        """Return every rung of one milestone (or occurrence) ordered by (at, id)."""

    def following(self, ids: Collection[int]) -> Mapping[int, datetime]:
        """Return by id the instant of the next planned step of the same obligation, if any, without escalations."""

    def between(self, plan: str, after: datetime, until: datetime) -> Sequence[RungRow]:
        """Return the rungs with `after` < at <= `until`, in any state, ordered by (at, id)."""

    def missed(self, plan: str, after: datetime) -> Sequence[RungRow]:
        """Return the rungs that were settled as missed after an instant, ordered by (at, id)."""

    def of_party(self, plan: str, party: str, milestone: str | None = None) -> Sequence[RungRow]:
        """Return every rung of one party, or of one of its obligations, ordered by (at, id)."""

    def counts(self, plan: str) -> Sequence[RungCount]:
        """Return the number of rungs by instant and state, in the order of instants."""

    def ahead(self, plan: str, after: datetime, until: datetime) -> Sequence[StepAhead]:
        """Return the number of planned rungs with `after` < at <= `until` by step, in the order of instants."""

    def settled(
        self,
        plans: Collection[str],
        *,
        party: str | None = None,
        states: Collection[RungState] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int,
    ) -> Sequence[RungRow]:
        """Return up to `limit` rungs that were settled from `since` on and before `until` (UTC), the last first."""

    def next_at(self, plans: Collection[str], after: datetime) -> datetime | None:
        """Return the earliest instant after `after` of any planned rung of these plans, or None."""
