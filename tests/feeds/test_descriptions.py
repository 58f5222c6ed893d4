"""What an entry says: the day, what, who, to whom, how, the plan's words, and how it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.feeds import IcalFeedRenderer
from scheduler.plan.dates.date_forms import Before, By, On, Recurring, Undated, Window
from scheduler.plan.facts import FactKind
from scheduler.plan.model import Deliverable, Group, Ladder, Office
from scheduler.queries.site_links import SiteLinks
from tests.support.ical_reader import Component, events, parse, summaries, the_event
from tests.support.plan_builders import at, deadline, event, party
from tests.support.published_feeds import FeedFixture, published_feeds

SITE = SiteLinks("https://example.vn", b"secret")
OFFICE = Office(name="Bộ phận giúp việc", contact="đồng chí An", phone="0912", email="thidua@lead.vn", address="Số 14")
REPORT = deadline(
    Before(date(2023, 8, 10)),
    title="Báo cáo sơ kết",
    section="2.3.2",
    quote="gửi báo cáo trước ngày 10/8/2023",
    report_to=("lead",),
    channels=("paper", "email"),
    deliverables=(Deliverable(id="a", title="Báo cáo"), Deliverable(id="b", title="Danh sách")),
)
MEETING = event(On(date(2023, 6, 8), date(2023, 6, 9), time(8)), title="Hội nghị sơ kết")
WINDOW = event(Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6"), title="Hội nghị sơ kết")


def facets(found: Component) -> tuple[str, ...]:
    """Return what programs make of an event's state."""
    return (found["STATUS"], found["TRANSP"], found["X-MICROSOFT-CDO-BUSYSTATUS"])


DEADLINE = ("CONFIRMED", "TRANSPARENT", "FREE")
TENTATIVE = ("TENTATIVE", "TRANSPARENT", "FREE")


def test_a_deadline_stands_on_the_named_day_and_says_the_day_to_aim_at() -> None:
    """The days of a date differ; the calendar shows the one in the document."""
    with published_feeds(REPORT) as feeds:
        found = the_event(feeds.read(at(2, 2)))
    assert (found.line("DTSTART"), found.line("DTEND")) == ("DTSTART;VALUE=DATE:20230810", "DTEND;VALUE=DATE:20230811")
    assert found.text("SUMMARY") == "Báo cáo sơ kết (trước ngày 10/8/2023)"
    assert "trước ngày 10/8/2023 (đề nghị gửi chậm nhất hết thứ Tư, ngày 09/8/2023)" in found.text("DESCRIPTION")
    assert facets(found) == DEADLINE


def test_a_deadline_says_what_to_whom_how_whom_to_ask_and_the_plans_words() -> None:
    """Everything a person needs who has nothing but the calendar."""
    with published_feeds(REPORT, office=OFFICE, number="01-KH", issued=date(2023, 3, 20)) as feeds:
        text = the_event(feeds.read(at(2, 2))).text("DESCRIPTION")
    assert text.splitlines()[1:] == [
        "Hồ sơ gồm:",
        "1. Báo cáo",
        "2. Danh sách",
        "Nơi nhận hồ sơ: Lead",
        "Hình thức gửi: bản giấy gửi về Bộ phận giúp việc, Số 14; bản mềm gửi về hộp thư thidua@lead.vn",
        "Tình trạng: Chưa nộp",
        "",
        "Theo Kế hoạch số 01-KH, ngày 20/3/2023, mục 2.3.2",
        'Trích nguyên văn: "gửi báo cáo trước ngày 10/8/2023"',
        "Đầu mối: đồng chí An, điện thoại 0912, thư điện tử thidua@lead.vn",
    ]


def leads_to(feeds: FeedFixture, audience: str) -> list[str]:
    """Return the addresses in somebody's entries."""
    found = events(feeds.read(at(2, 3), audience))
    return [line for event in found for line in event.text("DESCRIPTION").splitlines() if "https:" in line]


