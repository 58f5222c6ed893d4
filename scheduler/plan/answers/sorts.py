"""What kind of mail a received mail is: only a person's mail can answer anything. Pure."""

from __future__ import annotations

from typing import Literal

from scheduler.plan.answers.received_mail import ReceivedMail

Sort = Literal["own", "report", "calendar", "automatic", "person"]


def sort_mail(mail: ReceivedMail, *, is_own: bool) -> Sort:
    """Return what kind of mail it is; `is_own` says that this program wrote it.

    The first that applies counts. What is attached changes nothing: an out-of-office note with a file stays automatic.
    """
    if is_own:
        return "own"
    if mail.report is not None:
        return "report"
    if mail.calendar is not None:
        return "calendar"
    return "automatic" if mail.automatic or mail.is_null_sender else "person"
