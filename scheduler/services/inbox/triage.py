"""What a person decides about a received mail: what it answers, or that it answers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler.errors import NothingMatched, UserError
from scheduler.plan import reasons
from scheduler.plan.answers.documents import counts
from scheduler.plan.answers.matching import Answer
from scheduler.plan.answers.received_mail import Attachment
from scheduler.plan.commands import Undo
from scheduler.plan.facts import Actor, Declared, Fact, drop_withdrawn
from scheduler.ports import InboxDecision, InboxRow, Store
from scheduler.services.inbox.answers import record_answer
from scheduler.services.inbox.context import AnswerContext, KeepFile, is_unchanged, note_decision
from scheduler.services.record_facts import execute
from scheduler.texts import Text
from scheduler.wording.sentences import word_state


def find_mail(context: AnswerContext, id: int, seen: InboxRow | None = None) -> InboxRow:
    """Return a mail that a person may decide about, who may have `seen` it before.

    Raises `NothingMatched` for an unknown one, `UserError` for one that is not decided yet or was recorded, or about
    which somebody has decided since it was seen.
    """
    with context.services.store.reading() as view:
        row = view.inbox.get(id)
    if row is None:
        raise NothingMatched(Text("unknown mail: i{id}", id=id), hint=Text("`hanchot inbox list` names the mails"))
    if seen is not None and not is_unchanged(row, seen):
        raise UserError(
            Text("somebody else has decided about i{id}", id=id), hint=Text("look at it again"), code="overtaken"
        )
    if not can_be_decided(context.services.store, row):
        what = (
            Text("is not decided yet")
            if row.state == "new"
            else Text("is {state} already", state=word_state(row.state))
        )
        facts = ", ".join(f"f{fact}" for fact in row.facts)
        hint = (
            Text("`hanchot undo` takes {facts} back", facts=facts) if facts else Text("the next tick decides about it")
        )
        raise UserError(Text("i{id} {what}", id=id, what=what), hint=hint, code="overtaken")
    return row


def can_be_decided(store: Store, row: InboxRow) -> bool:
    """Return whether a person may decide about a mail: once the daemon has, and while no submission by it counts."""
    return row.state not in ("new", "received") or (row.state == "received" and not _counting(store, row))


def _counting(store: Store, row: InboxRow) -> list[Fact]:
    """Return the facts that were recorded because of a mail and were not withdrawn."""
    with store.reading() as view:
        facts = [fact for id in row.facts if (fact := view.facts.get(id)) is not None]
        counting = {one.id for plan in {fact.plan for fact in facts} for one in drop_withdrawn(view.facts.of(plan))}
    return [fact for fact in facts if fact.id in counting]


def kept_files(files: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Return the files of a mail that can be kept as documents: not empty, and of an accepted kind."""
    return tuple(file for file in files if counts(file, ()))


def pick_files(files: Sequence[Attachment], parts: Sequence[str]) -> tuple[Attachment, ...]:
    """Return the files that a person names by their parts.

    Raises `NothingMatched` for a part that is not there or cannot be kept.
    """
    known = {file.part: file for file in kept_files(files)}
    for part in parts:
        if part not in known:
            raise NothingMatched.named(Text("attachment"), part, known)
    return tuple(known[part] for part in dict.fromkeys(parts))


def assign_mail(
    context: AnswerContext,
    id: int,
    answer: Answer,
    keep: KeepFile,
    now: datetime,
    *,
    by: Actor,
    seen: InboxRow | None = None,
) -> tuple[int, ...]:
    """Record that a mail answers an obligation; return the ids of the facts. It commits.

    `seen` is the mail as the person saw it. Raises what `find_mail` and `record_answer` raise; then nothing is
    recorded.
    """
    row = find_mail(context, id, seen)
    plan, milestone, party = answer.key
    decision = InboxDecision(
        state="received", at=now, plan=plan, milestone=milestone, party=party, reasons=row.reasons, by=by.name
    )
    facts = record_answer(context, row, answer, keep, decision, by)
    _end_waiting(context, row, now, by, Text("the mail was assigned"))
    return facts


def dismiss_mail(
    context: AnswerContext, id: int, reason: str, now: datetime, *, by: Actor, seen: InboxRow | None = None
) -> None:
    """Put a mail aside that answers nothing; reminders that waited because of it go on. It commits.

    `seen` is the mail as the person saw it. Raises what `find_mail` raises.
    """
    row = find_mail(context, id, seen)
    decision = InboxDecision(
        state="dismissed",
        at=now,
        plan=row.plan,
        milestone=row.milestone,
        party=row.party,
        reasons=(reasons.dismissed(reason), *row.reasons) if reason else row.reasons,
        facts=row.facts,
        by=by.name,
    )
    with context.services.store.transaction() as unit:
        note_decision(unit, row, decision)
    _end_waiting(context, row, now, by, reason)


def _end_waiting(context: AnswerContext, row: InboxRow, now: datetime, by: Actor, reason: str) -> None:
    """Take back what let reminders wait because of a mail. It commits."""
    for fact in _counting(context.services.store, row):
        definition = context.definition(fact.plan)
        if isinstance(fact, Declared) and definition is not None:
            undo = Undo(at=now, by=by, target=fact, reason=reason or Text("the mail was put aside"))
            execute(context.services, definition, [undo], notify=False)
