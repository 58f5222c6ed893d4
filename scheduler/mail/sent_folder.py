"""Lookup in the folder of sent mail of an account, over IMAP.

If the answer to a mail was lost, the lookup shows whether the mail was sent after all. Nothing is fetched, marked
or changed: the folder is opened read-only and searched.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from imaplib import IMAP4
from socket import gaierror
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, LoginError

from scheduler.errors import UserError, near_names
from scheduler.mail.sasl import bearer_proof, xoauth2_proof
from scheduler.mail.smtp import Account, traces, traces_of_token

TIMEOUT = 30.0  # seconds for a whole lookup, during which the lease of the claimed mail runs

_KEYS = "check host, port and security in [inbox]"


class _LoginRefused(UserError):
    """The server does not take the login."""


class ImapSentFolder:
    """Looks up mails in one folder of one account; each lookup opens its own connection and has a timeout."""

    def __init__(
        self, account: Account, folder: str, *, context: ssl.SSLContext | None = None, timeout: float = TIMEOUT
    ) -> None:
        self._account = account
        self._folder = folder
        self._context = context
        self._timeout = timeout

    @property
    def token(self) -> str:
        """Return the access token of the last login; "" if none was made by one. It is a secret."""
        return self._account.tokens.latest if self._account.tokens else ""

    def has(self, message_id: str) -> bool:
        """Return whether the folder holds a mail with this Message-ID; raises `UserError` if the lookup fails."""
        return self._look(lambda client: bool(client.search(["HEADER", "Message-ID", message_id])))

    def check(self) -> None:
        """Log in and open the folder; raises `UserError` if that fails."""
        self._look(lambda client: True)

    def _look(self, see: Callable[[Any], bool]) -> bool:
        """Run a lookup, logged in by the password or by an access token."""
        tokens = self._account.tokens
        if tokens is None:
            return self._run(see, "")
        return tokens.log_in(lambda token: self._run(see, token), lambda error: isinstance(error, _LoginRefused))

    def _run(self, see: Callable[[Any], bool], token: str) -> bool:
        """Run a lookup in a thread, which is abandoned at the timeout.

        The timeout of a socket restarts with each byte, so a server that sends slowly could block for ever.
        """
        answer: Future[bool] = Future()
        threading.Thread(target=self._search, args=(see, token, answer), daemon=True).start()
        try:
            return answer.result(self._timeout)
        except UserError:
            raise
        except Exception as error:
            raise self._explain(error, token) from error

    def _search(self, see: Callable[[Any], bool], token: str, answer: Future[bool]) -> None:
        """Connect, run the lookup and log out; the result is available before the logout."""
        account = self._account
        try:
            context = self._context or ssl.create_default_context()
            is_tls = account.security == "tls"
            with IMAPClient(
                account.host, account.port, ssl=is_tls, ssl_context=context, timeout=self._timeout
            ) as client:
                if account.security == "starttls":
                    client.starttls(context)
                self._sign_in(client, token)
                self._open_folder(client)
                answer.set_result(see(client))
        except Exception as error:
            answer.set_exception(error)

    def _sign_in(self, client: Any, token: str) -> None:
        account = self._account
        if token:
            self._sign_in_with(client, token)
        elif client.has_capability("AUTH=PLAIN"):  # the LOGIN command supports only ASCII
            client.plain_login(account.username, account.password)
        else:
            client.login(account.username, account.password)

    def _sign_in_with(self, client: Any, token: str) -> None:
        """Log in by a token; a server that says why it refuses gets no token again, but what ends the exchange."""
        username = self._account.username
        if client.has_capability("AUTH=OAUTHBEARER"):
            words = iter([bearer_proof(username, token).encode(), b"\x01"])
            client.sasl_login("OAUTHBEARER", lambda _: next(words))
        elif client.has_capability("AUTH=XOAUTH2"):
            words = iter([xoauth2_proof(username, token).encode(), b""])
            client.sasl_login("XOAUTH2", lambda _: next(words))
        else:
            message = f"{self._server} offers no login by XOAUTH2 or OAUTHBEARER"
            raise UserError(message, hint='use auth = "password" below [inbox], or another server')

    def _open_folder(self, client: Any) -> None:
        try:
            client.select_folder(self._folder, readonly=True)
        except IMAP4.error:
            names = [name for flags, _, name in client.list_folders() if rb"\Noselect" not in flags]
            if self._folder in names:
                raise
            message = f"{self._server} has no folder {self._folder!r}"
            raise UserError(message, hint=f"check inbox.sent; {near_names(self._folder, sorted(names))}") from None

    @property
    def _server(self) -> str:
        return f"{self._account.host} port {self._account.port}"

    def _explain(self, error: Exception, token: str) -> UserError:
        """Return an error as a sentence with a hint, without the password or the token."""
        words, hint = self._explain_failure(error) if isinstance(error, OSError) else _explain_refusal(error)
        for trace in (*traces(self._account), *traces_of_token(self._account.username, token)):
            words = words.replace(trace, "***")
        if isinstance(error, LoginError):
            hint = "check what the tokens are for, and username in [inbox]" if token else hint
            return _LoginRefused(f"{self._server}: {words}", hint=hint)
        return UserError(f"{self._server}: {words}", hint=hint)

    def _explain_failure(self, error: OSError) -> tuple[str, str]:
        """Return what kept the server from answering, and a hint."""
        match error:
            case TimeoutError():
                return f"gave no answer within {self._timeout:g} seconds", f"try again later; {_KEYS}"
            case ssl.SSLCertVerificationError():
                return f"its certificate is not accepted: {error.verify_message}", "check inbox.host"
            case ssl.SSLError():
                return f"no TLS: {error.reason or error}", _KEYS
            case gaierror():
                return f"its address cannot be found: {error.strerror}", "check inbox.host"
            case _:
                return f"cannot be reached: {error.strerror or error}", f"try again later; {_KEYS}"


def _explain_refusal(error: Exception) -> tuple[str, str]:
    """Return what the server does not do, and a hint."""
    match error:
        case CapabilityError():
            return "it does not offer STARTTLS; nothing is sent unprotected", _KEYS
        case LoginError():
            return f"it does not take the login: {_words(error)}", "check username and password in [inbox]"
        case UnicodeError():  # its own message would show a character of the password
            return "it takes a login in plain ASCII only", "choose a username and a password of such letters"
        case _:
            return f"it does not do what was asked: {_words(error)}", f"try again later; {_KEYS}"


def _words(error: Exception) -> str:
    """Return the text of a server error; IMAPClient includes parts of it as the repr of bytes."""
    return re.sub(r"""\bb(['"])(.*)\1""", r"\2", str(error))
