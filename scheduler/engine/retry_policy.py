"""What follows from one attempt to deliver. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from scheduler.plan import reasons
from scheduler.plan.reasons import Reason
from scheduler.ports import MessageRow, MessageState, Outcome, Pace

# How long to wait after the first, second ... attempt; the last wait repeats until the mail is given up.
WAITS: dict[Pace, tuple[timedelta, ...]] = {
    "soon": tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60)),
    "scattered": tuple(timedelta(minutes=m) for m in (1, 3, 10, 30)),
    "slowly": tuple(timedelta(hours=h) for h in (1, 2, 4)),
}
JITTER = 0.2  # of a wait, either way, so that many mails do not come back at one moment
UNCLEAR = timedelta(minutes=10)  # before the same bytes go out once more after an ambiguous attempt
PAUSES = tuple(timedelta(minutes=m) for m in (15, 30, 60))  # of an account, by how often in a row it had to rest
GIVE_UP = timedelta(days=5)  # after this a mail without an expiry of its own has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """What becomes of a mail after an attempt; `queued` means again, not before `not_before`."""

    state: MessageState
    reason: Reason = reasons.NONE
    not_before: datetime | None = None
    attempted: bool = True
    unclear: bool = False


FOUND = RetryDecision(state="sent", reason=reasons.FOUND_IN_SENT_FOLDER, attempted=False)  # of an unclear mail


def decide_retry(outcome: Outcome, row: MessageRow, now: datetime) -> RetryDecision:
    """Return what becomes of a mail after the attempt that ended in `outcome` at `now`."""
    if outcome.state == "sent":
        return RetryDecision(state="sent")
    reply = reasons.quote(outcome.reply)
    if outcome.state == "failed":
        return RetryDecision(state="failed", reason=reply)
    if outcome.state == "ambiguous":
        if row.unclear:
            return RetryDecision(state="ambiguous", reason=reasons.unanswered_twice(outcome.reply))
        return RetryDecision(state="queued", reason=reply, not_before=now + UNCLEAR, unclear=True)
    if outcome.account is not None:  # not this mail's fault; it waits for the account
        return RetryDecision(state="queued", reason=reply, not_before=row.not_before, attempted=False)
    if row.expires_at is None and now - row.created_at > GIVE_UP:
        return RetryDecision(state="failed", reason=reasons.given_up(GIVE_UP.days, outcome.reply))
    wait = wait_after(outcome.pace, row.attempts, row.mail.message_id)
    return RetryDecision(state="queued", reason=reply, not_before=now + wait)


def wait_after(pace: Pace, attempts: int, identity: str) -> timedelta:
    """Return how long to wait after so many earlier attempts, spread by what the mail is called."""
    waits = WAITS[pace]
    spread = int.from_bytes(blake2b(f"{identity} {attempts}".encode(), digest_size=4).digest()) / 2**32
    return waits[min(attempts, len(waits) - 1)] * (1 + JITTER * (2 * spread - 1))


def pause_after(consecutive_failures: int) -> timedelta:
    """Return how long an account rests that had to rest so many times in a row before."""
    return PAUSES[min(consecutive_failures, len(PAUSES) - 1)]
