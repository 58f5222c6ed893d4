"""A mail server that takes everything, each reply after a pause, and keeps what it took."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class SlowServer:
    """What came in, in order: the bytes of each mail whose end was read, whether or not its sender heard the answer."""

    latency: float  # seconds before each reply
    port: int = 0
    received: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SMTP with one client until it goes."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._reply(writer, b"220 slow.example\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    await self._reply(writer, b"354 go on\r\n")
                    self.received.append(await reader.readuntil(b"\r\n.\r\n"))
                    await self._reply(writer, b"250 taken\r\n")
                elif verb == b"EHLO":
                    await self._reply(writer, b"250-slow.example\r\n250 8BITMIME\r\n")
                elif verb == b"QUIT":
                    break
                else:
                    await self._reply(writer, b"250 ok\r\n")
        writer.close()

    async def _reply(self, writer: asyncio.StreamWriter, words: bytes) -> None:
        await asyncio.sleep(self.latency)
        writer.write(words)
        await writer.drain()


@contextmanager
def run_slow_server(latency: float) -> Iterator[SlowServer]:
    """Run a server in a thread for a block."""
    server, ready = SlowServer(latency), threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def listen() -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listener.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        listener.close()
        clients = asyncio.all_tasks() - {asyncio.current_task()}
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(listen()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
