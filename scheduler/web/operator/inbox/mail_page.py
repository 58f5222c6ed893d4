"""The page of one received mail: who wrote what, what it may answer and why, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from scheduler.errors import Problem
from scheduler.plan.answers.matching import Answer
from scheduler.plan.facts import Fact
from scheduler.ports import InboxRow, UnitOfWork
from scheduler.queries.inbox import WAITING
from scheduler.web.context import RequestContext
from scheduler.web.operator.history import FactEntry, list_facts
from scheduler.web.operator.inbox.assignment import draw_form, name_task
from scheduler.web.operator.inbox.mail_list import Topic, local_time
from scheduler.web.operator.inbox.opened_mail import OpenedMail, add_proposal, find_row, name_file, read_mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a posted decision that was not taken: what stands in the way of it."""

    status: int = 200
    problems: Sequence[Problem] = ()
    is_overtaken: bool = False  # somebody else has decided meanwhile
    is_former: bool = False  # the form was opened in an earlier session
    has_no_room: bool = False  # its files cannot be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a mail may answer, and how a page calls that: the task and the party, the documents, and the files."""

    answer: Answer
    task: str
    party: str
    documents: tuple[str, ...]
    files: tuple[str, ...]


OPENED = Outcome()


def show_mail(context: RequestContext) -> Response:
    """Show a received mail; it changes nothing."""
    return render_mail(context, find_row(context))


def render_mail(context: RequestContext, row: InboxRow, outcome: Outcome = OPENED) -> Response:
    """Return the page of a mail, after a decision that was not taken with what stands in the way of it."""
    opened = add_proposal(context, read_mail(context, row))
    topic = Topic.of(context.site.plans, row.plan, row.milestone, row.party)
    with context.running.store.reading() as view:
        entries, elsewhere = _list_facts(context, view, row)
        form = draw_form(context, view, opened) if opened.is_undecided else None
        following = _find_next(view, row)
    return context.page(
        "inbox-mail.html",
        status=outcome.status,
        row=row,
        opened=opened,
        mail=opened.mail,
        topic=topic,
        names={file.part: name_file(file) for file in opened.files},
        proposal=_describe_proposal(context, opened),
        assignment=form,
        entries=entries,
        elsewhere=elsewhere,
        outcome=outcome,
        reason=context.field("reason", None),
        version=version_of(row),
        decided=context.unseal("decided"),
        following=following,
        local=lambda instant: local_time(context, instant, row),
    )


def version_of(row: InboxRow) -> str:
    """Return what a form was made from; it is another one once somebody has decided about the mail."""
    return f"{row.state} {row.decided_at.isoformat() if row.decided_at else ''}"


def _describe_proposal(context: RequestContext, opened: OpenedMail) -> Proposal | None:
    answer = opened.match.answer if opened.match else None
    topic = Topic.of(context.site.plans, *answer.key) if answer else None
    if answer is None or topic is None or topic.milestone is None or topic.party is None:
        return None
    return Proposal(
        answer=answer,
        task=name_task(topic.milestone, answer.key.milestone),
        party=topic.party.short,
        documents=tuple(one.title for one in topic.milestone.deliverables if one.id in answer.deliverables),
        files=tuple(map(name_file, answer.attachments)),
    )


def _find_next(view: UnitOfWork, row: InboxRow) -> InboxRow | None:
    """Return the mail that waits next: the one before this, else the newest; None if no other waits."""
    older = view.inbox.page(WAITING, before=row.id, limit=1)
    return next((one for one in (*older, *view.inbox.page(WAITING, limit=2)) if one.id != row.id), None)


def _list_facts(context: RequestContext, view: UnitOfWork, row: InboxRow) -> tuple[list[FactEntry], list[Fact]]:
    """Return what was recorded because of a mail: in plans in force ready to be shown, and in others."""
    facts = [fact for id in row.facts if (fact := view.facts.get(id)) is not None]
    entries: list[FactEntry] = []
    for plan in context.site.plans:
        snapshot = context.site.snapshots.read(view, plan, context.now)
        entries += list_facts(view, snapshot, [fact for fact in facts if fact.plan == plan.id])
    known = {entry.fact.id for entry in entries}
    return entries, [fact for fact in facts if fact.id not in known]
