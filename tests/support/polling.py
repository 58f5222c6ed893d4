"""Waiting for what other threads and processes do, where no event says when it is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

TIMEOUT = 60.0  # seconds that a loaded machine may take for what should take a few


def wait_until(condition: Callable[[], bool], what: str, seconds: float = TIMEOUT) -> None:
    """Look at a condition again and again until it holds; fail if that takes too long."""
    pause, ends = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"not within {seconds:g} s: {what}"
        pause.wait(0.01)
