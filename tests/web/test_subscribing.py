"""The box by which a party takes its dates into its own calendar."""

from __future__ import annotations

import html
import re

import pytest

from scheduler import resources, wording
from scheduler.web.pages import Pages
from scheduler.web.subscribing import Subscription

from .test_pages import WORDS

ADDRESS = "https://office.example/calendar/3q2-7wAAAAAAAAAAAAAAAA/cum-beta.ics"
PROGRAMS = ("google", "outlook", "apple", "thunderbird", "android")


def box(language: str, subscription: Subscription | None) -> str:
    pages = Pages([resources.shipped("templates")])
    return pages.render("_subscribe.html", language, {"subscription": subscription})


@pytest.mark.parametrize("language", wording.languages())
def test_it_has_the_address_to_copy_to_open_and_to_scan_and_steps_for_every_program(language: str) -> None:
    """Never webcals://: some telephones refuse it (facts/feeds.md, rule 32)."""
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


def test_a_party_without_a_calendar_sees_nothing_of_it() -> None:
    assert box("en", None).strip() == ""
