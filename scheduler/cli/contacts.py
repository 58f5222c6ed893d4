"""Commands for the addresses of parties: contacts list, restore."""

from __future__ import annotations

import click

from scheduler.cli.context import Session, format_option
from scheduler.cli.output import example, print_json, print_table
from scheduler.errors import NothingMatched
from scheduler.plan.commands import RestoreAddress
from scheduler.plan.facts import Actor
from scheduler.queries.contacts import list_contacts


@click.group()
def contacts() -> None:
    """Addresses of parties: which work, and which bounced."""


@contacts.command("list", epilog=example("hanchot contacts list --plan bac-trung-bo-2023"))
@click.option("--plan", help="Of this plan only.")
@click.option("--bounced", "only_bounced", is_flag=True, help="Only those that accept no mail.")
@format_option
@click.pass_obj
def contacts_list(session: Session, plan: str | None, only_bounced: bool, output_format: str) -> None:
    """List the contacts, and since when and why an address gets no mail."""
    with session.container.store() as store, store.reading() as view:
        rows = [row for each in session.plans(plan) for row in list_contacts(view, each)]
    rows = [row for row in rows if row["state"] == "bounced" or not only_bounced]
    if output_format == "json":
        print_json(rows)
    else:
        columns = {
            "plan": "plan",
            "party": "party",
            "address": "address",
            "role": "role",
            "state": "state",
            "reply": "why",
        }
        print_table(rows, columns, empty="Every address works." if only_bounced else "There are no contacts.")
    session.raise_problems()


@contacts.command("restore", epilog=example("hanchot contacts restore vanthu@tct.example"))
@click.argument("address")
@click.option("--by", default="", help="Who says so.")
@format_option
@click.pass_obj
def contacts_restore(session: Session, address: str, by: str, output_format: str) -> None:
    """Let mail go to an address again that had bounced.

    It also comes to life by itself: when a mail to it goes through, or when the roster names it anew.
    """
    with session.container.store() as store, store.reading() as view:
        known = [(each, row) for each in session.plans(None) for row in list_contacts(view, each)]
    bounced = {row["address"] for _, row in known if row["state"] == "bounced"}
    if address not in bounced:
        raise NothingMatched.named("address that bounced", address, bounced)
    rows = []
    for plan, row in known:
        if (row["address"], row["state"]) == (address, "bounced"):
            restore = RestoreAddress(at=session.now, by=Actor(name=by), party=row["party"], address=address)
            recorded = session.execute(plan, [restore])
            rows.append({"fact": f"f{recorded.fact.id}", "plan": plan.id, "party": row["party"], "address": address})
    if output_format == "json":
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['fact']}: {address} of {row['party']} gets mail again")
