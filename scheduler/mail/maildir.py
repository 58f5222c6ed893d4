"""A mailbox on disk: the default transport, so that nothing leaves the machine until someone says so."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from scheduler.errors import UserError
from scheduler.ports import Mail, Outcome


class Maildir:
    """Delivers into a Maildir. The file's name follows from the Message-ID, so a mail is there once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def account(self) -> str:
        """Return the folder's name."""
        return f"maildir {self._path}"

    def close(self) -> None:
        """Nothing is kept open between two mails."""

    def send(self, mail: Mail) -> Outcome:
        """Write the mail's bytes into `new`; `UserError` if the folder cannot take them.

        A mail that a reader has already moved to `cur` counts as delivered.
        """
        name = _file_name(mail)
        try:
            self._make_folders()
            if not any((self._path / "cur").glob(f"{name}*")):
                self._write(name, mail.data)
        except OSError as error:
            raise UserError(
                f"cannot write mail into {self._path}: {error.strerror or error}",
                hint="free some space or make the folder writable, or set mail.maildir to another folder",
            ) from error
        return Outcome(state="sent", reply=f"maildir {name}")

    def _make_folders(self) -> None:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in ("tmp", "new", "cur"):
            (self._path / folder).mkdir(mode=0o700, exist_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        """Put the whole file into `new` in one step; a reader never sees half a mail."""
        handle, temporary = mkstemp(prefix=f"{name}.", dir=self._path / "tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path / "new" / name)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(self._path / "new")


def _file_name(mail: Mail) -> str:
    """Return a Maildir name: the mail's date, so that a reader sorts well, and its identity."""
    return f"{int(mail.date.timestamp())}.{sha256(mail.message_id.encode()).hexdigest()[:32]}.hanchot"


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
