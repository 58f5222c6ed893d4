"""Signing in by a link that is mailed and works once, and out again.

A GET never signs anybody in: mail scanners open every link. Whether an address is an operator's
cannot be told from the answers.
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
from scheduler.web.context import (
    Visit,
    cookie_name,
    drop_cookie,
    for_anyone,
    for_operators,
    is_secure,
    keep_cookie,
)
from scheduler.web.forms.posted_form import Refused, is_form_of, is_once, sign_form
from scheduler.web.forms.throttle import Throttle


def ask(visit: Visit) -> Response:
    """Show the form for an address; take one and say the same whoever it is."""
    if visit.request.method != "POST":
        return _show(visit, enter=False)
    _require_form(visit)
    _slow_down(visit, visit.house.asking)
    email = visit.field("email", 254)
    response = visit.page("sign-in-sent.html", email=email)
    response.background = BackgroundTask(_send, visit, email)  # after the answer: its time tells nothing
    return response


def enter(visit: Visit) -> Response:
    """Show the button; pressed, it uses the link up and begins a session."""
    if visit.request.method != "POST":
        return _show(visit, enter=True)
    _require_form(visit)
    _slow_down(visit, visit.house.entering)
    running = visit.running
    token = visit.request.path_params["token"]
    lifetime = read_span(running.settings.web.session)
    entered = sign_in(running.store, token, now=running.system.now(), lifetime=lifetime)
    if entered is None or not visit.house.is_operator(entered[0]):
        return visit.page("sign-in-over.html", status=410)
    response = RedirectResponse("/", 303)
    keep_cookie(visit, response, entered[1])
    return response


def leave(visit: Visit) -> Response:
    """End the session, or every session of the operator."""
    assert visit.visitor is not None  # noqa: S101 - only operators get here
    with visit.running.store.transaction() as unit:
        if visit.field("everywhere"):
            unit.access.end_sessions(visit.visitor.email)
        else:
            unit.access.end_session(digest(visit.request.cookies[cookie_name(visit)]))
    response = RedirectResponse("/sign-in?left=1", 303)
    drop_cookie(visit, response)
    return response


ROUTES = [
    Route("/sign-in", for_anyone(ask), methods=["GET", "POST"]),
    Route("/sign-in/{token}", for_anyone(enter), methods=["GET", "POST"]),
    Route("/sign-out", for_operators(leave), methods=["POST"]),
]


def _show(visit: Visit, *, enter: bool) -> Response:
    """Show a form that only this browser can send: else another site could sign somebody in as somebody else."""
    guest = visit.request.cookies.get(_guest(visit), "")
    guest = guest if is_once(guest) else secrets.token_urlsafe(16)
    left = not enter and "left" in visit.request.query_params
    response = visit.page("sign-in.html", enter=enter, left=left, form_token=_word(visit, guest))
    response.set_cookie(_guest(visit), guest, path="/", secure=is_secure(visit), httponly=True, samesite="lax")
    return response


def _require_form(visit: Visit) -> None:
    guest = visit.request.cookies.get(_guest(visit), "")
    if not is_once(guest) or not is_form_of(visit.field("form"), _word(visit, guest)):
        raise Refused


def _guest(visit: Visit) -> str:
    return f"{cookie_name(visit)}-guest"


def _word(visit: Visit, guest: str) -> str:
    return sign_form(visit.house.secret, f"guest\0{guest}")


def _slow_down(visit: Visit, throttle: Throttle) -> None:
    client = visit.request.client
    if not throttle.admits(client.host if client else "", visit.running.system.now()):
        raise HTTPException(429)


def _send(visit: Visit, email: str) -> None:
    running = visit.running
    emails = running.settings.operators.emails
    operator = find_operator(visit.house.plans, emails, email)
    anybody = operator or next(((plan, one) for plan in visit.house.plans for one in operators(plan, emails)), None)
    if anybody is None:
        return
    now, lifetime = running.system.now(), read_span(running.settings.web.link)
    try:
        mail_link(
            running.store,
            running.composer,
            anybody,
            visit.house.address,
            now=now,
            lifetime=lifetime,
            replayed=visit.now if running.is_replay else None,
            pretend=operator is None,
        )
    except UserError as error:
        running.tell(f"a sign-in link could not be mailed: {error}")
    else:
        running.wake()
