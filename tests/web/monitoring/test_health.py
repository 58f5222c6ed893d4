"""What monitoring asks: does it live, and does the work get done."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from tests.web.conftest import Served

MINUTE = timedelta(minutes=1)


def readiness(house: Served) -> tuple[int, dict[str, Any]]:
    answer = house.ask("/readyz")
    return answer.status, json.loads(answer.body)


def ticked(house: Served) -> None:
    """Let a tick be completed now."""
    with house.running.store.transaction() as unit:
        unit.journal.record_tick(house.clock.now())


def test_a_process_that_answers_lives(house: Served) -> None:
    answer = house.ask("/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_it_is_ready_once_a_tick_is_completed(house: Served) -> None:
    """Before that nobody is reminded."""
    assert readiness(house) == (503, {"ready": False, "database": "ok", "daemon": "warning", "account": "ok"})
    ticked(house)
    assert readiness(house) == (200, {"ready": True, "database": "ok", "daemon": "ok", "account": "ok"})


@pytest.mark.parametrize(("minutes", "status"), [(15, 200), (16, 503)])
def test_it_is_not_ready_when_ticks_have_ceased(house: Served, minutes: int, status: int) -> None:
    """An SMTP server may take ten minutes over one mail; a quarter of an hour is too long."""
    ticked(house)
    house.clock.instant += minutes * MINUTE
    assert readiness(house)[0] == status


def test_it_is_not_ready_while_the_mail_account_rests_or_is_stopped(house: Served) -> None:
    ticked(house)
    accounts = "maildir"
    with house.running.store.transaction() as unit:
        unit.accounts.pause(accounts, until=house.clock.now() + MINUTE, reason="454 4.7.0 Too many login attempts")
    assert readiness(house) == (503, {"ready": False, "database": "ok", "daemon": "ok", "account": "warning"})
    house.clock.instant += MINUTE
    assert readiness(house)[0] == 200
    with house.running.store.transaction() as unit:
        unit.accounts.stop(accounts, reason="535 5.7.8 van-thu@coquan.example is not accepted")
    status, said = readiness(house)
    assert (status, said["account"]) == (503, "error")
    assert "coquan" not in json.dumps(said)


def test_a_record_that_cannot_be_read_is_said_and_the_process_still_lives(house: Served) -> None:
    ticked(house)
    with closing(sqlite3.connect(str(house.running.settings.database_file))) as connection:
        connection.execute("DROP TABLE tick")
        connection.commit()
    assert readiness(house) == (503, {"ready": False, "database": "error"})
    assert house.ask("/healthz").status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nothing_is_kept_of_an_answer_and_nothing_can_be_posted(house: Served, path: str) -> None:
    assert house.ask(path).headers["Cache-Control"] == "no-store"
    assert house.ask(path, "HEAD").body == b""
    assert house.ask(path, "POST", b"x=1").status == 405
