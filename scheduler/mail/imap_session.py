"""Connections to a mailbox over IMAP: the login, and what went wrong in words."""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from imaplib import IMAP4
from socket import gaierror
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, LoginError

from scheduler.errors import UserError, near_names
from scheduler.mail.sasl import bearer_proof, xoauth2_proof
from scheduler.mail.smtp import Account, traces, traces_of_token
from scheduler.system_errors import word_system
from scheduler.texts import Text, replace

_KEYS = Text("check host, port and security in [inbox]")


class LoginRefused(UserError):
    """The server does not take the login."""


class NoFolder(UserError):
    """The mailbox has no folder of that name."""


class ImapSession:
    """Opens connections of one account; `timeout` is the longest silence in seconds. The clients are IMAPClient's."""

    def __init__(self, account: Account, *, context: ssl.SSLContext | None = None, timeout: float) -> None:
        self.account = account
        self._context = context
        self._timeout = timeout

    def connect(self, token: str = "") -> Any:
        """Return a connection that is logged in by a token, or else by the password.

        Raises whatever `explain` takes; nothing stays open then.
        """
        account = self.account
        context = self._context or ssl.create_default_context()
        is_tls = account.security == "tls"
        client = IMAPClient(account.host, account.port, ssl=is_tls, ssl_context=context, timeout=self._timeout)
        try:
            if account.security == "starttls":
                client.starttls(context)
            self._sign_in(client, token)
        except BaseException:
            with suppress(OSError):  # a failed handshake has closed it
                client.shutdown()
            raise
        return client

    def open_folder(self, client: Any, folder: str, key: str) -> dict[bytes, Any]:
        """Open a folder read-only, and return what the server says of it; `key` is where it is configured.

        Raises `NoFolder` with the names that are near.
        """
        try:
            return dict(client.select_folder(folder, readonly=True))
        except IMAP4.error:
            names = [name for flags, _, name in client.list_folders() if rb"\Noselect" not in flags]
            if folder in names:
                raise
            message = Text("{server} has no folder {folder!r}", server=self._server, folder=folder)
            raise NoFolder(
                message, hint=Text("check {key}; {folder}", key=key, folder=near_names(folder, sorted(names)))
            ) from None

    def explain(self, error: Exception, token: str = "") -> UserError:
        """Return an error as a sentence with a hint, without the password or the token."""
        if isinstance(error, UserError):
            return error
        account = self.account
        words, hint = self._explain_failure(error) if isinstance(error, OSError) else _explain_refusal(error)
        for trace in (*traces(account), *traces_of_token(account.username, token)):
            words = replace(words, trace, "***")
        if isinstance(error, LoginError):
            hint = Text("check what the tokens are for, and username in [inbox]") if token else hint
            return LoginRefused(Text("{server}: {words}", server=self._server, words=words), hint=hint)
        return UserError(Text("{server}: {words}", server=self._server, words=words), hint=hint)

    def _sign_in(self, client: Any, token: str) -> None:
        account = self.account
        if token:
            self._sign_in_with(client, token)
        elif client.has_capability("AUTH=PLAIN"):  # the LOGIN command supports only ASCII
            client.plain_login(account.username, account.password)
        else:
            client.login(account.username, account.password)

    def _sign_in_with(self, client: Any, token: str) -> None:
        """Log in by a token; a server that says why it refuses gets no token again, but what ends the exchange."""
        username = self.account.username
        if client.has_capability("AUTH=OAUTHBEARER"):
            words = iter([bearer_proof(username, token).encode(), b"\x01"])
            client.sasl_login("OAUTHBEARER", lambda _: next(words))
        elif client.has_capability("AUTH=XOAUTH2"):
            words = iter([xoauth2_proof(username, token).encode(), b""])
            client.sasl_login("XOAUTH2", lambda _: next(words))
        else:
            message = Text("{server} offers no login by XOAUTH2 or OAUTHBEARER", server=self._server)
            raise UserError(message, hint=Text('use auth = "password" below [inbox], or another server'))

    @property
    def _server(self) -> str:
        return Text("{host} port {port}", host=self.account.host, port=self.account.port)

    def _explain_failure(self, error: OSError) -> tuple[str, str]:
        """Return what kept the server from answering, and a hint."""
        match error:
            case TimeoutError():
                return Text("gave no answer within {timeout:g} seconds", timeout=self._timeout), Text(
                    "try again later; {keys}", keys=_KEYS
                )
            case ssl.SSLCertVerificationError():
                return Text(
                    "its certificate is not accepted: {verify_message}", verify_message=error.verify_message
                ), Text("check inbox.host")
            case ssl.SSLError():
                return Text("no TLS: {words}", words=error.reason or error), _KEYS
            case gaierror():
                return Text("its address cannot be found: {strerror}", strerror=word_system(error)), Text(
                    "check inbox.host"
                )
            case _:
                return Text("cannot be reached: {value}", value=word_system(error)), Text(
                    "try again later; {keys}", keys=_KEYS
                )


def _explain_refusal(error: Exception) -> tuple[str, str]:
    """Return what the server does not do, and a hint."""
    match error:
        case CapabilityError():
            return Text("it does not offer STARTTLS; nothing is sent unprotected"), _KEYS
        case LoginError():
            return Text("it does not take the login: {error}", error=_words(error)), Text(
                "check username and password in [inbox]"
            )
        case UnicodeError():  # its own message would show a character of the password
            return Text("it takes a login in plain ASCII only"), Text(
                "choose a username and a password of such letters"
            )
        case _:
            return Text("it does not do what was asked: {error}", error=_words(error)), Text(
                "try again later; {keys}", keys=_KEYS
            )


def _words(error: Exception) -> str:
    """Return the text of a server error; IMAPClient includes parts of it as the repr of bytes."""
    return re.sub(r"""\bb(['"])(.*)\1""", r"\2", str(error))
