"""Mail addresses as people type them, and as mail programs take them."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def read_address(text: str) -> str | None:
    """Return one bare address with its domain in ASCII; None for anything else, and for accents before the @."""
    local, _, domain = text.rpartition("@")
    host = to_ascii(domain) or ""
    if len(local) > 64 or len(host) > 253 or not _LOCAL.fullmatch(local):
        return None
    return f"{local}@{host}" if all(map(_LABEL.fullmatch, host.split("."))) else None


def to_ascii(domain: str) -> str | None:
    """Return a domain as it goes over the wire (IDNA 2008), in small letters; None if there is no such form."""
    if domain.isascii():
        return domain.lower()
    import idna  # here: it brings large tables, and few domains need it

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:
        return None
