"""The ASGI application: its routes, middleware and error handlers."""

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

from scheduler.bootstrap import RunningDaemon
from scheduler.errors import RecordUnavailable
from scheduler.web import blank_forms
from scheduler.web.auth import sign_in
from scheduler.web.context import SiteContext
from scheduler.web.error_pages import explain
from scheduler.web.feeds import endpoint
from scheduler.web.feeds.feed_cache import FeedCache
from scheduler.web.middleware.access_log import AccessLog
from scheduler.web.middleware.internal_errors import InternalErrors
from scheduler.web.middleware.security_headers import SecureHeaders
from scheduler.web.monitoring import health, metrics
from scheduler.web.operator import actions, documents, ledger, message_previews, outbox, plans
from scheduler.web.operator.board import board
from scheduler.web.operator.inbox import attachments, decisions, mail_list
from scheduler.web.party import page

FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}  # a changed file gets a new address


def make_app(running: RunningDaemon, address: str) -> ASGIApp:
    """Return the application that serves a running daemon at `address`."""
    feed_cache = FeedCache(running, running.container.secret)

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(feed_cache.open())
        yield
        task.cancel()

    app = Starlette(
        lifespan=opened,
        routes=[
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/static/{name}", static),
            *blank_forms.ROUTES,
            *board.ROUTES,
            *endpoint.ROUTES,
            *documents.ROUTES,
            *metrics.ROUTES,
            *page.ROUTES,
            *plans.ROUTES,
            *message_previews.ROUTES,
            *actions.ROUTES,
            *outbox.ROUTES,
            *mail_list.ROUTES,
            *decisions.ROUTES,
            *attachments.ROUTES,
            *ledger.ROUTES,
            *sign_in.ROUTES,
        ],
        middleware=[
            Middleware(AccessLog, log=running.log_request),
            Middleware(SecureHeaders),
            Middleware(InternalErrors, log=running.log_problem, explain=explain),
        ],
        exception_handlers={HTTPException: explain, RecordUnavailable: explain},
    )
    app.state.site = SiteContext.of(running, address)
    app.state.feed_cache = feed_cache
    app.router.redirect_slashes = False  # a wrong trailing slash is a 404, not a redirect
    return endpoint.FeedMiddleware(app, feed_cache, app.state.site.metrics.feed_hits)


async def static(request: Request) -> Response:
    """Serve a static file by its versioned name.

    Raises: HTTPException 404 for an unknown name.
    """
    found = request.app.state.site.pages.assets.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    _, kind, data = found
    return Response(data, media_type=kind, headers=FOR_A_YEAR)
