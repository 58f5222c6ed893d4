"""What the doctor suggests for the limits of providers that it knows."""

from __future__ import annotations

import pytest

from scheduler.doctor.providers import find_provider, judge_provider_limits
from scheduler.queries.mail_limits import Limits

OFFICE = "thidua@coquan.vn"


def said(host: str, username: str = OFFICE, *, per_minute: int = 20, per_day: int = 450) -> list[tuple[str, str]]:
    """Return messages and hints about these limits."""
    limits = Limits(per_minute=per_minute, per_day=per_day, urgent_per_hour=30, urgent_per_day=50)
    found = list(judge_provider_limits(find_provider(host), username, limits))
    assert {verdict.state for verdict in found} <= {"warning"}
    return [(verdict.message, verdict.hint) for verdict in found]


@pytest.mark.parametrize("per_minute", [0, 30, 60])
def test_microsoft_takes_thirty_a_minute(per_minute: int) -> None:
    [(message, hint)] = said("smtp.office365.com", per_minute=per_minute)
    assert "Microsoft 365 takes 30 messages a minute" in message
    assert hint == "set per_minute = 25 in [mail.limits]"
    assert said("smtp.office365.com", per_minute=25) == []


@pytest.mark.parametrize(
    ("sender", "per_day", "suggested"),
    [
        ("office@gmail.com", 451, "per_day = 450"),
        ("office@gmail.com", 0, "per_day = 450"),
        (OFFICE, 1951, "per_day = 1950"),
        (OFFICE, 0, "per_day = 1950"),
    ],
)
def test_google_takes_a_number_a_day(sender: str, per_day: int, suggested: str) -> None:
    """Sign-in links and outage summaries come on top of `per_day`."""
    [(_, hint)] = said("smtp.gmail.com", sender, per_day=per_day)
    assert suggested in hint


@pytest.mark.parametrize(("sender", "per_day"), [("office@gmail.com", 450), (OFFICE, 1950)])
def test_what_google_takes_is_no_fault(sender: str, per_day: int) -> None:
    assert said("smtp.gmail.com", sender, per_minute=0, per_day=per_day) == []


def test_of_a_hoster_nobody_knows_nothing_is_suggested() -> None:
    assert said("mail.coquan.vn", per_minute=0, per_day=0) == []
