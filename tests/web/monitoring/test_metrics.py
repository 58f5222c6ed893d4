"""What monitoring reads, and the line of the log for each request."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scheduler.ports import Definition, Process
from scheduler.web.middleware.access_log import mask_path
from scheduler.web.monitoring.metrics import Metrics
from tests.contracts.store_samples import outgoing
from tests.support.daemon_fixture import plan
from tests.support.party_client import declare, path_of
from tests.support.plan_builders import LOADED, at
from tests.support.polling import wait_until
from tests.support.served_site import ServedSite, serve_site

SMTP = 'transport = "smtp"\nfrom = "a@coquan.vn"\n[mail.smtp]\nhost = "mail.coquan.vn"\nsecurity = "none"'
TOKEN = "fZ3kQ9_aB-cD1eF2gH3iJ4"


def figures(site: ServedSite) -> dict[str, float]:
    """Return what `/metrics` says, read by Prometheus' own parser."""
    answer = site.ask("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        "/".join([sample.name.removeprefix("hanchot_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_an_idle_daemon_has_figures_too(site: ServedSite) -> None:
    """Of every state of a mail; of no tick where there was none."""
    found = figures(site)
    assert found["oldest_due_seconds"] == found["outbox_mails/failed"] == found["mail_account_stopped"] == 0
    assert "last_tick_age_seconds" not in found


def test_the_figures_say_who_is_at_work_and_what_each_holds(site: ServedSite) -> None:
    """By the heartbeats that are not stale; what is handed over waits for a worker."""
    now = site.running.system.now()
    claimed = now - timedelta(seconds=20)
    processes = [
        (Process(name="a:1:x", role="planner"), now),
        (Process(name="b:2:y", role="worker", claimed_at=claimed), now),
        (Process(name="c:3:z", role="worker"), now - timedelta(hours=1)),
    ]
    with site.running.store.transaction() as unit:
        for process, seen in processes:
            unit.heartbeats.record(process, seen)
        unit.heartbeats.lead("a:1:x", now, timedelta(seconds=18))
        for number in range(5):
            unit.outbox.add(outgoing(number, not_before=at(12, 31, year=2022)))
        unit.outbox.reserve(at(1, 1), by="queue/1", lease=timedelta(minutes=3), limit=3)
        unit.outbox.claim(at(1, 1), by="b:2:y/1", lease=timedelta(minutes=3), limit=2)
    found = figures(site)
    assert (found["processes/planner"], found["processes/worker"], found["planners_leading"]) == (1, 1, 1)
    assert (found["mails_handed_over"], found["mails_in_flight/b:2:y"], found["mails_in_flight/a:1:x"]) == (3, 2, 0)
    assert found["last_claim_age_seconds/b:2:y"] == pytest.approx(20, abs=5)
    assert "last_claim_age_seconds/a:1:x" not in found


def test_the_figures_say_how_the_daemon_fares(site: ServedSite) -> None:
    site.serve(plan())
    with site.running.store.transaction() as unit:
        unit.journal.record_tick(LOADED)
        unit.outbox.add(outgoing(1, not_before=at(12, 31)))
        unit.accounts.pause("maildir", until=at(3, 3, 9), reason="451 later")
    site.clock.instant = at(3, 3, 8, 30)  # half an hour after the first reminder was due
    found = figures(site)
    assert found["oldest_due_seconds"] == 1800
    assert found["last_tick_age_seconds"] == (site.clock.instant - LOADED).total_seconds()
    assert (found["outbox_mails/queued"], found["mail_account_paused"]) == (1, 1)
    with site.running.store.transaction() as unit:
        unit.accounts.stop("maildir", reason="535 no")
    site.clock.instant += timedelta(hours=1)
    assert (figures(site)["mail_account_paused"], figures(site)["mail_account_stopped"]) == (0, 1)


def test_the_figures_say_how_much_of_each_limit_is_used(tmp_path: Path) -> None:
    """Files have no limits."""
    with serve_site(tmp_path, mail=SMTP) as site:
        with site.running.store.transaction() as unit:
            unit.accounts.take("maildir", 7, now=site.clock.now())
            unit.accounts.take("maildir urgent", 3, now=site.clock.now())
        found = figures(site)
    uses = {
        name: (found[f"mail_limit_used/{name}"], found[f"mail_limit/{name}"])
        for name in ("minute", "day", "urgent", "urgent_day")
    }
    assert uses == {"minute": (7, 60), "day": (7, 450), "urgent": (3, 30), "urgent_day": (3, 50)}


def test_files_have_no_limits(site: ServedSite) -> None:
    assert not any(name.startswith("mail_limit") for name in figures(site))


def test_requests_for_calendars_are_counted_by_how_they_were_answered(site: ServedSite) -> None:
    metrics = Metrics(site.running)
    metrics.feed_hits.update(["200", "304", "304"])
    words, _ = metrics.write()
    assert b'hanchot_feed_hits_total{status="304"} 2.0' in words


def test_two_sites_in_one_process_have_figures_of_their_own(site: ServedSite, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with serve_site(tmp_path / "other") as other:
        other.serve(plan())
        other.clock.instant = at(3, 3, 9)
        assert figures(other)["oldest_due_seconds"] == 3600
        assert figures(site)["oldest_due_seconds"] == 0


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[ServedSite]:
    """Return a site that believes a proxy on this machine."""
    (tmp_path / "guarded").mkdir()
    with serve_site(tmp_path / "guarded", 'trusted_proxies = ["127.0.0.1"]') as site:
        yield site


def test_what_comes_through_a_proxy_on_this_machine_gets_no_figures(site: ServedSite, guarded: ServedSite) -> None:
    """Whether the proxy is believed or not."""
    for one in (site, guarded):
        assert one.ask("/metrics").status == 200
        for name in ("X_Forwarded_For", "X_Real_IP", "Forwarded"):
            assert one.ask("/metrics", **{name: "127.0.0.1"}).status == 404


def test_while_the_record_is_away_there_are_words_instead_of_figures(site: ServedSite) -> None:
    with closing(sqlite3.connect(str(site.running.settings.database_file))) as connection:
        connection.execute("ALTER TABLE message RENAME TO elsewhere")
        connection.commit()
    assert site.ask("/metrics").status == 503


# ---- the log


def lines(site: ServedSite, count: int) -> list[str]:
    """Return the log, once it has so many lines: each is written after its answer has gone."""
    wait_until(lambda: len(site.requests) >= count, f"{count} requests are logged")
    return site.requests


def test_each_request_is_one_line_without_its_secret(site: ServedSite) -> None:
    site.serve(plan())
    token = path_of(site).split("/")[2]
    declare(site, note="a secret note")
    site.ask(f"/p/{token[:10]}?token={token}")
    site.ask("/nowhere?q=1")
    written = lines(site, 4)
    assert [line.rpartition(" ms")[0].rpartition(" ")[0] for line in written] == [
        "GET /p/(token)/plan/report 200",
        "POST /p/(token)/plan/report 303",
        "GET /p/(token) 404",
        "GET /nowhere 404",
    ]
    assert all(line.endswith(" ms") for line in written)
    assert not any(token[:10] in line for line in written)


def test_a_fault_is_a_line_too(site: ServedSite) -> None:
    site.definitions = [cast("Definition", None)]  # no page can be drawn from it
    site.ask("/sign-in")
    assert lines(site, 1)[-1].startswith("GET /sign-in 500 ")


def test_a_secret_is_masked_however_its_path_is_written(site: ServedSite) -> None:
    for path in (f"/%70/{TOKEN}", f"/sign-in%2f{TOKEN}", f"/%63alendars/{TOKEN}/x.ics"):
        site.ask(path)
    assert not [line for line in lines(site, 3) if TOKEN in line]


def test_calendars_are_not_logged(site: ServedSite) -> None:
    site.ask("/calendar/" + "A" * 22 + "/beta.ics")
    site.ask("/nowhere")
    assert lines(site, 1)[0].startswith("GET /nowhere")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/p/abc", "/p/(token)"),
        ("/p/AB/plan/report@2023-05-25", "/p/(token)/plan/report@2023-05-25"),
        ("/sign-in/abc", "/sign-in/(token)"),
        ("/sign-in", "/sign-in"),
        ("/calendar/abc/beta.ics", "/calendar/(token)/beta.ics"),
        ("/calendar/public/plan/all.ics", "/calendar/public/plan/all.ics"),
        ("/plans/p/x", "/plans/p/x"),
        (f"//calendar//{TOKEN}/beta.ics", "//calendar//(token)/beta.ics"),
        ("/Calendar/abc", "/Calendar/(token)"),
        (f"/calendars/{TOKEN}", "/calendars/(token)"),
        (f"/x/../p/{TOKEN}/a", "/x/../p/(token)/a"),
        ("/plans/thi-dua-khen-thuong-2023/parties", "/plans/thi-dua-khen-thuong-2023/parties"),
        ("/", "/"),
        ("/" + "x" * 5000, "/" + "x" * 199),
        ("/a\nb\u2028ế", "/a?b\\u2028\\u1ebf"),
    ],
)
def test_an_address_in_the_log_has_no_secret(path: str, shown: str) -> None:
    assert mask_path(path) == shown
