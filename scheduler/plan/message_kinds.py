"""The kinds of message, and what follows from the kind alone."""

from __future__ import annotations

from typing import Literal, assert_never, get_args

LadderKind = Literal["reminder", "overdue", "escalation", "fix-date", "invitation", "choose"]  # what a ladder sends
# What follows from a single fact.
NoticeKind = Literal["receipt", "return", "change", "notice", "correction", "copy", "submission"]
RungKind = Literal[LadderKind, NoticeKind]

MessageKind = Literal[RungKind, "outage", "digest", "sign-in"]

TO_SUPERIORS: tuple[RungKind, ...] = ("escalation", "notice", "submission")  # of what concerns another party
NOTICES: tuple[NoticeKind, ...] = get_args(NoticeKind)


def is_notice(kind: RungKind) -> bool:
    """Return whether a rung of this kind follows from a single fact, and not from a ladder."""
    return kind in NOTICES


def is_urgent(kind: MessageKind) -> bool:
    """Return whether a message of this kind leaves at any hour and before all others: somebody waits for it."""
    match kind:
        case "outage" | "sign-in":
            return True
        case "reminder" | "overdue" | "escalation" | "fix-date" | "invitation" | "choose":
            return False
        case "receipt" | "return" | "change" | "notice" | "correction" | "copy" | "submission" | "digest":
            return False
        case _:
            assert_never(kind)


def keeps_hours(kind: MessageKind) -> bool:
    """Return whether a message of this kind leaves within the opening hours only."""
    return not is_urgent(kind)
