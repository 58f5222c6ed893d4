"""Validation and normalisation of e-mail addresses."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def read_address(text: str) -> str | None:
    """Return a bare address with its domain in ASCII, or None if it is invalid.

    The part before the @ must be ASCII, at most 64 characters long.
    """
    local, _, domain = text.rpartition("@")
    host = to_ascii(domain) or ""
    if len(local) > 64 or len(host) > 253 or not _LOCAL.fullmatch(local):
        return None
    return f"{local}@{host}" if all(map(_LABEL.fullmatch, host.split("."))) else None


def to_ascii(domain: str) -> str | None:
    """Return a domain in its lower-case ASCII form (IDNA 2008), or None if it has none."""
    if domain.isascii():
        return domain.lower()
    import idna  # imported here: it loads large tables, and few domains need it

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:
        return None
