"""Handling of internal errors: a page without details for the client, and the location in the log, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scheduler.texts import Text

FRAMES = 12  # innermost frames of a traceback that are logged
_LENGTH = 300  # characters of an error message


class InternalErrors:
    """Answers with an error page when a handler fails.

    It runs inside the middleware that logs requests and adds headers, so that error pages get both as well.
    """

    def __init__(self, app: ASGIApp, log: Callable[[str], None], explain: Callable[[Request, Exception], Response]):
        self._app = app
        self._log = log
        self._explain = explain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; log an unhandled exception and answer with an error page."""
        has_begun = False

        async def send_and_see(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_see)
        except Exception as error:
            self._log(Text("a page failed: {error}", error=describe(error)))
            if has_begun:  # too late for an error page: the response can only be cut short
                raise
            response = await run_in_threadpool(self._answer, Request(scope, receive), error)
            await response(scope, receive, send)

    def _answer(self, request: Request, error: Exception) -> Response:
        try:
            return self._explain(request, error)
        except Exception as second:  # the error page failed as well
            self._log(Text("nor could that be said: {second}", second=describe(second)))
            return PlainTextResponse("Internal Server Error\n", 500)


def describe(error: Exception) -> str:
    """Return the message of an error and where it was raised, on one line."""
    frames = extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    text = " ".join(str(error).split())[:_LENGTH]
    return f"{type(error).__name__}: {text} ({places})"
