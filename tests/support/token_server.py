"""A provider of access tokens on the loopback: its token address, and the one at which Dovecot asks what a token is."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.http_server import Reply, run_http_server


@dataclass
class TokenServer:
    """Gives tokens for `user` that are good for `lifetime` seconds, as long as the grant is known.

    With `answer` every request for a token is answered by these: status, type, content.
    """

    user: str = "office@hanchot.example"
    lifetime: float = 3600.0
    refresh_token: str = "refresh-0"
    rotates: bool = False
    answer: tuple[int, str, bytes] | None = None
    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: dict[str, float] = field(default_factory=dict)  # until when each is good, by the monotonic clock

    @property
    def url(self) -> str:
        """Return the token address."""
        return f"http://127.0.0.1:{self.port}/token"

    def give(self, lifetime: float | None = None) -> str:
        """Return a new token."""
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + (self.lifetime if lifetime is None else lifetime)
        return token

    def is_good(self, token: str) -> bool:
        """Return whether a token is known and has not ended."""
        return self.tokens.get(token, 0.0) > time.monotonic()

    def end_all(self) -> None:
        """Let every token end that was given."""
        self.tokens = dict.fromkeys(self.tokens, 0.0)

    def grant(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and content of the answer to a request for a token."""
        self.asked.append(asked)
        if asked.get("grant_type") == "refresh_token":
            if asked.get("refresh_token") != self.refresh_token:
                return 400, {"error": "invalid_grant", "error_description": "AADSTS70008: it has ended.\r\nTrace ID: 1"}
            if self.rotates:
                self.refresh_token = f"refresh-{len(self.asked)}"
        elif asked.get("client_secret") != "s3cret":
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"}
        answer = {"access_token": self.give(), "token_type": "Bearer", "expires_in": self.lifetime}
        return 200, answer | ({"refresh_token": self.refresh_token} if self.rotates else {})


@contextmanager
def run_token_server() -> Iterator[TokenServer]:
    """Run a provider."""
    provider = TokenServer()

    def answer(path: str, asked: dict[str, str] | None) -> Reply:
        if asked is None:  # Dovecot wants to know what a token is
            [token] = parse_qs(urlsplit(path).query).get("token", [""])
            known = {"active": True, "username": provider.user} if provider.is_good(token) else {"active": False}
            return 200, "application/json", json.dumps(known).encode()
        status, content = provider.grant(asked)
        return provider.answer or (status, "application/json", json.dumps(content).encode())

    with run_http_server(answer) as provider.port:
        yield provider


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    """Return a running provider."""
    with run_token_server() as server:
        yield server
