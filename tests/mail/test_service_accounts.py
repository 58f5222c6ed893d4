"""Access tokens of Google Workspace by the key of a service account."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from scheduler.clock import SystemClock
from scheduler.mail.access_tokens import TokenError, TokenHolder
from scheduler.mail.service_account import ServiceAccountSource
from tests.support.token_server import TokenServer, provider

__all__ = ["provider"]

USER = "office@hanchot.example"
MAIL = "https://mail.google.com/"
GOOGLE = "https://oauth2.googleapis.com/token"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """Return a private key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def source(tmp_path: Path, key: rsa.RSAPrivateKey, provider: TokenServer) -> ServiceAccountSource:
    """Return a source with a key file as Google gives it."""
    file = tmp_path / "key.json"
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "hanchot",
                "private_key_id": "key-1",
                "private_key": pem.decode(),
                "client_email": "hanchot@hanchot.iam.gserviceaccount.com",
                "client_id": "100",
                "token_uri": provider.url,
            }
        )
    )
    return ServiceAccountSource(file=file, username=USER, key="mail.smtp.token.service_account_file")


@pytest.fixture(autouse=True)
def _google(provider: TokenServer, key: rsa.RSAPrivateKey) -> None:
    """Let the provider check the assertion as Google does."""

    def grant(asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        provider.asked.append(asked)
        claims = jwt.decode(asked["assertion"], key.public_key(), algorithms=["RS256"], audience=GOOGLE)
        assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert claims["iss"] == "hanchot@hanchot.iam.gserviceaccount.com"
        assert 0 < claims["exp"] - SystemClock().now().timestamp() <= 3600
        if claims["sub"] != USER:
            return 400, {"error": "invalid_grant", "error_description": "Invalid email or User ID"}
        if claims["scope"] != MAIL:
            words = "Client is unauthorized to retrieve access tokens using this method, or client not authorized"
            return 401, {"error": "unauthorized_client", "error_description": f"{words} for any of the scopes."}
        return 200, {"access_token": provider.give(), "token_type": "Bearer", "expires_in": 3599}

    provider.grant = grant  # type: ignore[method-assign]


def test_the_key_of_a_service_account_gets_a_token_for_the_mailbox(
    provider: TokenServer, source: ServiceAccountSource
) -> None:
    assert provider.is_good(source.fetch().value)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"username": "nobody@hanchot.example"}, "no mailbox of the domain has that address"),
        ({"scope": "https://www.googleapis.com/auth/gmail.send"}, "delegate https://mail.google.com/ domain-wide"),
    ],
)
def test_what_google_does_not_allow_is_told_with_the_way_out(
    source: ServiceAccountSource, details: dict[str, str], words: str
) -> None:
    with pytest.raises(TokenError) as refused:
        replace(source, **details).fetch()  # type: ignore[arg-type]
    assert words in str(refused.value)


def test_a_clock_that_is_ten_minutes_off_is_named(provider: TokenServer, source: ServiceAccountSource) -> None:
    """Google answers so if the times in the assertion lie too far from its own."""
    words = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    provider.answer = (
        400,
        "application/json",
        json.dumps({"error": "invalid_grant", "error_description": words}).encode(),
    )
    with pytest.raises(TokenError, match="check the clock of this machine"):
        source.fetch()


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"type": "authorized_user"}', '{"private_key": "-----BEGIN s3cret", "client_email": "a"}'],
)
def test_a_file_that_is_no_key_is_named_and_not_shown(source: ServiceAccountSource, content: str) -> None:
    source.file.write_text(content)
    with pytest.raises(TokenError, match="is no key of a service account") as refused:
        source.fetch()
    assert "mail.smtp.token.service_account_file" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_key_that_is_not_there_is_named(source: ServiceAccountSource) -> None:
    source.file.unlink()
    with pytest.raises(TokenError, match=r"cannot read .*key\.json: No such file"):
        source.fetch()


@pytest.mark.parametrize("token", [None, "", 5, ["x"], "two words", "line\n"])
def test_what_is_no_token_is_never_shown_to_a_server(
    provider: TokenServer, source: ServiceAccountSource, token: object
) -> None:
    provider.answer = (200, "application/json", json.dumps({"access_token": token, "expires_in": 60}).encode())
    with pytest.raises(TokenError, match="no token"):
        TokenHolder(source).get()


def test_a_provider_that_is_away_is_told(source: ServiceAccountSource) -> None:
    content = json.loads(source.file.read_text())
    source.file.write_text(json.dumps(content | {"token_uri": "http://127.0.0.1:9/token"}))
    with pytest.raises(TokenError, match="cannot be reached"):
        source.fetch()


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", b"<html>"),
        (200, "application/json", b"{}"),
        (200, "application/json", b"[" * 60_000),
        (200, "application/json", b'{"access_token": "a", "expires_in": 1e300}'),
        (400, "application/json", b'{"error": "invalid_client"}'),
    ],
)
def test_an_answer_that_is_no_token_is_told(
    provider: TokenServer, source: ServiceAccountSource, answer: tuple[int, str, bytes]
) -> None:
    provider.answer = answer
    with pytest.raises(TokenError, match="Google gives no token"):
        source.fetch()
