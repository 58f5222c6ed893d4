"""What a step to come would send: its very mail, if nothing happens until then, and nothing is kept of it."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from scheduler.mail.mime import read_text
from scheduler.plan.model import Contact
from tests.support.daemon_fixture import DaemonFixture, plan, report
from tests.support.operator_client import Operator
from tests.support.plan_builders import PARTIES, at
from tests.support.served_site import ServedSite, daemon


@pytest.fixture
def live(site: ServedSite) -> DaemonFixture:
    """Return a site at noon of 8 March; the next reminders leave on the 10th."""
    site.serve(plan(report(), language="en"))
    found = daemon(site)
    found.live(at(3, 8, 12))
    return found


@pytest.fixture
def operator(site: ServedSite, live: DaemonFixture) -> Operator:
    return Operator.of(site)


def preview(operator: Operator, live: DaemonFixture, step: str, party: str = "beta") -> str:
    """Return the preview of a step, found by its link."""
    id = live.row(step, party).id
    path = f"/plans/plan/steps/{id}"
    assert f'href="{path}"' in operator.ask(f"/plans/plan/milestones/report/{party}").text
    answer = operator.ask(path)
    assert answer.status == 200
    return answer.text


def texts(page: str) -> list[str]:
    return [html.unescape(text) for text in re.findall(r'<pre class="mail"[^>]*>(.*?)</pre>', page, re.DOTALL)]


def test_a_preview_is_the_very_mail_that_leaves_if_nothing_happens(operator: Operator, live: DaemonFixture) -> None:
    live.record("received", "gamma", notify=False)
    shown = preview(operator, live, "before:7d")
    live.live(at(3, 10, 9))
    [mail] = live.mails(rung="before:7d", party="beta")
    assert mail.mail.subject in shown
    assert mail.mail.address in shown
    assert texts(shown) == [read_text(mail.mail.data)]


def test_the_report_to_the_lead_names_everybody_it_would_be_about(operator: Operator, live: DaemonFixture) -> None:
    live.record("received", "gamma", notify=False)
    shown = preview(operator, live, "escalate:2wd")
    [text] = texts(shown)
    assert "officer@lead.example" in shown
    assert "Beta" in text
    assert "Gamma" not in text.partition("Submitted")[0]


def test_looking_keeps_nothing(operator: Operator, live: DaemonFixture) -> None:
    before = (live.facts(), live.rows(None), live.mails())
    preview(operator, live, "overdue:1")
    assert (live.facts(), live.rows(None), live.mails()) == before


def test_the_formatted_part_is_served_so_that_nothing_in_it_can_act(operator: Operator, live: DaemonFixture) -> None:
    shown = preview(operator, live, "before:7d")
    [frame] = re.findall(r'<iframe class="mail screen" sandbox src="([^"]*)"', shown)
    answer = operator.ask(frame)
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "Report" in answer.text
    assert operator.ask(frame[:-1] + "7").status == 404


def test_what_has_left_has_a_mail_and_no_preview(operator: Operator, live: DaemonFixture) -> None:
    assert operator.ask(f"/plans/plan/steps/{live.row('before:14d').id}").status == 404
    for id in ("0", "99999", "99999999999999999999"):
        assert operator.ask(f"/plans/plan/steps/{id}").status == 404


def test_a_mail_that_cannot_be_written_is_told(operator: Operator, live: DaemonFixture) -> None:
    bad = Contact(name="officer\x07", email="officer@beta.example")
    operator.site.serve(
        plan(report(), language="en", parties=[PARTIES[0], replace(PARTIES[1], contacts=(bad,)), PARTIES[2]])
    )
    assert "This mail cannot be written:" in preview(operator, live, "before:7d")
