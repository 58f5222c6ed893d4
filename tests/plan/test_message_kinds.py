"""What follows from the kind of a message alone."""

from __future__ import annotations

from typing import get_args

from scheduler.plan.message_kinds import MessageKind, keeps_hours, link_target


def test_only_what_operators_wait_for_leaves_at_any_hour() -> None:
    assert {kind for kind in get_args(MessageKind) if not keeps_hours(kind)} == {"outage", "sign-in"}


def test_what_a_party_can_answer_links_to_its_page_and_what_an_operator_decides_to_the_board() -> None:
    targets = {kind: link_target(kind) for kind in get_args(MessageKind)}
    assert {targets[kind] for kind in ("reminder", "overdue", "receipt", "return", "change")} == {"party page"}
    assert {targets[kind] for kind in ("escalation", "fix-date", "choose", "notice")} == {"milestone"}
    assert {targets[kind] for kind in ("outage", "digest")} == {"board"}
    assert targets["sign-in"] is None  # it has a link of its own
