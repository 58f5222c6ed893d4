"""Look up unclear mails in the sent folder of the account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.errors import UserError
from scheduler.ports import MessageRow, SentFolder
from scheduler.ports.events import Event, Reporter
from scheduler.texts import Text

REST = timedelta(minutes=3)  # pause after a failed lookup: each may take half a minute, and many mails may be unclear


@dataclass(slots=True, kw_only=True)
class SentLookup:
    """Looks up mails in the sent folder, if one is configured."""

    folder: SentFolder | None
    report: Reporter
    failed_at: datetime | None = None

    def finds(self, row: MessageRow, now: datetime) -> bool:
        """Return whether an unclear mail is known to have been sent.

        A problem with the folder is reported and counts as not found; there is no lookup for a while after it.
        """
        if self.folder is None or not row.unclear:
            return False
        if self.failed_at is not None and abs(now - self.failed_at) < REST:
            return False
        try:
            found = self.folder.has(row.mail.message_id)
        except UserError as error:
            self.failed_at = now
            text = Text(
                "the sent folder cannot be looked into, so an unclear mail goes out once more: {error}", error=error
            )
            self.report(Event.of_mail(row, "trouble", now, text, step="sent folder"))
            return False
        self.failed_at = None
        return found
