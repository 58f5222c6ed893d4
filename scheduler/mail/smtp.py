"""Delivery through an SMTP server, in phases, so that every failure shows how far the mail had come.

Before the mail is handed over, an attempt can safely be repeated. Between that and the answer of the
server it is unknown whether the mail was accepted. `smtplib.SMTP.sendmail` does not distinguish the
two, so the steps are taken one by one.
"""

from __future__ import annotations

import hmac
import json
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scheduler.email_address import to_ascii
from scheduler.errors import UserError
from scheduler.mail.access_tokens import TokenError, TokenHolder
from scheduler.mail.sasl import bearer_proof, xoauth2_proof
from scheduler.mail.smtp_replies import GARBLED, NO_TOKEN, SILENCE, judge, to_outcome
from scheduler.mail.smtp_session import SmtpError, SmtpSession, Timeouts
from scheduler.ports import Mail, Outcome
from scheduler.texts import Text, join, replace

PER_CONNECTION = 100  # mails; servers close long sessions at a time of their own choice
LONGEST_REPLY = 500  # characters that are kept of one
IDLE = 30.0  # seconds; after that an unused connection is not reused

Security = Literal["starttls", "tls", "none"]

_STAGES: Mapping[str, Text] = {  # how far it had come, before what went wrong in our own words
    "connect": Text("connect"),
    "greeting": Text("greeting"),
    "tls": Text("tls"),
    "login": Text("login"),
    "sender": Text("sender"),
    "recipient": Text("recipient"),
    "data": Text("data"),
    "content": Text("content"),
    NO_TOKEN: Text("no token"),
}
_MAILBOX = re.compile(r"[^@\s<>\"(),:;\\\[\]]+@[^@\s<>\"(),:;\\\[\]]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A mail account; without a username there is no login. What proves who we are is left out of the repr.

    With `tokens` the login is made by access tokens; `token_source` says where they come from.
    """

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    tokens: TokenHolder | None = field(default=None, repr=False)
    token_source: str = field(default="", repr=False)


class SmtpMailer:
    """Sends mails through one account, over one connection that is reused.

    Each mail has one recipient, so every answer concerns one address. Not thread-safe. `secret` is the secret
    of the installation; it keys the name of the account.
    """

    def __init__(
        self,
        account: Account,
        *,
        sender: str,
        secret: bytes,
        context: ssl.SSLContext | None = None,
        timeouts: Timeouts | None = None,
        per_connection: int = PER_CONNECTION,
        idle: float = IDLE,
    ) -> None:
        wire_sender = to_wire_address(sender)
        if wire_sender is None:
            raise UserError(
                Text("mail.from: {sender!r} is not an address", sender=sender),
                hint=Text("it should look like name@example.vn"),
            )
        self._account = account
        self._sender = wire_sender
        self._name = name_account(account, sender, secret)
        self._context = context
        self._timeouts = timeouts or Timeouts()
        self._per_connection = per_connection
        self._idle = idle
        self._hidden = traces(account)
        self._token = ""  # the one of the last login, to be masked
        self._session: SmtpSession | None = None
        self._mails = 0  # sent over the current connection
        self._used_at = 0.0
        self._is_clean = True  # False if the session still holds the envelope of a failed mail

    @property
    def account(self) -> str:
        """Return the name of the account, which reveals neither host nor user nor password."""
        return self._name

    @property
    def token(self) -> str:
        """Return the access token of the last login; "" if none was made by one. It is a secret."""
        return self._token

    @property
    def longest(self) -> float:
        """Return the maximum duration of `send` in seconds, without the DNS lookup."""
        return self._timeouts.longest

    def send(self, mail: Mail) -> Outcome:
        """Send the bytes of a mail unchanged and return the outcome.

        A reused connection may have died in the meantime. If that shows before the server has accepted the
        sender, the mail is silently sent over a new connection.
        """
        if not mail.data.count(b"\r\n") == mail.data.count(b"\n") == mail.data.count(b"\r"):
            return Outcome(state="failed", reply=Text("the mail holds a line break that is not CRLF"))
        recipient = to_wire_address(mail.address)
        if recipient is None:
            return Outcome(
                state="failed", reply=Text("{address} is not an address", address=repr(mail.address)), is_dead=True
            )
        ends = time.monotonic() + self._timeouts.opening
        try:
            reply = self._deliver(recipient, mail.data, ends)
        except SmtpError as error:
            return self._judge(error)
        return Outcome(state="sent", reply=self._hide(reply))

    def log_in(self) -> Outcome | None:
        """Open a new connection and log in, without sending a mail; return the failure, or None."""
        self.close()
        try:
            self._session = self._open(time.monotonic() + self._timeouts.opening)
        except SmtpError as error:
            return self._judge(error)
        return None

    def close(self) -> None:
        """End the session and close the connection, if there is one."""
        session, self._session = self._session, None
        if session is not None:
            session.quit_politely()

    def _deliver(self, recipient: str, data: bytes, ends: float) -> str:
        session = self._reuse()
        if session is not None:
            try:
                return self._transact(session, recipient, data, ends)
            except SmtpError as error:
                if not (error.phase == "sender" and error.code in (SILENCE, GARBLED, "421")):
                    raise
        return self._transact(self._open(ends), recipient, data, ends)

    def _reuse(self) -> SmtpSession | None:
        """Return the open connection if it may be reused, else None."""
        if self._mails >= self._per_connection or time.monotonic() - self._used_at > self._idle:
            self.close()
        return self._session

    def _open(self, ends: float) -> SmtpSession:
        """Return a new session that is logged in."""
        tokens = self._account.tokens
        if tokens is None:
            return self._connect(ends, "")
        try:
            return tokens.log_in(lambda token: self._connect(ends, token), _is_refusal)
        except TokenError as error:
            words = join("; ", [part for one in error.problems for part in (one.message, one.hint or "")])
            raise SmtpError(NO_TOKEN, words, phase="login") from error

    def _connect(self, ends: float, token: str) -> SmtpSession:
        account, self._token = self._account, token
        session = SmtpSession(self._timeouts)
        session.begin(ends)
        try:
            session.reach(account.host, account.port)
            if account.security == "tls":
                session.secure(account.host, self._tls())
            session.greet()
            if account.security == "starttls":
                session.start_tls(account.host, self._tls())
            if account.tokens is not None:
                session.log_in_with_token(account.username, token)
            elif account.username:
                session.log_in(account.username, account.password)
        except BaseException as error:
            session.close()
            if isinstance(error, SmtpError):
                error.phase = session.phase
            raise
        self._mails, self._is_clean, self._used_at = 0, True, time.monotonic()
        return session

    def _transact(self, session: SmtpSession, recipient: str, data: bytes, ends: float) -> str:
        """Send one mail; keep the connection only if the server has answered every step."""
        self._session = None
        is_usable = False
        session.begin(ends)
        try:
            if not self._is_clean:
                session.reset()
            session.envelope(self._sender, recipient, len(data))
            reply = session.hand_over(data)
            is_usable = self._is_clean = True
        except SmtpError as error:
            error.phase = session.phase
            is_usable = error.code[0] in "45" and error.code != "421" and not session.is_broken
            self._is_clean = False
            raise
        finally:
            if is_usable:
                self._session = session
                self._mails += 1
                self._used_at = time.monotonic()
            else:
                session.close()
        return reply

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def _judge(self, error: SmtpError) -> Outcome:
        rule = judge(error.phase, error.code, error.words)
        stage = _STAGES[NO_TOKEN if error.code == NO_TOKEN else error.phase]
        reply = f"{error.code} {error.words}" if error.code.isdigit() else join(": ", [stage, error.words])
        return to_outcome(rule.meaning, self._hide(reply))

    def _hide(self, words: str) -> str:
        """Return a reply, cut, with the password or the token masked before, in case the server repeats it."""
        for trace in (*self._hidden, *traces_of_token(self._account.username, self._token)):
            words = replace(words, trace, "***")
        return words if len(words) <= LONGEST_REPLY else words[:LONGEST_REPLY]


def _is_refusal(error: Exception) -> bool:
    """Return whether an attempt failed because the server refuses the login for good."""
    if not isinstance(error, SmtpError) or error.phase != "login":
        return False
    return judge(error.phase, error.code, error.words).meaning == "stop"


def name_account(account: Account, sender: str, secret: bytes) -> str:
    """Return an account name that changes with every setting that can repair an account.

    A changed account thus starts without the pause or the stop of the old one. The name is keyed by the secret of
    the installation, so that the database alone does not allow guessing the password.
    """
    parts = [account.host, account.port, account.security, account.username, account.password, sender]
    parts += [account.token_source] if account.token_source else []
    return "smtp-" + hmac.digest(secret, b"account\0" + json.dumps(parts).encode(), "sha256").hex()[:16]


def to_wire_address(address: str) -> str | None:
    """Return an address as SMTP commands need it, with the domain in ASCII form; None if it is not an address."""
    if not _MAILBOX.fullmatch(address) or not address.isprintable():
        return None
    local, _, domain = address.partition("@")
    if domain.isascii():
        return address
    host = to_ascii(domain)
    return f"{local}@{host}" if host else None


def traces(account: Account) -> tuple[str, ...]:
    """Return the forms in which the password is sent to a server, longest first, so that they can be masked."""
    if not account.password:
        return ()
    forms = (f"\0{account.username}\0{account.password}", account.password)
    encoded = [b64encode(form.encode()).decode() for form in forms]
    return tuple(sorted((*encoded, account.password), key=len, reverse=True))


def traces_of_token(username: str, token: str) -> tuple[str, ...]:
    """Return the forms in which a token is sent to a server, longest first, so that they can be masked."""
    if not token:
        return ()
    proofs = (xoauth2_proof(username, token), bearer_proof(username, token))
    return (*(b64encode(proof.encode()).decode() for proof in proofs), token)
