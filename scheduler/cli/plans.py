"""The command `plans`."""

from __future__ import annotations

import click

from scheduler.cli.context import Session, format_option
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import Headings, example, print_json, print_table
from scheduler.queries.plans import list_plans
from scheduler.texts import Text


@command(epilog=example("hanchot plans --format json"))
@format_option
@click.pass_obj
def plans(session: Session, output_format: str) -> None:
    """List the plans and what in them is still open."""
    with session.container.store() as store, store.reading() as view:
        rows = list(list_plans(view, session.plans(None), session.now))
    if output_format == "json":
        print_json(rows)
    else:
        columns: Headings = {
            "plan": "plan",
            "title": "title",
            "revision": "revision",
            "tentative": "tentative",
            "undated": "undated",
            "provisional": "days off provisional",
        }
        print_table(rows, columns, empty=Text("There is no sound plan."))
    session.raise_problems()
