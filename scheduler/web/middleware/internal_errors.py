"""Faults of our own: said to the visitor without details, and to the log with where it happened, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FRAMES = 12  # the innermost
_LENGTH = 300  # characters of what an error says


class InternalErrors:
    """Answers with a page where a page fails; inside of what every answer gets, so that this one gets it, too."""

    def __init__(self, app: ASGIApp, log: Callable[[str], None], explain: Callable[[Request, Exception], Response]):
        self._app = app
        self._log = log
        self._explain = explain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        has_begun = False

        async def send_and_see(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_see)
        except Exception as error:
            self._log(f"a page failed: {describe(error)}")
            if has_begun:  # nothing can be said any more but that it ends here
                raise
            response = await run_in_threadpool(self._answer, Request(scope, receive), error)
            await response(scope, receive, send)

    def _answer(self, request: Request, error: Exception) -> Response:
        try:
            return self._explain(request, error)
        except Exception as second:  # not even a page can be drawn
            self._log(f"nor could that be said: {describe(second)}")
            return PlainTextResponse("Internal Server Error\n", 500)


def describe(error: Exception) -> str:
    """Return what an error says and where it was raised, on one line."""
    frames = extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    said = " ".join(str(error).split())[:_LENGTH]
    return f"{type(error).__name__}: {said} ({places})"
