"""Forms of operators: what each action asks for, and the commands that follow from the input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

from scheduler.errors import RefusalCode, UserError
from scheduler.plan.answers.attendance import offered_replies
from scheduler.plan.commands import (
    Accept,
    Command,
    Count,
    Extend,
    FixDate,
    Insist,
    MarkInvited,
    Nominate,
    Postpone,
    RecordReceived,
    RecordReply,
    RemindNow,
    Retire,
    Return,
    SettleDoubt,
    Skip,
    Snooze,
    TakeNote,
    Undo,
    Waive,
)
from scheduler.plan.dates.due_dates import local_day, to_instant
from scheduler.plan.facts import Actor, DateFixed, Fact, Reply
from scheduler.plan.indicators import counted_parties
from scheduler.plan.membership import members
from scheduler.plan.model import Channel, Group, Indicator, Milestone, Party, Plan
from scheduler.plan.obligations import NoDate, Obligation
from scheduler.ports import Definition, Document, RungRow
from scheduler.queries.needs.urgency import RankedNeed, parties_of
from scheduler.queries.snapshot import Snapshot
from scheduler.services.commands import refuse_far
from scheduler.texts import Text
from scheduler.web.context import RequestContext
from scheduler.web.forms.text_input import clean_lines, read_count
from scheduler.web.lookup import read_day
from scheduler.web.urls import path_to

ActionName = Literal[
    "receive",
    "accept",
    "return",
    "waive",
    "extend",
    "start",
    "insist",
    "remind",
    "snooze",
    "skip",
    "note",
    "postpone",
    "fix-date",
    "mark-invited",
    "reply",
    "nominate",
    "count",
    "retire",
    "undo",
]
NeededText = Literal["note", "reason", "decision"]
EMPTY: Mapping[NeededText, RefusalCode] = {"note": "no-note", "reason": "no-reason", "decision": "no-decision"}
LONGEST = 2000  # characters of a typed text


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandForm:
    """A requested command: the action, and what its address says it is about."""

    context: RequestContext
    now: datetime  # when it is given (UTC): one instant for all that it records
    action: ActionName
    definition: Definition
    snapshot: Snapshot
    milestone: Milestone | None = None
    id: str = ""  # of the milestone, or of an occurrence
    obligation: Obligation | None = None
    group: Group | None = None
    indicator: Indicator | None = None
    target: Fact | None = None
    steps: Sequence[RungRow] = ()  # those of the obligation that lie ahead, soonest first
    files: Sequence[Document] = ()
    need: RankedNeed | None = None

    @property
    def plan(self) -> Plan:
        """Return the plan that the command is about."""
        return self.definition.plan

    @property
    def party(self) -> Party | None:
        """Return the party that the command is about; None if it is about no single party."""
        return self.plan.parties[self.obligation.party] if self.obligation else None

    @property
    def own(self) -> list[Obligation]:
        """Return the obligations concerned: a single one, or all of the milestone or occurrence."""
        return [self.obligation] if self.obligation else owed_under(self.snapshot, self.id)

    @property
    def label(self) -> str:
        """Return the text key of the action's name."""
        return label_of(self.action, self.milestone, self.own, for_all=self.obligation is None)

    @property
    def back(self) -> str:
        """Return the path of the page that shows the result."""
        if self.need:
            return "/"
        place = ["plans", self.plan.id]
        if self.id:
            place += ["milestones", self.id]
        return path_to(*place, *([self.obligation.party] if self.obligation else []))

    @property
    def doubtful(self) -> list[Obligation]:
        """Return the obligations in doubt: the given one, or all of the milestone or plan."""
        wanted = [self.obligation] if self.obligation else self.snapshot.agenda.obligations
        return [o for o in wanted if o.unknown and not o.attends and self.id in ("", o.milestone)]

    @property
    def released(self) -> list[Party]:
        """Return the parties that are released: those that were ticked; of all, what is done stays done."""
        return [self.plan.parties[o.party] for o in self.own if o.standing.is_open and o.party in self.ticked("party")]

    @property
    def concerned(self) -> list[Obligation]:
        """Return the obligations that the action fits, of which a form about a whole milestone lets one choose."""
        fits = _FITS.get(self.action)
        return [o for o in self.own if fits(o)] if fits else []

    @property
    def fits_nobody(self) -> bool:
        """Return whether it is about a whole milestone and fits none of its parties, or no longer."""
        return self.obligation is None and self.action in _FITS and not self.concerned

    @property
    def chosen(self) -> tuple[str, ...]:
        """Return the parties that the command is for: the one of the address, or those that were ticked.

        Raises: UserError if none is.
        """
        if self.obligation is not None:
            return (self.obligation.party,)
        ticked = self.ticked("party")
        if not ticked:
            raise UserError(Text("no party is ticked"), hint=Text("tick those that are meant"), code="no-party")
        return ticked

    @property
    def candidates(self) -> list[Party]:
        """Return the parties that may be chosen into the group: those with contacts that are not external."""
        ids = members(self.plan, "members") or tuple(self.plan.parties)
        return [p for p in map(self.plan.parties.__getitem__, ids) if p.contacts and not p.external]

    @property
    def counted_parties(self) -> list[Party]:
        """Return the parties of which results are counted."""
        return [self.plan.parties[id] for id in counted_parties(self.plan)]

    @property
    def replies(self) -> tuple[Reply, ...]:
        """Return the replies that a party may give to the invitation."""
        return offered_replies(self.milestone) if self.milestone else ()

    # ---- input

    def text(self, name: str) -> str:
        """Return a text field without invisible characters.

        Raises: UserError if it is longer than `LONGEST`.
        """
        typed = clean_lines(self.context.field(name, None))
        if len(typed) > LONGEST:
            raise UserError(
                Text("{name} is too long", name=name),
                hint=Text("{longest} characters are taken", longest=LONGEST),
                code="too-long",
            )
        return typed

    def ticked(self, name: str) -> tuple[str, ...]:
        """Return the ticked values of a field."""
        return tuple(value for value in self.context.form.getlist(name) if isinstance(value, str))

    def day(self, name: str) -> date | None:
        """Return a day field; None if it is empty.

        Raises: UserError if it is not a day, or too far from the plan's year.
        """
        typed = self.text(name)
        if typed and read_day(typed) is None:
            raise UserError(
                Text("{typed!r} is not a day", typed=typed), hint=Text("write it like 2023-08-10"), code="day"
            )
        day = read_day(typed)
        refuse_far(self.plan, day)
        return day

    def clock(self, name: str) -> time | None:
        """Return a field with a local time of day; None if it is empty.

        Raises: UserError if it is not a time of day.
        """
        typed = self.text(name)
        try:
            return time.fromisoformat(typed).replace(tzinfo=None) if typed else None
        except ValueError as error:
            raise UserError(
                Text("{typed!r} is not a time of day", typed=typed), hint=Text("write it like 08:00"), code="clock"
            ) from error

    def needed_text(self, name: NeededText) -> str:
        """Return a text field; raise `UserError` if it is empty."""
        typed = self.text(name)
        if not typed:
            raise UserError(Text("{name} is empty", name=name), hint=Text("fill it in"), code=EMPTY[name])
        return typed

    def count(self, name: str, code: RefusalCode = "no-count") -> int | None:
        """Return a field with a whole number; None if it is empty.

        Raises: UserError if it is none.
        """
        typed = self.text(name)
        if typed and read_count(typed) is None:
            raise UserError(Text("{typed!r} is no whole number", typed=typed), hint=Text("write it like 6"), code=code)
        return read_count(typed)

    def needed_day(self, name: str) -> date:
        """Return a day field; raise `UserError` if it is empty."""
        day = self.day(name)
        if day is None:
            raise UserError(Text("no day is given"), hint=Text("fill it in"), code="no-day")
        return day


