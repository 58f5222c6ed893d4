"""Commands for addresses of parties' pages: links list, revoke."""

from __future__ import annotations

import click

from scheduler.bootstrap import list_pages, revoke_page
from scheduler.cli.context import Session, format_option
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import example, print_json, print_table, say
from scheduler.texts import Text


@group()
def links() -> None:
    """Private addresses of parties' pages."""


@links.command("list", epilog=example("hanchot links list nghe-an"))
@click.argument("party", required=False)
@format_option
@click.pass_obj
def links_list(session: Session, party: str | None, output_format: str) -> None:
    """Show where the page of a party is, or those of all.

    Whoever has the address sees the page and can answer for the party.
    """
    rows = list_pages(session.container, party)
    if output_format == "json":
        print_json(rows)
        return
    columns = {"party": "party", "name": "name", "url": "address"}
    if any(row["revoked"] for row in rows):
        columns["revoked"] = "revoked"
    print_table(rows, columns, empty=Text("No party has a page."))


@links.command("revoke", epilog=example("hanchot links revoke nghe-an"))
@click.argument("party")
@format_option
@click.pass_obj
def links_revoke(session: Session, party: str, output_format: str) -> None:
    """Make a party's address worthless and show its new one.

    Links in mails already sent lead nowhere from then on; later mails have the new address.
    """
    row = revoke_page(session.container, party)
    if output_format == "json":
        print_json([row])
        return
    say(row["url"])
