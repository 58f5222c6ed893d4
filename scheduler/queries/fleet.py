"""The processes that work on the record: who plans, who delivers, and what each has in hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.ports import RESERVED, Process, UnitOfWork, owner_of


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


def read_fleet(view: UnitOfWork, now: datetime, stale: timedelta) -> Fleet:
    """Return the processes whose last heartbeat is younger than `stale`; `now` is the time by the machine's clock."""
    now = view.heartbeats.clock() or now
    leader = view.heartbeats.leader()
    held: Counter[str] = Counter()
    for holder, number in view.outbox.holders().items():
        held[owner_of(holder)] += number
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
