"""The words of texts people read, in Vietnamese and in English."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from string import Formatter
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from scheduler import wording
from scheduler.bootstrap import Container, find_settings
from scheduler.clock import SystemClock
from scheduler.definitions.scenario_files import read_scenario
from scheduler.plan import reasons
from scheduler.plan.agenda import draw_agenda
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
)
from scheduler.plan.dates.due_dates import derive_due_date
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.facts import FactKind
from scheduler.plan.model import Channel
from scheduler.plan.reasons import Reason
from scheduler.plan.standing import StandingState
from scheduler.plan.status import StatusCode
from scheduler.services.commands import build_fact
from scheduler.texts import Text
from scheduler.wording.english import ENGLISH
from scheduler.wording.sentences import translate, word_reason
from scheduler.wording.vietnamese import VIETNAMESE

ROOT = Path(__file__).parents[1]

VI, EN = "vi", "en"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 8, 9), "09/8/2023"),
        (date(2023, 8, 10), "10/8/2023"),
        (date(2023, 2, 5), "05/02/2023"),
        (date(2023, 1, 31), "31/01/2023"),
        (date(2023, 3, 1), "01/3/2023"),
        (date(2023, 12, 9), "09/12/2023"),
    ],
)
def test_days_below_ten_and_the_first_two_months_get_a_zero(day: date, expected: str) -> None:
    """The zero rule of official documents."""
    assert wording.format_date(day, VI) == expected
    assert wording.format_day(day, VI) == f"ngày {expected}"


def test_a_day_in_words_follows_the_same_zero_rule() -> None:
    """Words and figures agree on zeros."""
    assert wording.format_in_words(date(2023, 8, 9), VI) == "ngày 09 tháng 8 năm 2023"
    assert wording.format_in_words(date(2023, 2, 10), VI) == "ngày 10 tháng 02 năm 2023"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (7, "thứ Hai, ngày 07/8/2023"),
        (8, "thứ Ba, ngày 08/8/2023"),
        (9, "thứ Tư, ngày 09/8/2023"),
        (10, "thứ Năm, ngày 10/8/2023"),
        (11, "thứ Sáu, ngày 11/8/2023"),
        (12, "thứ Bảy, ngày 12/8/2023"),
        (13, "Chủ nhật, ngày 13/8/2023"),
    ],
)
def test_weekdays_are_written_the_official_way(day: int, expected: str) -> None:
    """Lower-case "thứ", capital ordinal, and Sunday with a capital of its own."""
    assert wording.format_with_weekday(date(2023, 8, day), VI) == expected


def test_times_have_two_figures_on_both_sides() -> None:
    """Times are written with "giờ" and never end in it."""
    assert wording.format_clock(time(17), VI) == "17 giờ 00"
    assert wording.format_clock(time(8, 5), VI) == "08 giờ 05"
    local = datetime(2023, 8, 9, 17, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert wording.format_moment(local, VI) == "17 giờ 00 ngày 09/8/2023"


@pytest.mark.parametrize(("count", "expected"), [(0, "00"), (1, "01"), (9, "09"), (10, "10"), (105, "105")])
def test_counts_below_ten_get_a_zero(count: int, expected: str) -> None:
    """One school is written 01, none 00: every count of a mail has the same look."""
    assert wording.format_count(count, VI) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Before(date(2023, 8, 10)), "trước ngày 10/8/2023"),
        (By(date(2023, 8, 10)), "chậm nhất ngày 10/8/2023"),
        (Before(date(2024, 3, 15), time(17)), "trước 17 giờ 00 ngày 15/3/2024"),
        (On(date(2023, 6, 8), date(2023, 6, 8)), "ngày 08/6/2023"),
        (On(date(2023, 6, 8), date(2023, 6, 8), time(8)), "08 giờ 00 ngày 08/6/2023"),
        (On(date(2023, 6, 5), date(2023, 6, 7)), "từ ngày 05/6/2023 đến ngày 07/6/2023"),
        (Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6"), "đầu tháng 6"),
        (Window(date(2023, 6, 1), date(2023, 6, 10), ""), "từ ngày 01/6/2023 đến ngày 10/6/2023"),
        (Undated("Định kỳ 6 tháng, 01 năm"), "Định kỳ 6 tháng, 01 năm"),
        (Recurring("FREQ=MONTHLY", "by", date(2023, 1, 1), date(2023, 12, 31)), ""),
        (Relative("so-ket", DayCount(5, "days"), "within"), ""),
    ],
)
def test_every_form_of_a_date_is_said_as_the_plan_says_it(form: DateForm, expected: str) -> None:
    """The literal words come first; a form without a day of its own says nothing."""
    assert wording.format_form(form, VI) == expected


@pytest.mark.parametrize(
    ("form", "vietnamese", "english"),
    [
        (
            Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6"),
            "đầu tháng 6 (từ ngày 01/6/2023 đến ngày 10/6/2023)",
            "đầu tháng 6 (from 1 June 2023 to 10 June 2023)",
        ),
        (
            Window(date(2023, 6, 1), date(2023, 6, 10), ""),
            "từ ngày 01/6/2023 đến ngày 10/6/2023",
            "from 1 June 2023 to 10 June 2023",
        ),
        (Window(date(2023, 6, 1), date(2023, 6, 1), ""), "ngày 01/6/2023", "1 June 2023"),
        (Undated("hằng năm"), "hằng năm", "hằng năm"),
        (Undated(""), "chưa có ngày", "no date yet"),
        (By(date(2023, 8, 10)), "chậm nhất ngày 10/8/2023", "by 10 August 2023"),
    ],
)
def test_in_full_a_date_has_its_words_and_its_days_and_no_empty_brackets(
    form: DateForm, vietnamese: str, english: str
) -> None:
    assert (wording.format_form(form, VI, in_full=True), wording.format_form(form, EN, in_full=True)) == (
        vietnamese,
        english,
    )


def test_an_event_is_said_with_its_weekdays() -> None:
    """An invitation names the weekday of the first and the last day."""
    event = On(date(2023, 6, 8), date(2023, 6, 9), time(8))
    assert wording.format_event(event, VI) == "từ 08 giờ 00 thứ Năm, ngày 08/6/2023 đến thứ Sáu, ngày 09/6/2023"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Before(date(2023, 8, 10)), "trước ngày 10/8/2023 (đề nghị gửi chậm nhất hết thứ Tư, ngày 09/8/2023)"),
        (Before(date(2023, 11, 20)), "trước ngày 20/11/2023 (đề nghị gửi chậm nhất hết thứ Sáu, ngày 17/11/2023)"),
        (By(date(2023, 3, 31)), "chậm nhất hết thứ Sáu, ngày 31/3/2023"),
        (By(date(2023, 4, 2)), "chậm nhất ngày 02/4/2023 (đề nghị gửi chậm nhất hết thứ Sáu, ngày 31/3/2023)"),
        (Before(date(2024, 3, 15), time(17)), "trước 17 giờ 00 ngày 15/3/2024"),
        (
            Before(date(2024, 3, 15), time(8)),
            "trước 08 giờ 00 ngày 15/3/2024 (đề nghị gửi chậm nhất hết thứ Năm, ngày 14/3/2024)",
        ),
    ],
)
def test_the_literal_deadline_comes_before_the_day_to_aim_at(form: Before | By, expected: str) -> None:
    """Where the two are the same thing, it is said once."""
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    due = derive_due_date(form, lateness="lenient", hour=time(8), zone=zone, workdays=Workdays())
    assert wording.format_aim(due, VI) == expected


def test_what_is_done_rather_than_sent_is_to_be_finished() -> None:
    """An inspection is not sent anywhere."""
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    form = Before(date(2023, 10, 30))
    due = derive_due_date(form, lateness="lenient", hour=time(8), zone=zone, workdays=Workdays())
    expected = "trước ngày 30/10/2023 (đề nghị hoàn thành chậm nhất hết thứ Sáu, ngày 27/10/2023)"
    assert wording.format_aim(due, VI, to_send=False) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(5, "Còn 05 ngày"), (14, "Còn 14 ngày"), (0, "Đến hạn hôm nay"), (-3, "Quá hạn 03 ngày")]
)
def test_days_left_are_counted_down_to_the_day_and_beyond(days: int, expected: str) -> None:
    """Today has words of its own."""
    assert wording.format_days_left(days, VI) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], ""),
        (["a"], "a"),
        (["a, x"], "a, x"),
        (["a", "b"], "a và b"),
        (["a", "b", "c"], "a, b và c"),
        (["a, x", "b", "c"], "a, x; b; c"),
    ],
)
def test_lists_end_in_and(items: list[str], expected: str) -> None:
    """The last of a list is joined by a word; names that hold a comma are kept apart by semicolons."""
    assert wording.join_list(items, VI) == expected


@pytest.mark.parametrize(
    ("code", "label", "short"),
    [
        ("accepted_late", "Đạt yêu cầu (nộp sau thời hạn)", "Đạt (muộn)"),
        ("partial", "Đã nộp một phần", "Nộp một phần"),
        ("unknown", "Chưa rõ đã nộp hay chưa", "Chưa rõ"),
        ("tentative", "Dự kiến", "Dự kiến"),
        ("undated", "Chưa có ngày", "Chưa có ngày"),
        ("fixed", "Đã ấn định thời gian", "Đã ấn định"),
        ("held", "Đã tổ chức", "Đã tổ chức"),
        ("not-a-status", "not-a-status", "not-a-status"),
    ],
)
def test_a_status_code_has_a_long_and_a_short_label(code: str, label: str, short: str) -> None:
    """A code without a label stands for itself rather than failing a mail."""
    assert wording.status_label(code, VI) == label
    assert wording.status_label(code, VI, short=True) == short


@pytest.mark.parametrize("language", wording.languages())
def test_every_value_of_the_model_has_words_in_every_language(language: str) -> None:
    """A value added to the model needs its word in each table."""
    for code in (*get_args(StandingState), *get_args(StatusCode)):
        assert wording.status_label(code, language) != code
        assert wording.status_label(code, language, short=True) != code
    for channel in get_args(Channel):
        assert wording.channel_name(channel, language) != channel
    for kind in get_args(FactKind):
        assert wording.fact_name(kind, language) != kind


@pytest.mark.parametrize(
    ("rung", "expected"),
    [
        ("before:14d", "nhắc trước hạn 14 ngày"),
        ("before:3wd", "nhắc trước hạn 03 ngày làm việc"),
        ("target", "nhắc ngày cuối đề nghị gửi"),
        ("named-day", "nhắc đúng ngày nêu trong thời hạn"),
        ("overdue:2", "thông báo quá hạn lần 02"),
        ("escalate:2wd", "báo cáo đơn vị còn thiếu"),
        ("fix-date:30d", "nhắc ấn định thời gian, trước 30 ngày"),
        ("fix-date:passed", "nhắc ấn định thời gian, đã qua thời gian dự kiến"),
        ("invite", "mời dự"),
        ("event:1wd", "nhắc lịch, trước 01 ngày làm việc"),
        ("choose:1", "nhắc xác định đơn vị lần 01"),
        ("something-else", "something-else"),
    ],
)
def test_a_rung_is_named_in_words(rung: str, expected: str) -> None:
    """Operators read what a rung was, not its code."""
    assert wording.rung_name(rung, VI) == expected


@pytest.mark.parametrize(
    ("target", "vietnamese", "english"),
    [
        ("100%", "100%", "100%"),
        (">= 1", "ít nhất 01", "at least 1"),
        ("= 1", "đúng 01", "exactly 1"),
        ("<= 12", "nhiều nhất 12", "at most 12"),
        ("5", "ít nhất 05", "at least 5"),
        ("30%..50%", "từ 30% đến 50%", "30% to 50%"),
        ("1..3", "từ 01 đến 03", "1 to 3"),
        (">= 70%", "ít nhất 70%", "at least 70%"),
        ("many", "many", "many"),
    ],
)
def test_a_target_is_said_in_words(target: str, vietnamese: str, english: str) -> None:
    """Nobody has to read the signs of programs."""
    assert (wording.format_target(target, VI), wording.format_target(target, EN)) == (vietnamese, english)


def test_steps_are_said_with_their_unit() -> None:
    """Days and working days are not the same thing."""
    assert wording.format_step(DayCount(3, "working days"), VI) == "03 ngày làm việc"
    assert wording.format_step(DayCount(14, "days"), VI) == "14 ngày"


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [
        (0, "00 giây", "0 seconds"),
        (1, "01 giây", "1 second"),
        (90, "90 giây", "90 seconds"),
        (300.9, "05 phút", "5 minutes"),
        (47 * 3600, "47 giờ", "47 hours"),
        (48 * 3600, "02 ngày", "2 days"),
        (400 * 86400 - 0.005, "399 ngày", "399 days"),
    ],
)
def test_spans_are_told_in_the_largest_unit_of_which_they_hold_two(seconds: float, vi: str, en: str) -> None:
    assert wording.format_span(timedelta(seconds=seconds), VI) == vi
    assert wording.format_span(timedelta(seconds=seconds), EN) == en


@pytest.mark.parametrize(
    ("pattern", "value", "vietnamese"),
    [
        ("{x:,} a", 12000, "12.000 a"),
        ("{x:,.0f}", 86400.0, "86.400"),
        ("{x:g}", 0.5, "0,5"),
        ("{x}", 2023, "2023"),
        ("{x!r}", 7, "7"),
        ("U+{x:04X}", 7, "U+0007"),
    ],
)
def test_a_number_in_a_text_has_the_signs_of_the_language(pattern: str, value: float, vietnamese: str) -> None:
    text = Text(pattern, x=value)
    assert (translate(text, VI), translate(text, EN)) == (vietnamese, pattern.format(x=value))


def test_the_languages_are_vietnamese_and_english() -> None:
    """The languages a plan or a contact may name are known."""
    assert wording.languages() == (VI, EN)


@pytest.mark.parametrize("code", wording.languages())
def test_the_tables_of_all_languages_have_the_same_entries(code: str) -> None:
    """What one language can say, every other can."""
    language = wording.LANGUAGES[code]
    for table in ("labels", "channels", "rungs", "facts", "units", "events", "targets", "calendar"):
        assert getattr(language, table).keys() == getattr(ENGLISH, table).keys()
    assert len(language.weekdays) == 7
    assert len(language.months) == 12


# ---------------------------------------------------------------- English


def test_english_names_the_month_so_that_no_reader_swaps_day_and_month() -> None:
    """Figures alone are read differently on the two sides of an ocean."""
    day = date(2023, 8, 9)
    assert wording.format_date(day, EN) == wording.format_day(day, EN) == wording.format_in_words(day, EN)
    assert wording.format_date(day, EN) == "9 August 2023"
    assert wording.format_with_weekday(day, EN) == "Wednesday, 9 August 2023"


def test_english_hours_run_to_twenty_four() -> None:
    """There is no a.m. and no p.m."""
    local = datetime(2023, 8, 9, 17, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert wording.format_clock(time(8, 5), EN) == "08:05"
    assert wording.format_moment(local, EN) == "17:00 on 9 August 2023"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Before(date(2023, 8, 10)), "before 10 August 2023 (please send it by the end of Wednesday, 9 August 2023)"),
        (By(date(2023, 3, 31)), "by the end of Friday, 31 March 2023"),
        (By(date(2023, 4, 2)), "by 2 April 2023 (please send it by the end of Friday, 31 March 2023)"),
        (Before(date(2024, 3, 15), time(17)), "before 17:00 on 15 March 2024"),
    ],
)
def test_the_literal_deadline_comes_first_in_english_too(form: Before | By, expected: str) -> None:
    """The plan's own words, then the day to aim at."""
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    due = derive_due_date(form, lateness="lenient", hour=time(8), zone=zone, workdays=Workdays())
    assert wording.format_aim(due, EN) == expected


