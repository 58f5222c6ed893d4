"""The tasks of a party: how each stands, its history, and what changed since a form was opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from scheduler.mail.template_context import describe_submission
from scheduler.plan.agenda import Agenda
from scheduler.plan.answers.attendance import Attendance, read_attendance
from scheduler.plan.facts import (
    MAILBOX,
    Accepted,
    ActorRole,
    Amended,
    DateFixed,
    Decision,
    Declared,
    Disowned,
    Extended,
    Fact,
    Opened,
    Received,
    Replied,
    Reply,
    Returned,
    Waived,
    Withdrawn,
    drop_withdrawn,
)
from scheduler.plan.messages.reminders import describe_missing
from scheduler.plan.model import Deliverable, Milestone, Plan
from scheduler.plan.status import Cell, draw_board, read_cell
from scheduler.ports import Document, UnitOfWork

Part = Literal["todo", "later", "events", "done"]
Role = Literal["party", "office", "plan", "system"]

_DONE = ("submitted", "resubmitted", "accepted", "accepted_late", "exempt", "called_off", "held")
_EVENTS = ("tentative", "fixed")
_LATER = ("not_open", "undated")
# The facts that a party may see.
_SHOWN = (Received, Declared, Disowned, Replied, Accepted, Returned, Extended, Waived, DateFixed, Amended, Opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """One event in the history of a task as the party may see it: others appear only by role."""

    fact: Fact
    role: Role
    who: str
    note: str
    reason: str
    decision: str
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One obligation of a party as the party may see it, without anything about other parties."""

    plan: Plan
    milestone: Milestone
    cell: Cell
    missing: tuple[Deliverable, ...]
    description: Mapping[str, Any]  # template values of a mail about it: recipients, ways to send, contact

    @property
    def id(self) -> str:
        """Return the id of the milestone or occurrence."""
        return self.cell.obligation.milestone

    @property
    def part(self) -> Part:
        """Return the part of the page in which it is shown."""
        if self.cell.obligation.attends or self.cell.code in _EVENTS:
            return "done" if self.cell.code in _DONE else "events"
        return "later" if self.cell.code in _LATER else "done" if self.cell.code in _DONE else "todo"

    @property
    def can_send(self) -> bool:
        """Return whether the party can submit something for it now."""
        return self.milestone.kind == "deadline" and self.cell.obligation.standing.is_open and not self.is_guest

    @property
    def can_replace(self) -> bool:
        """Return whether the party can replace what it submitted: until that is accepted."""
        is_waiting = self.cell.obligation.standing.state in ("submitted", "resubmitted")
        return self.milestone.kind == "deadline" and is_waiting and not self.is_guest

    @property
    def can_reply(self) -> bool:
        """Return whether the party is invited to an event that has a day and is not over."""
        return self.cell.obligation.invited and self.cell.code == "fixed"

    @property
    def attendance(self) -> Attendance:
        """Return what the party has said about whether it comes."""
        return read_attendance(self.cell.obligation)

    @property
    def outdated_reply(self) -> Reply | None:
        """Return what the party replied before the day or the place changed; None if it has replied since."""
        replies = self.cell.obligation.standing.replies
        return replies[-1].reply if replies and self.attendance.state == "unanswered" else None

    @property
    def lacks_files(self) -> bool:
        """Return whether everything has come, but not its electronic copy."""
        return self.cell.lacks_copy and bool({"email", "web"} & {*self.cell.missing_channels})

    @property
    def is_guest(self) -> bool:
        """Return whether the party only attends."""
        return self.cell.obligation.attends


def list_tasks(agenda: Agenda, party: str, now: datetime) -> list[Task]:
    """Return the tasks of a party in a plan, earliest date first."""
    cells = [cell for cell in draw_board(agenda, now) if cell.obligation.party == party]
    return sorted((_task(agenda, cell, now) for cell in cells), key=_urgency)


