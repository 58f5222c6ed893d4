"""Keep the ledger in step with the rungs that follow from a plan and its facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.errors import Problem
from scheduler.plan.agenda import Agenda, Rung
from scheduler.plan.model import Plan
from scheduler.ports import RungChange, RungRow, UnitOfWork
from scheduler.queries.agendas import find_state, inputs_fingerprint, read_agenda
from scheduler.services.ledger_changes import diff_rung, drop, why_gone


@dataclass(frozen=True, slots=True)
class Changes:
    """The result of a reconcile: how many rungs are new, and which were dropped, planned again or moved.

    `armed` holds the rungs that were planned again and, if the plan was reconciled before, also the new ones.
    `problems` holds notices that could not be written. `drawn` is the agenda that the ledger now follows, with the
    fingerprint of its inputs.
    """

    new: int = 0
    dropped: tuple[RungRow, ...] = ()
    armed: tuple[Rung, ...] = ()
    moved: tuple[RungRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    drawn: tuple[str, Agenda] | None = field(default=None, compare=False, repr=False)


def reconcile(unit: UnitOfWork, plan: Plan, now: datetime) -> Changes:
    """Bring the ledger of a loaded plan in step in the given transaction; return the changes."""
    agenda = read_agenda(unit, plan)
    existing = {row.key: row for row in unit.rungs.unsent(plan.id)}
    changes: list[RungChange] = []
    dropped: list[RungRow] = []
    moved: list[RungRow] = []
    armed: list[Rung] = []

    def settle_known() -> Iterator[Rung]:
        """Yield the rungs without an unsent row; collect the changes to the other rows on the way."""
        for rung in agenda.rungs():
            row = existing.pop(rung.key, None)
            if row is None:
                yield rung
                continue
            change = diff_rung(rung, row, now)
            if change is None:
                continue
            changes.append(change)
            if change.state == row.state:
                moved.append(row)
            elif change.state == "planned":
                armed.append(rung)
            elif row.state == "planned":
                dropped.append(row)

    if find_state(unit, plan).reconciled:  # a first reconcile compares no rows; all rungs stream in
        new = list(settle_known())
        sent = {row.key for row in unit.rungs.of(plan.id)} if new else set()
        ahead = [rung for rung in new if rung.state == "planned" and rung.key not in sent]
        armed, added = armed + ahead, len(ahead)
        unit.rungs.add(plan.id, new, now=now)
    else:
        added = unit.rungs.add(plan.id, agenda.rungs(), now=now)
    for row in existing.values():
        if row.state == "planned":
            dropped.append(row)
            changes.append(drop(row, why_gone(agenda, row)))
    unit.rungs.revise(changes, now=now)
    inputs = inputs_fingerprint(find_state(unit, plan), plan)
    unit.plans.mark_reconciled(plan.id, inputs)
    return Changes(added, tuple(dropped), tuple(armed), tuple(moved), drawn=(inputs, agenda))
