"""The events that the daemon reports while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scheduler.ports.outbox import MessageRow

EventName = Literal[
    "started", "stopped", "loaded", "refused", "changed", "recorded", "checked",
    "sent", "queued", "skipped", "missed", "cancelled", "failed", "ambiguous", "outage", "trouble", "done", "asked",
    "arrived",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; `at` is aware, `text` is a sentence without e-mail addresses.

    `step` names the step of a tick that failed, if the event tells of one.
    """

    name: EventName
    at: datetime
    text: str
    plan: str = ""
    milestone: str = ""
    party: str = ""
    rung: str = ""
    step: str = ""

    @classmethod
    def of_mail(cls, row: MessageRow, name: EventName, at: datetime, text: str, *, step: str = "") -> Event:
        """Return an event about a mail."""
        return cls(
            name=name,
            at=at,
            text=text,
            plan=row.plan,
            milestone=row.milestone or "",
            party=row.party,
            rung=row.rung or row.kind,
            step=step,
        )


Reporter = Callable[[Event], None]
