"""Which parties take part in a milestone, and for how long: members, newcomers, successors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from scheduler.plan.facts import Fact, Waived
from scheduler.plan.model import Milestone, Plan
from scheduler.plan.obligations import Obligation


class Membership(NamedTuple):
    """The time for which a party takes part in a milestone: from `since` to `until` (UTC), where the party ends.

    `came` is the instant at which the party came into the milestone; whether something that was past by then
    is done is unknown. A successor inherits the `came` of its predecessor. `heir_of` names the predecessors of
    a party that takes part only as their successor.
    """

    party: str
    since: datetime
    came: datetime
    until: datetime | None
    heir_of: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Return whether the party ends before its part begins."""
        return self.until is not None and self.since >= self.until


def members(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the party ids behind a group or party name; () for an unknown name.

    A group that is filled during the year has only the parties that the plan file lists.
    """
    if name in plan.groups:
        return plan.groups[name].parties
    return (name,) if name in plan.parties else ()


def calls_off(plan: Plan, milestone: Milestone, fact: Fact | None) -> bool:
    """Return whether a fact calls an event off: it waives the event for all, or for a party that organises it."""
    if milestone.kind != "event" or not isinstance(fact, Waived):
        return False
    return fact.party is None or any(fact.party in members(plan, name) for name in milestone.organiser)


def merge_all(terms: Iterable[Membership]) -> list[Membership]:
    """Return one membership for each party, in the order in which they first come."""
    found: dict[str, Membership] = {}
    for term in terms:
        old = found.get(term.party)
        found[term.party] = term if old is None else _merge(old, term)
    return list(found.values())


def _merge(one: Membership, other: Membership) -> Membership:
    """Return the membership of a party that takes part in a milestone in two ways; the earlier start counts."""
    heir_of = one.heir_of | other.heir_of if one.heir_of and other.heir_of else frozenset()
    return one._replace(since=min(one.since, other.since), came=min(one.came, other.came), heir_of=heir_of)


def apply_joins(term: Membership, joined: Sequence[datetime]) -> Membership:
    """Return the membership, starting no earlier than the latest of `joined`.

    `joined` holds the UTC instants at which a revision of the plan added the party to the milestone.
    """
    return term._replace(since=max([term.since, *joined]), came=max([term.came, *joined]))


def is_passed_on(term: Membership, terms: Mapping[str, Membership], owed: Mapping[str, Obligation]) -> bool:
    """Return whether a party owes something in its own right, or because a predecessor left it open."""
    return not term.heir_of or any(
        party not in owed or (owed[party].standing.is_open and is_passed_on(terms[party], terms, owed))
        for party in term.heir_of
    )
