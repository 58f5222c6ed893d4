"""Facts by the name of their kind, made and recorded one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from scheduler.plan.facts import FACT_CLASSES, Actor, Fact, FactKind
from scheduler.ports import Definition, Document
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import Recorded, record_all


def make_fact(kind: FactKind, *, by: Actor | str = "", **details: Any) -> Fact:
    """Return a fact of a kind; a text for `by` names somebody of the office.

    What the kind has no field for may be named if it is empty.
    """
    actor = by if isinstance(by, Actor) else Actor(name=by)
    known = {field.name for field in fields(FACT_CLASSES[kind])}
    given = {name: value for name, value in details.items() if name in known or value not in (None, "", ())}
    return FACT_CLASSES[kind](by=actor, **given)


def record(
    services: ServiceContext,
    definition: Definition,
    fact: Fact,
    *,
    notify: bool = True,
    documents: Sequence[Document] = (),
) -> Recorded:
    """Record one fact of any kind, also of those that no command asks for."""
    return record_all(services, definition, [fact], notify=notify, documents=documents)
