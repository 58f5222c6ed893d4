"""Turn commands into facts: the one place where a fact is made of what somebody asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, assert_never

from scheduler.errors import UserError
from scheduler.plan.commands import (
    Accept,
    AmendDate,
    Command,
    CommandBase,
    CommandOnObligation,
    Count,
    Declare,
    Disown,
    Extend,
    FixDate,
    Insist,
    MarkInvited,
    Nominate,
    PauseAddress,
    Postpone,
    RecordReceived,
    RecordReply,
    RemindNow,
    ReportBounce,
    Restate,
    RestoreAddress,
    Retire,
    Return,
    SettleDoubt,
    Skip,
    Snooze,
    TakeNote,
    Undo,
    Waive,
)
from scheduler.plan.dates.date_forms import By, FixedForm, On
from scheduler.plan.dates.due_dates import local_day, near, to_instant
from scheduler.plan.facts import (
    DEFINITION,
    Accepted,
    Amended,
    Bounced,
    Counted,
    DateFixed,
    Declared,
    Disowned,
    Extended,
    Fact,
    Invited,
    Nominated,
    Noted,
    Opened,
    Paused,
    Postponed,
    Received,
    Reminded,
    Replied,
    Rerouted,
    Retired,
    Returned,
    Skipped,
    Snoozed,
    Waived,
    Withdrawn,
)
from scheduler.plan.model import Plan
from scheduler.services.fact_checks import find_milestone
from scheduler.texts import Text

MOMENT = timedelta(microseconds=1)
NOON = time(12)  # a postmark names a day; noon stands for it


def build_fact(plan: Plan, command: Command) -> Fact:  # noqa: C901 - one match over the commands
    """Return the fact that a command asks to record; whether it makes sense as things stand is checked later.

    Raises `UserError` for days that contradict one another, that lie in the future or far from the plan, and
    `NothingMatched` for the date of an unknown milestone.
    """
    match command:
        case RecordReceived():
            return _received(plan, command)
        case Declare():
            return _declared(plan, command)
        case Disown():
            return Disowned(**_about(plan, command))
        case RecordReply():
            about = _about(plan, command, command.replied_at)
            reply, address, deputy = command.reply, command.address, command.deputy
            return Replied(**about, reply=reply, address=address, deputy=deputy, people=command.people)
        case Accept():
            return Accepted(**_about(plan, command))
        case Return(missing=missing):
            return Returned(**_about(plan, command), missing=missing)
        case Extend(until=until):
            refuse_far(plan, until)
            return Extended(**_about(plan, command), form=By(until), decision=command.decision)
        case Insist(reason=reason):
            return Opened(**_about(plan, command), reason=reason)
        case Skip(step=step, due=due, reason=reason):
            return Skipped(**_about(plan, command), step=step, due=due, reason=reason)
        case Snooze(until=until, reason=reason):
            refuse_far(plan, until)
            return Snoozed(**_about(plan, command), until=until, reason=reason)
        case RemindNow(reason=reason):
            return Reminded(**_about(plan, command), reason=reason)
        case TakeNote():
            return Noted(**_about(plan, command))
        case Postpone(need=need, until=until, parties=parties, reason=reason):
            refuse_far(plan, until)
            return Postponed(**_common(plan, command), need=need, until=until, parties=parties, reason=reason)
        case SettleDoubt():
            return _settled(plan, command)
        case Waive(party=party, reason=reason):
            about = _common(plan, command)
            return Waived(**about, milestone=command.milestone, party=party, reason=reason, decision=command.decision)
        case FixDate():
            return _date_fixed(plan, command)
        case MarkInvited(milestone=milestone):
            return Invited(**_common(plan, command), milestone=milestone)
        case AmendDate(milestone=milestone, form=form, was=was, decision=decision):
            about = _common(plan, command) | {"by": DEFINITION}
            return Amended(**about, milestone=milestone, form=form, was=was, decision=decision)
        case Nominate(group=group, parties=parties, decision=decision):
            return Nominated(**_common(plan, command), group=group, parties=parties, decision=decision)
        case Retire():
            return build_retired(plan.id, command)
        case Count(indicator=indicator, value=value, of=of, files=files):
            about = _common(plan, command) | {"party": command.party}
            return Counted(**about, indicator=indicator, value=value, of=of, files=files)
        case ReportBounce(party=party, address=address):
            return Bounced(**_common(plan, command), party=party, address=address)
        case RestoreAddress(party=party, address=address):
            return Rerouted(**_common(plan, command), party=party, address=address)
        case PauseAddress(party=party, address=address, until=until):
            refuse_far(plan, until)
            about = _common(plan, command) | {"party": party, "address": address}
            return Paused(**about, until=until, reason=command.reason)
        case Restate():
            return _restated(command)
        case Undo(target=target, reason=reason):
            about = {"milestone": target.milestone, "party": target.party}
            return Withdrawn(**_common(plan, command) | about, target=target.id, reason=reason)
        case _:
            assert_never(command)


def build_retired(plan: str, command: Retire) -> Retired:
    """Return the fact that ends a plan; the plan itself is not needed, because its file may be gone."""
    return Retired(**_of_plan(plan, command), reason=command.reason)


def refuse_far(plan: Plan, *days: date | None) -> None:
    """Raise `UserError` for a day years away from the plan, which means a mistyped year."""
    first, last = near(plan.year)
    for day in days:
        if day is not None and not first <= day <= last:
            raise UserError(
                Text("{day} lies too far from the plan's year", day=day),
                hint=Text("check it: {first} to {last} is taken", first=first, last=last),
                code="far-day",
            )


def _common(plan: Plan, command: CommandBase, happened_at: datetime | None = None) -> dict[str, Any]:
    return _of_plan(plan.id, command, happened_at)


def _of_plan(plan: str, command: CommandBase, happened_at: datetime | None = None) -> dict[str, Any]:
    return {
        "plan": plan,
        "happened_at": happened_at or command.at,
        "recorded_at": command.at,
        "by": command.by,
        "idempotency_key": command.idempotency_key,
        "note": command.note,
    }


def _about(
    plan: Plan,
    command: CommandOnObligation,
    happened_at: datetime | None = None,
) -> dict[str, Any]:
    return _common(plan, command, happened_at) | {"milestone": command.milestone, "party": command.party}


def _restated(command: Restate) -> Fact:
    """Return the fact that says of something else what another one says; who said it and when it happened stay.

    Raises `UserError` for one that is about no milestone.
    """
    if command.target.milestone is None:
        raise UserError(
            Text("f{id} is about no milestone", id=command.target.id), hint=Text("undo it, and record what is true")
        )
    said: dict[str, Any] = {"milestone": command.milestone, "party": command.party, "recorded_at": command.at}
    return replace(command.target, id=0, restates=command.target.id, idempotency_key=command.idempotency_key, **said)


def _received(plan: Plan, command: RecordReceived) -> Received:
    came_at = _came_at(plan, command)
    happened_at, received_on = came_at or command.at, command.received_on
    if command.sent_on is not None:
        _check_postmark(plan, command, happened_at)
        received_on = local_day(came_at, plan.zone) if came_at else None
        happened_at = min(to_instant(command.sent_on, NOON, plan.zone), happened_at)
    return Received(
        **_about(plan, command, happened_at),
        deliverables=command.deliverables,
        channel=command.channel,
        sent_on=command.sent_on,
        received_on=received_on,
        mailed_at=command.mailed_at,
        files=command.files,
    )


def _came_at(plan: Plan, command: RecordReceived) -> datetime | None:
    """Return when a submission came (UTC), with noon for a day without a time; None if the command does not say.

    Raises `UserError` for a moment in the future or far from the plan.
    """
    came_at, day = command.received_at, command.received_on
    refuse_far(plan, command.sent_on, day, local_day(came_at, plan.zone) if came_at else None)
    if came_at is None and day is not None:
        noon = to_instant(day, NOON, plan.zone)
        came_at = min(noon, command.at) if day == local_day(command.at, plan.zone) else noon
    if came_at is not None and came_at > command.at:
        raise UserError(Text("it cannot have come in the future"), hint=Text("check the date given"), code="future")
    return came_at


def _check_postmark(plan: Plan, command: RecordReceived, came_at: datetime) -> None:
    if command.channel != "paper":
        raise UserError(
            Text("a postmark (--sent-on) goes with paper only"),
            hint=Text("add --channel paper, or use --received-at"),
            code="postmark-without-paper",
        )
    if command.sent_on is not None and command.sent_on > local_day(came_at, plan.zone):
        raise UserError(
            Text("the postmark {sent_on} lies after the day it came", sent_on=command.sent_on),
            hint=Text("check --sent-on"),
            code="postmark-late",
        )


def _declared(plan: Plan, command: Declare) -> Declared:
    refuse_far(plan, command.sent_on)
    if command.sent_on > local_day(command.at, plan.zone):
        raise UserError(
            Text("{sent_on} has not come yet", sent_on=command.sent_on), hint=Text("give the day on which it was sent")
        )
    happened_at = min(to_instant(command.sent_on, NOON, plan.zone), command.at)
    return Declared(**_about(plan, command, happened_at), channel=command.channel)


def _settled(plan: Plan, command: SettleDoubt) -> Opened | Received:
    """Return that an obligation is open, or that it was received.

    It is in doubt because it was past when the plan was first loaded. Nobody knows when it was received, so the last
    moment in time stands for that.
    """
    o = command.obligation
    about: dict[str, Any] = {"milestone": o.milestone, "party": o.party}
    if command.is_open:
        return Opened(**_common(plan, command) | about)
    in_time = o.due.late_from - MOMENT if o.due else command.at
    about["note"] = "before the plan was first loaded"
    return Received(**_common(plan, command, min(command.at, in_time)) | about)


def _date_fixed(plan: Plan, command: FixDate) -> DateFixed:
    first, last = command.first, command.last
    day, clock = (first.date(), first.time()) if isinstance(first, datetime) else (first, None)
    refuse_far(plan, day, last)
    kind = find_milestone(plan, command.milestone).kind
    if last is not None and last < day:
        raise UserError(
            Text("it cannot end on {last} before it begins on {day}", last=last, day=day),
            hint=Text("check --to"),
            code="ends-before",
        )
    if kind == "deadline" and last is not None:
        raise UserError(
            Text("{milestone} is a deadline: it has one day", milestone=command.milestone),
            hint=Text("leave --to out"),
            code="one-day",
        )
    form: FixedForm = On(day, last or day, clock) if kind == "event" else By(day, clock)
    return DateFixed(
        **_common(plan, command),
        milestone=command.milestone,
        form=form,
        place=command.place,
        decision=command.decision,
    )
