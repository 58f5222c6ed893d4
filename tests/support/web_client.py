"""Signing in to a served site, as an operator does it with the link of a mail."""

from __future__ import annotations

import re
from datetime import timedelta

from scheduler.services.sign_in import make_link
from tests.support.mail_reader import body, read
from tests.support.polling import wait_until
from tests.support.served_site import ServedSite

OPERATOR = "officer@lead.example"  # the first officer of the plan's lead


def link(site: ServedSite, email: str = OPERATOR) -> str:
    """Return the path of a link as `hanchot sign-in` prints it."""
    with site.running.store.transaction() as unit:
        return f"/sign-in/{make_link(unit, email, now=site.clock.now(), lifetime=timedelta(minutes=30))}"


def mailed_link(site: ServedSite) -> str:
    """Return the path in the last mail."""
    words = body(read(site.mails[-1].mail.data), "plain")
    found = re.search(r"http://127\.0\.0\.1:\d+(/sign-in/\S+)", words)
    assert found is not None, words
    return found[1]


def sign_in(site: ServedSite, email: str = OPERATOR) -> str:
    """Return the cookie of a signed-in user."""
    answer = site.post(link(site, email))
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    return answer.cookie


def wait_for_mail(site: ServedSite, count: int) -> None:
    """Wait until so many mails are written: that happens after the answer."""
    wait_until(lambda: len(site.mails) >= count, f"{count} mails are written")