def owed_under(snapshot: Snapshot, id: str) -> list[Obligation]:
    """Return the obligations of a milestone or occurrence, without those of parties that only attend."""
    return [o for o in snapshot.agenda.by_milestone.get(id, ()) if not o.attends]


def label_of(action: ActionName, milestone: Milestone | None, own: Sequence[Obligation], *, for_all: bool) -> str:
    """Return the text key of an action's name; an event that is waived for all, or by its organiser, is called off."""
    if action == "waive" and milestone is not None and milestone.kind == "event" and not any(o.attends for o in own):
        return "call_off"
    if action in _FITS and for_all:
        return f"{action}_several"
    is_fixed = any(o.event or isinstance(o.decided_by, DateFixed) for o in own)
    return "change_date" if action == "fix-date" and is_fixed else action


# ---------------------------------------------------------------- what each action asks for


def _common(form: CommandForm) -> dict[str, Any]:
    """Return what every command of a form holds: when and by whom it is given, and the key of its request."""
    signed_in = form.context.signed_in
    by = Actor(name=signed_in.email if signed_in else "")
    return {"at": form.now, "by": by, "idempotency_key": form.context.field("once", 40)}


def _about(form: CommandForm) -> dict[str, Any]:
    """Return the milestone and the party that the address of a form names, with the common parts."""
    party = form.obligation.party if form.obligation else None
    return _common(form) | {"milestone": form.id, "party": party}


