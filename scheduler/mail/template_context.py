"""What a template may see of a letter: its own fields and what follows from them. Pure."""

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
from scheduler.plan.messages.message import Message
from scheduler.plan.model import Milestone, Party, Plan
from scheduler.queries.site_links import said_by

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
VARIABLES = frozenset((*_MESSAGE_FIELDS, *_DERIVED, "text"))  # `text`: in an HTML template, the finished text
TESTS: Mapping[str, Callable[..., bool]] = {"relative": lambda form: isinstance(form, Relative)}


def describe(message: Message, organisation: str) -> dict[str, Any]:
    """Return the variables of a template: the letter's fields, and these.

    `language` is the one the letter is written in; `now`, `today` and `next_workday` are local to the plan.
    `recipients` are the parties that get the documents, `send_to` their names (the milestone's own
    `submit_to` if it names somebody), `destination` the office that collects them (None: not ours
    to say), `ways` how to send, `ask` whom to ask. `to_send` says whether
    something is sent or only done; `office_receives` whether it is sent to the office that signs.
    `stage` is how near the target day is, `step` the number in a rung's name, `duties` what a
    group that is to be chosen will owe, `moved` the date in the plan where another one now applies;
    `about` the party that a fact is about, `who` the name given with what a party says on its page.
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
        "who": (message.fact and said_by(message.fact)) or "",
    }


class _Same(Generic[_T]):
    """A value that equals itself only: a plan is large and has no hash, but it is one object."""

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
    """Return what all letters about one milestone share that are written at one instant."""
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
    """Return how near the target day is, seen from the day the letter is written."""
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
    number = (rung or "").rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


# ---------------------------------------------------------------- filters


def filters(language: str) -> Mapping[str, Callable[..., Any]]:
    """Return the filters of a language's templates."""
    return {
        "date": partial(_in, wording.format_date, language),
        "day": partial(_in, wording.format_day, language),
        "in_words": partial(_in, wording.format_in_words, language),
        "weekday": partial(_in, wording.format_with_weekday, language),
        "clock": partial(_in, wording.format_clock, language),
        "moment": partial(_in, wording.format_moment, language),
        "event": partial(_in, wording.format_event, language),
        "deadline": lru_cache(partial(_in, wording.format_due, language)),  # the same in mail after mail
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
    """Return a line as HTML in which the addresses of pages can be clicked; without one it is only escaped."""
    return Markup(urlize(line)) if "://" in line else escape(line)  # noqa: S704 - urlize escapes


class Block(NamedTuple):
    """A run of lines of one kind: `p`, `ul`, `ol` or `table`; a table's lines are tuples of cells."""

    kind: str
    lines: Sequence[Any]


def blocks(text: str) -> list[Block]:
    """Return a plain text as blocks, so that the HTML part says word for word what the text says.

    A line that begins with "- " or "1. " is a list item, one with "| " a table row;
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
