"""What monitoring asks: does it live, and does the work get done."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import RecordUnavailable
from tests.support.daemon_fixture import plan
from tests.support.served_site import ServedSite, serve_site

MINUTE = timedelta(minutes=1)


def readiness(site: ServedSite) -> tuple[int, dict[str, Any]]:
    answer = site.ask("/readyz")
    return answer.status, json.loads(answer.body)


def ticked(site: ServedSite) -> None:
    """Let a tick be completed now."""
    with site.running.store.transaction() as unit:
        unit.journal.record_tick(site.clock.now())


def test_a_process_that_answers_lives(site: ServedSite) -> None:
    answer = site.ask("/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_it_is_ready_once_a_tick_is_completed(site: ServedSite) -> None:
    """Before that nobody is reminded."""
    assert readiness(site) == (
        503,
        {"ready": False, "database": "ok", "plans": "ok", "clock": "ok", "daemon": "warning", "account": "ok"},
    )
    ticked(site)
    assert readiness(site) == (
        200,
        {"ready": True, "database": "ok", "plans": "ok", "clock": "ok", "daemon": "ok", "account": "ok"},
    )


@pytest.mark.parametrize(("minutes", "status"), [(15, 200), (16, 503)])
def test_it_is_not_ready_when_ticks_have_ceased(site: ServedSite, minutes: int, status: int) -> None:
    """An SMTP server may take ten minutes over one mail; a quarter of an hour is too long."""
    ticked(site)
    site.clock.instant += minutes * MINUTE
    assert readiness(site)[0] == status


def test_it_is_not_ready_while_the_mail_account_rests_or_is_stopped(site: ServedSite) -> None:
    ticked(site)
    accounts = "maildir"
    with site.running.store.transaction() as unit:
        unit.accounts.pause(accounts, until=site.clock.now() + MINUTE, reason="454 4.7.0 Too many login attempts")
    assert readiness(site) == (
        503,
        {"ready": False, "database": "ok", "plans": "ok", "clock": "ok", "daemon": "ok", "account": "warning"},
    )
    site.clock.instant += MINUTE
    assert readiness(site)[0] == 200
    with site.running.store.transaction() as unit:
        unit.accounts.stop(accounts, reason="535 5.7.8 van-thu@coquan.example is not accepted")
    status, said = readiness(site)
    assert (status, said["account"]) == (503, "error")
    assert "coquan" not in json.dumps(said)


def test_it_is_not_ready_while_a_plan_that_owes_something_is_away(site: ServedSite) -> None:
    site.serve(plan())
    ticked(site)
    assert readiness(site)[0] == 200
    site.definitions.clear()
    status, said = readiness(site)
    assert (status, said["plans"]) == (503, "error")


def test_a_record_that_cannot_be_read_is_said_and_the_process_still_lives(site: ServedSite) -> None:
    ticked(site)
    with closing(sqlite3.connect(str(site.running.settings.database_file))) as connection:
        connection.execute("DROP TABLE tick")
        connection.commit()
    assert readiness(site) == (503, {"ready": False, "database": "error"})
    assert site.ask("/healthz").status == 200


def test_it_is_not_ready_while_the_clock_cannot_be_believed(tmp_path: Path) -> None:
    jumps = [None, timedelta(days=365), None]
    with serve_site(tmp_path, jump=lambda: jumps.pop(0)) as site:
        ticked(site)
        assert readiness(site)[0] == 200
        status, said = readiness(site)
        assert (status, said["clock"]) == (503, "error")
        assert readiness(site)[0] == 200


def test_it_is_not_ready_once_another_record_lies_there(site: ServedSite, tmp_path: Path) -> None:
    """The daemon ends at its next tick."""
    ticked(site)
    other, file = tmp_path / "other.db", site.running.settings.database_file
    assert file is not None
    other.write_bytes(file.read_bytes())
    other.rename(file)
    assert readiness(site) == (503, {"ready": False, "database": "error"})


def test_it_is_not_ready_while_the_record_cannot_be_written(tmp_path: Path) -> None:
    """The last tick was recorded just now; the next one could not be, and once one is, all is well again."""
    failures: list[RecordUnavailable | None] = [None, RecordUnavailable("there is no room left"), None]
    with serve_site(tmp_path, failure=lambda: failures.pop(0)) as site:
        ticked(site)
        assert readiness(site)[0] == 200
        status, said = readiness(site)
        assert (status, said["database"], said["daemon"], said["ready"]) == (503, "error", "ok", False)
        assert readiness(site)[0] == 200


def test_who_asks_whether_it_is_ready_waits_for_no_writer(site: ServedSite) -> None:
    """Monitoring may ask each second, and while the record is busy."""
    ticked(site)
    file = str(site.running.settings.database_file)
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert readiness(site)[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nothing_is_kept_of_an_answer_and_nothing_can_be_posted(site: ServedSite, path: str) -> None:
    assert site.ask(path).headers["Cache-Control"] == "no-store"
    assert site.ask(path, "HEAD").body == b""
    assert site.ask(path, "POST", b"x=1").status == 405
