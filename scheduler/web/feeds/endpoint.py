"""Calendars over HTTP, answered from memory before anything else handles the request.

Calendar programs empty a calendar after a malformed response and give up after an error, so they get either
the complete calendar or a clear refusal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from scheduler.bootstrap import RunningDaemon
from scheduler.texts import Text
from scheduler.tokens import TOKEN_LENGTH, token_key
from scheduler.web.feeds.feed_cache import FeedCache, Headers, RenderedFeed, public_key


class FeedMiddleware:
    """Answers requests for calendars; passes on everything else, including invalid calendar addresses."""

    def __init__(self, app: ASGIApp, feed_cache: FeedCache, hits: Counter[str]) -> None:
        self._app = app
        self._feed_cache = feed_cache
        self._hits = hits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or pass it on."""
        if scope["type"] != "http" or not scope["path"].startswith("/calendar/"):
            await self._app(scope, receive, send)
            return
        key = read_key(scope["path"]) if scope["method"] in ("GET", "HEAD") else None
        try:
            cached = await self._feed_cache.find(key) if key is not None else None
        except Exception as error:  # calendar programs would take an HTML error page for an empty calendar
            self._feed_cache.running.log_problem(Text("a calendar could not be shown: {error}", error=error))
            self._hits["503"] += 1
            await _away(scope, receive, send)
            return
        if cached is None or cached.rendered is None:
            await self._app(scope, receive, send)
            return
        agent, status, headers, body = answer(scope, cached.rendered, self._feed_cache.running)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._hits["304" if status == 304 else "200"] += 1
        self._feed_cache.note_fetch(cached, agent)


def answer(scope: Scope, rendered: RenderedFeed, running: RunningDaemon) -> tuple[bytes, int, Headers, bytes]:
    """Return the user agent, and the status, headers and body of the response."""
    sent: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        sent.setdefault(name, []).append(value)
    agent, accepted = sent.get(b"user-agent", [b""])[-1], b",".join(sent.get(b"accept-encoding", ()))
    encoding = 1 if accepted and accepts_gzip(accepted) and b"Microsoft" not in agent else 0
    if _has_same(sent, rendered, running):
        return agent, 304, rendered.unchanged[encoding], b""
    body = b"" if scope["method"] == "HEAD" else rendered.compressed if encoding else rendered.plain
    return agent, 200, rendered.headers[encoding], body


def _has_same(sent: Mapping[bytes, Sequence[bytes]], rendered: RenderedFeed, running: RunningDaemon) -> bool:
    """Return whether the program has these bytes, by its entity tags or, if it sends none, by its date."""
    tags, since = sent.get(b"if-none-match"), sent.get(b"if-modified-since", [b""])[-1]
    if tags is not None:
        return any(tag.strip().removeprefix(b"W/") in (*rendered.tags, b"*") for tag in b",".join(tags).split(b","))
    return bool(since) and is_unchanged(since, rendered.changed_at, running.system.now())


@lru_cache(maxsize=256)
def accepts_gzip(accepted: bytes) -> bool:
    """Return whether an Accept-Encoding header allows gzip, by name or by `*`."""
    weights = {}
    for part in accepted.decode("latin-1").lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        weights[coding] = not weight or bool(re.fullmatch(r"1(\.0*)?|0\.\d*[1-9]\d*", weight))
    return weights.get("gzip", weights.get("*", False))


def is_unchanged(since: bytes, changed_at: datetime, now: datetime) -> bool:
    """Return whether nothing changed since an If-Modified-Since date; False for an invalid or future date."""
    try:
        date = parsedate_to_datetime(since.decode("ascii"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    date = date.replace(tzinfo=date.tzinfo or UTC)
    return changed_at <= date <= now


def read_key(path: str) -> bytes | None:
    """Return the cache key for a path; None if it cannot be a calendar's. Only the suffix of the file name matters."""
    parts = path.split("/")[2:]
    if not parts[-1].endswith(".ics"):
        return None
    if len(parts) == 3 and parts[0] == "public":
        return public_key(parts[1])
    return token_key(parts[0]) if len(parts) == 2 and len(parts[0]) == TOKEN_LENGTH else None


async def refuse(request: Request) -> Response:
    """Raise HTTPException 410 for a revoked calendar and 404 for an unknown one; say what can be asked of any."""
    if request.method == "OPTIONS":  # the same for every address, so that it does not say which of them is good
        return Response(status_code=204, headers={"Allow": ", ".join(METHODS)})
    feed_cache: FeedCache = request.app.state.feed_cache
    key = read_key(request.scope["path"])
    status = 410 if key is not None and key in feed_cache.revoked else 404
    request.app.state.site.metrics.feed_hits[str(status)] += 1
    raise HTTPException(status)


async def robots(request: Request) -> Response:
    """Serve robots.txt: search engines may fetch calendars, as people subscribe through them, and nothing else."""
    return PlainTextResponse(
        "User-agent: *\nAllow: /calendar/\nDisallow: /\n", headers={"Cache-Control": "max-age=3600"}
    )


METHODS = ("GET", "HEAD", "OPTIONS")
ROUTES = [Route("/calendar/{path:path}", refuse, methods=METHODS), Route("/robots.txt", robots)]


async def _away(scope: Scope, receive: Receive, send: Send) -> None:
    headers: Mapping[str, str] = {"Retry-After": "300", "Cache-Control": "no-store"}
    await PlainTextResponse("The calendar cannot be read at present.\n", 503, headers)(scope, receive, send)
