"""Mails lead somewhere: those to parties to their pages, those that ask an operator for something to the board."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.plan.model import Contact
from scheduler.queries.site_links import PageAddresses, leading_to_pages
from tests.support.daemon_fixture import House
from tests.support.sample_messages import LEAD_HEAD, LETTERS

SITE = PageAddresses("https://office.example", b"a secret of the tests", (LEAD_HEAD.email,))
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
def test_a_mail_that_asks_an_operator_leads_to_where_it_is_decided(house: House, name: str, address: str) -> None:
    with house.store.reading() as view:
        assert leading_to_pages(SITE, view)(LETTERS[name]).page == address


@pytest.mark.parametrize("name", ASKED)
def test_it_leads_nowhere_for_who_could_not_get_in(house: House, name: str) -> None:
    """Operators are those that are configured; without any, whom the lead names first."""
    other = replace(LETTERS[name], to=Contact(name="", email="somebody@else.example"))
    with house.store.reading() as view:
        assert leading_to_pages(SITE, view)(other).page == ""
        assert leading_to_pages(replace(SITE, operators=()), view)(LETTERS[name]).page


@pytest.mark.parametrize("name", [*ASKED, "reminder-with-page"])
def test_without_a_public_address_no_mail_leads_anywhere(house: House, name: str) -> None:
    """Rule 20."""
    letter = replace(LETTERS[name], page="")
    with house.store.reading() as view:
        assert leading_to_pages(None, view)(letter).page == ""
