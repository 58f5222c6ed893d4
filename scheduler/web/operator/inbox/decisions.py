"""Decisions about received mails: what a mail answers, or that it answers nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.engine.sources.answers import keep_attachment, open_mail
from scheduler.errors import RecordUnavailable, UserError
from scheduler.plan import reasons
from scheduler.plan.answers.matching import Answer, ObligationKey
from scheduler.plan.facts import Actor
from scheduler.ports import InboxRow
from scheduler.services.inbox.context import is_unchanged
from scheduler.services.inbox.triage import assign_mail, dismiss_mail, pick_files
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.forms.text_input import clean_lines
from scheduler.web.operator.command_forms import LONGEST
from scheduler.web.operator.inbox.assignment import read_key, read_ticks
from scheduler.web.operator.inbox.mail_list import Topic
from scheduler.web.operator.inbox.mail_page import Outcome, render_mail, show_mail, version_of
from scheduler.web.operator.inbox.opened_mail import find_row, read_mail


@dataclass(frozen=True, slots=True)
class Assignment:
    """The decision that a mail answers an obligation with some of its documents; the files are named by their parts."""

    key: ObligationKey
    deliverables: tuple[str, ...]
    parts: tuple[str, ...]

    def was_taken(self, row: InboxRow) -> bool:
        """Return whether this has become of a mail already."""
        return row.state == "received" and self.key == (row.plan, row.milestone, row.party)

    def carry_out(self, context: RequestContext, row: InboxRow, by: Actor) -> None:
        """Record what the mail brings; its bytes are needed for files only.

        Raises what `assign_mail` raises, `NothingMatched` for an unknown file.
        """
        mailbox, read = context.site.mailbox, read_mail(context, row)
        files = pick_files(read.files, self.parts) if self.parts else ()
        opened = open_mail(context.running.store, mailbox.files, row) if files else nullcontext(BytesIO())
        sent_at = read.mail.sent_at if read.mail else None
        answer = Answer(key=self.key, deliverables=self.deliverables, attachments=files, sent_at=sent_at)
        with opened as stream:
            assign_mail(
                context.answers,
                row.id,
                answer,
                lambda file: keep_attachment(mailbox, stream, file),
                context.now,
                by=by,
                seen=row,
            )


@dataclass(frozen=True, slots=True)
class Dismissal:
    """The decision that a mail answers nothing."""

    reason: str

    def was_taken(self, row: InboxRow) -> bool:
        """Return whether this has become of a mail already."""
        return row.state == "dismissed" and row.reasons[:1] == (reasons.dismissed(self.reason),)

    def carry_out(self, context: RequestContext, row: InboxRow, by: Actor) -> None:
        """Put the mail aside. Raises what `dismiss_mail` raises."""
        dismiss_mail(context.answers, row.id, self.reason, context.now, by=by, seen=row)


def decide(context: RequestContext) -> Response:
    """Show a mail; on POST take the decision that the form asks for.

    What somebody else has decided meanwhile is shown instead, and a form that is sent twice acts once.
    """
    row = find_row(context)
    if context.request.method != "POST":
        return show_mail(context)
    try:
        decision = _read_decision(context)
    except UserError as error:
        return render_mail(context, row, Outcome(status=422, problems=error.problems))
    return _take(context, row, decision)


def _take(context: RequestContext, row: InboxRow, decision: Assignment | Dismissal) -> Response:
    by = Actor(name=context.signed_in.email if context.signed_in else "")
    if context.field("seen") != version_of(row):
        return _show_newer(context, row, decision, by)
    try:
        decision.carry_out(context, row, by)
    except RecordUnavailable:
        raise
    except UserError as error:
        now = find_row(context)
        if not is_unchanged(now, row):
            return _show_newer(context, now, decision, by)
        return render_mail(context, now, Outcome(status=422, problems=error.problems))
    except OSError as error:
        context.running.log_problem(
            Text("the files of the mail i{id} cannot be kept: {words}", id=row.id, words=word_system(error))
        )
        return render_mail(context, row, Outcome(status=503, has_no_room=True))
    context.running.wake()
    return _show_result(context, find_row(context))


def _show_newer(context: RequestContext, row: InboxRow, decision: Assignment | Dismissal, by: Actor) -> Response:
    """Show what was decided since the form was opened: by the form itself, sent twice, or by somebody else."""
    if decision.was_taken(row) and row.by == by.name:
        return _show_result(context, row)
    return render_mail(context, row, Outcome(status=409, is_overtaken=True))


def _read_decision(context: RequestContext) -> Assignment | Dismissal:
    """Return the decision that a form asks for.

    Raises: UserError if something is left out or too long, HTTPException 403 for a form that this site did not make.
    """
    match context.field("decision"):
        case "assign":
            key = read_key(context) or ObligationKey("", "", "")
            return Assignment(key, _read_deliverables(context, key), read_ticks(context, "part"))
        case "dismiss":
            return Dismissal(_read_reason(context))
        case _:
            raise HTTPException(403)


def _read_deliverables(context: RequestContext, key: ObligationKey) -> tuple[str, ...]:
    """Return the documents that are ticked; where the plan lists documents one must be, because none means all."""
    milestone, ticked = Topic.of(context.site.plans, *key).milestone, read_ticks(context, "deliverable")
    if milestone is not None and milestone.deliverables and not ticked:
        raise UserError(Text("no document is ticked"), hint=Text("tick what came"), code="nothing-ticked")
    return ticked


def _read_reason(context: RequestContext) -> str:
    typed = clean_lines(context.field("reason", None))
    if not typed:
        raise UserError(Text("reason is empty"), hint=Text("fill it in"), code="no-reason")
    if len(typed) > LONGEST:
        raise UserError(
            Text("reason is too long"), hint=Text("{longest} characters are taken", longest=LONGEST), code="too-long"
        )
    return typed


def _show_result(context: RequestContext, row: InboxRow) -> Response:
    page = f"/inbox/{row.id}"
    return RedirectResponse(f"{page}?decided={context.seal(page, row.state)}", 303)


def ask_again(context: RequestContext) -> Response:
    """Show what was typed into a form of an earlier session in a new form; decide nothing."""
    return render_mail(context, find_row(context), Outcome(status=403, is_former=True))


ROUTES = [Route("/inbox/{id}", for_operators(decide, ask_again), methods=["GET", "POST"])]
