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
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryFile, mkstemp
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

    def renew(self, refused: str) -> HeldToken:
        """Return another token than one that was refused, which is not used again. Raises `TokenError`."""
        with self._lock:
            if self._token and self._token != refused:
                return HeldToken(self._token, is_new=False)
            self._token = ""
            held = self._fetch()
            if held.value == refused:
                self._token = ""
                raise TokenError(
                    "the source gives the token again that was refused", hint="look at what keeps it there"
                )
            return held

    def _fetch(self) -> HeldToken:
        asked_at = self._monotonic()
        token, lifetime = self._source.fetch()
        self._token = token
        self._renew_at = asked_at + lifetime * 5 / 6  # of an hour, ten minutes before its end
        self._ends_at = asked_at + lifetime
        return HeldToken(token, is_new=True)


# ---------------------------------------------------------------- a program


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSource:
    """Runs a program that prints the token, alone on one line."""

    command: tuple[str, ...]
    key: str  # of the configuration, for error messages
    timeout: float = TIMEOUT

    def fetch(self) -> NewToken:
        """Return what the program prints. Raises `TokenError`; what it says on standard error may be a secret."""
        name, hint = self.command[0], f"run it by hand as the user of the daemon; {self.key} names it"
        with TemporaryFile() as output:  # not a pipe, which whatever it leaves running would keep open
            try:
                process = subprocess.Popen(  # noqa: S603 - the program that the configuration names
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                raise TokenError(f"{name} cannot be run: {error.strerror}", hint=f"check {self.key}") from error
            try:
                code = process.wait(self.timeout)
            except BaseException as error:
                _end(process)
                if isinstance(error, subprocess.TimeoutExpired):
                    message = f"{name} gave no token within {self.timeout:g} seconds"
                    raise TokenError(message, hint=hint) from None
                raise
            if code:
                raise TokenError(f"{name} failed with exit code {code}", hint=hint)
            output.seek(0)
            return NewToken(self._read(output.read(LONGEST)))

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
    """Kill a program with what it has started in its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
        """Post a grant and return the answer, which holds a token. Raises `TokenError`. Run it by `within`."""
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

    The timeout of a socket restarts with each byte. What comes later is still kept by the thread. Raises `TokenError`.
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
    except FutureTimeout:
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
        return within(self.address.timeout, self.address.url, self._ask)

    def _ask(self) -> NewToken:
        answer = self.address.ask(grant_type="client_credentials")
        return NewToken(answer["access_token"], _lifetime(answer))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSource:
    """Asks with a refresh token that a person got by signing in once; a new one that comes replaces it in its file."""

    address: TokenAddress
    file: Path

    def fetch(self) -> NewToken:
        """Return a new token. Raises `TokenError`; nothing is asked for where a new refresh token could not be kept."""
        return within(self.address.timeout, self.address.url, self._ask)

    def _ask(self) -> NewToken:
        file = self.file.resolve()  # a link stays a link
        refresh_token = self._read(file)
        with self._alone(file), self._draft(file) as draft:
            refresh_token = self._read(file)  # another process may have replaced it
            answer = self.address.ask(grant_type="refresh_token", refresh_token=refresh_token)
            renewed = answer.get("refresh_token")
            if isinstance(renewed, str) and is_token(renewed) and renewed != refresh_token:
                self._replace(file, draft, renewed)
        return NewToken(answer["access_token"], _lifetime(answer))

    def _read(self, file: Path) -> str:
        try:
            token = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            words = error.strerror if isinstance(error, OSError) else "it is not plain text"
            raise TokenError(f"cannot read {file}: {words}", hint=f"check {self._key}") from error
        if not is_token(token):
            raise TokenError(f"{file} holds no refresh token", hint=f"{self._key} names a file with nothing else")
        return token

    @contextmanager
    def _alone(self, file: Path) -> Iterator[None]:
        """Let one process at a time use the refresh token: a provider may end the one that was used."""
        try:
            lock = os.open(file.with_name(f"{file.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._cannot_keep(file, error) from error
        try:
            _give_to_owner(lock, file)
            self._lock(lock, file)
            yield
        finally:
            os.close(lock)

    def _lock(self, lock: int, file: Path) -> None:
        ends = time.monotonic() + self.address.timeout
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > ends:
                    message = f"another process has held {file} for {self.address.timeout:g} seconds"
                    raise TokenError(message, hint="it is tried again; does one hang?") from error
                time.sleep(0.05)
            except OSError as error:
                raise self._cannot_keep(file, error) from error
            else:
                return

    @contextmanager
    def _draft(self, file: Path) -> Iterator[Path]:
        """Yield a file beside the refresh token in which the room for a new one is taken; removed if it stays empty."""
        try:
            descriptor, name = mkstemp(prefix=f"{file.name}.", dir=file.parent)  # readable by its owner only
            with os.fdopen(descriptor, "wb") as stream:
                _give_to_owner(stream.fileno(), file)
                stream.write(b" " * _ROOM)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise self._cannot_keep(file, error) from error
        draft = Path(name)
        try:
            yield draft
        finally:
            if not _holds_token(draft):
                draft.unlink(missing_ok=True)

    def _replace(self, file: Path, draft: Path, token: str) -> None:
        """Replace the refresh token at once. Raises `TokenError` that names where the new one lies if that fails."""
        try:
            with draft.open("r+b") as stream:
                stream.write(token.encode("ascii") + b"\n")
                stream.truncate()
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(file)
            folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            message = f"the new refresh token could not be written to {file}: {error.strerror}; it lies in {draft}"
            raise TokenError(message, hint=f"move it there by hand; {self._key} names the file") from error

    def _cannot_keep(self, file: Path, error: OSError) -> TokenError:
        message = f"a new refresh token could not be kept beside {file}: {error.strerror}; none is asked for"
        return TokenError(message, hint=f"{self._key}: the user of the daemon must be able to write in its folder")

    @property
    def _key(self) -> str:
        return f"{self.address.key}.refresh_token_file"


def _give_to_owner(descriptor: int, file: Path) -> None:
    """Let whoever owns the refresh token own a file beside it, also if root works on it now and then."""
    owner = file.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _holds_token(draft: Path) -> bool:
    return draft.exists() and bool(draft.read_bytes().strip())
