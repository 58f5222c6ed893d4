"""The site: every route, and what holds for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from scheduler.app import Running
from scheduler.errors import RecordAway
from scheduler.web import (
    acting,
    board,
    calendars,
    documents,
    health,
    ledger,
    mails,
    metrics,
    party_page,
    plans,
    signing_in,
)
from scheduler.web.access_log import AccessLog
from scheduler.web.faults import Faults
from scheduler.web.guard import SecureHeaders
from scheduler.web.visits import House, Visit, renew_cookie

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
    kiosk = calendars.Kiosk(running, running.app.secret)

    @asynccontextmanager
    async def warming(site: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(kiosk.warm())
        yield
        task.cancel()

    site = Starlette(
        lifespan=warming,
        routes=[
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/static/{name}", static),
            *board.ROUTES,
            *calendars.ROUTES,
            *documents.ROUTES,
            *metrics.ROUTES,
            *party_page.ROUTES,
            *plans.ROUTES,
            *acting.ROUTES,
            *mails.ROUTES,
            *ledger.ROUTES,
            *signing_in.ROUTES,
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
    return calendars.CalendarsFirst(site, kiosk, site.state.house.metrics.feed_hits)


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
        response = visit.page("error.html", status=error.status_code, error=ERRORS.get(error.status_code, "garbled"))
        response.headers.update(error.headers or {})
        return response
    if isinstance(error, RecordAway):  # it comes back by itself
        visit.running.tell(f"a page could not be shown: {error}")
        return visit.page("error.html", status=503, error="away")
    return visit.page("error.html", status=500, error="fault")
