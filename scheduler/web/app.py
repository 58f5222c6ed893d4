"""The site: every route, and what holds for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from scheduler.bootstrap import Running
from scheduler.errors import RecordAway
from scheduler.plan.model import Office
from scheduler.web.auth import sign_in
from scheduler.web.context import House, Visit, find_visitor, renew_cookie
from scheduler.web.feeds import endpoint
from scheduler.web.feeds.feed_cache import Kiosk
from scheduler.web.forms.posted_form import SecureHeaders
from scheduler.web.middleware.access_log import AccessLog
from scheduler.web.middleware.internal_errors import Faults
from scheduler.web.monitoring import health, metrics
from scheduler.web.operator import actions, board, documents, ledger, message_previews, outbox, plans
from scheduler.web.party import page

FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}  # another version has another address
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
RETRY = {429: "900", 503: "60"}  # seconds


def make_site(running: Running, address: str) -> ASGIApp:
    """Return the application that serves a running daemon at `address`."""
    kiosk = Kiosk(running, running.app.secret)

    @asynccontextmanager
    async def opened(site: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(kiosk.open())
        yield
        task.cancel()

    site = Starlette(
        lifespan=opened,
        routes=[
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/static/{name}", static),
            *board.ROUTES,
            *endpoint.ROUTES,
            *documents.ROUTES,
            *metrics.ROUTES,
            *page.ROUTES,
            *plans.ROUTES,
            *message_previews.ROUTES,
            *actions.ROUTES,
            *outbox.ROUTES,
            *ledger.ROUTES,
            *sign_in.ROUTES,
        ],
        middleware=[
            Middleware(AccessLog, tell=running.note),
            Middleware(SecureHeaders),
            Middleware(Faults, tell=running.tell, explain=explain),
        ],
        exception_handlers={HTTPException: explain, RecordAway: explain},
    )
    site.state.house = House.of(running, address)
    site.state.kiosk = kiosk
    site.router.redirect_slashes = False  # an address is right, or it is not
    return endpoint.CalendarsFirst(site, kiosk, site.state.house.metrics.feed_hits)


async def static(request: Request) -> Response:
    """Serve a file of the site."""
    found = request.app.state.house.pages.assets.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    _, kind, data = found
    return Response(data, media_type=kind, headers=FOR_A_YEAR)


def explain(request: Request, error: Exception) -> Response:
    """Say in words what is wrong: with the request, with the record, or with us."""
    visit = Visit(request, request.app.state.house)
    response = _explain(visit, error)
    if response.status_code in RETRY:
        response.headers.setdefault("Retry-After", RETRY[response.status_code])
    renew_cookie(visit, response)
    return response


def _explain(visit: Visit, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _explain_refusal(visit, error)
    if isinstance(error, RecordAway):  # it comes back by itself
        visit.running.tell(f"a page could not be shown: {error}")
        return _say(visit, 503, "away")
    return _say(visit, 500, "fault")


def _explain_refusal(visit: Visit, error: HTTPException) -> Response:
    """Say what is wrong with a request, to whoever it may be: a party is not sent to where operators sign in."""
    status, word = error.status_code, ERRORS.get(error.status_code, "garbled")
    if visit.request.url.path.startswith("/p/"):
        if status == 404:
            word = "page_not_found"
        asked = {plan.office: None for plan in visit.house.plans} if status == 410 else {}
        response = _say(visit, status, word, is_partys=True, offices=tuple(asked))
    else:
        with suppress(RecordAway):  # the record is away: the words are there all the same
            visit.visitor = find_visitor(visit)
        response = _say(visit, status, word)
    response.headers.update(error.headers or {})
    return response


def _say(
    visit: Visit, status: int, error: str, *, is_partys: bool = False, offices: tuple[Office, ...] = ()
) -> Response:
    return visit.page("error.html", status=status, error=error, is_partys=is_partys, offices=offices)