def test_what_is_done_is_to_be_finished_in_english_too() -> None:
    """An inspection is not sent anywhere."""
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    form = Before(date(2023, 10, 30))
    due = derive_due_date(form, lateness="lenient", hour=time(8), zone=zone, workdays=Workdays())
    expected = "before 30 October 2023 (please finish it by the end of Friday, 27 October 2023)"
    assert wording.format_aim(due, EN, to_send=False) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (On(date(2023, 6, 8), date(2023, 6, 8), time(8)), "08:00 on 8 June 2023"),
        (On(date(2023, 6, 5), date(2023, 6, 7)), "from 5 June 2023 to 7 June 2023"),
        (Window(date(2023, 6, 1), date(2023, 6, 10), ""), "from 1 June 2023 to 10 June 2023"),
        (Window(date(2023, 6, 1), date(2023, 6, 10), "early June"), "early June"),
    ],
)
def test_events_and_windows_are_said_in_english(form: DateForm, expected: str) -> None:
    """The plan's own words stay as they are."""
    assert wording.format_form(form, EN) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(5, "5 days left"), (1, "1 day left"), (0, "Due today"), (-1, "1 day overdue"), (-3, "3 days overdue")],
)
def test_english_knows_one_from_many(days: int, expected: str) -> None:
    """One day is not one days."""
    assert wording.format_days_left(days, EN) == expected


