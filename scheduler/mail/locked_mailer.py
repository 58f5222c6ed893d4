"""What stands for the mailer while the password of its account is missing."""

from __future__ import annotations

from scheduler.errors import NoPassword
from scheduler.ports import Mail, Outcome


class LockedMailer:
    """Sends nothing: mails stay in the outbox until somebody who has the password sends them."""

    account = "locked"

    def __init__(self, error: NoPassword) -> None:
        self._error = error

    def send(self, mail: Mail) -> Outcome:
        """Raise why no mail can leave."""
        raise self._error

    def close(self) -> None:
        """Do nothing: there is no connection."""
