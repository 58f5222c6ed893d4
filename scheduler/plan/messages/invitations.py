"""What a mail says to the calendar of a party that is invited to an event (RFC 5546). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import On
from scheduler.plan.facts import Amended, DateFixed, Fact, Waived
from scheduler.plan.obligations import Obligation

_CHANGES = (DateFixed, Amended, Waived)  # what gives an event another day or place, or calls it off


class Invitation(NamedTuple):
    """An invitation as it stands: the days and the place.

    One that `is_off` is called off, or has no day any more; its days are those that the party last knew, if any.
    `sequence` grows with each decision about the event, also with one that is taken back. It is 0 for what the plan
    says, else the id of the fact.
    """

    days: On | None
    place: str = ""
    sequence: int = 0
    is_off: bool = False


def find_invitation(agenda: Agenda, o: Obligation) -> Invitation | None:
    """Return the invitation of a party to an event; None if it is not invited."""
    if not o.invited:
        return None
    sequence = max((fact.id for fact in _find_changes(agenda, o)), default=0)
    known = o.event or (o.known_date.event if o.known_date else None)
    return Invitation(known, o.place, sequence, is_off=o.event is None or o.standing.state == "waived")


def find_days(agenda: Agenda, o: Obligation, sequence: int) -> On | None:
    """Return the days that the invitation with a sequence number named; None if that is not known."""
    now = find_invitation(agenda, o)
    if now is not None and now.sequence == sequence:
        return None if now.is_off else now.days
    forms = {0: agenda.plan.milestone(o.milestone).form}
    forms |= {fact.id: fact.form for fact in _find_changes(agenda, o) if isinstance(fact, DateFixed | Amended)}
    named = forms.get(sequence)
    return named if isinstance(named, On) else None


def _find_changes(agenda: Agenda, o: Obligation) -> Iterator[Fact]:
    """Yield the facts that changed an invitation: decisions, those that were taken back, and what took them back."""
    yield from (fact for fact in (*o.facts, o.decided_by, o.moved_by) if isinstance(fact, _CHANGES))
    for r in agenda.retractions_of(o):
        if isinstance(r.fact, _CHANGES):
            yield r.fact
            yield r.by
