"""Commands for the record as a whole: db upgrade, copy."""

from __future__ import annotations

import click

from scheduler.bootstrap import copy_record_from, upgrade_record
from scheduler.cli.context import Session, format_option
from scheduler.cli.output import example, print_json, print_table


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


@db.command("copy", epilog=example("hanchot db copy sqlite:///var/hanchot.db"))
@click.argument("source_url")
@format_option
@click.pass_obj
def db_copy(session: Session, source_url: str, output_format: str) -> None:
    """Copy a whole record into the empty one that is configured.

    SOURCE_URL is the address of the old database, as it stood under [database] url. It is only read. Stop
    every daemon before: what one of them would record afterwards is not in the copy. It happens wholly
    or not at all.
    """
    copied = copy_record_from(session.container, source_url)
    rows = [{"table": table, "rows": count} for table, count in copied.items()]
    if output_format == "json":
        print_json(rows)
    else:
        print_table(rows, {"table": "table", "rows": "rows"}, empty="")
