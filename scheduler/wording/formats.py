"""Formatting for people: dates, times, counts, statuses.

Everything that differs between languages is data in a `Language`; adding a language means adding a table.
Nothing here depends on the current time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import assert_never

from scheduler.plan.answers.attendance import STATES, AttendanceState
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
    bracketed,
)
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.ladders.steps import RungName
from scheduler.wording.english import ENGLISH
from scheduler.wording.language import Language
from scheduler.wording.vietnamese import VIETNAMESE

LANGUAGES: Mapping[str, Language] = {"vi": VIETNAMESE, "en": ENGLISH}
_TARGET = re.compile(r"(>=|<=|=)? ?(\d+%?)(?:\.\.(\d+%?))?")  # accepts every target that a plan file may hold


def languages() -> tuple[str, ...]:
    """Return the codes of the supported languages."""
    return tuple(LANGUAGES)


# ---------------------------------------------------------------- days and times


def _of(language: str, pattern: str, day: date) -> str:
    months = LANGUAGES[language].months
    return pattern.format(d=day.day, dd=f"{day.day:02}", m=months[day.month - 1], yyyy=f"{day.year:04}")


def format_date(day: date, language: str) -> str:
    """Return a day in digits: 09/8/2023, 05/02/2023, 10/8/2023."""
    return _of(language, LANGUAGES[language].numeric, day)


def format_day(day: date, language: str) -> str:
    """Return a day in digits with the word for "day", if the language uses it: "ngày 09/8/2023"."""
    return LANGUAGES[language].day.format(date=format_date(day, language))


def format_in_words(day: date, language: str) -> str:
    """Return a day in words: "ngày 09 tháng 8 năm 2023"."""
    return _of(language, LANGUAGES[language].in_words, day)


def format_with_weekday(day: date, language: str) -> str:
    """Return a day with its weekday: "thứ Tư, ngày 09/8/2023"."""
    words = LANGUAGES[language]
    return words.with_weekday.format(weekday=words.weekdays[day.weekday()], day=format_day(day, language))


def format_clock(clock: time | datetime, language: str) -> str:
    """Return a time of day: "17 giờ 00"."""
    return LANGUAGES[language].clock.format(hour=clock.hour, minute=clock.minute)


def format_moment(local: datetime, language: str) -> str:
    """Return a local time with its day: "17 giờ 00 ngày 09/8/2023"."""
    pattern = LANGUAGES[language].moment
    return pattern.format(clock=format_clock(local, language), day=format_day(local.date(), language))


def month_name(day: date, language: str) -> str:
    """Return the name of a day's month: "6", "June"."""
    return LANGUAGES[language].months[day.month - 1]


def format_stamp(local: datetime, language: str) -> str:
    """Return a local time with its day in short form, for tables: "09/8/2023 17:00"."""
    pattern = LANGUAGES[language].stamp
    return pattern.format(date=format_date(local.date(), language), hour=local.hour, minute=local.minute)


def format_event(event: On, language: str, *, weekday: bool = True) -> str:
    """Return the time of an event: "08 giờ 00, thứ Năm, ngày 08/6/2023" or "từ ... đến ..."."""
    words = LANGUAGES[language]
    day = format_with_weekday if weekday else format_day
    first = day(event.first, language)
    if event.clock is not None:
        first = words.event_moment.format(clock=format_clock(event.clock, language), day=first)
    if event.first == event.last:
        return first
    return words.span.format(first=first, last=day(event.last, language))


def format_days(first: date, last: date, language: str) -> str:
    """Return a span of days: "từ ngày 01/6/2023 đến ngày 10/6/2023", or a single day if both are the same."""
    return format_event(On(first, last), language, weekday=False)


# ---------------------------------------------------------------- deadlines


def format_deadline(day: date, language: str, *, inclusive: bool, clock: time | None = None) -> str:
    """Return a deadline the way the plan puts it: "trước ngày 10/8/2023", "chậm nhất ngày 10/8/2023"."""
    words = LANGUAGES[language]
    when = format_day(day, language)
    if clock is not None:
        when = words.moment.format(clock=format_clock(clock, language), day=when)
    return (words.by if inclusive else words.before).format(when=when)


