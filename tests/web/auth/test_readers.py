"""Somebody who may only look: sees every page, is offered nothing to do, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.ports import Outgoing
from scheduler.tokens import make_token
from tests.support.daemon_fixture import DaemonFixture, plan, report
from tests.support.operator_client import Operator, filled, words
from tests.support.plan_builders import at
from tests.support.served_site import ServedSite, daemon, serve_site
from tests.support.web_client import link, sign_in

BETA = "milestone=report&party=beta"
OFFICER, PRINCIPAL = "officer@lead.example", "principal@lead.example"
PEOPLE = f'[operators]\nemails = ["Lan <{OFFICER}>"]\nreaders = ["The principal <{PRINCIPAL}>"]'


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """Return a site with one operator and one reader."""
    with serve_site(tmp_path, mail=f"\n{PEOPLE}") as served:
        served.serve(plan(report(), language="en"))
        yield served


@pytest.fixture
def live(site: ServedSite) -> DaemonFixture:
    found = daemon(site)
    found.live(at(3, 4, 12))
    return found


@pytest.fixture
def reader(site: ServedSite, live: DaemonFixture) -> Operator:
    return Operator(site, sign_in(site, PRINCIPAL))


@pytest.mark.parametrize(
    "path", ["/", "/plans/plan", "/plans/plan/milestones/report/beta", "/plans/plan/parties/beta", "/outbox", "/ledger"]
)
def test_a_reader_sees_what_operators_see(reader: Operator, path: str) -> None:
    """A line on each page says what is missing, and links to forms are hidden."""
    page = reader.ask(path)
    assert (page.status, "You may look at everything and change nothing." in words(page.text)) == (200, True)
    assert '<body class="reads-only">' in page.text
    assert "The principal" in page.text


def test_nothing_that_a_reader_posts_changes_anything(reader: Operator, live: DaemonFixture, site: ServedSite) -> None:
    form = f"/plans/plan/do/receive?{BETA}"
    officer = Operator(site, sign_in(site))
    fields = filled(officer.ask(form).text, channel="paper")
    own = filled(reader.ask(form).text, channel="paper")
    for step in ("", "confirm"):
        for given in (fields, own):
            answer = reader.send(form, [*given, ("step", step)])
            assert (answer.status, "You may only look" in words(answer.text)) == (403, True)
    mail = live.mails()[0].id
    assert reader.send(f"/outbox/{mail}/hold", own).status == 403
    assert live.facts() == []


def test_a_reader_can_sign_out(reader: Operator) -> None:
    fields = [pair for pair in filled(reader.ask("/").text) if pair[0] == "form"]
    token = reader.ask("/").text.partition('action="/sign-out"')[2].partition('value="')[2].partition('"')[0]
    assert reader.send("/sign-out", [*fields, ("form", token)]).status == 303


def test_who_is_no_longer_named_sees_nothing(site: ServedSite, live: DaemonFixture) -> None:
    assert site.post(link(site, "former@lead.example")).status == 410


def test_the_name_of_an_operator_stands_beside_what_was_recorded(site: ServedSite, live: DaemonFixture) -> None:
    """The record keeps the address, which alone says who it was."""
    officer = Operator(site, sign_in(site))
    officer.do(f"/plans/plan/do/note?{BETA}", note="telephoned")
    assert [fact.by.name for fact in live.facts()] == [OFFICER]
    page = officer.ask("/plans/plan/milestones/report/beta").text
    assert f'<span title="{OFFICER}">Lan</span>' in page


def test_a_reader_sees_the_mails_that_wait_and_no_key_to_the_page_of_a_party(
    reader: Operator, live: DaemonFixture, site: ServedSite
) -> None:
    """By such an address one acts for the party."""
    key = make_token(site.running.container.secret, "page", "beta", 1)
    outgoing = replace(
        live.mails()[0].mail,
        message_id="<x@lead.example>",
        data=f"Subject: x\n\nhttps://office.example/p/{key}/plan".encode(),
    )
    with live.store.transaction() as unit:
        unit.outbox.add(
            Outgoing(
                mail=outgoing,
                kind="reminder",
                plan="plan",
                milestone="report",
                party="beta",
                created_at=at(3, 4),
                not_before=at(3, 4),
                expires_at=None,
                deduplication_key="x",
            )
        )
    id = live.mails()[-1].id
    page = reader.ask("/outbox?state=queued").text
    assert f'href="/outbox/{id}"' in page
    assert '<form method="post" class="acts">' not in page
    assert key not in reader.ask(f"/outbox/{id}").text
    assert key in Operator(site, sign_in(site)).ask(f"/outbox/{id}").text
    assert key not in reader.ask("/plans/plan/parties/beta").text


def test_who_is_named_in_both_lists_may_act_whatever_the_case(tmp_path: Path) -> None:
    people = f'[operators]\nemails = ["{OFFICER.title()}"]\nreaders = ["{OFFICER}"]'
    with serve_site(tmp_path, mail=f"\n{people}") as site:
        site.serve(plan(report(), language="en"))
        assert "reads-only" not in Operator(site, sign_in(site)).ask("/").text
