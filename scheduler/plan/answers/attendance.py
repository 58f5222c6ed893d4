"""Who comes to an event, by the replies to its invitation. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from scheduler.plan.dates_in_force import begins_at
from scheduler.plan.facts import Replied, Reply
from scheduler.plan.model import Milestone, Plan
from scheduler.plan.obligations import Obligation

AttendanceState = Literal["coming", "deputy", "undecided", "absent", "unanswered"]

STATES: Mapping[Reply, AttendanceState] = {  # the first one that some contact says is that of the party
    "accepted": "coming",
    "delegated": "deputy",
    "tentative": "undecided",
    "declined": "absent",
}


class Attendance(NamedTuple):
    """Whether a party comes to an event; `last` is the latest reply that says so, `people` how many come, if known."""

    state: AttendanceState
    last: Replied | None = None
    people: int | None = None


def read_attendance(o: Obligation) -> Attendance:
    """Return whether a party comes to the event on the days in force.

    An answer for the whole party replaces all earlier ones. Those of single contacts after it replace it: then the
    party comes if one of them does, and what was said of the number of people still holds.
    """
    replies = find_replies(o)
    contacts = [reply for reply in replies if reply.address]
    said = {STATES[reply.reply]: reply for reply in reversed(contacts or replies)}
    state: AttendanceState = next((state for state in STATES.values() if state in said), "unanswered")
    numbers = () if state in ("absent", "unanswered") else (reply.people for reply in replies)
    return Attendance(state, said.get(state), next((number for number in numbers if number is not None), None))


def find_replies(o: Obligation) -> list[Replied]:
    """Return the replies for the days in force, the latest first: the last one for the whole party, and those after it.

    Of each contact only the latest is among them.
    """
    found: dict[str, Replied] = {}
    about = (reply for reply in o.standing.replies if o.event is not None and reply.form == o.event)
    for reply in sorted(about, key=lambda reply: (reply.happened_at, reply.id), reverse=True):
        found.setdefault(reply.address.casefold(), reply)
        if not reply.address:
            break
    return list(found.values())


def takes_part(plan: Plan, o: Obligation) -> bool:
    """Return whether a party is invited to an event that has a day, and has not ended before it."""
    if not o.invited or o.event is None or o.standing.state == "waived":
        return False
    return o.until is None or begins_at(o.event, plan) < o.until


def count_attendance(plan: Plan, obligations: Iterable[Obligation]) -> Mapping[AttendanceState, int]:
    """Return how many of the parties that are invited to an event have said what."""
    counted = Counter(read_attendance(o).state for o in obligations if takes_part(plan, o))
    return {state: counted[state] for state in (*STATES.values(), "unanswered") if counted[state]}


def count_people(plan: Plan, obligations: Iterable[Obligation]) -> int:
    """Return how many people come from all parties together, as far as they have said how many."""
    return sum(read_attendance(o).people or 0 for o in obligations if takes_part(plan, o))


def offered_replies(milestone: Milestone) -> tuple[Reply, ...]:
    """Return the replies to an invitation that a party may give: a deputy only where the plan lets one come."""
    return ("accepted", *(("delegated",) if milestone.deputy else ()), "tentative", "declined")