def format_due(due: DueDate, language: str) -> str:
    """Return a derived deadline the way the plan puts it."""
    return format_deadline(due.named, language, inclusive=due.inclusive, clock=due.clock)


def format_latest(day: date, language: str) -> str:
    """Return the last day on which to send: "chậm nhất hết thứ Tư, ngày 09/8/2023"."""
    return LANGUAGES[language].latest.format(day=format_with_weekday(day, language))


def format_aim(due: DueDate, language: str, *, to_send: bool = True) -> str:
    """Return the literal deadline, followed in brackets by the day by which to send (or finish) it.

    If both are the same day ("chậm nhất" with a working day, or a clock time on one), it is mentioned once.
    """
    words = LANGUAGES[language]
    literal, latest = format_due(due, language), format_latest(due.target, language)
    if due.named == due.target:
        return literal if due.clock is not None else latest
    return (words.aim_to_send if to_send else words.aim_to_finish).format(literal=literal, latest=latest)


def format_form(form: DateForm, language: str, *, in_full: bool = False) -> str:
    """Return a date the way the plan puts it; a window or an undated duty in the words of the plan.

    A recurring or relative date names no day and gives an empty text. `in_full` adds the days to the words of a window,
    and says of an undated duty without words that it has no date.
    """
    match form:
        case Before(day, clock):
            return format_deadline(day, language, inclusive=False, clock=clock)
        case By(day, clock):
            return format_deadline(day, language, inclusive=True, clock=clock)
        case On():
            return format_event(form, language, weekday=False)
        case Window(first, last, words):
            days = format_days(first, last, language)
            return (words + bracketed(days) if in_full else words) if words else days
        case Undated(words):
            return format_undated(words, language) if in_full else words
        case Recurring() | Relative():
            return ""
        case _:
            assert_never(form)


def format_undated(words: str, language: str) -> str:
    """Return what the plan says instead of a date, or that there is none: "chưa xác định thời gian"."""
    if words:
        return words
    label = status_label("undated", language)
    return label[:1].lower() + label[1:]


def format_days_left(days: int, language: str) -> str:
    """Return the days left, or overdue if `days` is negative: "Còn 05 ngày", "Đến hạn hôm nay", "Quá hạn 03 ngày"."""
    words = LANGUAGES[language]
    if days == 0:
        return words.today
    one, many = words.days_left if days > 0 else words.days_over
    return format_quantity(abs(days), language, one=one, many=many)


def bare_window(words: str, language: str) -> str:
    """Return the words of a window without a leading "Dự kiến" (probably), for places that say so anyway."""
    return re.sub(LANGUAGES[language].probably, "", words, flags=re.IGNORECASE)


# ---------------------------------------------------------------- counts, lists, names


def format_count(count: int, language: str) -> str:
    """Return a count, with a leading zero below ten if the language uses one: "00", "01", "09", "10"."""
    return str(count).zfill(LANGUAGES[language].count_digits)


def format_quantity(count: int, language: str, *, one: str, many: str) -> str:
    """Return a count with the thing counted, by the pattern for one, or by that for none and for more."""
    return (one if count == 1 else many).format(count=format_count(count, language))


