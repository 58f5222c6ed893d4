"""One line of the log for each request: what was asked, how it was answered, how long that took. Never a token."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PRIVATE = (b"calendar", b"p", b"sign-in")  # the part of an address that follows these is a secret
UNLOGGED = b"/calendar/"  # calendars are asked for all day long; they are counted instead (metrics)
_LENGTH = 200  # characters of an address


class AccessLog:
    """Tells of every request once its answer has gone."""

    def __init__(self, app: ASGIApp, tell: Callable[[str], None]) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["raw_path"].startswith(UNLOGGED):
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
            self._tell(f"{scope['method']} {mask_path(scope['raw_path'])} {status} {took:.0f} ms")


def mask_path(path: bytes) -> str:
    """Return the path of a request as it may stand in the log: without its secret and without a query."""
    parts = path.partition(b"?")[0].split(b"/")
    for place, part in enumerate(parts[1:-1], 1):
        if part in PRIVATE and place == 1 and parts[2] != b"public":
            parts[2] = b"(token)"
    return b"/".join(parts)[:_LENGTH].decode("ascii", "replace")
