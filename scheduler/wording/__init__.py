"""Words a person reads: dates, times, counts, statuses.

Everything that differs between languages is data in one `Language`; another language is one
more table. Days come in, text goes out; nothing here knows what day it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time

from scheduler.plan.dates.date_forms import Before, By, DateForm, DayCount, On, Undated, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.wording.english import ENGLISH
from scheduler.wording.language import Language
from scheduler.wording.vietnamese import VIETNAMESE

_LANGUAGES: Mapping[str, Language] = {"vi": VIETNAMESE, "en": ENGLISH}
_TARGET = re.compile(r"(>=|<=|=)? ?(\d+%?)(?:\.\.(\d+%?))?")  # as plans write them
_REASONS = {pattern: None for language in _LANGUAGES.values() for pattern in language.reasons}  # in order
_STEP = re.compile(r"(\d+)(d|wd)")


def languages() -> tuple[str, ...]:
    """Return the languages there are words for."""
    return tuple(_LANGUAGES)


# ---------------------------------------------------------------- days and times


def _of(language: str, pattern: str, day: date) -> str:
    months = _LANGUAGES[language].months
    return pattern.format(d=day.day, dd=f"{day.day:02}", m=months[day.month - 1], yyyy=f"{day.year:04}")


def format_date(day: date, language: str) -> str:
    """Return a day in figures: 09/8/2023, 05/02/2023, 10/8/2023."""
    return _of(language, _LANGUAGES[language].numeric, day)


def format_day(day: date, language: str) -> str:
    """Return a day in figures with the word for it: "ngày 09/8/2023"."""
    return _LANGUAGES[language].day.format(date=format_date(day, language))


def format_in_words(day: date, language: str) -> str:
    """Return a day in words: "ngày 09 tháng 8 năm 2023"."""
    return _of(language, _LANGUAGES[language].in_words, day)


def format_with_weekday(day: date, language: str) -> str:
    """Return a day with its weekday: "thứ Tư, ngày 09/8/2023"."""
    words = _LANGUAGES[language]
    return words.with_weekday.format(weekday=words.weekdays[day.weekday()], day=format_day(day, language))


def format_clock(clock: time | datetime, language: str) -> str:
    """Return a time of day: "17 giờ 00"."""
    return _LANGUAGES[language].clock.format(hour=clock.hour, minute=clock.minute)


def format_moment(local: datetime, language: str) -> str:
    """Return a local time with its day: "17 giờ 00 ngày 09/8/2023"."""
    pattern = _LANGUAGES[language].moment
    return pattern.format(clock=format_clock(local, language), day=format_day(local.date(), language))


def month_name(day: date, language: str) -> str:
    """Return the name of a day's month: "6", "June"."""
    return _LANGUAGES[language].months[day.month - 1]


def format_stamp(local: datetime, language: str) -> str:
    """Return a local time with its day as tables have it: "09/8/2023 17:00"."""
    pattern = _LANGUAGES[language].stamp
    return pattern.format(date=format_date(local.date(), language), hour=local.hour, minute=local.minute)


def format_event(event: On, language: str, *, weekday: bool = True) -> str:
    """Return when an event is: "08 giờ 00, thứ Năm, ngày 08/6/2023" or "từ ... đến ..."."""
    words = _LANGUAGES[language]
    day = format_with_weekday if weekday else format_day
    first = day(event.first, language)
    if event.clock is not None:
        first = words.event_moment.format(clock=format_clock(event.clock, language), day=first)
    if event.first == event.last:
        return first
    return words.span.format(first=first, last=day(event.last, language))


def format_days(first: date, last: date, language: str) -> str:
    """Return a span of days: "từ ngày 01/6/2023 đến ngày 10/6/2023", or the one day."""
    return format_event(On(first, last), language, weekday=False)


# ---------------------------------------------------------------- deadlines


def format_deadline(day: date, language: str, *, inclusive: bool, clock: time | None = None) -> str:
    """Return a deadline in the plan's own way: "trước ngày 10/8/2023", "chậm nhất ngày 10/8/2023"."""
    words = _LANGUAGES[language]
    when = format_day(day, language)
    if clock is not None:
        when = words.moment.format(clock=format_clock(clock, language), day=when)
    return (words.by if inclusive else words.before).format(when=when)


def format_due(due: DueDate, language: str) -> str:
    """Return a derived deadline in the plan's own way."""
    return format_deadline(due.named, language, inclusive=due.inclusive, clock=due.clock)


def format_latest(day: date, language: str) -> str:
    """Return the last day to send: "chậm nhất hết thứ Tư, ngày 09/8/2023"."""
    return _LANGUAGES[language].latest.format(day=format_with_weekday(day, language))


def format_aim(due: DueDate, language: str, *, to_send: bool = True) -> str:
    """Return the literal deadline, then in brackets the day by which to send (or finish) it.

    Where both say the same ("chậm nhất" a working day, or a clock time on one) it is said once.
    """
    words = _LANGUAGES[language]
    literal, latest = format_due(due, language), format_latest(due.target, language)
    if due.named == due.target:
        return literal if due.clock is not None else latest
    return (words.aim_to_send if to_send else words.aim_to_finish).format(literal=literal, latest=latest)


def format_form(form: DateForm, language: str) -> str:
    """Return a date as the plan gives it; a window or an undated duty in the plan's own words.

    A recurring or relative date names no day of its own and gives an empty text.
    """
    match form:
        case Before(day, clock):
            return format_deadline(day, language, inclusive=False, clock=clock)
        case By(day, clock):
            return format_deadline(day, language, inclusive=True, clock=clock)
        case On():
            return format_event(form, language, weekday=False)
        case Window(first, last, words):
            return words or format_days(first, last, language)
        case Undated(words):
            return words
        case _:
            return ""