def format_size(size: int, language: str) -> str:
    """Return a size given in bytes, with the decimal sign of the language: "12 KB", "3,4 MB"."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} KB"
    large, unit = (size / 1_000_000, "MB") if size < 1_000_000_000 else (size / 1_000_000_000, "GB")
    return f"{large:.1f} {unit}".replace(".", LANGUAGES[language].decimal)


def format_step(step: DayCount, language: str) -> str:
    """Return a number of days: "14 ngày", "03 ngày làm việc"."""
    return _measure(step.count, step.unit, language)


def format_span(span: timedelta, language: str) -> str:
    """Return a span of time in its largest unit of which it holds two: "90 minutes", "02 ngày"."""
    seconds = int(span.total_seconds())
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return _measure(seconds // length, unit, language)
    return _measure(seconds, "seconds", language)


def _measure(count: int, unit: str, language: str) -> str:
    one, many = LANGUAGES[language].units[unit]
    return format_quantity(count, language, one=one, many=many)


def join_list(items: Sequence[str], language: str) -> str:
    """Return items as text: "a", "a và b", "a, b và c"; joined by semicolons if an item contains a comma."""
    if len(items) < 2:
        return "".join(items)
    if any("," in item for item in items):
        return "; ".join(items)
    return ", ".join(items[:-1]) + LANGUAGES[language].last_join + items[-1]


def status_label(code: str, language: str, *, short: bool = False) -> str:
    """Return the label of a status code; a code without a label is returned as it is."""
    return LANGUAGES[language].labels.get(code, (code, code))[short]


def channel_name(channel: str, language: str) -> str:
    """Return the name of a channel: "bản giấy", "bản mềm"."""
    return LANGUAGES[language].channels.get(channel, channel)


def format_target(target: str, language: str) -> str:
    """Return a target in words: ">= 1" gives "ít nhất 01", "30%..50%" gives "từ 30% đến 50%"."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return target
    sign, low, high = found.groups()
    if not sign and not high and low.endswith("%"):
        return low
    low, high = (part if not part or part.endswith("%") else format_count(int(part), language) for part in (low, high))
    return LANGUAGES[language].targets[".." if high else sign or ">="].format(low=low, high=high)


def names_person(name: str, language: str) -> bool:
    """Return whether the name of a contact is that of a person, not of a role or an office."""
    return bool(name) and re.search(LANGUAGES[language].roles, name, re.IGNORECASE) is None


def fact_name(kind: str, language: str) -> str:
    """Return the name of a kind of fact: "Gia hạn", "Ấn định thời gian"."""
    return LANGUAGES[language].facts.get(kind, kind)


def state_label(state: str, language: str) -> str:
    """Return the label of the state of a step or a mail, sent or received; a state without a label as it is."""
    words = LANGUAGES[language]
    return words.states.get(state) or words.received.get(state, state)


def message_name(kind: str, language: str) -> str:
    """Return the name of a kind of message: "Nhắc việc", "Thông báo quá hạn"."""
    return LANGUAGES[language].messages.get(kind, kind)


def event_name(name: str, language: str) -> str:
    """Return the name of an event of the log, as wide as the longest: "đã gửi    "."""
    names = LANGUAGES[language].events
    return names[name].ljust(max(map(len, names.values())))


def attendance_label(state: AttendanceState, language: str) -> str:
    """Return the label of an attendance: "Sẽ dự", "Cử người dự thay"."""
    return LANGUAGES[language].attendance[state]


def reply_label(reply: str, language: str) -> str:
    """Return the label of a reply to an invitation, that of the attendance that it means; any other word as it is."""
    states = {str(known): state for known, state in STATES.items()}
    return attendance_label(states[reply], language) if reply in states else reply


def rung_name(rung: str, language: str) -> str:
    """Return the name of a rung in words: `before:3wd` gives "nhắc trước hạn 03 ngày làm việc"."""
    words = LANGUAGES[language]
    label, detail = RungName.of(rung)
    pattern = words.rungs.get(label)
    match detail:
        case _ if pattern is None:
            return rung
        case None:
            return pattern
        case int():
            return pattern.format(count=format_count(detail, language))
        case DayCount():
            return pattern.format(step=format_step(detail, language))
        case _:
            assert_never(detail)


def calendar_words(key: str, language: str, **values: object) -> str:
    """Return a text of calendar entries, with its values filled in."""
    return LANGUAGES[language].calendar[key].format(**values)


def requests_to_stop(language: str) -> tuple[str, ...]:
    """Return subjects of a mail that asks to end the reminders; the later ones are shorter in ASCII."""
    return LANGUAGES[language].stop