def test_an_entry_leads_to_the_partys_page_and_the_leads_to_the_board() -> None:
    """What the lead sees of one party leads to that; the public is led nowhere."""
    with published_feeds(deadline(By(date(2023, 3, 17))), audiences=("beta", "lead", "")) as feeds:
        feeds.record("extended", at(2, 2), "report", "beta", form=By(date(2023, 4, 3)))
        assert [leads_to(feeds, who) for who in ("beta", "lead", "")] == [[], [], []]
        feeds.calendars = IcalFeedRenderer(SITE)
        assert leads_to(feeds, "beta") == [f"Trang của đơn vị: {SITE.of('beta', 1, 'plan', 'report')}"]
        board = "Bảng theo dõi: https://example.vn/plans/plan/milestones/report"
        assert leads_to(feeds, "lead") == [board, f"{board}/beta"]
        assert leads_to(feeds, "") == []


def test_an_event_leads_to_the_page_too() -> None:
    """Those who only take part see there what is due, too."""
    with published_feeds(MEETING, audiences=("beta",)) as feeds:
        feeds.calendars = IcalFeedRenderer(SITE)
        assert leads_to(feeds, "beta") == [f"Trang của đơn vị: {SITE.of('beta', 1, 'plan', 'meeting')}"]


def test_a_page_that_was_revoked_changes_the_entries_that_led_there() -> None:
    """And nobody else's."""
    with published_feeds(deadline(By(date(2023, 3, 17))), audiences=("beta", "gamma")) as feeds:
        feeds.calendars = IcalFeedRenderer(SITE)
        others = feeds.read(at(2, 2), "gamma")
        with feeds.store.transaction() as unit:
            unit.pages.revoke("beta", now=at(2, 2))
        assert feeds.publish(at(2, 3)) == 1
        assert leads_to(feeds, "beta") == [f"Trang của đơn vị: {SITE.of('beta', 2, 'plan', 'report')}"]
        assert feeds.read(at(2, 3), "gamma") == others


def test_what_came_in_part_leaves_what_is_missing() -> None:
    """By the titles of the documents."""
    with published_feeds(REPORT) as feeds:
        feeds.record("received", at(3, 1), "report", "beta", deliverables=("a",))
        lines = the_event(feeds.read(at(3, 1))).text("DESCRIPTION").splitlines()
    assert lines[1:3] == ["Còn thiếu:", "1. Danh sách"]
    assert "Tình trạng: Đã nộp một phần" in lines


@pytest.mark.parametrize(
    ("kind", "mark", "status"),
    [
        ("received", "✓ ", "Đã nhận, chờ kiểm tra, nộp ngày 09/8/2023"),
        ("accepted", "✓ ", "Đạt yêu cầu, nộp ngày 09/8/2023"),
        ("waived", "[Miễn] ", "Được miễn"),
        ("returned", "", "Đề nghị bổ sung"),
    ],
)
def test_the_state_of_a_deadline_is_in_its_title(kind: FactKind, mark: str, status: str) -> None:
    """Programs show nothing else of it; done is not a status of events."""
    with published_feeds(REPORT) as feeds:
        feeds.record(kind, at(8, 9), "report", "beta")
        found = the_event(feeds.read(at(8, 9)))
    assert found.text("SUMMARY").startswith(f"{mark}Báo cáo sơ kết")
    assert f"Tình trạng: {status}" in found.text("DESCRIPTION").splitlines()
    assert facets(found) == DEADLINE


def test_an_extension_moves_the_day_says_so_and_names_the_decision() -> None:
    """For the party that has it, and for nobody else."""
    with published_feeds(REPORT, audiences=("beta", "gamma")) as feeds:
        feeds.record("extended", at(8, 1), "report", "beta", form=By(date(2023, 8, 20)), decision="QĐ 5")
        mine, other = (the_event(feeds.read(at(8, 1), who)) for who in ("beta", "gamma"))
    assert mine.text("SUMMARY") == "[Gia hạn] Báo cáo sơ kết (chậm nhất ngày 20/8/2023)"
    assert mine["DTSTART"] == "20230820"
    assert "Căn cứ: QĐ 5" in mine.text("DESCRIPTION").splitlines()
    assert (other.text("SUMMARY"), other["DTSTART"]) == ("Báo cáo sơ kết (trước ngày 10/8/2023)", "20230810")


