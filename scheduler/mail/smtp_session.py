"""One connection to a mail server: every step is bounded in time and length, every answer is the one asked for.

Built on the standard library's client, whose own reading knows no end of a reply, no total time
and no difference between an answer and something the server said by itself.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import NoReturn

from scheduler.mail.smtp_replies import CERTIFICATE, GARBLED, SILENCE, UNOFFERED, Phase

LINES = 100  # of one reply; what is longer is no reply
LINE = 4096  # bytes of one line; RFC 5321 allows 512

_REPLY = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How many seconds to wait.

    connect: for one address. command: for one answer. opening: for all that comes before the mail itself.
    upload: until the mail is through. final: for the answer to it. farewell: for the answer to QUIT, and
    for words that explain a broken connection.
    """

    connect: float = 30.0
    command: float = 60.0
    opening: float = 120.0
    upload: float = 60.0
    final: float = 600.0  # RFC 5321, 4.5.3.2.6: giving up earlier means sending twice
    farewell: float = 2.0

    @property
    def longest(self) -> float:
        """Return how long one mail can take at most, name look-up aside."""
        return self.opening + self.upload + self.final + self.farewell


class SmtpError(Exception):
    """A step did not succeed: the reply's code, or what stands in its place, the words, and how far the mail was."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code} {words}")
        self.code = code
        self.words = words
        self.phase: Phase = "connect"


class SmtpSession(smtplib.SMTP):
    """A connection that knows its phase. Whatever goes wrong is a `SmtpError`."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__(local_hostname="[127.0.0.1]")  # the real one is set once connected, without a name look-up
        self.phase: Phase = "connect"
        self.is_broken = False  # no command can be sent any more
        self._timeouts = timeouts
        self._buffer = b""
        self._opening_ends = 0.0
        self._ends = 0.0
        self._poll = select.poll()

    # ---- opening

    def begin(self, ends: float) -> None:
        """Set until when (monotonic) the mail's content has to be reached."""
        self._opening_ends = ends

    def reach(self, host: str, port: int) -> None:
        """Open the connection; each address of the host is tried."""
        self.phase = "connect"
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise SmtpError(SILENCE, f"cannot find {host}: {_describe(error)}") from error
        failure: OSError | None = None
        for *_, address in addresses:
            self._allow(self._timeouts.connect)
            try:
                self.sock = socket.create_connection((str(address[0]), port), self._left())
            except OSError as error:
                failure = error
                continue
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._poll.register(self.sock.fileno(), select.POLLIN)
            own = self.sock.getsockname()[0]
            self.local_hostname = f"[IPv6:{own.partition('%')[0]}]" if ":" in own else f"[{own}]"
            return
        words = _describe(failure or OSError("no address"))
        raise SmtpError(SILENCE, f"cannot reach {host} port {port}: {words}") from failure

    def secure(self, host: str, context: ssl.SSLContext) -> None:
        """Speak TLS from here on."""
        self.phase = "tls"
        self._allow(self._timeouts.command)
        try:
            plain = self._socket()
            self.sock = context.wrap_socket(plain, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise SmtpError(
                CERTIFICATE, f"the certificate of {host} is not accepted: {error.verify_message}"
            ) from error
        except ssl.SSLError as error:
            raise SmtpError(SILENCE, f"no TLS with {host}: {error.reason or error}") from error
        except OSError as error:
            self._break(error)

    def greet(self) -> None:
        """Hear the server's greeting and what it offers."""
        self.phase = "greeting"
        self._allow(self._timeouts.command)
        _expect(self.getreply(), "220")
        self.introduce()

    def introduce(self) -> None:
        """Say who we are; an old server is spoken to in the old way."""
        code, words = self.ehlo()
        if code in (500, 502, 504):
            code, words = self.helo()
        _expect((code, words), "250")

    def start_tls(self, host: str, context: ssl.SSLContext) -> None:
        """Go over to TLS, or not on at all."""
        self.phase = "tls"
        if not self.has_extn("starttls"):
            raise SmtpError(UNOFFERED, f"{host} does not offer STARTTLS; nothing is sent unprotected")
        _expect(self.docmd("STARTTLS"), "220")
        self.refuse_unread()  # words smuggled in before the protection began
        self.secure(host, context)
        self.esmtp_features = {}
        self.does_esmtp = False
        self.introduce()

    def log_in(self, username: str, password: str) -> None:
        """Prove who we are, by PLAIN or else LOGIN."""
        self.phase = "login"
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            proof = _base64(f"\0{username}\0{password}")
            answer = self.docmd("AUTH", f"PLAIN {proof}")
            if answer[0] == 334:
                answer = self.docmd(proof)
        elif "LOGIN" in offered:
            _expect(self.docmd("AUTH", "LOGIN"), "334")
            _expect(self.docmd(_base64(username)), "334")
            answer = self.docmd(_base64(password))
        else:
            raise SmtpError(UNOFFERED, f"the server offers no login by PLAIN or LOGIN: {' '.join(offered) or 'none'}")
        _expect(answer, "235")

    # ---- one mail

    def envelope(self, sender: str, recipient: str, size: int) -> None:
        """Name the sender and the one recipient."""
        self.phase = "sender"
        is_plain = sender.isascii() and recipient.isascii()
        if not is_plain and not self.has_extn("smtputf8"):
            raise SmtpError(UNOFFERED, "the server takes no addresses with letters outside ASCII (SMTPUTF8)")
        self.command_encoding = "ascii" if is_plain else "utf-8"
        options = (f" SIZE={size}" if self.has_extn("size") else "") + ("" if is_plain else " SMTPUTF8")
        _expect(self.docmd("MAIL", f"FROM:<{sender}>{options}"), "25.")
        self.phase = "recipient"
        _expect(self.docmd("RCPT", f"TO:<{recipient}>"), "25.")

    def hand_over(self, data: bytes) -> str:
        """Send the mail's bytes and return the server's answer to them."""
        self.phase = "data"
        _expect(self.docmd("DATA"), "354")
        self.refuse_unread()
        self.phase = "content"
        self._ends = time.monotonic() + self._timeouts.upload
        try:
            self.send(stuff_dots(data))
        except SmtpError as trouble:
            raise self._said_meanwhile() or trouble from None
        self._ends = time.monotonic() + self._timeouts.final
        code, words = self.getreply()
        _expect((code, words), "25.")
        return f"{code} {read_words(words)}".rstrip()

    def reset(self) -> None:
        """Drop what the last mail has left, so that the next one may follow."""
        self.phase = "sender"
        _expect(self.docmd("RSET"), "25.")

    def quit_politely(self) -> None:
        """Say good-bye if it takes no time, and close."""
        try:
            self._ends = self._opening_ends = time.monotonic() + self._timeouts.farewell
            self.docmd("QUIT")
        except SmtpError:
            pass  # every mail has its answer already; how the connection ends changes none
        finally:
            self.close()

    # ---- bytes

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, if nothing is left to read that nobody had asked for."""
        self.refuse_unread()
        self._allow(self._timeouts.command)
        super().putcmd(cmd, args)

    def send(self, s: object) -> None:
        """Send text or bytes within the time allowed."""
        rest = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)  # type: ignore[arg-type]
        try:
            while rest:
                rest = rest[self._socket().send(rest) :]
        except OSError as error:
            self._break(error)

    def getreply(self) -> tuple[int, bytes]:
        """Return one reply; one without end, or not in SMTP's form, is a trouble."""
        lines: list[bytes] = []
        first = b""
        while len(lines) < LINES:
            line = self._read_line()
            found = _REPLY.fullmatch(line)
            if found is None or (first and found[1] != first):
                raise SmtpError(GARBLED, f"not an SMTP reply: {read_words(line)}")
            first = found[1]
            lines.append((found[3] or b"").strip())
            if found[2] != b"-":
                return int(first), b"\n".join(lines)
        raise SmtpError(GARBLED, f"a reply of more than {LINES} lines")

    def refuse_unread(self) -> None:
        """Raise a `SmtpError` if the server has said anything by itself, or has gone."""
        if not self._has_unread():
            return
        self._ends = time.monotonic() + self._timeouts.farewell
        code, words = self.getreply()
        if code == 421:
            raise SmtpError("421", read_words(words))
        raise SmtpError(GARBLED, f"an answer nobody had asked for: {code} {read_words(words)}")

    def _has_unread(self) -> bool:
        if self._buffer:
            return True
        if not self._poll.poll(0) and not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            return False
        if self.sock is None:
            raise SmtpError(SILENCE, "the connection is closed")
        try:
            self.sock.settimeout(0)
            self._buffer = self.sock.recv(LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False  # TLS has its own business, such as session tickets
        except OSError as error:
            self._break(error)
        if not self._buffer:
            raise SmtpError(SILENCE, "the server closed the connection")
        return True

    def _read_line(self) -> bytes:
        while (end := self._buffer.find(b"\n") + 1) == 0:
            if len(self._buffer) > LINE:
                raise SmtpError(GARBLED, f"a line of more than {LINE} bytes")
            self._buffer += self._receive()
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def _receive(self) -> bytes:
        try:
            received = self._socket().recv(LINE)
        except OSError as error:
            self._break(error)
        if not received:
            raise SmtpError(SILENCE, "the server closed the connection")
        return received

    def _said_meanwhile(self) -> SmtpError | None:
        """Return the refusal with which a server has cut the content short, if it is there to read."""
        self._ends = time.monotonic() + self._timeouts.farewell
        try:
            code, words = self.getreply()
        except SmtpError:
            return None
        return SmtpError(str(code), read_words(words)) if code >= 400 else None

    def _allow(self, seconds: float) -> None:
        self._ends = min(time.monotonic() + seconds, self._opening_ends)

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _socket(self) -> socket.socket:
        """Return the socket, willing to wait as long as is left."""
        if self.sock is None:
            raise SmtpError(SILENCE, "the connection is closed")
        self.sock.settimeout(self._left())
        return self.sock

    def _break(self, error: OSError) -> NoReturn:
        self.is_broken = True
        raise SmtpError(SILENCE, _describe(error)) from error


def stuff_dots(data: bytes) -> bytes:
    """Return a mail as it goes over the wire: leading dots doubled, ended by a dot alone (RFC 5321, 4.5.2)."""
    body = data.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if not body or body.endswith(b"\r\n") else b"\r\n.\r\n")


def read_words(words: bytes) -> str:
    """Return a server's words on one line, without control characters and not too long."""
    text = words[:1000].decode("utf-8", "replace").replace("\n", " ")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text.strip())[:500]


def _expect(answer: tuple[int, bytes], wanted: str) -> None:
    code, words = answer
    if re.fullmatch(wanted, str(code)) is None:
        raise SmtpError(str(code), read_words(words))


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _describe(error: Exception) -> str:
    if isinstance(error, TimeoutError) and not error.strerror:
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
