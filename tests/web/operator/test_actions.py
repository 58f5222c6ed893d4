"""What operators do: a form, a confirmation that says what will follow, and then it is done, once."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest

from scheduler.documents.file_kinds import FILE_SIZE
from scheduler.errors import RefusalCode
from scheduler.mail.mime import read_text
from scheduler.plan.dates.date_forms import By, On, Undated, Window
from scheduler.plan.facts import Actor, DateFixed, Fact, Nominated, Received, Waived
from scheduler.plan.model import Contact, Deliverable, Group, Indicator, Measure
from scheduler.plan.reasons import quote
from scheduler.store import open_store
from scheduler.web.operator.command_forms import ACTIONS, ActionName
from tests.support.daemon_fixture import DaemonFixture, plan, report
from tests.support.fakes import AdvancingClock
from tests.support.mail_servers import free_port
from tests.support.operator_client import Operator, fields_of, filled, words
from tests.support.page_words import WORDS
from tests.support.party_client import BOUNDARY, File, body_of, open_form, path_of, zipped
from tests.support.plan_builders import PARTIES, at, deadline, event, party
from tests.support.served_site import Answer, ServedSite, daemon, serve_site
from tests.support.web_client import sign_in

DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
MEETING = event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June"))
NOMINEES = Group(id="nominees", chosen_by="lead", after="report")
OFFICER = "officer@lead.example"
BETA = "milestone=report&party=beta"
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def live(site: ServedSite) -> DaemonFixture:
    """Return a site in which the first reminder has left; it is Saturday, 4 March, noon."""
    site.serve(
        plan(
            report(deliverables=DOCUMENTS),
            MEETING,
            deadline(Undated("yearly"), id="yearly"),
            deadline(By(date(2023, 11, 20)), id="file", responsible=("nominees",)),
            groups=[NOMINEES],
            language="en",
        )
    )
    found = daemon(site)
    found.live(at(3, 4, 12))
    site.woken = 0
    return found


@pytest.fixture
def operator(site: ServedSite, live: DaemonFixture) -> Operator:
    return Operator.of(site)


def do(action: str, about: str = BETA) -> str:
    return f"/plans/plan/do/{action}" + (f"?{about}" if about else "")


def everything(site: DaemonFixture) -> object:
    return site.facts(), site.rows(None, None), site.mails()


F = TypeVar("F", bound=Fact)


def last(site: DaemonFixture, kind: type[F]) -> F:
    """Return the fact recorded last, which is of this kind."""
    fact = newest(site)
    assert isinstance(fact, kind)
    return fact


def newest(site: DaemonFixture) -> Fact:
    """Return the fact recorded last, without what differs from form to form."""
    fact = site.facts()[-1]
    assert fact.idempotency_key
    return replace(fact, idempotency_key="", id=0)


# ---- the way


def test_nothing_is_done_before_it_is_confirmed(operator: Operator, live: DaemonFixture) -> None:
    before = everything(live)
    page = operator.fill(do("receive"), channel="email")
    assert (page.status, everything(live), operator.site.woken) == (200, before, 0)
    assert "Nothing is recorded yet." in words(page.text)


def test_the_confirmation_says_what_will_be_recorded_mailed_and_dropped(
    operator: Operator, live: DaemonFixture
) -> None:
    said = words(operator.fill(do("receive"), channel="email", note="by courier").text)
    assert "Please confirm: record what came" in said
    assert "Documents received : Report – Beta by e-mail Documents: the plan and the list Note: by courier" in said
    assert (
        "Mailed in the next opening hours, from 6 March 2023, 08:00"
        " A notice to this many addresses: 1 officer@beta.example" in said
    )
    assert "Steps that fall away: 8 10 March 2023, 08:00 reminder 7 days before the last day (beta)" in said


def test_what_is_confirmed_is_done_and_told(operator: Operator, live: DaemonFixture) -> None:
    done = operator.do(do("receive"), channel="email")
    assert (
        "Done. Entries made in the ledger: 1. Steps that fell away: 8. "
        "Notices that leave from 6 March 2023, 08:00, to addresses: 1." in words(done.text)
    )
    assert "Submitted, waiting for acceptance" in words(done.text)
    assert newest(live).by == Actor(name=OFFICER)
    assert live.states()["before:7d"] == "cancelled"
    assert [row.name for row in live.notices(party="beta")] == ["receipt:1"]
    assert operator.site.woken == 1


def test_a_notice_of_the_board_leads_to_the_partys_page(tmp_path: Path) -> None:
    port = free_port()
    with serve_site(tmp_path, 'public_url = "https://thidua.example.vn"', port=port) as site:
        site.address = f"http://127.0.0.1:{port}"
        site.serve(plan(report(deliverables=DOCUMENTS), language="en"))
        found = daemon(site)
        found.ticker = found.new_ticker(links=site.running.container.links)
        found.live(at(3, 4, 12))
        Operator.of(site).do(do("receive"), channel="email")
        found.live(at(3, 6, 9))
        [receipt] = found.mails(kind="receipt")
        pages = site.running.container.links
    assert pages is not None
    assert pages.of("beta", 1, "plan", "report") in read_text(receipt.mail.data)


def test_what_was_done_cannot_be_claimed_by_an_address(operator: Operator) -> None:
    for note in ("1.1.99.0.0", "1.1.99.0.0.AAAA", "x", ".", "1.2.3.4.5.é"):
        answer = operator.ask(f"/plans/plan/milestones/report/beta?note={note.replace('é', '%C3%A9')}")
        assert answer.status == 200
        assert "Done." not in words(answer.text)


def test_a_confirmation_leads_back_to_the_form_with_everything_typed(operator: Operator, live: DaemonFixture) -> None:
    path = do("receive")
    page = operator.fill(path, channel="paper", deliverable=["list"], sent_on="2023-03-02", note="a & <b>\nsecond line")
    back = operator.send(path, filled(page.text, step="edit"))
    kept = dict(fields_of(back.text))
    assert (kept["channel"], kept["deliverable"], kept["sent_on"]) == ("paper", "list", "2023-03-02")
    assert kept["note"].replace("\r\n", "\n") == "a & <b>\nsecond line"
    assert live.facts() == []


def test_what_makes_no_sense_is_said_on_the_form_with_everything_typed(operator: Operator, live: DaemonFixture) -> None:
    page = operator.fill(do("receive"), channel="email", sent_on="2023-03-02", note="kept")
    assert page.status == 422
    assert "A postmark goes with paper only. What you have typed is still there." in words(page.text)
    assert dict(fields_of(page.text))["note"] == "kept"
    assert live.facts() == []


def test_a_form_that_is_sent_twice_does_it_once(operator: Operator, live: DaemonFixture) -> None:
    path = do("receive")
    page = operator.fill(path, channel="email")
    first, second = operator.confirm(path, page), operator.confirm(path, page)
    assert (first.status, second.status) == (303, 303)
    assert len(live.facts()) == 1
    assert [row.name for row in live.notices()] == ["receipt:1"]
    operator.do(do("accept"))
    assert operator.confirm(path, page).status == 303  # also long after
    assert [fact.kind for fact in live.facts()] == ["received", "accepted"]


def test_a_form_posted_after_others_were_faster_says_what_changed_and_keeps_the_text(
    operator: Operator, live: DaemonFixture
) -> None:
    path = do("receive")
    form = operator.ask(path)
    live.record("waived", reason="new", by="ann@lead.example")
    late = operator.send(path, filled(form.text, channel="email", note="kept"))
    assert late.status == 409
    said = words(late.text)
    assert "Things have changed since this form was opened; nothing was recorded." in said
    assert "4 March 2023, 12:00: Exempted, beta ann@lead.example" in said
    assert dict(fields_of(late.text))["note"] == "kept"
    again = operator.send(path, filled(late.text))  # now that it is known
    assert operator.confirm(path, again).status == 303
    assert [fact.kind for fact in live.facts()] == ["waived", "received"]


def test_others_may_be_faster_even_after_the_confirmation_was_shown(operator: Operator, live: DaemonFixture) -> None:
    path = do("receive")
    page = operator.fill(path, channel="email")
    live.record("extended", form=By(date(2023, 3, 27)))
    assert operator.confirm(path, page).status == 409
    assert [fact.kind for fact in live.facts()] == ["extended"]


def test_what_was_recorded_about_others_does_not_matter(operator: Operator, live: DaemonFixture) -> None:
    form = operator.ask(do("receive"))
    live.record("received", "gamma")
    assert operator.send(do("receive"), filled(form.text, channel="email")).status == 200


def test_a_form_posted_after_the_plan_was_edited_says_so(operator: Operator, live: DaemonFixture) -> None:
    path = do("receive")
    form = operator.ask(path)
    operator.site.serve(plan(report(deliverables=DOCUMENTS, title="Another title"), language="en"))
    late = operator.send(path, filled(form.text, channel="email"))
    assert late.status == 409
    assert "The plan's file was edited." in words(late.text)


def test_a_form_about_something_the_plan_no_longer_has_says_so_and_gives_the_text_back(operator: Operator) -> None:
    path = do("fix-date", "milestone=yearly")
    form = operator.ask(path)
    operator.site.serve(plan(report(), language="en"))
    late = operator.send(path, filled(form.text, first="2023-05-01", decision="No. 7 <b>"))
    assert late.status == 409
    assert "what this form was about is no longer in it" in words(late.text)
    assert "<blockquote>No. 7 &lt;b&gt;</blockquote>" in late.text
    assert operator.ask(path).status == 404


def test_a_form_whose_session_is_over_is_shown_again_after_signing_in(operator: Operator, live: DaemonFixture) -> None:
    path = do("waive")
    typed = filled(operator.ask(path).text, reason="a long & careful text")
    operator.site.clock.instant += timedelta(days=14)
    assert operator.send(path, typed).status == 401
    operator.cookie = sign_in(operator.site)
    for step in ("", "confirm"):
        again = operator.send(path, [*typed, ("step", step)])
        assert again.status == 403
        assert "opened before you signed in anew" in words(again.text)
        assert dict(fields_of(again.text))["reason"] == "a long & careful text"
    assert live.facts() == []
    done = operator.confirm(path, operator.send(path, fields_of(again.text)))
    assert done.status == 303
    assert last(live, Waived).reason == "a long & careful text"


def test_a_mail_that_cannot_be_written_is_told_before_it_is_confirmed(operator: Operator, live: DaemonFixture) -> None:
    bad = Contact(name="officer\x07", email="officer@beta.example")
    parties = [PARTIES[0], replace(PARTIES[1], contacts=(bad,)), PARTIES[2]]
    operator.site.serve(plan(report(deliverables=DOCUMENTS), language="en", parties=parties))
    assert "A mail cannot be written:" in words(operator.fill(do("receive"), channel="email").text)


# ---- each action


def test_a_paper_counts_by_its_postmark(operator: Operator, live: DaemonFixture) -> None:
    operator.site.clock.instant = at(3, 21)
    said = words(operator.fill(do("receive"), channel="paper", sent_on="2023-03-16", received_on="2023-03-20").text)
    assert "Postmark 16 March 2023 Came on 20 March 2023" in said
    operator.do(do("receive"), channel="paper", sent_on="2023-03-16", received_on="2023-03-20", note="")
    expected = live.fact(
        "received",
        deliverables=("plan", "list"),
        channel="paper",
        by=OFFICER,
        sent_on=date(2023, 3, 16),
        received_on=date(2023, 3, 20),
        happened_at=at(3, 16, 12),
    )
    assert newest(live) == expected


def test_a_postmark_is_shown_as_the_day_it_is_with_when_it_was_recorded(
    operator: Operator, live: DaemonFixture
) -> None:
    """Nobody knows the hour of a postmark; the day on which the paper came is kept beside it."""
    operator.site.clock.instant = at(3, 21, 9)
    operator.do(do("receive"), channel="paper", sent_on="2023-03-16", received_on="2023-03-20")
    said = operator.see("/plans/plan/milestones/report/beta")
    assert "Complete: postmark 16 March 2023 (recorded 21 March 2023, 09:00" in said
    assert "on paper Postmark 16 March 2023 Came on 20 March 2023" in said
    for page in ("/plans/plan/milestones/report", "/plans/plan/parties/beta"):
        assert "postmark 16 March 2023 (recorded 21 March 2023, 09:00" in operator.see(page)
        assert "16 March 2023, 12:00" not in operator.see(page)


def test_a_day_without_an_hour_stays_a_day(operator: Operator, live: DaemonFixture) -> None:
    operator.do(do("receive"), channel="email", received_on="2023-03-03")
    said = operator.see("/plans/plan/milestones/report/beta")
    assert "Complete: 3 March 2023 (recorded 4 March 2023, 12:00" in said
    assert "3 March 2023, 12:00" not in said


@pytest.mark.parametrize("typed", [{"received_on": "2023-03-05"}, {"received_time": "12:01"}])
def test_nothing_comes_in_the_future_also_with_a_postmark(
    operator: Operator, live: DaemonFixture, typed: dict[str, str]
) -> None:
    page = operator.fill(do("receive"), channel="paper", sent_on="2023-03-02", **typed)
    assert page.status == 422
    assert "It cannot have happened in the future" in words(page.text)


@pytest.mark.parametrize(("channel", "field"), [("paper", "sent_on"), ("email", "received_on")])
def test_the_form_repeats_what_the_party_says_it_has_sent(
    operator: Operator, live: DaemonFixture, channel: str, field: str
) -> None:
    said: dict[str, Any] = {"channel": channel, "note": "number 7", "by": Actor("party", "Lan")}
    live.record("declared", happened_at=at(3, 2, 12), **said)
    page = operator.ask(do("receive")).text
    assert "Said to be sent 4 March 2023, 12:00, Lan on the party's page" in words(page)
    assert "Sent 2 March 2023, as the party says Note: number 7" in words(page)
    filled_in = dict(fields_of(page))
    assert (filled_in["channel"], filled_in[field], filled_in["note"]) == (channel, "2023-03-02", "")
    operator.do(do("receive"))
    assert last(live, Received).channel == channel


def test_a_submission_that_comes_late_is_called_late_before_it_is_confirmed(
    operator: Operator, live: DaemonFixture
) -> None:
    operator.site.clock.instant = at(3, 21)
    assert "late: the date was 17 March 2023" in words(operator.fill(do("receive"), channel="email").text)


@pytest.mark.parametrize(
    ("typed", "happened"),
    [
        ({}, (3, 4, 12)),
        ({"received_on": "2023-03-03"}, (3, 3, 12)),
        ({"received_on": "2023-03-03", "received_time": "16:30"}, (3, 3, 16, 30)),
        ({"received_on": "2023-03-04"}, (3, 4, 12)),
    ],
)
def test_a_submission_counts_from_when_it_came(
    operator: Operator, live: DaemonFixture, typed: dict[str, str], happened: tuple[int, ...]
) -> None:
    operator.do(do("receive"), channel="email", **typed)
    assert newest(live).happened_at == at(*happened)


def test_part_of_the_documents_may_come(operator: Operator, live: DaemonFixture) -> None:
    said = words(operator.fill(do("receive"), channel="email", deliverable=["list"]).text)
    assert "The steps stay as they are." in said
    operator.do(do("receive"), channel="email", deliverable=["list"])
    assert last(live, Received).deliverables == ("list",)
    assert ("deliverable", "list") not in fields_of(operator.ask(do("receive")).text)  # what came is not ticked again


def test_what_is_mailed_at_once_is_told_so(operator: Operator, live: DaemonFixture) -> None:
    live.live(at(3, 6, 10))
    said = words(operator.fill(do("receive"), channel="email").text)
    assert "Mailed at once A notice to this many addresses: 1" in said


def test_a_submission_is_accepted(operator: Operator, live: DaemonFixture) -> None:
    live.record("received")
    operator.do(do("accept"))
    assert newest(live) == live.fact("accepted", by=OFFICER)


def test_a_submission_is_returned_and_its_steps_live_again(operator: Operator, live: DaemonFixture) -> None:
    live.record("received")
    page = operator.fill(do("return"), missing=["list"], note="no signature")
    assert "Steps that will be sent: 8" in words(page.text)
    operator.do(do("return"), missing=["list"], note="no signature")
    assert newest(live) == live.fact("returned", missing=("list",), note="no signature", by=OFFICER)
    assert len(live.notices(kind="return")) == 1


def test_one_party_or_all_are_released(operator: Operator, live: DaemonFixture) -> None:
    operator.do(do("waive"), reason="new", decision="No. 7")
    assert newest(live) == live.fact("waived", reason="new", decision="No. 7", by=OFFICER)
    page = operator.fill(do("waive", "milestone=report"), reason="nobody need")
    assert "Exempted : Report – who still owe it (2): lead and gamma" in words(page.text)
    assert "Steps that fall away: 19" in words(page.text)  # the two that remain, and the request to choose
    done = operator.do(do("waive", "milestone=report"), reason="nobody need")
    assert newest(live) == live.fact("waived", None, reason="nobody need", by=OFFICER)
    assert "Exempt 3" in words(done.text)


def test_a_release_of_all_says_whom_it_touches_and_leaves_what_is_done(operator: Operator, live: DaemonFixture) -> None:
    path = do("waive", "milestone=report")
    live.record("received")
    assert "Waive for all who still owe it" in operator.see("/plans/plan/milestones/report")
    form = operator.ask(path).text
    assert "Waive for all who still owe it Milestone Report" in words(form)
    assert [value for name, value in fields_of(form) if name == "party"] == ["lead", "gamma"]
    done = operator.do(path, reason="a new form")
    assert "Exempt 2" in words(done.text)
    assert "Beta Submitted, waiting for acceptance" in words(done.text)


def test_a_party_that_disowns_its_task_is_answered(operator: Operator, live: DaemonFixture) -> None:
    live.record("disowned", note="ask the other school", by=Actor("party", "Lan"))
    page = "/plans/plan/milestones/report/beta"
    assert "It is their task" in operator.see(page)
    assert "Note: ask the other school" in operator.see(do("insist"))
    operator.do(do("insist"), reason="everybody reports")
    assert newest(live) == live.fact("opened", reason="everybody reports", by=OFFICER)
    assert "not their task" not in operator.see()
    assert "It is their task" not in operator.see(page)


def test_a_party_gets_more_time(operator: Operator, live: DaemonFixture) -> None:
    page = operator.fill(do("extend"), until="2023-03-27", decision="No. 5")
    assert "A notice to this many addresses: 1" in words(page.text)
    assert "Steps that fall away: 8" in words(page.text)
    assert "Steps that will be sent: 9 13 March 2023, 08:00 reminder 14 days before" in words(page.text)
    operator.do(do("extend"), until="2023-03-27", decision="No. 5")
    assert newest(live) == live.fact("extended", form=By(date(2023, 3, 27)), decision="No. 5", by=OFFICER)


@pytest.mark.parametrize(
    ("until", "remark"),
    [
        ("2023-03-25", "25 March 2023 is a day off"),
        ("2023-03-26", "26 March 2023 is a day off"),
        ("2023-03-20", "it lies in the past: what is still open stays overdue"),
    ],
)
def test_an_odd_end_of_an_extension_is_remarked_before_it_is_confirmed(
    operator: Operator, live: DaemonFixture, until: str, remark: str
) -> None:
    operator.site.clock.instant = at(3, 21)
    assert remark in words(operator.fill(do("extend"), until=until, decision="No. 5").text)


def test_a_date_is_fixed_with_its_hour_its_days_and_its_place(operator: Operator, live: DaemonFixture) -> None:
    path = do("fix-date", "milestone=meeting")
    typed = {"first": "2023-06-08", "clock": "08:00", "last": "2023-06-09", "place": "Hà Tĩnh", "decision": "No. 9"}
    page = words(operator.fill(path, **typed).text)
    assert "6 March 2023, 08:00 invitation (lead, beta, gamma)" in page
    assert "request to fix the day, 30 days before" in page
    done = operator.do(path, **typed)
    form = On(date(2023, 6, 8), date(2023, 6, 9), time(8))
    assert newest(live) == live.fact(
        "date_fixed", None, "meeting", form=form, place="Hà Tĩnh", decision="No. 9", by=OFFICER
    )
    assert "from 08:00 on Thursday, 8 June 2023 to Friday, 9 June 2023, Hà Tĩnh" in words(done.text)


def test_the_form_for_a_date_repeats_the_plans_words_and_the_day_that_holds(
    operator: Operator, live: DaemonFixture
) -> None:
    path = do("fix-date", "milestone=meeting")
    said = operator.see(path)
    assert "Fix the date Milestone Meeting The plan says early in June (from 1 June 2023 to 9 June 2023)" in said
    live.record("date_fixed", None, "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)), place="Hà Tĩnh")
    page = operator.ask("/plans/plan/milestones/meeting").text
    assert re.search(r'class="button quiet" href="/plans/plan/do/fix-date[^"]*">Change the date<', page)
    said = operator.see(path)
    assert "Change the date Milestone Meeting The plan says early in June (from 1 June 2023 to 9 June 2023)" in said
    assert "Date 8 June 2023, Hà Tĩnh" in said
    assert "The plan says yearly" in operator.see(do("fix-date", "milestone=yearly"))


def test_what_comes_due_at_once_counts_among_what_is_mailed_at_once(operator: Operator, live: DaemonFixture) -> None:
    path = do("fix-date", "milestone=meeting")
    live.live(at(3, 6, 10))
    page = words(operator.fill(path, first="2023-06-08").text)
    assert "Nothing is mailed at once." not in page
    assert "Mailed at once 6 March 2023, 10:00 invitation (lead, beta, gamma)" in page
    assert (
        "They are due and leave at once to this many addresses: 3"
        " officer@lead.example officer@beta.example officer@gamma.example" in page
    )
    assert "Steps that will be sent: 6" in page  # without the invitations
    done = words(operator.do(path, first="2023-06-08").text)
    assert "Steps that will be sent: 6. Notices to addresses: 3." in done
    live.tick()
    assert len(live.mails(kind="invitation", state="sent")) == 3


def test_an_undated_duty_gets_its_date(operator: Operator, live: DaemonFixture) -> None:
    operator.do(do("fix-date", "milestone=yearly"), first="2023-07-10")
    assert last(live, DateFixed).form == By(date(2023, 7, 10))


def test_parties_are_chosen_or_none(operator: Operator, live: DaemonFixture) -> None:
    path = do("nominate", "group=nominees")
    done = operator.do(path, party=["beta", "gamma"], decision="No. 11")
    expected = live.fact(
        "nominated", None, None, group="nominees", parties=("beta", "gamma"), decision="No. 11", by=OFFICER
    )
    assert newest(live) == expected
    assert "Nominees Beta ; Gamma" in words(done.text)
    operator.do(path, nobody="1")
    assert last(live, Nominated).parties == ()


GOOD = Indicator(id="good", title="Everybody is good", target="100%", measure=Measure(manual=True))


def test_the_result_of_a_target_is_recorded_with_its_evidence(site: ServedSite) -> None:
    """For all parties together, then for one; it says how far the target is reached and why that is known."""
    site.serve(plan(indicators=(GOOD,), language="en"))
    operator, live, path = Operator.of(site), daemon(site), do("count", "indicator=good")
    assert "Everybody is good 100% – not counted yet" in operator.see("/plans/plan")
    page = operator.fill(path, value="3", note="Minutes of 20 December")
    assert "Result of a target Everybody is good: 3 Note: Minutes of 20 December" in words(page.text)
    done = operator.do(path, value="3", note="Minutes of 20 December")
    assert newest(live) == live.fact(
        "counted", None, None, indicator="good", value=3, note="Minutes of 20 December", by=OFFICER
    )
    assert "Everybody is good 100% 3/3 (100%) reached Minutes of 20 December" in words(done.text)
    assert "3/3 (100%) reached Minutes of 20 December" in operator.see("/")
    operator.do(path, party="beta", value="0")
    assert "0/3 (0%) not reached beta: 0" in operator.see("/")
    assert "counted" not in operator.see("/?as_of=2023-03-03")


def test_a_result_that_was_recorded_by_mistake_is_taken_back(site: ServedSite) -> None:
    site.serve(plan(indicators=(GOOD,), language="en"))
    operator, live = Operator.of(site), daemon(site)
    fact = live.record("counted", None, None, indicator="good", value=2).fact
    operator.do(do("undo", f"fact=f{fact.id}"), reason="miscounted")
    assert "100% – not counted yet" in operator.see("/")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({}, "no-count"),
        ({"value": "many"}, "no-count"),
        ({"value": "-1"}, "no-count"),
        ({"value": "7", "of": "6"}, "more-than-all"),
        ({"value": "2", "party": "beta"}, "one-party"),
        ({"value": "1", "of": "2", "party": "beta"}, "one-party"),
    ],
)
def test_a_result_that_makes_no_sense_is_refused_in_words(site: ServedSite, typed: dict[str, str], code: str) -> None:
    site.serve(plan(indicators=(GOOD,), language="en"))
    page = Operator.of(site).fill(do("count", "indicator=good"), **typed)
    assert (page.status, WORDS["en"][f"refusal.{code}"] in words(page.text)) == (422, True)


def test_what_the_plan_counts_by_itself_has_no_form(site: ServedSite) -> None:
    site.serve(plan(indicators=(replace(GOOD, measure=Measure(milestone="report")),), language="en"))
    assert Operator.of(site).ask(do("count", "indicator=good")).status == 404


def test_a_thousand_parties_can_be_chosen(site: ServedSite) -> None:
    parties = [PARTIES[0], *(party(f"truong-chinh-tri-tinh-thu-{n:04}") for n in range(999))]
    everybody = Group(id="members", parties=tuple(one.id for one in parties))
    duty = deadline(By(date(2023, 11, 20)), responsible=("nominees",))
    site.serve(plan(duty, parties=parties, groups=[NOMINEES, everybody], language="en"))
    operator, path = Operator.of(site), do("nominate", "group=nominees")
    page = operator.fill(path, party=list(everybody.parties))
    assert operator.confirm(path, page).status == 303
    assert set(last(daemon(site), Nominated).parties) == set(everybody.parties)


def test_a_fact_is_taken_back(operator: Operator, live: DaemonFixture) -> None:
    fact = live.record("received").fact
    page = operator.fill(do("undo", f"fact=f{fact.id}"), reason="wrong party")
    assert "Steps that will be sent: 8" in words(page.text)
    assert "Nothing is mailed at once." in words(page.text)
    assert "Reason for withdrawing: wrong party" in words(page.text)
    operator.do(do("undo", f"fact=f{fact.id}"), reason="wrong party")
    assert newest(live) == live.fact("withdrawn", target=fact.id, reason="wrong party", by=OFFICER)
    assert live.states()["before:7d"] == "planned"
    assert "was withdrawn already" in operator.see(do("undo", f"fact=f{fact.id}"))


@pytest.mark.parametrize("answer", ["open", "received"])
@pytest.mark.parametrize(("about", "count"), [(BETA, 1), ("milestone=report", 3), ("", 3)])
def test_what_was_in_doubt_is_settled_for_one_or_for_all(site: ServedSite, about: str, count: int, answer: str) -> None:
    site.clock.instant = at(3, 20)
    site.serve(plan(language="en"))
    operator, live = Operator.of(site), daemon(site)
    done = operator.do(do("start", about), answer=answer)
    assert f"Entries made in the ledger: {count}." in words(done.text)
    kind = "opened" if answer == "open" else "received"
    assert [fact.kind for fact in live.facts()] == [kind] * count
    assert live.mails() == []
    if answer == "received":
        assert {fact.happened_at for fact in live.facts()} == {at(3, 18, 0) - MICROSECOND}


def test_there_is_nothing_to_settle_where_nothing_is_in_doubt(operator: Operator) -> None:
    assert "Nothing is in doubt any more." in operator.see(do("start", ""))


# ---- what is refused


@pytest.mark.parametrize(
    ("action", "about", "typed", "code"),
    [
        ("receive", BETA, {"channel": "email", "deliverable": []}, "nothing-ticked"),
        ("receive", BETA, {"channel": "email", "sent_on": "2023-03-02"}, "postmark-without-paper"),
        ("receive", BETA, {"channel": "paper", "sent_on": "2023-03-03", "received_on": "2023-03-02"}, "postmark-late"),
        ("receive", BETA, {"channel": "paper", "received_on": "2023-03-05"}, "future"),
        ("receive", BETA, {"channel": "paper", "received_on": "2023-02-31"}, "day"),
        ("receive", BETA, {"channel": "paper", "received_on": "2023-03-01", "received_time": "25:00"}, "clock"),
        ("receive", "milestone=meeting&party=lead", {}, "no-documents"),
        ("receive", "milestone=meeting&party=beta", {}, "no-documents"),
        ("accept", BETA, {}, "incomplete"),
        ("return", BETA, {"note": "wrong"}, "nothing-received"),
        ("return", BETA, {"note": " \r\n "}, "no-note"),
        ("waive", BETA, {"reason": ""}, "no-reason"),
        ("waive", BETA, {"reason": "x" * 2001}, "too-long"),
        ("receive", BETA, {"channel": "email", "note": "x" * 2001}, "too-long"),
        ("extend", BETA, {"until": "2023-03-17", "decision": "No. 5"}, "not-later"),
        ("extend", BETA, {"until": "2023-03-27", "decision": ""}, "no-decision"),
        ("extend", BETA, {"until": "", "decision": "No. 5"}, "no-day"),
        ("extend", "milestone=yearly&party=beta", {"until": "2023-03-27", "decision": "No. 5"}, "no-deadline"),
        ("fix-date", "milestone=report", {"first": "2023-03-27"}, "dated-already"),
        ("fix-date", "milestone=meeting", {"first": "2023-06-08", "last": "2023-06-07"}, "ends-before"),
        ("mark-invited", "milestone=meeting", {}, "nobody-to-invite"),
        ("reply", "milestone=meeting&party=beta", {"reply": "accepted"}, "no-invitation"),
        ("reply", "milestone=meeting&party=beta", {"reply": "delegated"}, "no-answer"),
        ("reply", "milestone=meeting&party=beta", {"reply": "accepted", "people": "１２"}, "no-people"),
        ("fix-date", "milestone=yearly", {"first": "2023-06-08", "last": "2023-06-09"}, "one-day"),
        *[
            (action, about, {field: day, "decision": "No. 5", **more}, "far-day")
            for action, about, field, more in (
                ("extend", BETA, "until", {}),
                ("fix-date", "milestone=meeting", "first", {}),
                ("fix-date", "milestone=meeting", "last", {"first": "2023-06-08"}),
                ("receive", BETA, "received_on", {"channel": "email"}),
                ("receive", BETA, "sent_on", {"channel": "paper"}),
            )
            for day in ("0001-01-01", "2020-12-31", "2029-01-01", "9998-12-31", "9999-12-31")
        ],
        ("nominate", "group=nominees", {}, "choose-or-none"),
        ("nominate", "group=nominees", {"party": ["beta"], "nobody": "1"}, "choose-or-none"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_nothing_is_done(
    operator: Operator, live: DaemonFixture, action: str, about: str, typed: dict[str, str | list[str]], code: str
) -> None:
    before = everything(live)
    page = operator.fill(do(action, about), **typed)
    assert page.status == 422
    assert WORDS["en"][f"refusal.{code}"].replace("’", "'") in words(page.text)
    assert everything(live) == before


@contextmanager
def written_to(site: ServedSite) -> Iterator[None]:
    """Let somebody else write to the record for as long as a block lasts."""
    with closing(sqlite3.connect(str(site.running.settings.database_file), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_record_that_is_busy_is_no_refusal(tmp_path: Path) -> None:
    """It says so as any other page does, without the path of a file, to operators and to parties."""
    url = f"sqlite:///{tmp_path / 'var' / 'hanchot.db'}"
    (tmp_path / "var").mkdir()
    with closing(open_store(url, busy_timeout=0.1)) as store, serve_site(tmp_path, store=store) as site:
        site.serve(plan(report(), language="en"))
        operator = Operator.of(site)
        asked = filled(operator.ask(do("waive")).text, reason="why")
        form = open_form(site, "declare", sent_on="2023-02-01", channel="paper")
        with written_to(site):
            for step in ("", "confirm"):
                answer = operator.send(do("waive"), [*asked, ("step", step)])
                assert (answer.status, WORDS["en"]["error.away"] in answer.text) == (503, True)
                assert ".db" not in answer.text
            answer = site.send(path_of(site), form)
            assert (answer.status, WORDS["en"]["error.away"] in answer.text) == (503, True)
        assert site.send(path_of(site), form).status == 303


@pytest.mark.parametrize("typed", [{"party": ["nobody"]}, {"party": ["<script>alert(1)</script>"]}])
def test_a_refusal_without_words_of_ours_is_told_as_it_is(
    operator: Operator, typed: dict[str, str | list[str]]
) -> None:
    page = operator.fill(do("nominate", "group=nominees"), **typed)
    assert page.status == 422
    assert "unknown party: " in words(page.text)
    assert "<script>" not in page.text


def test_a_text_that_is_too_long_is_not_cut(operator: Operator, live: DaemonFixture) -> None:
    long = "from here " + "x" * 5000 + " to there"
    assert dict(fields_of(operator.fill(do("waive"), reason=long).text))["reason"] == long


@pytest.mark.parametrize(
    ("action", "about"),
    [
        ("fix-date", "milestone=meeting&party=lead"),
        ("nominate", "group=nominees&milestone=report"),
        ("waive", "milestone=report&group=nominees"),
        ("receive", f"{BETA}&fact=f1"),
        ("receive", f"{BETA}&note=1"),
    ],
)
def test_an_address_that_names_more_than_the_action_is_about_is_none(
    operator: Operator, action: str, about: str
) -> None:
    """Else somebody believes that it is about this party only."""
    assert operator.ask(do(action, about)).status == 404


def test_control_characters_are_left_out_of_what_was_typed(operator: Operator, live: DaemonFixture) -> None:
    """They would make a mail that cannot be written, or turn the direction of what stands after them."""
    live.record("received")
    operator.do(do("return"), note="a\x00b\x07c\u202e\r\n\r\nd e\u0301")
    assert newest(live).note == "abc\n\nd é"


def test_a_form_without_its_own_words_is_refused(operator: Operator, live: DaemonFixture) -> None:
    path = do("receive")
    page = filled(operator.ask(path).text, channel="email", step="confirm")
    for missing in ("form", "once", "seen"):
        answer = operator.send(path, [(name, value) for name, value in page if name != missing])
        assert answer.status in (403, 409)
    assert live.facts() == []


# ---- mails


def mail_of(live: DaemonFixture) -> int:
    """Return the id of a receipt that waits, because the mail server is away."""
    live.record("received")
    live.mailer.is_down = True
    live.tick(at(3, 6, 8))
    live.mailer.is_down = False
    return live.mails()[-1].id


def press(operator: Operator, path: str) -> Answer:
    return operator.send(path, filled(operator.ask(path).text))


def test_a_mail_is_held_and_let_go(operator: Operator, live: DaemonFixture) -> None:
    id = mail_of(live)
    assert "The mail is kept back until it is let go" in operator.see(f"/outbox/{id}/hold")
    assert live.mails(id=id)[0].state == "queued"
    done = press(operator, f"/outbox/{id}/hold")
    assert live.mails(id=id)[0].state == "held"
    assert "Done." in operator.see(done.headers["Location"])
    press(operator, f"/outbox/{id}/release")
    assert live.mails(id=id)[0].state == "queued"
    assert operator.site.woken == 2


def test_a_mail_that_failed_is_sent_again_as_it_is(operator: Operator, live: DaemonFixture) -> None:
    id = mail_of(live)
    with live.store.transaction() as unit:
        [mail] = unit.outbox.claim(at(3, 9), by="x", lease=MICROSECOND, limit=1)
        unit.outbox.finish(id, by="x", state="failed", reason=quote("550"), reply="550", attempted=True, now=at(3, 9))
    assert "sent once more to 1 address" in operator.see(f"/outbox/{id}/retry")
    press(operator, f"/outbox/{id}/retry")
    [again] = live.mails(id=id)
    assert (again.state, again.mail) == ("queued", mail.mail)


def test_a_mail_that_has_left_meanwhile_is_not_held_any_more(operator: Operator, live: DaemonFixture) -> None:
    id = mail_of(live)
    form = filled(operator.ask(f"/outbox/{id}/hold").text)
    live.live(at(3, 7))
    answer = operator.send(f"/outbox/{id}/hold", form)
    assert answer.status == 409
    assert "This can no longer be done" in words(answer.text)
    assert live.mails(id=id)[0].state == "sent"
    assert "This can no longer be done" in operator.see(f"/outbox/{id}/hold")


# ---- words


def test_there_are_words_for_every_action() -> None:
    assert set(get_args(ActionName)) == set(ACTIONS)
    for known in WORDS.values():
        assert {
            f"act.{action}"
            for action in (
                *ACTIONS,
                *("accept_several", "return_several", "extend_several", "waive_several", "change_date"),
                *("remind_several", "snooze_several"),
                *("hold", "release", "retry"),
            )
        } <= set(known)


def test_every_refusal_with_a_name_has_words() -> None:
    """And there are no words for names that nothing is refused by."""
    elsewhere = {
        "wrong",
        "overtaken",
    }  # in the error's own words, on the party's page, on a page of its own
    for known in WORDS.values():
        worded = {key.removeprefix("refusal.") for key in known if key.startswith("refusal.")}
        assert worded == set(get_args(RefusalCode)) - elsewhere


# ---- several at once


ALL = "milestone=report"


def hand_in(live: DaemonFixture, *parties: str) -> None:
    for id in parties:
        live.record("received", party=id, deliverables=("plan", "list"), channel="email")


def test_all_that_wait_are_accepted_from_the_board_in_three_clicks(operator: Operator, live: DaemonFixture) -> None:
    """The need leads to a form on which they are ticked; then it is confirmed."""
    hand_in(live, "beta", "gamma", "lead")
    board = operator.ask("/").text
    assert f'href="{do("accept", ALL)}"' in board
    form = operator.ask(do("accept", ALL))
    assert [value for name, value in fields_of(form.text) if name == "party"] == ["lead", "beta", "gamma"]
    done = operator.do(do("accept", ALL), note="complete")
    assert "Entries made in the ledger: 3." in words(done.text)
    accepted = live.facts()[-3:]
    assert [(fact.kind, fact.party, fact.note) for fact in accepted] == [
        ("accepted", id, "complete") for id in ("lead", "beta", "gamma")
    ]
    assert f'href="{do("accept", ALL)}"' not in operator.ask("/").text


def test_only_what_is_ticked_is_returned_with_one_note(operator: Operator, live: DaemonFixture) -> None:
    hand_in(live, "beta", "gamma")
    operator.do(do("return", ALL), party=["gamma"], note="the list is of last year")
    assert [(fact.kind, fact.party) for fact in live.facts()[2:]] == [("returned", "gamma")]


def test_several_get_more_time_at_once(operator: Operator, live: DaemonFixture) -> None:
    operator.do(do("extend", ALL), party=["beta", "gamma"], until="2023-03-27", decision="05-TB/CTĐ")
    assert [(fact.kind, fact.party) for fact in live.facts()] == [("extended", "beta"), ("extended", "gamma")]


def test_only_what_is_ticked_is_waived_and_all_together_in_one_entry(operator: Operator, live: DaemonFixture) -> None:
    operator.do(do("waive", ALL), party=["beta"], reason="merged")
    operator.do(do("waive", ALL), reason="not held")
    assert [(fact.kind, fact.party) for fact in live.facts()] == [("waived", "beta"), ("waived", None)]
    assert {row.state for row in live.rows(None)} <= {"sent", "cancelled", "skipped"}


def test_all_that_still_owe_it_are_reminded_at_once(operator: Operator, live: DaemonFixture) -> None:
    hand_in(live, "gamma")
    page = operator.do(do("remind", ALL), reason="the meeting is moved up")
    assert "Entries made in the ledger: 2." in words(page.text)
    assert [(fact.kind, fact.party) for fact in live.facts()[1:]] == [("reminded", "lead"), ("reminded", "beta")]
    live.live(at(3, 6, 9))
    assert [row.state for row in live.rows(None) if row.name.startswith("remind")] == ["sent", "sent"]


def test_all_that_are_reminded_in_working_hours_are_named_as_mailed_at_once(tmp_path: Path) -> None:
    """Whatever the clock shows meanwhile: what is recorded together has one time."""
    with serve_site(tmp_path, clock=AdvancingClock(at(3, 6, 9), MICROSECOND)) as site:
        site.serve(plan(report(), language="en"))
        site.clock.instant = at(3, 6, 9)
        page = Operator.of(site).fill(do("remind", ALL), reason="the meeting is moved up")
    said = words(page.text)
    assert "Mailed at once 6 March 2023, 09:00 reminder asked for (lead, beta, gamma)" in said
    assert "officer@lead.example officer@beta.example officer@gamma.example" in said


def test_who_is_reminded_in_a_pause_is_named(operator: Operator, live: DaemonFixture) -> None:
    operator.do(do("snooze", BETA), until="2023-03-10", reason="phone call")
    for page in ("/plans/plan/milestones/report/beta", "/plans/plan/milestones/report", "/"):
        assert "reminders paused through 10 March 2023" in operator.see(page)
    assert "the reminders are paused until 10 March 2023" in words(operator.fill(do("remind", BETA), reason="x").text)


def test_that_nobody_is_asked_for_a_copy_any_more_is_told(operator: Operator, live: DaemonFixture) -> None:
    operator.site.serve(plan(report(channels=("paper", "email")), language="en"))
    live.record("received", "beta", channel="email")
    shown = words(operator.fill(do("accept", BETA)).text)
    assert re.search(r"Steps that fall away: 1 \d+ March 2023, 08:00 .*?copy.*? \(beta\)", shown), shown


def test_reminders_of_several_are_paused_until_a_day(operator: Operator, live: DaemonFixture) -> None:
    shown = operator.fill(do("snooze", ALL), party=["beta", "gamma"], until="2023-03-10", reason="phone call")
    assert "No step" not in words(shown.text)
    operator.do(do("snooze", ALL), party=["beta", "gamma"], until="2023-03-10", reason="phone call")
    history = words(operator.see("/plans/plan/milestones/report/beta"))
    assert "Reminders paused" in history
    assert "phone call" in history


@pytest.mark.parametrize(
    ("until", "why"),
    [("", "No day is chosen."), ("2023-03-03", "That day has passed."), ("2099-01-01", "check the year")],
)
def test_a_pause_has_an_end_that_lies_ahead(operator: Operator, live: DaemonFixture, until: str, why: str) -> None:
    page = operator.fill(do("snooze", BETA), until=until, reason="phone call")
    assert (page.status, live.facts()) == (422, [])
    assert why in words(page.text)
    assert "phone call" in page.text


def test_the_next_step_is_left_out_or_another_one(operator: Operator, live: DaemonFixture) -> None:
    operator.do(do("skip", BETA), reason="phone call")
    [fact] = live.facts()
    [row] = [row for row in live.rows() if "left it out" in str(row.reason)]
    assert (fact.kind, row.name) == ("skipped", getattr(fact, "step", ""))
    page = operator.fill(do("skip", BETA), step_id="999999", reason="phone call")
    assert (page.status, len(live.facts())) == (422, 1)


def test_a_note_is_kept_and_nothing_is_mailed(operator: Operator, live: DaemonFixture) -> None:
    mails = len(live.mails())
    operator.do(do("note", BETA), note="telephoned on 22 March")
    assert "telephoned on 22 March" in operator.see("/plans/plan/milestones/report/beta")
    assert (len(live.mails()), [fact.kind for fact in live.facts()]) == (mails, ["noted"])


def test_a_list_that_another_operator_has_changed_is_shown_anew(operator: Operator, live: DaemonFixture) -> None:
    """Nothing of it is recorded, and what was typed is still there."""
    hand_in(live, "beta", "gamma")
    form = filled(operator.ask(do("accept", ALL)).text, note="complete")
    live.record("accepted", party="beta")
    page = operator.send(do("accept", ALL), [*form, ("step", "confirm")])
    assert (page.status, [fact.kind for fact in live.facts()[2:]]) == (409, ["accepted"])
    assert "complete" in page.text
    assert [value for name, value in fields_of(page.text) if name == "party"] == ["gamma"]


@pytest.mark.parametrize("action", ["accept", "return", "extend", "waive", "remind", "snooze"])
def test_nobody_is_nobody(operator: Operator, live: DaemonFixture, action: str) -> None:
    hand_in(live, "beta")
    page = operator.fill(do(action, ALL), party=[], note="x", until="2023-03-27", decision="x", reason="x")
    assert (page.status, len(live.facts())) == (422, 1)
    assert "No party is ticked. What you have typed is still there." in words(page.text)


@pytest.mark.parametrize("action", ["accept", "return"])
def test_a_form_that_fits_nobody_says_so(operator: Operator, action: str) -> None:
    page = operator.ask(do(action, ALL)).text
    assert "There is no party at present to which this applies." in words(page)
    assert "Continue" not in words(page)


def test_one_of_several_that_makes_no_sense_refuses_all(operator: Operator, live: DaemonFixture) -> None:
    hand_in(live, "beta")
    page = operator.fill(do("accept", ALL), party=["beta", "gamma"])
    assert (page.status, len(live.facts())) == (422, 1)


def test_what_is_done_leads_to_the_next_one_that_waits(operator: Operator, live: DaemonFixture) -> None:
    hand_in(live, "beta", "gamma")
    done = operator.do(do("accept", BETA))
    assert "The next one that waits: gamma" in words(done.text)
    assert "The next one" not in operator.see("/plans/plan/milestones/report/beta")
    done = operator.do(do("accept", "milestone=report&party=gamma"))
    assert "The next one" not in words(done.text)


# ---- files


PDF = ("scan.pdf", b"%PDF-1.7 a scan")
RECEIVE = do("receive", BETA)
CAME: dict[str, Any] = {"deliverable": ["plan", "list"], "channel": "paper"}


def attach(operator: Operator, *files: File, path: str = RECEIVE, **typed: str | list[str]) -> Answer:
    """Open a form, fill it in and send it with files, as a browser does."""
    fields = [(name, value) for name, value in filled(operator.ask(path).text, **typed) if name != "files"]
    form: dict[str, list[str]] = {}
    for name, value in fields:
        form.setdefault(name, []).append(value)
    headers = {"Cookie": operator.cookie, "Content_Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return operator.site.ask(path, "POST", body_of(form, files), **headers)


def test_what_came_on_paper_is_attached_as_it_is_recorded(operator: Operator, live: DaemonFixture) -> None:
    """The files are shown before anything is recorded, and can be opened from the history."""
    shown = attach(operator, PDF, ("list.xlsx", zipped("xl/workbook.xml")), **CAME)
    assert "scan.pdf, list.xlsx" in words(shown.text)
    assert live.facts() == []
    operator.confirm(RECEIVE, shown)
    [fact] = live.facts()
    assert isinstance(fact, Received)
    assert fact.files == ("scan.pdf", "list.xlsx")
    page = operator.ask("/plans/plan/milestones/report/beta").text
    [scan] = re.findall(r'href="(/documents/\d+)">scan.pdf', page)
    assert operator.ask(scan).body == PDF[1]


def test_files_stay_while_a_form_is_put_right(operator: Operator, live: DaemonFixture) -> None:
    refused = attach(operator, PDF, deliverable=[], channel="paper")
    assert refused.status == 422
    assert "Uploaded scan.pdf" in words(refused.text)
    edited = operator.send(RECEIVE, filled(refused.text, step="edit", **CAME))
    assert "Uploaded scan.pdf" in words(edited.text)
    done = operator.confirm(RECEIVE, operator.send(RECEIVE, filled(refused.text, **CAME)))
    assert done.status == 303
    assert [getattr(fact, "files", ()) for fact in live.facts()] == [("scan.pdf",)]


def test_a_file_that_was_attached_by_mistake_is_left_out(operator: Operator, live: DaemonFixture) -> None:
    refused = attach(operator, PDF, ("list.xlsx", zipped("xl/workbook.xml")), deliverable=[], channel="paper")
    [wrong, _] = re.findall(r'name="leave_out" value="(\w+)"', refused.text)
    operator.confirm(RECEIVE, operator.send(RECEIVE, filled(refused.text, leave_out=wrong, **CAME)))
    assert [getattr(fact, "files", ()) for fact in live.facts()] == [("list.xlsx",)]


def test_a_form_that_takes_no_files_keeps_none(operator: Operator, live: DaemonFixture, site: ServedSite) -> None:
    path = do("note", BETA)
    operator.confirm(path, attach(operator, PDF, path=path, note="telephoned"))
    with live.store.reading() as view:
        assert view.documents.of([live.facts()[0].id]) == []


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("tool.pdf", b"MZ\x90 a program", "tool.pdf is not of a kind that is kept"),
        ("empty.pdf", b"", "empty.pdf is empty"),
        ("big.pdf", b"%PDF-" + bytes(FILE_SIZE), "big.pdf"),
    ],
)
def test_a_file_that_is_not_kept_is_named_and_nothing_is_lost(
    operator: Operator, live: DaemonFixture, name: str, data: bytes, why: str
) -> None:
    page = attach(operator, (name, data), note="by courier", **CAME)
    assert (page.status, live.facts()) == (422, [])
    assert name in words(page.text), why
    assert "by courier" in page.text


def test_files_of_somebody_else_cannot_be_named(operator: Operator, live: DaemonFixture) -> None:
    """What a form says about its files is sealed."""
    shown = attach(operator, PDF, **CAME)
    fields = [(name, value.replace("scan", "other") if name == "sent" else value) for name, value in filled(shown.text)]
    assert operator.send(RECEIVE, [*fields, ("step", "confirm")]).status == 403
    assert live.facts() == []


def test_files_that_were_cleared_away_are_asked_for_again(
    operator: Operator, live: DaemonFixture, site: ServedSite
) -> None:
    shown = attach(operator, PDF, **CAME)
    for file in site.running.settings.resolve("var/documents/incoming").glob("*"):
        file.unlink()
    page = operator.send(RECEIVE, filled(shown.text, step="confirm"))
    assert (page.status, live.facts()) == (422, [])
    assert "files" in words(page.text)


def test_evidence_for_a_target_is_attached(operator: Operator, live: DaemonFixture, site: ServedSite) -> None:
    goal = Indicator(id="good", title="Good", target=">= 1", measure=Measure(manual=True))
    site.serve(replace(live.plan, indicators=(goal,)))
    path = "/plans/plan/do/count?indicator=good"
    operator.confirm(path, attach(operator, PDF, path=path, value="3"))
    assert [getattr(fact, "files", ()) for fact in live.facts()] == [("scan.pdf",)]


def test_no_file_is_taken_without_a_session(site: ServedSite, live: DaemonFixture) -> None:
    stranger = Operator(site, "")
    headers = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = stranger.site.ask(RECEIVE, "POST", body_of({"form": "x"}, [PDF]), **headers)
    assert (answer.status, live.facts()) == (401, [])


# ---- several mails at once


def ticked(page: str) -> list[str]:
    return re.findall(r'<input type="checkbox" name="mail" value="(\d+)"', page)


def change_all(operator: Operator, change: str, *mails: str) -> Answer:
    """Tick mails, choose what is to be done, and confirm."""
    token = [pair for pair in filled(operator.ask(do("note", BETA)).text) if pair[0] == "form"]
    path = f"/outbox/all/{change}"
    page = operator.send(path, [*token, *(("mail", id) for id in mails)])
    return page if page.status != 200 else operator.send(path, filled(page.text, step="confirm"))


def test_several_mails_are_held_and_released_together(operator: Operator, live: DaemonFixture) -> None:
    """Only the ticked ones, and only after a confirmation that lists them."""
    live.record("received", "gamma", channel="email")
    mail_of(live)
    waiting = ticked(operator.ask("/outbox?state=queued").text)
    assert len(waiting) > 1
    answer = change_all(operator, "hold", waiting[0])
    assert answer.headers["Location"].startswith("/outbox?changed=1.")
    assert "Done with mails" not in operator.see("/outbox?changed=1.forged")
    assert "Done with mails: 1." in operator.see(answer.headers["Location"])
    assert ticked(operator.ask("/outbox?state=held").text) == waiting[:1]
    assert change_all(operator, "release", *waiting).status == 303
    assert ticked(operator.ask("/outbox?state=held").text) == []


def test_what_can_no_longer_be_done_with_a_mail_is_left_out(operator: Operator, live: DaemonFixture) -> None:
    waiting = str(mail_of(live))
    live.live(at(3, 7))
    answer = change_all(operator, "hold", waiting, "999999")
    assert (answer.status, "Nothing was changed." in words(answer.text)) == (409, True)
    assert operator.ask("/outbox/all/burn").status == 404
    assert change_all(operator, "hold", "1; drop").status == 400
