"""Writes tables as a workbook for Excel, with XlsxWriter; names and notes in it are never formulas or links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

from scheduler.reports.tables import Cell, Table

_A4 = 9
_LONGEST = 32_767  # characters that Excel takes in a cell
_LETTERS = {"font_name": "Times New Roman", "font_size": 12, "valign": "top"}
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_workbook(tables: Sequence[Table], made_at: datetime) -> bytes:
    """Return a workbook with a sheet for each table, each printed on A4 across, as many pages long as it needs."""
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, _OPTIONS)
    book.set_properties({"title": tables[0].lines[0], "created": made_at.replace(tzinfo=None)})
    formats = _Formats(book)
    for table in tables:
        _write_sheet(book.add_worksheet(table.name), table, formats)
    book.close()
    return stream.getvalue()


class _Formats:
    """How the cells of a workbook look."""

    def __init__(self, book: Any) -> None:
        grid = {**_LETTERS, "border": 1}
        self.title = book.add_format({**_LETTERS, "bold": True, "font_size": 14})
        self.line = book.add_format({**_LETTERS, "italic": True})
        self.head = book.add_format({**grid, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#EDE9DF"})
        self.kinds = {
            is_total: {
                kind: book.add_format({**grid, "bold": is_total, **look})
                for kind, look in (
                    (str, {"text_wrap": True}),
                    (int, {}),
                    (float, {"num_format": "0.0%"}),
                    (date, {"num_format": "dd/mm/yyyy", "align": "left"}),
                    (datetime, {"num_format": "dd/mm/yyyy hh:mm", "align": "left"}),
                )
            }
            for is_total in (False, True)
        }


def _write_sheet(sheet: Any, table: Table, formats: _Formats) -> None:
    top = len(table.lines) + 1
    for number, line in enumerate(table.lines):
        sheet.write_string(number, 0, line, formats.line if number else formats.title)
    for column, (heading, width) in enumerate(table.headings):
        sheet.write_string(top, column, heading, formats.head)
        sheet.set_column(column, column, width)
    for number, row in enumerate(table.rows, top + 1):
        is_total = table.totals and number == top + len(table.rows)
        for column, value in enumerate(row):
            _write_cell(sheet, number, column, value, formats.kinds[is_total])
    sheet.freeze_panes(top + 1, 1)
    if table.rows:
        last = top + len(table.rows) - table.totals
        sheet.autofilter(top, 0, last, len(table.headings) - 1)
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
    sheet.set_footer("&C&P/&N")


def _write_cell(sheet: Any, row: int, column: int, value: Cell, looks: Mapping[Any, Any]) -> None:
    """Write a value by its type; a text stays a text, whatever it begins with."""
    match value:
        case None:
            sheet.write_blank(row, column, None, looks[str])
        case datetime():
            sheet.write_datetime(row, column, value, looks[datetime])
        case date():
            sheet.write_datetime(row, column, value, looks[date])
        case int() | float():
            sheet.write_number(row, column, value, looks[type(value)])
        case str():
            sheet.write_string(row, column, value[:_LONGEST], looks[str])