def _receive(form: CommandForm) -> list[Command]:
    assert form.milestone is not None  # noqa: S101 - the address names it
    documents = form.ticked("deliverable")
    if form.milestone.deliverables and not documents:
        raise UserError(Text("no document is ticked"), hint=Text("tick what came"), code="nothing-ticked")
    zone, clock = form.plan.zone, form.clock("received_time")
    day = form.day("received_on") or (local_day(form.now, zone) if clock else None)
    channels: dict[str, Channel] = {"paper": "paper", "email": "email"}
    return [
        RecordReceived(
            **_about(form),
            deliverables=documents,
            channel=channels.get(form.text("channel")),
            sent_on=form.day("sent_on"),
            received_on=None if clock else day,
            received_at=to_instant(day, clock, zone) if day and clock else None,
            files=tuple(document.name for document in form.files),
            note=form.text("note"),
        )
    ]


def _accept(form: CommandForm) -> list[Command]:
    note = form.text("note")
    return [Accept(**_about(form) | {"party": party}, note=note) for party in form.chosen]


def _return(form: CommandForm) -> list[Command]:
    missing, note = form.ticked("missing"), form.needed_text("note")
    return [Return(**_about(form) | {"party": party}, missing=missing, note=note) for party in form.chosen]


def _waive(form: CommandForm) -> list[Command]:
    """Return the release of the chosen parties; of all that still owe it together, it also holds for later ones."""
    reason, decision, chosen = form.needed_text("reason"), form.text("decision"), form.chosen
    is_for_all = form.obligation is None and {o.party for o in form.concerned} <= {*chosen}
    parties = [None] if is_for_all else chosen
    return [Waive(**_about(form) | {"party": party}, reason=reason, decision=decision) for party in parties]


def _extend(form: CommandForm) -> list[Command]:
    until, decision = form.needed_day("until"), form.needed_text("decision")
    return [Extend(**_about(form) | {"party": party}, until=until, decision=decision) for party in form.chosen]


def _start(form: CommandForm) -> list[Command]:
    answer = form.text("answer")
    if answer not in ("open", "received"):
        raise UserError(Text("neither is chosen"), hint=Text("choose one"), code="no-answer")
    if not form.doubtful:
        raise UserError(Text("nothing is in doubt any more"), hint=Text("nothing to do"), code="not-in-doubt")
    return [SettleDoubt(**_common(form), obligation=o, is_open=answer == "open") for o in form.doubtful]


def _insist(form: CommandForm) -> list[Command]:
    return [Insist(**_about(form), reason=form.needed_text("reason"))]


def _remind(form: CommandForm) -> list[Command]:
    reason = form.needed_text("reason")
    return [RemindNow(**_about(form) | {"party": party}, reason=reason) for party in form.chosen]


def _snooze(form: CommandForm) -> list[Command]:
    until, reason = form.needed_day("until"), form.needed_text("reason")
    return [Snooze(**_about(form) | {"party": party}, until=until, reason=reason) for party in form.chosen]


def _skip(form: CommandForm) -> list[Command]:
    step = next((row for row in form.steps if str(row.id) == form.text("step_id")), None)
    if step is None:
        raise UserError(Text("no step is chosen"), hint=Text("choose one that lies ahead"), code="no-step")
    return [Skip(**_about(form), step=step.name, due=step.due, reason=form.needed_text("reason"))]


def _note(form: CommandForm) -> list[Command]:
    return [TakeNote(**_about(form), note=form.needed_text("note"))]


def _postpone(form: CommandForm) -> list[Command]:
    assert form.need  # noqa: S101 - the address names it
    concerned = tuple(parties_of(form.need.need))
    until, reason = form.needed_day("until"), form.text("reason")
    return [Postpone(**_common(form), need=form.need.key, until=until, parties=concerned, reason=reason)]


def _fix_date(form: CommandForm) -> list[Command]:
    first, clock = form.needed_day("first"), form.clock("clock")
    return [
        FixDate(
            **_common(form),
            milestone=form.id,
            first=datetime.combine(first, clock) if clock else first,
            last=form.day("last"),
            place=form.text("place"),
            decision=form.text("decision"),
        )
    ]


