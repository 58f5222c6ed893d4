"""A year in which everything goes wrong once: the ledger explains every mail and every absence of one.

The shipped plan is played twice with the same decisions of people, over real files and a record on disk: once in
peace, once with the accidents of `tests/support/year_of_accidents.py`. All tests read these two recordings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from scheduler.plan.facts import Received, Withdrawn
from scheduler.plan.message_kinds import is_notice
from scheduler.ports import RungRow
from tests.support.daemon_fixture import local
from tests.support.mail_reader import body, read
from tests.support.plan_builders import at
from tests.support.year_of_accidents import (
    DANG_KY,
    DEAD,
    HUE,
    LAST,
    LE_DUAN,
    LEAD,
    NEW_OFFICER,
    NGHE_AN,
    OLD_OFFICER,
    QUANG_BINH,
    RENAMED,
    THANH_HOA,
    YEAR,
    OfficeYear,
    Recording,
    decide_as_in_every_year,
    have_accidents,
)

CHASED = ("reminder", "overdue", "escalation")
FINAL = {"sent", "skipped", "missed", "cancelled"}
Step = tuple[str, str, str, str]  # milestone, party, name and day of a step of a ladder

# When an accident may be felt, up to the moment from which on nothing may be: in local time.
FELT = {
    "the server is on a blacklist for a week": (at(5, 16, 12), at(5, 23, 13, 1)),
    "the clock is a year ahead for a day": (at(6, 30, 7), at(7, 3, 8, 1)),
    "an extension is undone after it was mailed": (at(7, 10, 10), at(7, 12, 10, 1)),
    "the daemon is killed while mails are held": (at(7, 14, 8), at(7, 14, 8, 16)),
    "the daemon is off for nine days": (at(7, 28, 12), at(8, 7, 8, 1)),
    "a date is mistyped": (at(9, 5, 10), at(9, 7, 10, 16)),
    "a mailbox is dead for two weeks": (at(10, 2, 9), at(10, 16, 9)),
    "the plan is away for two days": (at(10, 25, 6), at(10, 27, 6)),
    "the file is cut in the midst": (at(11, 3, 7), at(11, 3, 9, 31)),
    "a certificate is out of date for an hour": (at(11, 22, 7), at(11, 22, 9, 46)),
}
# Not felt at all: a copy of the file, a file cut before its first milestone, a milestone renamed, a contact that
# changes while a notice waits (but for the address), and a second decision that is undone on the same evening.

TOO_OLD = "missed: too old to deliver: the next step is due or two working days are gone"
LOST: dict[Step, str] = {  # what left in the peaceful year and not in this one
    ("so-ket", LEAD, "fix-date:14d", "2023-06-01"): TOO_OLD,
    ("bao-cao-6-thang", NGHE_AN, "before:3wd", "2023-07-14"): "cancelled: the date moved to 2023-07-28",
    ("bao-cao-so-ket", LEAD, "before:7d", "2023-08-10"): "skipped: came late; before:3wd is newer",
    ("bao-cao-nam", HUE, "overdue:2", "2023-10-20"): "skipped: came late; overdue:3 is newer",
    ("bao-cao-nam", QUANG_BINH, "overdue:2", "2023-10-20"): "skipped: came late; overdue:3 is newer",
    ("bao-cao-nam", LE_DUAN, "before:1wd", "2023-10-27"): "skipped: came late; named-day is newer",
    ("kiem-tra", LEAD, "before:1wd", "2023-10-30"): "skipped: came late; target is newer",
}


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return the year as it would have been."""
    year = OfficeYear(tmp_path_factory.mktemp("peaceful"))
    decide_as_in_every_year(year)
    return year.play()


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return the year with its accidents."""
    year = OfficeYear(tmp_path_factory.mktemp("eventful"))
    decide_as_in_every_year(year)
    have_accidents(year)
    return year.play()


def first_id(milestone: str) -> str:
    """Return the id that a milestone had first."""
    return DANG_KY if milestone == RENAMED else milestone


def steps(rows: Iterable[RungRow]) -> dict[Step, RungRow]:
    """Return the steps of ladders; whatever stands twice would be promised twice."""
    ladder = [row for row in rows if not is_notice(row.kind)]
    found = {(first_id(row.milestone), row.party, row.name, row.due.isoformat()): row for row in ladder}
    assert len(found) == len(ladder)
    return found


def lines(year: Recording) -> list[tuple[datetime, str]]:
    """Return what left and when, in words; a contact that was replaced counts as the one before."""
    found = []
    for instant, mail, rung in year.said():
        what = rung.kind if is_notice(rung.kind) else rung.name
        address = OLD_OFFICER if mail.address == NEW_OFFICER else mail.address
        found.append((instant, f"{local(instant)} {first_id(rung.milestone)} {rung.party} {what} > {address}"))
    return found


def unfelt(year: Recording) -> Counter[str]:
    """Return what left while no accident could be felt."""
    return Counter(
        line for instant, line in lines(year) if not any(first <= instant < last for first, last in FELT.values())
    )


def told(year: Recording, text: str) -> int:
    """Return how often the daemon said something."""
    return sum(text in event.text for event in year.events)


# ---- every mail is explained


def test_every_mail_that_the_server_took_belongs_to_steps_that_are_sent(eventful: Recording) -> None:
    states = {rung.id: rung.state for rung in eventful.rungs}
    for _, mail in eventful.accepted:
        row = eventful.row_of(mail)
        assert row.state == "sent"
        assert {states[id] for id in row.rungs} == ({"sent"} if row.kind != "outage" else set())


def test_why_names_the_mails_of_each_step_that_is_sent_and_for_every_other_step_the_reason(
    eventful: Recording,
) -> None:
    carried = {(f"m{eventful.row_of(mail).id}", rung.id) for _, mail, rung in eventful.said()}
    for rung in eventful.rungs:
        why = eventful.explained[rung.id]
        left = {mail["id"] for mail in why["mails"] if mail["state"] == "sent"}
        assert left == {mail for mail, id in carried if id == rung.id}
        assert left or why["reason"], why


def test_every_step_has_ended_and_whatever_was_not_sent_says_why(eventful: Recording) -> None:
    assert {rung.state for rung in eventful.rungs} <= FINAL
    assert [rung for rung in eventful.rungs if rung.state != "sent" and not str(rung.reason)] == []
    assert {mail.state for mail in eventful.mails} <= FINAL | {"failed"}
    assert [mail for mail in eventful.mails if mail.state != "sent" and not str(mail.reason)] == []


def test_nothing_was_mailed_twice(eventful: Recording) -> None:
    assert len({mail.message_id for _, mail in eventful.accepted}) == len(eventful.accepted)
    deliveries = Counter((rung.id, mail.address) for _, mail, rung in eventful.said())
    assert [delivery for delivery, count in deliveries.items() if count > 1] == []
    assert steps(eventful.rungs)


# ---- people


@pytest.mark.parametrize("name", ["peaceful", "eventful"])
def test_nobody_who_had_submitted_was_reminded_afterwards(name: str, request: pytest.FixtureRequest) -> None:
    year: Recording = request.getfixturevalue(name)
    received = [fact for fact in year.facts if isinstance(fact, Received)]
    since = {(first_id(fact.milestone), fact.party): fact.recorded_at for fact in received}
    assert len(since) == 17
    assert [
        (instant, mail.subject)
        for instant, mail, rung in year.said()
        if not is_notice(rung.kind) and instant >= since.get((first_id(rung.milestone), rung.party), LAST)
    ] == []


def test_who_still_owed_was_reminded_chased_and_reported_as_in_the_peaceful_year(
    peaceful: Recording, eventful: Recording
) -> None:
    def reached(year: Recording) -> set[tuple[str, str, str]]:
        return {
            (first_id(rung.milestone), rung.party, rung.kind) for _, _, rung in year.said() if not is_notice(rung.kind)
        }

    assert reached(eventful) == reached(peaceful)
    owed = [(milestone, HUE, kind) for milestone in (DANG_KY, "bao-cao-6-thang", "bao-cao-nam") for kind in CHASED]
    assert reached(eventful).issuperset(owed)


def test_a_notice_that_waited_while_the_contact_changed_went_to_the_new_one_only(eventful: Recording) -> None:
    old, new = (
        [instant for instant, mail in eventful.accepted if mail.address == address]
        for address in (OLD_OFFICER, NEW_OFFICER)
    )
    assert max(old) < at(7, 8, 10) < min(new)
    assert (at(7, 10), f"07-10 08:00 bao-cao-6-thang {QUANG_BINH} change > {OLD_OFFICER}") in lines(eventful)


def test_who_holds_a_letter_about_what_was_undone_holds_a_correction(eventful: Recording) -> None:
    letters = [
        (undone, letter) for undone in eventful.facts if isinstance(undone, Withdrawn) for letter in undone.letters
    ]
    assert [letter.party for _, letter in letters] == [NGHE_AN]
    for undone, letter in letters:
        corrected = [
            instant
            for instant, mail, rung in eventful.said()
            if rung.name == f"correction:{undone.id}" and mail.address == letter.address
        ]
        assert [undone.recorded_at <= instant < undone.recorded_at + timedelta(days=1) for instant in corrected] == [
            True
        ]


def test_of_two_decisions_of_an_evening_only_the_one_that_stands_was_told(eventful: Recording) -> None:
    changes = [
        (local(instant), body(read(mail.data), "plain"))
        for instant, mail, rung in eventful.said()
        if (rung.milestone, rung.party, rung.kind) == ("bao-cao-nam", LE_DUAN, "change") and instant > at(10, 1)
    ]
    assert [(when, "27/10/2023" in words, "27/11/2023" in words) for when, words in changes] == [
        ("10-12 08:00", True, False)
    ]


def test_what_a_dead_mailbox_refused_went_to_the_head_within_a_minute_and_nothing_of_the_past_did(
    eventful: Recording,
) -> None:
    head = [
        line for instant, line in lines(eventful) if "hieutruong@thanhhoa" in line and at(10, 2) < instant < at(10, 20)
    ]
    assert head == [
        f"10-06 08:01 bao-cao-nam {THANH_HOA} before:14d > hieutruong@thanhhoa.example",
        f"10-13 08:00 bao-cao-nam {THANH_HOA} before:7d > hieutruong@thanhhoa.example",
    ]
    officer = [instant for instant, mail in eventful.accepted if mail.address == DEAD and instant > at(10, 2)]
    assert local(min(officer)) == "10-17 08:00"


def test_what_a_killed_daemon_held_left_when_its_lease_was_over(eventful: Recording) -> None:
    left = Counter(line[:11] for _, line in lines(eventful) if line.startswith("07-14"))
    assert left == {"07-14 08:00": 1, "07-14 08:15": 3}


# ---- accidents end


def test_while_no_accident_is_felt_everything_leaves_as_in_the_peaceful_year(
    peaceful: Recording, eventful: Recording
) -> None:
    assert unfelt(eventful) == unfelt(peaceful)
    assert sum(unfelt(eventful).values()) > 150


def test_what_left_in_the_peaceful_year_only_is_known_with_its_reason(peaceful: Recording, eventful: Recording) -> None:
    now = steps(eventful.rungs)
    sent = [key for key, row in steps(peaceful.rungs).items() if row.state == "sent"]
    assert {key: f"{now[key].state}: {now[key].reason}" for key in sent if now[key].state != "sent"} == LOST


def test_what_left_in_this_year_only_is_about_the_accidents(peaceful: Recording, eventful: Recording) -> None:
    before, now = (
        {key for key, row in steps(year.rungs).items() if row.state == "sent"} for year in (peaceful, eventful)
    )
    assert now - before == set()
    notices = [
        Counter((rung.party, rung.kind) for _, _, rung in year.said() if is_notice(rung.kind))
        for year in (peaceful, eventful)
    ]
    assert notices[1] - notices[0] == {(NGHE_AN, "change"): 1, (NGHE_AN, "correction"): 1, (LEAD, "change"): 2}
    assert notices[0] - notices[1] == {}


def test_nothing_was_settled_missed_or_mailed_by_the_lie_of_the_clock(eventful: Recording) -> None:
    assert told(eventful, "365 days ahead") == 1
    lie = at(6, 30, 7) + YEAR
    instants = [instant for instant, _ in eventful.accepted]
    instants += [when for row in eventful.rungs for when in (row.noticed_at, row.settled_at) if when is not None]
    instants += [row.settled_at for row in eventful.mails if row.settled_at is not None]
    assert max(instants) < lie
    due = [rung for rung in eventful.rungs if at(6, 30, 7) <= rung.at < at(7, 1, 7)]
    assert [(rung.name, rung.state) for rung in due] == [("before:14d", "sent")] * 6


@pytest.mark.parametrize(
    "text",
    [
        "2023 - Copy.toml:7: plan.id: is also the id of the plan in",
        "groups.nominees.after: unknown milestone 'tong-ket'",
        "blocked using zen.spamhaus.org",
        "550 5.1.1 The email account that you tried to reach does not exist",
        "steps of this plan are promised, and no definition of it could be loaded",
        "certificate has expired",
    ],
)
def test_accidents_that_somebody_must_end_are_told(eventful: Recording, text: str) -> None:
    assert told(eventful, text) > 0


def test_operators_get_one_summary_of_each_accident_by_which_steps_were_late(eventful: Recording) -> None:
    outages = [local(instant) for instant, mail in eventful.accepted if eventful.row_of(mail).kind == "outage"]
    assert outages == ["05-23 13:00", "07-01 07:00", "08-06 12:00", "10-27 06:00"]
