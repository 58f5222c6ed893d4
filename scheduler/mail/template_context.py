"""The variables and filters of mail templates: the fields of a message and values derived from them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache, partial
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

from jinja2.utils import urlize
from markupsafe import Markup, escape

from scheduler import wording
from scheduler.plan.dates.date_forms import Before, By, Relative
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, local_day
from scheduler.plan.destinations import (
    find_destination,
    names_to_send_to,
    office_receives,
    parties_of,
    ways_to_send,
    whom_to_ask,
)
from scheduler.plan.ladder import RungName
from scheduler.plan.messages.message import Message
from scheduler.plan.model import Milestone, Party, Plan

_T = TypeVar("_T")
_MESSAGE_FIELDS = tuple(field.name for field in fields(Message) if field.name not in ("key", "now"))
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
VARIABLES = frozenset((*_MESSAGE_FIELDS, *_DERIVED, "text"))  # `text`: the rendered text, only in HTML templates
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
    * `step`: the number at the end of the rung's name, or 0
    * `duties`: the milestones that a group to be chosen will be responsible for
    * `moved`: the date in the plan, if another one is in force
    * `about`: the party that the fact is about
    * `who`: the name that somebody typed on the party's page with a statement
    """
    plan, milestone = message.plan, message.milestone
    common = _common(_Same(plan), _Same(milestone), message.due, message.now)
    recipients: Sequence[Party] = common["recipients"]
    ours = office_receives(plan, message.party.id, recipients)
    destination = find_destination(plan, milestone, ours=ours or not recipients)
    return {
        **{name: getattr(message, name) for name in _MESSAGE_FIELDS},
        **common,
        "language": message.language,
        "organisation": organisation,
        "office_receives": ours,
        "destination": destination,
        "ways": ways_to_send(milestone, destination),
        "ask": whom_to_ask(plan.office, destination),
        "duties": tuple(m for m in plan.milestones if message.group and message.group.id in m.responsible),
        "step": _step(message.rung),
        "about": plan.parties.get(message.fact.party or "") if message.fact else None,
        "who": message.fact.by.name if message.fact is not None and message.fact.by.role == "party" else "",
    }


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
    detail = RungName.of(rung or "").detail
    return detail if isinstance(detail, int) else 0


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
        "days": lambda window: wording.format_days(window.first, window.last, language),
        "size": partial(_in, wording.format_size, language),
        "number": partial(_in, wording.format_count, language),
        "counted": lambda count, one, many: wording.format_quantity(
            count, language, one="{count} " + one, many="{count} " + many
        ),
        "listed": partial(_in, wording.join_list, language),
        "status": partial(_in, wording.status_label, language),
        "fact": partial(_in, wording.fact_name, language),
        "channel": partial(_in, wording.channel_name, language),
        "rung": partial(_in, wording.rung_name, language),
        "decapitalise": lambda text: text[:1].lower() + text[1:],
        "cell": lambda text: str(text).replace("|", "/"),
        "blocks": blocks,
        "linked": link_addresses,
    }


def _in(function: Callable[..., str], language: str, value: Any, **options: Any) -> str:
    return function(value, language, **options)


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
