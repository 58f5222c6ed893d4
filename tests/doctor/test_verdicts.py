"""What the doctor says about what it finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.doctor.verdicts import (
    from_error,
    from_problems,
    judge_account,
    judge_clock,
    judge_disk,
    judge_limits,
    judge_links,
    judge_login,
    judge_mailbox,
    judge_outbox,
    judge_packages,
    judge_proxies,
    judge_record_file,
    judge_secrecy,
    judge_tick,
    judge_writing,
    way_out,
)
from scheduler.errors import Problem, UserError
from scheduler.plan.answers.reading_gap import ReadingGap
from scheduler.ports import AccountState, FailedSource, MessageRow, Outcome
from scheduler.queries.mail_limits import LimitName, LimitUse
from tests.contracts.store_samples import a_mail

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE = Path("/srv/office")


def test_a_foreign_owner_of_our_import_name_is_named() -> None:
    """Another distribution on PyPI has a package of the same name."""
    [verdict] = judge_packages(["hanchot", "scheduler-things", "hanchot"])
    assert verdict.state == "warning"
    assert "belongs to scheduler-things too" in verdict.message
    assert list(judge_packages(["hanchot"])) == list(judge_packages([])) == []


def test_an_owner_of_our_import_name_that_was_removed_in_part_has_no_name() -> None:
    [verdict] = judge_packages(["hanchot", None])
    assert "belongs to a package without a name too" in verdict.message


def test_what_cannot_be_read_is_named_with_how_long() -> None:
    gap = ReadingGap(places=("mailbox",), since=NOW - 3 * HOUR)
    failed = FailedSource(source="folder", words="/srv/nop is not there", since=NOW - DAY)
    unread, unseen = judge_mailbox(gap, [("cum", failed)], NOW)
    assert (unread.check, unread.state) == ("inbox", "warning")
    assert unread.message.startswith("the mailbox was not read for 3 hours;")
    assert (unseen.check, unseen.state, unseen.hint) == ("checks", "error", "/srv/nop is not there")
    assert unseen.message == "the status check of cum could not look at the source folder for 24 hours"
    [never] = judge_mailbox(ReadingGap(places=("mailbox",), since=None), [], NOW)
    assert "was not read so far" in never.message
    assert list(judge_mailbox(None, [], NOW)) == []


def a_row(**changes: Any) -> MessageRow:
    """Return a mail of the outbox."""
    values: dict[str, Any] = {
        "id": 1,
        "mail": a_mail(),
        "kind": "reminder",
        "plan": "cum",
        "milestone": "so-ket",
        "party": "nghe-an",
        "rung": None,
        "state": "queued",
        "reason": "",
        "reply": "",
        "attempts": 0,
        "created_at": NOW,
        "not_before": NOW,
        "expires_at": None,
        "settled_at": None,
    }
    return MessageRow(**(values | changes))


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(None, "ok"), (-DAY, "ok"), (timedelta(), "ok"), (MINUTE, "ok"), (3 * MINUTE, "error"), (400 * DAY, "error")],
)
def test_a_record_from_the_future_means_a_wrong_clock(ahead: timedelta | None, state: str) -> None:
    """Another machine's clock may be a little ahead."""
    verdict = judge_clock(NOW, None if ahead is None else NOW + ahead)
    assert (verdict.state, bool(verdict.hint)) == (state, state == "error")


@pytest.mark.parametrize("ahead", [16 * MINUTE, DAY, 365 * DAY])
def test_a_clock_that_cannot_be_believed_says_what_to_do(ahead: timedelta) -> None:
    verdict = judge_clock(NOW, NOW, ahead)
    assert (verdict.state, "hanchot clock accept" in verdict.hint) == ("error", True)


@pytest.mark.parametrize(
    ("age", "state"), [(None, "warning"), (-MINUTE, "ok"), (MINUTE, "ok"), (19 * MINUTE, "ok"), (HOUR, "error")]
)
def test_a_daemon_that_does_not_tick_does_not_run(age: timedelta | None, state: str) -> None:
    """Cron users tick every quarter of an hour; before the first start it is a warning only."""
    assert judge_tick(NOW, None if age is None else NOW - age).state == state


