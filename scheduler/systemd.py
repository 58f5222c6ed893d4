"""What the daemon tells systemd: that it is ready, that it lives, that it ends."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping

EXTENSION = 90_000_000  # microseconds by which a heartbeat puts off the end of systemd's patience with a long start


class Notifier:
    """Speaks to the service manager over the socket in NOTIFY_SOCKET; silent where there is none.

    A manager that cannot be reached is no reason to stop.
    """

    def __init__(self, address: str = "") -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._lock = threading.Lock()
        self._is_ready = False

    @classmethod
    def found_in(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """Return the notifier for the manager that started this process, if one did."""
        return cls(environment.get("NOTIFY_SOCKET", ""))

    def ready(self) -> None:
        """Say once that the start is over."""
        with self._lock:
            is_first, self._is_ready = not self._is_ready, True
        if is_first:
            self._send("READY=1")

    def beat(self) -> None:
        """Say that work goes on; a start that takes long is given more time."""
        self._send("WATCHDOG=1" if self._is_ready else f"EXTEND_TIMEOUT_USEC={EXTENSION}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(1)
                channel.connect(self._address)
                channel.sendall(message.encode())
        except OSError:
            return
