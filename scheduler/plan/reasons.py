"""Every reason that the program records: why a step is where it is, or what became of it or its mail.

A reason is a code with parameters. `str` gives it in English, as the log and listings print it; `wording.explain` gives
it in the language of a reader.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from string import Formatter
from typing import Literal, NamedTuple, TypeAlias

from scheduler import texts
from scheduler.plan.dates.date_forms import DayCount
from scheduler.plan.facts import FactKind
from scheduler.plan.model import Channel
from scheduler.texts import Text

# By code: the English words. The names of the fields say how each language formats them, see `Language.reasons`.
ENGLISH: Mapping[str, str] = {
    "none": "",
    "quote": "{words}",
    # how the day of a step was found
    "target_day": "the target day",
    "first_day": "the first day",
    "window_opens": "when the window opens",
    "window_begins": "when {words} begins",
    "last_day_in_time": "the last day in time",
    "first_notice": "the first notice",
    "notice_before": "the notice before",
    "correction": "our correction",
    "counted_back": "{step} before {day}, {anchor}",
    "counted_on": "{step} after {day}, {anchor}",
    "counted_on_plainly": "{step} after {day}",
    "named_day": "the day that the plan names",
    "next_opening": "the next opening after the date was fixed",
    "last_working_day": "the last working day on or before {day}, the last day surely in time",
    "passed_undecided": "the first working day after {day}, which passed undecided",
    "moved_off": "{note}; moved from {day}, a day off",
    "moved_on": "{note}; moved from {day}: days on which nobody was reminded do not count",
    "after_pause": "the first working day after the pause until {day}",
    "office_asks": "the office asked for it: {words}",
    # why a step never leaves
    "office_skips": "the office left it out: {words}",
    "office_pauses": "the office paused the reminders until {day}: {words}",
    "chosen": "the parties were chosen",
    "party_bounces": "every address of the party bounces; put its contacts right first",
    "change_says_it": "the notice of the change says it",
    "correction_says_it": "the correction says it",
    "date_open": "the date is open again",
    "no_such_step": "the plan no longer has this step",
    "already_late": "{day} is already late",
    "day_off": "{day} is a day off",
    "same_day": "same day as {rung}",
    "came_late": "came late; {rung} is newer",
    "days_late": "{number} working days late",
    "clock_put_right": "given up by a clock that was wrong, and alive again since it was put right",
    "closed": "{fact} {day}",
    "closed_by": "{fact} {day} ({way})",
    "closed_because": "{fact} {day} ({words})",
    "said_sent": "the party says it was sent on {day}",
    "came": "a mail or a file came on {day} and waits for a person",
    "said_sent_by": "the party says it was sent on {day} ({way})",
    "date_fixed": "the date was fixed: {day}",
    "date_moved": "the date moved to {day}",
    "window_moved": "the window moved to {day}",
    "not_in_plan": "{milestone} is no longer in the plan",
    "no_part": "{party} no longer has a part in {milestone}",
    "no_notice": "no notice to {party} has left",
    "nobody_above": "nobody stands above {party} in the roster",
    "lead_unreachable": "nobody of the lead can be written to",
    "every_address_bounces": "every address of {party} bounces",
    "no_contact": "{party} has no contact",
    # what became of a mail
    "too_old": "too old to deliver: the next step is due or two working days are gone",
    "found_in_sent_folder": "no answer came, but the mail was found in the sent folder",
    "later_receipt": "a later receipt lists everything",
    "later_decision": "a later decision replaced it",
    "fact_withdrawn": "the fact it was about was withdrawn",
    "answered": "it has been answered meanwhile",
    "plan_ended": "the plan has ended",
    "written_before": "it was written before",
    "paused": "{words} gets no mail at present",
    "no_contact_now": "{words} is no longer a contact of {party}",
    "unwritten": "it could not be written: {words}",
    "unanswered_twice": "handed over twice, no answer either time: {words}",
    "given_up": "given up after {number} days: {words}",
    # what is odd about a fact that is recorded
    "not_reminded": "it lies in the past: nobody is reminded of it",
    "asked_in_pause": "the reminders are paused until {day}; this one leaves all the same",
    "pause_past_due": "{day} lies within the pause: nobody is reminded before it",
    "still_overdue": "it lies in the past: what is still open stays overdue",
    "late": "late: the date was {day}",
    "asked_before": "the plan asks for it before: the last day in time is {day}",
    "place_left_out": "{words} is the place no longer: give it again if it stays",
    "invite_guests": "these guests get no mail, invite them yourselves: {words}",
    "outside_window": "it lies outside what the plan foresees: {day} to {day2}",
    "past_when_chosen": (
        "{milestone} of {party} was past its last day already: nobody is reminded until `start` says whether it is open"
    ),
    # what a received mail answers
    "sent_for": "it was sent to our address for “{words}”",
    "answers_ours": "it answers our mail about “{words}”",
    "subject_code": "the code in its subject stands for “{words}”",
    "names_task": "its words name “{words}”",
    # why a person has to look at a received mail
    "sender_unknown": "the sender is not a registered contact",
    "sender_unproven": "the mail server did not confirm the sender",
    "sender_of_several": "the sender is a contact of several organisations",
    "link_unknown": "it refers to a mail or code that is not ours or has expired",
    "links_disagree": "two signs in it point to different tasks",
    "link_of_other": "it answers a mail about a task of {party}",
    "several_fit": "it may answer more than one task",
    "none_fits": "it does not say which task it answers",
    "too_early": "“{words}” is not asked for yet",
    "nothing_owed": "nothing more is owed for “{words}”",
    "no_document": "there is no document in it",
    "documents_unclear": "its documents cannot be told apart",
    "file_says": "a document in it seems to be “{words}”",
    "says": "it says “{words}”",
    "forwarded": "it forwards a mail of somebody else",
    "names_other": "it names {words}",
    "other_year": "it names another year",
    "file_unkept": "a file in it is of a kind that is not kept: {words}",
    "file_encrypted": "a file in it is protected by a password",
    "file_winmail": "its files are in a form that only Outlook opens (winmail.dat)",
    "file_elsewhere": "it links to a file that is kept elsewhere",
    "mail_nested": "another mail is attached to it",
    "mail_partial": "it is only a part of a mail",
    "mail_too_deep": "it holds too many mails inside one another",
    "mail_broken": "it is damaged and could not be read in full",
    "mail_too_large": "it is too large to be fetched; it lies in the mailbox",
    "not_given": "the mail server could not give it: mail {number} in {words}",
    "not_recorded": "it could not be recorded: {words}",
    # a reply to an invitation
    "reply_of_other": "it replies in the name of {words}",
    "reply_unclear": "it does not say whether anybody comes",
    "reply_to_other_days": "it replies to an invitation that holds no longer",
    "reply_no_deputy": "it sends a deputy, and the plan lets nobody come instead",
    "reply_older": "a later reply of the same person is known",
    "reply_to_nothing": "it replies to no invitation of ours to a party of the sender",
    # what else became of a received mail
    "came_before": "it had come before, as {words}",
    "not_our_mail": "it is about no mail of ours",
    "address_dead": "{words} takes no mail",
    "address_refused": "{words} took no mail this time; the second time within a week counts",
    "mail_delayed": "the mail to {words} has not arrived yet",
    "dismissed": "put aside: {words}",
}


class Reason(NamedTuple):
    """A reason: its code, and its parameters in the order in which the English words name them."""

    code: str
    values: tuple[Value, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is a reason."""
        return self.code != "none"

    def __str__(self) -> str:
        """Return the reason in English; days are ISO dates."""
        return ENGLISH[self.code].format(**self.parameters)

    @property
    def parameters(self) -> dict[str, Value]:
        """Return the parameters by name."""
        return dict(zip(FIELDS[self.code], self.values, strict=True))


