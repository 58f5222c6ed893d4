"""Commands about parties' pages: links list, revoke."""

from __future__ import annotations

import re

from scheduler.errors import ExitCode
from tests.cli.conftest import Office


def parties(office: Office) -> list[str]:
    return [row["party"] for row in office.rows("links", "list")]


def test_every_party_that_is_mailed_has_a_page_behind_an_address_of_its_own(office: Office) -> None:
    rows = office.rows("links", "list")
    assert len(rows) > 1
    assert all(re.fullmatch(r"http://127\.0\.0\.1:8321/p/[\w-]{22}", row["url"]) for row in rows)
    assert len({row["url"] for row in rows}) == len(rows)
    assert rows == office.rows("links", "list")  # it can be shown again


def test_a_revoked_address_is_replaced_by_another_and_those_of_others_stay(office: Office) -> None:
    first, *others = office.rows("links", "list")
    [new] = office.rows("links", "revoke", first["party"])
    assert new["url"] != first["url"]
    assert [*office.rows("links", "list", first["party"]), *office.rows("links", "list")[1:]] == [new, *others]
    again = office("links", "revoke", first["party"])
    assert again.out.strip() not in (first["url"], new["url"])


def test_a_table_shows_the_address_to_copy(office: Office) -> None:
    [row] = office.rows("links", "list", parties(office)[0])
    assert row["url"] in office("links", "list").out


def test_an_unknown_party_is_refused_with_near_names(office: Office) -> None:
    name = parties(office)[0]
    for command in ("list", "revoke"):
        result = office("links", command, name + "x")
        assert result.code == ExitCode.NOTHING_MATCHED
        assert name in result.err


def test_looking_for_an_unknown_party_makes_no_secret(open_office: Office) -> None:
    assert open_office("links", "list", "nobody").code == ExitCode.NOTHING_MATCHED
    assert not (open_office.folder / "var" / "secret").exists()


def test_pages_have_the_public_address_where_there_is_one(office: Office) -> None:
    file = office.folder / "config.toml"
    words = file.read_text(encoding="utf-8")
    assert 'public_url = ""' in words
    file.write_text(words.replace('public_url = ""', 'public_url = "https://office.example"'), encoding="utf-8")
    assert office.rows("links", "list")[0]["url"].startswith("https://office.example/p/")


def test_a_daemon_at_any_free_port_has_no_address_to_show(office: Office) -> None:
    office.take_any_port()
    result = office("links", "list")
    assert result.code == ExitCode.FAILED
    assert "[server]" in result.err
