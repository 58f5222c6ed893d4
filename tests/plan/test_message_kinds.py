"""What follows from the kind of a message alone."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from scheduler.plan.message_kinds import MessageKind, keeps_hours
from scheduler.plan.messages.message import Message


def test_only_what_operators_wait_for_leaves_at_any_hour() -> None:
    assert {kind for kind in get_args(MessageKind) if not keeps_hours(kind)} == {"outage", "sign-in"}


def test_every_kind_of_message_has_one_class() -> None:
    assert Counter(cls.kind for cls in get_args(Message)) == Counter(get_args(MessageKind))
