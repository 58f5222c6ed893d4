"""Parsing of posted forms: where a form may come from, and how big it may be."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

FORM_SIZE = 256 * 1024  # bytes of a form without files; enough to tick a thousand parties with long names
FIELDS = 2000


class FormRefused(HTTPException):
    """A form that is refused with 403: sent from another site, or with an invalid form token."""

    def __init__(self) -> None:
        super().__init__(403)


async def read_form(request: Request, *, size: int = FORM_SIZE) -> FormData:
    """Return a posted form of at most `size` bytes.

    The body is counted as it arrives, because its declared length proves nothing.
    Raises: FormRefused for a form from another site, HTTPException 413 if it is too big, 415 for another media type.
    """
    refuse_foreign(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/x-www-form-urlencoded"):  # `read_upload` parses forms with files
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
    """Raise HTTPException 413 if the declared length of a request exceeds `size` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > size):
        raise HTTPException(413)


def refuse_foreign(request: Request) -> None:
    """Raise `FormRefused` if the headers say that another site sent the request.

    The origin "null" alone proves nothing: pages of this site send no referrer, so their forms have it too.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "null")
    if site not in ("same-origin", "none") or (origin != "null" and origin.partition("://")[2] != _host(request)):
        raise FormRefused


def _host(request: Request) -> str:
    return request.headers.get("host", "")
