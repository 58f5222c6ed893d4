"""Behind the board: plans, milestones, parties, obligations, mails and the ledger, everything that is known of each."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from typing import get_args
from urllib.parse import urlencode

import pytest

from scheduler.plan.agenda import RungState
from scheduler.plan.dates.date_forms import By, DayCount, Recurring, Relative, Undated, Window
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.facts import MAIL_SERVER, Actor
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.model import Deliverable, Group, Indicator, Measure, Provision
from scheduler.ports import MessageState, Outcome
from scheduler.services.publish_feeds import create_feed
from scheduler.tokens import make_token
from tests.support.daemon_fixture import DaemonFixture, plan, report
from tests.support.operator_client import Operator, crowded_plan, words
from tests.support.page_words import WORDS
from tests.support.plan_builders import PARTIES, at, deadline, event, party
from tests.support.served_site import ServedSite, daemon
from tests.support.web_client import wait_for_mail

DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
FULL = report(
    deliverables=DOCUMENTS,
    section="3.1",
    quote="Reports are sent\nby 17 March.",
    note="Twice.",
    channels=("paper",),
    report_to=("lead",),
)


@pytest.fixture
def live(site: ServedSite) -> DaemonFixture:
    """Return a site in which the first reminder has left and beta has sent one of two documents on 6 March."""
    meeting = event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June"), guests=("academy",))
    later = deadline(Relative("report", DayCount(5, "days"), "within"), id="later", needs=("report",))
    academy = party("academy", external=True, contacts=())
    site.serve(plan(FULL, meeting, later, language="en", parties=[*PARTIES, academy], number="01-KH"))
    found = daemon(site)
    found.live(at(3, 6, 10))
    found.record("received", deliverables=("plan",), channel="paper", note="torn", by="ann@lead.example")
    found.live(at(3, 8, 12))
    return found


@pytest.fixture
def operator(site: ServedSite, live: DaemonFixture) -> Operator:
    return Operator.of(site)


def title(operator: Operator, path: str) -> str:
    found = re.search(r"<title>(.*?)</title>", operator.ask(path).text, re.DOTALL)
    assert found is not None
    return words(found[1])


# ---- where one is


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/plans/plan", "Plan · Plan"),
        ("/plans/plan/milestones/report", "Report · Plan"),
        ("/plans/plan/parties/beta", "Beta · Plan"),
        ("/plans/plan/milestones/report/beta", "Report – beta · Plan"),
        ("/outbox", "Outbox · Plan"),
        ("/outbox?state=sent", "Outbox – Sent · Plan"),
        ("/ledger", "Ledger · Plan"),
        ("/plans/plan/do/receive?milestone=report&party=beta", "Record what came · Plan"),
    ],
)
def test_the_title_says_where_one_is(operator: Operator, path: str, expected: str) -> None:
    assert title(operator, path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/plans/other", "/plans/plan/milestones/other", "/plans/plan/parties/other",
        "/plans/plan/milestones/report/other",
        "/plans/plan/milestones/meeting/academy", "/outbox/999", "/outbox/x", "/outbox/1/burn", "/outbox/999/html",
        "/ledger?plan=other", "/plans/plan/do/burn", "/plans/plan/do/receive", "/plans/plan/do/undo?fact=f99",
        "/plans/plan/do/receive?milestone=report", "/plans/plan/do/nominate?group=other",
        "/outbox/99999999999999999999",
        f"/outbox/{'9' * 5000}",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(operator: Operator, path: str) -> None:
    assert operator.ask(path).status == 404


# ---- a plan


def test_a_plan_shows_what_it_says_and_what_was_recorded(operator: Operator) -> None:
    said = operator.see("/plans/plan")
    assert "Number, date 01-KH, 1 February 2023" in said
    assert "Late is after the day that the plan names" in said
    assert "3.1 Report by 17 March 2023 0 of 3 submitted, 0 of 3 accepted" in said
    assert "Members Lead ; Beta ; Gamma" in said
    assert "6 March 2023, 10:00 Documents received Report beta" in said
    assert f"Revision {operator.site.definitions[0].plan.digest[:12]}" in said


@pytest.mark.parametrize(
    ("language", "window", "undated"),
    [
        ("en", "from 1 June 2023 to 9 June 2023", "no date yet"),
        ("vi", "từ ngày 01/6/2023 đến ngày 09/6/2023", "chưa có ngày"),
    ],
)
def test_a_date_that_the_plan_puts_into_no_words_is_said_all_the_same(
    site: ServedSite, language: str, window: str, undated: str
) -> None:
    """On every page that shows it, and nowhere with empty brackets."""
    meeting = event(Window(date(2023, 6, 1), date(2023, 6, 9), ""))
    site.serve(plan(meeting, deadline(Undated(""), id="yearly"), language=language))
    operator = Operator.of(site)
    for path in (
        "",
        "/plans/plan",
        "/plans/plan/parties/beta",
        "/plans/plan/milestones/{}",
        "/plans/plan/do/fix-date?milestone={}",
    ):
        for milestone, said in (("meeting", window), ("yearly", undated)):
            page = operator.see(path.format(milestone) or "/")
            assert "()" not in page
            assert said in page or (milestone == "yearly" and "fix-date" in path)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Days off provisional for 2023, 2024: not officially announced yet"),
        ("vi", "Ngày nghỉ tạm tính cho năm 2023, 2024: chưa có thông báo chính thức"),
    ],
)
def test_a_plan_says_which_years_have_provisional_days_off(site: ServedSite, language: str, said: str) -> None:
    """One whose days off are all announced says nothing about it."""
    site.serve(plan(language=language, workdays=Workdays(provisional=frozenset({2024, 2023}))))
    assert said in Operator.of(site).see("/plans/plan")
    site.serve(plan(language=language))
    assert said.partition(" 2023")[0] not in Operator.of(site).see("/plans/plan")


def test_a_plan_shows_its_rules_its_targets_and_what_is_in_doubt(site: ServedSite) -> None:
    site.clock.instant = at(3, 20)
    target = Indicator(id="i", title="All report", target="100%", measure=Measure(milestone="report"))
    rule = Provision(section="4", quote="Be kind.", note="Always.")
    site.serve(plan(language="en", indicators=(target,), provisions=(rule,)))
    said = Operator.of(site).see("/plans/plan")
    assert "section 4 Be kind. Always." in said
    assert "All report 100% 0/3 (0%) not reached" in said
    assert "Past their last day before the plan was loaded, not known whether they came: 3. Settle" in said


def test_a_group_filled_during_the_year_shows_who_was_chosen(site: ServedSite) -> None:
    site.serve(plan(language="en", groups=[Group(id="nominees", chosen_by="lead", after="report")]))
    operator = Operator.of(site)
    assert "Nominees Not decided yet Choose parties" in operator.see("/plans/plan")
    daemon(site).record("nominated", None, None, group="nominees", parties=("beta",))
    assert "Nominees Beta Choose parties" in operator.see("/plans/plan")
    daemon(site).record("nominated", None, None, group="nominees")
    assert "Nominees Nobody Choose parties" in operator.see("/plans/plan")


# ---- a milestone


def test_a_milestone_shows_its_words_and_the_four_days_apart(operator: Operator) -> None:
    said = operator.see("/plans/plan/milestones/report")
    assert "Section 3.1 The plan says by 17 March 2023 Day to aim at Friday, 17 March 2023" in said
    assert "Last day surely in time Friday, 17 March 2023 Late from 18 March 2023, 00:00" in said
    assert "Reports are sent by 17 March." in said
    assert "To be sent on paper" in said


def test_a_milestone_shows_who_stands_how_and_what_was_sent_to_how_many(operator: Operator) -> None:
    said = operator.see("/plans/plan/milestones/report")
    assert "Beta Submitted in part by 17 March 2023 the list" in said
    assert "In part 1 · Pending 2" in said or "Pending 2 · In part 1" in said
    assert "3 March 2023, 08:00 reminder 14 days before the last day Sent 3" in said
    assert "10 March 2023, 08:00 reminder 7 days before the last day Planned 3" in said


def test_a_milestone_shows_whom_it_waits_for_and_who_attends(operator: Operator) -> None:
    assert "Still waits for “Report” from: lead, beta and gamma" in operator.see("/plans/plan/milestones/later")
    assert "Who attends Lead Beta Gamma Academy guest" in operator.see("/plans/plan/milestones/meeting")


def test_a_recurring_milestone_leads_to_its_occurrences(site: ServedSite) -> None:
    monthly = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 3, 1), date(2023, 4, 30))
    site.serve(plan(deadline(monthly, id="monthly"), language="en"))
    operator = Operator.of(site)
    page = operator.ask("/plans/plan/milestones/monthly").text
    assert 'href="/plans/plan/milestones/monthly@2023-04-25"' in page
    assert "Monthly (2023-04-25)" in operator.see("/plans/plan/milestones/monthly@2023-04-25")
    assert "Monthly (2023-04-25)" in operator.see("/plans/plan/milestones/monthly@2023-04-25/beta")
    assert operator.ask("/plans/plan/milestones/monthly@2023-04-26").status == 404


def test_a_thousand_parties_of_a_milestone_come_in_pages_the_late_ones_first(site: ServedSite) -> None:
    site.serve(crowded_plan(60))
    operator = Operator.of(site)
    for name in ("lead", "school-0001"):
        daemon(site).record("received", name, notify=False)
    site.clock.instant = at(3, 20)
    first, last = operator.see("/plans/plan/milestones/report"), operator.see("/plans/plan/milestones/report?page=2")
    assert "School-0002 Overdue" in first
    assert "School-0001 Submitted, waiting for acceptance" in last
    assert "Page 2 of 2" in last


def test_who_recorded_something_is_told_in_words(operator: Operator, live: DaemonFixture) -> None:
    for who, said in {
        Actor("party", "Lan"): "Lan on the party's page",
        Actor("party"): "on the party's page",
        MAIL_SERVER: "mail server",
        Actor(name="page: Lan"): "page: Lan",
    }.items():
        live.record("declared", "gamma", by=who)
        assert re.search(f"Said to be sent gamma .*?{said} Undo", operator.see("/plans/plan/milestones/report/gamma"))
        assert f"By: {said}" in operator.see("/ledger?party=gamma")


def test_a_date_that_was_another_is_told_as_dates_are(operator: Operator, live: DaemonFixture) -> None:
    live.record("amended", "gamma", form=By(date(2023, 3, 27)), was=By(date(2023, 3, 17)))
    assert "by 27 March 2023 Before: by 17 March 2023" in operator.see("/plans/plan/milestones/report/gamma")


def test_a_group_to_be_chosen_is_told_by_what_it_is_chosen_for(site: ServedSite) -> None:
    chosen = Group(id="best-of-year", chosen_by="lead", after="report")
    site.serve(plan(FULL, deadline(By(date(2023, 9, 1)), id="file", responsible=("best-of-year",)), groups=[chosen]))
    operator = Operator.of(site)
    for path in ("/plans/plan", "/plans/plan/milestones/report", "/plans/plan/do/nominate?group=best-of-year"):
        assert "ơn vị thực hiện “File” (xác định trong năm)" in operator.see(path), path


# ---- a party


def test_a_party_shows_what_it_owes_its_contacts_its_steps_and_its_mails(
    operator: Operator, live: DaemonFixture
) -> None:
    live.record("bounced", "beta", None, address="head@beta.example")
    said = operator.see("/plans/plan/parties/beta")
    assert "officer officer@beta.example head head@beta.example mail does not arrive" in said
    assert "Report Submitted in part by 17 March 2023" in said
    assert "Meeting attends Tentative early in June" in said
    assert "10 March 2023, 08:00 reminder 7 days before the last day" in said
    assert "officer@beta.example Sent" in said
    assert "Mail not delivered" in said


def test_a_party_shows_where_its_page_is_and_who_fetches_its_calendars(operator: Operator, live: DaemonFixture) -> None:
    site = operator.site
    token = make_token(site.running.container.secret, "page", "beta", 1)
    page = operator.ask("/plans/plan/parties/beta").text
    assert f'value="{site.address}/p/{token}"' in page
    assert "The party has no calendar yet." in words(page)
    with live.store.transaction() as unit:
        now, plans = live.clock.instant, [live.plan]
        used, _ = (
            create_feed(unit, plans, site.running.container.calendars, audience="beta", plan=None, tasks=tasks, now=now)
            for tasks in (False, True)
        )
        gone = create_feed(
            unit, plans, site.running.container.calendars, audience="beta", plan=None, tasks=False, now=now
        )
        unit.feeds.note_fetch(used.id, at=at(3, 9), client="Thunderbird")
        unit.feeds.revoke(gone.id, at=now)
    said = operator.see("/plans/plan/parties/beta")
    assert "Calendar, made 8 March 2023, 12:00 ; last fetched 9 March 2023, 08:00 , Thunderbird" in said
    assert "Calendar of tasks, made 8 March 2023, 12:00 ; fetched by nobody yet" in said
    assert said.count("Calendar, made") == 1


def test_who_only_receives_documents_has_no_page_to_show(operator: Operator) -> None:
    assert "/p/" not in operator.ask("/plans/plan/parties/academy").text


def test_a_party_that_ends_names_its_successor(site: ServedSite) -> None:
    old = replace(PARTIES[1], valid_from=date(2020, 1, 1), valid_to=date(2023, 6, 30), successor="gamma")
    site.serve(plan(language="en", parties=[PARTIES[0], old, PARTIES[2]]))
    said = Operator.of(site).see("/plans/plan/parties/beta")
    assert "Takes part from 1 January 2020 Takes part until 30 June 2023, followed by Gamma" in said


# ---- an obligation


def test_an_obligation_shows_every_fact_and_every_step_with_its_reason(operator: Operator, live: DaemonFixture) -> None:
    live.record("extended", form=By(date(2023, 3, 27)), decision="No. 5", by="ann@lead.example")
    said = operator.see("/plans/plan/milestones/report/beta")
    assert "Submitted in part Still missing: the list." in said
    entry = "6 March 2023, 10:00 Documents received beta on paper Documents: the plan Note: torn"
    assert f"{entry} Receipt number plan/1 ann@lead.example" in said
    assert "Deadline extended beta by 27 March 2023 Decided by: No. 5" in said
    assert "13 March 2023, 08:00 reminder 14 days before the last day" in said
    assert "the date moved to 27 March 2023" in said
    assert "14 days before 17 March 2023, the target day officer@beta.example Sent" in said
    assert re.search(r"Technical details r\d+ ", said)  # what `why` is asked with


def test_what_was_returned_is_asked_for_again_and_not_called_missing(operator: Operator, live: DaemonFixture) -> None:
    """Also after its last day: that it came in time before stays on the page."""
    live.record("received", "gamma", notify=False)
    live.record("returned", "gamma", note="not signed", notify=False)
    operator.site.clock.instant = at(3, 20)
    said = operator.see("/plans/plan/milestones/report/gamma")
    assert "To be completed late First complete: 8 March 2023, 12:00" in said
    assert "To be completed late" in operator.see("/plans/plan/milestones/report")


def test_an_extension_is_not_put_into_the_plans_mouth(operator: Operator, live: DaemonFixture) -> None:
    live.record("extended", form=By(date(2023, 3, 27)), decision="No. 5")
    said = operator.see("/plans/plan/milestones/report/beta")
    assert "The plan says by 17 March 2023 The deadline now by 27 March 2023" in said
    assert "This date follows from Deadline extended" in said
    assert "The deadline now" not in operator.see("/plans/plan/milestones/report/gamma")


def test_an_obligation_offers_what_makes_sense_as_it_stands(operator: Operator, live: DaemonFixture) -> None:
    def offered() -> list[str]:
        page = operator.ask("/plans/plan/milestones/report/gamma").text
        return re.findall(r'href="/plans/plan/do/([a-z-]+)\?milestone', page)

    assert offered() == ["receive", "extend", "waive", "remind", "snooze", "skip", "note"]
    live.record("received", "gamma", channel="email")
    assert offered() == ["accept", "receive", "return", "waive", "note"]  # what comes next is first
    live.record("accepted", "gamma")
    assert offered() == ["receive", "return", "note"]  # the paper is still missing
    fact = live.record("received", "gamma", channel="paper").fact
    assert offered() == ["return", "note"]
    live.undo(fact)
    live.record("waived", "lead", reason="new")
    assert "/do/receive" not in operator.ask("/plans/plan/milestones/report/lead").text
    attendant = operator.ask("/plans/plan/milestones/meeting/gamma").text
    assert re.findall(r"/do/([a-z-]+)", attendant) == ["note"]


def test_a_date_is_not_fixed_for_all_because_one_party_got_more_time(operator: Operator, live: DaemonFixture) -> None:
    live.record("extended", form=By(date(2023, 3, 27)))
    assert "/do/fix-date" not in operator.ask("/plans/plan/milestones/report").text


def test_what_was_taken_back_is_shown_as_such(operator: Operator, live: DaemonFixture) -> None:
    live.undo(live.record("received", "gamma").fact)
    page = operator.ask("/plans/plan/milestones/report/gamma").text
    assert "<s>Documents received</s>" in page
    assert "Record withdrawn" not in words(page)  # it names no party of its own here
    assert "Withdrawn: Documents received" in operator.see("/ledger")


def test_reasons_are_told_in_vietnamese_where_the_plan_is(site: ServedSite) -> None:
    site.serve(plan(FULL))
    operator = Operator.of(site)
    live = daemon(site)
    live.live(at(3, 6))
    live.record("received", channel="email")
    said = operator.see("/plans/plan/milestones/report/beta")
    assert "14 ngày trước ngày 17/3/2023, ngày cuối đề nghị gửi" in said
    assert "Đã nhận hồ sơ ngày 06/3/2023 (bản mềm)" in said


# ---- mails


def test_the_outbox_lists_mails_by_what_became_of_them_newest_first(operator: Operator, live: DaemonFixture) -> None:
    live.mailer.outcome = Outcome(state="failed", reply="550 no such user")
    live.live(at(3, 10, 9))
    said = operator.see("/outbox")
    assert "All · Sent (4) · Failed (3)" in said
    assert said.index("10 March 2023") < said.index("3 March 2023, 08:00")
    failed = operator.see("/outbox?state=failed")
    assert failed.count("550 no such user") == 3
    assert "3 March 2023, 08:00" not in failed
    assert operator.see("/outbox?state=nonsense") == said


def test_the_outbox_tells_whose_a_mail_is_and_can_be_narrowed_to_a_party(
    operator: Operator, live: DaemonFixture
) -> None:
    own = operator.see("/outbox?party=beta")
    assert "officer@beta.example beta " in own
    assert "officer@gamma.example" not in own
    assert "Sent (2)" in own
    assert 'href="/outbox?state=sent&amp;party=beta&amp;words=' in operator.ask("/outbox?party=beta").text
    assert operator.see("/outbox?party=nobody") == operator.see("/outbox")


def test_what_was_sent_to_a_party_last_week_is_three_clicks_away(operator: Operator, live: DaemonFixture) -> None:
    """From the board to the party, to its mails, to the last seven days."""
    assert 'href="/plans/plan/parties/beta"' in operator.ask("/").text
    assert 'href="/outbox?party=beta"' in operator.ask("/plans/plan/parties/beta").text
    [week] = re.findall(r'href="([^"]*)">last 7 days<', operator.ask("/outbox?party=beta").text)
    assert "party=beta" in week
    shown = operator.ask(unescape(week)).text
    for mail in live.mails():
        is_wanted = mail.party == "beta" and mail.created_at > live.clock.now() - timedelta(days=7)
        assert (f'<a href="/outbox/{mail.id}">' in shown) is is_wanted


def test_the_outbox_is_searched_by_words_and_days(operator: Operator, live: DaemonFixture) -> None:
    """A day is one of the plan's zone, whole; what is no day is left out."""
    [receipt] = live.mails(kind="receipt")
    found = operator.ask("/outbox?words=received&from=2023-03-06&to=2023-03-06").text
    assert re.findall(r'<a href="/outbox/(\d+)"', found) == [str(receipt.id)]
    assert "There is no such mail." in operator.see("/outbox?words=100%25")
    assert "There is no such mail." in operator.see("/outbox?to=2023-01-01")
    for day in ("soon", "0001-01-01", "9999-12-31"):
        assert operator.ask(f"/outbox?from={day}&to={day}").text.count('<a href="/outbox/') == len(live.mails())
        assert operator.ask(f"/ledger?from={day}&to={day}").status == 200
    assert operator.ask("/outbox?from=soon").text.count('<a href="/outbox/') == len(live.mails())
    assert '"><script>' not in operator.ask("/outbox?words=%22%3E%3Cscript%3E").text


