"""Histories put into a real record, fact by fact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from scheduler.errors import UserError
from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.facts import Amended, DateFixed, Fact, Withdrawn
from scheduler.plan.model import Plan
from scheduler.services.apply_revision import take
from scheduler.services.context import ServiceContext
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, signed
from tests.support.facts import record
from tests.support.fakes import definition_of
from tests.support.plan_builders import PlanHistory


def as_recorded(fact: Fact) -> Fact:
    """Return a fact as it may be recorded: a decision fixes a day, only an edit of the file another date."""
    if isinstance(fact, DateFixed) and not isinstance(fact.form, On | By):
        about: dict[str, Any] = {"plan": fact.plan, "happened_at": fact.happened_at, "recorded_at": fact.recorded_at}
        return Amended(**about, id=fact.id, milestone=fact.milestone, form=fact.form)
    return fact


def recorded_one_by_one(
    store: SqlStore, history: PlanHistory, since: datetime | None = None
) -> Iterator[tuple[Plan, Fact]]:
    """Load the plan of a history, record those of its facts that make sense as things stand, and yield after each."""
    services = ServiceContext(store=store, composer=COMPOSER)
    definition = definition_of(signed(history.plan))
    take(services.store, definition, since or history.loaded_at)
    ids: dict[int, int] = {}  # in the record, by those in the history
    for fact in history.facts:
        with suppress(UserError):
            new = as_recorded(fact)
            new = replace(new, target=ids.get(new.target, 0)) if isinstance(new, Withdrawn) else new
            known = record(services, definition, new).fact
            ids[fact.id] = known.id
            yield definition.plan, known
