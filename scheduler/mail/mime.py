"""Reads the text of a finished mail, for display in the outbox."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import compat32


def read_text(data: bytes) -> str:
    """Return the plain text of a mail that this program composed; "" if it has none."""
    return _read(data, "text/plain")


def read_html(data: bytes) -> str:
    """Return the HTML part of a mail that this program composed; "" if it has none."""
    return _read(data, "text/html")


def _read(data: bytes, kind: str) -> str:
    for part in message_from_bytes(data, policy=compat32).walk():
        if part.get_content_type() == kind:
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8").replace("\r\n", "\n") if isinstance(payload, bytes) else ""
    return ""
