"""The board: what needs a person, how everybody stands, what comes, how the year lies; now and as of a day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any, Literal

import pytest

from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.dates.date_forms import By, DayCount, On, Recurring, Relative, Undated, Window  # fmt: skip
from scheduler.plan.facts import MAILBOX, Actor, Retired
from scheduler.plan.model import Contact, Deliverable, Group, Indicator, Measure, Milestone, Party
from scheduler.ports import FolderState, Outcome
from scheduler.wording import format_span
from tests.support.daemon_fixture import plan, report
from tests.support.incoming_mail import answer, read_mailbox
from tests.support.operator_client import Operator, crowded_plan, words
from tests.support.plan_builders import PARTIES, at, deadline, event, party
from tests.support.served_site import ServedSite, daemon, serve_site

MEETING = event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June"))
NOMINEES = Group(id="nominees", chosen_by="lead", after="report")


@pytest.fixture
def operator(site: ServedSite) -> Operator:
    site.serve(plan(language="en"))
    return Operator.of(site)


def board(site: ServedSite, *milestones: Milestone, **details: Any) -> Operator:
    """Serve an English plan of these milestones and sign in."""
    site.serve(plan(*milestones, language="en", **details))
    return Operator.of(site)


def needs(operator: Operator) -> list[str]:
    """Return what needs a person, in the order of the page, without its day and the way to put it off."""
    shown = operator.ask("/").text.partition('<details class="put-off"')[0]
    lists = re.findall(r'<ul class="needs">(.*?)</ul>', shown, re.DOTALL)
    items = [item for found in lists for item in found.split("</li>")]
    said = [words(re.split(r'<small class="day">|<a class="do quiet', item)[0]) for item in items]
    return [sentence for sentence in said if sentence]


def rows(page: str) -> dict[str, list[str]]:
    """Return the words of the grid's cells by their row."""
    [grid] = re.findall(r'<table class="grid[^"]*">(.*?)</table>', page, re.DOTALL)
    found = {}
    for row in grid.split("<tr>")[2:]:
        head, *cells = re.split(r"<td[^>]*>", row)
        found[words(head)] = [words(cell) for cell in cells]
    return found


# ---- the grid


def test_the_grid_says_how_each_party_stands_with_each_milestone(operator: Operator) -> None:
    site = daemon(operator.site)
    site.record("received")
    page = operator.ask("/").text
    assert rows(page) == {
        "1. Report by 17 March 2023 · 1 of 3 submitted, 0 of 3 accepted": ["Pending", "Submitted", "Pending"]
    }
    operator.site.clock.instant = at(3, 18)
    assert rows(operator.ask("/").text) == {
        "1. Report by 17 March 2023 · 1 of 3 submitted, 0 of 3 accepted": ["Overdue", "Submitted", "Overdue"]
    }


def test_each_cell_leads_to_its_obligation(operator: Operator) -> None:
    assert 'href="/plans/plan/milestones/report/beta"' in operator.ask("/").text


def test_a_cell_tells_another_date_missing_documents_and_a_missing_channel(site: ServedSite) -> None:
    documents = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
    operator = board(site, report(deliverables=documents, channels=("paper", "email")))
    record = daemon(site).record
    record("extended", "lead", form=By(date(2023, 3, 27)))
    record("received", "beta", deliverables=("plan",), channel="email")
    record("received", "gamma", channel="email")
    [cells] = rows(operator.ask("/").text).values()
    assert cells == ["Pending by 27 March 2023", "In part 1 of 2 documents missing", "Submitted still without on paper"]


def test_what_was_accepted_on_one_channel_alone_is_told_as_that(site: ServedSite) -> None:
    """Whoever accepted it did without the other; nothing is called missing."""
    operator = board(site, report(channels=("paper", "email")))
    daemon(site).record("received", channel="email")
    daemon(site).record("accepted")
    [(head, cells)] = rows(operator.ask("/").text).items()
    assert head.endswith("1 of 3 submitted, 1 of 3 accepted")
    assert cells[1] == "Accepted not on paper"
    assert "(not on paper)" in operator.see("/plans/plan/milestones/report/beta")


def test_of_an_event_only_who_organises_it_is_in_the_grid(site: ServedSite) -> None:
    assert rows(board(site, MEETING).ask("/").text) == {"1. Meeting early in June · 0 of 1 done": ["Tentative"]}


AWARD = deadline(By(date(2023, 3, 13)), "award", title="Award", responsible=("nominees",))


