"""Secrets in files: passwords written by people, and the secret that an installation generates for itself."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from scheduler.errors import NoPassword, UserError
from scheduler.folders import make_private_folder


def read_password(file: Path, key: str) -> str:
    """Return the password in a file of one line; `key` is the setting that names the file.

    Raises `NoPassword` if the file cannot be read, is empty, or holds more than one line.
    """
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        hint = f"check {key}; the user that runs hanchot must be able to read the file"
        raise NoPassword(f"cannot read the password file {file}: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise NoPassword(f"the password file {file} is not text in UTF-8", hint=f"check {key}") from error
    if not password or not password.isprintable():
        problem = "is empty" if not password else "holds more than one line, or a control character"
        raise NoPassword(f"the password file {file} {problem}", hint="write the password into it, alone, on one line")
    return password


def read_secret(file: Path) -> bytes:
    """Return the secret in a file; generate it at first use, readable only by its owner.

    Raises `UserError` if the file cannot be written or read, or if the secret is shorter than 32 bytes.
    """
    if not file.exists():
        try:
            make_private_folder(file.parent)
            _write_secret(file)
        except OSError as error:
            hint = "check web.secret_file, its folder and the disk"
            raise UserError(f"cannot write the secret {file}: {error.strerror}", hint=hint) from error
    return _existing_secret(file)


def _write_secret(file: Path) -> None:
    """Write a new secret atomically; if another process was faster, its secret stays."""
    descriptor, draft = mkstemp(prefix=f"{file.name}.", dir=file.parent)  # mkstemp makes it readable only by its owner
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()


def _existing_secret(file: Path) -> bytes:
    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise UserError(f"cannot read the secret {file}: {error.strerror}", hint="check web.secret_file") from error
    if len(secret) < 32:
        raise UserError(
            f"the secret in {file} is too short", hint="delete the file; a new one is made at the next start"
        )
    return secret
