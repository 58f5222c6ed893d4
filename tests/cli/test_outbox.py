"""Mails that a person holds back, lets go and sends once more."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from scheduler.errors import ExitCode
from tests.cli.conftest import Office


def states(office: Office) -> list[str]:
    return [row["state"] for row in office.rows("outbox", "list")]


def write_mail(office: Office, state: str) -> None:
    """Write a receipt, and leave it in a state as if it had not been sent."""
    office("receive", "here", "report", "branch", "--deliverable", "text")
    office("tick")
    with closing(sqlite3.connect(office.folder / "var" / "hanchot.db")) as record, record:
        record.execute("UPDATE message SET state = ?, attempts = 0, settled_at = NULL", (state,))


def test_a_held_mail_stays_until_it_is_released(open_office: Office) -> None:
    """The daemon passes it by."""
    write_mail(open_office, "queued")
    assert open_office("outbox", "hold", "m1").out == "m1: held\n"
    open_office("tick")
    assert states(open_office) == ["held"]
    assert open_office("outbox", "release", "1").out == "m1: released\n"
    open_office("tick")
    assert states(open_office) == ["sent"]


@pytest.mark.parametrize(
    ("command", "rule"), [("hold", "queued"), ("release", "held"), ("retry", "failed or ambiguous")]
)
def test_what_cannot_be_done_is_refused_with_the_rule(open_office: Office, command: str, rule: str) -> None:
    """A mail that has left is past all three."""
    open_office("receive", "here", "report", "branch", "--deliverable", "text")
    open_office("tick")
    result = open_office("outbox", command, "m1")
    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert "m1 is sent" in result.err
    assert f"only a {rule}" in result.err


def test_an_unknown_mail_stops_all_of_it(open_office: Office) -> None:
    """Nothing is half done because of a slip."""
    write_mail(open_office, "queued")
    result = open_office("outbox", "hold", "m1", "m9")
    assert (result.code, "there is no mail m9" in result.err) == (ExitCode.NOTHING_MATCHED, True)
    assert states(open_office) == ["queued"]
    assert open_office("outbox", "hold").code == ExitCode.USAGE


@pytest.mark.parametrize("state", ["failed", "ambiguous"])
def test_a_lost_mail_is_sent_once_more_as_it_is(open_office: Office, state: str) -> None:
    """The same bytes under the same Message-ID."""
    write_mail(open_office, state)
    before = open_office("outbox", "show", "m1", "--raw").out
    assert open_office("outbox", "retry", "m1").out == "m1: queued again\n"
    open_office("tick")
    assert states(open_office) == ["sent"]
    assert open_office("outbox", "show", "m1", "--raw").out == before


def test_the_mails_to_one_party_since_a_day_are_listed(open_office: Office) -> None:
    open_office("receive", "here", "report", "branch")
    open_office("tick")
    [mail, *_] = open_office.rows("outbox", "list", "--party", "branch")
    day = mail["created"][:10]
    assert open_office.rows("outbox", "list", "--party", "branch", "--since", day)
    assert open_office.rows("outbox", "list", "--party", "branch", "--since", "2099-01-01") == []
    assert open_office("outbox", "list", "--party", "nobody").code == ExitCode.NOTHING_MATCHED
