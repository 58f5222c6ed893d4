"""The command `export`: sheets for Excel."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import get_args

import click

from scheduler.bootstrap import pick
from scheduler.cli.context import Moment, Session
from scheduler.cli.status import instant_of
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import example, say, usage_error
from scheduler.errors import UserError
from scheduler.reports.sheets import make_workbook
from scheduler.reports.tables import SheetKind
from scheduler.system_errors import word_system
from scheduler.texts import Text


@command(epilog=example("hanchot export board -o bang-theo-doi.xlsx --plan bac-trung-bo-2023"))
@click.argument("sheet", type=click.Choice(get_args(SheetKind)))
@click.option("-o", "--output", "file", required=True, type=click.Path(path_type=Path), help="The new file, .xlsx.")
@click.option("--plan", "plan_id", help="Which plan; may be left out if there is only one.")
@click.option("--milestone", help="Only this milestone.")
@click.option("--party", help="Only this party.")
@click.option("--as-of", type=Moment(), help="As it stood then: a day (its end) or a local time.")
@click.pass_obj
def export(
    session: Session,
    sheet: SheetKind,
    file: Path,
    plan_id: str | None,
    milestone: str | None,
    party: str | None,
    as_of: date | datetime | None,
) -> None:
    """Write a sheet for Excel.

    `board` has milestones and parties, and how many tasks are done in time, done late, open and overdue; `missing`
    lists who has not handed in everything, `receipts` what came when and how, `targets` the results. Its
    words are in the language of the plan.
    """
    if sheet == "targets" and (milestone or party or as_of):
        raise usage_error(Text("targets are those of the whole plan and of now: leave these options out"))
    plans = session.plans(plan_id, party, milestone)
    if len(plans) != 1:
        hint = Text("name one of: {names}", names=", ".join(plan.id for plan in plans))
        raise UserError(Text("there are {number} plans, and a sheet is about one", number=len(plans)), hint=hint)
    [plan] = plans
    pick(session.loaded, plan.id)
    with session.container.store() as store, store.reading() as view:
        then = instant_of(as_of, plan) if as_of is not None else None
        data = make_workbook(
            view, plan, sheet, session.now, language=plan.language, as_of=then, milestone=milestone, party=party
        )
    _write(file, data)
    say(str(file))


def _write(file: Path, data: bytes) -> None:
    try:
        with file.open("xb") as stream:
            try:
                stream.write(data)
                stream.flush()
            except OSError:
                file.unlink()  # half of it
                raise
    except FileExistsError as error:
        raise UserError(
            Text("{file} exists; nothing was written", file=file), hint=Text("name another file")
        ) from error
    except OSError as error:
        raise UserError(
            Text("{file} cannot be written: {words}", file=file, words=word_system(error)),
            hint=Text("name another file"),
        ) from error
