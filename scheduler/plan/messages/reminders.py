"""The messages of the steps of a ladder. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

from scheduler.plan.agenda import Agenda, RungLike
from scheduler.plan.message_kinds import LadderKind
from scheduler.plan.messages.destinations import guests_to_invite
from scheduler.plan.messages.invitations import Invitation, find_invitation
from scheduler.plan.messages.message import (
    ChooseMessage,
    FixDateMessage,
    InvitationMessage,
    OverdueMessage,
    ReminderMessage,
    RungMessage,
)
from scheduler.plan.model import Deliverable, Group, Milestone, Party
from scheduler.plan.obligations import NoDate, Obligation
from scheduler.plan.recipients import Recipient
from scheduler.plan.status import still_needed


def ladder_message(
    agenda: Agenda, kind: LadderKind, row: RungLike, to: Recipient, now: datetime, rows: Sequence[RungLike] = ()
) -> RungMessage | None:
    """Return the message of one step of a ladder to one recipient.

    `rows` are the rungs of the same party and milestone, by which an overdue notice knows how many came before it.
    None if there is no group to choose any more, and for an escalation, which is a report about several parties.
    """
    plan, milestone = agenda.plan, agenda.plan.milestone(row.milestone)
    obligation = agenda.by_key.get((row.milestone, row.party))
    common: dict[str, Any] = {
        "key": "/".join((plan.id, row.milestone, row.party, row.name, str(row.due), to.contact.email)),
        "plan": plan,
        "party": to.party,
        "to": to.contact,
        "now": now,
        "rung": row.name,
        "milestone": milestone,
        "occurrence": row.milestone,
        "when": obligation.when if obligation else NoDate(""),
        "missing": describe_missing(milestone, obligation),
        "received": describe_received(milestone, obligation),
        "returned": obligation.standing.returned_by if obligation else None,
        "to_invite": guests_to_invite(plan, obligation) if obligation else (),
        "waits_for": () if obligation and obligation.attends else tuple(still_needed(agenda, milestone, now)),
    }
    match kind:
        case "reminder":
            return ReminderMessage(**common, invitation=_ask_again(agenda, obligation))
        case "overdue":
            return OverdueMessage(**common, earlier=_count_earlier(row, rows))
        case "fix-date":
            return FixDateMessage(**common)
        case "invitation":
            invitation = find_invitation(agenda, obligation) if obligation else None
            return InvitationMessage(**common, invitation=invitation)
        case "choose":
            group = _group_to_choose(agenda, row)
            return ChooseMessage(**common, group=group, candidates=_candidates(agenda)) if group else None
        case "escalation":
            return None
        case _:
            assert_never(kind)


def _count_earlier(row: RungLike, rows: Sequence[RungLike]) -> int | None:
    """Return how many overdue notices of the same date come before one: those that have left, or still will."""
    same = [other for other in rows if (other.kind, other.due) == (row.kind, row.due) and other.at < row.at]
    return sum(other.state in ("sent", "queued", "planned") for other in same) if rows else None


def _ask_again(agenda: Agenda, o: Obligation | None) -> Invitation | None:
    """Return the invitation with which a reminder of an event asks a party that has not replied."""
    invitation = find_invitation(agenda, o) if o else None
    return invitation if invitation is not None and not invitation.replies else None


def _group_to_choose(agenda: Agenda, row: RungLike) -> Group | None:
    """Return the first group about which a rung asks and that has not been filled."""
    asked = [group for group, o in agenda.nominations if o.key == (row.milestone, row.party)]
    return next((group for group in asked if group.id not in agenda.nominated), None)


def describe_missing(milestone: Milestone, obligation: Obligation | None) -> tuple[Deliverable, ...]:
    """Return the documents still owed; all of them if there is no obligation."""
    if obligation is None:
        return milestone.deliverables
    return tuple(d for d in milestone.deliverables if d.id in obligation.standing.missing)


def describe_received(milestone: Milestone, obligation: Obligation | None) -> tuple[Deliverable, ...]:
    """Return the documents that have been received."""
    missing = {d.id for d in describe_missing(milestone, obligation)}
    return tuple(d for d in milestone.deliverables if d.id not in missing)


def _candidates(agenda: Agenda) -> tuple[Party, ...]:
    plan, group = agenda.plan, agenda.plan.groups.get("members")
    chosen = group.parties if group else (party.id for party in plan.parties.values() if not party.external)
    return tuple(plan.parties[party] for party in chosen)
