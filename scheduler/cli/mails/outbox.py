"""Commands for mails: outbox list, show, hold, release, retry."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import click

from scheduler.cli.context import Day, Session, format_option, read_number
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import (
    Headings,
    example,
    print_fields,
    print_json,
    print_table,
    say,
    short,
    word_code,
)
from scheduler.errors import NothingMatched, UserError
from scheduler.log import mask_tokens
from scheduler.plan.dates.due_dates import local_day
from scheduler.ports import MessageRow, UnitOfWork
from scheduler.queries.rows import message_row
from scheduler.texts import Text, join

_STATES = ("queued", "inflight", "held", "sent", "skipped", "missed", "cancelled", "failed", "ambiguous")


@group()
def outbox() -> None:
    """Mails on their way, and what became of them."""


@outbox.command("list", epilog=example("hanchot outbox list --party nghe-an --since 2023-03-13"))
@click.option("--plan", "plan_id", help="Only this plan.")
@click.option("--party", help="Only mails to this party.")
@click.option("--since", type=Day(), help="Only mails written on this day or later.")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these states. May be repeated."
)
@format_option
@click.pass_obj
def outbox_list(
    session: Session,
    plan_id: str | None,
    party: str | None,
    since: date | None,
    states: tuple[Any, ...],
    output_format: str,
) -> None:
    """List mails, oldest first."""
    with session.container.store() as store, store.reading() as view:
        zones = session.zones
        rows = [
            message_row(mail, zones(mail.plan))
            for mail in view.outbox.list(plan=plan_id, states=states)
            if party in (None, mail.party) and (since is None or local_day(mail.created_at, zones(mail.plan)) >= since)
        ]
    if not rows:
        session.plans(plan_id, party)  # reports an unknown plan or party, unlike one without mails
    if output_format == "json":
        print_json(rows)
        return
    columns: Headings = {
        "id": "id",
        "created": "written",
        "to": "to",
        "subject": "subject",
        "state": "state",
        "reason": "reason",
    }
    print_table([{**row, "created": short(row["created"])} for row in rows], columns, empty=Text("No mails."))


@outbox.command("show", epilog=example("hanchot outbox show m5"))
@click.argument("id")
@click.option("--raw", is_flag=True, help="The bytes as they are sent.")
@click.pass_obj
def outbox_show(session: Session, id: str, raw: bool) -> None:
    """Show one mail: where it stands and its words.

    A link to sign in is shown without its token.
    """
    with session.container.store() as store, store.reading() as view:
        mail = find_mail(view, id)
        row = message_row(mail, session.zones(mail.plan))
    is_key = mail.kind == "sign-in"  # whoever reads its link may sign in as its recipient: the board hides it as well
    if raw and is_key:
        hint = Text("`hanchot sign-in ADDRESS` prints a link for whoever may use this machine")
        raise UserError(Text("m{id} is not shown as it is sent: it holds a link to sign in", id=mail.id), hint=hint)
    if raw:
        sys.stdout.buffer.write(mail.mail.data)
        return
    text = session.container.read_text(mail.mail.data)
    print_fields(row)
    say()
    say(mask_tokens(text) if is_key else text)


@outbox.command("hold", epilog=example("hanchot outbox hold m5 m6"))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def outbox_hold(session: Session, ids: tuple[str, ...]) -> None:
    """Keep mails back that have not left yet.

    They stay until they are released, or are too old to be sent.
    """
    _change(
        session, ids, lambda unit, mail: unit.outbox.hold(mail.id), Text("held"), Text("only a queued mail can be held")
    )


@outbox.command("release", epilog=example("hanchot outbox release m5"))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def outbox_release(session: Session, ids: tuple[str, ...]) -> None:
    """Let held mails go.

    They leave with the next tick, if they are still of use then.
    """
    _change(
        session,
        ids,
        lambda unit, mail: unit.outbox.release(mail.id),
        Text("released"),
        Text("only a held mail is released"),
    )


@outbox.command("retry", epilog=example("hanchot outbox retry m5"))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def outbox_retry(session: Session, ids: tuple[str, ...]) -> None:
    """Send failed or ambiguous mails once more.

    The very same bytes, with the same Message-ID: where an ambiguous one has arrived after all, most
    mailboxes show the two as one.
    """

    def retry(unit: UnitOfWork, mail: MessageRow) -> bool:
        return unit.outbox.retry(mail.id, now=session.now)

    _change(session, ids, retry, Text("queued again"), Text("only a failed or ambiguous mail is sent again"))


def _change(
    session: Session, ids: Sequence[str], change: Callable[[UnitOfWork, MessageRow], bool], done: Text, rule: Text
) -> None:
    """Change mails and commit; a mail in another state is reported and does not stop the others.

    Raises: NothingMatched for an unknown id, before anything is changed; UserError if a mail could not be changed.
    """
    refused = []
    with session.container.store() as store, store.transaction() as unit:
        mails = [find_mail(unit, id) for id in dict.fromkeys(ids)]
        for mail in mails:
            if change(unit, mail):
                say(f"m{mail.id}: " + done)
            else:
                refused.append(Text("m{id} is {state}", id=mail.id, state=word_code("state", mail.state)))
    if refused:
        raise UserError(join(", ", refused), hint=rule)


def find_mail(view: UnitOfWork, id: str) -> MessageRow:
    """Return the mail with an id (m5) or a Message-ID.

    Raises: NothingMatched if there is none.
    """
    number = read_number(id, "m")
    if number is not None:
        found = view.outbox.get(number)
    else:
        wanted = id if id.startswith("<") else f"<{id}>"
        found = next((mail for mail in view.outbox.list() if mail.mail.message_id == wanted), None)
    if found is None:
        raise NothingMatched(Text("there is no mail {id}", id=id), hint=Text("`hanchot outbox list` names them"))
    return found
