"""Access tokens for mail accounts (OAuth 2): where they come from, and how long one is used."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from tempfile import mkstemp
from typing import Any, NamedTuple, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from scheduler.errors import UserError

TIMEOUT = 30.0  # seconds to get a token
USUAL_LIFETIME = 3600.0  # seconds, where the source does not say; both Google and Microsoft give an hour
LONGEST = 64 * 1024  # bytes of an answer
_ROOM = 16 * 1024  # bytes that a refresh token may need


class TokenError(UserError):
    """No token could be had; the words hold no secret."""


class NewToken(NamedTuple):
    """A token as its source gave it, and the seconds for which it is good."""

    value: str
    lifetime: float = USUAL_LIFETIME


class TokenSource(Protocol):
    """Where new tokens come from."""

    def fetch(self) -> NewToken:
        """Return a new token. Raises `TokenError`."""


class HeldToken(NamedTuple):
    """A token in use; `is_new` says that it was fetched for whoever asked, and not before."""

    value: str
    is_new: bool


class TokenHolder:
    """Holds one token for as long as it is good, and gets the next one ahead of its end. Thread-safe."""

    def __init__(self, source: TokenSource, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def get(self) -> HeldToken:
        """Return the token, a new one if little of its time is left. Raises `TokenError`."""
        with self._lock:
            if self._token and self._monotonic() < self._renew_at:
                return HeldToken(self._token, is_new=False)
            return self._fetch()

    def renew(self, refused: str) -> HeldToken:
        """Return another token than one that was refused. Raises `TokenError`."""
        with self._lock:
            if self._token and self._token != refused:
                return HeldToken(self._token, is_new=False)
            return self._fetch()

    def _fetch(self) -> HeldToken:
        asked_at = self._monotonic()
        self._token, lifetime = self._source.fetch()
        self._renew_at = asked_at + lifetime * 5 / 6  # of an hour, ten minutes before its end
        return HeldToken(self._token, is_new=True)


# ---------------------------------------------------------------- a program


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSource:
    """Runs a program that prints the token, alone on one line."""

    command: tuple[str, ...]
    key: str  # of the configuration, for error messages
    timeout: float = TIMEOUT

    def fetch(self) -> NewToken:
        """Return what the program prints. Raises `TokenError`."""
        name = self.command[0]
        try:
            process = subprocess.Popen(  # noqa: S603 - the program that the configuration names
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise TokenError(f"{name} cannot be run: {error.strerror}", hint=f"check {self.key}") from error
        try:
            output, complaint = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            message = f"{name} gave no token within {self.timeout:g} seconds"
            raise TokenError(message, hint=f"run it as the user of the daemon; {self.key} names it") from None
        if process.returncode:
            words = _last_line(complaint) or "it says nothing"
            message = f"{name} failed with exit code {process.returncode}: {words}"
            raise TokenError(message, hint=f"run it as the user of the daemon; {self.key} names it")
        return NewToken(self._read(output))

    def _read(self, output: bytes) -> str:
        lines = output.decode("utf-8", "replace").splitlines()
        if len(lines) != 1 or not is_token(lines[0]):
            what = "nothing" if not output.strip() else f"{len(lines)} lines" if len(lines) > 1 else "no token"
            hint = f"the program in {self.key} prints the token alone, on one line"
            raise TokenError(f"{self.command[0]} printed {what}", hint=hint)
        return lines[0]


def is_token(text: str) -> bool:
    """Return whether a text can be a token: visible ASCII without spaces (RFC 6749, appendix A.12)."""
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable() and " " not in text


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program with what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _last_line(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return "".join(letter for letter in lines[-1] if letter.isprintable())[:200] if lines else ""


# ---------------------------------------------------------------- the provider's token address


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
        """Post a grant and return the answer, which holds a token. Raises `TokenError`."""
        asked = {"client_id": self.client_id, "client_secret": self.client_secret, "scope": self.scope, **grant}
        body = urlencode({name: value for name, value in asked.items() if value}).encode()
        status, kind, text = self._post(body)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TokenError(
                f"{self.url} answered {status} with {kind or 'something'} instead of a token",
                hint=f"check {self.key}.url; is a proxy or a sign-in page in between?",
            )
        if status != 200 or not is_token(str(answer.get("access_token", ""))):
            raise self._refusal(status, answer)
        return answer

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        """Return status, type and content of the answer.

        The request runs in a thread that is abandoned at the timeout: that of a socket restarts with each byte.
        """
        answer: Future[tuple[int, str, bytes]] = Future()
        threading.Thread(target=self._request, args=(body, answer), daemon=True).start()
        try:
            return answer.result(self.timeout)
        except TimeoutError:
            message = f"{self.url} gave no answer within {self.timeout:g} seconds"
            raise TokenError(message, hint="it is tried again") from None
        except (OSError, HTTPException) as error:
            words = error.reason if isinstance(error, URLError) else error
            raise TokenError(
                f"{self.url} cannot be reached: {words}", hint=f"it is tried again; check {self.key}.url"
            ) from error

    def _request(self, body: bytes, answer: Future[tuple[int, str, bytes]]) -> None:
        request = Request(self.url, data=body, headers={"Accept": "application/json"})  # noqa: S310 - https, as configured
        opener = build_opener(_NoRedirect, HTTPSHandler(context=self.context))
        try:
            try:
                with opener.open(request, timeout=self.timeout) as response:
                    found = response.status, response.headers.get_content_type(), response.read(LONGEST)
            except HTTPError as error:
                with error:
                    found = error.code, error.headers.get_content_type(), error.read(LONGEST)
            answer.set_result(found)
        except Exception as error:
            answer.set_exception(error)

    def _refusal(self, status: int, answer: Mapping[str, Any]) -> TokenError:
        code, words = str(answer.get("error", "")), str(answer.get("error_description", "")).splitlines()
        said = ": ".join(part for part in (code, words[0][:300] if words else "") if part) or f"status {status}"
        return TokenError(
            f"{self.url} gives no token: {said}", hint=_HINTS.get(code, "check {key}").format(key=self.key)
        )


_HINTS = {
    "invalid_grant": "the refresh token has ended or was revoked; sign in anew, into {key}.refresh_token_file",
    "invalid_client": "check {key}.client_id and {key}.client_secret; a secret may have ended",
    "unauthorized_client": "the application may not ask so; check its registration, and {key}.client_id",
    "invalid_scope": "check {key}.scope",
}


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: it would carry the secret to another address."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def _lifetime(answer: Mapping[str, Any]) -> float:
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
        answer = self.address.ask(grant_type="client_credentials")
        return NewToken(answer["access_token"], _lifetime(answer))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSource:
    """Asks with a refresh token that a person got by signing in once; a new one that comes replaces it in its file."""

    address: TokenAddress
    file: Path

    def fetch(self) -> NewToken:
        """Return a new token. Raises `TokenError`; nothing is asked for where a new refresh token could not be kept."""
        with self._alone(), self._draft() as keep:
            refresh_token = self._read()
            answer = self.address.ask(grant_type="refresh_token", refresh_token=refresh_token)
            renewed = answer.get("refresh_token")
            if isinstance(renewed, str) and renewed and renewed != refresh_token:
                keep(renewed)
        return NewToken(answer["access_token"], _lifetime(answer))

    def _read(self) -> str:
        try:
            token = self.file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            words = error.strerror if isinstance(error, OSError) else "it is not plain text"
            raise TokenError(f"cannot read {self.file}: {words}", hint=f"check {self._key}") from error
        if not is_token(token):
            raise TokenError(f"{self.file} holds no refresh token", hint=f"{self._key} names a file with nothing else")
        return token

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time use the refresh token: a provider may end the one that was used."""
        try:
            lock = os.open(self.file.with_name(f"{self.file.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._cannot_keep(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextmanager
    def _draft(self) -> Iterator[Callable[[str], None]]:
        """Yield the function that replaces the refresh token at once; the room for it is taken beforehand."""
        draft = ""
        try:
            descriptor, draft = mkstemp(prefix=f"{self.file.name}.", dir=self.file.parent)  # readable by its owner only
            with os.fdopen(descriptor, "r+b") as stream:
                stream.write(b" " * _ROOM)
                stream.flush()
                os.fsync(stream.fileno())

                def keep(token: str) -> None:
                    stream.seek(0)
                    stream.write(token.encode("ascii") + b"\n")
                    stream.truncate()
                    stream.flush()
                    os.fsync(stream.fileno())
                    Path(draft).replace(self.file)

                yield keep
        except OSError as error:
            raise self._cannot_keep(error) from error
        finally:
            if draft:
                Path(draft).unlink(missing_ok=True)

    def _cannot_keep(self, error: OSError) -> TokenError:
        message = f"a new refresh token could not be kept beside {self.file}: {error.strerror}; none is asked for"
        return TokenError(message, hint=f"{self._key}: the user of the daemon must be able to write in its folder")

    @property
    def _key(self) -> str:
        return f"{self.address.key}.refresh_token_file"
