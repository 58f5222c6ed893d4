"""Access tokens from the address of a provider (RFC 6749), by the credentials of an application."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from scheduler.mail.access_tokens import LONGEST, TIMEOUT, USUAL_LIFETIME, NewToken, TokenError, is_token


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAddress:
    """The address at which a provider gives tokens, and who asks there; `key` names its table of the configuration."""

    url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = ""
    key: str = "token"
    timeout: float = TIMEOUT
    context: ssl.SSLContext | None = None

    def ask(self, **grant: str) -> Mapping[str, Any]:
        """Post a grant and return the answer, which holds a token. Raises `TokenError`.

        It may take for ever, since the timeout of a socket restarts with each byte: run it by `within`.
        """
        form = {"client_id": self.client_id, "client_secret": self.client_secret, "scope": self.scope, **grant}
        status, kind, text = self._post(urlencode({name: value for name, value in form.items() if value}).encode())
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TokenError(
                f"{self.url} answered {status} with {kind or 'something'} instead of a token",
                hint=f"check {self.key}.url; is a proxy or a sign-in page in between?",
            )
        token = answer.get("access_token")
        if status != 200 or not isinstance(token, str) or not is_token(token):
            raise self._refusal(status, answer, hidden=[self.client_secret, grant.get("refresh_token", "")])
        return answer

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        """Return status, type and content of the answer."""
        opener = build_opener(_NoRedirect, HTTPSHandler(context=self.context))
        try:
            request = Request(self.url, data=body, headers={"Accept": "application/json"})  # noqa: S310 - as configured
            try:
                with opener.open(request, timeout=self.timeout) as response:
                    return response.status, response.headers.get_content_type(), response.read(LONGEST)
            except HTTPError as error:
                with error:
                    return error.code, error.headers.get_content_type(), error.read(LONGEST)
        except (OSError, HTTPException, ValueError) as error:
            words = error.reason if isinstance(error, URLError) else error
            hint = f"it is tried again; check {self.key}.url"
            raise TokenError(f"{self.url} cannot be reached: {words}", hint=hint) from error

    def _refusal(self, status: int, answer: Mapping[str, Any], hidden: Iterable[str]) -> TokenError:
        code = _one_line(answer.get("error"))
        said = ": ".join(part for part in (code, _one_line(answer.get("error_description"))) if part)
        for secret in filter(None, hidden):
            said = said.replace(secret, "***")
        hint = _HINTS.get(code, "check {key}").format(key=self.key)
        return TokenError(f"{self.url} gives no token: {said or f'status {status}'}", hint=hint)


def _one_line(value: object) -> str:
    lines = str(value or "").splitlines()
    return "".join(letter for letter in lines[0] if letter.isprintable())[:300] if lines else ""


def within(timeout: float, what: str, fetch: Callable[[], NewToken]) -> NewToken:
    """Return what a function returns, in a thread that goes on by itself if it takes too long.

    A refresh token that comes later is still kept by the thread. Raises `TokenError`.
    """
    answer: Future[NewToken] = Future()

    def run() -> None:
        try:
            answer.set_result(fetch())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return answer.result(timeout)
    except TimeoutError:
        raise TokenError(f"{what} gave no answer within {timeout:g} seconds", hint="it is tried again") from None


_HINTS = {
    "invalid_grant": "what was shown has ended or was revoked; sign in anew, or renew the secret, below {key}",
    "invalid_client": "check {key}.client_id and {key}.client_secret; a secret may have ended",
    "unauthorized_client": "the application may not ask so; check its registration, and {key}.client_id",
    "invalid_scope": "check {key}.scope",
}


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: it would carry the secret to another address."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def read_lifetime(answer: Mapping[str, Any]) -> float:
    """Return for how many seconds the token of an answer is good."""
    try:
        return max(1.0, float(answer.get("expires_in", USUAL_LIFETIME)))
    except (TypeError, ValueError):
        return USUAL_LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSource:
    """Asks with the credentials of an application that acts for the mailbox, without a person."""

    address: TokenAddress

    def fetch(self) -> NewToken:
        """Return a new token. Raises `TokenError`."""
        return within(self.address.timeout, self.address.url, self._ask)

    def _ask(self) -> NewToken:
        answer = self.address.ask(grant_type="client_credentials")
        return NewToken(answer["access_token"], read_lifetime(answer))
