"""Notifications to systemd: ready, watchdog, stopping (see sd_notify(3))."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping

EXTENSION = 90_000_000  # microseconds by which each heartbeat extends systemd's start timeout


class Notifier:
    """Sends notifications to the service manager over the socket in NOTIFY_SOCKET; does nothing without one.

    Errors are ignored: the daemon also works without its service manager.
    """

    def __init__(self, address: str = "") -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._lock = threading.Lock()
        self._is_ready = False

    @classmethod
    def found_in(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """Return the notifier for the service manager that started this process, if there is one."""
        return cls(environment.get("NOTIFY_SOCKET", ""))

    def ready(self) -> None:
        """Notify that the start is complete; only the first call has an effect."""
        with self._lock:
            is_first, self._is_ready = not self._is_ready, True
        if is_first:
            self._send("READY=1")

    def beat(self) -> None:
        """Notify that the daemon works: feed the watchdog or, during the start, extend the start timeout."""
        self._send("WATCHDOG=1" if self._is_ready else f"EXTEND_TIMEOUT_USEC={EXTENSION}")

    def stopping(self) -> None:
        """Notify that the shutdown has begun."""
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
