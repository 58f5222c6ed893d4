"""Keep the ledger in step with the rungs that follow from a plan and its facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter

from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda, Rung
from scheduler.plan.message_kinds import RungKind, is_notice
from scheduler.plan.model import Plan
from scheduler.plan.notices import fact_of
from scheduler.plan.scope import Scope
from scheduler.plan.second_look import why_gone
from scheduler.ports import UNSENT, RungChange, RungRow, UnitOfWork
from scheduler.queries.agendas import AgendaInputs, find_relations, find_state, inputs_fingerprint
from scheduler.services.ledger_changes import diff_rung, drop


@dataclass(frozen=True, slots=True)
class Changes:
    """The result of a reconcile: how many steps of ladders are new, and which were dropped, planned again or moved.

    `armed` holds those that were planned again and, if the plan was reconciled before, also the new ones; `notices`
    the notices that are promised now. `drawn` is the whole agenda that the ledger now follows, if it was drawn, with
    the fingerprint of its inputs.
    """

    new: int = 0
    dropped: tuple[RungRow, ...] = ()
    armed: tuple[Rung, ...] = ()
    moved: tuple[RungRow, ...] = ()
    notices: tuple[Rung, ...] = ()
    drawn: tuple[str, Agenda] | None = field(default=None, compare=False, repr=False)


def reconcile(unit: UnitOfWork, agenda: Agenda, now: datetime) -> Changes:
    """Bring the ledger of a loaded plan in step with its agenda in the given transaction; return the changes.

    With the agenda of a scope only the rungs of that scope are compared; the others must be in step already.
    """
    plan = agenda.plan
    rows = unit.rungs.unsent(plan.id) if agenda.scope is None else _rows_in_scope(unit, agenda, agenda.scope)
    compared = _Comparison(plan, now, {row.key: row for row in rows if row.state in UNSENT}, _last_fact(unit, plan))
    if find_state(unit, plan).reconciled:  # a first reconcile compares no rows; all rungs stream in
        new = list(compared.find_new(agenda.rungs()))
        ahead = _find_ahead(unit, agenda, new, rows)
        steps = [rung for rung in ahead if not is_notice(rung.kind)]
        compared.armed += steps
        compared.notices += [rung for rung in ahead if is_notice(rung.kind)]
        unit.rungs.add(plan.id, new, now=now)
        added = len(steps)
    else:
        added = unit.rungs.add(plan.id, agenda.rungs(), now=now)
    compared.drop_others(agenda)
    unit.rungs.revise(compared.changes, now=now)
    inputs = inputs_fingerprint(find_state(unit, plan), plan)
    unit.plans.mark_reconciled(plan.id, inputs)
    drawn = (inputs, agenda) if agenda.scope is None else None
    return Changes(
        added,
        tuple(compared.dropped),
        tuple(compared.armed),
        tuple(compared.moved),
        tuple(compared.notices),
        drawn,
    )


@dataclass(slots=True)
class _Comparison:
    """The changes to unsent rows, found by comparing them with the rungs of an agenda."""

    plan: Plan
    now: datetime
    unseen: dict[tuple[str, str, str, date], RungRow]  # rows for which no rung has come yet
    last_fact: int  # that the last reconcile knew
    changes: list[RungChange] = field(default_factory=list)
    dropped: list[RungRow] = field(default_factory=list)
    moved: list[RungRow] = field(default_factory=list)
    armed: list[Rung] = field(default_factory=list)
    notices: list[Rung] = field(default_factory=list)

    def find_new(self, rungs: Iterable[Rung]) -> Iterator[Rung]:
        """Yield the rungs without an unsent row; collect the changes to the rows of the others.

        A notice is promised when its fact is recorded. One that only a later change of something else would yield is
        none: it is too late to tell. But a correction is owed to those who hold the letter, and a copy can be asked for
        as long as that lies ahead.
        """
        for rung in rungs:
            row = self.unseen.pop(rung.key, None)
            if row is None:
                if not is_notice(rung.kind) or fact_of(rung.name) > self.last_fact or self._is_owed_still(rung):
                    yield rung
            elif (change := diff_rung(rung, row, self.now, self.plan)) is not None:
                self._collect(change, rung, row)

    def _is_owed_still(self, rung: Rung) -> bool:
        return rung.kind == "correction" or (rung.kind == "copy" and rung.at > self.now)

    def drop_others(self, agenda: Agenda) -> None:
        """Collect the changes to the planned rows for which no rung came."""
        for row in self.unseen.values():
            if row.state == "planned":
                if _is_step(row.kind):
                    self.dropped.append(row)
                self.changes.append(drop(row, why_gone(agenda, row) or reasons.NO_SUCH_STEP))

    def _collect(self, change: RungChange, rung: Rung, row: RungRow) -> None:
        self.changes.append(change)
        if is_notice(row.kind) and change.state == "planned":
            self.notices.append(rung)
        elif not _is_step(row.kind):
            pass  # nobody was promised it
        elif change.state == row.state:
            self.moved.append(row)
        elif change.state == "planned":
            self.armed.append(rung)
        elif row.state == "planned":
            self.dropped.append(row)


def _is_step(kind: RungKind) -> bool:
    """Return whether it is told when a rung is dropped: a copy is asked for days later, as by a step of a ladder."""
    return not is_notice(kind) or kind == "copy"


def _last_fact(unit: UnitOfWork, plan: Plan) -> int:
    inputs = AgendaInputs.of(find_state(unit, plan).reconciled)
    return inputs.last_fact if inputs is not None else 0


def _find_ahead(unit: UnitOfWork, agenda: Agenda, new: Sequence[Rung], rows: Sequence[RungRow]) -> list[Rung]:
    """Return the planned ones of the new rungs that have no row in any state; `rows` are all those of a scope."""
    if not new:
        return []
    known = {row.key for row in (unit.rungs.of(agenda.plan.id) if agenda.scope is None else rows)}
    return [rung for rung in new if rung.state == "planned" and rung.key not in known]


def _rows_in_scope(unit: UnitOfWork, agenda: Agenda, scope: Scope) -> list[RungRow]:
    """Return the rows of a scope in any state, ordered by (at, id)."""
    named = find_relations(unit, agenda.plan).spelled_out(scope)
    return sorted(unit.rungs.within(agenda.plan.id, named), key=attrgetter("at", "id"))
