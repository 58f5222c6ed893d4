"""What kind of mail came."""

from __future__ import annotations

from itertools import combinations

import pytest

from scheduler.plan.answers.received_mail import Attachment, CalendarReply, DeliveryReport, ReceivedMail
from scheduler.plan.answers.sorts import Sort, sort_mail

FILE = Attachment(part="2", name="bao-cao.pdf", kind="application/pdf", size=9, digest="ab")
REPORT = DeliveryReport(message_id="", recipients=())
REPLY = CalendarReply(uid="1", attendee="a@b.vn", status="accepted")


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (ReceivedMail(report=REPORT, is_null_sender=True), "report"),
        (ReceivedMail(calendar=REPLY, automatic="auto-replied"), "calendar"),
        (ReceivedMail(automatic="auto-replied"), "automatic"),
        (ReceivedMail(is_null_sender=True), "automatic"),
        (ReceivedMail(automatic="auto-replied", attachments=(FILE,)), "automatic"),
        (ReceivedMail(attachments=(FILE,)), "person"),
        (ReceivedMail(), "person"),
    ],
)
def test_only_what_no_machine_wrote_is_a_persons_mail(mail: ReceivedMail, expected: Sort) -> None:
    """An out-of-office note with a file is no submission."""
    assert sort_mail(mail, is_own=False) == expected


def test_the_first_kind_that_applies_counts() -> None:
    order: list[Sort] = ["own", "report", "calendar", "automatic"]
    for first, second in combinations(order, 2):
        given = {first, second}
        mail = ReceivedMail(
            report=REPORT if "report" in given else None,
            calendar=REPLY if "calendar" in given else None,
            automatic="auto-replied" if "automatic" in given else "",
        )
        assert sort_mail(mail, is_own="own" in given) == first
