"""Mail through an SMTP server, in phases: of every failure it is known how far the mail had come.

Before the message is handed over a failure is safe to repeat; after it, and before the server's
answer, nobody can know. The standard library's `sendmail` does not tell the two apart, so the
steps are taken one by one.
"""

from __future__ import annotations

import hmac
import json
import re
import ssl
import time
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Literal

from scheduler.email_address import to_ascii
from scheduler.errors import UserError
from scheduler.mail.smtp_replies import GARBLED, SILENCE, judge, to_outcome
from scheduler.mail.smtp_session import SmtpError, SmtpSession, Timeouts
from scheduler.ports import Mail, Outcome

PER_CONNECTION = 100  # mails; servers end long sessions on their own terms
IDLE = 30.0  # seconds; a connection unused for so long is not trusted any more

Security = Literal["starttls", "tls", "none"]

_MAILBOX = re.compile(r"[^@\s<>\"(),:;\\\[\]]+@[^@\s<>\"(),:;\\\[\]]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A mail account; without a username nothing is proven to the server. The password is never shown."""

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)


class SmtpMailer:
    """Sends finished bytes through one account, over one connection that is used again and again.

    One recipient per mail, so every answer is about one address. Not for several threads at once.
    `secret` is this installation's own: it keys the account's name.
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
            raise UserError(f"mail.from: {sender!r} is not an address", hint="it should look like name@example.vn")
        self._account = account
        self._sender = wire_sender
        self._name = name_account(account, sender, secret)
        self._context = context
        self._timeouts = timeouts or Timeouts()
        self._per_connection = per_connection
        self._idle = idle
        self._hidden = traces(account)
        self._session: SmtpSession | None = None
        self._mails = 0  # over the present connection
        self._used_at = 0.0
        self._is_clean = True  # nothing of an earlier mail is left in the session

    @property
    def account(self) -> str:
        """Return the account's name; it tells nothing of host, user or password."""
        return self._name

    @property
    def longest(self) -> float:
        """Return how many seconds `send` can take at most, name look-up aside."""
        return self._timeouts.longest

    def send(self, mail: Mail) -> Outcome:
        """Hand over the mail's bytes as they are and say what became of them.

        A connection kept from an earlier mail may have died meanwhile; if that shows before the server
        has taken the sender, the mail goes over a new one and nothing is said of it.
        """
        if not mail.data.count(b"\r\n") == mail.data.count(b"\n") == mail.data.count(b"\r"):
            return Outcome(state="failed", reply="the mail holds a line break that is not CRLF")
        recipient = to_wire_address(mail.address)
        if recipient is None:
            return Outcome(state="failed", reply=f"{mail.address!r} is not an address", is_dead=True)
        ends = time.monotonic() + self._timeouts.opening
        try:
            reply = self._deliver(recipient, mail.data, ends)
        except SmtpError as trouble:
            return self._judge(trouble)
        return Outcome(state="sent", reply=self._hide(reply))

    def log_in(self) -> Outcome | None:
        """Open a new connection up to where a mail could be sent; return what is wrong, or None."""
        self.close()
        try:
            self._session = self._open(time.monotonic() + self._timeouts.opening)
        except SmtpError as trouble:
            return self._judge(trouble)
        return None

    def close(self) -> None:
        """Take leave of the server, if there is a connection."""
        session, self._session = self._session, None
        if session is not None:
            session.quit_politely()

    def _deliver(self, recipient: str, data: bytes, ends: float) -> str:
        session = self._reuse()
        if session is not None:
            try:
                return self._transact(session, recipient, data, ends)
            except SmtpError as trouble:
                if not (trouble.phase == "sender" and trouble.code in (SILENCE, GARBLED, "421")):
                    raise
        return self._transact(self._open(ends), recipient, data, ends)

    def _reuse(self) -> SmtpSession | None:
        """Return the connection of an earlier mail if it may serve once more."""
        if self._mails >= self._per_connection or time.monotonic() - self._used_at > self._idle:
            self.close()
        return self._session

    def _open(self, ends: float) -> SmtpSession:
        account = self._account
        session = SmtpSession(self._timeouts)
        session.begin(ends)
        try:
            session.reach(account.host, account.port)
            if account.security == "tls":
                session.secure(account.host, self._tls())
            session.greet()
            if account.security == "starttls":
                session.start_tls(account.host, self._tls())
            if account.username:
                session.log_in(account.username, account.password)
        except BaseException as error:
            session.close()
            if isinstance(error, SmtpError):
                error.phase = session.phase
            raise
        self._mails, self._is_clean, self._used_at = 0, True, time.monotonic()
        return session

    def _transact(self, session: SmtpSession, recipient: str, data: bytes, ends: float) -> str:
        """Send one mail; the connection is kept if the server has answered every step."""
        self._session = None
        is_usable = False
        session.begin(ends)
        try:
            if not self._is_clean:
                session.reset()
            session.envelope(self._sender, recipient, len(data))
            reply = session.hand_over(data)
            is_usable = self._is_clean = True
        except SmtpError as trouble:
            trouble.phase = session.phase
            is_usable = trouble.code[0] in "45" and trouble.code != "421" and not session.is_broken
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

    def _judge(self, trouble: SmtpError) -> Outcome:
        rule = judge(trouble.phase, trouble.code, trouble.words)
        reply = f"{trouble.code} {trouble.words}" if trouble.code.isdigit() else f"{trouble.phase}: {trouble.words}"
        return to_outcome(rule.meaning, self._hide(reply))

    def _hide(self, words: str) -> str:
        """Return words without the password, should a server have repeated it."""
        for trace in self._hidden:
            words = words.replace(trace, "***")
        return words


def name_account(account: Account, sender: str, secret: bytes) -> str:
    """Return a name that changes with whatever a person may change to heal an account.

    It is keyed by the installation's secret: who has only the database cannot try passwords against it.
    """
    parts = (account.host, account.port, account.security, account.username, account.password, sender)
    return "smtp-" + hmac.digest(secret, b"account\0" + json.dumps(parts).encode(), "sha256").hex()[:16]


def to_wire_address(address: str) -> str | None:
    """Return an address as a command takes it, a domain with diacritics in its ASCII form; None if it is none."""
    if not _MAILBOX.fullmatch(address) or not address.isprintable():
        return None
    local, _, domain = address.partition("@")
    if domain.isascii():
        return address
    host = to_ascii(domain)
    return f"{local}@{host}" if host else None


def traces(account: Account) -> tuple[str, ...]:
    """Return the forms in which a password travels, longest first."""
    if not account.password:
        return ()
    forms = (f"\0{account.username}\0{account.password}", account.password)
    encoded = [b64encode(form.encode()).decode() for form in forms]
    return tuple(sorted((*encoded, account.password), key=len, reverse=True))
