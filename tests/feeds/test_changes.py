"""Rules 12 to 16, 19 and 30: what a calendar does when something changes, and nothing when nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.feeds import IcalFeedRenderer
from scheduler.plan.dates.date_forms import By, On, Recurring, Undated, Window
from scheduler.plan.facts import Fact, FactKind
from scheduler.ports import FeedPart
from scheduler.services.publish_feeds import AHEAD, BEHIND, MOST, MOST_BYTES, choose_parts
from tests.support.ical_reader import by_uid, events, summaries, the_event
from tests.support.plan_builders import at, deadline, event
from tests.support.published_feeds import FeedFixture, published_feeds
from tests.support.strategies import clocks, dated_forms, spans

MARCH = deadline(By(date(2023, 3, 17)), title="Báo cáo")
MEETING = event(Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6"), title="Hội nghị")
DAY = timedelta(days=1)


def history(feeds: FeedFixture, *instants: datetime, who: str = "beta") -> list[tuple[str, str, str]]:
    """Return sequence, stamp and title of the only event after each publishing."""
    found = []
    for when in instants:
        one = the_event(feeds.read(when, who))
        assert one["DTSTAMP"] == one["LAST-MODIFIED"]
        found.append((one["SEQUENCE"], one["DTSTAMP"], one.text("SUMMARY")[:9]))
    return found


def test_rules_13_to_15_a_change_raises_the_sequence_and_the_stamp_once() -> None:
    """To the instant of the change; the creation stays."""
    with published_feeds(MARCH) as feeds:
        first = history(feeds, at(2, 2))
        feeds.record("received", at(3, 1, 9), "report", "beta")
        assert first + history(feeds, at(3, 1, 9), at(3, 8)) == [
            ("0", "20230131T170000Z", "Báo cáo ("),
            ("1", "20230301T020000Z", "✓ Báo cáo"),
            ("1", "20230301T020000Z", "✓ Báo cáo"),
        ]
        assert the_event(feeds.read(at(3, 9)))["CREATED"] == "20230131T170000Z"


def test_nothing_was_changed_before_it_was_made() -> None:
    """Whatever the clock says when it is published."""
    with published_feeds(MARCH, MEETING) as feeds:
        feeds.record("received", at(3, 1), "report", "beta")
        for one in events(feeds.read(at(3, 1))):
            assert one["CREATED"] <= one["LAST-MODIFIED"]


def test_rules_13_and_14_two_changes_within_a_second_have_two_stamps() -> None:
    """Some programs take a change only if it is later than what they have."""
    with published_feeds(MARCH) as feeds:
        stamps = []
        for kind in ("received", "returned", "received"):
            feeds.record(kind, at(3, 1), "report", "beta")
            stamps.append(history(feeds, at(3, 1))[0][:2])
    assert stamps == [("1", "20230301T010000Z"), ("2", "20230301T010001Z"), ("3", "20230301T010002Z")]


def test_other_words_of_the_plan_are_a_change() -> None:
    """Everything that is rendered counts."""
    with published_feeds(MARCH) as feeds:
        feeds.edit(at(3, 1), replace(MARCH, quote="trước ngày 18/3"))
        assert history(feeds, at(3, 1)) == [("1", "20230301T010000Z", "Báo cáo (")]


def test_another_version_of_the_renderer_is_a_change_of_everything() -> None:
    """The same words in other bytes."""

    class NewerRenderer(IcalFeedRenderer):
        version = "newer"

    with published_feeds(MARCH, MEETING) as feeds:
        feeds.read(at(2, 2))
        feeds.calendars = NewerRenderer()
        assert [one["SEQUENCE"] for one in events(feeds.read(at(3, 1)))] == ["1", "1"]


def test_nothing_changes_from_day_to_day() -> None:
    """Two fetches a day apart, and a year of them within one week's window, are the same bytes."""
    with published_feeds(MARCH, MEETING, audiences=("beta", "lead", "")) as feeds:
        for who in ("beta", "lead", ""):
            first = feeds.read(at(2, 2), who)
            assert {feeds.read(at(2, 2) + n * DAY, who) for n in range(1, 60)} == {first}


