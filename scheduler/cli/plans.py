"""Commands about plans: init, check, plans, simulate, agenda."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click

from scheduler.bootstrap import simulate, write_starter
from scheduler.cli.context import Day, Session, format_option
from scheduler.cli.output import example, print_json, print_problem, print_table, short
from scheduler.errors import ExitCode
from scheduler.plan.due_dates import ONE_DAY, to_instant
from scheduler.queries.status import list_agenda, list_plans

_DELIVERY_COLUMNS = {
    "at": "when",
    "milestone": "milestone",
    "party": "party",
    "rung": "step",
    "to": "to",
    "state": "state",
    "reason": "reason",
}


@click.command(epilog=example("hanchot init our-office"))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def init(session: Session, folder: Path) -> None:
    """Write a starter folder: configuration, plan and roster."""
    for path in write_starter(folder, session.today):
        click.echo(path)
    click.echo(f"Next: edit the files, then `cd {folder}` and `hanchot check`.", err=True)


@click.command(epilog=example("hanchot check workflows/bac-trung-bo/2023.toml"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@format_option
@click.pass_obj
def check(session: Session, paths: tuple[Path, ...], style: str) -> None:
    """Validate the configuration and the definitions.

    Every problem is listed with its place and the way out. Without PATHS everything that the configuration
    names is looked at.
    """
    problems = session.app.definitions.check(paths)
    errors = sum(problem.severity == "error" for problem in problems)
    if style == "json":
        print_json(_problem_row(asdict(problem)) for problem in problems)
    else:
        for problem in problems:
            print_problem(problem, err=False)
        click.echo(f"{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}")
    if errors:
        raise SystemExit(ExitCode.WRONG_INPUT)


@click.command(epilog=example("hanchot plans --format json"))
@format_option
@click.pass_obj
def plans(session: Session, style: str) -> None:
    """List the plans and what in them is tentative or undated."""
    with session.app.store() as store, store.reading() as view:
        rows = list(list_plans(view, session.plans(None), session.now))
    if style == "json":
        print_json(rows)
    else:
        columns = {
            "plan": "plan",
            "title": "title",
            "revision": "revision",
            "tentative": "tentative",
            "undated": "undated",
        }
        print_table(rows, columns, empty="There is no sound plan.")
    session.say_what_is_wrong()


@click.command(
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
    session: Session, plan: str, first: date, last: date, scenario: Path | None, diff: Path | None, style: str
) -> None:
    """Play a period in memory: who gets what and when.

    Nothing is sent or stored. PLAN is the id of a plan or a definition file.
    """
    if last < first:
        raise click.UsageError("--to lies before --from")
    app = session.app
    rows = simulate(app, app.find_plan(plan), first=first, last=last, scenario=scenario)
    if diff is not None:
        other = simulate(app, app.find_plan(str(diff)), first=first, last=last, scenario=scenario)
        rows = _compare(rows, other)
    if style == "json":
        print_json(rows)
        return
    columns = {"change": "", **_DELIVERY_COLUMNS} if diff is not None else _DELIVERY_COLUMNS
    shown = [{**row, "rung": row["rung"] or row["kind"]} for row in _with_short(rows, "at")]
    print_table(shown, columns, empty="No difference." if diff else "Nothing happens in this period.")


@click.command(epilog=example("hanchot agenda --plan bac-trung-bo-2023 --to 2023-06-30"))
@click.option("--from", "first", type=Day(), help="The first day; today if left out.")
@click.option("--to", "last", type=Day(), help="The last day; the end of the plan if left out.")
@click.option("--plan", "plan_id", help="Only this plan.")
@click.option("--party", help="Only steps about this party.")
@format_option
@click.pass_obj
def agenda(
    session: Session, first: date | None, last: date | None, plan_id: str | None, party: str | None, style: str
) -> None:
    """List what fires next."""
    if first is not None and last is not None and last < first:
        raise click.UsageError("--to lies before --from")
    now = session.app.clock.now()
    rows: list[dict[str, Any]] = []
    with session.app.store() as store, store.reading() as view:
        for plan in session.plans(plan_id, party):
            start = now if first is None else to_instant(first, time(), plan.zone)
            until = None if last is None else to_instant(last + ONE_DAY, time(), plan.zone)
            rows += list_agenda(view, plan, now, since=start, until=until, party=party)
    rows.sort(key=lambda row: datetime.fromisoformat(row["at"]))
    if style == "json":
        print_json(rows)
    else:
        columns = {
            "id": "id",
            "at": "when",
            "milestone": "milestone",
            "party": "party",
            "rung": "step",
            "note": "because",
        }
        print_table(_with_short(rows, "at"), columns, empty="Nothing will fire in this period.")
    session.say_what_is_wrong()


COMMANDS = (init, check, plans, simulate_command, agenda)


def _problem_row(problem: dict[str, Any]) -> dict[str, Any]:
    return {key: problem[key] for key in ("severity", "file", "line", "key", "code", "message", "hint")}


def _compare(rows: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the deliveries that only one of two simulations has, by instant."""
    mine, theirs = ({_identity(row): row for row in side} for side in (rows, other))
    gone = [{"change": "-", **row} for key, row in mine.items() if key not in theirs]
    new = [{"change": "+", **row} for key, row in theirs.items() if key not in mine]
    return sorted([*gone, *new], key=lambda row: (row["at"], row["change"], str(row["milestone"]), str(row["party"])))


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("at", "sent_at", "kind", "rung", "milestone", "party", "to", "state"))


def _with_short(rows: list[dict[str, Any]], *keys: str) -> list[dict[str, Any]]:
    return [{**row, **{key: short(row[key]) for key in keys}} for row in rows]


def _count(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
