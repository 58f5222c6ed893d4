"""A mailer pointed at a server of the tests, and mails for it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scheduler.mail.smtp import Account, Security, SmtpMailer
from scheduler.mail.smtp_session import Timeouts
from scheduler.ports import Mail
from tests.contracts.store_samples import a_mail

SENDER = "nhacviec@cum.example"
SECRET = b"the secret of this installation."
TIMEOUTS = Timeouts(connect=10, command=10, opening=20, upload=10, final=10, quit=0.5)
# For servers that fall silent. Not shorter: what such a server does answer must still come in time on a busy machine.
SHORT_TIMEOUTS = Timeouts(connect=10, command=1, opening=20, upload=1, final=1, quit=0.1)
DATA = b"Subject: x\r\nMessage-ID: <1@hanchot.example>\r\n\r\n.hidden\r\n..\r\n.\r\nend\r\n"


def mail(number: int = 1, **changes: Any) -> Mail:
    """Return a mail that can go over the wire."""
    return a_mail(number, **({"data": DATA} | changes))


@contextmanager
def mailer(
    port: int,
    *,
    host: str = "127.0.0.1",
    security: Security = "none",
    username: str = "",
    password: str = "",
    timeouts: Timeouts = TIMEOUTS,
    context: ssl.SSLContext | None = None,
    **options: Any,
) -> Iterator[SmtpMailer]:
    """Return a mailer, closed in the end."""
    account = Account(host=host, port=port, security=security, username=username, password=password)
    it = SmtpMailer(account, sender=SENDER, secret=SECRET, context=context, timeouts=timeouts, **options)
    try:
        yield it
    finally:
        it.close()