def test_a_calendar_in_step_is_not_written_to() -> None:
    """Publishing again finds nothing to do."""
    with published_feeds(MARCH, MEETING) as feeds:
        feeds.publish(at(2, 2))
        assert feeds.publish(at(2, 3)) == 0


def test_entries_stand_by_day() -> None:
    """Always in the same order."""
    some = [deadline(By(date(2023, 4, day)), f"m{day}", title=str(day)) for day in (5, 3, 4, 12)]
    with published_feeds(*some) as feeds:
        found = summaries(feeds.read(at(2, 2)))
    assert [title.split()[0] for title in found] == ["3", "4", "5", "12"]


def test_a_uid_stays_through_renaming_moving_and_doing() -> None:
    """For life: of the milestone and the party, whatever they are called."""
    with published_feeds(MARCH) as feeds:
        uids = {the_event(feeds.read(at(2, 2)))["UID"]}
        feeds.edit(at(2, 3), replace(MARCH, title="Tên khác", form=By(date(2023, 4, 3))))
        uids.add(the_event(feeds.read(at(2, 3)))["UID"])
        parties = {id: replace(party, name="Tên mới") for id, party in feeds.plan.parties.items()}
        feeds.edit(at(2, 4), parties=parties)
        feeds.record("received", at(3, 1), "report", "beta")
        uids.add(the_event(feeds.read(at(3, 1)))["UID"])
    assert len(uids) == 1


def test_everybody_has_uids_of_their_own() -> None:
    """One person may subscribe to several calendars."""
    with published_feeds(MARCH, audiences=("beta", "gamma", "lead", "")) as feeds:
        uids = [uid for who in ("beta", "gamma", "lead", "") for uid in by_uid(feeds.read(at(2, 2), who))]
        uids += by_uid(feeds.read(at(2, 2), tasks=True))
    assert len(set(uids)) == len(uids) == 5


# ---------------------------------------------------------------- what goes


def test_what_left_the_plan_is_cancelled_for_thirty_days_at_its_last_dates() -> None:
    """Then it goes, and a placeholder takes its place."""
    with published_feeds(MARCH) as feeds:
        uid = the_event(feeds.read(at(2, 2)))["UID"]
        feeds.edit(at(3, 1), deadline(Undated("sau"), "other"))
        gone = the_event(feeds.read(at(3, 1)))
        assert (gone["UID"], gone["SEQUENCE"], gone["STATUS"]) == (uid, "1", "CANCELLED")
        assert gone.text("SUMMARY").startswith("[ĐÃ HUỶ] Báo cáo")
        assert gone["DTSTART"] == "20230317"
        assert gone.text("DESCRIPTION").startswith("Nội dung này đã được hủy")
        assert the_event(feeds.read(at(3, 30)))["UID"] == uid
        assert summaries(feeds.read(at(3, 31))) == ["Lịch hiện chưa có nội dung nào"]


def test_what_was_called_off_goes_after_thirty_days() -> None:
    """Though the plan still has it."""
    with published_feeds(replace(MEETING, form=On(date(2023, 6, 8), date(2023, 6, 8)))) as feeds:
        feeds.read(at(2, 2))
        feeds.record("waived", at(3, 1), "meeting", "lead")
        feeds.publish(at(3, 1))
        assert summaries(feeds.read(at(3, 30))) == ["[ĐÃ HUỶ] Hội nghị"]
        assert summaries(feeds.read(at(3, 31))) == ["Lịch hiện chưa có nội dung nào"]


def test_what_comes_back_goes_on_counting() -> None:
    """A sequence never falls; a program would keep its old copy."""
    with published_feeds(MARCH) as feeds:
        uid = the_event(feeds.read(at(2, 2)))["UID"]
        for when, milestone in ((at(2, 10), deadline(Undated("sau"), "other")), (at(4, 1), MARCH)):
            feeds.edit(when, milestone)
            feeds.read(when)
        feeds.read(at(4, 2))
        back = the_event(feeds.read(at(4, 2)))
    assert (back["UID"], back["SEQUENCE"], back["STATUS"]) == (uid, "2", "CONFIRMED")


