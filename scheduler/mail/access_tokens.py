"""Access tokens for mail accounts (OAuth 2): where they come from, and how long one is used."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from scheduler.clock import SystemClock
from scheduler.errors import UserError
from scheduler.ports import Clock
from scheduler.texts import Text

_T = TypeVar("_T")

TIMEOUT = 30.0  # seconds to get a token
USUAL_LIFETIME = 3600.0  # seconds, where the source does not say; both Google and Microsoft give an hour
LONGEST = 64 * 1024  # bytes of an answer


class TokenError(UserError):
    """No token could be had; the words hold no secret."""


class NewToken(NamedTuple):
    """A token as its source gave it, and the seconds for which it is good."""

    value: str
    lifetime: float = USUAL_LIFETIME

    def __repr__(self) -> str:
        """Return it without the secret."""
        return f"NewToken(lifetime={self.lifetime})"


class TokenSource(Protocol):
    """Where new tokens come from."""

    def fetch(self) -> NewToken:
        """Return a new token. Raises `TokenError`."""


class HeldToken(NamedTuple):
    """A token in use; `is_new` says that it was fetched for whoever asked, and not before."""

    value: str
    is_new: bool

    def __repr__(self) -> str:
        """Return it without the secret."""
        return f"HeldToken(is_new={self.is_new})"


class TokenHolder:
    """Holds one token for as long as it is good, and gets the next one ahead of its end. Thread-safe."""

    def __init__(
        self, source: TokenSource, *, monotonic: Callable[[], float] = time.monotonic, clock: Clock | None = None
    ) -> None:
        self._source = source
        self._clock = clock or SystemClock()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = self._ends_at = 0.0

    def get(self) -> HeldToken:
        """Return the token, a new one if little of its time is left. Raises `TokenError` if it has ended."""
        with self._lock:
            if self._token and self._monotonic() < self._renew_at:
                return HeldToken(self._token, is_new=False)
            try:
                return self._fetch()
            except TokenError:
                if not self._token or self._monotonic() >= self._ends_at:
                    raise
                return HeldToken(self._token, is_new=False)

    @property
    def latest(self) -> str:
        """Return the token that is held, whether it is good or not; "" if there is none. Nothing is fetched."""
        with self._lock:
            return self._token

    def renew(self, refused: str) -> HeldToken:
        """Return another token than one that was refused, which is not used again. Raises `TokenError`."""
        with self._lock:
            if self._token and self._token != refused:
                return HeldToken(self._token, is_new=False)
            self._token = ""
            held = self._fetch()
            if held.value == refused:
                self._token = ""
                words = Text("the source gives the token again that was refused")
                raise TokenError(words, hint=Text("run a program by hand: does it keep a token for too long?"))
            return held

    def log_in(self, attempt: Callable[[str], _T], is_refusal: Callable[[Exception], bool]) -> _T:
        """Return what a login by the token returns.

        A token that was in use before and is refused has perhaps ended early: another one is tried, once. Raises
        `TokenError`, and what the attempt raises.
        """
        token, is_new = self.get()
        try:
            return attempt(token)
        except Exception as error:
            if not is_refusal(error):
                raise
            if is_new:
                self._require_good(token)
                raise
        return attempt(self.renew(token).value)

    def _require_good(self, token: str) -> None:
        """Raise `TokenError` if a token that was refused has ended: a program that keeps tokens gave an old one."""
        ends = read_claims(token).get("exp")
        if isinstance(ends, int | float) and ends < self._clock.now().timestamp():
            with self._lock:
                self._token = ""
            hint = Text(
                "run its program by hand: does it keep a token for too long? Is the clock of this machine right?"
            )
            raise TokenError(Text("the source gives a token that has ended"), hint=hint)

    def _fetch(self) -> HeldToken:
        asked_at = self._monotonic()
        token, lifetime = self._source.fetch()
        if not isinstance(token, str) or not is_token(token):
            raise TokenError(Text("the source gives something that is no token"), hint=Text("is it the right source?"))
        self._token = token
        self._renew_at = asked_at + lifetime * 5 / 6  # of an hour, ten minutes before its end
        self._ends_at = asked_at + lifetime
        return HeldToken(token, is_new=True)


def is_token(text: str) -> bool:
    """Return whether a text can be a token: visible ASCII without spaces (RFC 6749, appendix A.12)."""
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable() and " " not in text


def read_claims(token: str) -> Mapping[str, Any]:
    """Return the claims of a token in JWT form (RFC 7519), which are not verified; {} for another token."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError, Error):
        return {}
    return claims if isinstance(claims, dict) else {}
