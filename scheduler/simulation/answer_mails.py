"""Writes the mails with which parties answer in a replay, as a mail program would."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime

from scheduler.plan.model import Contact, Deliverable

AUTHSERV_ID = "replay"  # the mail server that vouches for the senders

_POLICY = SMTPUTF8.clone(max_line_length=998)  # names as they are: nobody else has to understand these mails
_PDF = b"%%PDF-1.4\n%% %s\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 0>>endobj\n%%%%EOF\n"


def write_answer(
    sender: Contact, to: str, subject: str, documents: Sequence[Deliverable], *, cited: str, at: datetime
) -> bytes:
    """Return a mail with a PDF for each document, which answers the mail with the Message-ID `cited`, if any.

    `at` (UTC) is when it is sent; the mail server of the replay vouches for the sender.
    """
    mail = EmailMessage(policy=_POLICY)
    domain = sender.email.rpartition("@")[2]
    mail["Authentication-Results"] = f"{AUTHSERV_ID}; dmarc=pass header.from={domain}"
    mail["From"] = Address(sender.name, addr_spec=sender.email)
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{at:%Y%m%d%H%M%S}.{sender.email}>"
    if cited:
        mail["In-Reply-To"] = mail["References"] = cited
    mail.set_content("Kính gửi Bộ phận giúp việc.\n\nTrường gửi hồ sơ kèm theo thư này. Trân trọng.\n")
    for document in documents:
        name = f"{document.title}.pdf"
        mail.add_attachment(_PDF % document.title.encode(), maintype="application", subtype="pdf", filename=name)
    mail.set_boundary(f"=_{at:%Y%m%d%H%M%S}")  # the same replay gives the same bytes
    return mail.as_bytes()
