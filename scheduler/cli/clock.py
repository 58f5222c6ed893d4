"""The command `clock accept`."""

from __future__ import annotations

import click

from scheduler.bootstrap import accept_clock
from scheduler.cli.context import Session
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import example, say
from scheduler.texts import Text


@group()
def clock() -> None:
    """Tend the clock that everything goes by."""


@clock.command("accept", epilog=example("hanchot clock accept"))
@click.pass_obj
def clock_accept(session: Session) -> None:
    """Take the clock of this machine as right.

    For a clock that jumped ahead, which nothing else confirms: until then no step is settled and no
    mail is begun. Run it on the machine of the daemon, and only if the time that it prints is right.
    """
    now = accept_clock(session.container)
    say(
        Text(
            "This machine's clock is taken as right: {moment}.",
            moment=now.astimezone().isoformat(sep=" ", timespec="seconds"),
        )
    )
