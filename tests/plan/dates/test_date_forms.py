"""Dates that the record keeps in words are read back."""

from __future__ import annotations

from datetime import date, time

import pytest

from scheduler.plan.dates.date_forms import (
    Before,
    By,
    DateForm,
    DayCount,
    On,
    Recurring,
    Relative,
    Undated,
    Window,
    describe_form,
    parse_form,
)

DAY, LATER = date(2023, 6, 8), date(2023, 6, 9)


@pytest.mark.parametrize(
    "form",
    [
        Before(DAY),
        Before(DAY, time(17)),
        By(DAY),
        By(DAY, time(8, 30)),
        On(DAY, DAY),
        On(DAY, LATER),
        On(DAY, LATER, time(8)),
        Window(DAY, LATER, "đầu tháng 6 (dự kiến)\nnăm 2023"),
        Window(DAY, LATER, ""),
        Undated("Định kỳ 6 tháng, 01 năm"),
        Undated(""),
    ],
)
def test_what_the_record_wrote_is_read_back(form: DateForm) -> None:
    """What stood in the file before an edit is known from its words."""
    assert parse_form(describe_form(form)) == form


@pytest.mark.parametrize(
    "text",
    [
        describe_form(Recurring("FREQ=MONTHLY", "by", DAY, LATER)),
        describe_form(Relative("so-ket", DayCount(5, "working days"), "within")),
        "ngày 08/6/2023",
        "before 2023-02-30",
        "on 2023-06-08 25:00",
        "before",
        "",
    ],
)
def test_what_names_no_day_of_its_own_or_is_not_understood_is_no_date(text: str) -> None:
    """A person may have written it."""
    assert parse_form(text) is None
