"""Dates that the record keeps in words are told in the reader's language."""

from __future__ import annotations

from datetime import date, time

import pytest

from scheduler import wording
from scheduler.mail.written import format_written
from scheduler.plan.changes import describe_form
from scheduler.plan.model import Before, By, DateForm, On, Recurring, Relative, Step, Undated, Window

DAY, LATER = date(2023, 6, 8), date(2023, 6, 9)


@pytest.mark.parametrize("language", wording.languages())
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
def test_what_the_record_wrote_is_read_back(form: DateForm, language: str) -> None:
    """A notice says the date before as it says the new one."""
    assert format_written(describe_form(form), language) == wording.format_form(form, language)


@pytest.mark.parametrize(
    "text",
    [
        describe_form(Recurring("FREQ=MONTHLY", "by", DAY, LATER)),
        describe_form(Relative("so-ket", Step(5, "working days"), "within")),
        "ngày 08/6/2023",
        "before 2023-02-30",
        "on 2023-06-08 25:00",
        "before",
        "",
    ],
)
def test_what_is_not_understood_stands_as_it_is(text: str) -> None:
    """A person may have written it."""
    assert format_written(text, "vi") == text
