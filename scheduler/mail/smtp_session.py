"""One connection to an SMTP server, with limits on time and length and protection against unsolicited replies.

It extends the client of the standard library, which limits neither the length of a reply nor the total time, and
takes unsolicited data of the server for the reply to the next command.
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

from scheduler.mail.sasl import bearer_proof, read_reason, xoauth2_proof
from scheduler.mail.smtp_replies import CERTIFICATE, GARBLED, SILENCE, UNOFFERED, Phase
from scheduler.system_errors import word_system
from scheduler.texts import Text

LINES = 100  # maximum number of lines in a reply
LINE = 4096  # maximum bytes in a line; RFC 5321 allows 512
READ = 16 * 1024  # bytes of a reply that are read; a token that it repeats must be masked before it is cut
EMPTY_LINES = 10  # maximum number of empty lines before a reply; some servers send one

_EMPTY = re.compile(rb"\r?\n")
_REPLY = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Timeouts in seconds.

    * `connect`: for connecting to one address
    * `command`: for one reply
    * `opening`: for everything before the content of the mail
    * `upload`: for sending the content
    * `final`: for the reply to the content
    * `quit`: for the reply to QUIT, and for data that explains a broken connection
    """

    connect: float = 30.0
    command: float = 60.0
    opening: float = 120.0
    upload: float = 60.0
    final: float = 600.0  # RFC 5321, 4.5.3.2.6; a shorter timeout leads to duplicates
    quit: float = 2.0

    @property
    def longest(self) -> float:
        """Return the maximum duration of one mail in seconds, without the DNS lookup."""
        return self.opening + self.upload + self.final + self.quit


class SmtpError(Exception):
    """A step failed; `code` is the reply code or a constant that replaces it, `phase` shows how far the mail was."""

    def __init__(self, code: str, words: str, *, phase: Phase = "connect") -> None:
        super().__init__(f"{code} {words}")
        self.code = code
        self.words = words
        self.phase = phase


