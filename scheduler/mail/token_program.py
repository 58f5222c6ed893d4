"""Access tokens from a program that prints them."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from scheduler.mail.access_tokens import LONGEST, TIMEOUT, NewToken, TokenError, is_token
from scheduler.system_errors import word_system
from scheduler.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSource:
    """Runs a program that prints the token, alone on one line."""

    command: tuple[str, ...]
    key: str  # of the configuration, for error messages
    timeout: float = TIMEOUT

    def fetch(self) -> NewToken:
        """Return what the program prints. Raises `TokenError`; what it says on standard error may be a secret."""
        name, hint = self.command[0], Text("run it by hand as the user of the daemon; {key} names it", key=self.key)
        with _room_for_output(hint) as output:  # not a pipe, which whatever it leaves running would keep open
            try:
                process = subprocess.Popen(  # noqa: S603 - the program that the configuration names
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                raise TokenError(
                    Text("{name} cannot be run: {strerror}", name=name, strerror=word_system(error)),
                    hint=Text("check {key}", key=self.key),
                ) from error
            try:
                code = process.wait(self.timeout)
            except BaseException as error:
                _end(process)
                if isinstance(error, subprocess.TimeoutExpired):
                    message = Text("{name} gave no token within {timeout:g} seconds", name=name, timeout=self.timeout)
                    raise TokenError(message, hint=hint) from None
                raise
            if code:
                raise TokenError(Text("{name} failed with exit code {code}", name=name, code=code), hint=hint)
            output.seek(0)
            return NewToken(self._read(output.read(LONGEST)))

    def _read(self, output: bytes) -> str:
        lines = output.decode("utf-8", "replace").splitlines()
        if len(lines) != 1 or not is_token(lines[0]):
            what = (
                Text("nothing")
                if not output.strip()
                else Text("{number} lines", number=len(lines))
                if len(lines) > 1
                else Text("no token")
            )
            hint = Text("the program in {key} prints the token alone, on one line", key=self.key)
            raise TokenError(Text("{command} printed {what}", command=self.command[0], what=what), hint=hint)
        return lines[0]


def _room_for_output(hint: str) -> IO[bytes]:
    try:
        return TemporaryFile()
    except OSError as error:
        raise TokenError(
            Text("there is no room for what a program prints: {strerror}", strerror=word_system(error)), hint=hint
        ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program with what it has started in its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