def test_what_waits_for_its_parties_is_on_the_board_from_the_first_day(site: ServedSite) -> None:
    """In the table, among what comes, in the year, on the plan's page and on its own."""
    operator = board(site, AWARD, report(), groups=[NOMINEES])
    waits = "Waiting for the parties to be chosen"
    site.clock.instant = at(3, 6)
    page = operator.ask("/").text
    assert list(rows(page)) == [
        f"1. Award by 13 March 2023 · {waits}",
        "2. Report by 17 March 2023 · 0 of 3 submitted, 0 of 3 accepted",
    ]
    assert "Award : waiting for the parties to be chosen, by 13 March 2023" in words(page)
    assert "1. Award: by 13 March 2023 (waiting for the parties to be chosen)" in words(page)
    assert f"Award by 13 March 2023 {waits}" in operator.see("/plans/plan")
    assert f"{waits}." in (seen := operator.see("/plans/plan/milestones/award"))
    assert "by 13 March 2023" in seen
    daemon(site).record("nominated", None, None, group="nominees", parties=("beta",))
    assert next(iter(rows(operator.ask("/").text))).endswith("0 of 1 submitted, 0 of 1 accepted")


def test_a_plan_whose_parties_are_all_still_to_be_chosen_shows_its_milestones(site: ServedSite) -> None:
    page = board(site, AWARD, groups=[Group(id="nominees", chosen_by="lead")]).ask("/").text
    assert rows(page) == {"1. Award by 13 March 2023 · Waiting for the parties to be chosen": []}


def test_of_a_recurring_milestone_each_occurrence_that_waits_has_its_page(site: ServedSite) -> None:
    monthly = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 4, 1), date(2023, 5, 31))
    operator = board(site, report(), replace(AWARD, form=monthly), groups=[NOMINEES])
    assert operator.see("/plans/plan/milestones/award").count("Waiting for the parties to be chosen") == 2
    assert "by 25 April 2023" in operator.see("/plans/plan/milestones/award@2023-04-25")


def test_of_what_nobody_is_chosen_for_nothing_is_awaited(site: ServedSite) -> None:
    operator = board(site, AWARD, report(), groups=[NOMINEES])
    daemon(site).record("nominated", None, None, group="nominees", parties=())
    assert "Waiting for the parties" not in operator.see("/")
    assert "Nobody has this task yet." in operator.see("/plans/plan/milestones/award")


def test_only_those_with_something_missing_are_shown_if_that_is_asked(operator: Operator) -> None:
    daemon(operator.site).record("received")
    operator.site.clock.instant = at(3, 20)
    assert list(rows(operator.ask("/?show=missing").text).values()) == [["Overdue", "Overdue"]]
    for name in ("lead", "gamma"):
        daemon(operator.site).record("received", name)
    assert "No party has anything missing." in operator.see("/?show=missing")


def test_each_link_says_how_many_parties_it_shows(operator: Operator) -> None:
    """Whichever of the two is being looked at."""
    both = "All parties ({}) · Only those with something missing ({})"
    assert both.format(3, 0) in operator.see("/")
    operator.site.clock.instant = at(3, 20)
    daemon(operator.site).record("received")
    assert both.format(3, 2) in operator.see("/")
    assert both.format(3, 2) in operator.see("/?show=missing")


def test_a_thousand_parties_come_in_pages_in_the_order_of_the_roster(site: ServedSite) -> None:
    site.serve(crowded_plan(1000))
    operator = Operator.of(site)
    first, last = rows(operator.ask("/").text), rows(operator.ask("/?page=20").text)
    assert (next(iter(first)), list(first)[1], len(first)) == ("lead", "school-0001", 50)
    assert (list(last)[-1], len(last)) == ("school-0999", 50)
    assert "Page 20 of 20" in operator.see("/?page=20")
    assert list(rows(operator.ask("/?page=99").text)) == list(last)
    for nonsense in ("0", "-1", "x", "9" * 50):
        assert list(rows(operator.ask(f"/?page={nonsense}").text)) in (list(first), list(last))


def test_pages_of_those_with_something_missing_are_of_them_alone(site: ServedSite) -> None:
    site.serve(crowded_plan(60))
    operator = Operator.of(site)
    site.clock.instant = at(3, 20)
    daemon(site).record("received", "school-0001")
    page = operator.ask("/?show=missing&page=2").text
    assert len(rows(page)) == 9
    assert 'href="?plan=plan&amp;show=missing&amp;page=1#plan-grid"' in page


