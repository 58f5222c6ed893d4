"""The kinds of message, and what follows from the kind alone."""

from __future__ import annotations

from typing import Literal, assert_never

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
LinkTarget = Literal["party page", "milestone", "board"]  # the last two are for operators


def link_target(kind: MessageKind) -> LinkTarget | None:
    """Return what a message of this kind links to; None if it has no link, or one of its own."""
    match kind:
        case "reminder" | "overdue" | "invitation" | "change" | "receipt" | "return":
            return "party page"
        case "escalation" | "fix-date" | "choose" | "notice":
            return "milestone"
        case "outage" | "digest":
            return "board"
        case "sign-in":
            return None
        case _:
            assert_never(kind)


def keeps_hours(kind: MessageKind) -> bool:
    """Return whether a message of this kind leaves within the opening hours only."""
    match kind:
        case "outage" | "sign-in":
            return False
        case "reminder" | "overdue" | "escalation" | "fix-date" | "invitation" | "choose":
            return True
        case "change" | "receipt" | "return" | "notice" | "digest":
            return True
        case _:
            assert_never(kind)
