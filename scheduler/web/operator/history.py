"""Facts and rungs, prepared as lists for display."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.plan.facts import DEFINITION, Counted, Fact, Postponed, Received, Returned, Withdrawn, parties_of_fact
from scheduler.plan.indicators import Figure, measure
from scheduler.plan.membership import calls_off
from scheduler.plan.model import Deliverable, Indicator, Milestone, Occurrence, Party, Plan
from scheduler.ports import Document, MessageRow, RungRow, UnitOfWork
from scheduler.queries.needs.urgency import NeedKey
from scheduler.queries.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class FactEntry:
    """One fact with everything needed to display it."""

    fact: Fact
    plan: Plan
    milestone: Milestone | None
    about: str  # the id of the milestone or the occurrence; of a need that is put off, too
    parties: tuple[Party, ...]
    deliverables: tuple[Deliverable, ...]  # what was received, or must be sent again
    is_withdrawn: bool
    can_be_undone: bool
    calls_off: bool = False  # whether it waives an event for all, which then does not take place
    documents: tuple[Document, ...] = ()  # the files received with it, if they were uploaded
    undone: Fact | None = None  # if the fact is an undo: the fact it took back
    indicator: Indicator | None = None  # if the fact is the result of one
    need: NeedKey | None = None  # if the fact puts something off: what


def list_facts(view: UnitOfWork, snapshot: Snapshot, facts: Iterable[Fact]) -> list[FactEntry]:
    """Return facts for display with their files, newest first."""
    newest = list(facts)[::-1]
    documents: dict[int, list[Document]] = {}
    with_files = [fact.id for fact in newest if isinstance(fact, Received | Counted) and fact.files]
    for document in view.documents.of(with_files):
        documents.setdefault(document.fact, []).append(document)
    return [describe_fact(snapshot, fact, documents.get(fact.id, ())) for fact in newest]


def describe_fact(snapshot: Snapshot, fact: Fact, documents: Iterable[Document] = ()) -> FactEntry:
    """Return a fact for display."""
    plan = snapshot.plan
    need = NeedKey.of(fact.need) if isinstance(fact, Postponed) else None
    about = fact.milestone or (need.about.partition(" ")[0] if need else "")
    milestone = next((m for m in plan.milestones if m.id == Occurrence.of(about).milestone), None)
    return FactEntry(
        fact=fact,
        plan=plan,
        milestone=milestone,
        about=about,
        parties=tuple(plan.parties[party] for party in parties_of_fact(fact) if party in plan.parties),
        deliverables=_deliverables_of(milestone, fact) if milestone else (),
        is_withdrawn=fact.id in snapshot.withdrawn,
        calls_off=milestone is not None and calls_off(plan, milestone, fact),
        can_be_undone=is_undoable(snapshot, fact),
        documents=tuple(documents),
        need=need,
        indicator=next((i for i in plan.indicators if i.id == fact.indicator), None)
        if isinstance(fact, Counted)
        else None,
        undone=next((f for f in snapshot.facts if f.id == fact.target), None) if isinstance(fact, Withdrawn) else None,
    )


def _deliverables_of(milestone: Milestone, fact: Fact) -> tuple[Deliverable, ...]:
    """Return what was submitted, or must be sent again."""
    wanted = fact.missing if isinstance(fact, Returned) else fact.deliverables if isinstance(fact, Received) else ()
    return tuple(deliverable for deliverable in milestone.deliverables if deliverable.id in wanted)


def is_undoable(snapshot: Snapshot, fact: Fact) -> bool:
    """Return whether a fact may be undone: it was recorded by a person and has not been undone yet."""
    return not isinstance(fact, Withdrawn) and fact.by != DEFINITION and fact.id not in snapshot.withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorEntry:
    """One target with its count, and the results that people recorded for it."""

    indicator: Indicator
    figure: Figure | None
    results: Sequence[FactEntry]


def list_indicators(view: UnitOfWork, snapshot: Snapshot, now: datetime) -> list[IndicatorEntry]:
    """Return the targets of a plan for display."""
    figures = [(indicator, measure(snapshot.agenda, indicator, now)) for indicator in snapshot.plan.indicators]
    return [
        IndicatorEntry(
            indicator=indicator,
            figure=figure,
            results=list_facts(view, snapshot, figure.counted) if figure is not None and figure.counted else (),
        )
        for indicator, figure in figures
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RungEntry:
    """One rung with the mails that carried it."""

    row: RungRow
    milestone: Milestone | None
    party: Party | None
    mails: Sequence[MessageRow] = ()


def list_rungs(view: UnitOfWork, plan: Plan, rows: Sequence[RungRow], *, with_mails: bool = True) -> list[RungEntry]:
    """Return rungs for display, in the given order."""
    carried: Mapping[int, Sequence[MessageRow]] = view.outbox.of_rungs([row.id for row in rows]) if with_mails else {}
    known = {milestone.id: milestone for milestone in plan.milestones}
    return [
        RungEntry(
            row=row,
            milestone=known.get(Occurrence.of(row.milestone).milestone),
            party=plan.parties.get(row.party),
            mails=carried.get(row.id, ()),
        )
        for row in rows
    ]


def split_by_time(steps: Iterable[RungEntry]) -> tuple[list[RungEntry], list[RungEntry]]:
    """Return the planned steps, soonest first, and all others, latest first; `steps` are in order of time."""
    coming: list[RungEntry] = []
    past: list[RungEntry] = []
    for step in steps:
        (coming if step.row.state == "planned" else past).append(step)
    return coming, past[::-1]
