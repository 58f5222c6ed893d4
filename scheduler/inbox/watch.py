"""A thread that watches the mailbox: it stores what is new, and wakes the daemon."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from scheduler.errors import HanchotError
from scheduler.inbox.mailbox import FoldersMissing, Mailbox
from scheduler.ports import LONGEST_IDLE
from scheduler.texts import Text

_PAUSES = (60.0, 300.0, 900.0, 3600.0)  # seconds after one failure, two, ...; refused logins must not lock the account
_FIRST = 20.0  # seconds for which whoever starts the watch waits until the mailbox has been looked into once
_JOIN = 15.0  # seconds until the thread is given up at the end; it is a daemon thread


class MailboxWatch:
    """Watches a mailbox until the end of a block; `found` is called when mails were stored, `log` with what goes wrong.

    Both are called in the thread of the watch. A failure is told once, and so is its end; the pause after failures
    grows to an hour.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        poll: timedelta,
        idle: bool,
        found: Callable[[], None],
        log: Callable[[str], None],
        pauses: tuple[float, ...] = _PAUSES,
    ) -> None:
        self._mailbox = mailbox
        self._poll = min(poll, LONGEST_IDLE) if idle else poll
        self._idle = idle
        self._found = found
        self._log = log
        self._pauses = pauses
        self._failures = 0
        self._told = ""
        self._stopping = threading.Event()
        self._looked = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch until the end of the block, which begins once the mailbox was looked into, or is slow to answer.

        What came while nobody watched is then known before anything is sent.
        """
        thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        thread.start()
        self._looked.wait(_FIRST)
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(_JOIN)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except HanchotError as error:
                self._fail(error.text)
            except Exception as error:  # a bug must not end the watch in silence
                self._fail(Text("{name__}: {error}", name__=type(error).__name__, error=error))
        self._mailbox.close()

    def _look(self) -> None:
        """Store what is new, and wait until there may be more."""
        try:
            found = self._mailbox.sync() > 0
        except FoldersMissing as error:  # a wrong name keeps nobody from the other folders
            self._tell(error.text)
            found = True
        else:
            if self._told:
                self._log(Text("the mailbox can be read again"))
            self._told = ""
        finally:
            self._looked.set()
        self._failures = 0
        if found:
            self._found()
        seconds = self._poll.total_seconds()
        if self._idle and self._mailbox.can_wait:
            self._mailbox.wait(seconds, self._stopping.is_set)
        else:
            self._stopping.wait(seconds)

    def _fail(self, words: str) -> None:
        pause = self._pauses[min(self._failures, len(self._pauses) - 1)]
        self._failures += 1
        self._tell(words)
        self._stopping.wait(pause)

    def _tell(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._log(Text("the mailbox cannot be read: {words}", words=words))
