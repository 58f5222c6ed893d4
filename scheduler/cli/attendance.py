"""The command `attendance`."""

from __future__ import annotations

from typing import Any

import click

from scheduler.cli.context import Session, format_option
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import Headings, example, print_json, print_table, say, with_short_instants
from scheduler.errors import NothingMatched
from scheduler.queries.agendas import view_agenda
from scheduler.queries.attendance import list_attendance
from scheduler.texts import Text

COLUMNS: Headings = {
    "milestone": "milestone",
    "first": "day",
    "party": "party",
    "attendance": "answer",
    "people": "people",
    "deputy": "instead",
    "said": "said",
    "note": "note",
}


@command(epilog=example("hanchot attendance bac-trung-bo-2023 tong-ket"))
@click.argument("plan")
@click.argument("milestone", required=False)
@format_option
@click.pass_obj
def attendance(session: Session, plan: str, milestone: str | None, output_format: str) -> None:
    """List who comes to the events of a plan.

    Only events with a day are listed, and those who are invited by mail.
    """
    found = session.plan(plan)
    with session.container.store() as store, store.reading() as view:
        agenda = view_agenda(view, found, session.now)
    known = {m.id for m in found.milestones} | {o.milestone for o in agenda.obligations}
    if milestone is not None and milestone not in known:
        raise NothingMatched.named(Text("milestone of {id}", id=plan), milestone, known)
    rows: list[dict[str, Any]] = list(list_attendance(agenda, milestone))
    if output_format == "json":
        print_json(rows)
        return
    print_table(with_short_instants(rows, "said"), COLUMNS, empty=Text("Nobody is invited to a day."))
    people = sum(row["people"] or 0 for row in rows)
    if people:
        say(Text("People who come, as far as it was said: {people}", people=people))
