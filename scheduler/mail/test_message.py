"""The test mail, to check that mail arrives."""

from __future__ import annotations

import secrets
from base64 import encodebytes
from datetime import datetime
from email.utils import format_datetime

from scheduler.email_address import read_address
from scheduler.mail import headers
from scheduler.ports import Mail

SUBJECT = "Thư thử của hanchot (a test mail)"
_TEXT = """\
Thư này chỉ để thử đường gửi thư của hanchot; xin đừng trả lời.
Nếu đọc được dòng này thì tiếng Việt cũng đến nơi nguyên vẹn.

This mail was sent with `hanchot mail test`; there is nothing to do.
"""


def compose_test_message(address: str, *, sender: str, organisation: str, now: datetime) -> Mail:
    """Return a plain mail to `address`, with a new Message-ID each time.

    Raises `UserError` if `address` is not an e-mail address.
    """
    address = read_address(address) or address  # `write_address` below refuses an invalid one
    message_id = f"<{secrets.token_hex(16)}@{sender.rpartition('@')[2]}>"
    body = encodebytes(_TEXT.replace("\n", "\r\n").encode()).replace(b"\n", b"\r\n")
    head = "".join(
        (
            headers.write_address("From", organisation, sender),
            headers.write_address("To", "", address),
            headers.write_text("Subject", SUBJECT),
            f"Date: {format_datetime(now)}\r\n",
            headers.write_ids("Message-ID", (message_id,)),
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        )
    )
    return Mail(message_id=message_id, date=now, address=address, subject=SUBJECT, data=head.encode("ascii") + body)
