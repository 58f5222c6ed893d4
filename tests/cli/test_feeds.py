"""feeds list, create, revoke: private addresses of calendars."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import YEAR, Office


def create(office: Office, *arguments: str) -> str:
    """Make an address and return it."""
    result = office("feeds", "create", *arguments)
    assert (result.code, result.err) == (0, "")
    return result.out.strip()


def parties(office: Office) -> list[str]:
    """Return the parties of the office's plan."""
    return sorted({row["party"] for row in office.rows("status")})


def test_an_address_is_printed_once_and_listed_without_its_token(office: Office) -> None:
    """Who can read the list need not be able to read the calendars."""
    url = create(office, "--party", parties(office)[0])
    assert re.fullmatch(r"http://127\.0\.0\.1:8321/calendar/[\w-]{22}/[a-z0-9-]+\.ics", url)
    listed = office("feeds", "list")
    token = urlsplit(url).path.split("/")[2]
    assert token not in listed.out
    assert "never" in listed.out


def test_what_is_made_is_a_row(office: Office) -> None:
    """Its fields are those of the contract; the address only where it is made."""
    [made] = office.rows("feeds", "create", "--party", parties(office)[0], "--plan", office.plan, "--tasks")
    [listed] = office.rows("feeds", "list")
    assert made == listed | {"url": made["url"]}
    assert {key: made[key] for key in ("id", "party", "plan", "tasks", "revoked", "last_fetched", "client")} == {
        "id": "c1",
        "party": parties(office)[0],
        "plan": f"our-office-{YEAR}",
        "tasks": True,
        "revoked": None,
        "last_fetched": None,
        "client": None,
    }


def test_each_address_is_another_and_is_revoked_by_itself(office: Office) -> None:
    """A second one for the same party leaves the first as it is."""
    who = parties(office)[0]
    assert create(office, "--party", who) != create(office, "--party", who)
    assert office("feeds", "revoke", "c1").out == "c1: revoked\n"
    assert [row["revoked"] is None for row in office.rows("feeds", "list")] == [False, True]
    assert "revoked" in office("feeds", "list").out


def test_the_public_address_of_a_plan_is_no_secret(office: Office) -> None:
    """And the same each time."""
    url = create(office, "--public", "--plan", office.plan)
    assert f"/calendar/public/{office.plan}/" in url
    assert create(office, "--public", "--plan", office.plan) == url
    assert [row["party"] for row in office.rows("feeds", "list")] == [None]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("--public",), 2),
        (("--public", "--party", "x"), 2),
        (("--public", "--tasks", "--plan", "x"), 2),
        (("--party", "nobody"), 4),
        (("--public", "--plan", "nothing"), 4),
    ],
)
def test_what_makes_no_sense_is_refused(office: Office, arguments: tuple[str, ...], code: int) -> None:
    """Nothing is made."""
    assert office("feeds", "create", *arguments).code == code
    assert office.rows("feeds", "list") == []


def test_of_several_ids_an_unknown_one_stops_all(office: Office) -> None:
    """One that was revoked before is unknown too."""
    create(office, "--public", "--plan", office.plan)
    assert office("feeds", "revoke", "c1", "c9").code == 4
    assert [row["revoked"] for row in office.rows("feeds", "list")] == [None]
    assert office("feeds", "revoke", "c1").code == 0
    assert office("feeds", "revoke", "c1").code == 4


def test_there_is_no_address_where_the_daemon_takes_any_port(office: Office) -> None:
    """It would be wrong at the next start."""
    office.take_any_port()
    result = office("feeds", "create", "--public", "--plan", office.plan)
    assert (result.code, "set port" in result.err) == (1, True)


def test_no_address_at_all_is_said_with_the_way_to_one(office: Office) -> None:
    """On the first look."""
    assert "feeds create" in office("feeds", "list").out
