"""Form tokens, by which a form is accepted only from the user it was made for, and idempotency keys."""

from __future__ import annotations

import hmac
import re

from scheduler.services.sign_in import SignedIn
from scheduler.tokens import sign

_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


def session_subject(signed_in: SignedIn) -> str:
    """Return the subject of an operator's form tokens: the session, which stays the same when its secret is renewed."""
    return f"operator\0{signed_in.email}\0{signed_in.began_at.isoformat()}"


def make_form_token(secret: bytes, subject: str) -> str:
    """Return the form token which proves that this site made a form for `subject`."""
    return sign(secret, f"form\0{subject}")


def is_idempotency_key(text: str) -> bool:
    """Return whether a text is a well-formed idempotency key."""
    return _IDEMPOTENCY_KEY.fullmatch(text) is not None


def is_same_token(given: str, expected: str) -> bool:
    """Return whether a posted token is the expected one, compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
