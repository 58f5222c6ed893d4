"""Secrets in files: passwords written by people, and the secret that an installation generates for itself."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from scheduler.errors import NoPassword, UserError
from scheduler.folders import make_private_folder, name_new_file
from scheduler.system_errors import word_system
from scheduler.texts import Text


def read_password(file: Path, key: str) -> str:
    """Return the password in a file of one line; `key` is the setting that names the file.

    Raises `NoPassword` if the file cannot be read, is empty, or holds more than one line.
    """
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        hint = Text("check {key}; the user that runs hanchot must be able to read the file", key=key)
        raise NoPassword(
            Text("cannot read the password file {file}: {strerror}", file=file, strerror=word_system(error)), hint=hint
        ) from error
    except UnicodeDecodeError as error:
        raise NoPassword(
            Text("the password file {file} is not text in UTF-8", file=file), hint=Text("check {key}", key=key)
        ) from error
    if not password or not password.isprintable():
        problem = Text("is empty") if not password else Text("holds more than one line, or a control character")
        raise NoPassword(
            Text("the password file {file} {problem}", file=file, problem=problem),
            hint=Text("write the password into it, alone, on one line"),
        )
    return password


def write_secret(file: Path, secret: bytes) -> None:
    """Write a secret that was kept elsewhere into a new file. Raises `UserError` if it cannot be written."""
    with _explained(file):
        make_private_folder(file.parent)
        _write_secret(file, secret)


def read_secret(file: Path) -> bytes:
    """Return the secret in a file; generate it at first use, readable only by its owner.

    Raises `UserError` if the file cannot be written or read, or if the secret is shorter than 32 bytes.
    """
    if not file.exists():
        write_secret(file, secrets.token_hex(32).encode())
    return _existing_secret(file)


def fingerprint(secret: bytes) -> str:
    """Return by what a secret can be told from another one, and from which it cannot be guessed."""
    return hmac.new(secret, b"fingerprint", hashlib.sha256).hexdigest()[:16]


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = Text("check web.secret_file, its folder and the disk")
        raise UserError(
            Text("cannot write the secret {file}: {strerror}", file=file, strerror=word_system(error)), hint=hint
        ) from error


def _write_secret(file: Path, secret: bytes) -> None:
    """Write a new secret atomically; if another process was faster, its secret stays."""
    descriptor, draft = mkstemp(prefix=f"{file.name}.", dir=file.parent)  # mkstemp makes it readable only by its owner
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secret)
        with suppress(FileExistsError):
            name_new_file(Path(draft), file)
    finally:
        Path(draft).unlink(missing_ok=True)


def _existing_secret(file: Path) -> bytes:
    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise UserError(
            Text("cannot read the secret {file}: {strerror}", file=file, strerror=word_system(error)),
            hint=Text("check web.secret_file"),
        ) from error
    if len(secret) < 32:
        raise UserError(
            Text("the secret in {file} is too short", file=file),
            hint=Text("take it back from a backup; links and calendars that were sent rely on it"),
        )
    return secret
