"""A plan as a table of milestones and parties, the parties paginated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.plan.agenda import Agenda
from scheduler.plan.answers.attendance import AttendanceState, count_attendance
from scheduler.plan.facts import Extended
from scheduler.plan.model import Milestone, Occurrence, Party, plan_order
from scheduler.plan.obligations import Obligation, Unassigned
from scheduler.plan.status import Cell
from scheduler.web.pagination import Page, paginate

MISSING = ("overdue", "overdue_partial", "due_today", "partial", "revision", "unknown")
WIDE = 8  # parties; more of them are shown one below the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One milestone or occurrence: the parties that owe it and how each stands."""

    id: str
    number: int
    milestone: Milestone
    occurrence: str  # its day, if the milestone is recurring
    cells: Mapping[str, Cell]
    usual: Obligation | Unassigned  # one with the date that applies to most parties; Unassigned if nobody owes it
    done: int
    accepted: int
    total: int  # without parties that were released
    attendance: Mapping[AttendanceState, int]  # of an event with a day: how many parties have said what

    @property
    def is_unassigned(self) -> bool:
        """Return whether nobody owes it yet."""
        return isinstance(self.usual, Unassigned) and self.usual.is_open

    @property
    def state(self) -> str:
        """Return how it stands as a whole: good, bad or wait; "" if none of them applies."""
        codes = {cell.code for cell in self.cells.values()}
        if "unknown" in codes or any(cell.overdue for cell in self.cells.values()):
            return "bad"
        if self.total and self.done == self.total:
            return "good"
        return (
            "wait"
            if self.is_unassigned or codes & {"due_today", "due_soon", "partial", "revision", "tentative"}
            else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The table of one plan: all rows, one page of the parties."""

    rows: Sequence[Row]
    parties: Page[Party]
    only_missing: bool
    owing: int  # parties that owe anything
    lacking: int  # parties with something missing

    @property
    def is_wide(self) -> bool:
        """Return whether there are too many parties to show them side by side."""
        return self.parties.total > WIDE


def draw_grid(agenda: Agenda, cells: Iterable[Cell], page: int, *, only_missing: bool = False) -> Grid:
    """Return the table of a plan with a page of the parties that owe anything, or of those with something missing.

    `cells` are those of the agenda.
    """
    rows, plan = draw_rows(agenda, cells), agenda.plan
    owing = {party for row in rows for party in row.cells}
    lacking = {party for row in rows for party, cell in row.cells.items() if cell.code in MISSING}
    parties = [party for party in plan.parties.values() if party.id in (lacking if only_missing else owing)]
    return Grid(
        rows=rows,
        parties=paginate(parties, page),
        only_missing=only_missing,
        owing=len(owing),
        lacking=len(lacking),
    )


def draw_rows(agenda: Agenda, cells: Iterable[Cell]) -> list[Row]:
    """Return the rows of a plan in its order: of what parties owe, and of what nobody owes yet."""
    plan = agenda.plan
    found: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        found.setdefault(cell.obligation.milestone, {})[cell.obligation.party] = cell
    dates: dict[str, Obligation | Unassigned] = {one.milestone: one for one in agenda.unassigned}
    dates |= {id: usual(cell.obligation for cell in row.values()) for id, row in found.items()}
    ids = sorted(dates, key=plan_order(plan))
    return [_row(agenda, number, id, found.get(id, {}), dates[id]) for number, id in enumerate(ids, 1)]


def _row(agenda: Agenda, number: int, id: str, cells: Mapping[str, Cell], dated: Obligation | Unassigned) -> Row:
    day = Occurrence.of(id).day
    return Row(
        id=id,
        number=number,
        milestone=agenda.plan.milestone(id),
        occurrence=day.isoformat() if day else "",
        cells=cells,
        usual=dated,
        done=sum(cell.is_done for cell in cells.values()),
        accepted=sum(cell.obligation.standing.state == "accepted" for cell in cells.values()),
        total=sum(cell.code not in ("exempt", "called_off") for cell in cells.values()),
        attendance=count_attendance(agenda.plan, agenda.by_milestone.get(id, ())),
    )


def usual(obligations: Iterable[Obligation]) -> Obligation:
    """Return an obligation with the date that applies to most: one without an extension, if there is one."""
    found = list(obligations)
    return next((o for o in found if not isinstance(o.decided_by, Extended)), found[0])