def test_what_comes_back_after_it_had_left_goes_on_counting() -> None:
    """Its entry is kept for that."""
    with published_feeds(MARCH) as feeds:
        feeds.edit(at(2, 10), deadline(Undated("sau"), "other"))
        for when in (at(2, 10), at(3, 20)):
            feeds.publish(when)
        feeds.edit(at(3, 21), MARCH)
        assert the_event(feeds.read(at(3, 21)))["SEQUENCE"] == "2"


def test_an_undone_fact_is_a_change_like_any_other() -> None:
    """The title is what it was; the count is not."""
    with published_feeds(MARCH) as feeds:
        fact = feeds.record("received", at(3, 1), "report", "beta")
        feeds.read(at(3, 1))
        feeds.record("withdrawn", at(3, 2), target=fact.id)
        assert history(feeds, at(3, 2)) == [("2", "20230302T010000Z", "Báo cáo (")]


# ---------------------------------------------------------------- the window


def test_the_window_moves_on_mondays() -> None:
    """What is more than a year past leaves; the rest of the week the bytes stay."""
    with published_feeds(MARCH, MEETING) as feeds:
        leaves = date(2023, 3, 17) + BEHIND + DAY  # a Saturday
        monday = leaves + timedelta(days=7 - leaves.weekday())
        found = {
            day: feeds.read(datetime(day.year, day.month, day.day, 3, tzinfo=UTC))
            for day in (leaves, monday - DAY, monday)
        }
    assert [len(events(data)) for data in found.values()] == [2, 2, 1]
    assert found[leaves] == found[monday - DAY]


def test_the_calendar_says_that_it_changed_when_something_leaves_the_window() -> None:
    """Though no entry was revised."""
    with published_feeds(MARCH, MEETING) as feeds:
        feeds.read(at(2, 2))
        feeds.read(at(4, 1, year=2024))
        with feeds.store.reading() as unit:
            assert unit.feeds.contents(feeds.feeds["beta", False]).changed_at == at(4, 1, year=2024)


def test_what_lies_two_years_ahead_comes_in_when_it_is_near() -> None:
    """Without a change of its own."""
    far = date(2023, 2, 6) + AHEAD + DAY
    with published_feeds(deadline(By(far))) as feeds:
        assert summaries(feeds.read(at(2, 6))) == ["Lịch hiện chưa có nội dung nào"]
        assert the_event(feeds.read(at(2, 13)))["SEQUENCE"] == "0"


def test_of_too_many_entries_the_nearest_are_shown() -> None:
    """Readers give up on more than about a thousand."""
    daily = Recurring("FREQ=DAILY", "by", date(2023, 2, 6), date(2025, 2, 4))
    with published_feeds(deadline(daily, "one"), deadline(daily, "two")) as feeds:
        found = events(feeds.read(at(2, 6)))
    assert len(found) == MOST
    assert (found[0]["DTSTART"], found[-1]["DTSTART"]) == ("20230206", "20240619")


def test_a_calendar_of_several_plans_is_no_bigger_than_readers_take() -> None:
    """By number and by bytes: what is nearest to the week, in order; the rest comes in when it is near."""
    days = [date(2023, 2, 6) + n * DAY for n in range(1200)]
    small = [FeedPart(day, b"x" * 100) for day in days]
    assert choose_parts(small[:MOST], date(2023, 2, 8)) == [part.body for part in small[:MOST]]
    middle = choose_parts([FeedPart(day, str(day).encode()) for day in days], days[600])
    monday = days[600] - timedelta(days=days[600].weekday())
    assert len(middle) == MOST
    assert middle[0] == str(monday - 500 * DAY).encode()
    big = [FeedPart(day, bytes([n]) * 100_000) for n, day in enumerate(days[:20])]
    assert choose_parts(big, date(2023, 2, 6)) == [part.body for part in big[:9]]
    assert sum(map(len, choose_parts(big, date(2023, 2, 15)))) <= MOST_BYTES


# ---------------------------------------------------------------- any one change


