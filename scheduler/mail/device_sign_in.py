"""Sign a person in to Microsoft 365 by a code that is entered in a browser (RFC 8628), for a refresh token."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msal
import requests

from scheduler.mail.access_tokens import TIMEOUT, TokenError, is_token
from scheduler.mail.token_address import explain_answer, one_line
from scheduler.texts import Text

_RESERVED = ("offline_access", "openid", "profile")  # msal adds them itself, and takes them from nobody
_AUTHORITY = re.compile(r"(https://[^/]+/[^/]+)/oauth2/v2\.0/token")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a sign-in gives: the refresh token, and the name of who signed in, "" if it is not told."""

    refresh_token: str = field(repr=False)
    username: str


@dataclass(frozen=True, slots=True)
class DeviceSignIn:
    """A sign-in that waits for a person to open `address` and to enter `code` there."""

    address: str
    code: str
    _application: Any = field(repr=False)
    _flow: dict[str, Any] = field(repr=False)
    _url: str
    _key: str

    def wait(self) -> SignedIn:
        """Return the refresh token once the person has signed in. Raises `TokenError`, also when the code has ended."""
        with _reaching(self._url):
            answer = self._application.acquire_token_by_device_flow(self._flow)
            refresh_token = answer.get("refresh_token")
            if not isinstance(refresh_token, str) or not is_token(refresh_token):
                raise _refusal(self._url, self._key, answer)
            username = one_line((answer.get("id_token_claims") or {}).get("preferred_username"))
        return SignedIn(refresh_token=refresh_token, username=username)


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Turn what msal raises into `TokenError`; a tenant that does not exist is a `ValueError` of its."""
    try:
        yield
    except requests.RequestException as error:
        raise TokenError(
            Text("{url} cannot be reached", url=url), hint=Text("check the network, and a proxy in between")
        ) from error
    except TokenError:
        raise
    except Exception as error:  # msal takes what it gets apart without looking
        hint = Text("check the tenant in it: its id, or a domain of it; is a proxy or a sign-in page in between?")
        raise TokenError(Text("{url} does not answer as Microsoft does", url=url), hint=hint) from error


def _refusal(url: str, key: str, answer: Mapping[str, Any]) -> TokenError:
    return explain_answer(url, key, answer, otherwise=Text("it does not say why"))


def begin_sign_in(url: str, client_id: str, scopes: Collection[str], key: str) -> DeviceSignIn:
    """Begin a sign-in at the provider with this token address; `key` names its table of the configuration.

    Raises `TokenError` if the provider cannot be reached or refuses, or is not Microsoft.
    """
    found = _AUTHORITY.fullmatch(url)
    if found is None:
        hint = Text(
            "{key}.url must be https://login.microsoftonline.com/TENANT/oauth2/v2.0/token; others have other ways",
            key=key,
        )
        raise TokenError(
            Text("{url} is no address of Microsoft, and only there can one sign in so", url=url), hint=hint
        )
    with _reaching(url):
        application = msal.PublicClientApplication(
            client_id, authority=found[1], instance_discovery=False, timeout=TIMEOUT
        )
        flow = application.initiate_device_flow(scopes=[scope for scope in scopes if scope not in _RESERVED])
        if "user_code" not in flow:
            raise _refusal(url, key, flow)
        address, code = one_line(flow["verification_uri"]), one_line(flow["user_code"])
    return DeviceSignIn(address, code, application, flow, url, key)
