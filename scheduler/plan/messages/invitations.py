"""What a mail says to the calendar of a party that is invited to an event (RFC 5546). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.answers.attendance import find_replies
from scheduler.plan.dates.date_forms import On
from scheduler.plan.facts import Amended, DateFixed, Fact, Replied, Waived
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.scope import Scope

_CHANGES = (DateFixed, Amended, Waived)  # what gives an event another day or place, or calls it off


class Invitation(NamedTuple):
    """An invitation as it stands: the days and the place, and what the party has replied for these days.

    One that `is_off` is called off, or has no day any more; its days are those that the party knew. `sequence` grows
    with each decision about the event, also with one that is taken back. It is 0 for what the plan says, else the id
    of the fact.
    """

    days: On
    place: str = ""
    sequence: int = 0
    is_off: bool = False
    replies: tuple[Replied, ...] = ()


def find_invitation(agenda: Agenda, o: Obligation) -> Invitation | None:
    """Return the invitation of a party to an event; None if it is not invited, or knows of no day that is off."""
    if not o.invited:
        return None
    changes = list(_find_changes(agenda, o))
    sequence = max((fact.id for fact in changes), default=0)
    if o.event is not None and o.standing.state != "waived":
        return Invitation(o.event, o.place, sequence, replies=tuple(find_replies(o)))
    known = o.known_date.event if o.known_date else _find_undone(agenda, o)
    return Invitation(known, "", sequence, is_off=True) if known else None


def find_days(
    plan: Plan,
    facts: Sequence[Fact],
    o: Obligation,
    sequence: int,
    *,
    loaded_at: datetime,
    scope: Scope | None = None,
) -> On | None:
    """Return the days of the invitation that had a sequence number; None if there was none.

    They follow from the facts that were recorded by then, and from the plan as it was before later edits. `facts` holds
    those of the plan in the order of recording, for a `scope` those that `draw_agenda` needs.
    """
    milestone = Occurrence.of(o.milestone).milestone
    later = (fact for fact in facts if isinstance(fact, Amended) and fact.id > sequence)
    was = next((fact.was for fact in later if fact.milestone == milestone), None)
    milestones = tuple(replace(m, form=was) if was and m.id == milestone else m for m in plan.milestones)
    known = [fact for fact in facts if fact.id <= sequence]
    agenda = draw_agenda(replace(plan, milestones=milestones), known, loaded_at=loaded_at, scope=scope)
    then = agenda.by_key.get(o.key)
    invitation = find_invitation(agenda, then) if then else None
    is_it = invitation is not None and not invitation.is_off and invitation.sequence == sequence
    return invitation.days if invitation and is_it else None


def _find_undone(agenda: Agenda, o: Obligation) -> On | None:
    """Return the days of the last decision about an event that was taken back."""
    undone = [r.fact.form for r in agenda.retractions_of(o) if isinstance(r.fact, DateFixed | Amended)]
    return next((form for form in reversed(undone) if isinstance(form, On)), None)


def _find_changes(agenda: Agenda, o: Obligation) -> Iterator[Fact]:
    """Yield the facts that changed an invitation: decisions, those that were taken back, and what took them back."""
    yield from (fact for fact in (*o.facts, o.decided_by, o.moved_by) if isinstance(fact, _CHANGES))
    for r in agenda.retractions_of(o):
        if isinstance(r.fact, _CHANGES):
            yield r.fact
            yield r.by
