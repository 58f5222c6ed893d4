"""Encode what distinguishes a fact from others of its kind as JSON, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import sqlalchemy as sa

from scheduler.plan.dates.date_forms import DateForm, form_from_data, form_to_data
from scheduler.plan.facts import FACT_CLASSES, Actor, Fact, FactKind, Letter

COLUMNS = ("plan", "milestone", "party", "happened_at", "recorded_at")  # stored in columns of their own
_FORMS = get_args(DateForm)


def details_of(fact: Fact) -> dict[str, Any]:
    """Return the fields without a column of their own that differ from their default, encoded."""
    found = {name: getattr(fact, name) for name in _fields(fact.kind)}
    defaults = {field.name: field.default for field in fields(fact)}
    return {name: _encode(value) for name, value in found.items() if value != defaults[name]}


def make_fact(row: sa.RowMapping) -> Fact:
    """Return the fact in a row of the table: its columns, and its `details`."""
    cls = FACT_CLASSES[row["kind"]]
    decoders = _fields(row["kind"])
    details = {name: decoders[name](value) for name, value in row["details"].items()}
    by = Actor(row["actor"], row["by"])
    return cls(id=row["id"], by=by, **{name: row[name] for name in COLUMNS}, **details)


def _encode(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return form_to_data(value) if isinstance(value, _FORMS) else value


@cache
def _fields(kind: FactKind) -> Mapping[str, Callable[[Any], Any]]:
    """Return the fields of a kind of fact that go into its details, with the function that decodes each."""
    cls = FACT_CLASSES[kind]
    hints = get_type_hints(cls)
    return {
        field.name: _decoder(hints[field.name]) for field in fields(cls) if field.name not in (*COLUMNS, "id", "by")
    }


def _decoder(hint: Any) -> Callable[[Any], Any]:
    members = get_args(hint) or (hint,)
    if get_origin(hint) is tuple:
        return _letters if Letter in members else tuple
    if datetime in members:
        return datetime.fromisoformat
    if date in members:
        return date.fromisoformat
    return form_from_data if set(members) & set(_FORMS) else lambda value: value


def _letters(values: Iterable[tuple[str, str, str]]) -> tuple[Letter, ...]:
    return tuple(Letter(*value) for value in values)
