"""The words of a finished mail, for people who look into the outbox."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import compat32


def read_text(data: bytes) -> str:
    """Return the plain text of a mail that this program composed."""
    for part in message_from_bytes(data, policy=compat32).walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8").replace("\r\n", "\n") if isinstance(payload, bytes) else ""
    return ""
