"""The box by which a party takes its dates into its own calendar."""

from __future__ import annotations

import html
import re

import pytest

from scheduler import resources, wording
from scheduler.web.party.subscription import Subscription
from scheduler.web.rendering import PageRenderer
from tests.support.daemon_fixture import plan
from tests.support.page_words import WORDS
from tests.support.party_client import path_of
from tests.support.served_site import Answer, ServedSite

ADDRESS = "https://office.example/calendar/3q2-7wAAAAAAAAAAAAAAAA/cum-beta.ics"
PROGRAMS = ("google", "outlook", "apple", "thunderbird", "android")


def box(language: str, subscription: Subscription) -> str:
    pages = PageRenderer([resources.shipped("templates")])
    return pages.render("_subscribe.html", language, {"subscription": subscription})


@pytest.mark.parametrize("language", wording.languages())
def test_it_has_the_address_to_copy_to_open_and_to_scan_and_steps_for_every_program(language: str) -> None:
    """Never webcals://: some telephones refuse it."""
    shown = box(language, Subscription(ADDRESS))
    assert f'value="{ADDRESS}"' in shown
    assert f'href="webcal://{ADDRESS.removeprefix("https://")}"' in shown
    assert re.search(r'<img class="qr" src="data:image/svg\+xml[^"]+" alt="[^"]+"', shown)
    for program in PROGRAMS:
        steps = WORDS[language][f"subscribe.{program}_steps"].split("|")
        assert len(steps) >= 2
        assert all(f"<li>{html.escape(step, quote=True).replace('&quot;', '&#34;')}</li>" in shown for step in steps)


def test_it_needs_neither_script_nor_style_nor_anything_from_elsewhere() -> None:
    shown = box("en", Subscription(ADDRESS))
    assert "<script" not in shown
    assert "style=" not in shown
    assert set(re.findall(r'(?:src|href)="(\w+):', shown)) == {"data", "webcal"}


def press(site: ServedSite, party: str = "beta", path: str | None = None) -> Answer:
    """Press the button of a party's page."""
    page = path_of(site, party, "")
    [form] = re.findall(r'name="form" value="([^"]+)"', site.ask(page).text)
    return site.send(path or page, {"form": form})


def test_a_party_without_a_calendar_makes_one_by_a_button_and_sees_its_address(site: ServedSite) -> None:
    site.serve(plan(language="en"))
    page = path_of(site, milestone="")
    assert WORDS["en"]["subscribe.address"] not in site.ask(page).text
    answer = press(site)
    assert (answer.status, answer.headers["Location"]) == (303, f"{page}#calendar")
    shown = site.ask(page).text
    [address] = re.findall(r'id="address" class="mono" readonly value="([^"]+)"', shown)
    assert address.startswith(f"{site.address}/calendar/")
    calendar = site.ask(address.removeprefix(site.address))
    assert calendar.status == 200
    assert b"SUMMARY" in calendar.body
    assert WORDS["en"]["subscribe.make"] not in shown
    assert "evil" not in site.ask(page, Host="evil.example").text


def test_pressed_twice_there_is_one_calendar_and_a_revoked_one_is_replaced(site: ServedSite) -> None:
    site.serve(plan())
    page = path_of(site, milestone="")
    [form] = re.findall(r'name="form" value="([^"]+)"', site.ask(page).text)
    for _ in range(2):
        assert site.send(page, {"form": form}).status == 303
    with site.running.store.transaction() as unit:
        [feed] = unit.feeds.list()
        unit.feeds.revoke(feed.id, at=site.clock.now())
    assert press(site).status == 303
    with site.running.store.reading() as view:
        assert [row.audience for row in view.feeds.list()] == ["beta", "beta"]


def test_a_form_of_another_party_makes_no_calendar(site: ServedSite) -> None:
    site.serve(plan())
    assert press(site, "gamma", path_of(site, milestone="")).status == 403
    with site.running.store.reading() as view:
        assert list(view.feeds.list()) == []


def test_a_calendar_of_one_plan_or_of_tasks_is_not_the_partys_calendar(site: ServedSite) -> None:
    site.serve(plan())
    with site.running.store.transaction() as unit:
        unit.feeds.add(audience="beta", plan="plan", tasks=False, at=site.clock.now())
        unit.feeds.add(audience="beta", plan=None, tasks=True, at=site.clock.now())
    assert 'id="address"' not in site.ask(path_of(site, milestone="")).text
