"""Plans as they are read, and what looks whether something has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scheduler.errors import Problem
from scheduler.plan.facts import Fact
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation


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
    """What one status check saw of one obligation.

    `facts` are what it proves, such as a submission that lies in a folder; they are recorded in order.
    """

    milestone: str
    party: str
    source: str
    seen: str
    facts: tuple[Fact, ...] = ()


class Checker(Protocol):
    """Looks whether open obligations have been answered. Source `manual` reads the record only."""

    source: str

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return what is seen of each open obligation, in the order given."""
