"""The command `agenda`."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import click

from scheduler.cli.context import Day, Session, format_option
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import Headings, example, print_json, print_table, usage_error, with_short_instants
from scheduler.plan.dates.due_dates import ONE_DAY, to_instant
from scheduler.queries.upcoming import list_agenda
from scheduler.texts import Text


@command(epilog=example("hanchot agenda --plan bac-trung-bo-2023 --to 2023-06-30"))
@click.option("--from", "first", type=Day(), help="The first day; today if left out.")
@click.option("--to", "last", type=Day(), help="The last day; the end of the plan if left out.")
@click.option("--plan", "plan_id", help="Only this plan.")
@click.option("--party", help="Only steps about this party.")
@format_option
@click.pass_obj
def agenda(
    session: Session, first: date | None, last: date | None, plan_id: str | None, party: str | None, output_format: str
) -> None:
    """List what fires next."""
    if first is not None and last is not None and last < first:
        raise usage_error(Text("--to lies before --from"))
    now = session.container.clock.now()
    rows: list[dict[str, Any]] = []
    with session.container.store() as store, store.reading() as view:
        for plan in session.plans(plan_id, party):
            start = now if first is None else to_instant(first, time(), plan.zone)
            until = None if last is None else to_instant(last + ONE_DAY, time(), plan.zone)
            rows += list_agenda(view, plan, now, since=start, until=until, party=party)
    rows.sort(key=lambda row: datetime.fromisoformat(row["at"]))
    if output_format == "json":
        print_json(rows)
    else:
        columns: Headings = {
            "id": "id",
            "at": "when",
            "milestone": "milestone",
            "party": "party",
            "rung": "step",
            "note": "because",
        }
        print_table(with_short_instants(rows, "at"), columns, empty=Text("Nothing will fire in this period."))
    session.raise_problems()
