"""Download of the files in received mails; a browser never shows them as pages of this site."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from scheduler.engine.sources.answers import open_mail
from scheduler.plan.answers.received_mail import Attachment
from scheduler.ports import InboxRow
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.operator.documents import download_headers
from scheduler.web.operator.inbox.opened_mail import find_row, name_file, read_mail

UNKNOWN_KIND = "application/octet-stream"


def download(context: RequestContext) -> Response:
    """Serve a file of a mail as a download; its media type is that of its bytes, whatever the mail says.

    Raises: HTTPException 404 if the mail has no such file, or its bytes are gone.
    """
    opened, part = read_mail(context, find_row(context)), context.request.path_params["part"]
    file = next((one for one in opened.files if one.part == part), None)
    if file is None:
        raise HTTPException(404)
    return StreamingResponse(
        _read_pieces(context, opened.row, file),
        media_type=file.kind or UNKNOWN_KIND,
        headers=download_headers(name_file(file)),
    )


def _read_pieces(context: RequestContext, row: InboxRow, file: Attachment) -> Iterator[bytes]:
    mailbox = context.site.mailbox
    with open_mail(context.running.store, mailbox.files, row) as stream:
        yield from mailbox.reader.attachment(stream, file.part)


ROUTES = [Route("/inbox/{id}/attachments/{part}", for_operators(download))]
