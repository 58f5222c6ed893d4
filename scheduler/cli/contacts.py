"""Commands for the addresses of parties: contacts list, restore, pause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from scheduler.cli.context import Day, Session, format_option
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import Headings, example, print_json, print_table, say
from scheduler.errors import NothingMatched
from scheduler.plan.commands import PauseAddress, RestoreAddress
from scheduler.plan.facts import Actor
from scheduler.plan.model import Plan
from scheduler.queries.contacts import list_contacts
from scheduler.queries.rows import Row
from scheduler.texts import Text, pattern


@group()
def contacts() -> None:
    """Addresses of parties: which of them get mail."""


@contacts.command("list", epilog=example("hanchot contacts list --plan bac-trung-bo-2023"))
@click.option("--plan", help="Of this plan only.")
@click.option("--bounced", "only_bounced", is_flag=True, help="Only those that accept no mail.")
@format_option
@click.pass_obj
def contacts_list(session: Session, plan: str | None, only_bounced: bool, output_format: str) -> None:
    """List the contacts, and why an address gets no mail."""
    with session.container.store() as store, store.reading() as view:
        rows = [row for each in session.plans(plan) for row in list_contacts(view, each, session.now)]
    rows = [row for row in rows if row["state"] == "bounced" or not only_bounced]
    if output_format == "json":
        print_json(rows)
    else:
        columns: Headings = {
            "plan": "plan",
            "party": "party",
            "address": "address",
            "phone": "phone",
            "role": "role",
            "state": "state",
            "until": "until",
            "reply": "why",
        }
        print_table(
            rows, columns, empty=Text("Every address works.") if only_bounced else Text("There are no contacts.")
        )
    session.raise_problems()


@contacts.command("restore", epilog=example("hanchot contacts restore vanthu@tct.example"))
@click.argument("address")
@click.option("--by", default="", help="Who says so.")
@format_option
@click.pass_obj
def contacts_restore(session: Session, address: str, by: str, output_format: str) -> None:
    """Let mail go to an address again that had bounced or was paused.

    One that bounced also comes to life by itself: when a mail to it goes through, or when the roster names it anew.
    """
    known = [(plan, row) for plan, row in _list_all(session) if row["state"] != "ok"]
    if address not in (silent := {row["address"] for _, row in known}):
        raise NothingMatched.named(Text("address that bounced or is paused"), address, silent)
    rows = []
    for plan, row in known:
        if row["address"] == address:
            restore = RestoreAddress(at=session.now, by=Actor(name=by), party=row["party"], address=address)
            rows.append(_record(session, plan, restore))
    _print(rows, pattern("{fact}: {address} of {party} gets mail again"), output_format)


@contacts.command("pause", epilog=example("hanchot contacts pause vanthu@tct.example --until 2026-03-31"))
@click.argument("address")
@click.option("--until", required=True, type=Day(), help="The last day without mail to it.")
@click.option("--reason", default="", help="Why; the record keeps it.")
@click.option("--by", default="", help="Who says so.")
@format_option
@click.pass_obj
def contacts_pause(session: Session, address: str, until: date, reason: str, by: str, output_format: str) -> None:
    """Write to another contact of the party, up to a day.

    Somebody is on leave, or has had enough. What waits for the address is written to the other one, too. `contacts
    restore` ends it earlier. It is refused if the party has nobody else.
    """
    known = _list_all(session)
    own = [(plan, row) for plan, row in known if row["address"] == address]
    if not own:
        raise NothingMatched.named(Text("address of a contact"), address, {row["address"] for _, row in known})
    about: dict[str, Any] = {"at": session.now, "by": Actor(name=by), "address": address}
    pauses = [(plan, PauseAddress(**about, party=row["party"], until=until, reason=reason)) for plan, row in own]
    for plan, pause in pauses:  # all of them, or none
        session.rehearse(plan, [pause])
    rows = [_record(session, plan, pause) for plan, pause in pauses]
    _print(rows, pattern("{fact}: {address} of {party} gets no mail up to {until}"), output_format, until=until)


def _list_all(session: Session) -> list[tuple[Plan, Row]]:
    """Return the contacts of all plans."""
    with session.container.store() as store, store.reading() as view:
        return [(each, row) for each in session.plans(None) for row in list_contacts(view, each, session.now)]


def _record(session: Session, plan: Plan, command: RestoreAddress | PauseAddress) -> Row:
    fact = session.execute(plan, [command]).fact
    return {"fact": f"f{fact.id}", "plan": plan.id, "party": command.party, "address": command.address}


def _print(rows: Sequence[Row], what: str, output_format: str, *, until: date | None = None) -> None:
    if output_format == "json":
        print_json(rows)
        return
    for row in rows:
        say(Text(what, fact=row["fact"], address=row["address"], party=row["party"], until=until))
