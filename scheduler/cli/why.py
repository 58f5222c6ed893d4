"""The command `why`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from scheduler.cli.context import Session, format_option, read_number
from scheduler.cli.mails.outbox import find_mail
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import example, print_fields, print_json, say
from scheduler.errors import NothingMatched
from scheduler.ports import UnitOfWork
from scheduler.queries.rows import fact_row, message_row
from scheduler.queries.why import explain_rung
from scheduler.texts import Text


@command(epilog=example("hanchot why r17"))
@click.argument("id")
@format_option
@click.pass_obj
def why(session: Session, id: str, output_format: str) -> None:
    """Say why a mail was sent or not.

    ID is a step (r17), a mail (m5) or a Message-ID; of a fact (f12) it shows what was recorded.
    """
    with session.container.store() as store, store.reading() as view:
        rows = _explain(session, view, id)
    if output_format == "json":
        print_json(rows)
        return
    for row in rows:
        print_fields(row)
        say()


def _explain(session: Session, view: UnitOfWork, id: str) -> list[Mapping[str, Any]]:
    if id.startswith("f") and read_number(id, "f") is not None:
        fact = session.find_fact(id)
        return [fact_row(fact, session.zones(fact.plan))]
    number = read_number(id, "r")
    if number is None and read_number(id, "m") is None and "@" not in id:
        raise NothingMatched(
            Text("{id} is no step, no mail and no Message-ID", id=id),
            hint=Text("`hanchot agenda` names steps, such as r17, and `hanchot outbox list` mails, such as m5"),
        )
    if number is None:
        mail = find_mail(view, id)
        carried = [row for rung in mail.rungs if (row := view.rungs.get(rung)) is not None]
        if not carried:
            return [message_row(mail, session.zones(mail.plan))]
    else:
        row = view.rungs.get(number)
        if row is None:
            raise NothingMatched(
                Text("there is no step {id}", id=id), hint=Text("`hanchot agenda` and `status --format json` name them")
            )
        carried = [row]
    return [explain_rung(view, session.plan(row.plan), row, session.now) for row in carried]
