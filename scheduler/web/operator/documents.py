"""Download of the files that parties sent; a browser never shows them as pages of this site."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from scheduler.texts import Text
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import find_number


def download(context: RequestContext) -> Response:
    """Serve a file as a download under its original name.

    Raises: HTTPException 404 if the record or the data folder does not have it.
    """
    with context.running.store.reading() as view:
        document = view.documents.get(find_number(context))
    if document is None:
        raise HTTPException(404)
    place = context.site.blob_store.place(document.digest)
    if not place.is_file():
        context.running.log_problem(Text("the file of document {id} is not in the data folder", id=document.id))
        raise HTTPException(404)
    return FileResponse(place, media_type=document.kind, headers=download_headers(document.name))


def download_headers(name: str) -> dict[str, str]:
    """Return the headers by which a browser saves a file under this name and never shows it as a page of this site."""
    plain = re.sub(r'[^ -~]|["\\?]', "_", name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }


ROUTES = [Route("/documents/{id}", for_operators(download))]
