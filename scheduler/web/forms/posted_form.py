"""What holds for every answer and every form: headers, where a form comes from, how big it may be."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from starlette.datastructures import FormData, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_SIZE = 256 * 1024  # bytes of a form without files: a thousand parties with long names can be ticked
FIELDS = 2000
_ONCE = re.compile(r"[A-Za-z0-9_-]{1,60}")

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'none'; "
    "connect-src 'none'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecureHeaders:
    """Gives every answer the headers that keep others out; one that an answer has set itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Refused(HTTPException):
    """A form that is not taken: sent from another site, or no longer good."""

    def __init__(self) -> None:
        super().__init__(403)


async def read_form(request: Request, *, size: int = FORM_SIZE) -> FormData:
    """Return a posted form. Raises `Refused` for one from another site, 413 for too big a one, 415 for another make.

    The body is counted as it comes: what it says of its own length proves nothing.
    """
    refuse_foreign(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/x-www-form-urlencoded"):  # forms with files have a reader of their own
        raise HTTPException(415)
    refuse_bigger(request, size)
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > size:
            raise HTTPException(413)
        return message

    bounded = Request(request.scope, counted)
    return await bounded.form(max_fields=FIELDS, max_part_size=FORM_SIZE)


def refuse_bigger(request: Request, size: int) -> None:
    """Raise 413 if a request says of itself that it is bigger."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > size):
        raise HTTPException(413)


def refuse_foreign(request: Request) -> None:
    """Raise `Refused` if a browser says that another site has sent the request.

    Our own pages send no referrer, so their forms come with the origin "null": that alone says nothing.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "null")
    if site not in ("same-origin", "none") or (origin != "null" and origin.partition("://")[2] != _host(request)):
        raise Refused


def _host(request: Request) -> str:
    return request.headers.get("host", "")


def sign_form(secret: bytes, subject: str) -> str:
    """Return the word by which a form is known as one of ours, for one reader."""
    return urlsafe_b64encode(hmac.digest(secret, f"form\0{subject}".encode(), sha256)[:16]).rstrip(b"=").decode()


def is_once(word: str) -> bool:
    """Return whether a word can be the one that a form is known by when it is sent twice."""
    return _ONCE.fullmatch(word) is not None


def is_form_of(given: str, expected: str) -> bool:
    """Return whether the word in a posted form is the one that its reader was given."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
