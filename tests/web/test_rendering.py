"""Pages have words for everything, in every language, and say what is wrong."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from scheduler.ports import Definition
from tests.support.daemon_fixture import plan
from tests.support.page_words import TEMPLATES, WORDS
from tests.support.served_site import ServedSite, serve_site
from tests.support.web_client import sign_in

SAID = {
    key: file.name
    for file in sorted(TEMPLATES.glob("*.html"))
    for key in re.findall(r"""say\("([^"]+)"[,)]""", file.read_text(encoding="utf-8"))
}


def blanks(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_language_has_the_same_words_with_the_same_blanks() -> None:
    first, *others = WORDS.values()
    for other in others:
        assert {key: blanks(text) for key, text in other.items()} == {k: blanks(t) for k, t in first.items()}


def test_every_word_that_a_template_says_is_there() -> None:
    assert len(SAID) > 10
    assert {key: file for key, file in SAID.items() if key not in WORDS["vi"]} == {}


def test_a_number_before_a_noun_is_written_as_the_language_counts() -> None:
    """With two digits in Vietnamese; one in brackets or after a colon stays as it is."""
    told = {
        (file.name, key, value)
        for file in sorted(TEMPLATES.glob("*.html"))
        for key, value in re.findall(
            r"""say\("([^"{}]+)",(?: \w+=[^,{}]+,)*? number=(.+?)(?:, \w+=.+?)?\) ?(?:\}\}|%|,|if)""",
            file.read_text(encoding="utf-8"),
        )
        if key in WORDS["vi"]
    }
    assert len(told) > 20
    for file, key, value in sorted(told):
        is_counted = re.search(r"\{number\} \w", WORDS["vi"][key]) is not None
        assert value.endswith("| number") == is_counted, (file, key, value)


def test_no_template_has_words_of_its_own() -> None:
    """Else they would be in one language only."""
    for file in TEMPLATES.glob("*.html"):
        bare = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|&\w+;", " ", file.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        assert re.findall(r"[^\W\d_]{2,}", bare) == [], file.name


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/static/style.css", 404), ("/sign-out", 405)])
def test_what_is_wrong_with_an_address_is_said_in_words(site: ServedSite, path: str, status: int) -> None:
    answer = site.ask(path)
    assert answer.status == status
    assert WORDS["vi"]["error.home"] in answer.text


def test_who_is_signed_in_keeps_the_way_about_where_there_is_no_page(site: ServedSite) -> None:
    site.serve(plan())
    cookie = sign_in(site)
    answer = site.ask("/nowhere", Cookie=cookie)
    assert (answer.status, 'href="/outbox"' in answer.text) == (404, True)
    assert 'href="/outbox"' not in site.ask("/nowhere", Cookie="hanchot=nobody").text
    site.clock.instant += timedelta(days=2)
    renewed = site.ask("/nowhere", Cookie=cookie).cookie
    assert site.ask("/", Cookie=renewed).status == 200


@pytest.mark.parametrize(
    ("transport", "is_replay", "is_logged"),
    [("maildir", False, True), ("maildir", True, False), ("smtp", False, False)],
)
def test_operators_are_logged_where_mails_do_not_really_leave(
    tmp_path: Path, transport: str, is_replay: bool, is_logged: bool
) -> None:
    """In a replay everybody knows, from another banner; parties never see it."""
    with serve_site(
        tmp_path, mail=f'transport = "{transport}"\nsmtp.host = "mail.example"', is_replay=is_replay
    ) as site:
        site.serve(plan(language="en"))
        cookie = sign_in(site)
        for path in ("/", "/outbox"):
            assert ("Nothing is really sent" in site.ask(path, Cookie=cookie).text) == is_logged
        assert "Nothing is really sent" not in site.ask("/sign-in").text


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x; charset=punycode", "text/plain", "Multipart/form-data"]
)
def test_a_form_of_another_make_is_refused_in_words(site: ServedSite, kind: str) -> None:
    answer = site.ask("/sign-in", "POST", b"--x--", Content_Type=kind)
    assert answer.status == 415
    assert WORDS["vi"]["error.garbled"] in answer.text


@pytest.mark.parametrize("origin", ["http://[", "[", "://", "http://", "http://evil.example:99999"])
def test_an_origin_that_is_none_is_another_site(site: ServedSite, origin: str) -> None:
    assert site.send("/sign-in", {"email": "a@b.example"}, Origin=origin).status == 403


@pytest.mark.parametrize("host", ["[", "a b[", "x:99999999", "é".encode().decode("latin-1")])
def test_a_host_that_is_none_does_no_harm(site: ServedSite, host: str) -> None:
    site.serve(plan())
    for path, status in (("/sign-in", 200), ("/", 303), ("/nowhere", 404), ("/p/x", 404), ("/calendar/x/y.ics", 404)):
        assert site.ask(path, Host=host).status == status, path


def test_pages_are_in_the_language_of_the_plan(site: ServedSite) -> None:
    site.serve(plan(language="en"))
    page = site.ask("/sign-in").text
    assert '<html lang="en">' in page
    assert html.escape(WORDS["en"]["sign_in.ask"]).replace("&#x27;", "&#39;") in page


def test_whoever_is_not_signed_in_is_sent_to_sign_in(site: ServedSite) -> None:
    site.serve(plan())
    answer = site.ask("/")
    assert (answer.status, answer.headers["Location"], answer.body) == (303, "/sign-in", b"")


def test_every_answer_keeps_others_out(site: ServedSite) -> None:
    for path in ("/sign-in", "/nowhere", "/", "/healthz"):
        headers = site.ask(path).headers
        assert "script-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "no-store" in headers["Cache-Control"]


def test_files_of_the_site_are_kept_for_a_year_under_an_address_that_changes_with_them(site: ServedSite) -> None:
    page = site.ask("/sign-in").text
    [address] = re.findall(r'href="(/static/style\.[0-9a-f]{12}\.css)"', page)
    answer = site.ask(address)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["Cache-Control"]


def test_names_and_addresses_are_never_taken_for_html(site: ServedSite) -> None:
    answer = site.post("/sign-in", email="<script>alert(1)</script>@x.example")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_while_the_record_is_away_pages_say_so_and_the_log_is_logged(site: ServedSite) -> None:
    site.serve(plan())
    cookie = sign_in(site)
    with closing(sqlite3.connect(str(site.running.settings.database_file))) as connection:
        connection.execute("ALTER TABLE session RENAME TO elsewhere")
        connection.commit()
    answer = site.ask("/", Cookie=cookie)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert WORDS["vi"]["error.away"] in answer.text
    assert "a page could not be shown" in site.problems[0]


def test_a_fault_of_ours_is_said_without_its_details(site: ServedSite) -> None:
    """Even if no page can be drawn."""
    site.definitions = [cast("Definition", None)]  # no page can be drawn from it
    answer = site.ask("/sign-in")
    assert answer.status == 500
    assert "Traceback" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


class FakeClock:
    """A clock that has come apart."""

    def now(self) -> datetime:
        """Fail."""
        raise RuntimeError("it stands\nstill")


def test_a_fault_is_logged_to_the_log_once_with_its_place_and_its_answer_keeps_others_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serve_site(tmp_path, system=FakeClock()) as site:
        answer = site.post("/sign-in", email="a@b.example")
        assert answer.status == 500
        assert WORDS["vi"]["error.fault"] in answer.text
        assert "no-store" in answer.headers["Cache-Control"]
        [logged] = site.problems
    assert logged.startswith("a page failed: RuntimeError: it stands still (test_rendering.py:")
    assert " < sign_in.py:" in logged
    assert "\n" not in logged
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
