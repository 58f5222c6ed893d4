"""Sessions of operators: the cookie, and the wrappers around page handlers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scheduler.config import read_span
from scheduler.services.sign_in import SignedIn, find_session
from scheduler.web.context import RequestContext
from scheduler.web.forms.files_aside import size_aside
from scheduler.web.forms.posted_form import FormRefused, read_form
from scheduler.web.forms.tokens import is_same_token, make_form_token, session_subject
from scheduler.web.forms.uploads import DAILY_SIZE, is_upload, read_upload

Handler = Callable[[RequestContext], Response]


COOKIE = "hanchot"
SIGN_OUT = "/sign-out"


class ReadsOnly(HTTPException):
    """Somebody who may look at everything wants to change something (HTTP 403)."""

    def __init__(self) -> None:
        super().__init__(403)


def for_anyone(handler: Handler) -> Callable[[Request], Any]:
    """Wrap a handler of a page that needs no sign-in; a posted form is parsed before the handler runs."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        context = RequestContext(request, request.app.state.site)
        if request.method == "POST":
            context.form = await read_form(request)
        return await run_in_threadpool(handler, context)

    return endpoint


def for_operators(
    handler: Handler, again: Handler | None = None, *, takes_files: bool = False
) -> Callable[[Request], Any]:
    """Wrap a handler of a page for operators; others are redirected to the sign-in page.

    A POST without a session changes nothing: it raises HTTPException 401; one of somebody who may only look raises
    `ReadsOnly`. A form made in an earlier session is refused, or passed to `again`, which shows what was typed in a new
    form. Files that the handler does not set aside are deleted.
    """

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        context = RequestContext(request, request.app.state.site)
        context.signed_in = await run_in_threadpool(find_signed_in, context)
        if request.method != "POST":
            if context.signed_in is None:
                return RedirectResponse("/sign-in", 303)
            response = await run_in_threadpool(handler, context)
        elif takes_files and is_upload(request):
            if context.signed_in is None:
                raise HTTPException(401)
            sender, store = context.signed_in.email, context.site.blob_store
            room = DAILY_SIZE - await run_in_threadpool(size_aside, store, sender)
            with context.site.uploads.counted(sender, room) as quota:
                context.incoming = await read_upload(request, store, quota)
                context.form = context.incoming.as_form()
                try:
                    response = await run_in_threadpool(_choose(context, handler, again), context)
                finally:
                    context.incoming.drop()
        else:
            context.form = await read_form(request)
            response = await run_in_threadpool(_choose(context, handler, again), context)
        renew_cookie(context, response)
        return response

    return endpoint


def _choose(context: RequestContext, handler: Handler, again: Handler | None) -> Handler:
    """Return the handler of a posted form: `again` for one that was made in an earlier session."""
    if context.signed_in is None:
        raise HTTPException(401)
    if not context.site.may_act(context.signed_in.email) and context.path != SIGN_OUT:
        raise ReadsOnly
    known = make_form_token(context.site.secret, session_subject(context.signed_in))
    if is_same_token(context.field("form"), known):
        return handler
    if again is None:
        raise FormRefused
    return again


def find_signed_in(context: RequestContext) -> SignedIn | None:
    """Return the signed-in operator; None without a valid session or for a former operator."""
    token = context.request.cookies.get(cookie_name(context), "")
    if not token or len(token) > 100:
        return None
    running = context.running
    lifetime = read_span(running.settings.web.session)
    signed_in = find_session(running.store, token, now=running.system.now(), lifetime=lifetime)
    if signed_in is not None and signed_in.renewed:  # keep it, as a second look-up returns no new secret
        context.request.state.renewed = signed_in.renewed
    return signed_in if signed_in is not None and context.site.is_operator(signed_in.email) else None


def cookie_name(context: RequestContext) -> str:
    """Return the name of the session cookie; over HTTPS its prefix `__Host-` keeps other hosts from setting it."""
    return f"__Host-{COOKIE}" if is_secure(context) else COOKIE


def set_cookie(context: RequestContext, response: Response, token: str) -> None:
    """Set the session cookie, out of reach of scripts and of forms on other sites."""
    age = int(read_span(context.running.settings.web.session).total_seconds())
    response.set_cookie(
        cookie_name(context), token, max_age=age, path="/", secure=is_secure(context), httponly=True, samesite="lax"
    )


def renew_cookie(context: RequestContext, response: Response) -> None:
    """Set the new session cookie if the session was renewed during this request, whatever the response is."""
    renewed: str = getattr(context.request.state, "renewed", "")
    if renewed:
        set_cookie(context, response, renewed)


def delete_cookie(context: RequestContext, response: Response) -> None:
    """Delete the session cookie."""
    context.request.state.renewed = ""
    response.delete_cookie(cookie_name(context), path="/", secure=is_secure(context), httponly=True, samesite="lax")


def is_secure(context: RequestContext) -> bool:
    """Return whether the browser uses HTTPS, according to a trusted proxy or to the base URL of the site."""
    return "https" in (context.request.scope["scheme"], context.site.address.partition(":")[0])
