"""Mails lead somewhere: those to parties to their pages, those that ask an operator for something to the board."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.plan.model import Contact
from scheduler.queries.site_links import SiteLinks, make_linker
from tests.support.daemon_fixture import DaemonFixture
from tests.support.sample_messages import LEAD_HEAD, MESSAGES

SITE = SiteLinks("https://office.example", b"a secret of the tests", (LEAD_HEAD.email,))
MILESTONES = "https://office.example/plans/cum-2023/milestones"
ASKED = {
    "escalation": f"{MILESTONES}/dang-ky",
    "fix-date-window": f"{MILESTONES}/so-ket",
    "choose-1": f"{MILESTONES}/tong-ket",
    "notice-disowned": f"{MILESTONES}/dang-ky/north-school",
    "outage": "https://office.example/",
    "digest": "https://office.example/",
}


@pytest.mark.parametrize(("name", "address"), ASKED.items())
def test_a_mail_that_asks_an_operator_leads_to_where_it_is_decided(
    daemon: DaemonFixture, name: str, address: str
) -> None:
    with daemon.store.reading() as view:
        assert make_linker(SITE, view)(MESSAGES[name]).page == address


@pytest.mark.parametrize("name", ASKED)
def test_it_leads_nowhere_for_who_could_not_get_in(daemon: DaemonFixture, name: str) -> None:
    """Operators are those that are configured; without any, whom the lead names first."""
    other = replace(MESSAGES[name], to=Contact(name="", email="somebody@else.example"))
    with daemon.store.reading() as view:
        assert make_linker(SITE, view)(other).page == ""
        assert make_linker(replace(SITE, operators=()), view)(MESSAGES[name]).page


@pytest.mark.parametrize("name", [*ASKED, "reminder-with-page"])
def test_without_a_public_address_no_mail_leads_anywhere(daemon: DaemonFixture, name: str) -> None:
    """Contract rule 20."""
    message = replace(MESSAGES[name], page="")
    with daemon.store.reading() as view:
        assert make_linker(None, view)(message).page == ""
