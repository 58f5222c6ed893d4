"""Facts: append-only records of something that happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from scheduler.plan.dates.date_forms import FixedForm, Recurring, Relative, Undated, Window
from scheduler.plan.model import Channel

FactKind = Literal[
    "received",
    "declared",
    "disowned",
    "accepted",
    "returned",
    "extended",
    "waived",
    "nominated",
    "date_fixed",
    "amended",
    "joined",
    "opened",
    "bounced",
    "rerouted",
    "withdrawn",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One append-only record of something that happened.

    `happened_at` decides lateness; `recorded_at` decides rungs and what the board showed in the past. Both are
    UTC. Facts are ordered by (`recorded_at`, `id`). Which other fields are set depends on `kind`.
    """

    plan: str
    kind: FactKind
    happened_at: datetime
    recorded_at: datetime
    id: int = 0
    milestone: str | None = None
    party: str | None = None
    by: str = ""
    deliverables: tuple[str, ...] = ()  # received: ids of what was submitted; empty means all
    idempotency_key: str = ""  # of the request that recorded it; the facts of one request share it
    channel: Channel | None = None
    sent_on: date | None = None  # received: the postmark; `happened_at` then follows from it
    received_on: date | None = None  # received: the day of receipt, if `happened_at` is not the time of receipt
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # returned: ids of what must be sent again; empty means all
    form: FixedForm | Window | Undated | Recurring | Relative | None = None  # extended, date_fixed, amended
    was: str = ""  # amended: the date in the file before the edit; rerouted: the addresses before, joined by ", "
    place: str = ""
    decision: str = ""
    reason: str = ""
    note: str = ""
    group: str | None = None  # nominated
    parties: tuple[str, ...] = ()
    address: str = ""  # bounced: the address that bounced; rerouted: an address that works again
    target: int | None = None  # withdrawn: the id of the fact that is withdrawn


def recording_order(fact: Fact) -> tuple[datetime, int]:
    """Return what facts are sorted by."""
    return fact.recorded_at, fact.id


def drop_withdrawn(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that still count, in order, without withdrawals and the facts they withdraw.

    A withdrawal can be withdrawn too; the fact that it withdrew then counts again.
    """
    facts = list(facts)
    withdrawn: set[int | None] = set()
    for fact in reversed(facts):
        if fact.kind == "withdrawn" and fact.id not in withdrawn:
            withdrawn.add(fact.target)
    return [fact for fact in facts if fact.kind != "withdrawn" and fact.id not in withdrawn]