class SmtpSession(smtplib.SMTP):
    """A connection that tracks its phase; network problems, timeouts and unexpected replies raise `SmtpError`."""

    def __init__(self, timeouts: Timeouts) -> None:
        # Avoids the DNS lookup of smtplib; `reach` sets the real name.
        super().__init__(local_hostname="[127.0.0.1]")
        self.phase: Phase = "connect"
        self.is_broken = False  # True once the connection can no longer be used
        self._timeouts = timeouts
        self._buffer = b""
        self._empty_lines = 0  # skipped since the last reply
        self._opening_ends = 0.0
        self._ends = 0.0
        self._poll = select.poll()

    # ---- opening

    def begin(self, ends: float) -> None:
        """Set the monotonic time by which the content of the mail must be reached."""
        self._opening_ends = ends

    def reach(self, host: str, port: int) -> None:
        """Connect to the server, trying each address of the host in turn."""
        self.phase = "connect"
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise SmtpError(
                SILENCE, Text("cannot find {host}: {words}", host=host, words=word_system(error))
            ) from error
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
        words = word_system(failure) if failure else Text("no address")
        raise SmtpError(
            SILENCE, Text("cannot reach {host} port {port}: {words}", host=host, port=port, words=words)
        ) from failure

    def secure(self, host: str, context: ssl.SSLContext) -> None:
        """Start TLS on the connection and verify the certificate for `host`."""
        self.phase = "tls"
        self._allow(self._timeouts.command)
        try:
            plain = self._socket()
            self.sock = context.wrap_socket(plain, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise SmtpError(
                CERTIFICATE,
                Text("the certificate of {host} is not accepted: {words}", host=host, words=error.verify_message),
            ) from error
        except ssl.SSLError as error:
            raise SmtpError(
                SILENCE, Text("no TLS with {host}: {words}", host=host, words=error.reason or error)
            ) from error
        except OSError as error:
            self._break(error)

    def greet(self) -> None:
        """Read the greeting of the server and its extensions."""
        self.phase = "greeting"
        self._allow(self._timeouts.command)
        _expect(self.getreply(), "220")
        self.introduce()

    def introduce(self) -> None:
        """Send EHLO, or HELO to a server that does not know it."""
        code, words = self.ehlo()
        if code in (500, 502, 504):
            code, words = self.helo()
        _expect((code, words), "250")

    def start_tls(self, host: str, context: ssl.SSLContext) -> None:
        """Upgrade to TLS by STARTTLS; raise `SmtpError` rather than continue without it."""
        self.phase = "tls"
        if not self.has_extn("starttls"):
            raise SmtpError(UNOFFERED, Text("{host} does not offer STARTTLS; nothing is sent unprotected", host=host))
        _expect(self.docmd("STARTTLS"), "220")
        self.refuse_unread()  # data injected before the encryption began
        self.secure(host, context)
        self.esmtp_features = {}
        self.does_esmtp = False
        self.introduce()

    def log_in(self, username: str, password: str) -> None:
        """Authenticate with PLAIN, or with LOGIN if the server does not offer it."""
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
            raise SmtpError(
                UNOFFERED, Text("the server offers no login by PLAIN or LOGIN: {names}", names=" ".join(offered))
            )
        _expect(answer, "235")

    def log_in_with_token(self, username: str, token: str) -> None:
        """Authenticate with an access token by OAUTHBEARER (RFC 7628), or by XOAUTH2 where that is not offered."""
        self.phase = "login"
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "OAUTHBEARER" in offered:
            answer = self.docmd("AUTH", f"OAUTHBEARER {_base64(bearer_proof(username, token))}")
            end = _base64("\x01")
        elif "XOAUTH2" in offered:
            answer, end = self.docmd("AUTH", f"XOAUTH2 {_base64(xoauth2_proof(username, token))}"), ""
        else:
            words = Text(
                "the server offers no login by XOAUTH2 or OAUTHBEARER: {value}", value=" ".join(offered) or "none"
            )
            raise SmtpError(UNOFFERED, words)
        reason = b""
        if answer[0] == 334:  # it says why not, and waits for a word before it refuses
            reason = read_reason(answer[1])
            answer = self.docmd(end)
        _expect((answer[0], answer[1] + reason), "235")

    # ---- one mail

    def envelope(self, sender: str, recipient: str, size: int) -> None:
        """Send MAIL and RCPT for one recipient; `size` is in bytes."""
        self.phase = "sender"
        is_plain = sender.isascii() and recipient.isascii()
        if not is_plain and not self.has_extn("smtputf8"):
            raise SmtpError(UNOFFERED, Text("the server takes no addresses with letters outside ASCII (SMTPUTF8)"))
        self.command_encoding = "ascii" if is_plain else "utf-8"
        options = (f" SIZE={size}" if self.has_extn("size") else "") + ("" if is_plain else " SMTPUTF8")
        _expect(self.docmd("MAIL", f"FROM:<{sender}>{options}"), "25.")
        self.phase = "recipient"
        _expect(self.docmd("RCPT", f"TO:<{recipient}>"), "25.")

    def hand_over(self, data: bytes) -> str:
        """Send the content of the mail and return the final reply of the server."""
        self.phase = "data"
        _expect(self.docmd("DATA"), "354")
        self.refuse_unread()
        self.phase = "content"
        self._ends = time.monotonic() + self._timeouts.upload
        try:
            self.send(stuff_dots(data))
        except SmtpError as error:
            raise self._said_meanwhile() or error from None
        self._ends = time.monotonic() + self._timeouts.final
        code, words = self.getreply()
        _expect((code, words), "25.")
        return f"{code} {read_words(words)}".rstrip()

    def reset(self) -> None:
        """Discard the envelope of the last mail by RSET, so that the next one can follow."""
        self.phase = "sender"
        _expect(self.docmd("RSET"), "25.")

    def quit_politely(self) -> None:
        """Send QUIT, wait for the reply only briefly, and close the connection."""
        try:
            self._ends = self._opening_ends = time.monotonic() + self._timeouts.quit
            self.docmd("QUIT")
        except SmtpError:
            pass  # every mail has its reply already; the connection is closed either way
        finally:
            self.close()

    # ---- bytes

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command; raise `SmtpError` if there is an unsolicited reply."""
        self.refuse_unread()
        self._allow(self._timeouts.command)
        super().putcmd(cmd, args)

    def send(self, s: object) -> None:
        """Send text or bytes within the current timeout."""
        rest = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)  # type: ignore[arg-type]
        try:
            while rest:
                rest = rest[self._socket().send(rest) :]
        except OSError as error:
            self._break(error)

    def getreply(self) -> tuple[int, bytes]:
        """Return one reply without empty lines before it; raise `SmtpError` for one that is too long or malformed."""
        lines: list[bytes] = []
        first = b""
        while len(lines) < LINES:
            line = self._read_line()
            if not lines and _EMPTY.fullmatch(line):
                self._count_empty_line()
                continue
            found = _REPLY.fullmatch(line)
            if found is None or (first and found[1] != first):
                raise SmtpError(GARBLED, Text("not an SMTP reply: {words}", words=read_words(line)))
            first = found[1]
            lines.append((found[3] or b"").strip())
            if found[2] != b"-":
                self._empty_lines = 0
                return int(first), b"\n".join(lines)
        raise SmtpError(GARBLED, Text("a reply of more than {number} lines", number=LINES))

    def refuse_unread(self) -> None:
        """Raise `SmtpError` if there is an unsolicited reply, or if the server has closed the connection."""
        if not self._has_unread():
            return
        self._ends = time.monotonic() + self._timeouts.quit
        code, words = self.getreply()
        if code == 421:
            raise SmtpError("421", read_words(words))
        raise SmtpError(GARBLED, Text("an answer nobody had asked for: {words}", words=f"{code} {read_words(words)}"))

    def _has_unread(self) -> bool:
        """Return whether the server has sent something other than empty lines, which are skipped."""
        while True:
            while found := _EMPTY.match(self._buffer):
                self._buffer = self._buffer[found.end() :]
                self._count_empty_line()
            if self._buffer:
                return True
            if not self._receive_unread():
                return False

    def _receive_unread(self) -> bool:
        """Fill the empty buffer without waiting; return whether there was anything."""
        if not self._poll.poll(0) and not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            return False
        if self.sock is None:
            raise SmtpError(SILENCE, Text("the connection is closed"))
        try:
            self.sock.settimeout(0)
            self._buffer = self.sock.recv(LINE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False  # only TLS records without application data, such as session tickets
        except OSError as error:
            self._break(error)
        if not self._buffer:
            raise SmtpError(SILENCE, Text("the server closed the connection"))
        return True

    def _count_empty_line(self) -> None:
        self._empty_lines += 1
        if self._empty_lines > EMPTY_LINES:
            raise SmtpError(GARBLED, Text("more than {number} empty lines", number=EMPTY_LINES))

    def _read_line(self) -> bytes:
        while (end := self._buffer.find(b"\n") + 1) == 0:
            if len(self._buffer) > LINE:
                raise SmtpError(GARBLED, Text("a line of more than {number} bytes", number=LINE))
            self._buffer += self._receive()
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def _receive(self) -> bytes:
        try:
            received = self._socket().recv(LINE)
        except OSError as error:
            self._break(error)
        if not received:
            raise SmtpError(SILENCE, Text("the server closed the connection"))
        return received

    def _said_meanwhile(self) -> SmtpError | None:
        """Return the refusal by which the server interrupted the content, if one can be read."""
        self._ends = time.monotonic() + self._timeouts.quit
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
        """Return the socket, with the remaining time as its timeout."""
        if self.sock is None:
            raise SmtpError(SILENCE, Text("the connection is closed"))
        self.sock.settimeout(self._left())
        return self.sock

    def _break(self, error: OSError) -> NoReturn:
        self.is_broken = True
        raise SmtpError(SILENCE, word_system(error)) from error


def stuff_dots(data: bytes) -> bytes:
    """Return a mail as sent after DATA: leading dots doubled, ended by a line with a single dot (RFC 5321, 4.5.2)."""
    body = data.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if not body or body.endswith(b"\r\n") else b"\r\n.\r\n")


def read_words(words: bytes) -> str:
    """Return the text of a reply on one line, without control characters."""
    text = words[:READ].decode("utf-8", "replace").replace("\n", " ")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text.strip())


def _expect(answer: tuple[int, bytes], wanted: str) -> None:
    code, words = answer
    if re.fullmatch(wanted, str(code)) is None:
        raise SmtpError(str(code), read_words(words))


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
