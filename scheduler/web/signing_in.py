"""Signing in by a link that is mailed and works once, and out again.

A GET never signs anybody in: mail scanners open every link. Whether an address is an operator's
cannot be told from the answers.
"""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.actions.access import digest, find_operator, mail_link, sign_in
from scheduler.config import read_span
from scheduler.errors import UserError
from scheduler.plan.recipients import operators
from scheduler.web.throttle import Throttle
from scheduler.web.visits import Visit, cookie_name, drop_cookie, for_anyone, for_operators, keep_cookie


def ask(visit: Visit) -> Response:
    """Show the form for an address; take one and say the same whoever it is."""
    if visit.request.method != "POST":
        return visit.page("sign-in.html", enter=False)
    _slow_down(visit, visit.house.asking)
    email = visit.field("email", 254)
    response = visit.page("sign-in-sent.html", email=email)
    response.background = BackgroundTask(_send, visit, email)  # after the answer: its time tells nothing
    return response


def enter(visit: Visit) -> Response:
    """Show the button; pressed, it uses the link up and begins a session."""
    if visit.request.method != "POST":
        return visit.page("sign-in.html", enter=True)
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
    response = RedirectResponse("/sign-in", 303)
    drop_cookie(visit, response)
    return response


ROUTES = [
    Route("/sign-in", for_anyone(ask), methods=["GET", "POST"]),
    Route("/sign-in/{token}", for_anyone(enter), methods=["GET", "POST"]),
    Route("/sign-out", for_operators(leave), methods=["POST"]),
]


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
