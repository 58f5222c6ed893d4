"""Access tokens by a refresh token in a file, which is replaced when the provider gives a new one."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from scheduler.folders import sync_folder
from scheduler.mail.access_tokens import NewToken, TokenError, is_token
from scheduler.mail.token_address import TokenAddress, read_lifetime, within

_ROOM = 16 * 1024  # bytes that a refresh token may need


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
        self._read(file)  # one that is not there is told as that, and not as a folder that cannot be written to
        try:
            with self._alone(file), self._draft(file) as draft:
                refresh_token = self._read(file)
                answer = self.address.ask(grant_type="refresh_token", refresh_token=refresh_token)
                renewed = answer.get("refresh_token")
                if isinstance(renewed, str) and is_token(renewed) and renewed != refresh_token:
                    self._replace(file, draft, renewed)
        except OSError as error:
            message = f"a new refresh token could not be kept beside {file}: {error.strerror}; none is asked for"
            hint = f"{self._key}: the user of the daemon must be able to write in its folder"
            raise TokenError(message, hint=hint) from error
        return NewToken(answer["access_token"], read_lifetime(answer))

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
        lock = os.open(file.with_name(f"{file.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            _give_to_owner(lock, file)
            self._wait_for(lock, file)
            yield
        finally:
            os.close(lock)

    def _wait_for(self, lock: int, file: Path) -> None:
        ends = time.monotonic() + self.address.timeout
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > ends:
                    message = f"another process has held {file} for {self.address.timeout:g} seconds"
                    raise TokenError(message, hint="it is tried again; does one hang?") from error
                time.sleep(0.05)  # flock itself would wait for ever
            else:
                return

    @contextmanager
    def _draft(self, file: Path) -> Iterator[Path]:
        """Yield a file beside the refresh token in which the room for a new one is taken; removed if it stays empty."""
        descriptor, name = mkstemp(prefix=f"{file.name}.", dir=file.parent)  # readable by its owner only
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                _give_to_owner(stream.fileno(), file)
                stream.write(b" " * _ROOM)
                stream.flush()
                os.fsync(stream.fileno())
            yield draft
        finally:
            with suppress(OSError):  # it is moved, or an empty file stays that harms nobody
                if not draft.read_bytes().strip():
                    draft.unlink()

    def _replace(self, file: Path, draft: Path, token: str) -> None:
        """Replace the refresh token at once. Raises `TokenError` that names where the new one lies if that fails."""
        try:
            with draft.open("r+b") as stream:
                stream.write(token.encode("ascii") + b"\n")
                stream.truncate()
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(file)
            sync_folder(file.parent)
        except OSError as error:
            message = f"the new refresh token could not be written to {file}: {error.strerror}; it lies in {draft}"
            raise TokenError(message, hint=f"move it there by hand; {self._key} names the file") from error

    @property
    def _key(self) -> str:
        return f"{self.address.key}.refresh_token_file"


def _give_to_owner(descriptor: int, file: Path) -> None:
    """Let whoever owns the refresh token own a file beside it, also if root works on it now and then."""
    owner = file.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