def test_several_plans_follow_each_other_or_one_is_asked_for(site: ServedSite) -> None:
    site.serve(plan(language="en"), replace(plan(id="other", title="Another", language="en"), digest=""))
    operator = Operator.of(site)
    assert operator.ask("/").text.count('<table class="grid">') == 2
    assert operator.ask("/?plan=other").text.count('<table class="grid">') == 1
    assert operator.ask("/?plan=unknown").status == 404


def test_a_plan_that_was_never_loaded_is_shown_all_the_same(site: ServedSite) -> None:
    site.serve(plan(language="en"))
    operator = Operator.of(site)
    site.definitions = [replace(d, plan=replace(d.plan, id="new", digest="x")) for d in site.definitions]
    assert "Report" in operator.see()


# ---- what needs a person


def test_nothing_needs_anybody_if_so_and_the_board_says_it(operator: Operator) -> None:
    assert needs(operator) == []
    assert "Nothing needs you." in operator.see()


def test_who_is_overdue_comes_first_whatever_came_before(operator: Operator) -> None:
    site = daemon(operator.site)
    site.record("received", "lead", notify=False)
    site.record("received", "gamma", notify=False)
    site.record("returned", "gamma", notify=False)
    operator.site.clock.instant = at(3, 18)
    assert needs(operator)[0] == "Report : overdue (parties: 2): beta , gamma Remind now"
    site.record("declared", "beta", notify=False)
    assert needs(operator)[0] == "Report : overdue (parties: 1): gamma Remind now"
    site.record("received", "gamma", notify=False)
    assert not any("overdue" in need for need in needs(operator))


def test_what_came_and_waits_is_not_told_as_overdue(operator: Operator) -> None:
    operator.site.clock.instant = at(3, 18)
    daemon(operator.site).record("declared", "beta", notify=False, by=MAILBOX)
    assert needs(operator)[:2] == [
        "Report : overdue (parties: 2): lead , gamma Remind now",
        "Report : a mail or file has come, to be looked at (parties: 1): beta",
    ]


def test_dates_to_fix_and_to_set_are_asked_for_with_the_form(site: ServedSite) -> None:
    later = deadline(Relative("meeting", DayCount(5, "days"), "within"), id="later")
    operator = board(site, MEETING, deadline(Undated("yearly"), id="yearly"), later)
    assert needs(operator) == [
        "Meeting : only tentative (early in June); the day has to be fixed. Fix the date",
        "Yearly : the plan names no day (yearly); a date has to be set. Fix the date",
    ]
    assert 'href="/plans/plan/do/fix-date?milestone=meeting"' in operator.ask("/").text


def test_who_comes_to_an_event_is_on_its_page(site: ServedSite) -> None:
    """An operator may record what was said on the telephone; the last answer holds."""
    june = On(date(2023, 6, 8), date(2023, 6, 8))
    operator = board(site, event(june, deputy="A vice head"))
    assert "No reply yet: 3" in operator.see("/plans/plan/milestones/meeting")
    asked = "/plans/plan/do/reply?milestone=meeting&party=beta"
    operator.do(asked, reply="delegated", deputy="Mr Nam", people="3", note="by telephone")
    daemon(site).record("replied", "gamma", "meeting", reply="declined", notify=False)
    page = operator.see("/plans/plan/milestones/meeting")
    counted = "Sends a deputy: 1 · Will not attend: 1 · No reply yet: 1"
    assert counted in page
    assert counted in operator.see("/")
    assert f"{counted} · people announced: 3" in page
    assert "Beta Sends a deputy Mr Nam, 3 people" in page
    assert "Who may come instead A vice head" in page
    page = operator.see("/plans/plan/milestones/meeting/beta")
    assert "Sends a deputy : Mr Nam, 3 people" in page
    assert "Note: by telephone" in page
    operator.do(asked, reply="accepted", people="5", deputy="Mr Nam")
    assert "Will attend , 5 people" in operator.see("/plans/plan/milestones/meeting/beta")
    daemon(site).record("waived", None, "meeting", reason="storm", notify=False)
    assert "Will attend" not in operator.see("/plans/plan/milestones/meeting").partition("Latest records")[0]


