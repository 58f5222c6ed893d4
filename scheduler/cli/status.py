"""The command `status`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any, NoReturn

import click

from scheduler.cli.context import Moment, Session, format_option, in_zone
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import Headings, example, print_json, print_table, say, short, word_code
from scheduler.errors import NothingMatched
from scheduler.plan.answers.reading_gap import ReadingGap
from scheduler.plan.dates.due_dates import ONE_DAY, to_instant
from scheduler.plan.model import Plan
from scheduler.ports import FailedSource
from scheduler.queries.inbox import read_failed_sources, read_mailbox_gap
from scheduler.queries.plans import ABSENT_HINT, find_absent
from scheduler.queries.rows import iso
from scheduler.queries.status import list_board
from scheduler.services.commands import MOMENT
from scheduler.texts import Text, Worded, join
from scheduler.wording import format_span, status_label

_REST = timedelta(days=2)
_COLUMNS: Headings = {
    "milestone": "milestone",
    "party": "party",
    "status": "status",
    "date": "date",
    "received": "received",
    "missing": "still missing",
    "next_step": "next step",
    "seen": "last check",
}


@command(epilog=example("hanchot status --plan bac-trung-bo-2023 --milestone dang-ky --as-of 2023-03-21"))
@click.option("--plan", "plan_id", help="Only this plan.")
@click.option("--milestone", help="Only this milestone.")
@click.option("--party", help="Only this party.")
@click.option("--as-of", type=Moment(), help="As it stood then: a day (its end) or a local time.")
@format_option
@click.pass_obj
def status(
    session: Session,
    plan_id: str | None,
    milestone: str | None,
    party: str | None,
    as_of: date | datetime | None,
    output_format: str,
) -> None:
    """Show how everything stands: milestones and parties."""
    now = session.now
    rows: list[dict[str, Any]] = []
    with session.container.store() as store, store.reading() as view:
        reading = session.container.mailbox_reading
        gap = read_mailbox_gap(view, reading, now)
        failed: list[tuple[Plan, FailedSource]] = []
        last_tick = view.journal.last_tick()
        for plan in session.plans(plan_id, party, milestone):
            failed += [(plan, one) for one in read_failed_sources(view, plan.id, reading)]
            then = instant_of(as_of, plan) if as_of is not None else None
            rows += list_board(view, plan, now, as_of=then, milestone=milestone, party=party)
    if not rows:
        _refuse_nothing(session)
    if output_format == "json":
        print_json(rows)
    else:
        shown = [_shorten(row) for row in rows if row["role"] == "owes" or party is not None]
        print_table(shown, _COLUMNS, empty=Text("Nothing is owed; --format json also lists who attends."))
        _advise_start(shown)
    if as_of is None:
        _tell_unread(gap, failed, now)
        _tell_rest(last_tick, session.local_zone, now)
    session.raise_problems()


def _refuse_nothing(session: Session) -> NoReturn:
    """Say why nothing is shown: a definition is invalid, there is no plan, or no option matches."""
    session.raise_problems()
    if not session.loaded.definitions:
        with session.container.store() as store, store.reading() as view:
            absent = find_absent(view.plans.states(), ())
        if absent:
            names = ", ".join(sorted(state.plan for state in absent))
            raise NothingMatched(Text("no definition was found of {plans}", plans=names), hint=ABSENT_HINT)
        raise NothingMatched(Text("there is no plan"), hint=Text("`hanchot init DIR` writes one to begin with"))
    raise NothingMatched(Text("nothing matches"), hint=Text("`hanchot status` without options shows everything"))


def _shorten(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as the table shows it."""
    step, status = row["next"], Worded(partial(_spell_status, row["status"]))
    marks = [Text("(late)")] if row["late"] and "late" not in row["status"] else []
    marks += [Text("(overdue)")] if row["overdue"] and not row["status"].startswith("overdue") else []
    return {
        **row,
        "next_step": join(", ", [word_code("rung", step["rung"]), short(step["at"])]) if step else "",
        "received": short(row["received"]),
        "missing": [*row["missing"], *_missing_copies(row)],
        "seen": join(": ", [short(row["checked"]), row["seen"]]) if row["seen"] and _is_open(row) else "",
        "status": join(" ", [status, *marks]),
    }


def _spell_status(status: str, language: str) -> str:
    return status.replace("_", " ") if language == "en" else status_label(status, language)


def _advise_start(rows: Iterable[Mapping[str, Any]]) -> None:
    """Name the command that settles doubts, for each plan that has any."""
    for plan in sorted({row["plan"] for row in rows if row["status"] == "unknown"}):
        why = Text("past already when the plan was first loaded, or the party came into it")
        say(Text("Unknown: {why}. `hanchot start {plan}` settles it.", why=why, plan=plan), err=True)


def _tell_unread(gap: ReadingGap | None, failed: Iterable[tuple[Plan, FailedSource]], now: datetime) -> None:
    """Say what could not be looked at, so that what is shown as missing may have come."""
    if gap is not None:
        span = Worded(partial(format_span, now - gap.since)) if gap.since else ""
        since = Text("for {span}", span=span) if span else Text("so far")
        say(
            Text(
                "The mailbox was not read {since}; what is missing may have come. `hanchot doctor` tries it.",
                since=since,
            ),
            err=True,
        )
    for plan, one in failed:
        since = Text("since {when}", when=short(iso(one.since, plan.zone))) if one.since else Text("so far")
        say(
            Text(
                "Not looked at {since}: the source {source} of {id}: {words}",
                since=since,
                source=one.source,
                id=plan.id,
                words=one.words,
            ),
            err=True,
        )


def _tell_rest(last_tick: datetime | None, zone: tzinfo | None, now: datetime) -> None:
    """Say that what is shown is today's, if the daemon last worked long ago, or plays the past."""
    if last_tick is not None and now - last_tick > _REST:
        when = last_tick.astimezone(zone)
        say(
            Text(
                "Shown as of now, but the daemon last worked at {when}; --as-of {day} shows how it stood then.",
                when=short(when.isoformat()),
                day=when.date().isoformat(),
            ),
            err=True,
        )


def _missing_copies(row: Mapping[str, Any]) -> list[Text]:
    """Return the copies not received; an accepted submission needs none."""
    if row["status"] in ("accepted", "accepted_late"):
        return []
    return [Text("copy by {channel}", channel=word_code("channel", channel)) for channel in row["missing_channels"]]


def _is_open(row: Mapping[str, Any]) -> bool:
    """Return whether a status check can still find something."""
    return row["status"] in ("pending", "due_soon", "due_today", "overdue", "partial", "overdue_partial", "revision")


def instant_of(as_of: date | datetime, plan: Plan) -> datetime:
    """Return the instant that `--as-of` means (UTC): a local time, or the end of a day."""
    if isinstance(as_of, datetime):
        return in_zone(as_of, plan)
    return to_instant(as_of + ONE_DAY, time(), plan.zone) - MOMENT
