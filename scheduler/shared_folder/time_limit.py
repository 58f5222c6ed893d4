"""A time limit for a checker: a drive that hangs must not stop the daemon."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime

from scheduler.errors import UserError
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Checker, Finding
from scheduler.texts import Text

LIMIT = 60.0  # seconds; the watchdog of a service waits for two minutes


class TimedChecker:
    """Asks a checker in a thread of its own, and gives up after `seconds`.

    No thread can be ended from outside. One that hangs goes on hanging, and the checker is not asked again until it has
    come back.
    """

    def __init__(self, checker: Checker, seconds: float = LIMIT) -> None:
        self._checker = checker
        self._seconds = seconds
        self._asked: dict[str, threading.Thread] = {}  # by plan, for each may have a drive of its own

    @property
    def source(self) -> str:
        """Return the name of the source."""
        return self._checker.source

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return what the checker finds. Raises `UserError` if it does not answer in time, and what it raises."""
        asked = self._asked.get(plan.id)
        if asked is not None and asked.is_alive():
            raise UserError(
                Text("the source {source} still hangs", source=self.source), hint=Text("does the drive answer?")
            )
        answer: Future[Sequence[Finding]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._checker.check(plan, open_obligations, now))
            except BaseException as error:  # handed on to whoever waits for the answer
                answer.set_exception(error)

        self._asked[plan.id] = thread = threading.Thread(
            target=ask, name=Text("source {source}", source=self.source), daemon=True
        )
        thread.start()
        try:
            return answer.result(self._seconds)
        except TimeoutError as error:
            message = Text(
                "the source {source} gave no answer within {seconds:g} seconds",
                source=self.source,
                seconds=self._seconds,
            )
            raise UserError(message, hint=Text("does the drive answer?")) from error