Value: TypeAlias = str | int | date | DayCount | Reason


def _fields(pattern: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in Formatter().parse(pattern) if name)


FIELDS: Mapping[str, tuple[str, ...]] = {code: _fields(pattern) for code, pattern in ENGLISH.items()}


def quote(words: str) -> Reason:
    """Return what a server or a template's error says, word for word."""
    return Reason("quote", (words,)) if words else NONE


# ---------------------------------------------------------------- in the record


def encode(reason: Reason) -> str:
    """Return a reason as the record keeps it: quoted words as they are, else code and parameters as a JSON list."""
    if any(isinstance(value, Text) for value in reason.values):  # equal to the string of the same words
        return _encode.__wrapped__(reason)
    return _encode(reason)


@lru_cache(maxsize=4096)
def _encode(reason: Reason) -> str:
    [words] = reason.values if reason.code == "quote" else [""]
    if not reason or (words and not isinstance(words, Text) and not str(words).startswith("[")):
        return str(words)
    return json.dumps(_to_data(reason), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def decode(text: str) -> Reason:
    """Return the reason that `encode` wrote; any other text, also a sentence of an older version, is quoted."""
    try:
        data = json.loads(text) if text.startswith("[") else None
        return quote(text) if data is None else _from_data(data)
    except (ValueError, KeyError, TypeError):
        return quote(text)


def _to_data(reason: Reason) -> list[object]:
    return [reason.code, *(_plain(value) for value in reason.values)]


def _plain(value: Value) -> object:
    if isinstance(value, Reason):
        return _to_data(value)
    if isinstance(value, DayCount):
        return [value.count, value.unit]
    if isinstance(value, str):
        return texts.encode(value)
    return value.isoformat() if isinstance(value, date) else value


def _from_data(data: list[object]) -> Reason:
    code, *values = data
    fields = FIELDS[str(code)]
    return Reason(str(code), tuple(_READ.get(name, _same)(value) for name, value in zip(fields, values, strict=True)))


def _same(value: object) -> Value:
    return value if isinstance(value, int) else texts.decode(str(value))


_READ: Mapping[str, Callable[..., Value]] = {  # by the name of a parameter
    "day": date.fromisoformat,
    "day2": date.fromisoformat,
    "step": lambda value: DayCount(*value),
    "anchor": _from_data,
    "note": _from_data,
}

# ---------------------------------------------------------------- how the day of a step was found

NONE = Reason("none")
TARGET_DAY = Reason("target_day")  # steps lie before it
FIRST_DAY = Reason("first_day")
WINDOW_OPENS = Reason("window_opens")
LAST_DAY_IN_TIME = Reason("last_day_in_time")  # steps lie after it
FIRST_NOTICE = Reason("first_notice")
NOTICE_BEFORE = Reason("notice_before")
CORRECTION = Reason("correction")  # of a letter that named another date
NAMED_DAY = Reason("named_day")
NEXT_OPENING = Reason("next_opening")


def window_begins(words: str) -> Reason:
    """Return the first day of a window that the plan describes in words."""
    return Reason("window_begins", (words,))


def counted_back(step: DayCount, day: date, anchor: Reason) -> Reason:
    """Return that a step lies so long before a day."""
    return Reason("counted_back", (step, day, anchor))


def counted_on(step: DayCount, day: date, anchor: Reason | None = None) -> Reason:
    """Return that a step lies so long after a day."""
    return Reason("counted_on", (step, day, anchor)) if anchor else Reason("counted_on_plainly", (step, day))


def last_working_day(last: date) -> Reason:
    """Return that a step is on the last working day that is surely in time."""
    return Reason("last_working_day", (last,))


def passed_undecided(day: date) -> Reason:
    """Return that a step follows a day on which nothing was decided."""
    return Reason("passed_undecided", (day,))


def moved_off(note: Reason, nominal: date) -> Reason:
    """Return a note with the day off that the step was moved from."""
    return Reason("moved_off", (note, nominal))


def moved_on(note: Reason, nominal: date) -> Reason:
    """Return a note with the day that the step would be on if every day counted."""
    return Reason("moved_on", (note, nominal))


def after_pause(day: date) -> Reason:
    """Return that a reminder follows the last day of a pause."""
    return Reason("after_pause", (day,))


def office_asks(words: str) -> Reason:
    """Return that somebody asked for a reminder, and why."""
    return Reason("office_asks", (words,))


# ---------------------------------------------------------------- why a step never leaves


def office_skips(words: str) -> Reason:
    """Return why somebody wanted a step not to leave."""
    return Reason("office_skips", (words,))


def office_pauses(day: date, words: str) -> Reason:
    """Return until when somebody paused the reminders, and why."""
    return Reason("office_pauses", (day, words))


CHOSEN = Reason("chosen")
PARTY_BOUNCES = Reason("party_bounces")
CHANGE_SAYS_IT = Reason("change_says_it")
CORRECTION_SAYS_IT = Reason("correction_says_it")
DATE_OPEN = Reason("date_open")
NO_SUCH_STEP = Reason("no_such_step")


def already_late(day: date) -> Reason:
    """Return that the day of a step is late already."""
    return Reason("already_late", (day,))


def day_off(day: date) -> Reason:
    """Return that a day is a day off."""
    return Reason("day_off", (day,))


def same_day(rung: str) -> Reason:
    """Return that another step falls on the same instant."""
    return Reason("same_day", (rung,))


def came_late(rung: str) -> Reason:
    """Return that a newer step has come due meanwhile."""
    return Reason("came_late", (rung,))


def days_late(number: int) -> Reason:
    """Return that a step is more working days late than any may be."""
    return Reason("days_late", (number,))


def closed(kind: FactKind | Literal["called_off"], day: date, channel: Channel | None, words: str) -> Reason:
    """Return which fact closed the obligation, with its channel or else its reason."""
    if channel is not None:
        return Reason("closed_by", (kind, day, channel))
    return Reason("closed_because", (kind, day, words)) if words else Reason("closed", (kind, day))


def came(day: date) -> Reason:
    """Return that something came from a party on a day, and only a person can tell what it is."""
    return Reason("came", (day,))


def said_sent(day: date, channel: Channel | None) -> Reason:
    """Return that the party says it has sent what is owed."""
    return Reason("said_sent", (day,)) if channel is None else Reason("said_sent_by", (day, channel))


def date_fixed(day: date) -> Reason:
    """Return that a date was fixed."""
    return Reason("date_fixed", (day,))


def date_moved(day: date) -> Reason:
    """Return that a date was moved."""
    return Reason("date_moved", (day,))


def window_moved(day: date) -> Reason:
    """Return that a window was moved."""
    return Reason("window_moved", (day,))


def not_in_plan(milestone: str) -> Reason:
    """Return that the plan was edited and a milestone is gone."""
    return Reason("not_in_plan", (milestone,))


def no_part(party: str, milestone: str) -> Reason:
    """Return that a party has nothing to do with a milestone any more."""
    return Reason("no_part", (party, milestone))


def no_notice(party: str) -> Reason:
    """Return that a party is not reported, because nothing was sent to it."""
    return Reason("no_notice", (party,))


def nobody_above(party: str) -> Reason:
    """Return that there is nobody to whom a party could be reported."""
    return Reason("nobody_above", (party,))


LEAD_UNREACHABLE = Reason("lead_unreachable")


def every_address_bounces(party: str) -> Reason:
    """Return that a party cannot be reached."""
    return Reason("every_address_bounces", (party,))


def no_contact(party: str) -> Reason:
    """Return that a party has no contact to write to."""
    return Reason("no_contact", (party,))


CLOCK_PUT_RIGHT = Reason("clock_put_right")

# ---------------------------------------------------------------- what became of a mail

TOO_OLD = Reason("too_old")
FOUND_IN_SENT_FOLDER = Reason("found_in_sent_folder")
LATER_RECEIPT = Reason("later_receipt")
LATER_DECISION = Reason("later_decision")
FACT_WITHDRAWN = Reason("fact_withdrawn")
ANSWERED = Reason("answered")
PLAN_ENDED = Reason("plan_ended")
WRITTEN_BEFORE = Reason("written_before")


def no_contact_now(words: str, party: str) -> Reason:
    """Return that an address does not belong to a party any more."""
    return Reason("no_contact_now", (words, party))


def paused(words: str) -> Reason:
    """Return that somebody said that an address gets no mail for a while."""
    return Reason("paused", (words,))


def unwritten(words: str) -> Reason:
    """Return why a mail could not be written."""
    return Reason("unwritten", (words,))


def unanswered_twice(words: str) -> Reason:
    """Return that a mail was handed over twice, with what came instead of an answer."""
    return Reason("unanswered_twice", (words,))


def given_up(number: int, words: str) -> Reason:
    """Return that a mail was tried for so many days, with the server's last words."""
    return Reason("given_up", (number, words))


# ---------------------------------------------------------------- what is odd about a fact that is recorded

NOT_REMINDED = Reason("not_reminded")
STILL_OVERDUE = Reason("still_overdue")


def asked_in_pause(day: date) -> Reason:
    """Return the remark that a reminder is asked for while the reminders are paused until a day."""
    return Reason("asked_in_pause", (day,))


def pause_past_due(day: date) -> Reason:
    """Return that a deadline passes while the reminders of it are paused."""
    return Reason("pause_past_due", (day,))


def late(day: date) -> Reason:
    """Return that a submission is late, with the day it was due."""
    return Reason("late", (day,))


def asked_before(day: date) -> Reason:
    """Return that an event takes place after the last day in time."""
    return Reason("asked_before", (day,))


def outside_window(day: date, day2: date) -> Reason:
    """Return that a date lies outside the window of the plan."""
    return Reason("outside_window", (day, day2))


def place_left_out(words: str) -> Reason:
    """Return the remark that an event gets another date without the place that was given before."""
    return Reason("place_left_out", (words,))


def invite_guests(words: str) -> Reason:
    """Return the remark that an event has guests who get no mail."""
    return Reason("invite_guests", (words,))


def past_when_chosen(milestone: str, party: str) -> Reason:
    """Return that a party was chosen after the last day of what it owes."""
    return Reason("past_when_chosen", (milestone, party))


# ---------------------------------------------------------------- what a received mail answers

SIGNS = frozenset({"sent_for", "answers_ours", "subject_code", "names_task"})  # what tells which obligation it answers


def sent_for(words: str) -> Reason:
    """Return that a mail was sent to the address for one obligation, with its title."""
    return Reason("sent_for", (words,))


def answers_ours(words: str) -> Reason:
    """Return that a mail answers one of ours about an obligation, with its title."""
    return Reason("answers_ours", (words,))


def subject_code(words: str) -> Reason:
    """Return that the subject of a mail holds the token of an obligation, with its title."""
    return Reason("subject_code", (words,))


def names_task(words: str) -> Reason:
    """Return that the words of a mail name an obligation, with its title."""
    return Reason("names_task", (words,))


# ---------------------------------------------------------------- why a person has to look at a received mail

SENDER_UNKNOWN = Reason("sender_unknown")
SENDER_UNPROVEN = Reason("sender_unproven")
SENDER_OF_SEVERAL = Reason("sender_of_several")
LINK_UNKNOWN = Reason("link_unknown")
LINKS_DISAGREE = Reason("links_disagree")
SEVERAL_FIT = Reason("several_fit")
NONE_FITS = Reason("none_fits")
NO_DOCUMENT = Reason("no_document")
DOCUMENTS_UNCLEAR = Reason("documents_unclear")
FORWARDED = Reason("forwarded")
OTHER_YEAR = Reason("other_year")
FILE_ENCRYPTED = Reason("file_encrypted")
FILE_WINMAIL = Reason("file_winmail")
FILE_ELSEWHERE = Reason("file_elsewhere")
MAIL_NESTED = Reason("mail_nested")
MAIL_PARTIAL = Reason("mail_partial")
MAIL_TOO_DEEP = Reason("mail_too_deep")
MAIL_BROKEN = Reason("mail_broken")


def link_of_other(party: str) -> Reason:
    """Return that a mail answers one that another party got."""
    return Reason("link_of_other", (party,))


def too_early(words: str) -> Reason:
    """Return that an obligation is due only later, with its title."""
    return Reason("too_early", (words,))


def nothing_owed(words: str) -> Reason:
    """Return that an obligation is closed or complete, with its title."""
    return Reason("nothing_owed", (words,))


def file_says(words: str) -> Reason:
    """Return that a file seems to be a document that was not asked for, with its title."""
    return Reason("file_says", (words,))


def says(words: str) -> Reason:
    """Return the words of a mail by which it may not be the final document."""
    return Reason("says", (words,))


def names_other(words: str) -> Reason:
    """Return that a mail names another party."""
    return Reason("names_other", (words,))


def file_unkept(words: str) -> Reason:
    """Return that a file, with its name, is empty or of a kind that is not kept."""
    return Reason("file_unkept", (words,))


MAIL_TOO_LARGE = Reason("mail_too_large")


def not_given(number: int, words: str) -> Reason:
    """Return that a mail server could not give a mail, with its UID and its folder."""
    return Reason("not_given", (number, words))


def not_recorded(words: str) -> Reason:
    """Return why what a mail brings could not be recorded."""
    return Reason("not_recorded", (words,))


# ---------------------------------------------------------------- a reply to an invitation

REPLY_UNCLEAR = Reason("reply_unclear")
REPLY_TO_OTHER_DAYS = Reason("reply_to_other_days")
REPLY_NO_DEPUTY = Reason("reply_no_deputy")
REPLY_OLDER = Reason("reply_older")
REPLY_TO_NOTHING = Reason("reply_to_nothing")


def reply_of_other(words: str) -> Reason:
    """Return that a reply is in the name of another address than that of its sender."""
    return Reason("reply_of_other", (words,))


# ---------------------------------------------------------------- what else became of a received mail

NOT_OUR_MAIL = Reason("not_our_mail")


def came_before(words: str) -> Reason:
    """Return that the same mail had come before, with its name, such as i12."""
    return Reason("came_before", (words,))


def address_dead(words: str) -> Reason:
    """Return that an address takes no mail."""
    return Reason("address_dead", (words,))


def address_refused(words: str) -> Reason:
    """Return that an address took no mail, which may pass."""
    return Reason("address_refused", (words,))


def mail_delayed(words: str) -> Reason:
    """Return that a mail to an address is still on its way."""
    return Reason("mail_delayed", (words,))


def dismissed(words: str) -> Reason:
    """Return why a person put a mail aside."""
    return Reason("dismissed", (words,))
