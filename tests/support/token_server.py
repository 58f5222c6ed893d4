"""A provider of access tokens on the loopback: its token address, and the one at which Dovecot asks what a token is."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


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

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, content = provider.grant({name: values[0] for name, values in asked.items()})
            kind, data = "application/json", json.dumps(content).encode()
            if provider.answer is not None:
                status, kind, data = provider.answer
            self._say(status, kind, data)

        def do_GET(self) -> None:
            """Answer Dovecot."""
            [token] = parse_qs(urlsplit(self.path).query).get("token", [""])
            known = {"active": True, "username": provider.user} if provider.is_good(token) else {"active": False}
            self._say(200, "application/json", json.dumps(known).encode())

        def _say(self, status: int, kind: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    """Return a running provider."""
    with run_token_server() as server:
        yield server
