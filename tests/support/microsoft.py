"""Microsoft's addresses for signing in, over TLS on the loopback, and tokens with claims as Microsoft's have."""

from __future__ import annotations

import json
import ssl
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.http_server import Reply, run_http_server
from tests.support.mail_servers import make_certificate

TENANT = "11111111-2222-3333-4444-555555555555"
APPLICATION = "66666666-7777-8888-9999-000000000000"
SERVICE_PRINCIPAL = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


@dataclass
class Microsoft:
    """Lets `user` sign in by a code after `pending` questions too early; with `refusal` nobody."""

    certificate: Path
    user: str = "office@hanchot.example"
    pending: int = 1
    refusal: dict[str, str] | None = None
    no_code: dict[str, str] | None = None
    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Return the address of the tenant."""
        return f"https://localhost:{self.port}/{TENANT}"

    @property
    def url(self) -> str:
        """Return the token address."""
        return f"{self.base}/oauth2/v2.0/token"

    def answer(self, path: str, asked: dict[str, str] | None) -> tuple[int, dict[str, Any]]:
        """Return status and content of the answer to a request; `asked` is None for a GET."""
        match path.removeprefix(f"/{TENANT}"), asked:
            case "/v2.0/.well-known/openid-configuration", None:
                return 200, {
                    "issuer": f"{self.base}/v2.0",
                    "authorization_endpoint": f"{self.base}/oauth2/v2.0/authorize",
                    "token_endpoint": self.url,
                    "device_authorization_endpoint": f"{self.base}/oauth2/v2.0/devicecode",
                }
            case "/oauth2/v2.0/devicecode", dict():
                self.asked.append(asked)
                return (400, self.no_code) if self.no_code else (200, _CODE)
            case "/oauth2/v2.0/token", dict():
                self.asked.append(asked)
                return self._give(asked)
        return 404, {"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant not found."}

    def _give(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.refusal:
            return 400, self.refusal
        if asked["grant_type"] == "refresh_token":
            assert asked["refresh_token"] == "1.refresh-by-code"
        elif self.pending:
            self.pending -= 1
            return 400, {"error": "authorization_pending", "error_description": "AADSTS70016: still pending."}
        identity = {"preferred_username": self.user, "aud": APPLICATION, "exp": 4e9, "iss": "x", "sub": "x", "iat": 1}
        return 200, {
            "token_type": "Bearer",
            "scope": "https://outlook.office.com/SMTP.Send",
            "expires_in": 3599,
            "access_token": "opaque-token",
            "refresh_token": "1.refresh-by-code",
            "id_token": make_jwt(identity),
        }


_CODE = {
    "user_code": "GDNK7L2RX",
    "device_code": "d3v1ce",
    "verification_uri": "https://login.microsoft.com/device",
    "expires_in": 900,
    "interval": 0,
}


def make_jwt(claims: dict[str, Any]) -> str:
    """Return a token in JWT form, with a signature that nobody checks."""
    parts = [{"typ": "JWT", "alg": "RS256"}, claims]
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".c2ln"


def make_token(**claims: Any) -> str:
    """Return an access token of an application to which everything was given, as Microsoft writes it."""
    usual = {
        "aud": "https://outlook.office365.com",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "appid": APPLICATION,
        "oid": SERVICE_PRINCIPAL,
        "idtyp": "app",
        "roles": ["IMAP.AccessAsApp", "SMTP.SendAsApp"],
        "tid": TENANT,
        "ver": "1.0",
    }
    return make_jwt({name: value for name, value in (usual | claims).items() if value is not None})


@contextmanager
def run_microsoft(folder: Path) -> Iterator[Microsoft]:
    """Run the sign-in of a tenant, with a certificate for localhost in the folder."""
    certificate, key = make_certificate(folder)
    provider = Microsoft(certificate)

    def answer(path: str, asked: dict[str, str] | None) -> Reply:
        status, content = provider.answer(path, asked)
        return status, "application/json", json.dumps(content).encode()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with run_http_server(answer, context) as provider.port:
        yield provider
