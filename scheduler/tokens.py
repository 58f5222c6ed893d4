"""Tokens for private URLs.

They derive from a secret and a generation. Only the generation is stored, so a URL can be shown again, and revoked
by raising the generation.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Literal

Purpose = Literal["feed", "page", "reply"]


TOKEN_LENGTH = 22  # characters of base64 for 128 bits


def make_token(secret: bytes, purpose: Purpose, subject: str, generation: int) -> str:
    """Return the token of a subject, different for each purpose and each generation."""
    # The subject comes last: it may hold any character, and no two inputs must give the same text.
    said = "\0".join(("address", purpose, str(generation), subject))
    return urlsafe_b64encode(hmac.digest(secret, said.encode(), sha256)[:16]).rstrip(b"=").decode()
