"""A mail server that answers by a script: every reply and every fault of real servers.

By default it takes everything. `answers` says otherwise for a verb: one answer for always, or a list
of answers, used up one by one over all connections. The verbs are greeting, EHLO, HELO, STARTTLS, AUTH,
MAIL, RCPT, DATA, RSET, QUIT, and `content` for the answer to the final dot.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final


class Fault:
    """Something other than an answer."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


CLOSE: Final = Fault("CLOSE")  # close the connection without a reply
RESET: Final = Fault("RESET")  # reset the connection
FREEZE: Final = Fault("FREEZE")  # do not answer, and keep the connection open
DRIP: Final = Fault("DRIP")  # one byte now and then, never a line's end
ENDLESS_LINES: Final = Fault("ENDLESS_LINES")  # a reply of which no line is the last
ENDLESS_LINE: Final = Fault("ENDLESS_LINE")
NEVER_READS: Final = Fault("NEVER_READS")  # to DATA: ask for the mail and never read it
TOO_BIG: Final = Fault("TOO_BIG")  # to DATA: ask for the mail, refuse it when it begins, and read no further
TLS_NOT: Final = Fault("TLS_NOT")  # agree to TLS and then send something else

Answer = str | bytes | Fault
Answers = Mapping[str, Answer | Sequence[Answer]]
OFFERS = ("SIZE 26214400", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN")
DEFAULTS: Mapping[str, str] = {
    "greeting": "220 scripted.example ESMTP",
    "HELO": "250 scripted.example",
    "STARTTLS": "220 2.0.0 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 sender ok",
    "RCPT": "250 2.1.5 recipient ok",
    "DATA": "354 go on",
    "content": "250 2.0.0 queued as 4X",
    "RSET": "250 2.0.0 forgotten",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}


@dataclass(slots=True)
class Received:
    """One mail whose final dot has arrived, and its connection; `taken`: the server accepted it."""

    sender: str
    recipient: str
    data: bytes
    connection: str
    taken: bool

    @property
    def message_id(self) -> str:
        """Return the Message-ID of the mail."""
        found = [line for line in self.data.split(b"\r\n", 40) if line.lower().startswith(b"message-id:")]
        return found[0].partition(b":")[2].strip().decode()


@dataclass
class ScriptedServer:
    """Listens on a port of the loopback while it is used as a context: a free one, or where a socket is bound."""

    answers: Answers = field(default_factory=dict)
    offers: Sequence[str] = OFFERS
    context: ssl.SSLContext | None = None  # needed for STARTTLS, which is then offered
    is_implicit: bool = False  # TLS from the first byte
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    bound: socket.socket | None = None

    def __post_init__(self) -> None:
        self._left = {verb: list(a) for verb, a in self.answers.items() if not isinstance(a, (str, bytes, Fault))}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.errors: list[BaseException] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> ScriptedServer:
        self._listener = self.bound or socket.create_server(("127.0.0.1", 0))
        self._listener.listen()
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        self._listener.close()
        if self.errors:
            raise self.errors[0]

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._start(self._serve, connection, f"{self.port}/{self.connections}")

    def _serve(self, connection: socket.socket, name: str) -> None:
        conversation = _Conversation(self, connection, name)
        try:
            conversation.run()
        except (OSError, _Over):
            pass  # the client has gone, or a fault was asked for
        except BaseException as error:
            self.errors.append(error)
            raise
        finally:
            conversation.file.close()
            conversation.connection.close()

    def _next_answer(self, verb: str) -> Answer:
        """Return what is to be said to a verb now."""
        with self._lock:
            left = self._left.get(verb)
            if left is not None:
                return left.pop(0) if left else self._default(verb)
            answer = self.answers.get(verb)
            return answer if isinstance(answer, (str, bytes, Fault)) else self._default(verb)

    def _default(self, verb: str) -> str:
        if verb != "EHLO":
            return DEFAULTS.get(verb, "502 5.5.2 what?")
        names = ["scripted.example", *self.offers, *(["STARTTLS"] if self.context and not self.is_implicit else [])]
        return "\r\n".join(f"250{' ' if name is names[-1] else '-'}{name}" for name in names)


class _Over(Exception):
    """The conversation has ended."""


class _Conversation:
    def __init__(self, server: ScriptedServer, connection: socket.socket, name: str) -> None:
        self.server = server
        self.name = name
        self.connection = connection
        self.file = connection.makefile("rb")

    def run(self) -> None:
        if self.server.is_implicit:
            self.secure()
        self.say("greeting")
        sender = recipient = ""
        while line := self.file.readline():
            command = line.decode(errors="replace").rstrip("\r\n")
            verb = command.split(" ")[0].upper()
            self.server.commands.append(command)
            if verb == "MAIL":
                sender = command
            elif verb == "RCPT":
                recipient = command
            answer = self.say(verb)
            if verb == "STARTTLS" and answer.startswith("220"):
                self.secure()
            elif verb == "DATA" and answer.startswith("354"):
                self.take_content(sender, recipient)
            elif verb == "AUTH" and answer.startswith("334"):
                self.log_in()
            elif verb == "QUIT":
                return

    def log_in(self) -> None:
        for _ in range(2):
            self.server.commands.append(self.file.readline().decode().rstrip("\r\n"))
            if self.say("AUTH")[:3] != "334":
                return

    def take_content(self, sender: str, recipient: str) -> None:
        lines: list[bytes] = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                raise _Over
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = Received(_path(sender), _path(recipient), b"".join(lines), self.name, taken=False)
        self.server.received.append(mail)
        answer = self.server._next_answer("content")
        mail.taken = isinstance(answer, str) and answer.startswith("250")
        self.give(answer)

    def say(self, verb: str) -> str:
        """Give the answer to a verb and return its text."""
        return self.give(self.server._next_answer(verb))

    def give(self, answer: Answer) -> str:
        if isinstance(answer, Fault):
            self.fail(answer)
            raise _Over
        raw = answer if isinstance(answer, bytes) else answer.encode() + b"\r\n"
        self.connection.sendall(raw)
        if raw.startswith(b"421"):
            raise _Over
        return raw.decode("latin-1").lstrip("\r\n")  # empty lines are skipped

    def fail(self, fault: Fault) -> None:
        if fault is RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        elif fault is TOO_BIG:
            self.connection.sendall(b"354 go on\r\n")
            self.connection.recv(1)
            self.connection.sendall(b"552 5.3.4 Message is too large\r\n")
            self.server._stopping.wait()
        elif fault is TLS_NOT:
            self.connection.sendall(b"220 2.0.0 go ahead\r\n")
            self.connection.recv(1)
            self.connection.sendall(b"this is no TLS record at all\r\n" * 10)
        elif fault in (FREEZE, NEVER_READS):
            self.connection.sendall(b"354 go on\r\n" if fault is NEVER_READS else b"")
            self.server._stopping.wait()
        else:
            self.go_on_for_ever(fault)

    def go_on_for_ever(self, fault: Fault) -> None:
        if fault is DRIP:
            while not self.server._stopping.wait(0.02):
                self.connection.sendall(b"2")
        endless = {ENDLESS_LINES: b"250-and another\r\n" * 50, ENDLESS_LINE: b"250 and on" + b"x" * 1000}
        while fault in endless:
            self.connection.sendall(endless[fault])

    def secure(self) -> None:
        assert self.server.context is not None
        self.file.close()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.server._open.append(self.connection)
        self.file = self.connection.makefile("rb")


def _path(command: str) -> str:
    return command[command.index("<") + 1 : command.index(">")]
