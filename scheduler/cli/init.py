"""The command `init`."""

from __future__ import annotations

from pathlib import Path

import click

from scheduler.bootstrap import write_starter
from scheduler.cli.context import Session
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import example, localise, say
from scheduler.texts import Text


@command(epilog=example("hanchot init our-office"))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def init(session: Session, folder: Path) -> None:
    """Write a starter folder: configuration, plan and roster."""
    for path in write_starter(folder, session.today, lambda words: localise(Text(words))):
        say(str(path))
    say(Text("Next: edit the files, then `cd {folder}` and `hanchot check`.", folder=folder), err=True)