@pytest.mark.parametrize(
    ("free", "is_writable", "state", "words"),
    [
        (80_000_000_000, True, "ok", "80.0 GB free"),
        (400_000_000, True, "warning", "only 400.0 MB free"),
        (10_000_000, True, "error", "only 10.0 MB free"),
        (0, True, "error", "only 1 KB free"),
        (80_000_000_000, False, "error", "cannot be written to"),
    ],
)
def test_a_folder_needs_room_and_the_right_to_write(free: int, is_writable: bool, state: str, words: str) -> None:
    """It is named."""
    verdict = judge_disk(HERE, free, is_writable=is_writable)
    assert (verdict.state, words in verdict.message, str(HERE) in verdict.message) == (state, True, True)


def test_a_login_that_fails_is_told_in_the_servers_words_with_the_way_out() -> None:
    """One that works names the server."""
    refused = Outcome(state="deferred", reply="535 5.7.8 not accepted", account="stop")
    verdict = judge_login("mail.x.vn port 587", refused)
    assert (verdict.state, verdict.message) == ("error", "mail.x.vn port 587: 535 5.7.8 not accepted")
    assert "password" in verdict.hint
    assert judge_login("mail.x.vn port 587", None).state == "ok"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(state="deferred", account="stop"), "username and password"),
        (Outcome(state="deferred", account="pause", pace="slowly"), "[mail.limits]"),
        (Outcome(state="deferred", account="pause"), "host, port and security"),  # nobody listens there
        (Outcome(state="failed", is_dead=True), "the address"),
        (Outcome(state="ambiguous"), "look into the mailbox"),
        (Outcome(state="deferred"), "reached"),
        (Outcome(state="failed"), "mail.from"),
    ],
)
def test_every_failure_of_a_mail_has_a_way_out(outcome: Outcome, words: str) -> None:
    """In plain words."""
    assert words in way_out(outcome)


@pytest.mark.parametrize(
    ("account", "state", "words"),
    [
        (AccountState(name="a"), "ok", "may leave"),
        (AccountState(name="a", paused_until=NOW - MINUTE, consecutive_failures=1), "ok", "may leave"),
        (AccountState(name="a", paused_until=NOW + 30 * MINUTE, reason="450 4.2.1"), "warning", "30 minutes: 450"),
        (AccountState(name="a", stopped=True, reason="535 no"), "error", "535 no"),
    ],
)
def test_an_account_at_rest_says_why_and_for_how_long(account: AccountState, state: str, words: str) -> None:
    """One that was stopped says how it goes on."""
    verdict = judge_account(account, NOW)
    assert (verdict.state, words in verdict.message) == (state, True)
    assert ("hanchot mail test" in verdict.hint) == (state != "ok")


@pytest.mark.parametrize(
    ("name", "used", "words"),
    [
        ("minute", 60, []),
        ("day", 449, []),
        ("day", 450, ["450 mails left in the last 24 hours"]),
        ("day", 500, ["500 mails left in the last 24 hours"]),  # it was lowered
        ("urgent", 29, []),
        ("urgent", 30, ["30 sign-in links and outage summaries left within this hour"]),
        ("urgent_day", 49, []),
        ("urgent_day", 50, ["50 sign-in links and outage summaries left in the last 24 hours"]),
    ],
)
def test_a_limit_that_is_reached_is_told_but_for_that_of_a_minute(name: LimitName, used: int, words: list[str]) -> None:
    limit = {"minute": 60, "day": 450, "urgent": 30, "urgent_day": 50}[name]
    told = list(judge_limits([LimitUse(name=name, used=used, limit=limit)]))
    assert [verdict.state for verdict in told] == ["warning" for _ in words]
    assert all(word in verdict.message for word, verdict in zip(words, told, strict=True))


def test_the_outbox_tells_what_needs_a_person() -> None:
    """What was lost long ago is history; what waits for its hour is well."""
    mails = [
        a_row(state="failed", settled_at=NOW - DAY),
        a_row(state="failed", settled_at=NOW - 30 * DAY),
        a_row(state="ambiguous", settled_at=NOW - DAY),
        a_row(state="held"),
        a_row(state="queued", not_before=NOW - 2 * DAY),
        a_row(state="queued", not_before=NOW + DAY),
    ]
    verdict = judge_outbox(mails, NOW)
    assert verdict.message == "1 failed, 1 ambiguous, 1 held, 1 waiting for more than a day"
    assert (verdict.state, judge_outbox([], NOW).state) == ("warning", "ok")


