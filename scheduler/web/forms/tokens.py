"""Form tokens: a form is taken only from the reader it was made for."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from scheduler.services.sign_in import SignedIn


def session_subject(signed_in: SignedIn) -> str:
    """Return what an operator's forms are bound to: the session, whatever its secret is by now."""
    return f"operator\0{signed_in.email}\0{signed_in.began_at.isoformat()}"


_ONCE = re.compile(r"[A-Za-z0-9_-]{1,60}")


def make_form_token(secret: bytes, subject: str) -> str:
    """Return the word by which a form is known as one of ours, for one reader."""
    return urlsafe_b64encode(hmac.digest(secret, f"form\0{subject}".encode(), sha256)[:16]).rstrip(b"=").decode()


def is_idempotency_key(word: str) -> bool:
    """Return whether a word can be the one that a form is known by when it is sent twice."""
    return _ONCE.fullmatch(word) is not None


def is_same_token(given: str, expected: str) -> bool:
    """Return whether the word in a posted form is the one that its reader was given."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