def test_guests_wait_on_the_board_to_be_invited(site: ServedSite) -> None:
    """They get no mail; who has invited them says so, and a new date asks for it anew."""
    ministry = party("ministry", name="The Ministry", external=True, contacts=())
    operator = board(site, replace(MEETING, guests=("ministry",)), parties=(*PARTIES, ministry))
    record = daemon(site).record
    record("date_fixed", None, "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)))
    [asked] = needs(operator)
    assert asked.startswith(
        "Meeting : these guests get no mail and have to be invited, or told of the change: The Ministry."
    )
    operator.do("/plans/plan/do/mark-invited?milestone=meeting", note="No. 05-GM")
    assert needs(operator) == []
    assert "Guests invited" in operator.see("/plans/plan/milestones/meeting")
    record("date_fixed", None, "meeting", form=On(date(2023, 6, 9), date(2023, 6, 9)))
    assert needs(operator) == [asked]
    site.clock.instant = at(6, 10)
    assert not any("guests" in need for need in needs(operator))


def test_a_date_that_the_plan_puts_into_no_words_is_asked_for_without_brackets(site: ServedSite) -> None:
    window = replace(MEETING, form=Window(date(2023, 6, 1), date(2023, 6, 9), ""))
    operator = board(site, window, deadline(Undated(""), id="yearly"))
    assert needs(operator) == [
        "Meeting : only tentative (from 1 June 2023 to 9 June 2023); the day has to be fixed. Fix the date",
        "Yearly : the plan names no day; a date has to be set. Fix the date",
    ]


def test_a_part_that_a_party_sent_by_itself_waits_to_be_looked_at(site: ServedSite) -> None:
    """The office knows what it recorded itself; what is overdue is listed as that."""
    documents = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
    operator = board(site, report(deliverables=documents))
    record = daemon(site).record
    record("received", "beta", deliverables=("plan",))
    assert needs(operator) == []
    record("received", "gamma", deliverables=("plan",), by=Actor("party", "Nam"))
    assert needs(operator) == ["Report : sent in part, the rest is still to come (parties: 1): gamma"]
    site.clock.instant = at(3, 18)
    assert needs(operator) == ["Report : overdue (parties: 3): lead , beta , gamma Remind now"]


def test_submissions_wait_for_acceptance(operator: Operator) -> None:
    daemon(operator.site).record("received")
    daemon(operator.site).record("received", "gamma")
    assert needs(operator) == ["Report : submitted, waiting for acceptance (parties: 2): beta , gamma Accept"]
    daemon(operator.site).record("accepted", "gamma")
    assert needs(operator) == ["Report : submitted, waiting for acceptance (parties: 1): beta Accept"]


def test_a_party_that_says_it_is_not_its_task_waits_for_an_answer(operator: Operator) -> None:
    daemon(operator.site).record("disowned")
    sentence = "Report : 1 said that it is not their task, or that mail reaches the wrong people: beta"
    assert needs(operator) == [sentence]
    daemon(operator.site).record("received")
    assert sentence not in needs(operator)


def test_what_was_past_at_the_first_load_is_in_doubt(site: ServedSite) -> None:
    site.clock.instant = at(3, 20)
    operator = board(site)
    [need] = needs(operator)
    assert need.startswith("Report : past its last day before the plan was loaded; not known whether it came")
    assert need.endswith("(parties: 3): lead , beta , gamma Settle what is in doubt")


def test_a_group_is_to_be_chosen_once_its_time_has_come(site: ServedSite) -> None:
    operator = board(site, groups=[NOMINEES])
    site.clock.instant = at(3, 17)
    assert needs(operator) == []
    site.clock.instant = at(3, 18)
    assert needs(operator)[1:] == ["Report : lead has to choose: nominees. Choose parties"]
    daemon(site).record("nominated", None, None, group="nominees")
    assert needs(operator)[1:] == []


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("failed", "A mail to officer@beta.example could not be sent:"),
        ("ambiguous", "Nobody knows whether a mail to officer@beta.example arrived:"),
    ],
)
def test_mails_that_went_wrong_wait_for_two_weeks(
    operator: Operator, state: Literal["failed", "ambiguous"], sentence: str
) -> None:
    site = daemon(operator.site)
    site.live(at(3, 3, 7))
    site.mailer.outcome = Outcome(state=state, reply="550 no")
    site.live(at(3, 4))
    assert any(need.startswith(sentence) for need in needs(operator))
    operator.site.clock.instant = at(3, 19)
    assert not any(need.startswith(sentence) for need in needs(operator))


def test_a_mail_that_is_held_waits_until_it_is_let_go(operator: Operator) -> None:
    site = daemon(operator.site)
    site.record("received")
    site.mailer.is_down = True
    site.tick(at(2, 2, 9))
    [mail] = site.mails(kind="receipt")
    with site.store.transaction() as unit:
        unit.outbox.hold(mail.id)
    operator.site.clock.instant = at(5, 1)
    assert any(need.startswith("A mail to officer@beta.example is held back:") for need in needs(operator))


