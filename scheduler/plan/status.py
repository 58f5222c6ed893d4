"""How an obligation stands, read from its facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scheduler.plan.model import Channel, Fact, FactKind, Milestone

StandingState = Literal["open", "partial", "submitted", "returned", "resubmitted", "accepted", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the facts say of one obligation. `missing` holds deliverable ids still owed.

    `first_at` is when the first complete submission happened, `complete_at` when the last did
    (both UTC, `happened_at`; a postmark counts). `closed_by` is the fact that closed the
    obligation; from its `recorded_at` on no rung is due. `declared` holds the facts in which the party
    says it has sent something, `disowned` those in which it says the task is not its own, until one answers them.
    """

    state: StandingState = "open"
    missing: tuple[str, ...] = ()
    first_at: datetime | None = None
    complete_at: datetime | None = None
    closed_by: Fact | None = None
    channels: frozenset[Channel] = frozenset()
    declared: tuple[Fact, ...] = ()
    disowned: tuple[Fact, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether something is still owed."""
        return self.closed_by is None


_ANSWERS = ("received", "accepted", "returned", "waived")  # to what a party says
WHOLE = ""  # stands for the one thing owed by a milestone without deliverables


def drop_withdrawn(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that still count, in order: without withdrawals and what they took back.

    A withdrawal can be taken back too; what it took back counts again.
    """
    facts = list(facts)
    withdrawn: set[int | None] = set()
    for fact in reversed(facts):
        if fact.kind == "withdrawn" and fact.id not in withdrawn:
            withdrawn.add(fact.target)
    return [fact for fact in facts if fact.kind != "withdrawn" and fact.id not in withdrawn]


def read_standing(milestone: Milestone, facts: Sequence[Fact]) -> Standing:
    """Fold the facts of one obligation, in the order they were recorded, into how it stands.

    What comes again through a channel not used before is a copy: of the two times the earlier counts.
    Once accepted, nothing that comes later makes it late.
    """
    everything = tuple(d.id for d in milestone.deliverables) or (WHOLE,)
    received: dict[str, datetime] = {}
    state: StandingState = "open"
    first_at = complete_at = None
    closed_by: Fact | None = None
    channels: set[Channel] = set()
    used: set[Channel] = set()  # since the last return
    for fact in facts:
        if fact.kind == "received":
            copy = closed_by is not None and fact.channel is not None and fact.channel not in used
            for item in fact.deliverables or everything:
                earlier = received.get(item) if copy else None
                received[item] = min(earlier or fact.happened_at, fact.happened_at)
            if fact.channel is not None:
                channels.add(fact.channel)
                used.add(fact.channel)
            if state != "accepted" and all(item in received for item in everything):
                again = state in ("returned", "resubmitted")
                complete_at = max(received[item] for item in everything)
                first_at = first_at or complete_at
                if state != "waived":
                    state, closed_by = ("resubmitted" if again else "submitted"), closed_by or fact
            elif state == "open":
                state = "partial"
        elif fact.kind == "returned":
            for item in fact.missing or everything:
                received.pop(item, None)
            used.clear()
            state, closed_by = "returned", None
        elif fact.kind == "accepted":
            complete_at = complete_at or fact.happened_at
            first_at = first_at or complete_at
            state, closed_by = "accepted", closed_by or fact
        elif fact.kind == "waived":
            state, closed_by = "waived", closed_by or fact
    missing = () if closed_by else tuple(item for item in everything if item not in received and item != WHOLE)
    return Standing(
        state=state,
        missing=missing,
        first_at=first_at,
        complete_at=complete_at,
        closed_by=closed_by,
        channels=frozenset(channels),
        declared=() if closed_by else _unanswered(facts, "declared"),
        disowned=_unanswered(facts, "disowned"),
    )


def _unanswered(facts: Sequence[Fact], kind: FactKind) -> tuple[Fact, ...]:
    """Return what the party has said since the last fact that answers it."""
    answered = max((n for n, fact in enumerate(facts, 1) if fact.kind in _ANSWERS), default=0)
    return tuple(fact for fact in facts[answered:] if fact.kind == kind)
