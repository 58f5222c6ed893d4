"""The status of every obligation at an instant, and the milestones that wait for others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, assert_never
from zoneinfo import ZoneInfo

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, local_day, to_instant
from scheduler.plan.membership import calls_off
from scheduler.plan.model import Channel, Milestone, Party
from scheduler.plan.obligations import EventDate, NoDate, Obligation, WindowDate
from scheduler.plan.standing import find_missing_channels

StatusCode = Literal[
    "not_open",
    "pending",
    "due_soon",
    "due_today",
    "overdue",
    "partial",
    "overdue_partial",
    "declared",
    "in_review",
    "submitted",
    "resubmitted",
    "revision",
    "accepted",
    "accepted_late",
    "exempt",
    "called_off",
    "unknown",
    "tentative",
    "undated",
    "fixed",
    "held",
    "unassigned",
]

_SOON = timedelta(days=7)


class Cell(NamedTuple):
    """One obligation on the board with its status.

    `late` says whether the last complete submission was late. `missing_channels` are those by which a copy
    is still missing. `overdue` says whether something is owed after the last day in time, whatever was
    submitted before. `paused_until` is the last day of a pause of its reminders.
    """

    obligation: Obligation
    code: StatusCode
    late: bool
    missing_channels: tuple[Channel, ...]
    overdue: bool = False
    paused_until: date | None = None

    @property
    def is_done(self) -> bool:
        """Return whether a complete submission has come, accepted or not, or the event is over."""
        return self.code in ("accepted", "accepted_late", "submitted", "resubmitted", "held")

    @property
    def lacks_copy(self) -> bool:
        """Return whether only a copy by another channel is missing; it is submitted all the same.

        An accepted submission lacks none: it was accepted without the copy.
        """
        return bool(self.missing_channels) and self.obligation.standing.state != "accepted"


def draw_board(agenda: Agenda, now: datetime) -> list[Cell]:
    """Return every obligation with its status at `now`, in the order of the agenda.

    What a party has left open at its end is omitted: its successor's obligation takes its place.
    """
    shown = [o for o in agenda.obligations if o.is_duty or o.until is None or now < o.until]
    milestones = {id: agenda.plan.milestone(id) for id in {o.milestone for o in shown}}
    return [_cell(agenda, o, milestones[o.milestone], now) for o in shown]


def read_cell(agenda: Agenda, o: Obligation, now: datetime) -> Cell:
    """Return the status of one obligation at `now`."""
    return _cell(agenda, o, agenda.plan.milestone(o.milestone), now)


def _cell(agenda: Agenda, o: Obligation, milestone: Milestone, now: datetime) -> Cell:
    late = bool(o.due and o.standing.complete_at and o.due.is_late(o.standing.complete_at))
    is_submitted = o.standing.state in ("submitted", "resubmitted", "accepted")
    pause = agenda.pause_at(o, now) if o.facts else None
    return Cell(
        o,
        _code(agenda, o, milestone, now, late=late),
        late,
        find_missing_channels(milestone, o.standing.channels) if is_submitted else (),
        milestone.kind == "deadline" and o.is_overdue(now),
        pause.fact.until if pause is not None else None,
    )


def part_came_on(cell: Cell, zone: ZoneInfo) -> date | None:
    """Return the local day on which a part came of what is overdue; None if nothing came or nothing is overdue."""
    part = cell.obligation.standing.part_by
    return local_day(part.happened_at, zone) if part is not None and cell.overdue else None


def is_complete(agenda: Agenda, milestone: str, now: datetime | None = None) -> bool:
    """Return whether nothing is open in a milestone and in those that it needs; False if nobody owes it.

    An event that is over by `now` is not open.
    """
    own = [o for o in agenda.of_milestone(milestone) if o.is_duty]
    done = [not o.standing.is_open or (now is not None and is_held(agenda, o, now)) for o in own]
    needed = agenda.plan.milestone(milestone).needs
    return bool(own) and all(done) and all(is_complete(agenda, m, now) for m in needed)


def still_needed(agenda: Agenda, milestone: Milestone, now: datetime) -> list[tuple[Milestone, tuple[Party, ...]]]:
    """Return the milestones that this one needs and that are not done, with the parties that owe them at `now`."""
    found = []
    for id in milestone.needs:
        owing = tuple(agenda.plan.parties[o.party] for o in _owing(agenda, id, now))
        if owing:
            found.append((agenda.plan.milestone(id), owing))
    return found


def _owing(agenda: Agenda, milestone: str, now: datetime) -> Iterator[Obligation]:
    for o in agenda.of_milestone(milestone):
        if not o.attends and o.is_current(now) and o.standing.is_open and not is_held(agenda, o, now):
            yield o


def is_held(agenda: Agenda, o: Obligation, now: datetime) -> bool:
    """Return whether a fixed event is over: its last day, local to the plan, has ended."""
    return o.event is not None and now >= to_instant(o.event.last + ONE_DAY, time(), agenda.plan.zone)


def _code(agenda: Agenda, o: Obligation, milestone: Milestone, now: datetime, *, late: bool) -> StatusCode:
    closed: dict[str, StatusCode] = {
        "waived": "called_off" if calls_off(agenda.plan, milestone, o.standing.closed_by) else "exempt",
        "accepted": "accepted_late" if late else "accepted",
        "submitted": "submitted",
        "resubmitted": "resubmitted",
    }
    if o.standing.state in closed:
        return closed[o.standing.state]
    if o.standing.waiting:
        return o.standing.waiting
    return "unknown" if o.unknown else _code_by_date(agenda, o, milestone, now)


def _code_by_date(agenda: Agenda, o: Obligation, milestone: Milestone, now: datetime) -> StatusCode:
    match o.when:
        case EventDate():
            return "held" if is_held(agenda, o, now) else "fixed"
        case WindowDate():
            return "tentative"
        case NoDate():
            return "undated"
        case DueDate() as due:
            return "tentative" if milestone.kind == "event" else _open_code(agenda, o, due, now)
        case _:
            assert_never(o.when)


def _open_code(agenda: Agenda, o: Obligation, due: DueDate, now: datetime) -> StatusCode:
    today = local_day(now, agenda.plan.zone)
    if now < o.since and o.standing.state == "open":
        return "not_open"
    if o.standing.state == "returned":  # even if it is late by now: something was submitted
        return "revision"
    is_partial = o.standing.state == "partial"
    if due.is_late(now):
        return "overdue_partial" if is_partial else "overdue"
    if is_partial:
        return "partial"
    if today == due.named:
        return "due_today"
    return "due_soon" if due.target - today <= _SOON else "pending"
