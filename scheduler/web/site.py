"""The site: every route, and what holds for all of them."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from scheduler.app import Running
from scheduler.web import health


def make_site(running: Running) -> Starlette:
    """Return the application that serves a running daemon."""
    site = Starlette(routes=[Route("/healthz", health.live), Route("/readyz", health.ready)])
    site.state.running = running
    return site
