"""The kinds of message, and what follows from the kind alone."""

from __future__ import annotations

from typing import Literal, assert_never

RungKind = Literal["reminder", "overdue", "escalation", "fix-date", "invitation", "choose"]  # what a ladder sends

MessageKind = Literal[RungKind, "change", "receipt", "return", "notice", "outage", "digest", "sign-in"]


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
