"""Who comes to the events of a plan, as rows."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.plan.agenda import Agenda
from scheduler.plan.answers.attendance import read_attendance, takes_part
from scheduler.plan.model import Occurrence
from scheduler.queries.rows import Row, iso


def list_attendance(agenda: Agenda, milestone: str | None = None) -> Iterator[Row]:
    """Yield a row for each party that is invited to an event with a day, or to one event or milestone of that id."""
    plan = agenda.plan
    for o in agenda.obligations:
        if milestone not in (None, o.milestone, Occurrence.of(o.milestone).milestone) or not takes_part(plan, o):
            continue
        said = read_attendance(o)
        yield {
            "plan": plan.id,
            "milestone": o.milestone,
            "first": o.event.first.isoformat() if o.event else None,
            "party": o.party,
            "attendance": said.state,
            "deputy": said.last.deputy if said.last else "",
            "people": said.people,
            "said": iso(said.last.happened_at, plan.zone) if said.last else None,
            "note": said.last.note if said.last else "",
        }
