"""What became of a mail that was in flight."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduler.plan.reasons import NONE
from scheduler.ports import Interruption, MessageRow, MessageState
from scheduler.queries.incidents import Outcome, judge_outcome
from tests.contracts.store_samples import a_mail

NOW = datetime(2023, 8, 1, tzinfo=UTC)
ROW = MessageRow(
    id=1,
    mail=a_mail(),
    kind="reminder",
    plan="plan",
    milestone=None,
    party="beta",
    rung=None,
    state="sent",
    reason=NONE,
    reply="250 ok",
    attempts=1,
    created_at=NOW,
    not_before=NOW,
    expires_at=None,
    settled_at=NOW,
)


@pytest.mark.parametrize(
    ("state", "answer", "outcome"),
    [
        ("sent", "", "once"),
        ("sent", "250 2.0.0 queued", "twice"),
        ("sent", "content: no answer in time", "once"),
        ("queued", "", "waits"),
        ("inflight", "", "waits"),
        ("held", "250 ok", "waits"),
        ("ambiguous", "", "unknown"),
        ("cancelled", "", "not sent"),
        ("missed", "250 ok", "once"),
    ],
)
def test_what_became_of_it_follows_from_its_state_and_the_late_answer(
    state: MessageState, answer: str, outcome: Outcome
) -> None:
    one = Interruption(mail=replace(ROW, state=state), holder="host:1:a/2", begun_at=NOW, noticed_at=NOW, answer=answer)
    assert judge_outcome(one, ()) == outcome


def test_an_attempt_that_is_open_waits_only_if_its_process_is_gone() -> None:
    """Else it is a mail that is being sent."""
    one = Interruption(mail=replace(ROW, state="inflight"), holder="host:1:a/2", begun_at=NOW)
    assert [judge_outcome(one, alive) for alive in (["host:1:a"], ["host:2:b"])] == ["in hand", "waits"]
