"""Who comes to an event, by the replies to its invitation. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from scheduler.plan.facts import Replied, Reply
from scheduler.plan.model import Milestone
from scheduler.plan.obligations import Obligation

AttendanceState = Literal["coming", "deputy", "undecided", "absent", "unanswered"]

STATES: Mapping[Reply, AttendanceState] = {  # the first one that some contact says is that of the party
    "accepted": "coming",
    "delegated": "deputy",
    "tentative": "undecided",
    "declined": "absent",
}


class Attendance(NamedTuple):
    """Whether a party comes to an event, and the replies that say so, the latest first.

    `people` is how many come, if somebody has said so.
    """

    state: AttendanceState
    replies: tuple[Replied, ...] = ()

    @property
    def last(self) -> Replied | None:
        """Return the latest of the replies that decide."""
        return next((reply for reply in self.replies if STATES[reply.reply] == self.state), None)

    @property
    def people(self) -> int | None:
        """Return how many come, as the latest reply says that names a number; None if nobody has said so."""
        return next((reply.people for reply in self.replies if reply.people is not None), None)


def read_attendance(o: Obligation) -> Attendance:
    """Return whether a party comes to the event on the days in force.

    An answer for the whole party replaces all earlier ones. Of those of single contacts after it the latest of each
    counts: the party comes if one of them does.
    """
    replies = tuple(_find_counting(o))
    said = {STATES[reply.reply] for reply in replies}
    return Attendance(next((state for state in STATES.values() if state in said), "unanswered"), replies)


def count_attendance(obligations: Iterable[Obligation]) -> Mapping[AttendanceState, int]:
    """Return how many of the parties that are invited to an event have said what; of no day, or called off, nothing."""
    invited = [o for o in obligations if o.invited and o.event is not None and o.standing.state != "waived"]
    counted = Counter(read_attendance(o).state for o in invited)
    return {state: counted[state] for state in (*STATES.values(), "unanswered") if counted[state]}


def offered_replies(milestone: Milestone) -> tuple[Reply, ...]:
    """Return the replies to an invitation that a party may give: a deputy only where the plan lets one come."""
    return ("accepted", *(("delegated",) if milestone.deputy else ()), "tentative", "declined")


def _find_counting(o: Obligation) -> Iterable[Replied]:
    """Yield the replies that count, the latest first."""
    known: set[str] = set()
    about = (reply for reply in o.standing.replies if o.event is not None and reply.form == o.event)
    for reply in sorted(about, key=lambda reply: (reply.happened_at, reply.id), reverse=True):
        if reply.address not in known:
            yield reply
        known.add(reply.address)
        if not reply.address:
            return
