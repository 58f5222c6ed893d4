"""Lookup in the folder of sent mail of an account, over IMAP.

If the answer to a mail was lost, the lookup shows whether the mail was sent after all. Nothing is fetched, marked
or changed: the folder is opened read-only and searched.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from scheduler.mail.imap_session import ImapSession, LoginRefused
from scheduler.mail.smtp import Account

TIMEOUT = 30.0  # seconds for a whole lookup, during which the lease of the claimed mail runs


class ImapSentFolder:
    """Looks up mails in one folder of one account; each lookup opens its own connection and has a timeout.

    `key` is where the folder is configured.
    """

    def __init__(
        self,
        account: Account,
        folder: str,
        *,
        key: str = "inbox.sent",
        context: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._session = ImapSession(account, context=context, timeout=timeout)
        self._folder = folder
        self._key = key
        self._timeout = timeout

    @property
    def token(self) -> str:
        """Return the access token of the last login; "" if none was made by one. It is a secret."""
        tokens = self._session.account.tokens
        return tokens.latest if tokens else ""

    def has(self, message_id: str) -> bool:
        """Return whether the folder holds a mail with this Message-ID; raises `UserError` if the lookup fails."""
        return self._look(lambda client: bool(client.search(["HEADER", "Message-ID", message_id])))

    def check(self) -> None:
        """Log in and open the folder; raises `UserError` if that fails."""
        self._look(lambda client: True)

    def _look(self, see: Callable[[Any], bool]) -> bool:
        """Run a lookup, logged in by the password or by an access token."""
        tokens = self._session.account.tokens
        if tokens is None:
            return self._run(see, "")
        return tokens.log_in(lambda token: self._run(see, token), lambda error: isinstance(error, LoginRefused))

    def _run(self, see: Callable[[Any], bool], token: str) -> bool:
        """Run a lookup in a thread, which is abandoned at the timeout.

        The timeout of a socket restarts with each byte, so a server that sends slowly could block for ever.
        """
        answer: Future[bool] = Future()
        threading.Thread(target=self._search, args=(see, token, answer), daemon=True).start()
        try:
            return answer.result(self._timeout)
        except Exception as error:
            explained = self._session.explain(error, token)
            raise explained from (error if explained is not error else None)

    def _search(self, see: Callable[[Any], bool], token: str, answer: Future[bool]) -> None:
        """Connect, run the lookup and log out; the result is available before the logout."""
        try:
            with self._session.connect(token) as client:
                self._session.open_folder(client, self._folder, self._key)
                answer.set_result(see(client))
        except Exception as error:
            answer.set_exception(error)
