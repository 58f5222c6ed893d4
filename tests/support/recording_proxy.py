"""A relay between a program and a server that writes down what each of them says."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Exchange:
    """What was asked, with which condition, and the status of the answer."""

    method: str
    path: str
    tag: str  # that the program says it has
    status: int


@dataclass
class RecordingProxy:
    """The relay's address, and what has passed."""

    address: str = ""
    passed: list[Exchange] = field(default_factory=list)


@contextmanager
def recording_proxy(target: str) -> Iterator[RecordingProxy]:
    """Relay to the server at an address for the time of a block."""
    wire, place = RecordingProxy(), urlsplit(target)

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)) as connection:
                connection.request(self.command, self.path, body or None, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
            tag = self.headers.get("If-None-Match", "")
            wire.passed.append(Exchange(self.command, self.path, tag, answer.status))
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.relay
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        wire.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown()
            thread.join()