def test_an_event_of_days_ends_on_the_day_after_its_last() -> None:
    """Ends are exclusive; a day is never a time at midnight."""
    with published_feeds(event(On(date(2023, 6, 8), date(2023, 6, 9)))) as feeds:
        found = the_event(feeds.read(at(2, 2)))
    assert (found.line("DTSTART"), found.line("DTEND")) == ("DTSTART;VALUE=DATE:20230608", "DTEND;VALUE=DATE:20230610")


def test_an_event_with_hours_names_its_zone_and_brings_it_along() -> None:
    """From its hour to the office's closing time on the last day."""
    with published_feeds(MEETING) as feeds:
        data = feeds.read(at(2, 2))
    found, zone = the_event(data), parse(data).of("VTIMEZONE")
    assert found.line("DTSTART") == "DTSTART;TZID=Asia/Ho_Chi_Minh:20230608T080000"
    assert found.line("DTEND") == "DTEND;TZID=Asia/Ho_Chi_Minh:20230609T170000"
    assert [block["TZID"] for block in zone] == ["Asia/Ho_Chi_Minh"]
    assert parse(data)["X-WR-TIMEZONE"] == "Asia/Ho_Chi_Minh"
    assert facets(found) == ("CONFIRMED", "OPAQUE", "BUSY")


def test_an_event_that_begins_after_closing_time_lasts_an_hour() -> None:
    """Also over midnight."""
    with published_feeds(event(On(date(2023, 6, 8), date(2023, 6, 8), time(23, 30)))) as feeds:
        found = the_event(feeds.read(at(2, 2)))
    assert (found["DTSTART"], found["DTEND"]) == ("20230608T233000", "20230609T003000")


def test_a_zone_has_one_name_and_utc_none() -> None:
    """An old name of the zone gives the new one; UTC is written with a Z."""
    for key, line in (
        ("Asia/Saigon", "DTSTART;TZID=Asia/Ho_Chi_Minh:20230608T080000"),
        ("UTC", "DTSTART:20230608T080000Z"),
    ):
        with published_feeds(MEETING, zone=ZoneInfo(key)) as feeds:
            data = feeds.read(at(2, 2))
        assert the_event(data).line("DTSTART") == line
        assert len(parse(data).of("VTIMEZONE")) == (key != "UTC")


def test_an_hour_that_summer_time_skips_is_the_one_after() -> None:
    """What clocks show then."""
    skipped = event(On(date(2023, 3, 26), date(2023, 3, 26), time(2, 30)))
    with published_feeds(skipped, zone=ZoneInfo("Europe/Berlin")) as feeds:
        assert the_event(feeds.read(at(2, 2)))["DTSTART"] == "20230326T033000"


@pytest.mark.parametrize(
    ("key", "day", "hour"),
    [("Asia/Beirut", date(2023, 10, 28), time(23, 30)), ("Europe/Berlin", date(2023, 10, 29), time(2, 30))],
)
def test_an_event_in_an_hour_that_comes_twice_ends_after_it_begins(key: str, day: date, hour: time) -> None:
    """By the clocks on the wall: what ends as it begins is dropped by some programs."""
    late = event(On(day, day, hour), ladder=Ladder(closes=time(2, 30)))
    with published_feeds(late, zone=ZoneInfo(key)) as feeds:
        found = the_event(feeds.read(at(2, 2)))
    assert datetime.fromisoformat(found["DTEND"]) - datetime.fromisoformat(found["DTSTART"]) == timedelta(hours=1)


def test_a_window_is_tentative_over_its_days_in_the_plans_words() -> None:
    """Nobody is kept busy by an intention."""
    with published_feeds(WINDOW) as feeds:
        found = the_event(feeds.read(at(2, 2)))
    assert found.text("SUMMARY") == "[Dự kiến] Hội nghị sơ kết (đầu tháng 6)"
    assert (found["DTSTART"], found["DTEND"]) == ("20230601", "20230611")
    line = "Thời gian: đầu tháng 6 (từ ngày 01/6/2023 đến ngày 10/6/2023; chưa ấn định ngày)"
    assert line in found.text("DESCRIPTION").splitlines()
    assert facets(found) == TENTATIVE