def test_the_outbox_comes_in_pages(site: ServedSite) -> None:
    site.serve(crowded_plan(70))
    operator = Operator.of(site)
    daemon(site).live(at(3, 4))
    assert "Page 1 of 2" in operator.see("/outbox?state=sent")
    last = operator.ask("/outbox?state=sent&page=9").text
    assert "Page 2 of 2" in words(last)
    assert last.count('<a href="/outbox/') == 10
    assert 'href="?state=sent&amp;party=&amp;words=&amp;from=&amp;to=&amp;page=1"' in last


def test_a_mail_shows_where_it_stands_and_its_words_as_its_reader_sees_them(
    operator: Operator, live: DaemonFixture
) -> None:
    [mail] = live.mails(kind="receipt")
    page = operator.ask(f"/outbox/{mail.id}").text
    said = words(page)
    assert "Sent To officer@beta.example Kind Receipt Party Beta Written 6 March 2023, 10:00" in said
    assert f"Message-ID {mail.mail.message_id}" in said
    assert "Attempts 1 The server said 250 ok" in said
    assert '<pre class="mail" tabindex="0">' in page
    assert f'<iframe class="mail screen" sandbox src="/outbox/{mail.id}/html"' in page


def test_the_formatted_part_is_served_so_that_nothing_in_it_can_act(operator: Operator, live: DaemonFixture) -> None:
    answer = operator.ask(f"/outbox/{live.mails()[0].id}/html")
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    )
    assert "Report" in answer.text


