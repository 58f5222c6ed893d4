"""Commands for addresses of calendars: feeds list, create, revoke."""

from __future__ import annotations

from typing import Any

import click

from scheduler.bootstrap import make_feed
from scheduler.cli.context import Session, format_option, read_number
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import Headings, example, print_json, print_table, say, short, usage_error
from scheduler.errors import NothingMatched
from scheduler.ports import FeedRow
from scheduler.texts import Text


@group()
def feeds() -> None:
    """Calendars that people subscribe to, by private addresses."""


@feeds.command("list", epilog=example("hanchot feeds list --format json"))
@format_option
@click.pass_obj
def feeds_list(session: Session, output_format: str) -> None:
    """List the addresses, and who last fetched them.

    It shows when, and by which program. The addresses themselves are shown once, when they are made.
    """
    with session.container.store() as store, store.reading() as view:
        rows = [feed_row(feed) for feed in view.feeds.list()]
    if output_format == "json":
        print_json(rows)
        return
    for row in rows:
        row["who"] = row["party"] or Text("public")
        row["plan"] = row["plan"] or Text("all")
        row["what"] = Text("tasks") if row["tasks"] else Text("events")
        row["fetched"] = (
            Text("revoked {when}", when=short(row["revoked"]))
            if row["revoked"]
            else short(row["last_fetched"]) or Text("never")
        )
        row["made"] = short(row["created"])
    columns: Headings = {
        "id": "id",
        "who": "who",
        "plan": "plan",
        "what": "what",
        "made": "made",
        "fetched": "last fetched",
        "client": "by",
    }
    print_table(rows, columns, empty=Text("No calendar has an address; `hanchot feeds create` makes one."))


@feeds.command("create", epilog=example("hanchot feeds create --party tran-phu-ha-tinh"))
@click.option("--party", "party_id", help="Whose calendar; a plan's lead sees everything of it.")
@click.option("--public", is_flag=True, help="A calendar for everybody, without any status. Needs --plan.")
@click.option("--plan", "plan_id", help="Only this plan.")
@click.option("--tasks", is_flag=True, help="Deadlines as tasks, for programs that know them.")
@format_option
@click.pass_obj
def feeds_create(
    session: Session, party_id: str | None, public: bool, plan_id: str | None, tasks: bool, output_format: str
) -> None:
    """Make the address of a calendar and print it.

    Whoever has the address can read the calendar: hand it over as you would a key.
    A lost one is revoked, and another made.
    """
    if public == (party_id is not None):
        raise usage_error(Text("say --party ID or --public"))
    if public and (plan_id is None or tasks):
        raise usage_error(Text("--public goes with --plan and without --tasks"))
    session.plans(plan_id, party_id)
    feed, url = make_feed(session.container, session.loaded, audience=party_id or "", plan=plan_id, tasks=tasks)
    if output_format == "json":
        print_json([{**feed_row(feed), "url": url}])
    else:
        say(url)


@feeds.command("revoke", epilog=example("hanchot feeds revoke c3"))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def feeds_revoke(session: Session, ids: tuple[str, ...]) -> None:
    """Make addresses good for nothing from now on.

    Whoever subscribed is told by their program.
    """
    numbers = {id: read_number(id, "c") or 0 for id in dict.fromkeys(ids)}
    with session.container.store() as store, store.transaction() as unit:
        known = {feed.id for feed in unit.feeds.list() if feed.revoked_at is None}
        for id, number in numbers.items():
            if number not in known:
                raise NothingMatched(
                    Text("there is no address {id} in use", id=id), hint=Text("`hanchot feeds list` names them")
                )
        for number in numbers.values():
            unit.feeds.revoke(number, at=session.now)
            say(Text("c{number}: revoked", number=number))


def feed_row(feed: FeedRow) -> dict[str, Any]:
    """Return the address of a calendar as a plain row, without its token; its instants are UTC."""
    return {
        "id": f"c{feed.id}",
        "party": feed.audience or None,
        "plan": feed.plan,
        "tasks": feed.tasks,
        "created": feed.created_at.isoformat(),
        "revoked": feed.revoked_at.isoformat() if feed.revoked_at else None,
        "last_fetched": feed.last_fetched_at.isoformat() if feed.last_fetched_at else None,
        "client": feed.client or None,
    }