@pytest.mark.parametrize("audience", ["beta", "lead", ""])
def test_what_is_not_fixed_blocks_nobodys_days_in_outlook(audience: str) -> None:
    """Outlook goes by its own property, and there "tentative" is as good as taken."""
    with published_feeds(WINDOW, audiences=(audience,)) as feeds:
        intended = the_event(feeds.read(at(2, 2), audience))
        feeds.record("date_fixed", at(5, 4), "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)))
        fixed = the_event(feeds.read(at(5, 4), audience))
    assert facets(intended) == TENTATIVE
    assert facets(fixed) == ("CONFIRMED", "OPAQUE", "BUSY")


@pytest.mark.parametrize(
    ("words", "title", "said"),
    [
        ("Dự kiến đầu tháng 6", " (đầu tháng 6)", "Dự kiến đầu tháng 6 (từ ngày 01/6/2023 đến ngày 10/6/2023; "),
        ("", "", "dự kiến từ ngày 01/6/2023 đến ngày 10/6/2023; "),
    ],
)
def test_that_a_window_is_only_intended_is_said_once(words: str, title: str, said: str) -> None:
    """Whatever the plan's words begin with, or if it has none."""
    with published_feeds(replace(WINDOW, form=Window(date(2023, 6, 1), date(2023, 6, 10), words))) as feeds:
        found = the_event(feeds.read(at(2, 2)))
    assert found.text("SUMMARY") == "[Dự kiến] Hội nghị sơ kết" + title
    assert found.text("DESCRIPTION").startswith(f"Thời gian: {said}chưa ấn định ngày")


def test_an_event_to_be_held_by_a_date_is_tentative_on_that_day() -> None:
    """Its organiser still has to fix it."""
    with published_feeds(event(Before(date(2023, 11, 15)), title="Tổng kết")) as feeds:
        found = the_event(feeds.read(at(2, 2)))
    assert (found.text("SUMMARY"), found["DTSTART"]) == ("[Dự kiến] Tổng kết", "20231115")
    assert "tổ chức trước ngày 15/11/2023" in found.text("DESCRIPTION")
    assert facets(found) == TENTATIVE


def test_a_fixed_date_turns_the_same_entry_into_an_event() -> None:
    """Under the uid it had; with its hour and place."""
    with published_feeds(WINDOW) as feeds:
        before = the_event(feeds.read(at(2, 2)))
        form = On(date(2023, 6, 8), date(2023, 6, 8), time(8))
        feeds.record("date_fixed", at(5, 4), "meeting", form=form, place="Hội trường A", decision="CV 12")
        after = the_event(feeds.read(at(5, 4)))
    assert after["UID"] == before["UID"]
    assert after.text("SUMMARY") == "Hội nghị sơ kết"
    assert after.text("LOCATION") == "Hội trường A"
    assert {"Địa điểm: Hội trường A", "Căn cứ: CV 12"} <= set(after.text("DESCRIPTION").splitlines())
    assert facets(after) == ("CONFIRMED", "OPAQUE", "BUSY")


def test_an_event_called_off_is_cancelled_in_status_and_title() -> None:
    """For organiser and guests alike, with the reason; it keeps its days and nobody busy."""
    with published_feeds(MEETING, audiences=("beta", "lead", "")) as feeds:
        feeds.record("waived", at(5, 4), "meeting", "lead", reason="bão")
        for who in ("beta", "lead", ""):
            found = the_event(feeds.read(at(5, 4), who))
            assert found.text("SUMMARY") == "[ĐÃ HUỶ] Hội nghị sơ kết"
            assert ("Lý do: bão" in found.text("DESCRIPTION").splitlines()) == bool(who)
            assert found["DTSTART"] == "20230608T080000"
            assert facets(found) == ("CANCELLED", "TRANSPARENT", "FREE")


def test_an_event_that_was_recorded_as_held_is_done() -> None:
    """Time passing alone changes nothing."""
    with published_feeds(MEETING) as feeds:
        assert summaries(feeds.read(at(6, 12))) == ["Hội nghị sơ kết"]
        feeds.record("received", at(6, 12), "meeting", "lead")
        assert summaries(feeds.read(at(6, 12))) == ["✓ Hội nghị sơ kết"]


def test_who_is_excused_from_an_event_is_not_kept_busy() -> None:
    """The event goes on for the others."""
    with published_feeds(MEETING, audiences=("beta", "gamma")) as feeds:
        feeds.record("waived", at(6, 1), "meeting", "beta")
        mine, other = (the_event(feeds.read(at(6, 1), who)) for who in ("beta", "gamma"))
    assert (mine.text("SUMMARY"), mine["TRANSP"]) == ("[Miễn] Hội nghị sơ kết", "TRANSPARENT")
    assert (other.text("SUMMARY"), other["TRANSP"]) == ("Hội nghị sơ kết", "OPAQUE")


def test_an_undated_duty_has_no_place_in_a_calendar() -> None:
    """Until it is given a date."""
    with published_feeds(deadline(Undated("hằng năm")), replace(REPORT, id="other")) as feeds:
        assert summaries(feeds.read(at(2, 2))) == ["Báo cáo sơ kết (trước ngày 10/8/2023)"]


AWARD = replace(REPORT, id="award", title="Báo cáo thành tích", responsible=("winners",))
WINNERS = Group(id="winners", chosen_by="lead")


def test_what_waits_for_its_parties_stands_in_the_leads_and_the_public_calendar() -> None:
    """From the first day; once they are chosen it is the same entry."""
    with published_feeds(AWARD, groups=(WINNERS,), audiences=("lead", "", "beta")) as feeds:
        waits = {who: the_event(feeds.read(at(2, 2), who)) for who in ("lead", "")}
        assert "Báo cáo thành tích" not in str(summaries(feeds.read(at(2, 2), "beta")))
        feeds.record("nominated", at(6, 1), group="winners", parties=("beta",))
        chosen = {who: the_event(feeds.read(at(6, 1), who)) for who in ("lead", "")}
    title = "Báo cáo thành tích (trước ngày 10/8/2023)"
    assert [one.text("SUMMARY") for one in waits.values()] == [f"[Chờ xác định đơn vị] {title}", title]
    assert [one.text("SUMMARY") for one in chosen.values()] == [f"{title}: 0/1", title]
    for who, entry in waits.items():
        assert "Đơn vị thực hiện: chờ xác định đơn vị" in entry.text("DESCRIPTION").splitlines()
        assert (chosen[who]["UID"], chosen[who]["SEQUENCE"]) == (entry["UID"], "1")
    assert "Đơn vị thực hiện: Beta" in chosen[""].text("DESCRIPTION").splitlines()


def test_what_waits_for_its_parties_leads_to_the_board() -> None:
    """Where they are chosen; the public is led nowhere."""
    with published_feeds(AWARD, groups=(WINNERS,), audiences=("lead", "")) as feeds:
        feeds.calendars = IcalFeedRenderer(SITE)
        assert leads_to(feeds, "lead") == [f"Bảng theo dõi: {SITE.on_board('plan', 'award')}"]
        assert leads_to(feeds, "") == []


def test_what_nobody_is_chosen_for_is_called_off() -> None:
    """And comes back if that is undone."""
    with published_feeds(AWARD, groups=(WINNERS,), audiences=("lead", "")) as feeds:
        for who in ("lead", ""):
            feeds.read(at(2, 2), who)
        nobody = feeds.record("nominated", at(6, 1), group="winners")
        for who in ("lead", ""):
            assert the_event(feeds.read(at(6, 1), who))["STATUS"] == "CANCELLED"
        feeds.record("withdrawn", at(6, 2), target=nobody.id)
        for who in ("lead", ""):
            assert facets(the_event(feeds.read(at(6, 2), who))) == DEADLINE


@pytest.mark.parametrize("audience", ["lead", ""])
@pytest.mark.parametrize(
    ("form", "title", "state"),
    [
        (WINDOW.form, "[Dự kiến] Hội nghị sơ kết (đầu tháng 6)", TENTATIVE),
        (MEETING.form, "Hội nghị sơ kết", ("CONFIRMED", "OPAQUE", "BUSY")),
    ],
)
def test_an_event_that_waits_for_its_organisers_stands_there_once(
    audience: str, form: Window | On, title: str, state: tuple[str, ...]
) -> None:
    """Whether it has participants or not."""
    meeting = replace(MEETING, form=form, organiser=("winners",))
    for attendees in ((), ("members",)):
        with published_feeds(replace(meeting, attendees=attendees), groups=(WINNERS,), audiences=(audience,)) as feeds:
            found = the_event(feeds.read(at(2, 2), audience))
        assert (found.text("SUMMARY"), facets(found)) == (title, state)


def test_what_was_past_at_the_first_load_stands_in_the_calendars_of_its_year() -> None:
    """What had parties by then, and what waits for them."""
    early = replace(AWARD, form=Before(date(2023, 2, 10)))
    march = replace(REPORT, form=Before(date(2023, 3, 20)))
    with published_feeds(early, march, groups=(WINNERS,), audiences=("lead", "")) as feeds:
        for who in ("lead", ""):
            assert len(summaries(feeds.read(at(12, 29), who))) == 2


def test_each_occurrence_of_a_recurring_duty_stands_by_itself() -> None:
    """With a uid of its own."""
    monthly = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "before", date(2023, 3, 1), date(2023, 5, 31))
    with published_feeds(deadline(monthly)) as feeds:
        found = events(feeds.read(at(2, 2)))
    assert [one["DTSTART"] for one in found] == ["20230325", "20230425", "20230525"]
    assert len({one["UID"] for one in found}) == 3


