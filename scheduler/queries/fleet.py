"""The processes that work on the record: who plans, who delivers, and what each has in hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.ports import Process, UnitOfWork

RESERVED = "queue"  # with which the name of a reservation begins, as a holder of mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A process that was alive lately; `in_flight` is the number of mails that it holds."""

    process: Process
    leads: bool
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The processes that were alive lately, by name, at `now` by the clock that dates their heartbeats.

    `handed_over` is the number of mails that wait for a worker.
    """

    now: datetime
    members: Sequence[Member]
    handed_over: int

    @property
    def has_several(self) -> bool:
        """Return whether there is more than one process."""
        return len(self.members) > 1

    @property
    def last_claim(self) -> datetime | None:
        """Return when mails were last claimed (UTC); None if no process that lives has claimed any."""
        claims = [one.process.claimed_at for one in self.members if one.process.claimed_at is not None]
        return max(claims, default=None)


def read_fleet(view: UnitOfWork, now: datetime, stale: timedelta) -> Fleet:
    """Return the processes whose last heartbeat is younger than `stale`; `now` is the time by the machine's clock."""
    now = view.heartbeats.clock() or now
    leader = view.heartbeats.leader()
    held: Counter[str] = Counter()
    for holder, number in view.outbox.holders().items():
        held[holder.partition("/")[0]] += number
    known = view.heartbeats.processes()
    alive = [one for one in known if one.seen_at is not None and now - one.seen_at <= stale]
    return Fleet(
        now=now,
        members=[
            Member(
                process=one,
                leads=leader is not None and leader[0] == one.name and leader[1] > now,
                in_flight=held.pop(one.name, 0),
            )
            for one in alive
        ],
        handed_over=held.pop(RESERVED, 0),
    )