def test_the_words_of_a_sign_in_mail_are_its_readers_own(operator: Operator, live: DaemonFixture) -> None:
    """Else one operator could sign in as another."""
    before = len(live.mails())
    operator.site.post("/sign-in", email="officer@lead.example")
    wait_for_mail(operator.site, before + 1)
    [found] = live.mails(kind="sign-in")
    page = operator.ask(f"/outbox/{found.id}").text
    assert "/sign-in/" not in page
    assert "The words are not shown" in words(page)
    assert operator.ask(f"/outbox/{found.id}/html").status == 404


# ---- the ledger


def test_the_ledger_tells_what_happened_by_time_the_newest_first(operator: Operator, live: DaemonFixture) -> None:
    live.record("received", "gamma")
    said = operator.see("/ledger")
    newest, older, oldest = (
        said.index(text) for text in ("Documents received 8 March 2023", "Documents: the plan", "14 days before")
    )
    assert newest < older < oldest


def test_the_ledger_is_narrowed_to_days(operator: Operator) -> None:
    """Facts and steps alike, whole days of the plan's zone."""
    everything, one_day = operator.see("/ledger"), operator.see("/ledger?from=2023-03-06&to=2023-03-06")
    assert len(one_day) < len(everything)
    assert set(re.findall(r"\d+ \w+ 2023, \d\d:\d\d", one_day.partition("Details")[2])) <= {
        f"6 March 2023, {hour:02}:{minute:02}" for hour in range(24) for minute in range(60)
    }
    assert "There is nothing like that." in operator.see("/ledger?to=2022-12-31")


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("party=beta", "the plan", "gamma Cancelled"),
        ("state=sent", "reminder 14 days", "Documents received"),
        ("plan=plan&party=gamma&state=sent", "gamma", "Documents: the plan"),
    ],
)
def test_the_ledger_can_be_narrowed(operator: Operator, query: str, there: str, gone: str) -> None:
    page = operator.ask(f"/ledger?{query}").text
    said = words(page[page.index("<table") :])
    assert there in said
    assert gone not in said


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("courier", True),
        ("COURIER gamma", True),
        ("courier beta", False),
        ("documents received report", True),
        ("scan.pdf", True),
        ("chữ ký", True),
        ("chu ky thieu", True),
        ("chữ kỹ", False),
        ("nobody said this", False),
        ("%", False),
    ],
)
def test_the_ledger_is_searched_by_words(operator: Operator, live: DaemonFixture, words: str, found: bool) -> None:
    """All of them stand in what was recorded or in the names of what it is about; steps are left out."""
    live.record("received", "gamma", note="by courier, thiếu chữ ký", files=("scan.pdf",))
    live.record("accepted", "gamma", note="fine")
    page = operator.see(f"/ledger?{urlencode({'words': words})}")
    assert ("by courier" in page) is found
    assert "reminder 14 days before" not in page.partition("Ledger")[2].partition("In what was recorded")[2]
    assert ("There is nothing like that." in page) is not found


