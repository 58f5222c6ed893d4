"""The private page of a party: its tasks in all plans, and the forms by which it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.web.auth.party_token import find_party_access, for_parties
from scheduler.web.context import RequestContext
from scheduler.web.forms.posted_form import read_form
from scheduler.web.forms.tokens import is_same_token
from scheduler.web.party.answers import answer_task
from scheduler.web.party.subscription import find_subscription, subscribe
from scheduler.web.party.task_view import Answer, TaskView
from scheduler.web.party.tasks import (
    by_part,
    list_tasks,
)


def show_page(context: RequestContext) -> Response:
    """Show all tasks of a party and its calendar subscription."""
    with context.running.store.reading() as view:
        access = find_party_access(context, view)
        subscription = find_subscription(context, view, access.party.id)
    plans = [(d.plan, list(by_part(list_tasks(agenda, access.party.id, context.now)))) for d, agenda in access.agendas]
    return context.page(
        "own-page.html",
        language=access.agendas[0][0].plan.language,
        party=access.party,
        plans=plans,
        here=context.path,
        subscription=subscription,
        form_token=access.form_token,
    )


async def make_calendar(request: Request) -> Response:
    """Create a calendar for the party unless it has one, and redirect to its page.

    Raises: HTTPException 403 for an invalid form token.
    """
    context = RequestContext(request, request.app.state.site)
    form = await read_form(request)

    def make() -> Response:
        with context.running.store.reading() as view:
            access = find_party_access(context, view)
        if not is_same_token(str(form.get("form", "")), access.form_token):
            raise HTTPException(403)
        subscribe(context, access.party.id)
        return RedirectResponse(f"{context.path}#calendar", 303)

    return await run_in_threadpool(make)


def show_task(context: RequestContext) -> Response:
    """Show one task with its history and its forms."""
    with context.running.store.reading() as view:
        task_view = TaskView.of(context, view)
        return task_view.page(Answer(done=context.unseal("done")))


def _either(show: Callable[[RequestContext], Response], take: Callable[[Request], Awaitable[Response]]) -> Any:
    async def endpoint(request: Request) -> Response:
        handler: Any = take if request.method == "POST" else for_parties(show)
        response: Response = await handler(request)
        return response

    return endpoint


ROUTES = [
    Route("/p/{token}", _either(show_page, make_calendar), methods=["GET", "POST"]),
    Route("/p/{token}/{plan}/{milestone}", _either(show_task, answer_task), methods=["GET", "POST"]),
]
