"""Operators sign in by a link that is mailed and works once; nobody else learns anything."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.plan.recipients import operators
from scheduler.services.sign_in import mail_link
from tests.support.daemon_fixture import plan
from tests.support.fakes import SpyComposer
from tests.support.mail_reader import body, read
from tests.support.mail_servers import free_port
from tests.support.served_site import Answer, ServedSite, daemon, serve_site
from tests.support.web_client import OPERATOR, link, mailed_link, sign_in, wait_for_mail

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_force(site: ServedSite) -> None:
    site.serve(plan())


def sign_out(site: ServedSite, cookie: str, **fields: str) -> Answer:
    """Press the button of a page."""
    page = site.ask("/sign-in/whatever", Cookie=cookie)
    assert page.status == 200
    return site.send("/sign-out", fields, Cookie=cookie)


def is_in(site: ServedSite, cookie: str) -> bool:
    """Return whether a cookie is accepted: one that is can fail for its form only."""
    return site.send("/sign-out", {}, Cookie=cookie).status == 403


def test_an_operator_gets_a_link_by_mail_and_it_lets_him_in(site: ServedSite) -> None:
    answer = site.post("/sign-in", email=OPERATOR)
    assert answer.status == 200
    wait_for_mail(site, 1)
    [mail] = site.mails
    assert (mail.kind, mail.mail.address, mail.expires_at) == ("sign-in", OPERATOR, site.clock.now() + 30 * MINUTE)
    entered = site.post(mailed_link(site))
    assert (entered.status, entered.headers["Location"]) == (303, "/")
    assert is_in(site, entered.cookie)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": "evil.example", "X_Forwarded_Proto": "https"}])
def test_a_mailed_link_leads_to_the_site_whatever_the_request_calls_it(
    site: ServedSite, headers: dict[str, str]
) -> None:
    """Otherwise an attacker could have the secret of the link mailed with an address of his own."""
    site.send("/sign-in", {"email": OPERATOR}, **headers)
    wait_for_mail(site, 1)
    assert "evil" not in body(read(site.mails[0].mail.data), "plain")
    assert site.post(mailed_link(site)).status == 303


def test_in_a_replay_the_mail_leaves_too(tmp_path: Path) -> None:
    """Its outbox is worked by a clock of its own, in which half an hour may be over at once."""
    with serve_site(tmp_path, is_replay=True, system=SystemClock()) as site:
        site.serve(plan())
        site.post("/sign-in", email=OPERATOR)
        wait_for_mail(site, 1)
        daemon(site).live(site.clock.now() + DAY)
        assert site.mails[0].state == "sent"
        assert site.post(mailed_link(site)).status == 303


def test_the_answer_is_the_same_for_who_is_no_operator_and_nothing_is_mailed(site: ServedSite) -> None:
    """Also for a contact of another party."""
    known = site.post("/sign-in", email=OPERATOR)
    wait_for_mail(site, 1)
    for stranger in ("nobody@else.example", "officer@beta.example"):
        answer = site.post("/sign-in", email=stranger)
        assert answer.status == known.status
        assert answer.text.replace(stranger, OPERATOR) == known.text
    assert len(site.mails) == 1


def test_how_an_address_is_capitalised_makes_no_difference(site: ServedSite) -> None:
    site.post("/sign-in", email=f" {OPERATOR.upper()} ")
    wait_for_mail(site, 1)
    assert site.mails[0].mail.address == OPERATOR


def test_one_address_gets_five_links_in_a_quarter_of_an_hour(site: ServedSite) -> None:
    [operator] = [(plan, to) for plan in (site.definitions[0].plan,) for to in operators(plan, [])]

    def ask() -> bool:
        store, now = site.running.store, site.clock.now()
        return mail_link(store, site.running.composer, operator, site.address, now=now, lifetime=30 * MINUTE)

    assert [ask() for _ in range(6)] == [True] * 5 + [False]
    site.clock.instant += 15 * MINUTE
    assert ask()


def test_for_who_is_no_operator_a_mail_is_written_and_taken_back(site: ServedSite) -> None:
    """The time it takes reveals nothing."""
    [operator] = [(plan, to) for plan in (site.definitions[0].plan,) for to in operators(plan, [])]
    store, composer = site.running.store, SpyComposer(site.running.composer)
    now, lifetime = site.clock.now(), 30 * MINUTE
    assert not mail_link(store, composer, operator, site.address, now=now, lifetime=lifetime, pretend=True)
    assert (len(composer.written), site.mails) == (1, [])
    with store.reading() as view:
        assert view.access.links_since(OPERATOR, now - DAY) == 0


def test_opening_a_link_signs_nobody_in(site: ServedSite) -> None:
    """Mail scanners open every link."""
    path = link(site)
    for method in ("GET", "HEAD", "GET"):
        opened = site.ask(path, method)
        assert opened.status == 200
        assert not is_in(site, opened.cookie.replace("-guest", ""))
    assert site.post(path).status == 303


def test_a_link_works_once(site: ServedSite) -> None:
    path = link(site)
    assert site.post(path).status == 303
    again = site.post(path)
    assert (again.status, again.cookie) == (410, "")


def test_a_link_works_for_half_an_hour(site: ServedSite) -> None:
    path = link(site)
    site.clock.instant += 30 * MINUTE
    assert site.post(path).status == 410


@pytest.mark.parametrize("token", ["x", "x" * 32, "x" * 4000, "%00", "..%2F..%2Fetc"])
def test_a_link_that_was_never_made_lets_nobody_in(site: ServedSite, token: str) -> None:
    answer = site.post(f"/sign-in/{token}")
    assert answer.status in (404, 410)
    assert answer.cookie == ""


def test_a_link_of_somebody_who_is_no_operator_any_more_lets_him_in_no_more(site: ServedSite) -> None:
    assert site.post(link(site, "former@lead.example")).status == 410


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: ServedSite) -> None:
    cookie = str(site.post(link(site)).headers["Set-Cookie"])
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("address", ["https://thidua.coquan.example", "http://thidua.coquan.example"])
def test_the_cookie_is_for_https_only_where_the_site_is(tmp_path: Path, address: str) -> None:
    """Also behind a proxy that does not say how it was asked."""
    with serve_site(tmp_path, f'public_url = "{address}"', port=(port := free_port())) as site:
        site.address = f"http://127.0.0.1:{port}"
        site.serve(plan())
        cookie = str(site.post(link(site)).headers["Set-Cookie"])
    is_secure = address.startswith("https")
    assert ("Secure" in cookie, cookie.startswith("__Host-")) == (is_secure, is_secure)


def test_a_session_ends_when_the_operator_signs_out(site: ServedSite) -> None:
    here, there = sign_in(site), sign_in(site)
    form = form_of(site, here)
    answer = site.send("/sign-out", {"form": form}, Cookie=here)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?left=1")
    assert "Đã đăng xuất." in site.ask("/sign-in?left=1").text
    assert not is_in(site, here)
    assert is_in(site, there)


def test_signing_out_everywhere_ends_every_session_and_link(site: ServedSite) -> None:
    here, there, path = sign_in(site), sign_in(site), link(site)
    site.send("/sign-out", {"form": form_of(site, here), "everywhere": "1"}, Cookie=here)
    assert not is_in(site, here)
    assert not is_in(site, there)
    assert site.post(path).status == 410


def test_a_session_ends_after_fourteen_days_without_a_request(site: ServedSite) -> None:
    cookie = sign_in(site)
    site.clock.instant += 14 * DAY
    assert not is_in(site, cookie)


def test_a_session_gets_a_new_secret_after_half_a_day_and_lives_on(site: ServedSite) -> None:
    first = sign_in(site)
    form = form_of(site, first)
    site.clock.instant += timedelta(hours=12)
    page = site.ask("/", Cookie=first)
    second = page.cookie
    assert second.startswith("hanchot=")
    assert second != first
    assert is_in(site, first)  # for requests on their way
    site.clock.instant += 2 * MINUTE
    assert not is_in(site, first)
    site.clock.instant += 13 * DAY
    assert site.send("/sign-out", {"form": form}, Cookie=second).status == 303  # a form opened before is still good


@pytest.mark.parametrize("path", ["/outbox/999", "/plans/none", "/outbox/1/hold"])
def test_a_new_secret_is_not_lost_with_a_page_that_cannot_be_shown(site: ServedSite, path: str) -> None:
    first = sign_in(site)
    site.clock.instant += timedelta(hours=12)
    answer = site.ask(path, Cookie=first)
    assert answer.status == 404
    site.clock.instant += 2 * MINUTE
    assert is_in(site, answer.cookie)


def test_who_signs_out_gets_no_new_secret(site: ServedSite) -> None:
    first = sign_in(site)
    form = form_of(site, first)
    site.clock.instant += timedelta(hours=12)
    answer = site.send("/sign-out", {"form": form}, Cookie=first)
    assert [part.split("=")[:2] for part in answer.headers.get_all("Set-Cookie", [])] == [["hanchot", '""; expires']]
    assert not is_in(site, first)


def test_a_sign_in_form_of_another_browser_is_refused(site: ServedSite) -> None:
    """Else another site could sign somebody in as somebody else."""
    path = link(site)
    theirs = site.ask(path)
    [form] = re.findall(r'name="form" value="([^"]+)"', theirs.text)
    for cookie in ("", site.ask(path).cookie, "hanchot-guest="):
        for place in (path, "/sign-in"):
            assert site.send(place, {"form": form, "email": OPERATOR}, Cookie=cookie).status == 403
    assert site.send(path, {"form": form}, Cookie=theirs.cookie).status == 303


def test_a_session_ends_after_ninety_days_however_often_it_is_used(site: ServedSite) -> None:
    cookie = sign_in(site)
    for _ in range(8):
        site.clock.instant += 11 * DAY
        cookie = site.ask("/", Cookie=cookie).cookie or cookie
        assert is_in(site, cookie)
    site.clock.instant += 2 * DAY
    assert not is_in(site, cookie)


@pytest.mark.parametrize("form", ["", "x" * 22])
def test_a_form_that_was_not_given_to_this_reader_is_refused(site: ServedSite, form: str) -> None:
    cookie = sign_in(site)
    assert site.send("/sign-out", {"form": form}, Cookie=cookie).status == 403
    other = form_of(site, cookie)
    site.clock.instant += MINUTE
    assert site.send("/sign-out", {"form": other}, Cookie=sign_in(site)).status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "https://evil.example"}],
)
def test_a_form_from_another_site_is_refused(site: ServedSite, headers: dict[str, str]) -> None:
    cookie = sign_in(site)
    answer = site.send("/sign-out", {"form": form_of(site, cookie)}, Cookie=cookie, **headers)
    assert answer.status == 403
    assert is_in(site, cookie)


def test_a_form_that_is_too_big_is_not_read(site: ServedSite) -> None:
    assert site.post("/sign-in", email="x" * 300_000).status == 413


def test_whoever_asks_too_often_has_to_wait(site: ServedSite) -> None:
    answers = [site.send("/sign-in", {"email": "a@b.example"}, X_Forwarded_For="9.9.9.9").status for _ in range(21)]
    assert answers == [200] * 20 + [429]  # the address that a client claims is not trusted
    assert site.post("/sign-in", email="a@b.example").headers["Retry-After"] == "900"
    site.clock.instant += 15 * MINUTE
    assert site.post("/sign-in", email="a@b.example").status == 200


def form_of(site: ServedSite, cookie: str) -> str:
    """Return the word that makes a form one of ours for this session."""
    found = re.search(r'name="form" value="([^"]+)"', site.ask("/", Cookie=cookie).text)
    assert found is not None
    return found[1]
