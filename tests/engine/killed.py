"""A daemon to be killed: ticks once with 500 rungs due, and says each step on a line of its own.

Started by test_kill.py as `python -m tests.engine.killed DATABASE MAILDIR INSTANT [WORD]`. Before each step
called WORD it takes a line from its standard input, so that it cannot run ahead of who listens.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from scheduler.mail.maildir import Maildir
from scheduler.plan.letters import Letter
from scheduler.ports import Mail, Outcome
from scheduler.store import open_store
from tests.engine.fakes import Scribe
from tests.engine.house import COMPOSER, ONCE, House, crowd
from tests.plan.builders import at

COUNT = 500


def say(what: str) -> None:
    """Say a step so that who listens hears it at once."""
    if what in sys.argv[4:]:
        sys.stdin.readline()
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


class Loud:
    """A Maildir that says each mail: when it is about to be written, and when it is."""

    def __init__(self, path: Path) -> None:
        self._maildir = Maildir(path)
        self.account = "maildir"

    def send(self, mail: Mail) -> Outcome:
        """Write the mail."""
        say("sending")
        outcome = self._maildir.send(mail)
        say("sent")
        return outcome

    def close(self) -> None:
        """Let go of nothing."""


def composed(letter: Letter) -> None:
    say("composing")


def main(database: str, maildir: str, instant: str) -> None:
    """Tick once."""
    store = open_store(database)
    house = House(
        store,
        crowd(COUNT, ladder=ONCE),
        start=at(3, 1),
        composer=Scribe(COMPOSER, composed),
        mailer=Loud(Path(maildir)),
        name=f"at {instant}",
    )
    house.ticker.load()
    house.tick(datetime.fromisoformat(instant))
    store.close()
    say("done")


if __name__ == "__main__":
    main(*sys.argv[1:4])