@pytest.mark.parametrize(
    ("rung", "expected"),
    [
        ("before:1wd", "reminder 1 working day before the last day"),
        ("before:14d", "reminder 14 days before the last day"),
        ("overdue:2", "overdue notice 2"),
        ("fix-date:passed", "request to fix the day, the intended time has passed"),
        ("something-else", "something-else"),
    ],
)
def test_a_rung_is_named_in_english(rung: str, expected: str) -> None:
    """Operators read what a rung was, not its code."""
    assert wording.rung_name(rung, EN) == expected


def test_english_lists_end_in_and_and_counts_have_no_zero() -> None:
    """The habits of Vietnamese documents stay in Vietnamese."""
    assert wording.join_list(["a", "b", "c"], EN) == "a, b and c"
    assert [wording.format_count(count, EN) for count in (0, 1, 12)] == ["0", "1", "12"]


# ---- reasons

NOT_ENGLISH = [language for language in wording.languages() if language != EN]  # the record itself is in English
ENGLISH_WORDS = re.compile(r"\b(the|before|after|days?|moved|same|fixed|received|accepted|waived)\b")


STEP, DAY = DayCount(3, "working days"), date(2023, 8, 9)


@pytest.mark.parametrize(
    ("reason", "english", "vietnamese"),
    [
        (
            reasons.moved_off(reasons.counted_back(DayCount(14, "days"), DAY, reasons.TARGET_DAY), date(2023, 7, 26)),
            "14 days before 9 August 2023, the target day; moved from 26 July 2023, a day off",
            "14 ngày trước ngày 09/8/2023, ngày cuối đề nghị gửi; dời từ ngày 26/7/2023 vì là ngày nghỉ",
        ),
        (
            reasons.came_late("before:3wd"),
            "came late; reminder 3 working days before the last day is newer",
            "đến muộn; đã có bước mới hơn: nhắc trước hạn 03 ngày làm việc",
        ),
        (
            reasons.closed("received", date(2023, 3, 4), "paper", ""),
            "Documents received 4 March 2023 (on paper)",
            "Đã nhận hồ sơ ngày 04/3/2023 (bản giấy)",
        ),
        (
            reasons.closed("waived", date(2023, 3, 4), None, "không {held}"),
            "Exempted 4 March 2023 (không {held})",
            "Miễn thực hiện ngày 04/3/2023 (không {held})",
        ),
        (
            reasons.counted_back(DayCount(3, "days"), date(2023, 6, 1), reasons.window_begins("đầu tháng 6")),
            "3 days before 1 June 2023, when đầu tháng 6 begins",
            "03 ngày trước ngày 01/6/2023, khi bắt đầu thời gian dự kiến (đầu tháng 6)",
        ),
        (
            reasons.given_up(2, "450 4.2.1 try\r\nlater"),
            "given up after 2 days: 450 4.2.1 try\r\nlater",
            "dừng sau 2 ngày: 450 4.2.1 try\r\nlater",
        ),
        (
            reasons.outside_window(date(2023, 6, 1), date(2023, 6, 10)),
            "it lies outside what the plan foresees: 1 June 2023 to 10 June 2023",
            "ngoài khoảng thời gian dự kiến trong kế hoạch: từ ngày 01/6/2023 đến ngày 10/6/2023",
        ),
        (reasons.CHOSEN, "the parties were chosen", "đã xác định đơn vị"),
    ],
)
def test_a_reason_is_told_in_the_language_of_its_reader(reason: Reason, english: str, vietnamese: str) -> None:
    assert wording.explain(reason, "en") == english
    assert wording.explain(reason, "vi") == vietnamese


