"""What operators can do: what each form asks, and the facts that follow from what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, Literal

from scheduler.errors import UserError
from scheduler.plan.due_dates import local_day, to_instant
from scheduler.plan.model import Channel, Fact, FactKind, Group, Milestone, Party, Plan
from scheduler.plan.obligations import Obligation, members
from scheduler.ports import Definition
from scheduler.queries.snapshot import Picture
from scheduler.services import commands
from scheduler.web.context import Visit
from scheduler.web.forms.text_input import clean_lines
from scheduler.web.lookup import read_day
from scheduler.web.rendering import path_to

ActionName = Literal[
    "receive", "accept", "return", "waive", "extend", "start", "insist", "fix-date", "nominate", "undo"
]
LONGEST = 2000  # characters of a text that somebody types


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is asked to be done: the action, and what its address says it is about."""

    visit: Visit
    action: ActionName
    definition: Definition
    picture: Picture
    milestone: Milestone | None = None
    id: str = ""  # of the milestone, or of an occurrence
    obligation: Obligation | None = None
    group: Group | None = None
    target: Fact | None = None

    @property
    def plan(self) -> Plan:
        """Return the plan it is about."""
        return self.definition.plan

    @property
    def party(self) -> Party | None:
        """Return the party it is about, None if it is about all."""
        return self.plan.parties[self.obligation.party] if self.obligation else None

    @property
    def own(self) -> list[Obligation]:
        """Return the obligations it touches: the one, or all of its milestone or occurrence."""
        return [self.obligation] if self.obligation else owed_under(self.picture, self.id)

    @property
    def label(self) -> str:
        """Return the key of what it is called."""
        return label_of(self.action, self.own, for_all=self.obligation is None)

    @property
    def back(self) -> str:
        """Return the page where what was done can be seen."""
        place = ["plans", self.plan.id]
        if self.id:
            place += ["milestones", self.id]
        return path_to(*place, *([self.obligation.party] if self.obligation else []))

    @property
    def doubtful(self) -> list[Obligation]:
        """Return what is to be settled: the one obligation, or all that are in doubt."""
        wanted = [self.obligation] if self.obligation else self.picture.agenda.obligations
        return [o for o in wanted if o.unknown and not o.attends and self.id in ("", o.milestone)]

    @property
    def released(self) -> list[Party]:
        """Return whom a release of all touches: who still owes it; what is done stays done."""
        return [self.plan.parties[o.party] for o in self.own if o.standing.is_open]

    @property
    def candidates(self) -> list[Party]:
        """Return who may be chosen into the group."""
        ids = members(self.plan, "members") or tuple(self.plan.parties)
        return [p for p in map(self.plan.parties.__getitem__, ids) if p.contacts and not p.external]

    # ---- what was typed

    def text(self, name: str) -> str:
        """Return a text of the form, without characters that cannot be seen."""
        typed = clean_lines(self.visit.field(name, None))
        if len(typed) > LONGEST:
            raise UserError(f"{name} is too long", hint=f"{LONGEST} characters are taken", code="too-long")
        return typed

    def ticked(self, name: str) -> tuple[str, ...]:
        """Return what was ticked."""
        return tuple(value for value in self.visit.form.getlist(name) if isinstance(value, str))

    def day(self, name: str) -> date | None:
        """Return a day of the form, None if it was left empty."""
        typed = self.text(name)
        if typed and read_day(typed) is None:
            raise UserError(f"{typed!r} is not a day", hint="write it like 2023-08-10", code="day")
        day = read_day(typed)
        commands.refuse_far(self.plan, day)
        return day

    def clock(self, name: str) -> time | None:
        """Return a time of day of the form, None if it was left empty."""
        typed = self.text(name)
        try:
            return time.fromisoformat(typed).replace(tzinfo=None) if typed else None
        except ValueError as error:
            raise UserError(f"{typed!r} is not a time of day", hint="write it like 08:00", code="clock") from error

    def needed_text(self, name: str) -> str:
        """Return a text that may not be left empty."""
        typed = self.text(name)
        if not typed:
            raise UserError(f"{name} is empty", hint="fill it in", code=f"no-{name}")
        return typed

    def needed_day(self, name: str) -> date:
        """Return a day that may not be left empty."""
        day = self.day(name)
        if day is None:
            raise UserError("no day is given", hint="fill it in", code="no-day")
        return day


def owed_under(picture: Picture, id: str) -> list[Obligation]:
    """Return what is owed under a milestone or occurrence; who only attends is left out."""
    return [o for o in picture.agenda.by_milestone.get(id, ()) if not o.attends]


def label_of(action: ActionName, own: Sequence[Obligation], *, for_all: bool) -> str:
    """Return the key of what an action is called where it is offered."""
    if action == "waive" and for_all:
        return "waive_open"
    is_fixed = any(o.event or (o.decided_by and o.decided_by.kind == "date_fixed") for o in own)
    return "change_date" if action == "fix-date" and is_fixed else action


