"""Every sentence that the program records as a reason: why a step is where it is, or what became of it or its mail.

The record is in English; `wording.explain` puts each sentence into the language of its reader. A `Reason` is made
here and nowhere else, so a sentence that is not declared fails the type check.
"""

from __future__ import annotations

from datetime import date
from typing import NewType

from scheduler.plan.dates.date_forms import DayCount
from scheduler.plan.facts import FactKind
from scheduler.plan.model import Channel

Reason = NewType("Reason", str)
DayAfter = NewType("DayAfter", str)  # a day that steps lie before, in words
DayBefore = NewType("DayBefore", str)  # a day that steps lie after, in words

NONE = Reason("")


def quote(words: str) -> Reason:
    """Return what a server or a template's error says, word for word."""
    return Reason(words)


# ---------------------------------------------------------------- how the day of a step was found

TARGET_DAY = DayAfter("the target day")
FIRST_DAY = DayAfter("the first day")
LAST_DAY_IN_TIME = DayBefore("the last day in time")
FIRST_NOTICE = DayBefore("the first notice")
NOTICE_BEFORE = DayBefore("the notice before")
WINDOW_OPENS = DayAfter("when the window opens")

NAMED_DAY = Reason("the day that the plan names")
NEXT_OPENING = Reason("the next opening after the date was fixed")


def window_begins(words: str) -> DayAfter:
    """Return the first day of a window that the plan describes in words."""
    return DayAfter(f"when {words} begins")


def counted_back(step: DayCount, day: date, anchor: DayAfter) -> Reason:
    """Return that a step lies so long before a day."""
    return Reason(f"{step} before {day}, {anchor}")


def counted_on(step: DayCount, day: date, anchor: DayBefore | None = None) -> Reason:
    """Return that a step lies so long after a day."""
    return Reason(f"{step} after {day}" + (f", {anchor}" if anchor else ""))


def last_working_day(last: date) -> Reason:
    """Return that a step is on the last working day that is surely in time."""
    return Reason(f"the last working day on or before {last}, the last day surely in time")


def passed_undecided(day: date) -> Reason:
    """Return that a step follows a day on which nothing was decided."""
    return Reason(f"the first working day after {day}, which passed undecided")


def moved_off(note: Reason, nominal: date) -> Reason:
    """Return a note with the day off that the step was moved from."""
    return Reason(f"{note}; moved from {nominal}, a day off")


def moved_on(note: Reason, nominal: date) -> Reason:
    """Return a note with the day that the step would be on if every day counted."""
    return Reason(f"{note}; moved from {nominal}: days on which we could not reach anybody do not count")


# ---------------------------------------------------------------- why a step never leaves

CHOSEN = Reason("the parties were chosen")
PARTY_BOUNCES = Reason("every address of the party bounces; put its contacts right first")
CHANGE_SAYS_IT = Reason("the notice of the change says it")
DATE_OPEN = Reason("the date is open again")
NO_SUCH_STEP = Reason("the plan no longer has this step")


def already_late(day: date) -> Reason:
    """Return that the day of a step is late already."""
    return Reason(f"{day} is already late")


def day_off(day: date) -> Reason:
    """Return that a day is a day off."""
    return Reason(f"{day} is a day off")


def same_day(rung: str) -> Reason:
    """Return that another step falls on the same instant."""
    return Reason(f"same day as {rung}")


_LATE = "came late"


def came_late(rung: str) -> Reason:
    """Return that a newer step has come due meanwhile."""
    return Reason(f"{_LATE}; {rung} is newer")


def says_late(text: str) -> bool:
    """Return whether a reason in the record is one of `came_late`."""
    return text.startswith(f"{_LATE};")


def days_late(number: int) -> Reason:
    """Return that a step is more working days late than any may be."""
    return Reason(f"{number} working days late")


def closed(kind: FactKind, day: date, channel: Channel | None, words: str) -> Reason:
    """Return which fact closed the obligation, with its channel or else its reason."""
    extra = channel or words
    return Reason(f"{kind} {day}" + (f" ({extra})" if extra else ""))


def said_sent(day: date, channel: Channel | None) -> Reason:
    """Return that the party says it has sent what is owed."""
    return Reason(f"the party says it was sent on {day}" + (f" ({channel})" if channel else ""))


def date_fixed(day: date) -> Reason:
    """Return that a date was fixed."""
    return Reason(f"the date was fixed: {day}")


def date_moved(day: date) -> Reason:
    """Return that a date was moved."""
    return Reason(f"the date moved to {day}")


def window_moved(day: date) -> Reason:
    """Return that a window was moved."""
    return Reason(f"the window moved to {day}")


def not_in_plan(milestone: str) -> Reason:
    """Return that the plan was edited and a milestone is gone."""
    return Reason(f"{milestone} is no longer in the plan")


def no_part(party: str, milestone: str) -> Reason:
    """Return that a party has nothing to do with a milestone any more."""
    return Reason(f"{party} no longer has a part in {milestone}")


def no_notice(party: str) -> Reason:
    """Return that a party is not reported, because nothing was sent to it."""
    return Reason(f"no notice to {party} has left")


def nobody_above(party: str) -> Reason:
    """Return that there is nobody to whom a party could be reported."""
    return Reason(f"nobody stands above {party} in the roster")


def every_address_bounces(party: str) -> Reason:
    """Return that a party cannot be reached."""
    return Reason(f"every address of {party} bounces")


def no_contact(party: str) -> Reason:
    """Return that a party has no contact to write to."""
    return Reason(f"{party} has no contact")


# ---------------------------------------------------------------- what became of a mail

TOO_OLD = Reason("too old to deliver: the next step is due or two working days are gone")
FOUND_IN_SENT_FOLDER = Reason("no answer came, but the mail was found in the sent folder")
LATER_RECEIPT = Reason("a later receipt lists everything")
LATER_DECISION = Reason("a later decision replaced it")
FACT_WITHDRAWN = Reason("the fact it was about was withdrawn")


def unanswered_twice(words: str) -> Reason:
    """Return that a mail was handed over twice, with what came instead of an answer."""
    return Reason(f"handed over twice, no answer either time: {words}")


def given_up(number: int, words: str) -> Reason:
    """Return that a mail was tried for so many days, with the server's last words."""
    return Reason(f"given up after {number} days: {words}")


# ---------------------------------------------------------------- what is odd about a fact that is recorded

NOT_REMINDED = Reason("it lies in the past: nobody is reminded of it")


def late(day: date) -> Reason:
    """Return that a submission is late, with the day it was due."""
    return Reason(f"late: the date was {day}")


def asked_before(day: date) -> Reason:
    """Return that an event takes place after the last day in time."""
    return Reason(f"the plan asks for it before: the last day in time is {day}")


def outside_window(day: date, day2: date) -> Reason:
    """Return that a date lies outside the window of the plan."""
    return Reason(f"it lies outside what the plan foresees: {day} to {day2}")


def past_when_chosen(milestone: str, party: str) -> Reason:
    """Return that a party was chosen after the last day of what it owes."""
    what = "was past its last day already: nobody is reminded until `start` says whether it is open"
    return Reason(f"{milestone} of {party} {what}")
