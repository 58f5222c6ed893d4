"""Delivery into a Maildir: the default transport, so that no mail leaves the machine until SMTP is configured."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from scheduler.errors import UserError
from scheduler.folders import make_private_folder, sync_folder
from scheduler.ports import Mail, Outcome
from scheduler.system_errors import word_system
from scheduler.texts import Text


class Maildir:
    """Delivers mails into a Maildir; the file name derives from the Message-ID, so that no mail is stored twice."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def account(self) -> str:
        """Return the account name: the path of the folder."""
        return f"maildir {self._path}"

    def close(self) -> None:
        """Do nothing: no connection stays open between mails."""

    def send(self, mail: Mail) -> Outcome:
        """Write the bytes of a mail into `new`.

        A mail that a mail program has already moved to `cur` counts as delivered. Raises `UserError` if the
        folder cannot be written.
        """
        name = _file_name(mail)
        try:
            self._make_folders()
            if not any((self._path / "cur").glob(f"{name}*")):
                self._write(name, mail.data)
        except OSError as error:
            raise UserError(
                Text("cannot write mail into {path}: {cause}", path=self._path, cause=word_system(error)),
                hint=Text("free some space or make the folder writable, or set mail.maildir to another folder"),
            ) from error
        return Outcome(state="sent", reply=f"maildir {name}")

    def _make_folders(self) -> None:
        make_private_folder(self._path)
        for folder in ("tmp", "new", "cur"):
            (self._path / folder).mkdir(mode=0o700, exist_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        """Write the file atomically into `new`, so that a reader never sees a partial mail."""
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
        sync_folder(self._path / "new")


def _file_name(mail: Mail) -> str:
    """Return the file name: the date of the mail, for readers that sort by name, and a hash of its Message-ID."""
    return f"{int(mail.date.timestamp())}.{sha256(mail.message_id.encode()).hexdigest()[:32]}.hanchot.eml"