def find_task(agenda: Agenda, milestone: str, party: str, now: datetime) -> Task | None:
    """Return one task of a party; None if it has no part in it, or no longer."""
    o = agenda.by_key.get((milestone, party))
    if o is None or (o.until is not None and now >= o.until):
        return None
    return _task(agenda, read_cell(agenda, o, now), now)


def _task(agenda: Agenda, cell: Cell, now: datetime) -> Task:
    plan, o = agenda.plan, cell.obligation
    party, milestone = plan.parties[o.party], plan.milestone(o.milestone)
    missing = describe_missing(milestone, o)
    description = describe_submission(plan, milestone, party, o.due, now)
    return Task(plan=plan, milestone=milestone, cell=cell, missing=missing, description=description)


def _urgency(task: Task) -> tuple[bool, str]:
    o = task.cell.obligation
    day = o.due.target if o.due else o.event.first if o.event else o.window.first if o.window else None
    return day is None, day.isoformat() if day else ""


def list_history(view: UnitOfWork, task: Task) -> list[TaskEvent]:
    """Return the history of a task, newest first."""
    facts = [f for f in drop_withdrawn(view.facts.of(task.plan.id)) if concerns(f, task) and isinstance(f, _SHOWN)]
    documents = view.documents.of([fact.id for fact in facts if isinstance(fact, Received) and fact.files])
    return [_entry(fact, tuple(d for d in documents if d.fact == fact.id)) for fact in reversed(facts)]


def concerns(fact: Fact, task: Task) -> bool:
    """Return whether a fact is about this task, for this party or for all parties."""
    return fact.milestone == task.id and fact.party in (None, task.cell.obligation.party)


def _entry(fact: Fact, documents: tuple[Document, ...]) -> TaskEvent:
    is_partys_mail = fact.by == MAILBOX or (isinstance(fact, Replied) and fact.address)
    role: Role = "party" if is_partys_mail else _ROLES[fact.by.role]
    who = fact.by.name if fact.by.role == "party" else fact.address if isinstance(fact, Replied) else ""
    return TaskEvent(
        fact=fact,
        role=role,
        who=who,
        note=_note_to_party(fact),
        reason=fact.reason if isinstance(fact, Waived | Opened) else "",
        decision=fact.decision if isinstance(fact, Decision) else "",
        documents=documents,
    )


_ROLES: Mapping[ActorRole, Role] = {
    "office": "office",
    "party": "party",
    "definition": "plan",
    "mail server": "office",
    "source": "office",
}


def _note_to_party(fact: Fact) -> str:
    """Return the text of a fact that is meant for the party: its own words, or the office's to it."""
    is_for_the_party = isinstance(fact, Returned | Accepted) or (isinstance(fact, Replied) and fact.address)
    return fact.note if fact.by.role == "party" or is_for_the_party else ""


# ---------------------------------------------------------------- what a form is based on


def task_fingerprint(task: Task, facts: Sequence[Fact]) -> str:
    """Return the fingerprint of what a form is based on: the last fact and what the plan requires."""
    o, milestone = task.cell.obligation, task.milestone
    asked = repr((o.when, [d.id for d in milestone.deliverables], milestone.channels))
    last = max((fact.id for fact in _news(facts, task)), default=0)
    return f"{last}-{sha256(asked.encode()).hexdigest()[:16]}"


def news_since(fingerprint: str, task: Task, facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts about the task since a form was made, oldest first; none if only the plan changed."""
    number = fingerprint.partition("-")[0]
    last = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    return [fact for fact in _news(facts, task) if fact.id > last]


def _news(facts: Sequence[Fact], task: Task) -> list[Fact]:
    own = {fact.id for fact in facts if concerns(fact, task)}
    return [fact for fact in facts if fact.id in own or (isinstance(fact, Withdrawn) and fact.target in own)]


def by_part(tasks: Sequence[Task]) -> Iterator[tuple[Part, list[Task]]]:
    """Yield the parts of the page that are not empty, with their tasks."""
    parts: tuple[Part, ...] = ("todo", "events", "later", "done")
    for part in parts:
        found = [task for task in tasks if task.part == part]
        if found:
            yield part, found