def test_a_party_in_a_reason_is_called_by_its_name() -> None:
    assert wording.explain(reasons.no_notice("nghe-an"), "vi", {"nghe-an": "Nghệ An"}.__getitem__) == (
        "chưa có thư nào gửi được đến Nghệ An"
    )
    assert wording.explain(reasons.no_contact("nghe-an"), "en", str.upper) == "NGHE-AN has no contact"


@pytest.mark.parametrize("said", ["", "550 5.1.1 no such user", "received yesterday", "{step} after {day}"])
def test_what_a_server_or_a_person_said_stays_as_it_is(said: str) -> None:
    assert wording.explain(reasons.quote(said), "vi") == said


DAYS_AFTER = [reasons.TARGET_DAY, reasons.FIRST_DAY, reasons.WINDOW_OPENS, reasons.window_begins("alpha")]
DAYS_BEFORE = [reasons.LAST_DAY_IN_TIME, reasons.FIRST_NOTICE, reasons.NOTICE_BEFORE, reasons.CORRECTION]
EXAMPLES: dict[str, Sequence[object]] = {  # by the names of parameters in the module of reasons
    "step": [STEP],
    "day": [DAY],
    "day2": [DAY],
    "last": [DAY],
    "nominal": [DAY],
    "number": [3],
    "rung": ["before:3wd"],
    "milestone": ["alpha"],
    "party": ["alpha"],
    "words": ["alpha", ""],
    "kind": ["received", "accepted", "waived"],
    "channel": [None, "paper"],
    "note": [reasons.counted_back(STEP, DAY, reasons.TARGET_DAY), reasons.counted_on(STEP, DAY, reasons.FIRST_NOTICE)],
}
ANCHORS: dict[str, Sequence[object]] = {"counted_back": DAYS_AFTER, "counted_on": [None, *DAYS_BEFORE]}
NOT_SENTENCES = (reasons.quote, reasons.window_begins, reasons.encode, reasons.decode)


