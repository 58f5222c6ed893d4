"""How far a plan has reached its own targets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.plan.agenda import Agenda
from scheduler.plan.facts import Counted
from scheduler.plan.membership import members
from scheduler.plan.model import Indicator, Milestone, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.status import read_cell

_TARGET = re.compile(r"(>=|<=|=)? ?(\d+)(%?)(?:\.\.(\d+)%?)?")  # accepts every target that a plan file may hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The count of an indicator: `done` of `total`, and whether that reaches the target.

    `total` is None for a number that is out of nothing. `counted` holds the results that a person recorded and that
    the count follows from.
    """

    done: int
    total: int | None
    is_reached: bool
    counted: tuple[Counted, ...] = ()


def measure(agenda: Agenda, indicator: Indicator, now: datetime) -> Figure | None:
    """Return the figure of an indicator, or None if a person has to count it and has not.

    A submission counts once it is complete, or once the one document that the indicator asks for has come; an
    event counts once it is over. A party that was released from the obligation is left out of both numbers.
    """
    asked = indicator.measure
    if asked.manual or asked.milestone is None:
        return _sum_up(agenda.plan, indicator, agenda.counted.get(indicator.id, ()))
    milestone = agenda.plan.milestone(asked.milestone)
    own = [o for o in agenda.obligations if agenda.plan.milestone(o.milestone) is milestone and o.is_duty]
    alive = [o for o in own if o.standing.state != "waived"]
    done = sum(_is_done(agenda, o, milestone, asked.deliverable, now) for o in alive)
    return Figure(done=done, total=len(alive), is_reached=is_reached(indicator.target, done, len(alive)))


def is_share(target: str) -> bool:
    """Return whether a target is a share of a whole, such as "100%"."""
    return "%" in target


def is_reached(target: str, done: int, total: int) -> bool:
    """Return whether a count reaches a target such as "100%", ">= 1" or "30%..50%"."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return False
    sign, low, _, high = found.groups()
    value = (100 * done / total if total else 0.0) if is_share(target) else float(done)
    if high is not None:
        return int(low) <= value <= int(high)
    return value <= int(low) if sign == "<=" else value == int(low) if sign == "=" else value >= int(low)


def counted_parties(plan: Plan) -> tuple[str, ...]:
    """Return the ids of the parties of which results are counted: the members, or else all that are not external."""
    return members(plan, "members") or tuple(party.id for party in plan.parties.values() if not party.external)


def whole_of_all(plan: Plan, indicator: Indicator, result: Counted) -> int | None:
    """Return what a result of all parties is out of: what it says, or else their number, if they are counted."""
    if result.of is None and (indicator.measure.each or is_share(indicator.target)):
        return len(counted_parties(plan))
    return result.of


def _sum_up(plan: Plan, indicator: Indicator, results: Sequence[Counted]) -> Figure | None:
    """Return the figure that follows from recorded results, in the order of recording; None if there are none.

    The last result of all parties together stands until one of a single party is recorded after it: then the last
    result of each party counts. What a party did that is not counted any more, is left out.
    """
    parties = counted_parties(plan)
    results = [fact for fact in results if fact.party is None or fact.party in parties]
    if not results:
        return None
    whole = next((place for place, fact in enumerate(reversed(results)) if fact.party is None), len(results))
    of_parties = {fact.party: fact for fact in results[len(results) - whole :]}
    if of_parties:
        return _sum_up_parties(indicator, len(parties), tuple(of_parties.values()))
    last = results[-1]
    total = whole_of_all(plan, indicator, last)
    is_enough = last.value == total if indicator.measure.each else is_reached(indicator.target, last.value, total or 0)
    return Figure(done=last.value, total=total, is_reached=is_enough, counted=(last,))


def _sum_up_parties(indicator: Indicator, parties: int, results: tuple[Counted, ...]) -> Figure:
    target = indicator.target
    if indicator.measure.each:
        done = sum(is_reached(target, fact.value, fact.of or 0) for fact in results)
        return Figure(done=done, total=parties, is_reached=done == parties, counted=results)
    done = sum(fact.value for fact in results)
    total = parties if is_share(target) else None
    return Figure(done=done, total=total, is_reached=is_reached(target, done, total or 0), counted=results)


def _is_done(agenda: Agenda, o: Obligation, milestone: Milestone, document: str | None, now: datetime) -> bool:
    if read_cell(agenda, o, now).is_done:
        return True
    return document is not None and document not in o.standing.missing
