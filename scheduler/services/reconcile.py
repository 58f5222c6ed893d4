"""Keep the ledger in step with the rungs that follow from a plan and its facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from scheduler.errors import Problem
from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda, Rung, RungState
from scheduler.plan.second_look import why_gone
from scheduler.ports import RungChange, RungRow, UnitOfWork
from scheduler.queries.agendas import find_relations, find_state, inputs_fingerprint
from scheduler.services.ledger_changes import diff_rung, drop

UNSENT: tuple[RungState, ...] = ("planned", "cancelled", "skipped")  # states of rungs that a reconcile may change


@dataclass(frozen=True, slots=True)
class Changes:
    """The result of a reconcile: how many rungs are new, and which were dropped, planned again or moved.

    `armed` holds the rungs that were planned again and, if the plan was reconciled before, also the new ones.
    `problems` holds notices that could not be written. `drawn` is the whole agenda that the ledger now follows,
    if it was drawn, with the fingerprint of its inputs.
    """

    new: int = 0
    dropped: tuple[RungRow, ...] = ()
    armed: tuple[Rung, ...] = ()
    moved: tuple[RungRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    drawn: tuple[str, Agenda] | None = field(default=None, compare=False, repr=False)


def reconcile(unit: UnitOfWork, agenda: Agenda, now: datetime) -> Changes:
    """Bring the ledger of a loaded plan in step with its agenda in the given transaction; return the changes.

    With the agenda of a scope only the rungs of that scope are compared; the others must be in step already.
    """
    plan = agenda.plan
    known = _read_known(unit, agenda)
    existing = {row.key: row for row in (unit.rungs.unsent(plan.id) if known is None else known) if row.state in UNSENT}
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
        sent = {row.key for row in (unit.rungs.of(plan.id) if known is None else known)} if new else set()
        ahead = [rung for rung in new if rung.state == "planned" and rung.key not in sent]
        armed, added = armed + ahead, len(ahead)
        unit.rungs.add(plan.id, new, now=now)
    else:
        added = unit.rungs.add(plan.id, agenda.rungs(), now=now)
    for row in existing.values():
        if row.state == "planned":
            dropped.append(row)
            changes.append(drop(row, why_gone(agenda, row) or reasons.NO_SUCH_STEP))
    unit.rungs.revise(changes, now=now)
    inputs = inputs_fingerprint(find_state(unit, plan), plan)
    unit.plans.mark_reconciled(plan.id, inputs)
    drawn = (inputs, agenda) if agenda.scope is None else None
    return Changes(added, tuple(dropped), tuple(armed), tuple(moved), drawn=drawn)


def _read_known(unit: UnitOfWork, agenda: Agenda) -> list[RungRow] | None:
    """Return the rows of the scope of an agenda in any state, ordered by (at, id); None for a whole plan."""
    if agenda.scope is None:
        return None
    scope = find_relations(unit, agenda.plan).spelled_out(agenda.scope)
    return sorted(unit.rungs.within(agenda.plan.id, scope), key=attrgetter("at", "id"))
