"""Sign-in by a mailed link that works once, and sign-out.

A GET never signs anybody in, because mail scanners open every link. The responses do not reveal whether
an address belongs to an operator.
"""

from __future__ import annotations

import secrets

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.config import read_span
from scheduler.errors import UserError
from scheduler.plan.recipients import operators
from scheduler.services.sign_in import digest, find_operator, mail_link, sign_in
from scheduler.texts import Text
from scheduler.web.auth.sessions import (
    SIGN_OUT,
    cookie_name,
    delete_cookie,
    for_anyone,
    for_operators,
    is_secure,
    set_cookie,
)
from scheduler.web.context import RequestContext
from scheduler.web.forms.posted_form import FormRefused
from scheduler.web.forms.throttle import Throttle
from scheduler.web.forms.tokens import is_idempotency_key, is_same_token, make_form_token


def ask(context: RequestContext) -> Response:
    """Show the form for a mail address; on POST, give the same response for every address."""
    if context.request.method != "POST":
        return _show(context, enter=False)
    _require_form(context)
    _throttle(context, context.site.sign_in_throttle)
    email = context.field("email", 254)
    response = context.page("sign-in-sent.html", email=email)
    response.background = BackgroundTask(_send, context, email)  # after the response, so that timing reveals nothing
    return response


def enter(context: RequestContext) -> Response:
    """Show the sign-in button; on POST, use up the link and begin a session."""
    if context.request.method != "POST":
        return _show(context, enter=True)
    _require_form(context)
    _throttle(context, context.site.link_throttle)
    running = context.running
    token = context.request.path_params["token"]
    lifetime = read_span(running.settings.web.session)
    entered = sign_in(running.store, token, now=running.system.now(), lifetime=lifetime)
    if entered is None or not context.site.is_operator(entered[0]):
        return context.page("sign-in-over.html", status=410)
    response = RedirectResponse("/", 303)
    set_cookie(context, response, entered[1])
    return response


def leave(context: RequestContext) -> Response:
    """End this session, or every session of the operator."""
    assert context.signed_in is not None  # noqa: S101 - only operators get here
    with context.running.store.transaction() as unit:
        if context.field("everywhere"):
            unit.access.end_sessions(context.signed_in.email)
        else:
            unit.access.end_session(digest(context.request.cookies[cookie_name(context)]))
    response = RedirectResponse("/sign-in?left=1", 303)
    delete_cookie(context, response)
    return response


ROUTES = [
    Route("/sign-in", for_anyone(ask), methods=["GET", "POST"]),
    Route("/sign-in/{token}", for_anyone(enter), methods=["GET", "POST"]),
    Route(SIGN_OUT, for_operators(leave), methods=["POST"]),
]


def _show(context: RequestContext, *, enter: bool) -> Response:
    """Show a form that only this browser can send, so that no other site can sign its user in as somebody else."""
    browser_id = context.request.cookies.get(_browser_cookie(context), "")
    browser_id = browser_id if is_idempotency_key(browser_id) else secrets.token_urlsafe(16)
    left = not enter and "left" in context.request.query_params
    response = context.page("sign-in.html", enter=enter, left=left, form_token=_form_token(context, browser_id))
    response.set_cookie(
        _browser_cookie(context), browser_id, path="/", secure=is_secure(context), httponly=True, samesite="lax"
    )
    return response


def _require_form(context: RequestContext) -> None:
    browser_id = context.request.cookies.get(_browser_cookie(context), "")
    if not is_idempotency_key(browser_id) or not is_same_token(context.field("form"), _form_token(context, browser_id)):
        raise FormRefused


def _browser_cookie(context: RequestContext) -> str:
    return f"{cookie_name(context)}-guest"


def _form_token(context: RequestContext, browser_id: str) -> str:
    return make_form_token(context.site.secret, f"guest\0{browser_id}")


def _throttle(context: RequestContext, throttle: Throttle) -> None:
    client = context.request.client
    if not throttle.admits(client.host if client else "", context.running.system.now()):
        raise HTTPException(429)


def _send(context: RequestContext, email: str) -> None:
    running = context.running
    people = running.settings.operators
    emails = people.addresses
    operator = find_operator(context.site.plans, emails, email, people.readers_only)
    anybody = operator or next(((plan, one) for plan in context.site.plans for one in operators(plan, emails)), None)
    if anybody is None:
        return
    now, lifetime = running.system.now(), read_span(running.settings.web.link)
    try:
        mail_link(
            running.store,
            running.composer,
            anybody,
            context.site.address,
            now=now,
            lifetime=lifetime,
            replayed=context.now if running.is_replay else None,
            pretend=operator is None,
        )
    except UserError as error:
        running.log_problem(Text("a sign-in link could not be mailed: {error}", error=error))
    else:
        running.wake()
