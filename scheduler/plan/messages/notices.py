"""The messages that a fact causes: receipts, returns, changes, and notices to the lead. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import assert_never

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import Before, By, On, Window
from scheduler.plan.dates.due_dates import DueDate, local_day
from scheduler.plan.dates_in_force import begins_at
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.facts import (
    Accepted,
    Amended,
    Bounced,
    Closing,
    DateFixed,
    Decision,
    Declared,
    Disowned,
    Extended,
    Fact,
    Joined,
    Nominated,
    Opened,
    Received,
    Rerouted,
    Returned,
    Waived,
    Withdrawn,
)
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.messages.message import Message
from scheduler.plan.messages.reminders import describe_missing, describe_received
from scheduler.plan.model import Plan
from scheduler.plan.obligations import EventDate, NoDate, Obligation, WindowDate
from scheduler.plan.recipients import Recipient, contacts_for, lead_officers

Claim = Declared | Disowned  # what a party states about itself


def notice_messages(agenda: Agenda, fact: Fact, now: datetime, bounced: Collection[str]) -> list[Message]:
    """Return the messages that a fact causes: a receipt, a return, or notices of a change.

    `agenda` must already include the fact. What a party states about itself also goes to the lead; the same
    statement again on the same local day causes no message (contract rule 17).
    """
    plan, kind, concerned = agenda.plan, _message_to_party(fact), _concerned(agenda, fact, now)
    wanted: list[tuple[Obligation, MessageKind, Recipient]] = []
    if kind is not None:
        wanted += [(o, kind, to) for o in concerned for to in _contacts(plan, o, bounced)]
    if isinstance(fact, Claim):
        wanted += [(o, "notice", to) for o in concerned for to in lead_officers(plan, bounced)]
    return [_notice(agenda, o, fact, about, to, now) for o, about, to in wanted]


def _concerned(agenda: Agenda, fact: Fact, now: datetime) -> list[Obligation]:
    """Return the obligations about which a fact writes."""
    if not isinstance(fact, Received | Returned | Claim):
        return [o for o in agenda.obligations if _is_informed(agenda, o, fact, now)]
    own = agenda.by_key[fact.milestone, fact.party]
    return [] if isinstance(fact, Claim) and _was_said_today(agenda.plan, own, fact) else [own]


def _message_to_party(fact: Fact) -> MessageKind | None:
    """Return the kind of message that a fact causes to the party itself, or None."""
    match fact:
        case Received() | Declared():
            return "receipt"
        case Returned():
            return "return"
        case Extended() | Waived() | DateFixed() | Amended():
            return "change"
        case Disowned() | Accepted() | Opened() | Joined() | Nominated() | Bounced() | Rerouted() | Withdrawn():
            return None
        case _:
            assert_never(fact)


def _contacts(plan: Plan, o: Obligation, bounced: Collection[str]) -> list[Recipient]:
    return contacts_for(plan.parties[o.party], with_head=False, bounced=bounced)


def _was_said_today(plan: Plan, o: Obligation, fact: Claim) -> bool:
    claims = o.standing.declared if isinstance(fact, Declared) else o.standing.disowned
    day = local_day(fact.recorded_at, plan.zone)
    return any(f.id != fact.id and local_day(f.recorded_at, plan.zone) == day for f in claims)


def _is_informed(agenda: Agenda, o: Obligation, fact: Fact, now: datetime) -> bool:
    """Return whether a party gets a notice because a fact changed its date or released it.

    It gets one only if it knew another date before: the first date of something is announced by the invitation
    or by the ladder. A date that is counted from another one moves with it. There is no notice about what is done, over
    or unknown.
    """
    if not o.is_current(now) or o.unknown:
        return False
    if isinstance(fact, Waived):
        return _is_released(agenda, o, fact, now)
    if not _is_by(o.changed_by, fact):
        return False
    is_granted = isinstance(fact, Extended) and _is_by(o.decided_by, fact)
    return is_granted or (o.standing.is_open and _is_moved(agenda, o, now))


def _is_released(agenda: Agenda, o: Obligation, fact: Waived, now: datetime) -> bool:
    """Return whether a waiver releases a party from a deadline, or from an event of which it knew."""
    if o.standing.state != "waived" or not _is_by(o.standing.closed_by, fact):
        return False
    return agenda.plan.milestone(o.milestone).kind == "deadline" or _knew_a_day_ahead(agenda, o, now)


def _is_moved(agenda: Agenda, o: Obligation, now: datetime) -> bool:
    """Return whether the date in force differs from the one that the party knows."""
    match o.when:
        case EventDate(event, place):
            if o.known_date is None:
                return not o.invited and isinstance(o.was, On) and o.was != event
            leaves = opening(agenda.plan, o.milestone, now)
            return (event, place) != o.known_date and leaves < begins_at(event, agenda.plan)
        case DueDate() | WindowDate() | NoDate() if o.known_date is not None:
            return _knew_a_day_ahead(agenda, o, now)
        case DueDate() as due:
            return _is_told_of(o) and o.was != due.form
        case WindowDate(window):
            return _is_told_of(o) and o.was != window
        case NoDate():
            return _is_told_of(o)
        case _:
            assert_never(o.when)


def _is_told_of(o: Obligation) -> bool:
    """Return whether a party that owes something knew a day of it before, or days between which it would be."""
    return not o.attends and isinstance(o.was, Before | By | Window)


def _knew_a_day_ahead(agenda: Agenda, o: Obligation, now: datetime) -> bool:
    return o.known_date is not None and now < begins_at(o.known_date.event, agenda.plan)


def _is_by(decision: Decision | Closing | None, fact: Fact) -> bool:
    return decision is not None and decision.id == fact.id


def _notice(agenda: Agenda, o: Obligation, fact: Fact, kind: MessageKind, to: Recipient, now: datetime) -> Message:
    plan, milestone = agenda.plan, agenda.plan.milestone(o.milestone)
    return Message(
        key=f"{plan.id}/{kind}/{fact.id}/{to.contact.email}" + (f"/{o.milestone}" if _is_by(o.moved_by, fact) else ""),
        kind=kind,
        plan=plan,
        party=to.party,
        to=to.contact,
        now=now,
        milestone=milestone,
        occurrence=o.milestone,
        due=o.due,
        event=o.event,
        place=o.place,
        window=o.window,
        was=(None if isinstance(fact, Waived) and not o.known_date else o.was) if kind == "change" else None,
        place_was=o.known_date.place if o.known_date else "",
        missing=describe_missing(milestone, o),
        received=describe_received(milestone, o),
        fact=fact,
    )