def every_reason() -> set[Reason]:
    """Return examples of everything that the program itself may record as a reason."""
    constants = {value for value in vars(reasons).values() if isinstance(value, Reason) and value}
    functions = [
        value
        for name, value in vars(reasons).items()
        if inspect.isfunction(value) and name[0] != "_" and value.__module__ == reasons.__name__
    ]
    said = constants - {*DAYS_AFTER, *DAYS_BEFORE}
    for function in functions:
        if function in NOT_SENTENCES:
            continue
        known = EXAMPLES | {"anchor": ANCHORS.get(function.__name__, ())}
        said |= {
            function(*given) for given in product(*(known[name] for name in inspect.signature(function).parameters))
        }
    return said


def test_every_reason_is_kept_as_it_is() -> None:
    """The record holds code and parameters; a quotation stays readable there, whatever it begins with."""
    quoted = [
        reasons.quote(words) for words in ("550 no", '["came_late","x"]', "[1]", "[", "", "came late; x is newer")
    ]
    for reason in [*every_reason(), *quoted, reasons.NONE]:
        assert reasons.decode(reasons.encode(reason)) == reason
    assert reasons.encode(reasons.quote("550 no")) == "550 no"


@pytest.mark.parametrize("text", ["received 2023-03-04 (paper)", "[", "[]", '["no such code"]', '["late",3]', "[4"])
def test_a_sentence_of_an_older_record_is_shown_as_it_is(text: str) -> None:
    assert str(reasons.decode(text)) == text


