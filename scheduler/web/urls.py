"""Paths of the site's own pages."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def path_to(*parts: str, **query: str) -> str:
    """Return the path of a page with its parts and query percent-encoded."""
    path = "".join(f"/{quote(part, safe='@')}" for part in parts)
    return f"{path}?{urlencode(query)}" if query else path
