"""What becomes of a mail after an attempt to deliver it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.engine.mails.retry_policy import (
    GIVE_UP,
    JITTER,
    PAUSES,
    UNCLEAR,
    WAITS,
    decide_retry,
    pause_after,
    wait_after,
)
from scheduler.plan.reasons import NONE
from scheduler.ports import Mail, MessageRow, Outcome, Pace
from tests.support.plan_builders import at

NOW = at(3, 10)


def mail(**details: Any) -> MessageRow:
    written = Mail(message_id="<a@b.example>", date=NOW, address="a@b.example", subject="s", data=b"")
    values: dict[str, Any] = {
        "id": 1,
        "mail": written,
        "kind": "reminder",
        "plan": "plan",
        "milestone": "report",
        "party": "beta",
        "rung": "target",
        "state": "inflight",
        "reason": NONE,
        "reply": "",
        "attempts": 0,
        "created_at": NOW,
        "not_before": NOW,
        "expires_at": NOW + timedelta(days=2),
        "settled_at": None,
    }
    return MessageRow(**values | details)


def deferred(**details: Any) -> Outcome:
    return Outcome(state="deferred", reply="451 not now", **details)


def minutes(span: timedelta) -> float:
    return span / timedelta(minutes=1)


def test_what_was_accepted_is_sent() -> None:
    after = decide_retry(Outcome(state="sent", reply="250 ok"), mail(), NOW)
    assert (after.state, str(after.reason), after.attempted) == ("sent", "", True)


def test_what_was_refused_has_failed_in_the_servers_words() -> None:
    after = decide_retry(Outcome(state="failed", reply="550 no"), mail(), NOW)
    assert (after.state, str(after.reason)) == ("failed", "550 no")


@pytest.mark.parametrize(
    ("pace", "waits"), [("soon", (1, 5, 15, 30, 60, 60)), ("scattered", (1, 3, 10, 30, 30)), ("slowly", (60, 120, 240))]
)
def test_what_was_put_off_waits_longer_each_time(pace: Pace, waits: tuple[int, ...]) -> None:
    for attempts, about in enumerate(waits):
        after = decide_retry(deferred(pace=pace), mail(attempts=attempts), NOW)
        assert after.state == "queued"
        assert after.attempted
        assert after.not_before is not None
        assert minutes(after.not_before - NOW) == pytest.approx(about, rel=JITTER)


@given(pace=st.sampled_from(list(WAITS)), attempts=st.integers(0, 20), identity=st.text())
def test_a_wait_is_spread_but_never_by_more_than_a_fifth_and_always_the_same(
    pace: Pace, attempts: int, identity: str
) -> None:
    wait = wait_after(pace, attempts, identity)
    plain = WAITS[pace][min(attempts, len(WAITS[pace]) - 1)]
    assert (1 - JITTER) * plain <= wait <= (1 + JITTER) * plain
    assert wait_after(pace, attempts, identity) == wait


def test_a_mail_waits_for_its_account_and_is_not_counted_as_tried() -> None:
    after = decide_retry(deferred(account="pause"), mail(attempts=2), NOW)
    assert (after.state, after.not_before, after.attempted) == ("queued", NOW, False)


def test_a_mail_that_let_its_account_rest_goes_behind_those_that_are_due_already() -> None:
    """A recipient whose server refuses us would else hold up everybody."""
    due_for_an_hour = mail(not_before=NOW - timedelta(hours=1))
    assert decide_retry(deferred(account="pause"), due_for_an_hour, NOW).not_before == NOW


def test_an_unclear_mail_goes_out_once_more_with_the_same_bytes() -> None:
    after = decide_retry(Outcome(state="ambiguous", reply="the connection died"), mail(), NOW)
    assert (after.state, after.not_before, after.unclear) == ("queued", NOW + UNCLEAR, True)


def test_a_mail_that_was_unclear_twice_stays_so() -> None:
    after = decide_retry(Outcome(state="ambiguous", reply="the connection died"), mail(unclear=True), NOW)
    assert after.state == "ambiguous"
    assert "the connection died" in str(after.reason)


def test_a_notice_is_given_up_after_some_days_and_a_reminder_when_it_is_too_old() -> None:
    """A reminder has an expiry of its own; what has none would be tried for ever."""
    late: datetime = NOW + GIVE_UP + timedelta(seconds=1)
    notice = decide_retry(deferred(), mail(expires_at=None), late)
    assert (notice.state, str(notice.reason)) == ("failed", "given up after 5 days: 451 not now")
    assert decide_retry(deferred(), mail(), late).state == "queued"


@pytest.mark.parametrize(
    ("consecutive_failures", "pause"), [(0, PAUSES[0]), (1, PAUSES[1]), (2, PAUSES[2]), (7, PAUSES[2])]
)
def test_an_account_rests_longer_each_time_in_a_row(consecutive_failures: int, pause: timedelta) -> None:
    assert pause_after(consecutive_failures) == pause
