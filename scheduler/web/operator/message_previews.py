"""Previews of the mails that a planned step would send, as their recipients would see them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from scheduler.errors import Problem, UserError
from scheduler.mail.mime import read_html, read_text
from scheduler.plan.model import Plan
from scheduler.ports import Mail, RungRow, UnitOfWork
from scheduler.queries.message_preview import preview
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import find_definition, find_number
from scheduler.web.operator.outbox import FRAME


def show_preview(context: RequestContext) -> Response:
    """Show the mails of a planned step, or why they cannot be composed."""
    plan = find_definition(context).plan
    problems: Sequence[Problem] = ()
    mails: list[Mail] = []
    with context.running.store.reading() as view:
        row = _find_step(context, view, plan)
        try:
            mails = _compose(context, view, plan, row)
        except UserError as error:
            problems = error.problems
    return context.page(
        "preview.html",
        language=plan.language,
        plan=plan,
        row=row,
        milestone=plan.milestone(row.milestone),
        party=plan.parties.get(row.party),
        mails=[(mail, context.without_keys(read_text(mail.data))) for mail in mails],
        problems=problems,
    )


def show_html(context: RequestContext) -> Response:
    """Serve the HTML part of one of these mails for the frame that shows it.

    Raises: HTTPException 404 if there is no such mail.
    """
    plan, number = find_definition(context).plan, find_number(context, "number")
    with context.running.store.reading() as view:
        mails = _compose(context, view, plan, _find_step(context, view, plan))
    if number >= len(mails):
        raise HTTPException(404)
    return HTMLResponse(context.without_keys(read_html(mails[number].data)), headers=FRAME)


def _find_step(context: RequestContext, view: UnitOfWork, plan: Plan) -> RungRow:
    row = view.rungs.get(find_number(context))
    if row is None or row.plan != plan.id or row.state != "planned":
        raise HTTPException(404)
    return row


def _compose(context: RequestContext, view: UnitOfWork, plan: Plan, row: RungRow) -> list[Mail]:
    snapshot = context.site.snapshots.read(view, plan, context.now)
    services = context.services
    return preview(services.composer, services.links, view, snapshot.agenda, row, snapshot.silent(row.at), context.now)


ROUTES = [
    Route("/plans/{plan}/steps/{id}", for_operators(show_preview)),
    Route("/plans/{plan}/steps/{id}/html/{number}", for_operators(show_html)),
]
