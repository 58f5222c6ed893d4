"""Retry decisions: what follows from one attempt to deliver a mail. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from scheduler.plan import reasons
from scheduler.plan.reasons import Reason
from scheduler.ports import MessageRow, MessageState, Outcome, Pace

# The wait after the first, second ... attempt. The last one repeats until the mail is given up.
WAITS: dict[Pace, tuple[timedelta, ...]] = {
    "soon": tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60)),
    "scattered": tuple(timedelta(minutes=m) for m in (1, 3, 10, 30)),
    "slowly": tuple(timedelta(hours=h) for h in (1, 2, 4)),
}
JITTER = 0.2  # fraction of a wait, in either direction, so that many mails do not return at once
UNCLEAR = timedelta(minutes=10)  # before the same bytes are sent once more after an ambiguous attempt
PAUSES = tuple(timedelta(minutes=m) for m in (15, 30, 60))  # the pause of an account, by its consecutive failures
GIVE_UP = timedelta(days=5)  # a mail without an expiry of its own fails after this


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """The state of a mail after an attempt.

    `queued` means another attempt, not earlier than `not_before` (UTC). `attempted` says whether the attempt counts,
    `unclear` whether it was ambiguous.
    """

    state: MessageState
    reason: Reason = reasons.NONE
    not_before: datetime | None = None
    attempted: bool = True
    unclear: bool = False


FOUND = RetryDecision(state="sent", reason=reasons.FOUND_IN_SENT_FOLDER, attempted=False)  # of an unclear mail


def decide_retry(outcome: Outcome, row: MessageRow, now: datetime) -> RetryDecision:
    """Return the retry decision for a mail whose attempt ended in `outcome` at `now`."""
    if outcome.state == "sent":
        return RetryDecision(state="sent")
    reply = reasons.quote(outcome.reply)
    if outcome.state == "failed":
        return RetryDecision(state="failed", reason=reply)
    if outcome.state == "ambiguous":
        if row.unclear:
            return RetryDecision(state="ambiguous", reason=reasons.unanswered_twice(outcome.reply))
        return RetryDecision(state="queued", reason=reply, not_before=now + UNCLEAR, unclear=True)
    if outcome.account is not None:
        # Not this mail's fault: it waits for the account, but behind those that are due already. If only the server of
        # this recipient refuses us, the others leave after the pause.
        return RetryDecision(state="queued", reason=reply, not_before=max(row.not_before, now), attempted=False)
    if row.expires_at is None and now - row.created_at > GIVE_UP:
        return RetryDecision(state="failed", reason=reasons.given_up(GIVE_UP.days, outcome.reply))
    wait = wait_after(outcome.pace, row.attempts, row.mail.message_id)
    return RetryDecision(state="queued", reason=reply, not_before=now + wait)


def wait_after(pace: Pace, attempts: int, identity: str) -> timedelta:
    """Return the wait after `attempts` earlier attempts, with a jitter derived from `identity` (the Message-ID)."""
    waits = WAITS[pace]
    spread = int.from_bytes(blake2b(f"{identity} {attempts}".encode(), digest_size=4).digest()) / 2**32
    return waits[min(attempts, len(waits) - 1)] * (1 + JITTER * (2 * spread - 1))


def pause_after(consecutive_failures: int) -> timedelta:
    """Return how long to pause an account that had `consecutive_failures` before this one."""
    return PAUSES[min(consecutive_failures, len(PAUSES) - 1)]
