"""Tokens and signatures that derive from the installation's secret.

The token of a private URL derives from a generation too. Only the generation is stored, so a URL can be shown again,
and revoked by raising the generation.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Literal

Purpose = Literal["feed", "page"]

TOKEN_LENGTH = 22  # characters of base64 for 128 bits


def make_token(secret: bytes, purpose: Purpose, subject: str, generation: int) -> str:
    """Return the token of a subject, different for each purpose and each generation."""
    # The subject comes last: it may hold any character, and no two inputs must give the same text.
    return sign(secret, "\0".join(("address", purpose, str(generation), subject)))


def sign(secret: bytes, text: str) -> str:
    """Return the signature of a text: `TOKEN_LENGTH` characters that may stand in a URL."""
    return urlsafe_b64encode(hmac.digest(secret, text.encode(), sha256)[:16]).rstrip(b"=").decode()


def token_key(token: str) -> bytes:
    """Return the digest of a token; the duration of a look-up by digest reveals nothing about the token."""
    return sha256(token.encode(errors="replace")).digest()
