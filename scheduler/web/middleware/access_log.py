"""The access log: one line per request with method, path, status and duration, never with a token."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PRIVATE = re.compile(r"^(/+(?:p|calendar(?!/+public/)|sign-in)/+)[^/]+", re.IGNORECASE)  # the next segment is a secret
_TOKEN = re.compile(r"(?<=/)(?=[^/]*[A-Z])[A-Za-z0-9_-]{16,}(?=/|$)")  # anything that looks like a token, anywhere
UNLOGGED = "/calendar/"  # clients poll calendars all day; the metrics count these requests instead
_UNPRINTABLE = dict.fromkeys((*range(32), 127), "?")
_LENGTH = 200  # characters of a path


class AccessLog:
    """Logs every request once its response has been sent."""

    def __init__(self, app: ASGIApp, log: Callable[[str], None]) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, then log it."""
        if scope["type"] != "http" or scope["path"].startswith(UNLOGGED):
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_see)
        finally:
            took = (perf_counter() - began) * 1000
            self._log(f"{scope['method']} {mask_path(scope['path'])} {status} {took:.0f} ms")


def mask_path(path: str) -> str:
    """Return the path of a request fit for the log: without secrets, shortened, and on one line."""
    masked = _TOKEN.sub("(token)", _PRIVATE.sub(r"\1(token)", path))
    return masked[:_LENGTH].encode("ascii", "backslashreplace").decode().translate(_UNPRINTABLE)
