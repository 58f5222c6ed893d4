"""What SMTP and IMAP say to log in by an access token (SASL): the proofs, and why a server refuses one."""

from __future__ import annotations

import json
from base64 import b64decode


def xoauth2_proof(username: str, token: str) -> str:
    """Return what XOAUTH2 sends, before base64 (Google and Microsoft, "SASL XOAUTH2")."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01"


def bearer_proof(username: str, token: str) -> str:
    """Return what OAUTHBEARER sends, before base64 (RFC 7628, section 3.1)."""
    name = username.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\x01auth=Bearer {token}\x01\x01"


def read_reason(challenge: bytes) -> bytes:
    """Return why a server refuses a token, as its challenge says (RFC 7628, section 3.2.2); b"" if it does not."""
    try:
        said = json.loads(b64decode(challenge))
        scope = f", scope {said['scope']}" if said.get("scope") else ""
        return f" (status {said['status']}{scope})".encode()
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return b""
