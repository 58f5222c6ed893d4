"""What a calendar program's reply to an invitation says of a party. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from scheduler.plan import reasons
from scheduler.plan.answers.doubts import doubt_sender
from scheduler.plan.answers.received_mail import CalendarReply, ReceivedMail
from scheduler.plan.dates.date_forms import On
from scheduler.plan.facts import Reply
from scheduler.plan.model import Milestone
from scheduler.plan.obligations import Obligation
from scheduler.plan.reasons import Reason

_REPLIES: Mapping[str, Reply] = {
    "accepted": "accepted",
    "tentative": "tentative",
    "declined": "declined",
    "delegated": "delegated",
}


class ReplyReading(NamedTuple):
    """What a reply says: it can be recorded if there is no doubt; `is_older` says that a later one is known."""

    reply: Reply | None
    said_at: datetime
    doubts: tuple[Reason, ...] = ()
    is_older: bool = False


def read_reply(
    mail: ReceivedMail,
    calendar: CalendarReply,
    o: Obligation,
    milestone: Milestone,
    *,
    days: On | None,
    arrived_at: datetime,
) -> ReplyReading:
    """Return what a reply by a contact says of the obligation to whose invitation it replies.

    `days` are those of the invitation to which it replies. A clock that is ahead makes no reply newer than its arrival.
    """
    reply = _REPLIES.get(calendar.status)
    said_at = min(calendar.stamped_at or arrived_at, arrived_at)
    doubts = doubt_sender(mail, is_known=True)
    if calendar.attendee.casefold() != mail.sender.casefold():
        doubts.append(reasons.reply_of_other(calendar.attendee))
    if reply is None:
        doubts.append(reasons.REPLY_UNCLEAR)
    if o.event is None or o.standing.state == "waived" or days != o.event:
        doubts.append(reasons.REPLY_TO_OTHER_DAYS)
    if reply == "delegated" and not milestone.deputy:
        doubts.append(reasons.REPLY_NO_DEPUTY)
    known = [said.happened_at for said in o.standing.replies if said.address.casefold() == mail.sender.casefold()]
    return ReplyReading(reply, said_at, tuple(doubts), is_older=any(at > said_at for at in known))