def test_a_contact_whose_mail_comes_back_is_told(operator: Operator) -> None:
    daemon(operator.site).record("bounced", "beta", None, address="officer@beta.example")
    assert needs(operator) == [
        "Mail to officer (officer@beta.example) does not arrive; put the address right in the roster: Beta"
    ]


def test_an_outage_and_the_steps_it_cost_are_told_for_two_weeks(operator: Operator) -> None:
    site = daemon(operator.site)
    site.live(at(3, 2))
    site.tick(at(3, 9, 9))
    texts = needs(operator)
    assert texts[0].startswith("The system was away from 2 March 2023, 08:00 to 9 March 2023, 09:00;")
    assert "Steps missed and not sent any more: 3 (from 3 March 2023, 08:00 to 3 March 2023, 08:00). See which" in texts
    assert 'href="/ledger?plan=plan&amp;state=missed"' in operator.ask("/").text
    operator.site.clock.instant = at(3, 24)
    assert not any("missed" in need or "away" in need for need in needs(operator))


def test_a_stopped_mail_account_comes_before_everything(operator: Operator) -> None:
    with operator.site.running.store.transaction() as unit:
        unit.accounts.stop("maildir", reason="535 wrong password")
    assert "The mail account is stopped; no mail can leave. The server said: 535 wrong password." in operator.see()


# ---- what comes, the year, the targets


def test_the_next_fourteen_days_name_what_is_due_and_which_steps_leave(site: ServedSite) -> None:
    operator = board(site, report(), event(On(date(2023, 3, 15), date(2023, 3, 15)), title="Talk"))
    daemon(site).live(at(3, 4))
    page = operator.see()
    said = page[page.index("The next 14 days") : page.index("The year")]
    assert said.startswith(
        "The next 14 days Wednesday, 8 March 2023 08:00 event reminder 7 days before (beta, gamma, lead): Talk"
    )
    assert "Wednesday, 15 March 2023 Talk : takes place 15 March 2023" in said
    assert "Friday, 17 March 2023 Report : day to aim at; still open: lead, beta, gamma (by 17 March 2023)" in said
    assert "20 March" not in said


def test_of_many_parties_the_next_days_say_how_many(site: ServedSite) -> None:
    site.serve(crowded_plan(5))
    operator = Operator.of(site)
    daemon(site).live(at(3, 4))
    page = operator.see()
    assert "reminder 7 days before the last day (parties: 5): Report" in page
    assert "still open: parties: 5 (by 17 March 2023)" in page


def test_what_is_done_is_not_announced(operator: Operator) -> None:
    operator.site.clock.instant = at(3, 10)
    for name in ("lead", "beta", "gamma"):
        daemon(operator.site).record("received", name, notify=False)
    assert "Nothing is due and no reminder leaves in the next 14 days." in operator.see()


def test_the_year_line_is_there_as_a_picture_and_in_words(site: ServedSite) -> None:
    operator = board(site, report(), MEETING, deadline(Undated("yearly"), id="yearly"))
    daemon(site).live(at(3, 11))
    page = operator.ask("/").text
    [picture] = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert [words(title) for title in re.findall(r"<title>.*?</title>", picture)] == [
        "Week of 27 February 2023: 3 steps sent",
        "Week of 6 March 2023: 3 steps sent",
        "1. Report: by 17 March 2023",
        "2. Meeting: early in June",
    ]
    assert 'aria-label="The year as a line with 2 dates' in picture
    assert 'class="today"' in picture
    assert "style=" not in page
    said = operator.see()
    assert "1. Report: by 17 March 2023 (0 of 3 done) 2. Meeting: early in June (0 of 1 done) 3. Yearly: yearly" in said


def test_every_mark_of_the_year_line_stands_on_its_day(site: ServedSite) -> None:
    """A pointed mark ends in its day and a narrow one stands around it, each with a line down to the months."""
    day, scale = date(2023, 11, 30), 1200 / 365
    operator = board(site, deadline(By(day)), event(On(date(2023, 6, 8), date(2023, 6, 8)), id="day"), MEETING)
    page = operator.ask("/").text
    november, december = (float(x) for x in re.findall(r'<rect class="month(?: odd)?" x="([\d.]+)"', page)[10:12])
    ticks = [float(x) for x in re.findall(r'class="tick" x1="([\d.]+)"', page)]
    assert november < ticks[1] < december
    assert ticks == [round(158.5 * scale, 1), round(333.5 * scale, 1)]
    assert f'd="M{round(ticks[1] - 24, 1)} ' in page
    assert f'x="{round(ticks[0] - 12, 1)}"' in page
    picture = page[page.index("<svg") :]
    assert picture.index('class="today"') < picture.index('class="name"') < picture.index('class="mark')


