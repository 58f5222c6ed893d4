"""The variables and filters of mail templates: the fields of a message and values derived from them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache, partial
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar, assert_never, get_args

from jinja2.utils import urlize
from markupsafe import Markup, escape

from scheduler import wording
from scheduler.plan.dates.date_forms import Before, By, Relative, bracketed
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, local_day
from scheduler.plan.ladders.steps import ASKED, RungName
from scheduler.plan.messages.destinations import (
    find_destination,
    names_to_send_to,
    office_receives,
    parties_of,
    ways_to_send,
    whom_to_ask,
)
from scheduler.plan.messages.message import Message, MessageOfMilestone
from scheduler.plan.model import Milestone, Party, Plan
from scheduler.plan.obligations import EventDate, NoDate, ObligationDate, WindowDate

_T = TypeVar("_T")
# What a template sees under the name of a field that the kind of its message does not have.
_ABSENT: Mapping[str, Any] = {
    "rung": None,
    "earlier": None,
    "milestone": None,
    "occurrence": "",
    "due": None,
    "was": None,
    "event": None,
    "place": "",
    "place_was": "",
    "window": None,
    "missing": (),
    "missing_channels": (),
    "to_invite": (),
    "invitation": None,
    "received": (),
    "returned": None,
    "waits_for": (),
    "roll": None,
    "group": None,
    "candidates": (),
    "fact": None,
    "withdrawn": None,
    "is_owed": True,
    "outage": None,
    "digest": None,
    "entries": (),
    "link": "",
    "link_until": None,
}
_OWN_FIELDS = {cls.kind: tuple(_ABSENT.keys() & {f.name for f in fields(cls)}) for cls in get_args(Message)}
_DERIVED = (
    "language",
    "organisation",
    "office",
    "now",
    "today",
    "recipients",
    "send_to",
    "office_receives",
    "destination",
    "ways",
    "ask",
    "to_send",
    "organisers",
    "attendees",
    "duties",
    "stage",
    "step",
    "next_workday",
    "moved",
    "about",
    "who",
)
_SHARED = ("kind", "plan", "party", "to", "page", "gap")
VARIABLES = frozenset((*_SHARED, *_ABSENT, *_DERIVED, "text"))  # `text`: the rendered text, only in HTML templates
TESTS: Mapping[str, Callable[..., bool]] = {"relative": lambda form: isinstance(form, Relative)}


def describe(message: Message, organisation: str) -> dict[str, Any]:
    """Return the variables of a template: the fields of the message, and these.

    * `language`: the language of the message
    * `now`, `today`, `next_workday`: local to the plan
    * `organisation`: the display name of the sender; `office`: the office of the plan
    * `recipients`: the parties that get the documents
    * `send_to`: their names, or the name in the milestone's own `submit_to`
    * `destination`: the office that collects the documents, or None if the plan does not describe it
    * `ways`: the channels by which to send, with their addresses
    * `ask`: the office to ask
    * `to_send`: whether there is something to send, not only to do
    * `office_receives`: whether it is sent to the office that signs the mail
    * `organisers`, `attendees`: the parties that organise an event and those that take part
    * `stage`: how near the target day is
    * `step`: the number of an overdue notice: how many came before it, and 1; else that in the rung's name, or 0
    * `duties`: the milestones that a group to be chosen will be responsible for
    * `moved`: the date in the plan, if another one is in force
    * `about`: the party that the fact is about
    * `who`: the name that somebody typed on the party's page with a statement
    """
    own = _own_variables(message)
    plan, milestone, group, fact = message.plan, own["milestone"], own["group"], own["fact"]
    return {
        **own,
        **describe_submission(plan, milestone, message.party, own["due"], message.now),
        "language": message.language,
        "organisation": organisation,
        "duties": tuple(m for m in plan.milestones if group and group.id in m.responsible),
        "step": _step(own["rung"]) if own["earlier"] is None else own["earlier"] + 1,
        "about": plan.parties.get(fact.party or "") if fact else None,
        "who": fact.by.name if fact is not None and fact.by.role == "party" else "",
    }


def describe_submission(
    plan: Plan, milestone: Milestone | None, party: Party, due: DueDate | None, now: datetime
) -> dict[str, Any]:
    """Return the variables that say where a party sends its documents, and how much time there is."""
    common = _common(_Same(plan), _Same(milestone), due, now)
    recipients: Sequence[Party] = common["recipients"]
    ours = office_receives(plan, party.id, recipients)
    destination = find_destination(plan, milestone, ours=ours or not recipients)
    return {
        **common,
        "office_receives": ours,
        "destination": destination,
        "ways": ways_to_send(milestone, destination),
        "ask": whom_to_ask(plan.office, destination),
    }


def _own_variables(message: Message) -> dict[str, Any]:
    """Return the fields of a message, with values for those that only other kinds have."""
    values = {name: getattr(message, name) for name in (*_SHARED, *_OWN_FIELDS[message.kind])}
    if isinstance(message, MessageOfMilestone):
        values |= _days_of(message.when)
    return {**_ABSENT, **values}


def _days_of(when: ObligationDate) -> Mapping[str, Any]:
    match when:
        case DueDate():
            return {"due": when}
        case EventDate(event, place):
            return {"event": event, "place": place}
        case WindowDate(window):
            return {"window": window}
        case NoDate():
            return {}
        case _:
            assert_never(when)


class _Same(Generic[_T]):
    """Wrapper that compares by identity, as a cache key: a plan is large and not hashable, but it is one object."""

    __slots__ = ("value",)

    def __init__(self, value: _T) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


@lru_cache(maxsize=16)
def _common(
    plan_: _Same[Plan], milestone_: _Same[Milestone | None], due: DueDate | None, written_at: datetime
) -> Mapping[str, Any]:
    """Return the variables that all messages about one milestone at one instant share."""
    plan, milestone = plan_.value, milestone_.value
    now = written_at.astimezone(plan.zone)
    recipients = parties_of(plan, milestone.report_to) if milestone else ()
    return {
        "office": plan.office,
        "now": now,
        "today": now.date(),
        "recipients": recipients,
        "send_to": names_to_send_to(milestone, recipients) if milestone else (),
        "to_send": bool(milestone and (recipients or milestone.deliverables)),
        "organisers": parties_of(plan, milestone.organiser) if milestone else (),
        "attendees": parties_of(plan, (*milestone.attendees, *milestone.guests)) if milestone else (),
        "stage": _stage(plan, due, written_at) if due else "",
        "next_workday": plan.workdays.on_or_after(now.date() + ONE_DAY),
        "moved": _moved(milestone, due),
    }


def _stage(plan: Plan, due: DueDate, now: datetime) -> str:
    """Return how near the target day is, seen from the local day of `now`.

    Before the target day it is `ahead`, or `tomorrow` or `next-workday` if only that day is left; on it `last`.
    After it, it is `named` on the named day, else `past-target`. Once something sent now is late, it is `late`.
    """
    today, workdays = local_day(now, plan.zone), plan.workdays
    if due.is_late(now):
        return "late"
    if today >= due.target:
        return "last" if today == due.target else "named" if today == due.named else "past-target"
    if workdays.count_after(today, due.target) > 1:
        return "ahead"
    return "tomorrow" if (due.target - today).days == 1 else "next-workday"


def _moved(milestone: Milestone | None, due: DueDate | None) -> Before | By | None:
    form = milestone.form if milestone else None
    return form if due and isinstance(form, Before | By) and form.day != due.named else None


def _step(rung: str | None) -> int:
    label, detail = RungName.of(rung or "")
    return detail if isinstance(detail, int) and label not in ASKED else 0


# ---------------------------------------------------------------- filters


def filters(language: str) -> Mapping[str, Callable[..., Any]]:
    """Return the filters for templates in a language."""
    return {
        "date": partial(_in, wording.format_date, language),
        "day": partial(_in, wording.format_day, language),
        "in_words": partial(_in, wording.format_in_words, language),
        "weekday": partial(_in, wording.format_with_weekday, language),
        "clock": partial(_in, wording.format_clock, language),
        "moment": partial(_in, wording.format_moment, language),
        "event": partial(_in, wording.format_event, language),
        "deadline": lru_cache(partial(_in, wording.format_due, language)),  # many mails share the same date
        "aim": lru_cache(partial(_in, wording.format_aim, language)),
        "latest": partial(_in, wording.format_latest, language),
        "form": partial(_in, wording.format_form, language),
        "undated": partial(_in, wording.format_undated, language),
        "bracketed": bracketed,
        "bare": partial(_in, wording.bare_window, language),
        "days": lambda window: wording.format_days(window.first, window.last, language),
        "size": partial(_in, wording.format_size, language),
        "number": partial(_in, wording.format_count, language),
        "counted": lambda count, one, many: wording.format_quantity(
            count, language, one="{count} " + one, many="{count} " + many
        ),
        "listed": partial(_in, wording.join_list, language),
        "status": partial(_in, wording.status_label, language),
        "is_person": lambda name: wording.names_person(name, language),
        "fact": partial(_in, wording.fact_name, language),
        "attendance": partial(_in, wording.attendance_label, language),
        "reply": partial(_in, wording.reply_label, language),
        "channel": partial(_in, wording.channel_name, language),
        "rung": partial(_in, wording.rung_name, language),
        "decapitalise": lambda text: text[:1].lower() + text[1:],
        "opening_verb": split_verb,
        "cell": lambda text: str(text).replace("|", "/"),
        "blocks": blocks,
        "linked": link_addresses,
    }


def _in(function: Callable[..., str], language: str, value: Any, **options: Any) -> str:
    return function(value, language, **options)


def split_verb(title: str, *verbs: str) -> tuple[str, str]:
    """Return the one of `verbs` with which a title begins, or "", and the rest: "gửi", "báo cáo năm"."""
    for verb in verbs:
        if title.lower().startswith(f"{verb} "):
            return verb, title[len(verb) + 1 :]
    return "", title


def link_addresses(line: str) -> Markup:
    """Return a line as HTML, escaped, with its URLs as links."""
    return Markup(urlize(line)) if "://" in line else escape(line)  # noqa: S704 - urlize escapes


class Block(NamedTuple):
    """Consecutive lines of one kind: `p`, `ul`, `ol` or `table`; the lines of a table are lists of cells."""

    kind: str
    lines: Sequence[Any]


def blocks(text: str) -> list[Block]:
    """Return a plain text as blocks, so that the HTML part has exactly the words of the text part.

    A line that begins with "- " or "1. " is a list item, one that begins with "| " is a table row;
    an empty line ends a block.
    """
    found = []
    for kind, run in groupby(text.splitlines(), _kind_of_line):
        lines = list(run)
        if kind == "table":
            found.append(Block(kind, [_cells(line) for line in lines]))
        elif kind:
            found.append(Block(kind, lines if kind == "p" else [line.partition(" ")[2] for line in lines]))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def _kind_of_line(line: str) -> str:
    mark = line.partition(" ")[0]
    if mark == "-":
        return "ul"
    if mark == "|":
        return "table"
    if mark.endswith(".") and mark[:-1].isdecimal():
        return "ol"
    return "p" if mark or line.strip() else ""
