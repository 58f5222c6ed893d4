"""The command `incident`: which mails were in flight when something failed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import click

from scheduler.bootstrap import find_alive
from scheduler.cli.context import Day, Session, format_option
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import Headings, example, print_json, print_table, short
from scheduler.queries.incidents import list_incidents
from scheduler.texts import Text

LATELY = timedelta(days=1)


@command(epilog=example("hanchot incident --since 2023-03-13"))
@click.option("--since", type=Day(), help="What was noticed on this day or later; the last 24 hours if left out.")
@format_option
@click.pass_obj
def incident(session: Session, since: date | None, output_format: str) -> None:
    """List the mails in flight at an outage: what became of each.

    In flight is a mail whose attempt was begun and whose outcome was not recorded in time: its process was
    killed or frozen, or the connection was lost. One more copy of it may have arrived, with the same bytes.
    """
    now = session.now
    begin = now - LATELY if since is None else datetime.combine(since, time(), now.astimezone().tzinfo)
    with session.container.store() as store:
        alive = {process.name for process in find_alive(store)}
        with store.reading() as view:
            rows = list(list_incidents(view, begin, alive, session.zones))
    if output_format == "json":
        print_json(rows)
        return
    columns: Headings = {
        "id": "id",
        "begun": "begun",
        "holder": "process",
        "to": "to",
        "copies": "outcome",
        "answer": "answer",
    }
    print_table(
        [{**row, "begun": short(row["begun"])} for row in rows],
        columns,
        empty=Text("No mail was in flight at an interruption."),
    )
