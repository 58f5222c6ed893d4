"""Who is not signed in sees nothing and changes nothing, on any page; whatever is in a name does no harm."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Match, Route

from scheduler.plan.dates.date_forms import By, Window
from scheduler.plan.model import Contact, Deliverable, Group, Indicator, Measure
from scheduler.web.app import make_app
from tests.support.daemon_fixture import DaemonFixture, plan, report
from tests.support.incoming_mail import answer, read_mailbox
from tests.support.operator_client import Operator, filled, words
from tests.support.plan_builders import PARTIES, at, deadline, event
from tests.support.received_mails import File
from tests.support.served_site import ServedSite
from tests.support.web_client import sign_in

OPEN = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/{name}",
    "/sign-in",
    "/sign-in/{token}",
    "/p/{token}",
    "/p/{token}/{plan}/{milestone}",
    "/p/{token}/{plan}/{milestone}/forms/{number}",  # see test_blank_forms
    "/plans/{plan}/milestones/{milestone}/forms/{number}",  # operators only, see there
    "/documents/{id}",  # operators only, see test_uploads
    "/inbox/{id}/attachments/{part}",  # operators only, see test_inbox
    "/calendar/{path:path}",
    "/robots.txt",
}  # for whoever comes, each with tests of its own
PAGES = [
    "/",
    "/?as_of=2023-03-01",
    "/plans/plan",
    "/plans/plan/milestones/report",
    "/plans/plan/parties/beta",
    "/plans/plan/milestones/report/beta",
    "/plans/plan/steps/2",
    "/plans/plan/steps/2/html/0",
    "/outbox",
    "/outbox/1",
    "/outbox/1/html",
    "/inbox",
    "/ledger",
]
SHEETS = ["/plans/plan/export/board"]  # no pages: their cells are tested with them
FORMS = [
    "/plans/plan/do/receive?milestone=report&party=beta",
    "/plans/plan/do/accept?milestone=report&party=beta",
    "/plans/plan/do/return?milestone=report&party=beta",
    "/plans/plan/do/waive?milestone=report",
    "/plans/plan/do/extend?milestone=report&party=beta",
    "/plans/plan/do/start",
    "/plans/plan/do/insist?milestone=report&party=beta",
    "/plans/plan/do/remind?milestone=report&party=beta",
    "/plans/plan/do/snooze?milestone=report&party=beta",
    "/plans/plan/do/skip?milestone=report&party=beta",
    "/plans/plan/do/note?milestone=report&party=beta",
    "/plans/plan/do/fix-date?milestone=report",
    "/plans/plan/do/mark-invited?milestone=report",
    "/plans/plan/do/reply?milestone=report&party=beta",
    "/plans/plan/do/nominate?group=nominees",
    "/plans/plan/do/count?indicator=good",
    "/plans/plan/do/undo?fact=f1",
    "/plans/plan/do/postpone?need=submitted+report",
    "/outbox/all/hold",
    "/outbox/1/hold",
    "/outbox/1/release",
    "/outbox/1/retry",
    "/inbox/1",
]
ANSWERS = [
    ("step", "confirm"), ("once", "x"), ("channel", "email"), ("note", "n"), ("reason", "r"), ("decision", "d"),
    ("until", "2023-04-01"), ("first", "2023-04-01"), ("answer", "open"), ("nobody", "1"), ("decision", "dismiss"),
]  # fmt: skip


@pytest.fixture
def live(site: ServedSite, tmp_path: Path) -> DaemonFixture:
    """Return a site with a fact, a mail that left, and a mail that came and waits."""
    nominees = Group(id="nominees", chosen_by="lead", after="report")
    good = Indicator(id="good", title="Good", target="100%", measure=Measure(manual=True))
    site.serve(plan(report(), language="en", groups=[nominees], indicators=(good,)))
    found = read_mailbox(site, tmp_path)
    found.live(at(3, 4))
    found.receive(answer(found, results=()))
    found.record("received")
    return found


def everything(live: DaemonFixture) -> object:
    with live.store.reading() as view:
        came = view.inbox.page()
    return live.facts(), live.rows(None, None), live.mails(), live.state(), came


def test_the_pages_tried_here_are_all_there_are(site: ServedSite) -> None:
    """Whoever adds one for operators adds it here."""
    app: Any = make_app(site.running, site.address)
    routes = [route for route in app._app.routes if isinstance(route, Route)]
    known = {*OPEN, "/sign-out"}
    for path in (*PAGES, *SHEETS, *FORMS):
        scope = {"type": "http", "method": "GET", "path": path.partition("?")[0], "root_path": ""}
        known |= {route.path for route in routes if route.matches(scope)[0] is Match.FULL}
    assert {route.path for route in routes} <= known


def test_without_a_session_there_is_nothing_to_see(site: ServedSite, live: DaemonFixture) -> None:
    expired = sign_in(site)
    site.clock.instant += timedelta(days=15)
    for path in (*PAGES, *SHEETS, *FORMS):
        for cookie in ("", "hanchot=", "hanchot=AAAA", "hanchot=" + "x" * 5000, expired):
            answer = site.ask(path, Cookie=cookie)
            assert (answer.status, answer.headers["Location"], answer.body) == (303, "/sign-in", b""), (path, cookie)


def test_without_a_session_nothing_changes(site: ServedSite, live: DaemonFixture) -> None:
    operator = Operator(site, sign_in(site))
    forms = {path: filled(operator.ask(path).text, **dict(ANSWERS)) for path in FORMS}
    before = everything(live)
    site.clock.instant += timedelta(days=15)
    for path, form in forms.items():
        for cookie in ("", "hanchot=AAAA", operator.cookie):
            assert Operator(site, cookie).send(path, form).status == 401, (path, cookie)
    assert everything(live) == before


def test_the_form_of_another_reader_changes_nothing(site: ServedSite, live: DaemonFixture) -> None:
    other = Operator(site, sign_in(site))
    site.clock.instant += timedelta(minutes=1)
    operator = Operator(site, sign_in(site))
    before = everything(live)
    for path in FORMS:
        theirs = filled(other.ask(path).text, **dict(ANSWERS))
        assert operator.send(path, theirs).status == 403, path
    assert everything(live) == before


def test_looking_changes_nothing(site: ServedSite, live: DaemonFixture) -> None:
    """Scanners and browsers that look ahead open every link."""
    operator = Operator(site, sign_in(site))
    before, woken = everything(live), site.woken
    for path in (*PAGES, *SHEETS, *FORMS):
        for method in ("GET", "HEAD"):
            assert site.ask(path, method, Cookie=operator.cookie).status == 200, path
    assert (everything(live), site.woken) == (before, woken)


def test_pages_that_only_show_take_no_form(site: ServedSite, live: DaemonFixture) -> None:
    operator = Operator(site, sign_in(site))
    for path in (*PAGES, *SHEETS):
        assert operator.send(path, ANSWERS).status in (403, 405), path


# ---- names

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "\u202eevil\u2066 right to left",
    "'; DROP TABLE fact; --",
    "x" * 3000,
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_in_a_name_is_shown_as_text(site: ServedSite, tmp_path: Path, name: str) -> None:
    parties = [
        replace(party, name=name, short=name, contacts=(Contact(name="", email=f"officer@{party.id}.example"),))
        for party in PARTIES
    ]
    document = Deliverable(id="d", title=name)
    milestones = [
        report(
            title=name,
            quote=name,
            note=name,
            section=name,
            condition=name,
            deliverables=(document,),
        ),
        event(Window(date(2023, 6, 1), date(2023, 6, 9), name), title=name),
        deadline(By(date(2023, 11, 20)), id="file", responsible=("nominees",)),
    ]
    targets = (
        Indicator(id="i", title=name, target="100%", measure=Measure(milestone="report")),
        Indicator(id="good", title=name, target="100%", measure=Measure(manual=True)),
    )
    site.serve(
        plan(
            *milestones, language="en", title=name, parties=parties, indicators=targets,
            groups=[Group(id="nominees", chosen_by="lead", after="report")],
        )
    )  # fmt: skip
    operator, live = Operator.of(site), read_mailbox(site, tmp_path)
    live.live(at(3, 4))
    live.receive(answer(live, name=name, subject=name, text=name, files=(File(name=name),)))
    live.record("received", note=name[:2000], by=name, notify=False)
    live.record("nominated", None, None, group="nominees", parties=("beta",), decision=name)
    live.record("counted", None, None, indicator="good", value=2, note=name[:2000])
    for path in (*PAGES, *FORMS):
        page = operator.ask(path)
        assert page.status == 200, path
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert not re.search(r"<[^>]*\bonerror=[^>]*>", re.sub(r'"[^"]*"', '""', page.text))
    said = words(operator.ask("/plans/plan/milestones/report/beta").text)
    assert " ".join(name.split()) in said


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_typed_is_shown_as_text(site: ServedSite, live: DaemonFixture, name: str) -> None:
    operator = Operator(site, sign_in(site))
    path = "/plans/plan/do/return?milestone=report&party=beta"
    form = operator.fill(path, note="")
    assert form.status == 422
    page = operator.fill(path, note=name)
    assert page.status == (422 if len(name) > 2000 else 200)
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    if page.status == 200:
        assert operator.confirm(path, page).status == 303
        assert live.facts()[-1].note == name.replace("\u202e", "").replace("\u2066", "")
