"""Tokens of private addresses. Only their generation is stored, so an address can be shown again and revoked."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Literal

Purpose = Literal["feed", "page", "reply"]


TOKEN_LENGTH = 22  # characters for 128 bits


def make_token(secret: bytes, purpose: Purpose, subject: str, generation: int) -> str:
    """Return the token of one subject's address; each purpose and each generation has another."""
    said = "\0".join(("address", purpose, str(generation), subject))  # what may hold anything comes last
    return urlsafe_b64encode(hmac.digest(secret, said.encode(), sha256)[:16]).rstrip(b"=").decode()
