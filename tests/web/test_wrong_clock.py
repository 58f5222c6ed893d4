"""Pages while the machine's clock is not believed: nothing is recorded, it is said why, and nothing typed is lost."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.services.clock_guard import ClockGuard
from tests.support.daemon_fixture import plan
from tests.support.operator_client import Operator, fields_of
from tests.support.page_words import WORDS
from tests.support.party_client import PDF, declare, offer
from tests.support.served_site import ServedSite, daemon, serve_site

TROUBLE = WORDS["en"]["trouble.wrong_clock"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """Return a site on a machine whose clock was right until now."""
    with serve_site(tmp_path, is_guarded=True) as site:
        site.serve(plan(language="en"))
        assert site.machine is not None
        assert ClockGuard(site.running.store, site.machine).check() is None
        yield site


def jump(site: ServedSite) -> None:
    """Let the clock jump ahead by an hour."""
    assert site.machine is not None
    site.machine.jump(timedelta(hours=1))


def test_what_a_party_says_is_not_taken_and_its_words_stay(site: ServedSite) -> None:
    jump(site)
    answer = declare(site, note="sent on Monday")
    assert (answer.status, TROUBLE in html.unescape(answer.text)) == (422, True)
    assert "sent on Monday</textarea>" in answer.text
    assert daemon(site).facts() == []


def test_files_are_refused_before_they_are_looked_at_a_second_time(site: ServedSite) -> None:
    jump(site)
    answer = offer(site, ("a.pdf", PDF))
    assert (answer.status, TROUBLE in html.unescape(answer.text)) == (422, True)
    assert daemon(site).facts() == []


def test_an_operator_is_told_what_to_do_and_keeps_what_was_typed(site: ServedSite) -> None:
    operator = Operator.of(site)
    jump(site)
    answer = operator.fill("/plans/plan/do/waive?milestone=report&party=beta", reason="merged with gamma")
    assert (answer.status, "hanchot clock accept" in answer.text) == (422, True)
    assert dict(fields_of(answer.text))["reason"] == "merged with gamma"
    assert daemon(site).facts() == []


def test_once_a_person_has_accepted_the_clock_everything_is_taken(site: ServedSite) -> None:
    jump(site)
    assert site.machine is not None
    ClockGuard(site.running.store, site.machine).accept()
    assert declare(site).status == 303
    assert [fact.kind for fact in daemon(site).facts()] == ["declared"]
