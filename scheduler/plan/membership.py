"""Who takes part in a milestone, from when until when: members, newcomers, successors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation


class Membership(NamedTuple):
    """A party's time in an obligation: from `since` on, up to `until` where the party ends.

    `came` is when it came into the milestone: what was past by then is in doubt. A successor has its
    predecessor's. `heir_of` names the predecessors of one that is in it only as their successor.
    """

    party: str
    since: datetime
    came: datetime
    until: datetime | None
    heir_of: frozenset[str] = frozenset()


def members(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the party ids that a group or party name stands for; a group chosen later has none."""
    if name in plan.groups:
        return plan.groups[name].parties
    return (name,) if name in plan.parties else ()


def merge(one: Membership, other: Membership) -> Membership:
    """Return the membership of a party that is in a milestone in two ways: the earlier start counts."""
    heir_of = one.heir_of | other.heir_of if one.heir_of and other.heir_of else frozenset()
    return one._replace(since=min(one.since, other.since), came=min(one.came, other.came), heir_of=heir_of)


def apply_joins(term: Membership, joined: Sequence[datetime]) -> Membership:
    """Return a membership that began when a revision last brought the party in, if one did (UTC instants)."""
    return term._replace(since=max([term.since, *joined]), came=max([term.came, *joined]))


def is_passed_on(term: Membership, terms: Mapping[str, Membership], owed: Mapping[str, Obligation]) -> bool:
    """Return whether a party owes in its own right, or because a predecessor left it open."""
    return not term.heir_of or any(
        party not in owed or (owed[party].standing.is_open and is_passed_on(terms[party], terms, owed))
        for party in term.heir_of
    )
