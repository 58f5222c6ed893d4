"""Connections and their limits: an idle timeout, a maximum number, a maximum size of the request head, one host."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from scheduler.web.middleware.security_headers import HEADERS

IDLE_TIMEOUT = 30.0  # seconds for the head of a request, then between two chunks in either direction
HEAD_SIZE = 64 * 1024  # bytes, not counting the chunk in which the request begins
MAX_CONNECTIONS = 400  # fewer where the process may open few files


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The idle timeout of a connection in seconds, and the maximum number of connections."""

    idle_timeout: float = IDLE_TIMEOUT
    max_connections: int = MAX_CONNECTIONS

    @classmethod
    def for_this_process(cls) -> ConnectionLimits:
        """Return limits that leave most of the process's file descriptors to other uses and new connections."""
        return cls(max_connections=min(MAX_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 3))


class LimitedConnection(HttpToolsProtocol):
    """One connection. If there are too many, the one that has been idle for longest is closed."""

    limits = ConnectionLimits()

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.active_at = 0.0
        self._head = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the idle timer, and evict the longest idle connection if there are too many."""
        super().connection_made(transport)
        self._note_activity()
        self._start_timer(self.limits.idle_timeout)
        if len(self.connections) > self.limits.max_connections:
            others = [
                connection
                for connection in self.connections
                if isinstance(connection, LimitedConnection) and not connection.is_served
            ]
            min(others, key=lambda connection: connection.active_at).evict()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the idle timer."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received data; answer 400 if the head of the request is too long."""
        self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_SIZE and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """Restart the idle timeout at the start of a request."""
        self._note_activity()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Refuse a request with several Host headers, of which a proxy may believe another one (RFC 9112, 3.2)."""
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise ValueError("more than one Host header")  # becomes an error of the parser, which is answered by 400
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request, which never reaches the application, with the headers of its responses.

        Only Strict-Transport-Security is missing: what came by https is not known before the request is understood.
        """
        headers = {
            **{name.decode(): value.decode() for name, value in self.server_state.default_headers},
            **HEADERS,
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(msg)),
            "Connection": "close",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\n{msg}".encode("ascii"))
        self.transport.close()

    def on_body(self, body: bytes) -> None:
        """Restart the idle timeout at each chunk of a request body."""
        self._note_activity()
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Restart the idle timeout to wait for another request."""
        self._note_activity()
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Restart the idle timeout when the client has read more of the response."""
        self._note_activity()
        super().resume_writing()

    @property
    def is_served(self) -> bool:
        """Return whether the client waits for the server, not the server for the client."""
        cycle = self.cycle
        return cycle is not None and not (cycle.more_body or cycle.response_complete or self.flow.write_paused)

    def _note_activity(self) -> None:
        self.active_at, self._head = self.loop.time(), 0

    def _start_timer(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._check_idle)

    def _check_idle(self) -> None:
        idle = self.loop.time() - self.active_at
        if self.is_served:
            self._start_timer(self.limits.idle_timeout)
        elif idle < self.limits.idle_timeout:
            self._start_timer(self.limits.idle_timeout - idle)
        else:
            self.evict()

    def evict(self) -> None:
        """Close the connection at once, without a response."""
        self.connections.discard(self)
        self.transport.abort()
