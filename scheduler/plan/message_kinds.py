"""The kinds of message."""

from __future__ import annotations

from typing import Literal

MessageKind = Literal[
    "reminder",
    "overdue",
    "escalation",
    "fix-date",
    "invitation",
    "change",
    "receipt",
    "return",
    "notice",
    "choose",
    "outage",
    "digest",
    "sign-in",
]
