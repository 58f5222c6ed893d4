"""A daemon that ticks once with 500 rungs due and says each step, so that it can be killed after any of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from scheduler.mail.maildir import Maildir
from scheduler.ports import Mail, Outcome
from scheduler.store import open_store
from tests.support.daemon_fixture import COMPOSER, ONCE, DaemonFixture, large_plan
from tests.support.fakes import SpyComposer
from tests.support.plan_builders import at

COUNT = 500


class AnnouncingMaildir:
    """A Maildir that says each mail: when it is about to be written, and when it is."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._maildir = Maildir(path)
        self._say = say
        self.account = "maildir"

    def send(self, mail: Mail) -> Outcome:
        """Write the mail."""
        self._say("sending")
        outcome = self._maildir.send(mail)
        self._say("sent")
        return outcome

    def close(self) -> None:
        """Let go of nothing."""


def tick_announcing(url: str, maildir: Path, instant: datetime, word: str, listener: Connection) -> None:
    """Tick once; each step called `fingerprint` waits for a message, so that it cannot run ahead of who listens."""

    def say(what: str) -> None:
        if what == word:
            listener.recv()
        listener.send(what)

    with closing(open_store(url)) as store:
        daemon = DaemonFixture(
            store,
            large_plan(COUNT, ladder=ONCE),
            start=at(3, 1),
            composer=SpyComposer(COMPOSER, lambda message: say("composing")),
            mailer=AnnouncingMaildir(maildir, say),
            name=f"at {instant}",
        )
        daemon.ticker.load()
        daemon.tick(instant)