# ---------------------------------------------------------------- whose


def test_a_party_finds_its_own_duties_and_the_events_it_attends_and_nothing_else() -> None:
    """Nor anybody else's name and state."""
    lead_only = deadline(By(date(2023, 4, 3)), "summary", responsible=("lead",))
    with published_feeds(REPORT, lead_only, MEETING) as feeds:
        feeds.record("accepted", at(3, 1), "report", "gamma")
        data = feeds.read(at(3, 1))
    assert summaries(data) == ["Hội nghị sơ kết", "Báo cáo sơ kết (trước ngày 10/8/2023)"]
    assert "gamma" not in events(data)[1].text("DESCRIPTION").casefold()


def test_the_lead_finds_one_entry_a_milestone_with_who_has_answered() -> None:
    """The count in the title, the names by state in the text."""
    with published_feeds(REPORT, MEETING, audiences=("lead",)) as feeds:
        feeds.record("accepted", at(3, 1), "report", "beta")
        feeds.record("received", at(3, 1), "report", "gamma", deliverables=("a",))
        data = feeds.read(at(3, 1), "lead")
        lines = events(data)[1].text("DESCRIPTION").splitlines()
        assert summaries(data) == ["Hội nghị sơ kết", "Báo cáo sơ kết (trước ngày 10/8/2023): 1/3"]
        assert [line for line in lines if "(01)" in line] == [
            "Đạt yêu cầu (01): beta",
            "Đã nộp một phần (01): gamma (thiếu Danh sách)",
            "Chưa nộp (01): lead",
        ]
        assert "Hình thức gửi: bản giấy; bản mềm" in lines
        feeds.record("waived", at(3, 2), "report", "gamma")
        feeds.record("received", at(3, 2), "report", "lead")
        assert summaries(feeds.read(at(3, 2), "lead"))[1] == "✓ Báo cáo sơ kết: 2/2"