def test_a_year_that_reaches_into_the_next_has_as_many_months_as_it_needs(site: ServedSite) -> None:
    operator = board(site, deadline(By(date(2024, 2, 10))))
    assert operator.ask("/").text.count('<rect class="month') == 14


def test_a_date_centuries_away_stands_at_the_end_of_the_line(site: ServedSite) -> None:
    """Else the line has thousands of months."""
    far = deadline(By(date(2199, 12, 31)), id="far")
    picture = board(site, report(), far).ask("/").text.partition("<svg")[2].partition("</svg>")[0]
    assert len(picture) < 50_000


def test_targets_are_told_with_numerator_and_denominator(site: ServedSite) -> None:
    counted = Indicator(id="all", title="Everybody reports", target="100%", measure=Measure(milestone="report"))
    manual = Indicator(id="good", title="Everybody is good", target=">= 1", measure=Measure(manual=True))
    operator = board(site, indicators=(counted, manual))
    daemon(site).record("received")
    said = operator.see()
    assert "1 of 3 submitted, 0 of 3 accepted" in said  # the same is counted
    assert "Everybody reports 100% 1/3 (33%) not reached Report Everybody is good at least 1 – not counted yet" in said


# ---- the past


def test_the_board_shows_any_day_of_the_past_by_what_was_recorded_then(operator: Operator) -> None:
    site = daemon(operator.site)
    site.live(at(3, 6, 10))
    site.record("received")
    site.live(at(3, 20, 10))
    before, after = operator.ask("/?as_of=2023-03-05"), operator.ask("/?as_of=2023-03-06")
    assert list(rows(before.text).values()) == [["Pending", "Pending", "Pending"]]
    assert list(rows(after.text).values()) == [["Pending", "Submitted", "Pending"]]
    assert "This is how things stood at the end of 5 March 2023" in words(before.text)
    assert "Board – as of 5 March 2023" in words(before.text)


def test_a_day_before_the_plan_was_loaded_is_told_by_the_plan_alone(site: ServedSite) -> None:
    """What is in doubt today, because it was past when the plan came, was not in doubt then."""
    site.clock.instant = at(3, 20, 9)
    operator = board(site)
    page = operator.ask("/?as_of=2023-03-09").text
    assert list(rows(page).values()) == [["Pending", "Pending", "Pending"]]
    assert "The plan was not loaded before 20 March 2023, 09:00" in words(page)
    assert "Needs you" not in words(page)
    assert list(rows(operator.ask("/?as_of=2023-03-18").text).values()) == [["Not known", "Not known", "Not known"]]
    assert "The plan was not loaded before" not in operator.see("/?as_of=2023-03-20")


def test_the_past_is_to_look_at_only(site: ServedSite) -> None:
    operator = board(site, MEETING, report())
    daemon(site).record("received")
    site.clock.instant = at(3, 1)
    page = operator.ask("/?as_of=2023-02-10").text
    assert "/do/" not in page
    assert '/milestones/report/beta"><span' not in page
    assert "The next 14 days" not in words(page)


@pytest.mark.parametrize("day", ["2023-02-02", "9999-12-31", "2023-13-01", "yesterday", "<b>", "2" * 500])
def test_a_day_that_is_none_or_has_not_come_is_refused_in_words(operator: Operator, day: str) -> None:
    page = operator.ask(f"/?as_of={day.replace('<', '%3C').replace('>', '%3E')}").text
    assert "cannot be shown: choose a day not after today." in words(page)
    assert "<b>" not in page


def test_the_board_speaks_vietnamese(site: ServedSite) -> None:
    site.serve(plan(MEETING, report()))
    said = Operator.of(site).see()
    for heading in ("Bảng theo dõi", "Cần xử lý", "Tiến độ", "14 ngày tới", "Trục thời gian"):
        assert heading in said
    assert "Meeting : mới dự kiến (early in June), cần ấn định thời gian. Ấn định thời gian" in said


def test_a_party_and_a_contact_without_a_name_still_show(site: ServedSite) -> None:
    nameless = Party(id="beta", name="Beta", short="beta", contacts=(Contact(name="", email="x@beta.example"),))
    operator = board(site, parties=[PARTIES[0], nameless, PARTIES[2]])
    daemon(site).record("bounced", "beta", None, address="x@beta.example")
    assert needs(operator)[0].startswith("Mail to x@beta.example (x@beta.example) does not arrive")


