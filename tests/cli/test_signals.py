"""Signals end the daemon, wherever they find it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from scheduler.cli.run import stop_on_signals
from tests.support.polling import TIMEOUT


class Watched(threading.Event):
    """An event that knows which thread has set it."""

    setter: threading.Thread | None = None

    def set(self) -> None:
        """Set it."""
        self.setter = threading.current_thread()
        super().set()


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Give the test program its handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_whatever_lock_the_interrupted_thread_holds(number: signal.Signals) -> None:
    """The main thread waits for the event and holds its lock now and then: there it must not be set."""
    stopping = Watched()
    stop_on_signals(stopping)
    os.kill(os.getpid(), number)
    assert stopping.wait(TIMEOUT)
    assert stopping.setter is not threading.main_thread()
