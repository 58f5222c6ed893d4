"""Sheets for Excel: what stands in them, and that nothing in them is more than a text or a number."""

from __future__ import annotations

import csv
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scheduler.plan.dates.date_forms import By
from scheduler.plan.facts import MAILBOX
from scheduler.plan.model import Deliverable, Indicator, Measure
from scheduler.queries.status import list_board
from scheduler.reports.sheets import make_workbook
from scheduler.reports.tables import BOXES, Table, TableMaker, box_of
from scheduler.reports.workbook import write_workbook
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import DaemonFixture, plan, report
from tests.support.plan_builders import HANOI, at, deadline

DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
NAMES = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture
def store() -> Iterator[SqlStore]:
    with closing(open_store("sqlite://")) as found:
        yield found


@pytest.fixture
def live(store: SqlStore) -> DaemonFixture:
    """Return a plan on 20 March: lead in time and accepted, beta late, gamma in part; another date lies ahead."""
    daemon = DaemonFixture(
        store,
        plan(report(deliverables=DOCUMENTS), deadline(By(date(2023, 11, 20)), id="later", title="Later")),
    )
    daemon.live(at(3, 4, 12))
    daemon.record("received", "lead", happened_at=at(3, 4, 9), channel="paper")
    daemon.record("accepted", "lead")
    daemon.record("received", "gamma", deliverables=("plan",), by="=HYPERLINK(1)")
    daemon.live(at(3, 20, 9))
    daemon.record("received", "beta", happened_at=at(3, 20, 8), channel="email")
    daemon.live(at(3, 20, 12))
    return daemon


def tables(daemon: DaemonFixture, kind: str, language: str = "en", **asked: Any) -> list[Table]:
    with daemon.store.reading() as view:
        rows = list(list_board(view, daemon.plan, daemon.clock.instant, **asked))
    made: list[Table] = getattr(TableMaker(daemon.plan, daemon.clock.instant, language), kind)(rows)
    return made


def test_every_task_is_in_one_of_four_boxes(live: DaemonFixture) -> None:
    """Done in time, done late, open in time, open overdue; their sum is the number of tasks, in each row."""
    _, by_party, by_milestone = tables(live, "board")
    assert [heading for heading, _ in by_party.headings[2::2]] == [
        str(text)[:1].upper() + str(text)[1:] for text in BOXES.values()
    ]
    rows = {row[0]: row[1:] for row in by_party.rows}
    lead, beta, gamma = (live.plan.parties[id].name for id in ("lead", "beta", "gamma"))
    assert rows[lead] == (2, 1, 0.5, 0, 0.0, 1, 0.5, 0, 0.0)
    assert rows[beta][3] == rows[gamma][7] == 1
    assert rows["Total"] == (6, 1, 1 / 6, 1, 1 / 6, 3, 0.5, 1, 1 / 6)
    assert by_milestone.rows[-1][1:] == rows["Total"]
    for row in (*by_party.rows, *by_milestone.rows):
        assert row[1] == sum(row[2::2])  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["exempt", "unknown", "fixed", "held", "tentative", "undated", "unassigned"])
def test_what_is_exempt_in_doubt_or_an_event_is_in_none(status: str) -> None:
    assert box_of({"status": status, "late": False, "overdue": False}) is None


def test_the_grid_has_a_row_for_each_milestone_and_a_column_for_each_party(live: DaemonFixture) -> None:
    grid = tables(live, "board")[0]
    assert [heading for heading, _ in grid.headings[2:]] == [
        live.plan.parties[id].name for id in ("lead", "beta", "gamma")
    ]
    assert [row[0] for row in grid.rows] == ["Report", "Later"]
    assert grid.rows[0][2] == "Accepted (submitted 4 March 2023)"
    assert grid.rows[0][4] == "Overdue, submitted in part"


def test_a_party_with_a_date_of_its_own_has_it_in_its_cell(live: DaemonFixture) -> None:
    """The row has the date of the others, whoever comes first."""
    before = tables(live, "board")[0].rows[1]
    live.record("extended", "lead", "later", form=By(date(2023, 12, 1)))
    after = tables(live, "board")[0].rows[1]
    assert (after[:2], after[3:]) == (before[:2], before[3:])
    assert after[2] == f"{before[2]}, by 2023-12-01"


def test_who_is_missing_what_is_listed_and_nobody_else(live: DaemonFixture) -> None:
    [missing] = tables(live, "missing")
    [row] = missing.rows
    assert (row[1], row[3], row[4]) == (live.plan.parties["gamma"].name, "Overdue, submitted in part", "the list")


def test_receipts_are_numbered_as_the_parties_know_them(live: DaemonFixture) -> None:
    [receipts] = tables(live, "receipts")
    assert [row[0] for row in receipts.rows] == [f"plan/{fact.id}" for fact in live.facts() if fact.kind == "received"]
    assert [row[2] for row in receipts.rows] == [live.plan.parties[id].name for id in ("lead", "gamma", "beta")]
    assert receipts.rows[0][7] == date(2023, 3, 4)


