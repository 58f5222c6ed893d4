"""Facts: appended records of something that happened."""

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
    """One appended record of something that happened.

    `happened_at` decides lateness, `recorded_at` decides rungs and the board's past; both UTC.
    Facts are ordered by (`recorded_at`, `id`). Which further fields are set follows from `kind`.
    """

    plan: str
    kind: FactKind
    happened_at: datetime
    recorded_at: datetime
    id: int = 0
    milestone: str | None = None
    party: str | None = None
    by: str = ""
    deliverables: tuple[str, ...] = ()  # received: what came (none named: all)
    idempotency_key: str = (
        ""  # received, declared, disowned: the word of the form it came by; no two facts have the same
    )
    channel: Channel | None = None
    sent_on: date | None = None  # received: the postmark, which then says when it happened
    received_on: date | None = None  # received: the day it came, where `happened_at` is not the hour of that
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # returned: what must be sent again (none named: all)
    form: FixedForm | Window | Undated | Recurring | Relative | None = None  # extended, date_fixed, amended
    was: str = ""  # amended: the date the file named before, for the notice; rerouted: the addresses, by ", "
    place: str = ""
    decision: str = ""
    reason: str = ""
    note: str = ""
    group: str | None = None  # nominated, joined
    parties: tuple[str, ...] = ()
    address: str = ""  # bounced; rerouted: the one that works again, if it is the same
    target: int | None = None  # withdrawn: the fact taken back


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
