"""The command `simulate`, and the comparison of `--diff`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from scheduler.bootstrap import simulate
from scheduler.cli.context import Day, Session, format_option
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import (
    Headings,
    example,
    print_json,
    print_table,
    usage_error,
    with_short_instants,
    word_code,
)
from scheduler.texts import Text

_DELIVERY_COLUMNS: Headings = {
    "at": "when",
    "milestone": "milestone",
    "party": "party",
    "rung": "step",
    "to": "to",
    "state": "state",
    "reason": "reason",
}


@command(
    "simulate", epilog=example("hanchot simulate bac-trung-bo-2023 --from 2023-02-20 --to 2023-12-31 --format json")
)
@click.argument("plan")
@click.option("--from", "first", type=Day(), required=True, help="The first day; the plan counts as loaded then.")
@click.option("--to", "last", type=Day(), required=True, help="The last day.")
@click.option("--scenario", type=click.Path(path_type=Path), help="What happens meanwhile (TOML).")
@click.option("--diff", type=click.Path(path_type=Path), help="Compare with another definition file.")
@format_option
@click.pass_obj
def simulate_command(
    session: Session, plan: str, first: date, last: date, scenario: Path | None, diff: Path | None, output_format: str
) -> None:
    """Play a period in memory: who gets what and when.

    Nothing is sent or stored. PLAN is the id of a plan or a definition file; a file needs no configuration.
    """
    if last < first:
        raise usage_error(Text("--to lies before --from"))
    if plan.endswith(".toml"):
        session.use_shipped_by_default()
    container = session.container
    rows = simulate(container, container.find_plan(plan), first=first, last=last, scenario=scenario)
    if diff is not None:
        other = simulate(container, container.find_plan(str(diff)), first=first, last=last, scenario=scenario)
        rows = _compare(rows, other)
    if output_format == "json":
        print_json(rows)
        return
    columns: Headings = {"change": "", **_DELIVERY_COLUMNS} if diff is not None else _DELIVERY_COLUMNS
    shown = [{**row, "rung": row["rung"] or word_code("kind", row["kind"])} for row in with_short_instants(rows, "at")]
    print_table(shown, columns, empty=Text("No difference.") if diff else Text("Nothing happens in this period."))


def _compare(rows: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the deliveries that only one of two simulations has, in order of time."""
    mine, theirs = ({_identity(row): row for row in side} for side in (rows, other))
    gone = [{"change": "-", **row} for key, row in mine.items() if key not in theirs]
    new = [{"change": "+", **row} for key, row in theirs.items() if key not in mine]
    return sorted([*gone, *new], key=lambda row: (row["at"], row["change"], str(row["milestone"]), str(row["party"])))


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("at", "sent_at", "kind", "rung", "milestone", "party", "to", "state"))
