"""Reads finished mails back, with the standard library's oldest and most lenient policy."""

from __future__ import annotations

import email
from email.header import decode_header, make_header
from email.message import Message


def read(data: bytes) -> Message:
    """Return a mail as parsed by compat32."""
    return email.message_from_bytes(data)


def header(message: Message, name: str) -> str:
    """Return one field, unfolded and decoded."""
    unfolded = message[name].replace("\r", "").replace("\n", "").strip()
    return str(make_header(decode_header(unfolded)))


def body(message: Message, subtype: str) -> str:
    """Return the part of that subtype as text with plain line ends."""
    (part,) = (part for part in message.walk() if part.get_content_type() == f"text/{subtype}")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")
