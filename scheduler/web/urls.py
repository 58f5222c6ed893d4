"""Paths of the site's own pages."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def path_to(*parts: str, **query: str) -> str:
    """Return the address of a page of ours: its parts and what is asked of it, whatever is in them."""
    path = "".join(f"/{quote(part, safe='@')}" for part in parts)
    return f"{path}?{urlencode(query)}" if query else path
