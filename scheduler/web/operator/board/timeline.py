"""The year of a plan as a timeline: months, dates, windows, today, and how many steps were sent each week."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

from scheduler.plan.dates.due_dates import ONE_DAY, local_day, near
from scheduler.plan.model import Plan
from scheduler.ports import RungCount
from scheduler.web.operator.board.grid import Row

WIDTH = 1200.0
MARK = 24.0  # minimum width of a mark
SPACE = 6.0  # between two marks in a lane
BARS = 40.0  # height of the highest bar

_Place = Callable[[date], float]
Shape = Literal["deadline", "event", "window"]


class Mark(NamedTuple):
    """One milestone on the timeline."""

    row: Row
    shape: Shape
    x: float
    end: float
    at: float | None  # x of the day it stands for; None for a span drawn to scale
    lane: int


class Month(NamedTuple):
    """One month of the timeline."""

    first: date
    x: float
    width: float


class Bar(NamedTuple):
    """The steps that were sent in one week."""

    first: date
    number: int
    x: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The timeline: all its elements with their positions."""

    months: Sequence[Month]
    marks: Sequence[Mark]
    bars: Sequence[Bar]
    today: float | None
    lanes: int
    undated: Sequence[Row]


def draw_timeline(plan: Plan, rows: Sequence[Row], counts: Iterable[RungCount], today: date) -> Timeline:
    """Return the timeline of a plan's year, longer if its dates need it; dates years away are drawn at its ends."""
    days = [day for row in rows if (span := row.usual.span) for day in span]
    begin, end = near(plan.year)
    first = max(begin, min([date(plan.year, 1, 1), *days])).replace(day=1)
    last = _month_after(min(end, max([date(plan.year, 12, 31), *days])))
    scale = WIDTH / (last - first).days

    def place(day: date) -> float:
        return round((min(max(day, first), last) - first).days * scale, 1)

    marks = list(_marks(rows, place))
    return Timeline(
        months=[Month(m, place(m), round(place(_month_after(m)) - place(m), 1)) for m in _months(first, last)],
        marks=marks,
        bars=list(_bars(plan, counts, place, 7 * scale)),
        today=place(today) + round(scale / 2, 1) if first <= today < last else None,
        lanes=1 + max((mark.lane for mark in marks), default=0),
        undated=[row for row in rows if row.usual.span is None],
    )


def _marks(rows: Sequence[Row], place: _Place) -> Iterator[Mark]:
    ends: list[float] = []  # x from which each lane is free
    dated = [(span, row) for row in rows if (span := row.usual.span)]
    for (first, last), row in sorted(dated, key=lambda pair: (pair[0], pair[1].number)):
        shape: Shape = "window" if row.usual.window else "event" if row.usual.event else "deadline"
        x, end, at = _widen(place(first), place(last + ONE_DAY), shape)
        lane = next((n for n, free in enumerate(ends) if free <= x), len(ends))
        ends[lane:] = [end + SPACE, *ends[lane + 1 :]]
        yield Mark(row, shape, round(x, 1), round(end, 1), at, lane)


def _widen(x: float, end: float, shape: Shape) -> tuple[float, float, float | None]:
    """Return begin and end of a mark that is wide enough for its number, and its day if it is not drawn to scale.

    A deadline ends at its day, others are centred on it.
    """
    if end - x >= MARK:
        return x, end, None
    at = round((x + end) / 2, 1)
    x = at - (MARK if shape == "deadline" else MARK / 2)
    return x, x + MARK, at


def _bars(plan: Plan, counts: Iterable[RungCount], place: _Place, width: float) -> Iterator[Bar]:
    weeks: dict[date, int] = {}
    for at, state, number in counts:
        if state == "sent":
            day = local_day(at, plan.zone)
            monday = day - timedelta(days=day.weekday())
            weeks[monday] = weeks.get(monday, 0) + number
    most = max(weeks.values(), default=1)
    for monday, number in sorted(weeks.items()):
        yield Bar(monday, number, place(monday), round(width - 1, 1), round(max(2.0, BARS * number / most), 1))


def _months(first: date, last: date) -> Iterator[date]:
    while first < last:
        yield first
        first = _month_after(first)


def _month_after(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
