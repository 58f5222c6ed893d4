"""The command `db upgrade`."""

from __future__ import annotations

import click

from scheduler.bootstrap import upgrade_record
from scheduler.cli.context import Session
from scheduler.cli.output import example


@click.group()
def db() -> None:
    """Tend the record."""


@db.command("upgrade", epilog=example("hanchot db upgrade"))
@click.pass_obj
def db_upgrade(session: Session) -> None:
    """Bring the record to this program's version.

    Stop every daemon and make a copy before. It happens wholly or not at all.
    """
    done = upgrade_record(session.container)
    click.echo("The record has this program's version now." if done else "The record has this program's version.")
