"""What holds for every answer and every form: headers, where a form comes from, how big it may be."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

FORM_SIZE = 256 * 1024  # bytes of a form without files: a thousand parties with long names can be ticked
FIELDS = 2000


class FormRefused(HTTPException):
    """A form that is not taken: sent from another site, or no longer good."""

    def __init__(self) -> None:
        super().__init__(403)


async def read_form(request: Request, *, size: int = FORM_SIZE) -> FormData:
    """Return a posted form. Raises `FormRefused` for one from another site, 413 if too big, 415 for another media type.

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
    """Raise `FormRefused` if a browser says that another site has sent the request.

    Our own pages send no referrer, so their forms come with the origin "null": that alone says nothing.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "null")
    if site not in ("same-origin", "none") or (origin != "null" and origin.partition("://")[2] != _host(request)):
        raise FormRefused


def _host(request: Request) -> str:
    return request.headers.get("host", "")