def test_every_code_has_words_in_every_language() -> None:
    assert set(reasons.ENGLISH) - set(VIETNAMESE.reasons) == {"none", "quote"}
    for code, pattern in VIETNAMESE.reasons.items():
        named = {name for _, name, _, _ in Formatter().parse(pattern) if name}
        assert named <= {*reasons.FIELDS[code]}


def test_every_reason_that_the_program_writes_has_its_words_in_every_language() -> None:
    """A new one that nobody has put into words would stay English on a Vietnamese page, its dates in figures."""
    known = every_reason()
    assert len(known) > 45
    for language in NOT_ENGLISH:
        assert {reason for reason in known if ENGLISH_WORDS.search(wording.explain(reason, language))} == set()
        assert {reason for reason in known if wording.explain(reason, language) == str(reason)} == set()
    for language in wording.languages():
        assert {text for text in known if re.search(r"\d-\d|\d[dw]", wording.explain(text, language))} == set()


def test_every_reason_of_the_shipped_year_has_its_words() -> None:
    """A new one that nobody has put into words would stay English on a Vietnamese page."""
    app = Container(settings=find_settings(ROOT / "config.toml"), clock=SystemClock())
    definition = app.find_plan("bac-trung-bo-2023")
    folder = ROOT / "workflows" / "bac-trung-bo"
    commands = read_scenario(folder / "2023.scenario.toml", definition.plan).commands
    facts = [build_fact(definition.plan, command) for command in commands]
    said = set()
    for known in (facts, ()):
        numbered = [replace(fact, id=number) for number, fact in enumerate(known, 1)]
        for rung in draw_agenda(definition.plan, numbered, loaded_at=datetime(2023, 2, 20, tzinfo=UTC)).rungs():
            said |= {rung.reason, rung.note}
    assert len(said) > 50
    for language in NOT_ENGLISH:
        texts = {text: wording.explain(text, language) for text in said}
        assert {text: words for text, words in texts.items() if ENGLISH_WORDS.search(words)} == {}


@pytest.mark.parametrize(
    ("name", "is_person"),
    [
        ("Trần Thị Ánh Nguyệt", True),
        ("Đồng chí Lê Đức Thọ", True),
        ("Tô Văn Ban", True),
        ("Cán bộ phụ trách thi đua", False),
        ("đồng chí phụ trách thi đua", False),
        ("Phó Hiệu trưởng", False),
        ("Phòng Tổ chức - Hành chính", False),
        ("", False),
    ],
)
def test_a_role_is_not_greeted_like_a_person(name: str, is_person: bool) -> None:
    """No mail says "(Đồng chí Cán bộ phụ trách)"."""
    assert wording.names_person(name, VI) is is_person


def test_a_quoted_text_and_the_same_words_are_kept_apart() -> None:
    """They are equal, and a cache would take one for the other."""
    english = "not sent"
    reasons.encode(reasons.quote(english))
    kept = reasons.decode(reasons.encode(reasons.quote(Text(english))))
    assert translate(word_reason(kept), "vi") == translate(Text(english), "vi") != english