def test_targets_have_their_results(store: SqlStore) -> None:
    measured = Indicator(id="all", title="All report", target="100%", measure=Measure(milestone="report"))
    daemon = DaemonFixture(store, plan(report(), indicators=[measured]))
    daemon.live(at(3, 4, 12))
    daemon.record("received", "lead")
    with store.reading() as view:
        data = make_workbook(view, daemon.plan, "targets", daemon.clock.instant, language="en")
    texts = [text for _, text in strings(data)]
    assert "All report" in texts
    assert "No" in texts


def test_a_sheet_is_in_the_language_of_the_plan(live: DaemonFixture) -> None:
    names = [table.name for table in tables(live, "board", "vi")]
    assert names == ["Bảng theo dõi", "Theo đơn vị", "Theo nội dung"]
    assert tables(live, "board", "vi")[1].lines[1] == "Số liệu đến 12 giờ 00 ngày 20/3/2023"


# ---- the file


HOSTILE = [
    '=HYPERLINK("http://x","y")',
    "+1+2",
    "-1",
    "@SUM(A1)",
    "\tx",
    "http://x.example",
    "12",
    "&<>\"'",
    "\x01",
    "x" * 40_000,
]


def strings(data: bytes) -> list[tuple[str, str]]:
    """Return the type and the text of every cell that holds a text."""
    with zipfile.ZipFile(BytesIO(data)) as book:
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        texts = ["".join(part.text or "" for part in item.iter(f"{{{NAMES['x']}}}t")) for item in shared]
        found = []
        for name in sorted(book.namelist()):
            if name.startswith("xl/worksheets/sheet"):
                for cell in ElementTree.fromstring(book.read(name)).iter(f"{{{NAMES['x']}}}c"):
                    assert cell.find("x:f", NAMES) is None  # a formula
                    value = cell.find("x:v", NAMES)
                    if value is not None and cell.get("t") == "s":
                        found.append(("s", texts[int(value.text or "")]))
        return found


def a_table(*cells: Any) -> Table:
    return Table(name="Sheet", lines=("Title", "As of"), headings=(("A", 10),), rows=tuple((cell,) for cell in cells))


def test_no_text_becomes_a_formula_a_link_or_a_number() -> None:
    data = write_workbook([a_table(*HOSTILE)], at(3, 20))
    cells = [text for _, text in strings(data)][3:]
    assert cells[:-2] == HOSTILE[:-2]
    assert len(cells[-1]) == 32_767  # what Excel takes
    with zipfile.ZipFile(BytesIO(data)) as book:
        assert not any(b"hyperlink" in book.read(name) for name in book.namelist() if "sheet1" in name)


def test_the_same_rows_give_the_same_bytes() -> None:
    one, two = (write_workbook([a_table("x", 1, 0.5, date(2023, 3, 1), None)], at(3, 20)) for _ in range(2))
    assert one == two


def test_libreoffice_reads_what_was_written(tmp_path: Path) -> None:
    """Numbers, days and shares are values, texts are texts."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("libreoffice is not installed (make servers)")
    rows = [
        "=1+1",
        "Trường Chính trị",
        7,
        0.25,
        date(2023, 3, 1),
        at(3, 1, 8, 5).astimezone(HANOI).replace(tzinfo=None),
    ]
    (tmp_path / "sheet.xlsx").write_bytes(write_workbook([a_table(*rows)], at(3, 20)))
    command = [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to"]
    command += ["csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "sheet.xlsx")], check=True, timeout=180, capture_output=True)
    read = list(csv.reader((tmp_path / "sheet.csv").read_text(encoding="utf-8").splitlines()))
    assert [row[0] for row in read if row and row[0]] == [
        "Title", "As of", "A", "=1+1", "Trường Chính trị", "7", "25.0%", "01/03/2023", "01/03/2023 08:05",
    ]  # fmt: skip


def test_the_register_names_what_came_when_it_came_and_by_what_it_was_noted(live: DaemonFixture) -> None:
    """A postmark is no day of receipt, and who sends everything sends each document."""
    live.record("received", "gamma", channel="email", by=MAILBOX)
    posted = live.record("received", "lead", channel="paper", sent_on=date(2023, 2, 27), happened_at=at(2, 27)).fact
    [receipts] = tables(live, "receipts")
    by_number = {row[0]: row for row in receipts.rows}
    mailed = next(row for row in receipts.rows if row[9] == "Mailbox")
    assert mailed[4] == "; ".join(each.title for each in live.plan.milestone("report").deliverables)
    assert by_number[f"plan/{posted.id}"][6:8] == (
        date(2023, 2, 27),
        live.clock.instant.astimezone(live.plan.zone).date(),
    )