def format_days_left(days: int, language: str) -> str:
    """Return how long there is: "Còn 05 ngày", "Đến hạn hôm nay", "Quá hạn 03 ngày"."""
    words = _LANGUAGES[language]
    if days == 0:
        return words.today
    one, many = words.days_left if days > 0 else words.days_over
    return format_quantity(abs(days), language, one=one, many=many)


def bare_window(words: str, language: str) -> str:
    """Return the words of a window without "Dự kiến" before them, for where that is said anyway."""
    return re.sub(_LANGUAGES[language].probably, "", words, flags=re.IGNORECASE)


# ---------------------------------------------------------------- counts, lists, names


def format_count(count: int, language: str) -> str:
    """Return a count, below ten with a leading zero where the language writes one: "00", "01", "09", "10"."""
    return str(count).zfill(_LANGUAGES[language].count_digits)


def format_quantity(count: int, language: str, *, one: str, many: str) -> str:
    """Return a count with what is counted, by the pattern for one or that for more (and for none)."""
    return (one if count == 1 else many).format(count=format_count(count, language))


def format_size(size: int, language: str) -> str:
    """Return the size of a file: "12 KB", "3,4 MB" in figures as the language writes them."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} KB"
    return f"{size / 1_000_000:.1f} MB".replace(".", _LANGUAGES[language].decimal)


def format_step(step: DayCount, language: str) -> str:
    """Return a span of days: "14 ngày", "03 ngày làm việc"."""
    one, many = _LANGUAGES[language].units[step.unit]
    return format_quantity(step.count, language, one=one, many=many)


def join_list(items: Sequence[str], language: str) -> str:
    """Return a list as words: "a", "a và b", "a, b và c"; where a comma stands in a name, "a, x; b"."""
    if len(items) < 2:
        return "".join(items)
    if any("," in item for item in items):
        return "; ".join(items)
    return ", ".join(items[:-1]) + _LANGUAGES[language].last_join + items[-1]


def status_label(code: str, language: str, *, short: bool = False) -> str:
    """Return the label of a status code; a code without one stands for itself."""
    return _LANGUAGES[language].labels.get(code, (code, code))[short]


def channel_name(channel: str, language: str) -> str:
    """Return the name of a channel: "bản giấy", "bản mềm"."""
    return _LANGUAGES[language].channels.get(channel, channel)


def format_target(target: str, language: str) -> str:
    """Return what a plan wants to reach: ">= 1" is "ít nhất 01", "30%..50%" is "từ 30% đến 50%"."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return target
    sign, low, high = found.groups()
    if not sign and not high and low.endswith("%"):
        return low
    low, high = (part if not part or part.endswith("%") else format_count(int(part), language) for part in (low, high))
    return _LANGUAGES[language].targets[".." if high else sign or ">="].format(low=low, high=high)


def fact_name(kind: str, language: str) -> str:
    """Return what a fact was: "Gia hạn", "Chốt ngày"."""
    return _LANGUAGES[language].facts.get(kind, kind)


def rung_name(rung: str, language: str) -> str:
    """Return a rung's name in words: `before:3wd` is "nhắc trước hạn 03 ngày làm việc"."""
    words = _LANGUAGES[language]
    kind, _, rest = rung.partition(":")
    pattern = words.rungs.get(rung) or words.rungs.get(kind)
    if pattern is None:
        return rung
    step = _STEP.fullmatch(rest)
    if step:
        unit = DayCount(int(step[1]), "days" if step[2] == "d" else "working days")
        return pattern.format(step=format_step(unit, language))
    if rest.isdecimal():
        return pattern.format(count=format_count(int(rest), language))
    return pattern


def calendar_words(key: str, language: str, **values: object) -> str:
    """Return words of a calendar entry."""
    return _LANGUAGES[language].calendar[key].format(**values)


def explain(reason: str, language: str, name: Callable[[str], str] = str) -> str:
    """Return in words what the record says of a step: why it is where it is, or why it ended so.

    `name` says what a party is called whose id is in it. The record is in English; there only the days,
    steps and names in it are put as a page has them.
    What a server or a person said, and what nobody has put into words, stays as it is.
    """
    whole = _explain(reason, language, name)
    if whole is not None:
        return whole
    return "; ".join(_explain(part, language, name) or part for part in reason.split("; "))


def _explain(reason: str, language: str, name_of: Callable[[str], str]) -> str | None:
    reasons = _LANGUAGES[language].reasons
    for pattern in _REASONS:
        if found := re.fullmatch(pattern, reason, re.DOTALL):
            said = {
                name: name_of(value) if name == "party" else _say(name, value, language)
                for name, value in found.groupdict().items()
            }
            return (reasons[pattern] if reasons else _blank(found)).format(**said)
    return None


def _blank(found: re.Match[str]) -> str:
    """Return a text that was found with a blank in the place of each named part."""
    text, end = "", 0
    for name, number in sorted(found.re.groupindex.items(), key=lambda item: item[1]):
        text += _escape(found.string[end : found.start(number)]) + "{" + name + "}"
        end = found.end(number)
    return text + _escape(found.string[end:])


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _say(name: str, value: str, language: str) -> str:
    match name:
        case "day" | "day2":
            return format_day(date.fromisoformat(value), language)
        case "step":
            count, _, unit = value.partition(" ")
            return format_step(DayCount(int(count), "working days" if "working" in unit else "days"), language)
        case "rung":
            return rung_name(value, language)
        case "fact":
            return fact_name(value, language)
        case "way":
            return channel_name(value, language)
        case _:
            return value