def test_what_a_party_says_it_has_sent_is_said_so() -> None:
    """Until somebody has seen it."""
    with published_feeds(REPORT, audiences=("beta", "lead")) as feeds:
        feeds.record("declared", at(3, 1), "report", "beta", channel="paper")
        mine, all_of_them = (the_event(feeds.read(at(3, 1), who)).text("DESCRIPTION") for who in ("beta", "lead"))
    assert "Tình trạng: Báo đã gửi, chờ xác nhận" in mine.splitlines()
    assert "Báo đã gửi, chờ xác nhận (01): beta" in all_of_them.splitlines()


def test_what_came_late_is_said_so() -> None:
    """Once it was accepted."""
    with published_feeds(REPORT, audiences=("beta",)) as feeds:
        feeds.record("accepted", at(9, 1), "report", "beta")
        assert "Tình trạng: Đạt yêu cầu (nộp sau thời hạn), nộp ngày 01/9/2023" in the_event(feeds.read(at(9, 1))).text(
            "DESCRIPTION"
        )


def test_who_has_answered_is_not_asked_to_send_any_more() -> None:
    """Neither by when nor how; why somebody is exempt is said."""
    with published_feeds(REPORT, audiences=("beta", "gamma")) as feeds:
        feeds.record("accepted", at(3, 1), "report", "beta")
        feeds.record("waived", at(3, 1), "report", "gamma", reason="mới thành lập", decision="QĐ 7")
        done, exempt = (the_event(feeds.read(at(3, 1), who)).text("DESCRIPTION") for who in ("beta", "gamma"))
    for text in (done, exempt):
        assert text.splitlines()[0] == "Thời hạn: trước ngày 10/8/2023"
        assert "Hình thức gửi" not in text
    assert {"Căn cứ: QĐ 7", "Lý do: mới thành lập"} <= set(exempt.splitlines())