def _mark_invited(form: CommandForm) -> list[Command]:
    return [MarkInvited(**_common(form), milestone=form.id, note=form.text("note"))]


def _reply(form: CommandForm) -> list[Command]:
    said = form.text("reply")
    reply = next((one for one in form.replies if one == said), None)
    if reply is None:
        raise UserError(Text("no reply is chosen"), hint=Text("choose one"), code="no-answer")
    people = form.count("people", "no-people")
    deputy = form.text("deputy") if reply == "delegated" else ""
    return [RecordReply(**_about(form), reply=reply, deputy=deputy, people=people, note=form.text("note"))]


def _nominate(form: CommandForm) -> list[Command]:
    assert form.group  # noqa: S101 - the address names it
    chosen = form.ticked("party")
    if bool(chosen) is bool(form.text("nobody")):
        raise UserError(
            Text("choose parties, or say that there are none"), hint=Text("tick either"), code="choose-or-none"
        )
    return [Nominate(**_common(form), group=form.group.id, parties=chosen, decision=form.text("decision"))]


def _count(form: CommandForm) -> list[Command]:
    assert form.indicator  # noqa: S101 - the address names it
    value = form.count("value")
    if value is None:
        raise UserError(Text("no result is given"), hint=Text("fill it in"), code="no-count")
    return [
        Count(
            **_common(form),
            indicator=form.indicator.id,
            value=value,
            of=form.count("of"),
            party=form.text("party") or None,
            files=tuple(document.name for document in form.files),
            note=form.text("note"),
        )
    ]


def _retire(form: CommandForm) -> list[Command]:
    return [Retire(**_common(form), reason=form.needed_text("reason"))]


def _undo(form: CommandForm) -> list[Command]:
    assert form.target  # noqa: S101 - the address names it
    return [Undo(**_common(form), target=form.target, reason=form.needed_text("reason"))]


def is_checked_next(o: Obligation) -> bool:
    """Return whether a complete submission waits for somebody to accept it or to return it."""
    return o.standing.state in ("submitted", "resubmitted")


def can_be_extended(o: Obligation) -> bool:
    """Return whether a party could be given more time."""
    return o.due is not None and o.standing.is_open and not o.unknown


def can_be_released(o: Obligation) -> bool:
    """Return whether a party could be released together with all others: what is done stays done."""
    return o.standing.is_open


def can_be_reminded(o: Obligation) -> bool:
    """Return whether a party is reminded of something, so that it can be done at once or paused."""
    has_steps = o.invited if o.event else not o.attends and not isinstance(o.when, NoDate)
    return o.standing.is_open and not o.unknown and has_steps


# Which obligations of a milestone an action fits that may be done for several at once.
_FITS: Mapping[ActionName, Callable[[Obligation], bool]] = {
    "accept": is_checked_next,
    "return": is_checked_next,
    "extend": can_be_extended,
    "waive": can_be_released,
    "remind": can_be_reminded,
    "snooze": can_be_reminded,
}


Named = Literal["milestone", "party", "group", "indicator", "fact", "need"]


@dataclass(frozen=True, slots=True)
class Action:
    """How an action reads its input, what its address must and may name; whether it sends notices, takes files."""

    read: Callable[[CommandForm], list[Command]]
    about: tuple[Named, ...] = ("milestone", "party")
    also: tuple[Named, ...] = ()
    notify: bool = True
    takes_files: bool = False


ACTIONS: Mapping[ActionName, Action] = {
    "receive": Action(_receive, takes_files=True),
    "accept": Action(_accept, ("milestone",), ("party",)),
    "return": Action(_return, ("milestone",), ("party",)),
    "extend": Action(_extend, ("milestone",), ("party",)),
    "waive": Action(_waive, ("milestone",), ("party",)),
    "start": Action(_start, (), ("milestone", "party"), notify=False),
    "insist": Action(_insist),
    "remind": Action(_remind, ("milestone",), ("party",)),
    "snooze": Action(_snooze, ("milestone",), ("party",)),
    "skip": Action(_skip),
    "note": Action(_note),
    "postpone": Action(_postpone, ("need",)),
    "fix-date": Action(_fix_date, ("milestone",)),
    "mark-invited": Action(_mark_invited, ("milestone",)),
    "reply": Action(_reply),
    "nominate": Action(_nominate, ("group",)),
    "count": Action(_count, ("indicator",), takes_files=True),
    "retire": Action(_retire, ()),
    "undo": Action(_undo, ("fact",)),
}