def test_a_secret_that_others_may_read_is_a_warning() -> None:
    """With the command that mends it."""
    (verdict,) = judge_secrecy([(HERE / "a", 0o100600), (HERE / "b", 0o100644)])
    assert (verdict.state, verdict.hint) == ("warning", "chmod 600 /srv/office/b")


@pytest.mark.parametrize(
    ("mode", "folder", "is_told"),
    [
        (0o100644, 0o040755, True),
        (0o100640, 0o040750, True),
        (0o100600, 0o040755, False),
        (0o100644, 0o040700, False),
    ],
)
def test_a_record_that_others_may_read_is_a_warning(mode: int, folder: int, is_told: bool) -> None:
    """Not if nobody else can enter its folder; the hint covers the files that SQLite puts beside it."""
    found = list(judge_record_file(HERE / "hanchot.db", mode, folder))
    assert [(verdict.state, verdict.hint) for verdict in found] == (
        [("warning", "chmod 600 /srv/office/hanchot.db*")] if is_told else []
    )


def test_of_several_problems_the_worst_is_shown_and_the_rest_counted() -> None:
    """An error before any warning."""
    problems = [
        Problem(message="a", severity="warning"),
        Problem(message="b", file="plan.toml", line=3, key="plan.id"),
        Problem(message="c"),
    ]
    verdict = from_problems("definitions", problems, "sound", "look")
    assert (verdict.state, verdict.message, verdict.hint) == ("error", "plan.toml:3: plan.id: b (and 1 more)", "look")
    assert from_problems("definitions", problems[:1], "sound", "").state == "warning"
    assert from_problems("definitions", [], "sound", "").message == "sound"


def test_an_error_becomes_a_line_with_its_hint() -> None:
    """Message and way out apart."""
    verdict = from_error("database", UserError("it is locked", hint="try again"))
    assert (verdict.check, verdict.state, verdict.message, verdict.hint) == (
        "database",
        "error",
        "it is locked",
        "try again",
    )


def test_without_an_address_that_others_can_open_mails_hold_no_links() -> None:
    """Contract rule 20."""
    verdict = judge_links("http://127.0.0.1:8321", is_public=False)
    assert (verdict.state, verdict.message) == (
        "warning",
        "mails hold no links: http://127.0.0.1:8321 cannot be opened from other machines",
    )
    assert "no address" in judge_links("", is_public=False).message
    assert judge_links("https://thidua.coquan.example", is_public=True).state == "ok"


def test_links_that_everybody_on_the_way_can_read_are_a_warning() -> None:
    """They carry the keys to private pages; a proxy that speaks https is the way out."""
    verdict = judge_links("http://thidua.coquan.vn", is_public=True)
    assert (verdict.state, "https" in verdict.hint) == ("warning", True)
    assert judge_links("https://thidua.coquan.vn", is_public=True).state == "ok"


@pytest.mark.parametrize(
    ("public_url", "trusted", "is_told"),
    [
        ("https://thidua.coquan.vn", [], True),
        ("https://thidua.coquan.vn", ["127.0.0.1/32"], False),
        ("http://thidua.coquan.vn", [], False),
        ("", [], False),
    ],
)
def test_a_proxy_whose_word_is_not_believed_is_a_warning(public_url: str, trusted: list[str], is_told: bool) -> None:
    """Everybody would come from the proxy's address, and share one throttle."""
    found = list(judge_proxies(public_url, trusted))
    assert [(verdict.check, verdict.state) for verdict in found] == ([("proxies", "warning")] if is_told else [])
    assert all("trusted_proxies" in verdict.hint for verdict in found)


@pytest.mark.parametrize(
    ("failure", "free", "state"),
    [
        (None, 5_000_000, "ok"),
        (None, None, "ok"),
        (None, 900_000, "error"),
        (UserError("there is no room left", hint="make room"), 80_000_000_000, "error"),
    ],
)
def test_a_record_can_be_written_if_the_last_tick_was_and_there_is_room(
    failure: UserError | None, free: int | None, state: str
) -> None:
    """A quota or a failing disk shows in the tick only, a full disk at once."""
    verdict = judge_writing(failure, free)
    assert (verdict.check, verdict.state, bool(verdict.hint)) == ("database", state, state == "error")
