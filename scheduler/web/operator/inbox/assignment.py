"""The form by which a person says what a mail answers: an obligation, its documents, and the files that they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from scheduler.plan.agenda import Agenda
from scheduler.plan.answers.matching import Answer, ObligationKey
from scheduler.plan.model import Milestone, Occurrence, Party, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.status import Cell, read_cell
from scheduler.ports import UnitOfWork
from scheduler.queries.duties import find_senders
from scheduler.web.context import RequestContext
from scheduler.web.operator.inbox.opened_mail import OpenedMail


class Task(NamedTuple):
    """A milestone or occurrence for which something is handed in."""

    plan: Plan
    milestone: Milestone
    id: str  # of the milestone, or of the occurrence

    @property
    def value(self) -> str:
        """Return how a form names it."""
        return f"{self.plan.id}/{self.id}"

    @property
    def title(self) -> str:
        """Return how a page calls it."""
        return name_task(self.milestone, self.id)


def name_task(milestone: Milestone, id: str) -> str:
    """Return the title of a milestone, of an occurrence with its day."""
    day = Occurrence.of(id).day
    return f"{milestone.title} ({day})" if day else milestone.title


class Choice(NamedTuple):
    """The obligation that a person has chosen, with its status at present."""

    key: ObligationKey
    task: Task
    party: Party
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentForm:
    """The form: what can be chosen, what is chosen, and what is ticked.

    `task` and `party` are what is selected at first; `choice` is None until somebody has chosen an obligation, and
    `is_unknown` says that there is none like that.
    """

    tasks: tuple[Task, ...]
    parties: tuple[Party, ...]
    task: str
    party: str
    choice: Choice | None = None
    is_unknown: bool = False
    deliverables: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()


def draw_form(context: RequestContext, view: UnitOfWork, opened: OpenedMail) -> AssignmentForm:
    """Return the form for a mail, as it was filled in or as its address asks for it."""
    tasks: dict[str, Task] = {}
    parties: dict[str, Party] = {}
    asked = read_key(context) or _read_query(context)
    usual, choice = asked or _guess_key(context, opened), None
    for plan, o, agenda in _list_obligations(context, view):
        task = Task(plan, plan.milestone(o.milestone), o.milestone)
        tasks.setdefault(task.value, task)
        parties.setdefault(o.party, plan.parties[o.party])
        if asked == (plan.id, o.milestone, o.party):
            choice = Choice(asked, task, parties[o.party], read_cell(agenda, o, context.now))
    deliverables, parts = _find_ticks(context, opened, choice)
    return AssignmentForm(
        tasks=tuple(tasks.values()),
        parties=tuple(parties.values()),
        task=f"{usual.plan}/{usual.milestone}",
        party=usual.party,
        choice=choice,
        is_unknown=asked is not None and choice is None,
        deliverables=deliverables,
        parts=parts,
    )


def _list_obligations(context: RequestContext, view: UnitOfWork) -> Iterator[tuple[Plan, Obligation, Agenda]]:
    """Yield the obligations of all plans in force for which something is handed in, in the order of the plans."""
    for plan in context.site.plans:
        agenda = context.site.snapshots.read(view, plan, context.now).agenda
        for o in agenda.obligations:
            if plan.milestone(o.milestone).kind == "deadline" and not o.attends:
                yield plan, o, agenda


def read_key(context: RequestContext) -> ObligationKey | None:
    """Return the obligation that a posted form names; None if it names none."""
    plan, milestone, party = (context.field(name, 200) for name in ("plan", "milestone", "party"))
    return ObligationKey(plan, milestone, party) if plan or milestone or party else None


def _read_query(context: RequestContext) -> ObligationKey | None:
    """Return the obligation that the address names; None if it names none."""
    query = context.request.query_params
    plan, _, milestone = query.get("task", "").partition("/")
    party = query.get("party", "")
    return ObligationKey(plan, milestone, party) if plan or party else None


def read_ticks(context: RequestContext, name: str) -> tuple[str, ...]:
    """Return the ticked values of a field."""
    return tuple(value for value in context.form.getlist(name) if isinstance(value, str))


def _guess_key(context: RequestContext, opened: OpenedMail) -> ObligationKey:
    """Return what is selected at first: what the mail may answer, or at least whose it may be."""
    row, match = opened.row, opened.match
    if match is not None and (match.answer or match.candidates):
        return match.answer.key if match.answer else match.candidates[0]
    if row.plan:
        return ObligationKey(row.plan, row.milestone, row.party)
    senders = find_senders(context.site.plans, row.summary.sender)
    return ObligationKey(senders[0].plan, "", senders[0].party) if senders else ObligationKey("", "", "")


def _find_ticks(
    context: RequestContext, opened: OpenedMail, choice: Choice | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Return which documents and which files are ticked: those that were, else those that the proposal names."""
    if read_key(context) is not None:
        return frozenset(read_ticks(context, "deliverable")), frozenset(read_ticks(context, "part"))
    proposed = opened.match.answer if opened.match else None
    if choice is not None and proposed is not None and proposed.key == choice.key:
        return _ticks_of(proposed)
    documents = choice.task.milestone.deliverables if choice is not None else ()
    only = {documents[0].id} if len(documents) == 1 else set()
    return frozenset(only), frozenset(file.part for file in opened.kept_files)


def _ticks_of(answer: Answer) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(answer.deliverables), frozenset(file.part for file in answer.attachments)
