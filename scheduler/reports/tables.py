"""What stands in each sheet, as values: titles, headings and rows, made from the rows of the listings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from scheduler.plan.model import Milestone, Occurrence, Plan
from scheduler.queries.rows import Row
from scheduler.texts import Text
from scheduler.wording import channel_name, format_date, format_moment, format_target, status_label
from scheduler.wording.sentences import translate

SheetKind = Literal["board", "missing", "receipts", "targets"]
Box = Literal["done_in_time", "done_late", "open_in_time", "open_overdue"]
Cell = str | int | float | date | datetime | None  # a float is a share of one

TITLES: Mapping[SheetKind, Text] = {
    "board": Text("Board"),
    "missing": Text("Missing"),
    "receipts": Text("Receipts"),
    "targets": Text("Targets"),
}
# The four boxes in which superior offices count tasks (report 1270/BC-TCTTTg, after QĐ 42/2014/QĐ-TTg), in their order.
BOXES: Mapping[Box, Text] = {
    "done_in_time": Text("done in time"),
    "done_late": Text("done late"),
    "open_in_time": Text("not done, in time"),
    "open_overdue": Text("not done, overdue"),
}
_SOURCES: Mapping[str, Text] = {"mailbox": Text("mailbox"), "folder": Text("folder")}  # that recorded it by themselves
_DONE = ("submitted", "resubmitted", "accepted", "accepted_late")
_UNCOUNTED = ("exempt", "called_off", "unknown", "unassigned", "tentative", "undated", "fixed", "held")
_HEADINGS: Mapping[str, Text] = {
    "milestone": Text("milestone"),
    "party": Text("party"),
    "deadline": Text("deadline"),
    "status": Text("status"),
    "still missing": Text("still missing"),
    "came": Text("came on"),
    "number": Text("number"),
    "recorded": Text("recorded at"),
    "documents": Text("documents"),
    "channel": Text("channel"),
    "postmark": Text("postmark"),
    "files": Text("files"),
    "recorded by": Text("recorded by"),
    "target": Text("indicator"),
    "section": Text("section"),
    "to reach": Text("to reach"),
    "result": Text("result"),
    "out of": Text("out of"),
    "reached": Text("reached"),
    "evidence": Text("evidence"),
    "tasks": Text("tasks"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet: its name, the lines above it, the headings with the width of each column in characters, and the rows.

    `totals` says that the last row is a sum.
    """

    name: str
    lines: tuple[str, ...]
    headings: tuple[tuple[str, int], ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: bool = False


@dataclass(frozen=True, slots=True)
class TableMaker:
    """Makes the tables of one plan, as of an instant, in one language."""

    plan: Plan
    at: datetime  # UTC
    language: str

    def board(self, rows: Sequence[Row]) -> list[Table]:
        """Return the board of milestones and parties, and the four boxes for each party and each milestone."""
        owed = [row for row in rows if row["role"] == "owes"]
        return [self._grid(owed), self._count(owed, "party"), self._count(owed, "milestone")]

    def missing(self, rows: Sequence[Row]) -> list[Table]:
        """Return who owes what after its date or has not handed in all of it, in the order of the listing."""
        lacking = [row for row in rows if row["role"] == "owes" and (row["overdue"] or _is_partial(row))]
        headings = self._head(
            ("milestone", 44), ("party", 24), ("deadline", 22), ("status", 24), ("still missing", 44), ("came", 12)
        )
        table = [
            (
                self._title(row["milestone"]),
                self._party(row["party"]),
                translate(row["date"], self.language),
                self._status(row),
                "; ".join(self._document(row["milestone"], id) for id in row["missing"]),
                _day(row["first_received"]),
            )
            for row in lacking
        ]
        return [self._table(TITLES["missing"], headings, table)]

    def receipts(self, rows: Sequence[Row]) -> list[Table]:
        """Return everything that was received, by its number: what arrived when, from whom and by which channel."""
        facts = {fact["id"]: fact for row in rows for fact in row["facts"] if fact["kind"] == "received"}
        headings = self._head(
            ("number", 12), ("recorded", 17), ("party", 24), ("milestone", 44), ("documents", 44), ("channel", 14),
            ("postmark", 12), ("came", 12), ("files", 36), ("recorded by", 28),
        )  # fmt: skip
        table = [
            (
                f"{self.plan.id}/{fact['id'].removeprefix('f')}",
                datetime.fromisoformat(fact["recorded"]).replace(tzinfo=None),
                self._party(fact["party"]),
                self._title(fact["milestone"]),
                "; ".join(self._documents(fact)),
                channel_name(fact["channel"], self.language) if fact.get("channel") else "",
                _day(fact.get("sent_on")),
                _day(fact.get("received_on") or fact["recorded" if fact.get("sent_on") else "happened"]),
                "; ".join(fact.get("files", ())),
                self._recorder(fact),
            )
            for fact in sorted(facts.values(), key=lambda fact: int(fact["id"].removeprefix("f")))
        ]
        return [self._table(TITLES["receipts"], headings, table)]

    def targets(self, rows: Sequence[Row]) -> list[Table]:
        """Return the targets of the plan with their results."""
        headings = self._head(
            ("target", 52),
            ("section", 10),
            ("to reach", 20),
            ("result", 10),
            ("out of", 10),
            ("reached", 12),
            ("evidence", 48),
        )
        reached = {True: Text("yes"), False: Text("no"), None: Text("not counted yet")}
        table = [
            (
                row["title"],
                row["section"],
                format_target(row["target"], self.language),
                row["done"],
                row["total"],
                self._say(reached[row["reached"]]),
                "; ".join(_evidence(row)),
            )
            for row in rows
        ]
        return [self._table(TITLES["targets"], headings, table)]

    def _grid(self, rows: Sequence[Row]) -> Table:
        parties = list(dict.fromkeys(row["party"] for row in rows if row["party"]))
        by_milestone: dict[str, dict[str, Row]] = {}
        for row in rows:
            by_milestone.setdefault(row["milestone"], {})[row["party"] or ""] = row
        headings = self._head(("milestone", 44), ("deadline", 22)) + tuple((self._party(id), 20) for id in parties)
        table = []
        for milestone, cells in by_milestone.items():
            [(day, _)] = Counter(str(row["date"]) for row in cells.values()).most_common(1)
            first = next(row for row in cells.values() if row["date"] == day)
            states = [self._stand(cells[id], day) if id in cells else "" for id in parties]
            note = f" ({self._status(cells[''])})" if "" in cells else ""
            table.append((self._title(milestone) + note, translate(first["date"], self.language), *states))
        return self._table(TITLES["board"], headings, table)

    def _stand(self, row: Row, day: str) -> str:
        """Return the status of one cell of the grid, with the day on which all of it came, and a date of its own."""
        came = row["received"]
        words = [self._status(row)]
        if came:
            on = format_date(date.fromisoformat(came[:10]), self.language)
            words = [translate(Text("{status} (submitted {day})", status=words[0], day=on), self.language)]
        words.append(translate(row["date"], self.language) if row["date"] != day else "")
        return ", ".join(part for part in words if part)

    def _count(self, rows: Sequence[Row], by: Literal["party", "milestone"]) -> Table:
        """Return how many obligations are in each box, for each party or milestone, and all together."""
        counted: dict[str, list[Box]] = {}
        for row in rows:
            box = box_of(row)
            if row["party"] and box is not None:
                counted.setdefault(row[by], []).append(box)
        name: Callable[[str], str] = self._party if by == "party" else self._title
        table = [self._shares(name(id), boxes) for id, boxes in counted.items()]
        table.append(self._shares(self._say(Text("Total")), [box for boxes in counted.values() for box in boxes]))
        headings = self._head((by, 44), ("tasks", 10)) + tuple(
            heading for text in BOXES.values() for heading in ((self._say(text), 14), ("%", 9))
        )
        title = Text("By party") if by == "party" else Text("By milestone")
        return self._table(title, headings, table, totals=True)

    def _shares(self, name: str, boxes: Sequence[Box]) -> tuple[Cell, ...]:
        counts = [boxes.count(box) for box in BOXES]
        shares = [(count, count / len(boxes) if boxes else None) for count in counts]
        return (name, len(boxes), *(value for pair in shares for value in pair))

    def _table(
        self,
        name: Text,
        headings: tuple[tuple[str, int], ...],
        rows: Sequence[tuple[Cell, ...]],
        *,
        totals: bool = False,
    ) -> Table:
        number = f" ({self.plan.number})" if self.plan.number else ""
        when = format_moment(self.at.astimezone(self.plan.zone), self.language)
        lines = (f"{self.plan.title}{number}", self._say(Text("As of {when}", when=when)))
        return Table(name=self._say(name), lines=lines, headings=headings, rows=tuple(rows), totals=totals)

    def _head(self, *columns: tuple[str, int]) -> tuple[tuple[str, int], ...]:
        return tuple((self._say(_HEADINGS[name]), width) for name, width in columns)

    def _say(self, text: str) -> str:
        said = translate(text, self.language)
        return said[:1].upper() + said[1:]

    def _status(self, row: Row) -> str:
        return status_label(row["status"], self.language)

    def _title(self, id: str) -> str:
        milestone, day = self._milestone(id), Occurrence.of(id).day
        return f"{milestone.title} ({format_date(day, self.language)})" if day else milestone.title

    def _milestone(self, id: str) -> Milestone:
        return self.plan.milestone(id)

    def _party(self, id: str | None) -> str:
        return self.plan.parties[id].name if id and id in self.plan.parties else id or ""

    def _recorder(self, fact: Row) -> str:
        is_source = fact["actor"] == "source" and fact["by"] in _SOURCES
        return self._say(_SOURCES[fact["by"]]) if is_source else fact.get("by", "")

    def _documents(self, fact: Row) -> list[str]:
        """Return the titles of what a fact brought; one that names none brought all of it."""
        all_of_it = [each.id for each in self._milestone(fact["milestone"]).deliverables]
        return [self._document(fact["milestone"], id) for id in fact.get("deliverables", all_of_it)]

    def _document(self, milestone: str, id: str) -> str:
        return next((each.title for each in self._milestone(milestone).deliverables if each.id == id), id)


def box_of(row: Row) -> Box | None:
    """Return the box of a row of the listing; None for what counts in none: exempt, in doubt, or an event."""
    if row["status"] in _UNCOUNTED:
        return None
    if row["status"] in _DONE:
        return "done_late" if row["late"] else "done_in_time"
    return "open_overdue" if row["overdue"] else "open_in_time"


def _is_partial(row: Row) -> bool:
    return row["status"] in ("partial", "revision")


def _evidence(row: Row) -> Iterator[str]:
    for fact in row["counted"]:
        yield from filter(None, (fact.get("note", ""), *fact.get("files", ())))


def _day(instant: str | None) -> date | None:
    return date.fromisoformat(instant[:10]) if instant else None