# ---------------------------------------------------------------- what each action records


def _simple(deed: Deed, kind: FactKind, **details: Any) -> list[Fact]:
    now = deed.visit.now
    return [
        Fact(
            plan=deed.plan.id,
            kind=kind,
            happened_at=now,
            recorded_at=now,
            milestone=deed.id or None,
            party=deed.obligation.party if deed.obligation else None,
            **details,
        )
    ]


def _receive(deed: Deed) -> list[Fact]:
    assert deed.milestone is not None  # noqa: S101 - the address names both
    assert deed.obligation is not None  # noqa: S101
    documents = deed.ticked("deliverable")
    if deed.milestone.deliverables and not documents:
        raise UserError("no document is ticked", hint="tick what came", code="nothing-ticked")
    now, clock = deed.visit.now, deed.clock("received_time")
    day = deed.day("received_on") or (local_day(now, deed.plan.zone) if clock else None)
    channels: dict[str, Channel] = {"paper": "paper", "email": "email"}
    return [
        commands.received(
            deed.plan,
            deed.id,
            deed.obligation.party,
            at=now,
            deliverables=documents,
            channel=channels.get(deed.text("channel")),
            sent_on=deed.day("sent_on"),
            received_on=None if clock else day,
            received_at=to_instant(day, clock, deed.plan.zone) if day and clock else None,
            note=deed.text("note"),
        )
    ]


def _return(deed: Deed) -> list[Fact]:
    return _simple(deed, "returned", missing=deed.ticked("missing"), note=deed.needed_text("note"))


def _waive(deed: Deed) -> list[Fact]:
    return _simple(deed, "waived", reason=deed.needed_text("reason"), decision=deed.text("decision"))


def _extend(deed: Deed) -> list[Fact]:
    assert deed.obligation  # noqa: S101 - the address names it
    until, decision = deed.needed_day("until"), deed.needed_text("decision")
    return [
        commands.extended(deed.plan, deed.id, deed.obligation.party, at=deed.visit.now, until=until, decision=decision)
    ]


def _start(deed: Deed) -> list[Fact]:
    answer = deed.text("answer")
    if answer not in ("open", "received"):
        raise UserError("neither is chosen", hint="choose one", code="no-answer")
    if not deed.doubtful:
        raise UserError("nothing is in doubt any more", hint="nothing to do", code="not-in-doubt")
    return [commands.settled_doubt(deed.plan, o, at=deed.visit.now, is_open=answer == "open") for o in deed.doubtful]


def _insist(deed: Deed) -> list[Fact]:
    return _simple(deed, "opened", reason=deed.needed_text("reason"))


def _fix_date(deed: Deed) -> list[Fact]:
    first, clock = deed.needed_day("first"), deed.clock("clock")
    return [
        commands.date_fixed(
            deed.plan,
            deed.id,
            at=deed.visit.now,
            first=datetime.combine(first, clock) if clock else first,
            last=deed.day("last"),
            place=deed.text("place"),
            decision=deed.text("decision"),
        )
    ]


def _nominate(deed: Deed) -> list[Fact]:
    assert deed.group  # noqa: S101 - the address names it
    chosen = deed.ticked("party")
    if bool(chosen) is bool(deed.text("nobody")):
        raise UserError("choose parties, or say that there are none", hint="tick either", code="choose-or-none")
    return _simple(deed, "nominated", group=deed.group.id, parties=chosen, decision=deed.text("decision"))


def _undo(deed: Deed) -> list[Fact]:
    assert deed.target  # noqa: S101 - the address names it
    [fact] = _simple(deed, "withdrawn", target=deed.target.id, reason=deed.needed_text("reason"))
    return [replace(fact, milestone=deed.target.milestone, party=deed.target.party)]


Named = Literal["milestone", "party", "group", "fact"]


@dataclass(frozen=True, slots=True)
class Action:
    """How an action is built, what its address must and what it may name, and whether the parties are written to."""

    build: Callable[[Deed], list[Fact]]
    about: tuple[Named, ...] = ("milestone", "party")
    also: tuple[Named, ...] = ()
    notify: bool = True


ACTIONS: Mapping[ActionName, Action] = {
    "receive": Action(_receive),
    "accept": Action(lambda deed: _simple(deed, "accepted")),
    "return": Action(_return),
    "extend": Action(_extend),
    "waive": Action(_waive, ("milestone",), ("party",)),
    "start": Action(_start, (), ("milestone", "party"), notify=False),
    "insist": Action(_insist),
    "fix-date": Action(_fix_date, ("milestone",)),
    "nominate": Action(_nominate, ("group",)),
    "undo": Action(_undo, ("fact",)),
}