def test_a_date_fixed_for_all_is_said_with_its_decision_to_everybody() -> None:
    """To the lead and the public too."""
    with published_feeds(deadline(Undated("sau")), audiences=("beta", "lead", "")) as feeds:
        feeds.record("date_fixed", at(3, 1), "report", form=By(date(2023, 8, 20)), decision="CV 12")
        for who in ("beta", "lead", ""):
            assert "Căn cứ: CV 12" in the_event(feeds.read(at(3, 1), who)).text("DESCRIPTION").splitlines()


def test_of_many_parties_the_public_is_told_the_number() -> None:
    """A thousand names in each entry are more than readers take."""
    many = [party("lead"), *(party(f"p{n}") for n in range(13))]
    group = Group(id="members", parties=tuple(p.id for p in many))
    with published_feeds(REPORT, audiences=("",), parties=many, groups=(group,)) as feeds:
        lines = the_event(feeds.read(at(2, 2), "")).text("DESCRIPTION").splitlines()
    assert "Đơn vị thực hiện: 14 đơn vị" in lines


def test_the_lead_finds_a_party_with_another_date_at_that_date() -> None:
    """Among the others only by its name: what it does changes its own entry alone."""
    with published_feeds(REPORT, audiences=("lead",)) as feeds:
        feeds.record("extended", at(8, 1), "report", "beta", form=By(date(2023, 8, 20)))
        common, apart = events(feeds.read(at(8, 1), "lead"))
    assert common.text("SUMMARY") == "Báo cáo sơ kết (trước ngày 10/8/2023): 0/2"
    assert common["DTSTART"] == "20230810"
    lines = common.text("DESCRIPTION").splitlines()
    assert {"Chưa nộp (02): lead, gamma", "Có thời hạn riêng: beta"} <= set(lines)
    assert apart.text("SUMMARY") == "[Gia hạn] Báo cáo sơ kết (chậm nhất ngày 20/8/2023): beta"
    assert apart["DTSTART"] == "20230820"


def test_a_deadline_that_nobody_owes_any_more_is_marked_for_the_lead() -> None:
    """It still stood in the plan."""
    with published_feeds(REPORT, audiences=("lead",)) as feeds:
        feeds.record("waived", at(3, 1), "report", reason="không tổ chức")
        assert summaries(feeds.read(at(3, 1), "lead")) == ["[Miễn] Báo cáo sơ kết"]


