"""The senders of a worker: each delivers one chunk at a time, over a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Protocol

from scheduler.engine.mails.delivery import Delivery
from scheduler.errors import HanchotError
from scheduler.plan.model import Plan
from scheduler.ports import Chunk, Clock
from scheduler.ports.events import Event, Reporter

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0  # seconds between two attempts to record what is known
LAST_ATTEMPTS = 3  # after the process was told to stop


class Sender(Protocol):
    """Delivers the mails of one chunk after another; `Deliverer` is one."""

    def deliver_chunk(self, chunk: Chunk, plans: Mapping[str, Plan]) -> Delivery:
        """Deliver those mails of a chunk that are still reserved for it. It commits."""

    def mend(self) -> None:
        """Record what could not be recorded before. It commits."""


class Senders:
    """The senders of one process. What a sender could not record because the record was away, it records later."""

    def __init__(
        self,
        senders: Sequence[Sender],
        *,
        clock: Clock,
        plans: Callable[[], Mapping[str, Plan]],
        report: Reporter,
        stopping: threading.Event,
    ) -> None:
        self.count = len(senders)
        self._clock = clock
        self._plans = plans
        self._report = report
        self._stopping = stopping
        self._free: SimpleQueue[Sender] = SimpleQueue()
        for sender in senders:
            self._free.put(sender)

    def deliver(self, chunk: Chunk) -> None:
        """Deliver a chunk by the next sender that is free, and return when everything about it is recorded.

        After an error, which is reported, the rest of the chunk is delivered as long as it is reserved.
        """
        sender = self._free.get()
        try:
            while not self._stopping.is_set():
                try:
                    sender.deliver_chunk(chunk, self._plans())
                except HanchotError as error:
                    self._say(error.text)
                    self._mend(sender)
                else:
                    return
        finally:
            self._free.put(sender)

    def _mend(self, sender: Sender) -> None:
        """Record what a sender knows, as soon as the record can be used again.

        A process that was told to stop tries a few times more: what it knows nobody else does.
        """
        delay, left = FIRST_DELAY, LAST_ATTEMPTS
        while left:
            is_stopping = self._stopping.wait(delay)
            left -= is_stopping
            try:
                sender.mend()
            except HanchotError as error:
                self._say(error.text)
                delay = min(2 * delay, LONGEST_DELAY)
            else:
                return

    def _say(self, text: str) -> None:
        self._report(Event(name="trouble", at=self._clock.now(), text=text, step="delivery"))