@pytest.mark.parametrize(
    ("account", "used", "words"),
    [
        ("maildir", 450, "450 mails left in the last 24 hours, as many as the mail account may send."),
        ("maildir", 449, ""),
        ("maildir urgent", 30, "30 sign-in links and outage summaries left within this hour, as many as may."),
        ("maildir urgent", 29, ""),
        ("maildir urgent", 50, "50 sign-in links and outage summaries left in the last 24 hours, as many as may."),
    ],
)
def test_a_limit_that_is_reached_is_told(tmp_path: Path, account: str, used: int, words: str) -> None:
    """That of a minute is soon over."""
    smtp = 'transport = "smtp"\nfrom = "a@coquan.vn"\n[mail.smtp]\nhost = "mail.coquan.vn"\nsecurity = "none"'
    with serve_site(tmp_path, mail=smtp) as site:
        operator = board(site)
        with site.running.store.transaction() as unit:
            unit.accounts.take(account, used, now=site.clock.now())
        seen = operator.see()
    assert ("as many as" in seen, words in seen) == (bool(words), True)


@pytest.mark.parametrize("jump", [None, timedelta(minutes=20), timedelta(hours=5), timedelta(days=365)])
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The clock of the machine is {} ahead of what has passed"),
        ("vi", "Đồng hồ của máy chạy nhanh hơn {} so với thời gian thực"),
    ],
)
def test_a_clock_that_is_not_believed_is_told(
    tmp_path: Path, language: Literal["en", "vi"], words: str, jump: timedelta | None
) -> None:
    with serve_site(tmp_path, jump=lambda: jump) as site:
        site.serve(plan(report(), language=language))
        seen = Operator.of(site).see()
        past = Operator.of(site).see("/?as_of=2023-01-31")
    assert (words.format(format_span(jump or timedelta(), language)) in seen) == (jump is not None)
    assert ("hanchot clock accept" in seen, "hanchot clock accept" in past) == (jump is not None, False)


def test_received_mails_that_wait_for_a_decision_are_counted(site: ServedSite, tmp_path: Path) -> None:
    site.serve(plan(report(), language="en"))
    operator, live = Operator.of(site), read_mailbox(site, tmp_path)
    live.live(at(3, 3))
    assert "Received mails" not in operator.see("/")
    live.receive(answer(live, results=()))
    assert "Received mails that wait for a decision: 1. Inbox" in operator.see("/")
    assert 'href="/inbox">Inbox</a></p>' in operator.ask("/").text
    assert "Received mails" not in operator.see("/?as_of=2023-03-02")


@pytest.mark.parametrize(
    ("language", "lately", "never"),
    [
        (
            "en",
            "The mailbox has not been read since",
            "The mailbox has not been read so far",
        ),
        ("vi", "Không đọc được hộp thư tiếp nhận từ", "Đến nay chưa đọc được hộp thư tiếp nhận"),
    ],
)
def test_a_mailbox_that_is_not_read_is_told(
    tmp_path: Path, language: Literal["en", "vi"], lately: str, never: str
) -> None:
    """Until it is read again."""
    with serve_site(tmp_path, reading=MailboxReading(folders=("INBOX",), lasts=timedelta(minutes=30))) as site:
        site.serve(plan(report(), language=language))
        operator = Operator.of(site)
        assert never in operator.see()
        for when, is_told in ((at(1, 31, 9, 30), True), (site.clock.now(), False)):
            with site.running.store.transaction() as unit:
                unit.inbox.record_folder(FolderState(folder="INBOX", uidvalidity=1, last_uid=1, read_at=when))
            assert (lately in operator.see()) == is_told


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The status check has not been able to look at the source “the shared folder” so far:"),
        ("vi", "Việc rà soát đến nay chưa xem được nguồn “thư mục dùng chung”:"),
    ],
)
def test_a_source_that_could_not_be_looked_at_is_told(
    site: ServedSite, language: Literal["en", "vi"], words: str
) -> None:
    """Until it could be looked at again."""
    site.serve(plan(report(), language=language))
    operator = Operator.of(site)
    failures: tuple[dict[str, str], ...] = ({"folder": "/srv/nop cannot be read"}, {})
    for failed in failures:
        with site.running.store.transaction() as unit:
            unit.journal.record_check("plan", at(2, 1), [], failed)
        seen = operator.see()
        assert (words in seen, "/srv/nop cannot be read" in seen) == (bool(failed), bool(failed))


