"""Access tokens by a refresh token in a file, which is replaced when the provider gives a new one."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from scheduler.folders import make_private_folder, sync_folder
from scheduler.mail.access_tokens import TIMEOUT, NewToken, TokenError, is_token
from scheduler.mail.token_address import TokenAddress, read_lifetime, within
from scheduler.system_errors import word_system
from scheduler.texts import Text

_ROOM = 16 * 1024  # bytes that a refresh token may need


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenFile:
    """The file with a refresh token, readable by its owner only; `key` of the configuration names it."""

    path: Path
    key: str
    timeout: float = TIMEOUT

    def read(self) -> str:
        """Return the refresh token. Raises `TokenError`."""
        try:
            token = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError as error:
            message = Text("there is no refresh token yet: no file {path}", path=self.path)
            raise TokenError(
                message, hint=Text("`hanchot mail sign-in` writes it; {key} names it", key=self.key)
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            words = word_system(error) if isinstance(error, OSError) else Text("it is not plain text")
            raise TokenError(
                Text("cannot read {path}: {words}", path=self.path, words=words), hint=Text("check {key}", key=self.key)
            ) from error
        if not is_token(token):
            raise TokenError(
                Text("{path} holds no refresh token", path=self.path),
                hint=Text("{key} names a file with nothing else", key=self.key),
            )
        return token

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Yield a file beside it in which the room for a refresh token is taken; removed if it stays empty.

        Raises `TokenError` if there is no room, or no right to write there.
        """
        try:
            draft = self._make_draft()
        except OSError as error:
            raise self._no_room(error) from error
        try:
            yield draft
        finally:
            with suppress(OSError):  # it is moved, or an empty file stays that harms nobody
                if not draft.read_bytes().strip():
                    draft.unlink()

    def _make_draft(self) -> Path:
        make_private_folder(self._file.parent)
        descriptor, name = mkstemp(prefix=f"{self._file.name}.", dir=self._file.parent)  # readable by its owner only
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                self._give_to_owner(stream.fileno())
                stream.write(b" " * _ROOM)
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            draft.unlink()
            raise
        return draft

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time use the refresh token: a provider may end the one that was used.

        Raises `TokenError` if another one does not let go of it within the timeout.
        """
        try:
            beside = self._file.with_name(f"{self._file.name}.lock")
            lock = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._no_room(error) from error
        try:
            self._give_to_owner(lock)
            self._wait_for(lock)
            yield
        finally:
            os.close(lock)

    def _wait_for(self, lock: int) -> None:
        ends = time.monotonic() + self.timeout
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > ends:
                    message = Text(
                        "another process has held {path} for {timeout:g} seconds", path=self.path, timeout=self.timeout
                    )
                    raise TokenError(message, hint=Text("it is tried again; does one hang?")) from error
                time.sleep(0.05)  # flock itself would wait for ever
            else:
                return

    def replace(self, draft: Path, token: str, *, is_alone: bool) -> None:
        """Replace the refresh token at once, whether there was one or not; `is_alone` says that the lock is held.

        Raises `TokenError` that names where the new one lies if that fails.
        """
        try:
            _fill(draft, token)
            with nullcontext() if is_alone else self.alone():
                draft.replace(self._file)
            sync_folder(self._file.parent)
        except (OSError, TokenError) as error:
            words = word_system(error) if isinstance(error, OSError) else error.problems[0].message
            message = Text(
                "the new refresh token could not be written to {path}: {words}; it lies in {draft}",
                path=self.path,
                words=words,
                draft=draft,
            )
            raise TokenError(message, hint=Text("move it there by hand; {key} names the file", key=self.key)) from error

    def _give_to_owner(self, descriptor: int) -> None:
        """Let whoever owns the refresh token, or else its folder, own a file beside it, also if root works on it."""
        if os.geteuid() == 0:
            owner = (self._file if self._file.exists() else self._file.parent).stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _no_room(self, error: OSError) -> TokenError:
        message = Text(
            "a new refresh token could not be kept beside {path}: {strerror}; none is asked for",
            path=self.path,
            strerror=word_system(error),
        )
        return TokenError(
            message, hint=Text("{key}: the daemon's user must be able to write there; is the disk full?", key=self.key)
        )

    @property
    def _file(self) -> Path:
        """Return the file itself: a link to it stays a link."""
        return self.path.resolve()


def _fill(draft: Path, token: str) -> None:
    with draft.open("r+b") as stream:
        stream.write(token.encode("ascii") + b"\n")
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSource:
    """Asks with a refresh token that a person got by signing in once; a new one that comes replaces it in its file."""

    address: TokenAddress
    file: RefreshTokenFile

    def fetch(self) -> NewToken:
        """Return a new token. Raises `TokenError`; nothing is asked for where a new refresh token could not be kept."""
        return within(self.address.timeout, self.address.url, self._ask)

    def _ask(self) -> NewToken:
        self.file.read()  # one that is not there is told as that, and not as a folder that cannot be written to
        with self.file.alone(), self.file.draft() as draft:
            refresh_token = self.file.read()
            answer = self.address.ask(grant_type="refresh_token", refresh_token=refresh_token)
            renewed = answer.get("refresh_token")
            if isinstance(renewed, str) and is_token(renewed) and renewed != refresh_token:
                self.file.replace(draft, renewed, is_alone=True)
        return NewToken(answer["access_token"], read_lifetime(answer))
