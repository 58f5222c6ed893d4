"""The messages that a fact causes: receipts, returns, changes, and notices to the lead. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, assert_never

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
    Retired,
    Returned,
    Waived,
    Withdrawn,
)
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.messages.message import ChangeMessage, FactMessage, NoticeMessage, ReceiptMessage, ReturnMessage
from scheduler.plan.messages.reminders import describe_missing, describe_received
from scheduler.plan.model import Plan
from scheduler.plan.obligations import EventDate, NoDate, Obligation, WindowDate
from scheduler.plan.recipients import Recipient, contacts_for, lead_officers

Claim = Declared | Disowned  # what a party states about itself


def notice_messages(agenda: Agenda, fact: Fact, now: datetime, bounced: Collection[str]) -> list[FactMessage]:
    """Return the messages that a fact causes: a receipt, a return, or notices of a change.

    `agenda` must already include the fact. What a party states about itself also goes to the lead; the same
    statement again on the same local day causes no message (contract rule 17).
    """
    plan, messages = agenda.plan, list[FactMessage]()
    concerned = _concerned(agenda, fact, now)
    for o in concerned:
        for to in contacts_for(plan.parties[o.party], with_head=False, bounced=bounced):
            message = _message_to_party(agenda, o, fact, to, now)
            if message is not None:
                messages.append(message)
    if isinstance(fact, Claim):
        messages += [
            NoticeMessage(**_common("notice", agenda, o, fact, to, now))
            for o in concerned
            for to in lead_officers(plan, bounced)
        ]
    return messages


def _concerned(agenda: Agenda, fact: Fact, now: datetime) -> list[Obligation]:
    """Return the obligations about which a fact writes."""
    if not isinstance(fact, Received | Returned | Claim):
        return [o for o in agenda.obligations if _is_informed(agenda, o, fact, now)]
    own = agenda.by_key[fact.milestone, fact.party]
    return [] if isinstance(fact, Claim) and _was_said_today(agenda.plan, own, fact) else [own]


def _message_to_party(agenda: Agenda, o: Obligation, fact: Fact, to: Recipient, now: datetime) -> FactMessage | None:
    """Return the message that a fact causes to the party itself, or None."""
    match fact:
        case Received() | Declared():
            return ReceiptMessage(**_common("receipt", agenda, o, fact, to, now))
        case Returned():
            return ReturnMessage(**_common("return", agenda, o, fact, to, now))
        case Extended() | Waived() | DateFixed() | Amended():
            return ChangeMessage(
                **_common("change", agenda, o, fact, to, now),
                was=None if isinstance(fact, Waived) and not o.known_date else o.was,
                place_was=o.known_date.place if o.known_date else "",
            )
        case (
            Disowned()
            | Accepted()
            | Opened()
            | Joined()
            | Nominated()
            | Bounced()
            | Rerouted()
            | Retired()
            | Withdrawn()
        ):
            return None
        case _:
            assert_never(fact)


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


def _common(
    kind: MessageKind, agenda: Agenda, o: Obligation, fact: Fact, to: Recipient, now: datetime
) -> dict[str, Any]:
    """Return the fields that all messages about a fact have."""
    plan, milestone = agenda.plan, agenda.plan.milestone(o.milestone)
    return {
        "key": f"{plan.id}/{kind}/{fact.id}/{to.contact.email}"
        + (f"/{o.milestone}" if _is_by(o.moved_by, fact) else ""),
        "plan": plan,
        "party": to.party,
        "to": to.contact,
        "now": now,
        "milestone": milestone,
        "occurrence": o.milestone,
        "when": o.when,
        "missing": describe_missing(milestone, o),
        "received": describe_received(milestone, o),
        "fact": fact,
    }