def test_the_ledger_comes_in_pages(site: ServedSite) -> None:
    site.serve(crowded_plan(60))
    operator = Operator.of(site)
    daemon(site).live(at(3, 4))
    first, second = operator.ask("/ledger?state=sent").text, operator.ask("/ledger?state=sent&page=2").text
    assert first.count('role="row"') == 51
    assert "Older" in first
    assert "Newer" not in first
    assert second.count('role="row"') == 11
    assert "Older" not in second


def test_an_empty_ledger_and_an_empty_outbox_say_so(site: ServedSite) -> None:
    site.serve(plan(event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")), language="en"))
    operator = Operator.of(site)
    assert "The ledger is empty." in operator.see("/ledger")
    assert "There are no mails." in operator.see("/outbox")


def test_an_outbox_that_is_still_empty_says_when_the_first_mail_leaves(site: ServedSite) -> None:
    site.serve(plan(FULL, language="en"))
    assert "The first mail leaves on 3 March 2023, 08:00." in Operator.of(site).see("/outbox")


# ---- words


def test_there_are_words_for_every_state_and_every_kind() -> None:
    wanted = {f"fate.{state}" for state in (*get_args(RungState), *get_args(MessageState))}
    wanted |= {f"message.{kind}" for kind in get_args(MessageKind)}
    for language, known in WORDS.items():
        assert wanted - set(known) == set(), language
