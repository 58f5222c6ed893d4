"""The mails that were in flight when a process, a machine or a connection failed, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from scheduler.ports import Interruption, UnitOfWork, owner_of
from scheduler.queries.rows import Row, iso
from scheduler.texts import Text
from scheduler.wording.sentences import word_reason

Outcome = Literal["in hand", "waits", "once", "twice", "unknown", "not sent"]


def judge_outcome(one: Interruption, alive: Collection[str]) -> Outcome:
    """Return what became of a mail that was in flight; `alive` are the names of the processes that are at work.

    `once` means that the only copy known is that of a later attempt, or of the interrupted one; `twice`, that the
    server took it in both.
    """
    if one.noticed_at is None:
        return "in hand" if owner_of(one.holder) in alive else "waits"
    was_taken = one.answer.startswith("2")
    match one.mail.state:
        case "sent":
            return "twice" if was_taken else "once"
        case "queued" | "inflight" | "held":
            return "waits"
        case "ambiguous":
            return "unknown"
    return "once" if was_taken else "not sent"


def list_incidents(
    view: UnitOfWork, since: datetime, alive: Collection[str], zone_of: Callable[[str], ZoneInfo]
) -> Iterator[Row]:
    """Yield a row for each mail that was in flight at an interruption since an instant, oldest attempt first.

    Attempts that go on now are left out. A copy that may have come twice has the same Message-ID and bytes.
    """
    for one in view.outbox.interruptions(since):
        outcome = judge_outcome(one, alive)
        if outcome == "in hand":
            continue
        zone = zone_of(one.mail.plan)
        yield {
            "id": f"m{one.mail.id}",
            "begun": iso(one.begun_at, zone),
            "holder": one.holder,
            "noticed": None if one.noticed_at is None else iso(one.noticed_at, zone),
            "to": one.mail.mail.address,
            "subject": one.mail.mail.subject,
            "state": one.mail.state,
            "copies": _COPIES[outcome],
            "answer": one.answer,
            "reason": word_reason(one.mail.reason),
        }


_COPIES: dict[Outcome, Text] = {
    "waits": Text("it goes out once more; a copy may have arrived"),
    "once": Text("sent; the interrupted attempt may have left one more copy"),
    "twice": Text("sent twice, with the same Message-ID"),
    "unknown": Text("nobody knows whether it arrived"),
    "not sent": Text("not sent again"),
}
