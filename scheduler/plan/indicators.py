"""How far a plan has reached its own targets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from scheduler.plan.agenda import Agenda
from scheduler.plan.model import Indicator, Milestone
from scheduler.plan.obligations import Obligation
from scheduler.plan.status import read_cell

_TARGET = re.compile(r"(>=|<=|=)? ?(\d+)(%?)(?:\.\.(\d+)%?)?")  # accepts every target that a plan file may hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The count of an indicator: `done` of `total`, and whether that reaches the target."""

    done: int
    total: int
    is_reached: bool


def measure(agenda: Agenda, indicator: Indicator, now: datetime) -> Figure | None:
    """Return the figure of an indicator, or None if a person has to count it.

    A submission counts once it is complete, or once the one document that the indicator asks for has come; an
    event counts once it is over. A party that was released from the obligation is left out of both numbers.
    """
    asked = indicator.measure
    if asked.manual or asked.milestone is None:
        return None
    milestone = agenda.plan.milestone(asked.milestone)
    own = [o for o in agenda.obligations if agenda.plan.milestone(o.milestone) is milestone and o.is_duty]
    alive = [o for o in own if o.standing.state != "waived"]
    done = sum(_is_done(agenda, o, milestone, asked.deliverable, now) for o in alive)
    return Figure(done=done, total=len(alive), is_reached=is_reached(indicator.target, done, len(alive)))


def is_reached(target: str, done: int, total: int) -> bool:
    """Return whether a count reaches a target such as "100%", ">= 1" or "30%..50%"."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return False
    sign, low, percent, high = found.groups()
    value = (100 * done / total if total else 0.0) if percent or "%" in target else float(done)
    if high is not None:
        return int(low) <= value <= int(high)
    return value <= int(low) if sign == "<=" else value == int(low) if sign == "=" else value >= int(low)


def _is_done(agenda: Agenda, o: Obligation, milestone: Milestone, document: str | None, now: datetime) -> bool:
    if read_cell(agenda, o, now).is_done:
        return True
    return document is not None and document not in o.standing.missing
