"""Error pages for problems with the request, the record or the program itself."""

from __future__ import annotations

from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from scheduler.errors import RecordUnavailable
from scheduler.plan.model import Office
from scheduler.texts import Text
from scheduler.web.auth.sessions import ReadsOnly, find_signed_in, renew_cookie
from scheduler.web.context import RequestContext

ERRORS = {
    400: "garbled",
    401: "session",
    403: "refused",
    404: "not_found",
    405: "method",
    410: "gone",
    413: "too_big",
    415: "garbled",
    429: "too_many",
    503: "away",
}


RETRY_AFTER = {429: "900", 503: "60"}  # seconds


def explain(request: Request, error: Exception) -> Response:
    """Return the error page for an exception, with Retry-After and a renewed session cookie where they apply."""
    context = RequestContext(request, request.app.state.site)
    response = _explain(context, error)
    if response.status_code in RETRY_AFTER:
        response.headers.setdefault("Retry-After", RETRY_AFTER[response.status_code])
    renew_cookie(context, response)
    return response


def _explain(context: RequestContext, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _explain_refusal(context, error)
    if isinstance(error, RecordUnavailable):  # temporary, so 503 instead of 500
        context.running.log_problem(Text("a page could not be shown: {error}", error=error))
        return _say(context, 503, "away")
    return _say(context, 500, "fault")


def _explain_refusal(context: RequestContext, error: HTTPException) -> Response:
    """Return the page for an HTTP error; on a party's page it does not lead to the operators' sign-in."""
    status, code = error.status_code, ERRORS.get(error.status_code, "garbled")
    if context.request.url.path.startswith("/p/"):
        if status == 404:
            code = "page_not_found"
        asked = {plan.office: None for plan in context.site.plans} if status == 410 else {}
        response = _say(context, status, code, is_partys=True, offices=tuple(asked))
    else:
        with suppress(RecordUnavailable):  # the page can be shown without the record
            context.signed_in = find_signed_in(context)
        response = _say(context, status, "reads_only" if isinstance(error, ReadsOnly) else code)
    response.headers.update(error.headers or {})
    return response


def _say(
    context: RequestContext, status: int, error: str, *, is_partys: bool = False, offices: tuple[Office, ...] = ()
) -> Response:
    return context.page("error.html", status=status, error=error, is_partys=is_partys, offices=offices)