def test_the_public_is_told_dates_and_no_status() -> None:
    """Not who has answered, not who has more time, not whom to write to."""
    with published_feeds(REPORT, WINDOW, audiences=("",), office=OFFICE) as feeds:
        before = feeds.read(at(2, 2), "")
        feeds.record("accepted", at(3, 1), "report", "beta")
        feeds.record("extended", at(3, 1), "report", "gamma", form=By(date(2023, 8, 20)))
        assert feeds.read(at(3, 1), "") == before
    assert summaries(before) == ["[Dự kiến] Hội nghị sơ kết (đầu tháng 6)", "Báo cáo sơ kết (trước ngày 10/8/2023)"]
    assert b"thidua@lead.vn" not in before
    assert "Đơn vị thực hiện: Lead, Beta và Gamma" in events(before)[1].text("DESCRIPTION").splitlines()


def test_a_party_that_ends_leaves_what_lies_after_to_its_successor() -> None:
    """What it had done before stays its own."""
    early, late = deadline(By(date(2023, 3, 17)), "early"), deadline(By(date(2023, 8, 17)), "late")
    old = party("beta", valid_to=date(2023, 6, 30), successor="delta")
    group = Group(id="members", parties=("beta",))
    with published_feeds(
        early, late, audiences=("beta", "delta"), parties=(party("lead"), old, party("delta")), groups=(group,)
    ) as feeds:
        mine, heirs = (events(feeds.read(at(2, 2), who)) for who in ("beta", "delta"))
    assert [one["DTSTART"] for one in mine] == ["20230317"]
    assert "20230817" in [one["DTSTART"] for one in heirs]


def test_an_english_plan_speaks_english() -> None:
    """All of it: the marks, the labels, the dates."""
    with published_feeds(REPORT, WINDOW, language="en") as feeds:
        window, report = events(feeds.read(at(2, 2)))
    assert window.text("SUMMARY") == "[Tentative] Hội nghị sơ kết (đầu tháng 6)"
    assert report.text("SUMMARY") == "Báo cáo sơ kết (before 10 August 2023)"
    assert report.text("DESCRIPTION").splitlines()[0] == (
        "Deadline: before 10 August 2023 (please send it by the end of Wednesday, 9 August 2023)"
    )


# ---------------------------------------------------------------- tasks


def test_tasks_stand_in_a_calendar_of_their_own_and_never_among_the_events() -> None:
    """Many programs show none."""
    with published_feeds(REPORT, MEETING) as feeds:
        main, tasks = parse(feeds.read(at(2, 2))), parse(feeds.read(at(2, 2), tasks=True))
    assert {part.kind for part in main.parts} == {"VTIMEZONE", "VEVENT"}
    [task] = tasks.parts
    assert (task.kind, task.line("DUE")) == ("VTODO", "DUE;VALUE=DATE:20230809")
    assert task["STATUS"] == "NEEDS-ACTION"
    assert task["UID"] not in {event["UID"] for event in main.of("VEVENT")}


def test_a_task_is_done_when_the_deadline_is_met() -> None:
    """And is taken away from who is exempt."""
    with published_feeds(REPORT) as feeds:
        feeds.record("received", at(3, 1), "report", "beta", deliverables=("a",))
        [begun] = parse(feeds.read(at(3, 1), tasks=True)).parts
        feeds.record("received", at(3, 2, 9), "report", "beta", deliverables=("b",))
        [done] = parse(feeds.read(at(3, 2), tasks=True)).parts
        feeds.record("waived", at(3, 3), "report", "beta")
        [nothing] = parse(feeds.read(at(3, 3), tasks=True)).parts
        assert nothing.text("SUMMARY") == "Lịch hiện chưa có nội dung nào"
    assert begun["STATUS"] == "IN-PROCESS"
    assert (done["STATUS"], done["COMPLETED"], done["PERCENT-COMPLETE"]) == ("COMPLETED", "20230302T020000Z", "100")


def test_the_lead_has_only_its_own_duties_as_tasks() -> None:
    """Though its calendar shows everybody's."""
    with published_feeds(
        REPORT, deadline(By(date(2023, 4, 3)), "other", responsible=("beta",)), audiences=("lead",)
    ) as feeds:
        tasks = parse(feeds.read(at(2, 2), "lead", tasks=True)).of("VTODO")
        assert len(summaries(feeds.read(at(2, 2), "lead"))) == 2
    assert [task.text("SUMMARY") for task in tasks] == ["Báo cáo sơ kết (trước ngày 10/8/2023)"]
