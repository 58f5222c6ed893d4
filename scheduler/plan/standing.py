"""The standing of an obligation, derived from its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.model import Channel, Milestone

StandingState = Literal["open", "partial", "submitted", "returned", "resubmitted", "accepted", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of one obligation according to its facts; `missing` holds the ids of deliverables still owed.

    `first_by` is the fact that completed the first submission, `complete_by` the one that completed the last.
    Their `happened_at` counts, which for paper is the postmark. `closed_by` is the fact that closed the
    obligation; from its `recorded_at` on no rung is due.

    `declared` holds the facts in which the party says that it has sent something, `disowned` those in which it
    says that the task is not its own. Both hold only facts that no later fact has answered.
    """

    state: StandingState = "open"
    missing: tuple[str, ...] = ()
    first_by: Fact | None = None
    complete_by: Fact | None = None
    closed_by: Fact | None = None
    channels: frozenset[Channel] = frozenset()
    declared: tuple[Fact, ...] = ()
    disowned: tuple[Fact, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether the obligation is not closed."""
        return self.closed_by is None

    @property
    def first_at(self) -> datetime | None:
        """Return the UTC instant of the first complete submission, or None."""
        return self.first_by.happened_at if self.first_by else None

    @property
    def complete_at(self) -> datetime | None:
        """Return the UTC instant of the last complete submission, or None."""
        return self.complete_by.happened_at if self.complete_by else None


_ANSWERS: tuple[FactKind, ...] = ("received", "accepted", "returned", "waived")  # kinds that answer a party's statement
_ANSWERS_TO: Mapping[FactKind, tuple[FactKind, ...]] = {
    "declared": _ANSWERS,
    "disowned": (*_ANSWERS, "opened"),  # "opened" confirms that the party owes it all the same
}
WHOLE = ""  # the only item owed for a milestone without deliverables


def read_standing(milestone: Milestone, facts: Sequence[Fact]) -> Standing:
    """Return the standing that follows from the facts of one obligation, given in the order of recording.

    A closed obligation that is submitted again by a channel not used before gets a copy; the earlier of the two
    times counts. After acceptance no further submission can make it late.
    """
    everything = tuple(d.id for d in milestone.deliverables) or (WHOLE,)
    received: dict[str, Fact] = {}
    state: StandingState = "open"
    first_by: Fact | None = None
    complete_by: Fact | None = None
    closed_by: Fact | None = None
    channels: set[Channel] = set()
    used: set[Channel] = set()  # channels used since the last return
    for fact in facts:
        if fact.kind == "received":
            copy = closed_by is not None and fact.channel is not None and fact.channel not in used
            for item in fact.deliverables or everything:
                earlier = received.get(item) if copy else None
                received[item] = min(earlier or fact, fact, key=_happened)
            if fact.channel is not None:
                channels.add(fact.channel)
                used.add(fact.channel)
            if state != "accepted" and all(item in received for item in everything):
                again = state in ("returned", "resubmitted")
                complete_by = max((received[item] for item in everything), key=_happened)
                first_by = first_by or complete_by
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
            complete_by = complete_by or fact
            first_by = first_by or complete_by
            state, closed_by = "accepted", closed_by or fact
        elif fact.kind == "waived" and (fact.party or closed_by is None):  # a waiver for all leaves closed ones alone
            state, closed_by = "waived", closed_by or fact
    missing = () if closed_by else tuple(item for item in everything if item not in received and item != WHOLE)
    return Standing(
        state=state,
        missing=missing,
        first_by=first_by,
        complete_by=complete_by,
        closed_by=closed_by,
        channels=frozenset(channels),
        declared=() if closed_by else _unanswered(facts, "declared"),
        disowned=_unanswered(facts, "disowned"),
    )


def _happened(fact: Fact) -> datetime:
    return fact.happened_at


def _unanswered(facts: Sequence[Fact], kind: FactKind) -> tuple[Fact, ...]:
    """Return the statements of this kind since the last fact that answers them."""
    answered = max((n for n, fact in enumerate(facts, 1) if fact.kind in _ANSWERS_TO[kind]), default=0)
    return tuple(fact for fact in facts[answered:] if fact.kind == kind)
