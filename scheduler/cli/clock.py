"""The command `clock accept`."""

from __future__ import annotations

import click

from scheduler.bootstrap import accept_clock
from scheduler.cli.context import Session
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import example, say
from scheduler.texts import Text
from scheduler.wording.sentences import word_instant


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
    zone = next((definition.plan.zone for definition in session.loaded.definitions), None)
    now = accept_clock(session.container).astimezone(zone)  # without a plan, in the zone of this machine
    say(
        Text(
            "This machine's clock is taken as right: {moment}, in the time zone {zone}.",
            moment=word_instant(now),
            zone=f"UTC{now:%z}",
        )
    )
