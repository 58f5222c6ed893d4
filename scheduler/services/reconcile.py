"""Keeping the ledger in step with what a plan and its facts promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.errors import Problem
from scheduler.plan.agenda import AGENDA_RULES, Agenda, Rung, draw_agenda
from scheduler.plan.dispatch_policy import DueRung
from scheduler.plan.model import Plan
from scheduler.ports import Inputs, PlanState, RungChange, RungRow, Unit


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reconcile changed: how many promises are new, which fell away, came to life again, or moved.

    `armed` also holds the new promises that lie ahead of a plan already running; `problems` what could
    not be written to those whom the change concerns. `drawn` is the agenda that the ledger now follows,
    with the word for its inputs.
    """

    new: int = 0
    dropped: tuple[RungRow, ...] = ()
    armed: tuple[Rung, ...] = ()
    moved: tuple[RungRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    drawn: tuple[str, Agenda] | None = field(default=None, compare=False, repr=False)


def read_agenda(unit: Unit, plan: Plan) -> Agenda:
    """Return what a loaded plan promises."""
    loaded_at = find_state(unit, plan).first_loaded_at
    return draw_agenda(plan, unit.facts.of(plan.id), loaded_at=loaded_at, idle=unit.plans.idle_days(plan.id))


def name_inputs(seen: PlanState | Inputs, plan: Plan) -> str:
    """Return one word for everything the agenda of a plan follows from; facts and idle days only become more."""
    return f"{AGENDA_RULES}/{plan.digest}/{seen.last_fact}/{seen.idle}"


def parse_inputs(word: str) -> tuple[str, int] | None:
    """Return the plan's digest and the last fact that such a word names; None for anything else."""
    _, digest, fact, idle = word.split("/") if word.count("/") == 3 else ("", "", "", "")
    return (digest, int(fact)) if fact.isdecimal() and idle.isdecimal() else None


def find_state(unit: Unit, plan: Plan) -> PlanState:
    """Return what the record knows of a plan that was loaded."""
    state = unit.plans.state(plan.id)
    if state is None:
        raise LookupError(f"plan {plan.id} was never loaded")
    return state


class Agendas:
    """The agendas of a process: each is drawn again only when something it follows from has changed."""

    def __init__(self) -> None:
        self._drawn: dict[str, tuple[str, Agenda]] = {}

    def keep(self, changes: Changes) -> None:
        """Remember the agenda of a reconcile, once it is committed: before, other facts may get the same ids."""
        if changes.drawn is not None:
            self._drawn[changes.drawn[1].plan.id] = changes.drawn

    def read(self, unit: Unit, plan: Plan) -> Agenda:
        """Return what a loaded plan promises now."""
        inputs = name_inputs(unit.plans.inputs(plan.id), plan)
        known = self._drawn.get(plan.id)
        if known is None or known[0] != inputs:
            known = self._drawn[plan.id] = (inputs, read_agenda(unit, plan))
        return known[1]


def reconcile(unit: Unit, plan: Plan, now: datetime) -> Changes:
    """Bring the ledger of a loaded plan in step and return what that changed."""
    agenda = read_agenda(unit, plan)
    existing = {row.key: row for row in unit.rungs.unsent(plan.id)}
    changes: list[RungChange] = []
    dropped: list[RungRow] = []
    moved: list[RungRow] = []
    armed: list[Rung] = []

    def settle_known() -> Iterator[Rung]:
        """Yield the promises that have no open row; weigh the others against theirs on the way."""
        for rung in agenda.rungs():
            row = existing.pop(rung.key, None)
            if row is None:
                yield rung
                continue
            change = weigh(rung, row, now)
            if change is None:
                continue
            changes.append(change)
            if change.state == row.state:
                moved.append(row)
            elif change.state == "planned":
                armed.append(rung)
            elif row.state == "planned":
                dropped.append(row)

    if find_state(unit, plan).reconciled:  # else it is the first time: nothing can be there, and all of it streams in
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
            changes.append(_drop(row, why_gone(agenda, row)))
    unit.rungs.revise(changes, now=now)
    inputs = name_inputs(find_state(unit, plan), plan)
    unit.plans.mark_reconciled(plan.id, inputs)
    return Changes(added, tuple(dropped), tuple(armed), tuple(moved), drawn=(inputs, agenda))


def weigh(rung: Rung, row: RungRow, now: datetime) -> RungChange | None:
    """Return what a promise that still holds changes in its unsent row, if anything.

    A cancelled or swallowed row comes back only before its instant; one whose instant has
    come is the business of the dispatch, and what that settled is final.
    """
    if row.state == "planned":
        if rung.state != "planned":
            return _change(row, rung, rung.at)
        same = (rung.at, rung.note) == (row.at, row.note)
        return None if same or max(row.at, rung.at) <= now else _change(row, rung, rung.at)
    is_settled = row.noticed_at is not None and row.at <= now
    if is_settled or rung.at < now or (rung.state, rung.reason) == (row.state, row.reason):
        return None
    return _change(row, rung, rung.at)


def as_due(row: RungRow) -> DueRung:
    """Return what a decision needs to know of a promise."""
    return DueRung(row.milestone, row.party, row.name, row.at, row.noticed_at)


def why_gone(agenda: Agenda, row: RungRow) -> str:
    """Return why a promise no longer follows from the plan."""
    plan, milestone = agenda.plan, row.milestone.partition("@")[0]
    if all(m.id != milestone for m in plan.milestones):
        return f"{milestone} is no longer in the plan"
    obligation = agenda.by_key.get((row.milestone, row.party))
    if obligation is None:
        return f"{row.party} no longer has a part in {row.milestone}"
    if obligation.event is not None and (row.kind == "fix-date" or obligation.event.first != row.due):
        return f"the date was fixed: {obligation.event.first}"
    if obligation.due is not None and obligation.due.named != row.due:
        return f"the date moved to {obligation.due.named}"
    if obligation.window is not None and obligation.window.first != row.due:
        return f"the window moved to {obligation.window.first}"
    if obligation.undated:
        return "the date is open again"
    return "the plan no longer has this step"


def _change(row: RungRow, rung: Rung, at: datetime) -> RungChange:
    return RungChange(id=row.id, was=row.state, state=rung.state, at=at, reason=rung.reason, note=rung.note)


def _drop(row: RungRow, reason: str) -> RungChange:
    return RungChange(id=row.id, was="planned", state="cancelled", at=row.at, reason=reason, note=row.note)
