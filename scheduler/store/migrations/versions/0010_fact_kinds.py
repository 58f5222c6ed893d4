"""Keep who recorded a fact apart from the name, and every date of a fact as data.

Dates and days were objects of several shapes, the date before an edit and the addresses before a change were sentences.
A few facts that came from scenarios hold texts that their kind does not have; these join its note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_FACT = sa.table(
    "fact",
    sa.column("id", sa.BigInteger),
    sa.column("kind", sa.Text),
    sa.column("by", sa.Text),
    sa.column("actor", sa.Text),
    sa.column("details", sa.JSON),
)
_PAGE = 1_000
_KEPT: Mapping[str, tuple[str, ...]] = {  # what each kind keeps besides its note and the key of its request
    "received": ("deliverables", "channel", "sent_on", "received_on", "files"),
    "declared": ("channel",),
    "returned": ("missing",),
    "extended": ("form", "reason", "decision"),
    "waived": ("reason", "decision"),
    "nominated": ("group", "parties", "decision"),
    "date_fixed": ("form", "place", "reason", "decision"),
    "amended": ("form", "was", "reason", "decision"),
    "opened": ("reason",),
    "bounced": ("address",),
    "rerouted": ("was", "address"),
    "withdrawn": ("target", "reason"),
}


def upgrade() -> None:
    """Add the column, and write every fact anew whose details or name change."""
    op.add_column("fact", sa.Column("actor", sa.Text, nullable=False, server_default="office"))
    connection = op.get_bind()
    change = (
        _FACT.update()
        .where(_FACT.c.id == sa.bindparam("fact"))
        .values(actor=sa.bindparam("role"), by=sa.bindparam("name"), details=sa.bindparam("new"))
    )
    known = connection.execute(sa.select(_FACT)).all()
    changed = [new for row in known if (new := _renewed(row)) is not None]
    for start in range(0, len(changed), _PAGE):
        connection.execute(change, changed[start : start + _PAGE])


def _renewed(row: Any) -> dict[str, Any] | None:
    role, name = _actor(row.by)
    details = {key: _plain(value) for key, value in row.details.items()}
    if "was" in details and row.kind in ("amended", "rerouted"):
        details["was"] = _form(details["was"]) if row.kind == "amended" else details["was"].split(", ")
    kept = ("note", "idempotency_key", *_KEPT.get(row.kind, ()))
    strays = [details.pop(key) for key in sorted(details) if key not in kept]
    notes = [details.get("note", ""), *(stray if isinstance(stray, str) else _listed(stray) for stray in strays)]
    if any(notes):
        details["note"] = "; ".join(filter(None, notes))
    if (role, details) == ("office", row.details):
        return None
    return {"fact": row.id, "role": role, "name": name, "new": details}


def _listed(stray: Any) -> str:
    return ", ".join(map(str, stray)) if isinstance(stray, list) else str(stray)


def _actor(by: str) -> tuple[str, str]:
    mark, _, name = by.partition(": ")
    if mark == "page":
        return "party", name
    return (by, "") if by in ("definition", "mail server") else ("office", by)


def _plain(value: Any) -> Any:
    """Return a day, a time or a number of days as it is written now."""
    if not isinstance(value, dict):
        return value
    if "iso" in value:
        return value["iso"]
    tag = {} if value["is"] == "step" else {"is": value["is"]}
    return tag | {key: _plain(part) for key, part in value.items() if key != "is" and part is not None}


_DAY = r"(\d{4}-\d\d-\d\d)"
_CLOCK = r"(?: (\d\d:\d\d))?"
_SENTENCES: tuple[tuple[str, Callable[..., dict[str, Any]]], ...] = (
    (rf"(before|by) {_DAY}{_CLOCK}", lambda word, day, clock: {"is": word, "day": day, "clock": clock}),
    (
        rf"on {_DAY}(?: to {_DAY})?{_CLOCK}",
        lambda first, last, clock: {"is": "on", "first": first, "last": last or first, "clock": clock},
    ),
    (
        rf"between {_DAY} and {_DAY} \((.*)\)",
        lambda first, last, words: {"is": "window", "first": first, "last": last, "words": words},
    ),
    (
        rf"(before|by|on) (.*) from {_DAY} until {_DAY}",
        lambda word, rule, first, until: {
            "is": "recurring",
            "rule": rule,
            "boundary": word,
            "first": first,
            "until": until,
        },
    ),
    (
        r"(\d+) (days|day|working days|working day) (before|after) (.*)",
        lambda count, unit, word, to: {
            "is": "relative",
            "to": to,
            "count": {"count": int(count), "unit": f"{unit.removesuffix('s')}s"},
            "direction": "before" if word == "before" else "within",
        },
    ),
    (r"undated \((.*)\)", lambda words: {"is": "undated", "words": words}),
)


def _form(sentence: str) -> dict[str, Any]:
    """Return the date that a sentence describes as data; what cannot be read is kept as the words of an undated one."""
    for pattern, build in _SENTENCES:
        found = re.fullmatch(pattern, sentence, re.DOTALL)
        form = {key: part for key, part in _timed(build(*found.groups())).items() if part is not None} if found else {}
        if form and _names_days(form):
            return form
    return {"is": "undated", "words": sentence}


def _names_days(form: dict[str, Any]) -> bool:
    try:
        for key in ("day", "first", "last", "until"):
            date.fromisoformat(form.get(key, "2023-01-01"))
        time.fromisoformat(form.get("clock", "00:00"))
    except ValueError:  # digits that are no date, such as 2023-02-30
        return False
    return True


def _timed(form: dict[str, Any]) -> dict[str, Any]:
    return form | {"clock": f"{form['clock']}:00"} if form.get("clock") else form
