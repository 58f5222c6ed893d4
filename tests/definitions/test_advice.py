"""Warnings name what is allowed and still worth a look; the shipped plan has exactly those it deserves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from scheduler.definitions import DefinitionFiles
from scheduler.errors import Problem
from scheduler.ports import Loaded
from scheduler.wording.sentences import translate
from tests.definitions.conftest import PARTIES, PLAN

Load = Callable[..., Loaded]

WORKFLOWS = Path(__file__).parents[2] / "workflows"
DEADLINE = "before = 2024-03-15"


def test_a_plan_that_is_in_order_has_no_problem_at_all(load: Load) -> None:
    assert load().problems == ()


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("before = 2024-01-05", ["deadline-not-after-issue"]),
        ("by = 2024-01-05", ["deadline-not-after-issue"]),
        ("by = 2024-01-08", []),
        ("before = 2024-03-18", ["last-day-off"]),
        ("before = 2024-03-18T08:00:00", ["last-day-off"]),
        ("before = 2024-03-18T08:01:00", []),
        ("by = 2024-03-18", []),
        ("by = 2024-03-17", ["last-day-off"]),
        ("before = 2024-01-01", ["deadline-not-after-issue", "last-day-off"]),
        ("window = { from = 2024-06-01, to = 2024-06-10 }", ["tentative"]),
        ('undated = ""', ["undated"]),
    ],
)
def test_a_remarkable_date_is_remarked(load: Load, written: str, codes: list[str]) -> None:
    loaded = load(PLAN.replace(DEADLINE, written))
    assert codes == [problem.code for problem in loaded.problems]
    assert all(problem.severity == "warning" and problem.hint for problem in loaded.problems)
    assert len(loaded.definitions) == 1


@pytest.mark.parametrize(
    ("written", "english", "vietnamese"),
    [
        ("before = 2024-01-05", "is due before ", "có thời hạn trước thứ Sáu, ngày 05/01/2024"),
        ("by = 2024-01-05", "is due by ", "có thời hạn chậm nhất thứ Sáu, ngày 05/01/2024"),
    ],
)
def test_a_deadline_is_said_in_the_language_of_the_reader(
    load: Load, written: str, english: str, vietnamese: str
) -> None:
    (problem,) = load(PLAN.replace(DEADLINE, written)).problems
    assert (english in problem.message, vietnamese in translate(problem.message, "vi")) == (True, True)


RULE = 'recurring = {{ rule = "{}", boundary = "by"{} }}'


@pytest.mark.parametrize(
    ("rule", "more", "words"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=31", "", "there is no day 31 in 2024-02, 2024-04, 2024-06, 2024-09, 2024-11: "),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30", "", "there is no day 30 in 2024-02: "),
        ("FREQ=MONTHLY;BYMONTHDAY=29", ", until = 2025-12-31", "there is no day 29 in 2025-02: "),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ", until = 2025-12-31", ", 2024-11, ...: "),
        ("FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=31", "", "there is no day 31 in 2024-06: "),
    ],
)
def test_a_day_that_some_months_do_not_have_is_remarked(load: Load, rule: str, more: str, words: str) -> None:
    (problem,) = load(PLAN.replace(DEADLINE, RULE.format(rule, more))).problems
    assert (problem.code, problem.key) == ("rule-skips-months", "milestones[0].recurring.rule")
    assert words in problem.message
    assert "BYMONTHDAY=-1" in str(problem.hint)


@pytest.mark.parametrize(
    ("rule", "more", "day", "written"),
    [
        ("FREQ=MONTHLY", "", "day 5 from the day of issue", "BYMONTHDAY=5"),
        ("FREQ=MONTHLY", ", from = 2024-01-31", "day 31 from `from`", "BYMONTHDAY=-1"),
        ("FREQ=WEEKLY", "", "Friday from the day of issue", "BYDAY=FR"),
        ("FREQ=YEARLY;BYMONTH=6", "", "day 5 from the day of issue", "BYMONTH=6;BYMONTHDAY=5"),
    ],
)
def test_a_rule_that_takes_its_day_from_its_start_is_remarked(
    load: Load, rule: str, more: str, day: str, written: str
) -> None:
    (problem,) = load(PLAN.replace(DEADLINE, RULE.format(rule, more))).problems
    assert (problem.code, problem.key) == ("rule-day-from-start", "milestones[0].recurring.rule")
    assert (day in problem.message, str(problem.hint).endswith(written)) == (True, True)


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=25", ""),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ""),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", ""),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=25,26,27,28,29,30,31", ""),
        ("FREQ=MONTHLY;BYDAY=1MO", ""),
        ("FREQ=YEARLY;BYMONTH=3,12;BYMONTHDAY=31", ""),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=29;UNTIL=20240601", ", from = 2024-02-01"),
        ("FREQ=WEEKLY;BYDAY=MO", ""),
        ("FREQ=WEEKLY", ", from = 2024-02-01"),
        ("FREQ=DAILY", ""),
    ],
)
def test_a_rule_that_says_its_days_is_not_remarked(load: Load, rule: str, more: str) -> None:
    assert load(PLAN.replace(DEADLINE, RULE.format(rule, more))).problems == ()


EVENT = "on = 2024-06-07"


def only(loaded: Loaded, code: str) -> Problem:
    """Return the one problem, which has this code and is a warning with a way out."""
    (problem,) = loaded.problems
    assert (problem.code, problem.severity, bool(problem.hint), len(loaded.definitions)) == (code, "warning", True, 1)
    return problem


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (DEADLINE, "by = 2072-03-29", "milestones[0].by"),
        (DEADLINE, "before = 2020-03-29", "milestones[0].before"),
        (EVENT, "on = 2042-06-07", "milestones[1].on"),
        (EVENT, "on = { from = 2024-06-07, to = 2042-06-08 }", "milestones[1].on"),
        (EVENT, "window = { from = 2027-06-01, to = 2027-06-08 }", "milestones[1].window"),
        (
            DEADLINE,
            'recurring = { rule = "FREQ=MONTHLY;BYMONTHDAY=25", boundary = "by", until = 2042-01-01 }',
            "milestones[0].recurring",
        ),
        ("issued = 2024-01-05", "issued = 2014-01-05", "plan.issued"),
    ],
)
def test_a_date_years_from_the_plans_is_remarked(load: Load, old: str, new: str, key: str) -> None:
    problem = only(load(PLAN.replace(old, new)), "far-date")
    assert (problem.key, "(2024)" in problem.message) == (key, True)


@pytest.mark.parametrize("title", ["Kế hoạch 2024-2028", "Kế hoạch giai đoạn 2022 – 2027"])
def test_a_title_of_several_years_makes_all_of_them_the_plans(load: Load, title: str) -> None:
    plan = PLAN.replace("Kế hoạch thi đua năm 2024", title).replace(DEADLINE, "by = 2028-03-15")
    assert load(plan).problems == ()
    assert "years from" in only(load(plan.replace("by = 2028", "by = 2030")), "far-date").message


@pytest.mark.parametrize("written", ["before = 2025-01-15", "by = 2025-11-28"])
def test_the_next_year_is_near(load: Load, written: str) -> None:
    assert load(PLAN.replace(DEADLINE, written)).problems == ()


def _with_dates(*dates: str) -> str:
    """Return the plan with further deadlines."""
    more = '[[milestones]]\nid = "more-{}"\nkind = "deadline"\ntitle = "Thêm"\nresponsible = "beta"\nby = {}\n'
    return PLAN + "".join(more.format(number, date) for number, date in enumerate(dates))


def test_the_one_date_in_another_year_is_remarked(load: Load) -> None:
    problem = only(load(_with_dates("2024-09-10", "2025-08-11")), "lone-year")
    assert problem.key == "milestones[3].by"


@pytest.mark.parametrize(
    "dates", [["2024-09-10", "2025-01-15"], ["2025-08-11"], ["2024-09-10", "2025-08-11", "2025-09-10"]]
)
def test_a_last_report_few_dates_and_several_of_the_next_year_are_not_remarked(load: Load, dates: list[str]) -> None:
    assert load(_with_dates(*dates)).problems == ()


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        (EVENT, "on = 2024-01-04", ["over-before-issue"]),
        (EVENT, "on = 2024-01-05", []),
        (EVENT, "window = { from = 2023-12-01, to = 2023-12-08 }", ["over-before-issue", "tentative"]),
        (EVENT, "on = { from = 2024-03-01, to = 2024-04-30 }", ["long-event"]),
        (EVENT, "on = { from = 2024-03-01, to = 2024-04-29 }", []),
        (EVENT, "window = { from = 2024-03-01, to = 2024-12-20 }", ["tentative"]),
        ("year = 2024", "year = 2024\nremind_from = 2024-06-08", ["reminds-too-late"]),
        ("year = 2024", "year = 2024\nremind_from = 2024-06-07", []),
        (DEADLINE, f'{DEADLINE}\nneeds = ["meeting"]', ["needs-later"]),
        (EVENT, 'on = 2014-06-07\nneeds = ["report"]', ["far-date"]),
        (EVENT, f'{EVENT}\nneeds = ["report"]', []),
        (EVENT, 'undated = ""\nneeds = ["report"]', ["undated"]),
        (EVENT, 'on = 2024-03-15\nneeds = ["report"]', []),
    ],
)
def test_dates_that_do_not_go_together_are_remarked(load: Load, old: str, new: str, codes: list[str]) -> None:
    assert codes == [problem.code for problem in load(PLAN.replace(old, new)).problems]


def test_a_public_holiday_makes_a_last_day_off(load: Load) -> None:
    plan = PLAN.replace("year = 2024", 'year = 2024\nholidays = "VN"').replace(DEADLINE, "by = 2024-09-02")
    (problem,) = load(plan).problems
    assert (problem.code, problem.hint) == ("last-day-off", "people are asked for Friday 2024-08-30")


def test_example_addresses_give_one_warning_for_each_file(load: Load) -> None:
    parties = PARTIES.replace("alpha.edu.vn", "alpha.example").replace("beta.edu.vn", "EXAMPLE.com")
    (problem,) = load(parties=parties).problems
    assert (problem.code, problem.key) == ("example-address", "parties.alpha.contacts[0]")
    assert problem.message.startswith("3 addresses")


def test_a_mailed_party_without_an_officer_is_remarked(load: Load) -> None:
    parties = PARTIES.replace('"office@beta.edu.vn"', '"office@beta.edu.vn", role = "head"')
    (problem,) = load(parties=parties).problems
    assert (problem.code, problem.key) == ("no-officer", "parties.beta.contacts")


def test_addresses_of_a_party_that_differ_by_letter_case_are_remarked(load: Load) -> None:
    (problem,) = load(parties=PARTIES.replace("head@alpha.edu.vn", "Office@ALPHA.edu.vn")).problems
    assert (problem.code, problem.key) == ("address-case", "parties.alpha.contacts[1].email")
    assert problem.message.startswith("Office@alpha.edu.vn and office@alpha.edu.vn differ")


@pytest.mark.parametrize("other", ["office@alpha.edu.vn", "OFFICE@beta.edu.vn"])
def test_one_address_for_two_contacts_or_in_two_domains_is_not_remarked(load: Load, other: str) -> None:
    """The same address twice gets one mail."""
    assert load(parties=PARTIES.replace("head@alpha.edu.vn", other)).problems == ()


def test_a_party_nobody_mails_needs_no_contact(load: Load) -> None:
    assert load(parties=PARTIES + '[parties.gamma]\nname = "Trường Gamma"\n').problems == ()


@pytest.fixture(scope="module")
def shipped() -> Loaded:
    return DefinitionFiles([WORKFLOWS]).load()


def test_the_shipped_definitions_have_exactly_the_warnings_they_deserve(shipped: Loaded) -> None:
    def place(problem: Problem) -> tuple[str, str | None]:
        return problem.code, problem.key

    assert [place(problem) for problem in shipped.problems] == [
        ("deadline-not-after-issue", "milestones[0].before"),
        ("last-day-off", "milestones[0].before"),
        ("undated", "milestones[1].undated"),
        ("tentative", "milestones[2].window"),
        ("last-day-off", "milestones[4].before"),
        ("undated", "milestones[5].undated"),
        ("last-day-off", "milestones[7].before"),
        ("example-address", "parties.tran-phu-ha-tinh.contacts[0]"),
    ]
    assert Counter(problem.severity for problem in shipped.problems) == {"warning": 8}


def test_every_warning_points_to_the_line_that_earned_it(shipped: Loaded) -> None:
    for problem in shipped.problems:
        assert problem.file
        assert problem.line
        assert problem.key
        line = Path(problem.file).read_text(encoding="utf-8").splitlines()[problem.line - 1]
        assert problem.key.rpartition(".")[2] in line or ".example" in line


def test_the_shipped_plan_carries_every_row_of_the_document(shipped: Loaded) -> None:
    (definition,) = shipped.definitions
    plan = definition.plan
    assert [(m.id, m.section) for m in plan.milestones] == [
        ("dang-ky", "3.1.2"),
        ("bao-cao-6-thang", "3.1.3"),
        ("so-ket", "2.3.1"),
        ("bao-cao-so-ket", "2.3.2"),
        ("kiem-tra", "2.4"),
        ("bao-cao-nam", "3.1.3"),
        ("tong-ket", "2.5"),
        ("ho-so-tong-ket", "2.5"),
        ("khen-thuong", "2.5"),
    ]
    assert [i.target for i in plan.indicators] == [
        "100%", "100%", "100%", ">= 1", ">= 1", "100%", "30%..50%", "= 1", "= 1", "100%",
    ]  # fmt: skip
    quotes = [item.quote for items in (plan.milestones, plan.indicators, plan.provisions) for item in items]
    assert all(quotes)
    assert len(plan.groups["members"].parties) == 6
    assert plan.groups["nominees"].chosen_by == "lead"
    assert plan.remind_from == date(2023, 2, 20)


def test_nobody_real_can_be_mailed_by_the_shipped_roster(shipped: Loaded) -> None:
    parties = shipped.definitions[0].plan.parties.values()
    assert {c.email.rpartition(".")[2] for party in parties for c in party.contacts} == {"example"}
