"""What a calendar program's reply to an invitation says of a party. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, get_args

from scheduler.plan import reasons
from scheduler.plan.answers.attendance import offered_replies
from scheduler.plan.answers.doubts import doubt_sender
from scheduler.plan.answers.received_mail import CalendarReply, ReceivedMail
from scheduler.plan.dates.date_forms import On
from scheduler.plan.facts import Reply
from scheduler.plan.model import Milestone
from scheduler.plan.obligations import Obligation
from scheduler.plan.reasons import Reason


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
    is_contact: bool,
    days: On | None,
    arrived_at: datetime,
) -> ReplyReading:
    """Return what a reply says of the obligation to whose invitation it replies.

    `days` are those of the invitation to which it replies. `is_contact` says whether the sender is a contact of the
    party. When it was said is what the calendar program says, unless its clock is ahead, or behind the invitation.
    """
    reply: Reply | None = next((one for one in get_args(Reply) if one == calendar.status), None)
    invited_at = max(o.since, o.changed_by.recorded_at) if o.changed_by else o.since
    stamp = calendar.stamped_at
    said_at = stamp if stamp and invited_at <= stamp <= arrived_at else arrived_at
    doubts = doubt_sender(mail, is_known=is_contact)
    if calendar.attendee.casefold() != mail.sender.casefold():
        doubts.append(reasons.reply_of_other(calendar.attendee))
    if reply is None:
        doubts.append(reasons.REPLY_UNCLEAR)
    is_over = o.until is not None and o.until <= arrived_at
    if is_over or o.event is None or o.standing.state == "waived" or days != o.event:
        doubts.append(reasons.REPLY_TO_OTHER_DAYS)
    if reply == "delegated" and reply not in offered_replies(milestone):
        doubts.append(reasons.REPLY_NO_DEPUTY)
    own = (said for said in o.standing.replies if said.address.casefold() == mail.sender.casefold())
    is_older = any(said.happened_at > said_at for said in own if said.form == o.event)
    return ReplyReading(reply, said_at, tuple(doubts), is_older=is_older)