# ---- urgency, and what is put off


def put_off(operator: Operator, until: str, kind: str = "tentative", **typed: str) -> str:
    """Put the first need of a kind off, as the board offers it; return what the board says then."""
    key = re.findall(rf'href="(/plans/plan/do/postpone\?need={kind}[^"]*)"', operator.ask("/").text)[0]
    return words(operator.do(unescape(key), until=until, **typed).text)


def test_needs_stand_under_their_urgency_with_the_nearest_day_first(site: ServedSite) -> None:
    """What went wrong is urgent; what has a day becomes so when the day comes near."""
    operator = board(site, report(), MEETING)
    assert "Later Meeting" in operator.see()
    site.clock.instant = at(5, 20)
    assert "Now Report" in operator.see()
    assert "Soon Meeting" in operator.see()
    site.clock.instant = at(5, 30)
    page = operator.see()
    assert page.index("Now Report") < page.index("Meeting : only tentative")
    assert "Soon Meeting" not in page


def test_what_is_put_off_comes_back_after_its_day(site: ServedSite) -> None:
    """It can be seen and shown again before; the day of a tentative event counts on."""
    operator = board(site, MEETING)
    assert len(needs(operator)) == 1
    page = put_off(operator, "2023-03-20", reason="the host decides in March")
    assert needs(operator) == []
    assert "Put off: 1" in page
    assert "the host decides in March" in page
    history = words(operator.ask("/plans/plan").text)
    assert "Put off Meeting" in history
    assert "The day has to be fixed" in history
    site.clock.instant = at(3, 20, 23)
    assert needs(operator) == []
    site.clock.instant = at(3, 21)
    assert len(needs(operator)) == 1
    assert "Put off: 1" not in operator.see()


def test_what_is_put_off_is_shown_again_on_demand(site: ServedSite) -> None:
    operator = board(site, MEETING)
    put_off(operator, "2023-03-20")
    [link] = re.findall(r'href="(/plans/plan/do/undo\?fact=f\d+)"', operator.ask("/").text)
    operator.do(link, reason="now")
    assert len(needs(operator)) == 1


def test_what_is_put_off_is_shown_again_when_it_concerns_another_party(operator: Operator) -> None:
    record = daemon(operator.site).record
    record("received")
    put_off(operator, "2023-03-20", "submitted")
    assert needs(operator) == []
    record("received", "gamma")
    assert needs(operator) == ["Report : submitted, waiting for acceptance (parties: 2): beta , gamma Accept"]


def test_nothing_is_put_off_without_an_end(site: ServedSite) -> None:
    operator = board(site, MEETING)
    path = "/plans/plan/do/postpone?need=tentative+meeting"
    for until, why in (("", "No day is chosen."), ("2023-01-31", "That day has passed.")):
        page = operator.fill(path, until=until)
        assert (page.status, why in words(page.text)) == (422, True)
    assert operator.ask("/plans/plan/do/postpone?need=nothing").status == 404
    assert operator.ask("/plans/plan/do/postpone").status == 404


def test_plans_of_years_that_are_over_are_archived_and_their_pages_stay(site: ServedSite) -> None:
    """The latest year stands first; a past plan in which something is open is none of them."""
    old = plan(report(), id="old", title="Old plan", year=2022, language="en", issued=date(2022, 2, 1))
    site.serve(old, plan(MEETING, title="New plan", language="en"))
    operator = Operator.of(site)
    page = operator.ask("/").text
    assert re.findall(r'<section id="([^"]*)"', page) == ["plan", "old"]
    daemon(site)
    with site.running.store.transaction() as unit:
        unit.facts.append(
            Retired(plan="old", happened_at=site.clock.now(), recorded_at=site.clock.now(), reason="over")
        )
    page = operator.ask("/").text
    assert re.findall(r'<section id="([^"]*)"', page) == ["plan"]
    assert "Plans that have ended Old plan" in words(page)
    assert "Old plan" in operator.see("/?plan=old")
    assert operator.ask("/plans/old").status == 200


def test_a_plan_in_which_an_event_lies_ahead_goes_on_after_its_year(site: ServedSite) -> None:
    late = event(On(date(2024, 1, 20), date(2024, 1, 20)), id="award")
    new = plan(MEETING, id="new", title="New plan", year=2024, language="en")
    site.serve(plan(late, language="en"), new)
    operator = Operator.of(site)
    site.clock.instant = at(1, 5, year=2024)
    assert re.findall(r'<section id="([^"]*)"', operator.ask("/").text) == ["new", "plan"]
