"""Access tokens from the address of a provider (RFC 6749), by the credentials of an application."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from scheduler.mail.access_tokens import LONGEST, TIMEOUT, USUAL_LIFETIME, NewToken, TokenError, is_token
from scheduler.system_errors import word_system
from scheduler.texts import Text, pattern

Hints = tuple[tuple[str, str], ...]  # for a pattern of what is said, what to do; {key} is the table


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
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise TokenError(
                Text(
                    "{url} answered {status} with {value} instead of a token",
                    url=self.url,
                    status=status,
                    value=kind or Text("something"),
                ),
                hint=Text("check {key}.url; is a proxy or a sign-in page in between?", key=self.key),
            )
        token = answer.get("access_token")
        if status != 200 or not isinstance(token, str) or not is_token(token):
            hidden = [self.client_secret, grant.get("refresh_token", "")]
            raise explain_answer(
                self.url, self.key, answer, otherwise=Text("status {status}", status=status), hidden=hidden
            )
        return answer

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        """Return status, type and content of the answer."""
        opener = build_opener(_NoRedirect, HTTPSHandler(context=self.context))
        try:
            request = Request(self.url, data=body, headers={"Accept": "application/json"})  # noqa: S310 - as configured
            try:
                with opener.open(request, timeout=self.timeout) as response:
                    return response.status, one_line(response.headers.get_content_type()), self._read(response)
            except HTTPError as error:
                with error:
                    return error.code, one_line(error.headers.get_content_type()), self._read(error)
        except (OSError, HTTPException, ValueError) as error:
            words = error.reason if isinstance(error, URLError) else error
            if isinstance(words, TimeoutError):
                raise _unanswered(self.url, self.timeout) from error
            hint = Text("it is tried again; check {key}.url", key=self.key)
            said = word_system(words) if isinstance(words, Exception) else words
            raise TokenError(Text("{url} cannot be reached: {words}", url=self.url, words=said), hint=hint) from error

    def _read(self, response: Any) -> bytes:
        """Return the content of an answer; one that drips is cut, so that its thread ends and lets go of its lock."""
        ends, content = time.monotonic() + self.timeout, b""
        while len(content) < LONGEST and time.monotonic() < ends and (part := response.read1(LONGEST)):
            content += part
        return content


def explain_answer(
    url: str,
    key: str,
    answer: Mapping[str, Any],
    *,
    otherwise: str = "",
    hidden: Iterable[str] = (),
    hints: Hints | None = None,
) -> TokenError:
    """Return what a provider answers instead of a token, with the way out; `key` names a table of the configuration.

    `otherwise` is said of an answer that does not say why; `hidden` are secrets that it may repeat.
    """
    hints = _HINTS if hints is None else hints
    said = ": ".join(part for name in ("error", "error_description") if (part := one_line(answer.get(name), hidden)))
    hint = Text(next((hint for words, hint in hints if re.search(words, said)), pattern("check {key}")), key=key)
    return TokenError(Text("{url} gives no token: {value}", url=url, value=said or otherwise), hint=hint)


def one_line(value: object, hidden: Iterable[str] = ()) -> str:
    """Return the first line of what a provider says, printable, with secrets masked before it is cut."""
    lines = str(value or "").splitlines()
    text = "".join(letter for letter in lines[0] if letter.isprintable()) if lines else ""
    for secret in filter(None, hidden):
        text = text.replace(secret, "***")
    return text[:300]


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
        raise _unanswered(what, timeout) from None


def _unanswered(what: str, timeout: float) -> TokenError:
    return TokenError(
        Text("{what} gave no answer within {timeout:g} seconds", what=what, timeout=timeout),
        hint=Text("it is tried again"),
    )


# What to do, by what a provider says; the first that fits. AADSTS numbers are Microsoft's.
_HINTS: Hints = (
    (
        r"AADSTS7000215\b",
        pattern("{key}.client_secret is the value of a secret, not its id: it is shown once, when it is made"),
    ),
    (r"AADSTS7000222\b", Text("the secret of the application has ended: make a new one in its registration")),
    (
        r"AADSTS700016\b",
        pattern("check {key}.client_id, and the tenant in {key}.url: it does not know the application"),
    ),
    (r"AADSTS(9000?2|9002[0-9]*|50059|50194)\b", pattern("check the tenant in {key}.url: its id, or a domain of it")),
    (
        r"AADSTS(70011|500011|1002012)\b",
        pattern("check {key}.scope; an application that acts by itself has one that ends in /.default"),
    ),
    (
        r"AADSTS7000218\b",
        Text("let the registration of the application allow public client flows, or give its secret too"),
    ),
    (
        r"AADSTS65001\b",
        Text("nobody has consented: an administrator grants it below the application's API permissions"),
    ),
    (
        r"AADSTS(50076|50078|50079|50089|50132|50133|50173|70008|70043|700082|700084)\b",
        Text("the sign-in has ended: `hanchot mail sign-in` makes a new one"),
    ),
    (
        r"AADSTS53(0?003|000|001)\b",
        Text("Conditional Access keeps it out: an administrator makes an exception for the account"),
    ),
    (
        r"AADSTS50105[0-9]?\b",
        Text("an administrator assigns the person to the application, below Enterprise applications"),
    ),
    (
        "^(authorization_pending|expired_token|code_expired)",
        Text("the code has ended: run `hanchot mail sign-in` again"),
    ),
    (
        "^(authorization_declined|access_denied)",
        Text("whoever signed in did not agree; run `hanchot mail sign-in` again"),
    ),
    (
        "^invalid_grant",
        pattern("what was shown has ended or was revoked: sign in anew, or renew the secret, below {key}"),
    ),
    ("^invalid_client", pattern("check {key}.client_id and {key}.client_secret; a secret may have ended")),
    ("^unauthorized_client", pattern("the application may not ask so; check its registration, and {key}.client_id")),
    ("^invalid_scope", "check {key}.scope"),
)


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: it would carry the secret to another address."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def read_lifetime(answer: Mapping[str, Any]) -> float:
    """Return for how many seconds the token of an answer is good."""
    try:
        return max(1.0, float(answer.get("expires_in", USUAL_LIFETIME)))
    except (TypeError, ValueError, OverflowError):
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
