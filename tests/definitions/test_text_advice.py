"""What a text says about a date is compared with the key; what it may say for another reason is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from scheduler.definitions.text_dates import find_dates
from scheduler.errors import Problem
from scheduler.ports import Loaded
from tests.definitions.conftest import PLAN

Load = Callable[..., Loaded]

DEADLINE = "before = 2024-03-15"
EVENT = "on = 2024-06-07"


def only(loaded: Loaded, code: str) -> Problem:
    """Return the one problem, which has this code and is a warning with a way out."""
    (problem,) = loaded.problems
    assert (problem.code, problem.severity, bool(problem.hint), len(loaded.definitions)) == (code, "warning", True, 1)
    return problem


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("trước ngày 20/3/2023", ["2023-03-20"]),
        ("ngày 05-03-2023, ngày 06.03.2023", ["2023-03-05", "2023-03-06"]),
        ("ngày 20 tháng 3 năm 2023", ["2023-03-20"]),
        ("ngày 20 tháng 03, năm 2023", ["2023-03-20"]),
        ("by 20 March 2023", ["2023-03-20"]),
        ("the 1st of April, 2023", ["2023-04-01"]),
        ("by Sept. 30, 2023 and on October 2nd 2023", ["2023-09-30", "2023-10-02"]),
        ("on 2023-03-20", ["2023-03-20"]),
        ("ngày 31/02/2023, ngày 3/20/2023, ngày 0/1/2023, ngày 1/0/2023", []),
        ("điểm 1.2.2023.4, số 120/3/2023", []),
        ("không có ngày nào", []),
    ],
)
def test_days_are_found_as_people_write_them(text: str, days: list[str]) -> None:
    assert days == [str(each.first) for each in find_dates(text).named]
    assert all(each.unit == "day" and each.first == each.last for each in find_dates(text).named)


@pytest.mark.parametrize(
    ("text", "unit", "first", "last"),
    [
        ("Dự kiến đầu tháng 6 năm 2023", "month", date(2023, 6, 1), date(2023, 6, 30)),
        ("tháng 12/2023", "month", date(2023, 12, 1), date(2023, 12, 31)),
        ("in February 2024", "month", date(2024, 2, 1), date(2024, 2, 29)),
        ("Quý II năm 2023", "year", date(2023, 1, 1), date(2023, 12, 31)),
    ],
)
def test_a_month_and_a_year_are_all_their_days(text: str, unit: str, first: date, last: date) -> None:
    (found,) = find_dates(text).named
    assert (found.unit, found.first, found.last) == (unit, first, last)


def test_a_long_row_of_figures_is_read_at_once() -> None:
    """Patterns that may be split in many ways would take for ever."""
    assert len(find_dates(f"trước {'1' * 5000} {'ngày ' * 5000} 20/3/2023").named) == 1


CONTRADICTIONS = [
    (DEADLINE, "quote", "Gửi trước ngày 15/3/2023.", "15/3/2023"),
    (DEADLINE, "quote", "Gửi trước ngày 05/3/2024.", "05/3/2024"),
    (DEADLINE, "quote", "Từ quý sau gửi trước ngày 15/3/2023.", "15/3/2023"),
    (DEADLINE, "quote", "Gửi trước ngày 15 tháng 3 năm 2023.", "15 tháng 3 năm 2023"),
    (DEADLINE, "quote", "No later than March 15, 2023.", "March 15, 2023"),
    (DEADLINE, "quote", "To be sent by 15 March 2023.", "15 March 2023"),
    (DEADLINE, "quote", "Báo cáo tháng 3 năm 2024 gửi trước 17 giờ 00, ngày 15/3/2023.", "15/3/2023"),
    (DEADLINE, "quote", "Sau Hội nghị ngày 07/6/2024, gửi chậm nhất ngày 20/6/2024.", "20/6/2024"),
    (DEADLINE, "quote", "Hoàn thành trong tháng 3 năm 2023.", "tháng 3 năm 2023"),
    (EVENT, "quote", "Thời gian: 08 giờ, ngày 07/6/2023.", "07/6/2023"),
    (EVENT, "quote", "Thời gian: ngày 17/6/2024.", "17/6/2024"),
]


@pytest.mark.parametrize(("form", "key", "text", "words"), CONTRADICTIONS)
def test_a_text_that_contradicts_its_date_is_remarked(load: Load, form: str, key: str, text: str, words: str) -> None:
    problem = only(load(PLAN.replace(form, f'{form}\n{key} = "{text}"')), "text-contradicts-date")
    number = 0 if form == DEADLINE else 1
    assert (problem.key, f'"{words}"' in problem.message) == (f"milestones[{number}].{key}", True)


def test_a_title_that_contradicts_its_date_is_remarked(load: Load) -> None:
    problem = only(load(PLAN.replace('"Báo cáo"', '"Báo cáo (trước ngày 15/3/2023)"')), "text-contradicts-date")
    assert problem.key == "milestones[0].title"


@pytest.mark.parametrize("words", ["đầu tháng 6 năm 2023", "Dự kiến quý II năm 2023", "ngày 3/6/2023", "tháng 5/2024"])
def test_words_of_a_window_that_contradict_it_are_remarked(load: Load, words: str) -> None:
    window = f'window = {{ from = 2024-06-01, to = 2024-06-10, words = "{words}" }}'
    problems = load(PLAN.replace(EVENT, window)).problems
    assert [(problem.code, problem.key) for problem in problems] == [
        ("tentative", "milestones[1].window"),
        ("text-contradicts-date", "milestones[1].window.words"),
    ]


NORMAL = [
    (DEADLINE, "Gửi trước ngày 15/3/2024."),
    (DEADLINE, "Gửi trước ngày 15/3."),
    (DEADLINE, "Gửi chậm nhất ngày 14/3/2024."),
    ("by = 2024-03-29", "Gửi trước ngày 30/3/2024."),
    (DEADLINE, "Các trường gửi trước ngày 15/3/2024; Cụm trưởng gửi trước ngày 10/8/2024."),
    (DEADLINE, "Theo Công văn số 3552-CV/HVCTQG, ngày 20/02/2023 của Học viện, gửi sau 10 tuần."),
    (DEADLINE, "Thực hiện Quyết định của Giám đốc ban hành ngày 20/02/2023."),
    (DEADLINE, "According to Decision No. 12/2023 of 20 February 2023."),
    (DEADLINE, "Số liệu tính đến hết ngày 31/12/2023, gửi sau 10 tuần."),
    (DEADLINE, "Trong 30 ngày kể từ ngày 14/02/2024."),
    (DEADLINE, "Theo kế hoạch ngày 05/01/2024."),
    (DEADLINE, "Kỷ niệm ngày 30/4/1975."),
    (DEADLINE, "Báo cáo kết quả tháng 12 năm 2023."),
    (DEADLINE, "Báo cáo thực hiện Luật Thi đua, khen thưởng năm 2022."),
    (EVENT, "Hội nghị tháng 6 năm 2024, đăng ký trước ngày 20/5/2024."),
    (EVENT, "Sau khi các trường gửi báo cáo ngày 15/3/2024."),
    ("on = { from = 2024-06-05, to = 2024-06-07 }", "Từ ngày 05/6/2024 đến ngày 07/6/2024."),
    ('recurring = { rule = "FREQ=MONTHLY;BYMONTHDAY=25", boundary = "by" }', "Hằng tháng, từ tháng 2/2024."),
]


@pytest.mark.parametrize(("form", "text"), NORMAL)
def test_a_date_with_another_reason_to_stand_in_a_text_is_not_remarked(load: Load, form: str, text: str) -> None:
    old = EVENT if form.startswith("on") or form == EVENT else DEADLINE
    assert load(PLAN.replace(old, f'{form}\nquote = "{text}"')).problems == ()


@pytest.mark.parametrize(
    "words", ["", "đầu tháng 6", "đầu tháng 6 năm 2024", "trước ngày 11/6/2024", "quý II năm 2024"]
)
def test_words_of_a_window_that_agree_are_not_remarked(load: Load, words: str) -> None:
    window = f'window = {{ from = 2024-06-01, to = 2024-06-10, words = "{words}" }}'
    assert [problem.code for problem in load(PLAN.replace(EVENT, window)).problems] == ["tentative"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("Kế hoạch thi đua năm 2024", "Kế hoạch thi đua năm 2023", "plan.title"),
        ("Kế hoạch thi đua năm 2024", "Plan for 2025", "plan.title"),
        ("Báo cáo", "Báo cáo năm 2021", "milestones[0].title"),
        ("Báo cáo", "Gửi các bản đăng ký năm 2020", "milestones[0].title"),
    ],
)
def test_a_title_of_another_year_is_remarked(load: Load, old: str, new: str, key: str) -> None:
    problem = only(load(PLAN.replace(f'"{old}"', f'"{new}"')), "title-year")
    assert problem.key == key


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Kế hoạch thi đua năm 2024", "Kế hoạch thi đua"),
        ("Kế hoạch thi đua năm 2024", "Tổng kết năm 2023, phương hướng năm 2024"),
        ("Kế hoạch thi đua năm 2024", "Kế hoạch năm học 2023 - 2024"),
        ("Kế hoạch thi đua năm 2024", "Kế hoạch thực hiện Luật Thi đua, khen thưởng năm 2022"),
        ("Kế hoạch thi đua năm 2024", "Kế hoạch số 12/2023 ngày 20/12/2023, tầm nhìn đến năm 2030"),
        ("Kế hoạch thi đua năm 2024", "Kế hoạch kỷ niệm năm 1945"),
        ("Báo cáo", "Báo cáo năm 2023"),
        ("Báo cáo", "Báo cáo năm 2020 và năm 2024"),
        ("Báo cáo", "Sơ kết giai đoạn 2020-2024"),
        ("Báo cáo", "Kế hoạch đến năm 2030"),
        ("Báo cáo", "Báo cáo thực hiện Luật Thi đua, khen thưởng năm 2022"),
    ],
)
def test_a_title_with_years_that_are_normal_is_not_remarked(load: Load, old: str, new: str) -> None:
    assert load(PLAN.replace(f'"{old}"', f'"{new}"')).problems == ()


@pytest.mark.parametrize(
    ("old", "key"),
    [
        ("Kế hoạch thi đua năm 2024", "plan.title"),
        ("Hội nghị", "milestones[1].title"),
        ("Trường có báo cáo", "indicators[0].title"),
    ],
)
def test_a_title_as_long_as_a_paragraph_is_remarked(load: Load, old: str, key: str) -> None:
    assert load(PLAN.replace(f'"{old}"', f'"{"a" * 300}"')).problems == ()
    assert only(load(PLAN.replace(f'"{old}"', f'"{"a" * 301}"')), "long-title").key == key