def versions(data: bytes) -> Mapping[str, tuple[str, str]]:
    """Return the count and the stamp of each entry by its uid."""
    return {uid: (one["SEQUENCE"], one["DTSTAMP"]) for uid, one in by_uid(data).items()}


KINDS: list[FactKind] = ["received", "declared", "accepted", "returned", "waived", "date_fixed"]
MANY = [deadline(By(date(2023, 3, day)), f"m{day}") for day in range(1, 12)]


@given(st.data())
@settings(max_examples=20)
def test_any_one_change_changes_exactly_one_entry(data: st.DataObject) -> None:
    """By its count and its stamp; the bytes of all others stay, for the party and for the lead."""
    with published_feeds(*MANY, MEETING, audiences=("beta", "gamma", "lead")) as feeds:
        before = {who: feeds.read(at(2, 2), who) for who in ("beta", "gamma", "lead")}
        milestone = data.draw(st.sampled_from([*MANY, MEETING]))
        kind = data.draw(st.sampled_from(KINDS))
        when = at(2, 3)
        if milestone is MEETING or kind == "date_fixed":
            first, last = data.draw(spans().filter(lambda span: span[0] != date(2023, 6, 1)))
            moved = (
                dated_forms() if milestone is not MEETING else st.builds(On, st.just(first), st.just(last), clocks())
            )
            form = data.draw(moved.filter(lambda one: one != milestone.form))
            feeds.record("date_fixed", when, milestone.id, form=form)
            touched = {"beta", "gamma", "lead"}
        else:
            feeds.record(kind, when, milestone.id, "beta")
            touched = {"beta", "lead"}
        for who, old in before.items():
            new = feeds.read(when, who)
            were, are = versions(old), versions(new)
            changed = [uid for uid in were if were[uid] != are.get(uid)]
            assert len(changed) == (who in touched)
            assert were.keys() == are.keys()
            assert [are[uid] for uid in changed] == [("1", "20230203T010000Z")] * len(changed)
            kept = [part for part in parts(old) if part in parts(new)]
            assert len(kept) == len(parts(old)) - len(changed)
            assert new == old or changed


def parts(data: bytes) -> list[bytes]:
    """Return the bytes of each event."""
    return [part.partition(b"END:VEVENT")[0] for part in data.split(b"BEGIN:VEVENT")[1:]]


def test_what_a_party_with_another_date_does_changes_its_own_entry_alone() -> None:
    """For the lead too, who finds it beside the others'; taken back, its date goes without a word."""
    with published_feeds(MARCH, audiences=("lead",)) as feeds:
        feeds.read(at(2, 2), "lead")
        extended = feeds.record("extended", at(3, 1), "report", "beta", form=By(date(2023, 4, 3)))
        assert feeds.publish(at(3, 1)) == 2
        for kind in ("received", "returned", "accepted"):
            feeds.record(kind, at(3, 2), "report", "beta")
            assert feeds.publish(at(3, 2)) == 1
        feeds.record("withdrawn", at(3, 3), target=extended.id)
        assert summaries(feeds.read(at(3, 3), "lead")) == ["Báo cáo (chậm nhất ngày 17/3/2023): 1/3"]


@pytest.mark.parametrize("who", ["beta", "lead", ""])
def test_sequences_and_stamps_only_rise(who: str) -> None:
    """Through a year of facts, and undoing them."""
    with published_feeds(MARCH, MEETING, audiences=(who,)) as feeds:
        seen = [versions(feeds.read(at(2, 2), who))]
        kinds: tuple[FactKind, ...] = ("received", "returned", "accepted", "waived", "withdrawn")
        recorded: list[Fact] = []
        for month in range(3, 12):
            kind = kinds[month % 5]
            if kind == "withdrawn":
                feeds.record("withdrawn", at(month, 1), target=recorded[-1].id)
            else:
                recorded.append(feeds.record(kind, at(month, 1), "report", "beta"))
            seen.append(versions(feeds.read(at(month, 1), who)))
    for earlier, later in pairwise(seen):
        for uid in earlier.keys() & later.keys():
            assert earlier[uid] == later[uid] or all(a < b for a, b in zip(earlier[uid], later[uid], strict=True))
