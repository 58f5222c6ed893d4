"""The web server, which runs beside the daemon in a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import formatdate
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from scheduler.bootstrap import RunningDaemon
from scheduler.config import Server
from scheduler.errors import UserError
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.web.app import make_app
from scheduler.web.server.connection_limits import ConnectionLimits, LimitedConnection

SHUTDOWN_TIMEOUT = 5  # seconds that requests in progress get at shutdown
BACKLOG = 64  # connections waiting to be accepted; asyncio accepts up to as many at once
REPORT_INTERVAL = 600  # seconds between two reports that no connection can be accepted


@contextmanager
def serve(running: RunningDaemon, limits: ConnectionLimits | None = None) -> Iterator[str]:
    """Serve the site for the duration of a `with` block and yield its base URL.

    If the server ends by itself, the log says so and the daemon goes on.
    Raises: UserError if the configured host and port cannot be bound.
    """
    settings = running.settings.server
    with closing(_bind(settings)) as listening:
        address = settings.url(listening.getsockname()[1])
        connection = type("Connection", (LimitedConnection,), {"limits": limits or ConnectionLimits.for_this_process()})
        server = _SleepingServer(
            uvicorn.Config(
                make_app(running, address),
                http=connection,
                loop="asyncio",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,  # paths contain tokens
                server_header=False,
                backlog=BACKLOG,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies,
                timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
            ),
            AcceptErrorReporter(running.log_problem),
        )
        thread = threading.Thread(target=_run, args=(server, listening, running), name="web")
        thread.start()
        try:
            yield address
        finally:
            server.end()
            thread.join()


class _SleepingServer(uvicorn.Server):
    """uvicorn's server without its polling, which wakes ten times a second to check for shutdown."""

    def __init__(self, config: uvicorn.Config, accept_errors: AcceptErrorReporter) -> None:
        super().__init__(config)
        self._accept_errors = accept_errors
        self.server_state = _DatedState()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait until `end` is called."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._accept_errors.handle)
        if not self.should_exit:
            await self._ended.wait()

    def end(self) -> None:
        """Stop the server; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has just closed by itself
                self._loop.call_soon_threadsafe(self._ended.set)


class AcceptErrorReporter:
    """Reports that no connection can be accepted, at most once in `REPORT_INTERVAL`.

    asyncio reports it every second for as long as it lasts.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._reported_at = float("-inf")

    def handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle an exception reported by the event loop; any other kind goes to the default handler."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in (
            errno.EMFILE,
            errno.ENFILE,
            errno.ENOBUFS,
            errno.ENOMEM,
        ):
            loop.default_exception_handler(context)
        elif loop.time() - self._reported_at >= REPORT_INTERVAL:
            self._reported_at = loop.time()
            self._report(
                Text(
                    "the pages cannot be reached for now: {strerror}; `LimitNOFILE` of the service may help",
                    strerror=word_system(error),
                )
            )


class _DatedState(ServerState):
    """State shared by connections, with a Date header at most one second old (RFC 9110, section 6.6.1)."""

    def __init__(self) -> None:
        self._date: list[tuple[bytes, bytes]] = []
        self._dated_at = float("-inf")
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the Date header, computed on demand and at most once a second."""
        now = time.monotonic()
        if now - self._dated_at >= 1:
            self._date, self._dated_at = [(b"date", formatdate(usegmt=True).encode())], now
        return self._date

    @default_headers.setter
    def default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Ignore the value: Date is the only default header of this server."""


def _run(server: uvicorn.Server, listening: socket.socket, running: RunningDaemon) -> None:
    try:
        server.run(sockets=[listening])
    except Exception as error:  # on any error, reminders must go on without the pages
        running.log_problem(Text("the web server failed: {kind}: {error}", kind=type(error).__name__, error=error))
    else:
        if not server.should_exit:
            running.log_problem(Text("the web server ended by itself; start the daemon anew to have its pages back"))


def _bind(settings: Server) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        raise UserError(
            Text(
                "cannot listen at {host} port {port}: {why}",
                host=settings.host,
                port=settings.port,
                why=word_system(error),
            ),
            hint=Text(
                "is another hanchot there? Set host and port in [server], or HANCHOT_SERVER__PORT; 0 is any free port"
            ),
        ) from error
    # asyncio sets it only for sockets with an explicit protocol; without it a body waits 40 ms for the headers' ACK
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
