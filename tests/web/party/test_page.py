"""A party's page: whoever has its address sees the party's tasks, nobody else's, and can answer."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.plan.commands import Extend
from scheduler.plan.dates.date_forms import By, On, Window
from scheduler.plan.facts import DEFINITION, MAILBOX, Actor, Declared, Fact, FactKind
from scheduler.plan.model import Deliverable, Office
from scheduler.ports import Store, UnitOfWork
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute
from scheduler.store import open_store
from scheduler.tokens import make_token
from tests.support.daemon_fixture import COMPOSER, plan, report
from tests.support.facts import make_fact, record
from tests.support.page_words import WORDS
from tests.support.party_client import (
    PDF,
    declare,
    documents,
    facts,
    hidden,
    on_disk,
    open_form,
    path_of,
    upload,
)
from tests.support.plan_builders import PARTIES, at, deadline, event, party
from tests.support.served_site import ServedSite, serve_site
from tests.support.web_client import sign_in

DOCUMENTS = (Deliverable(id="plan", title="The plan"), Deliverable(id="list", title="The list"))
OFFICE = Office(name="The Office", contact="Ms Hoa", phone="0239 000", email="hoa@lead.example", address="14 Main St")


@pytest.fixture(autouse=True)
def _in_force(site: ServedSite) -> None:
    site.serve(
        plan(
            report(deliverables=DOCUMENTS, report_to=("lead",), quote="Send it by the 17th", section="3.1"),
            deadline(By(date(2023, 4, 14)), "survey", responsible=("gamma",), title="A survey of gamma"),
            event(On(date(2023, 6, 8), date(2023, 6, 8)), title="The meeting"),
            event(
                Window(date(2023, 9, 1), date(2023, 9, 9), "early in September"), "autumn", title="The autumn meeting"
            ),
            office=OFFICE,
            language="en",
        )
    )


def record_fact(
    site: ServedSite, kind: FactKind, who: str | None = "beta", milestone: str | None = "report", **details: Any
) -> Fact:
    """Let the office record something."""
    now = site.clock.now()
    values: dict[str, Any] = {"plan": "plan", "happened_at": now, "recorded_at": now, "by": "secretary@lead.example"}
    fact = make_fact(kind, party=who, milestone=milestone, **(values | details))
    services = ServiceContext(store=site.running.store, composer=COMPOSER)
    return record(services, site.definitions[0], fact, notify=False).fact


def words_of(site: ServedSite, path: str) -> str:
    """Return what a page says, without its marks."""
    answer = site.ask(path)
    assert answer.status == 200
    text = html.unescape(re.sub(r"<[^>]*>", " ", answer.text.partition("<main")[2]))
    return " ".join(text.split())


# ---- what it shows


def test_the_page_shows_each_task_with_how_it_stands_and_when_it_is_due(site: ServedSite) -> None:
    words = words_of(site, path_of(site, milestone=""))
    assert "Tasks of Beta" in words
    assert "Report Not submitted yet Deadline: by the end of Friday, 17 March 2023" in words
    assert "To hand in: The plan and The list." in words
    assert "The meeting Date fixed No reply yet Time: Thursday, 8 June 2023 Reply to the invitation" in words
    assert "The autumn meeting Tentative Time: early in September" in words
    assert "Whom to ask: Ms Hoa, telephone 0239 000" in words


def test_that_a_time_is_tentative_is_said_once(site: ServedSite) -> None:
    """The words of the plan may say it, too."""
    window = Window(date(2023, 9, 1), date(2023, 9, 9), "Dự kiến đầu tháng 9")
    site.serve(plan(event(window, "autumn", title="Hội nghị"), office=OFFICE, language="vi"))
    assert "Hội nghị Dự kiến Thời gian: đầu tháng 9" in words_of(site, path_of(site, milestone=""))
    assert "Thời gian đầu tháng 9" in words_of(site, path_of(site, milestone="autumn"))


def test_nothing_of_another_party_is_on_it(site: ServedSite) -> None:
    record_fact(site, "received", "gamma")
    record_fact(site, "returned", "gamma", note="gamma forgot to sign")
    for milestone in ("", "report"):
        words = words_of(site, path_of(site, milestone=milestone)).casefold()
        assert "gamma" not in words


def test_a_task_shows_what_arrived_when_how_and_by_whom_only_by_role(site: ServedSite) -> None:
    record_fact(site, "received", deliverables=("plan",), channel="paper", note="for us only")
    site.clock.instant = at(2, 3)
    record_fact(site, "returned", missing=("plan",), note="not signed")
    words = words_of(site, path_of(site))
    assert "the office Documents received (on paper)" in words
    assert "Returned for completion Remarks: not signed" in words
    assert "Returned on 3 February 2023 to be completed: The plan." in words
    assert "The plan (to be completed and sent again)" in words
    assert "The list (still missing)" in words
    assert "Send it by the 17th" in words
    assert "secretary" not in words
    assert "for us only" not in words


def test_what_is_accepted_has_no_form_and_what_is_returned_has_one_again(site: ServedSite) -> None:
    """What is complete and not accepted yet can be replaced."""
    record_fact(site, "received")
    page = site.ask(path_of(site)).text.partition(WORDS["en"]["own.disown"])[0]
    assert (page.count("<form"), WORDS["en"]["own.replace_summary"] in page) == (1, True)
    record_fact(site, "accepted")
    assert "<form" not in site.ask(path_of(site)).text.partition(WORDS["en"]["own.disown"])[0]
    record_fact(site, "returned")
    assert hidden(site.ask(path_of(site)).text, "send")


def test_what_is_returned_after_its_last_day_is_asked_for_without_a_day_that_has_passed(site: ServedSite) -> None:
    record_fact(site, "received")
    record_fact(site, "returned")
    site.clock.instant = at(3, 20)
    words = words_of(site, path_of(site))
    assert "To be completed late Returned on" in words


def test_a_copy_on_paper_that_is_still_expected_is_asked_for(site: ServedSite) -> None:
    site.serve(plan(report(channels=("paper", "email")), office=OFFICE, language="en"))
    assert upload(site, ("a.pdf", PDF)).status == 303
    words = words_of(site, path_of(site))
    asked = WORDS["en"]["own.copy_too"].format(what="on paper")
    goes_to = WORDS["en"]["own.copy_goes_to"].format(what="on paper", place="The Office, 14 Main St")
    assert f"{asked} {goes_to}" in words
    assert WORDS["en"]["own.copy_here"] not in words


def test_an_electronic_copy_of_what_came_on_paper_can_be_sent_on_the_page(site: ServedSite) -> None:
    """It is recorded beside the paper, and nothing is asked for any more."""
    site.serve(plan(report(channels=("paper", "email")), office=OFFICE, language="en"))
    record_fact(site, "received", channel="paper")
    words = words_of(site, path_of(site))
    assert WORDS["en"]["own.copy_too"].format(what="by e-mail") in words
    assert WORDS["en"]["own.copy_here"] in words
    assert WORDS["en"]["own.send_copy_how"] in words
    assert upload(site, ("a.pdf", PDF)).status == 303
    words = words_of(site, path_of(site))
    assert WORDS["en"]["own.copy_here"] not in words
    assert "Submitted, waiting for acceptance" in words


def test_a_page_is_in_the_language_of_its_plan(site: ServedSite) -> None:
    site.serve(plan())
    page = site.ask(path_of(site)).text
    assert '<html lang="vi">' in page
    assert WORDS["vi"]["own.send"] in page


def test_a_party_of_two_plans_sees_both(site: ServedSite) -> None:
    first = plan(language="en", title="One plan")
    site.serve(first, replace(first, id="plan-b", title="Another plan", digest=""))
    words = words_of(site, path_of(site, milestone=""))
    assert "One plan" in words
    assert "Another plan" in words


def test_looking_changes_nothing(site: ServedSite) -> None:
    for method in ("GET", "HEAD"):
        for milestone in ("", "report", "meeting"):
            assert site.ask(path_of(site, milestone=milestone), method).status == 200
    assert facts(site) == []
    assert site.woken == 0


# ---- who may come in


WRONG = {
    "of nobody": "A" * 22,
    "truncated": lambda token: token[:-1],
    "with something after it": lambda token: token + "x",
    "over-long": "x" * 4000,
    "of a feed": lambda token: make_token(b"another", "feed", "beta", 1),
    "in other letters": "%C3%A9" * 22,
    "none": "%00",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_address_that_was_never_given_shows_and_changes_nothing(site: ServedSite, wrong: Any) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="paper")
    token = path_of(site).split("/")[2]
    other = wrong(token) if callable(wrong) else wrong
    for below in ("", "/plan/report"):
        answer = site.ask(f"/p/{other}{below}")
        assert answer.status == 404
        assert "Beta" not in answer.text
    posted = site.send(f"/p/{other}/plan/report", form)
    assert posted.status == 404
    assert facts(site) == []


def test_a_revoked_address_says_that_it_is_over_and_takes_nothing(site: ServedSite) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="paper")
    with site.running.store.transaction() as unit:
        unit.pages.revoke("beta", now=site.clock.now())
    assert site.ask(path_of(site)).status == 410
    assert WORDS["en"]["error.gone"] in site.ask(path_of(site, milestone="")).text
    assert site.send(path_of(site), form).status == 410
    assert upload(site, ("a.pdf", PDF), form=form).status == 410
    assert site.send(path_of(site, generation=2), form).status == 403  # the form was given at the old address
    assert site.ask(path_of(site, generation=2)).status == 200
    assert site.ask(path_of(site, generation=3)).status == 404
    assert facts(site) == []


def test_an_address_from_before_a_party_got_another_id_stays_good_until_it_is_revoked(site: ServedSite) -> None:
    """It stands in mails that have left."""
    known, before = site.definitions[0].plan, path_of(site, milestone="")
    school = replace(known.parties["beta"], id="school", was=("beta",))
    parties = {id: one for id, one in known.parties.items() if id != "beta"} | {"school": school}
    members = replace(known.groups["members"], parties=("lead", "school", "gamma"))
    site.serve(replace(known, parties=parties, groups={**known.groups, "members": members}))
    now = f"/p/{make_token(site.running.container.secret, 'page', 'school', 1)}"
    assert [site.ask(path).status for path in (before, now)] == [200, 200]
    with site.running.store.transaction() as unit:
        unit.pages.revoke("school", now=site.clock.now())
    assert [site.ask(path).status for path in (before, now)] == [410, 410]


def test_a_link_that_names_a_former_id_of_the_task_leads_to_it(site: ServedSite) -> None:
    known = site.definitions[0].plan
    renamed = replace(known.milestones[0], id="final", was=("report",))
    site.serve(replace(known, milestones=(renamed, *known.milestones[1:])))
    assert site.ask(path_of(site)).status == 200


def test_a_link_that_was_cut_leads_back_to_the_mail_and_not_to_where_operators_sign_in(site: ServedSite) -> None:
    answer = site.ask(path_of(site, milestone="")[:-3])
    assert answer.status == 404
    assert WORDS["en"]["error.page_not_found"] in answer.text
    assert 'href="/"' not in answer.text


def test_a_revoked_address_names_whom_to_ask_and_one_that_never_was_does_not(site: ServedSite) -> None:
    with site.running.store.transaction() as unit:
        unit.pages.revoke("beta", now=site.clock.now())
    gone, wrong = site.ask(path_of(site)).text, site.ask("/p/nothing").text
    assert "Ms Hoa" in gone
    assert "mailto:hoa@lead.example" in gone
    assert "Hoa" not in wrong


def test_a_form_of_another_party_is_refused(site: ServedSite) -> None:
    form = open_form(site, "declare", path_of(site, "gamma"), sent_on="2023-02-01", channel="paper")
    assert site.send(path_of(site), form).status == 403
    assert facts(site) == []


@pytest.mark.parametrize("headers", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_form_from_another_site_is_refused(site: ServedSite, headers: dict[str, str]) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="paper")
    assert site.send(path_of(site), form, **headers).status == 403
    assert facts(site) == []


def test_a_task_that_the_party_has_no_part_in_is_not_there(site: ServedSite) -> None:
    for milestone in ("survey", "nothing", "report@2023-01-01"):
        assert site.ask(path_of(site, milestone=milestone)).status == 404
    assert site.ask(path_of(site).replace("/plan/", "/another/")).status == 404


def test_who_only_receives_documents_has_no_page(site: ServedSite) -> None:
    site.serve(plan(parties=(*PARTIES, party("academy", external=True), party("silent", contacts=()))))
    for id in ("academy", "silent"):
        assert site.ask(path_of(site, id, "")).status == 404


def test_ninety_days_after_the_last_date_the_page_is_over(site: ServedSite) -> None:
    """Contract rule 11."""
    site.serve(plan(report()))
    site.clock.instant = at(6, 15, 12)
    assert site.ask(path_of(site, milestone="")).status == 200
    site.clock.instant += timedelta(days=1)
    assert site.ask(path_of(site, milestone="")).status == 410


def test_the_page_cannot_be_changed_in_other_ways(site: ServedSite) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert site.ask(path_of(site), method).status == 405


# ---- we have sent it


def test_a_declaration_is_recorded_unverified_and_shown(site: ServedSite) -> None:
    site.clock.instant = at(2, 3, 10)
    answer = declare(site, sent_on="2023-02-02", channel="paper", note="by post,\nnumber 7")
    assert answer.status == 303
    assert answer.headers["Location"].startswith(f"{path_of(site)}?done=declare.")
    [fact] = facts(site)
    assert isinstance(fact, Declared)
    assert (fact.channel, fact.note, fact.by) == ("paper", "by post,\nnumber 7", Actor("party", "Lan"))
    assert (fact.happened_at, fact.recorded_at) == (at(2, 2, 12), at(2, 3, 10))
    words = words_of(site, answer.headers["Location"])
    assert WORDS["en"]["own.done_declare"] in words
    assert "Said to be sent, not confirmed yet" in words
    assert "your party (Lan) Said to be sent (on paper), sent 2 February 2023" in words
    assert site.woken == 1


def test_what_came_by_a_mail_of_the_party_is_told_as_its_own(site: ServedSite) -> None:
    record_fact(site, "received", channel="email", by=MAILBOX)
    assert "your party Documents sent (by e-mail)" in words_of(site, path_of(site))


def test_the_receipt_goes_to_the_registered_officers_and_the_lead_is_asked(site: ServedSite) -> None:
    """Whatever address somebody typed (contract rule 17)."""
    declare(site, note="answer to me@evil.example", who="me@evil.example")
    assert site.notices == [("receipt", "beta"), ("notice", "beta")]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"sent_on": "2023-02-30"}, "no_day"),
        ({"sent_on": ""}, "no_day"),
        ({"sent_on": "2023-02-02"}, "day_to_come"),
        ({"sent_on": "0001-01-01"}, "day_far"),
        ({"sent_on": "2020-12-31"}, "day_far"),
        ({"channel": "pigeon"}, "no_channel"),
        ({"channel": "web"}, "no_channel"),
        ({"who": " \u200b "}, "no_name"),
        ({"who": "x" * 121}, "too_long"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(site: ServedSite, typed: dict[str, str], word: str) -> None:
    answer = declare(site, **{"note": "my <b>long</b> note", **typed})
    assert answer.status == 422
    assert html.escape(WORDS["en"][f"trouble.{word}"].format(name=120)) in answer.text
    assert "my &lt;b&gt;long&lt;/b&gt; note</textarea>" in answer.text
    assert facts(site) == []


def test_a_note_keeps_its_lines_and_is_never_cut(site: ServedSite) -> None:
    long = "one\n\ntwo " + "x" * 1000 + " end"
    refused = declare(site, note=long.replace("\n", "\r\n"))
    assert refused.status == 422
    assert f"{long}</textarea>" in refused.text
    assert declare(site, note="one\r\n\r\ntwo \u202ethree").status == 303
    assert [fact.note for fact in facts(site)] == ["one\n\ntwo three"]


def test_what_was_done_cannot_be_claimed_by_an_address(site: ServedSite) -> None:
    place = str(declare(site).headers["Location"])
    said = WORDS["en"]["own.done_declare"]
    assert said in site.ask(place).text
    other = path_of(site, "gamma")
    claims = (
        f"{path_of(site)}?done=declare",
        f"{path_of(site)}?done=declare.AAAA",
        place.replace("declare.", "send."),
    )
    for claim in (*claims, place.replace(path_of(site), other), f"{path_of(site)}?done=%C3%A9.%00"):
        answer = site.ask(claim)
        assert answer.status == 200
        assert said not in answer.text


def test_sent_twice_a_form_is_recorded_once(site: ServedSite) -> None:
    """A double click, a reload, the way back in the browser."""
    form = open_form(site, "declare", sent_on="2023-02-01", channel="paper")
    first, second = site.send(path_of(site), form), site.send(path_of(site), form)
    assert (first.status, second.status) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(facts(site)) == 1


def test_a_form_posted_after_the_task_changed_says_what_and_loses_no_text(site: ServedSite) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="email", note="a long text")
    record_fact(site, "extended", form=By(date(2023, 3, 31)))
    answer = site.send(path_of(site), form)
    assert answer.status == 409
    assert WORDS["en"]["own.changed"] in answer.text
    assert "Deadline extended, by 31 March 2023" in answer.text
    assert "a long text</textarea>" in answer.text
    assert 'value="email" required checked' in answer.text
    assert len(facts(site)) == 1
    again = hidden(answer.text, "declare") | {key: form[key] for key in ("who", "note", "sent_on", "channel")}
    assert site.send(path_of(site), again).status == 303


def test_a_form_posted_after_the_plan_changed_says_so(site: ServedSite) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="email", note="a long text")
    site.serve(plan(report(deliverables=DOCUMENTS[:1]), language="en"))
    answer = site.send(path_of(site), form)
    assert answer.status == 409
    assert "a long text" in answer.text


def test_a_form_posted_after_the_documents_came_shows_the_text_that_has_no_form_any_more(site: ServedSite) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="email", note="a long text")
    record_fact(site, "received", channel="paper")
    answer = site.send(path_of(site), form)
    assert answer.status == 409
    assert "Documents received" in answer.text
    assert "<blockquote>a long text</blockquote>" in answer.text


@pytest.mark.parametrize("act", ["declare", "send", "disown"])
def test_a_form_posted_after_the_task_left_the_plan_says_so_and_gives_the_text_back(site: ServedSite, act: str) -> None:
    form = open_form(site, act, note="so & so")
    site.serve(plan(replace(report(), id="another"), language="en"))
    late = upload(site, ("a.pdf", PDF), form=form) if act == "send" else site.send(path_of(site), form)
    assert late.status == 409
    assert "what this form was about is no longer in it" in late.text
    assert "<blockquote>so &amp; so</blockquote>" in late.text
    assert f'href="{path_of(site, milestone="")}"' in late.text
    assert {fact.by for fact in facts(site)} == {DEFINITION}
    assert on_disk(site) == []


def test_a_form_posted_after_its_address_was_replaced_gives_the_text_back(site: ServedSite) -> None:
    form = open_form(site, "disown", note="a long text")
    with site.running.store.transaction() as unit:
        unit.pages.revoke("beta", now=site.clock.now())
    late = site.send(path_of(site), form)
    assert late.status == 410
    assert WORDS["en"]["error.gone"] in late.text
    assert "<blockquote>a long text</blockquote>" in late.text


@dataclass
class SpyStore:
    """A record to which somebody else writes just before us."""

    store: Store
    first: Callable[[], object] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Let the other one go first."""
        first, self.first = self.first, None
        if first is not None:
            first()
        return self.store.transaction()


def test_what_changes_between_the_look_and_the_record_is_noticed_too(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    (folder / "var").mkdir(parents=True)
    with closing(open_store(f"sqlite:///{folder / 'var' / 'hanchot.db'}")) as real:
        store = SpyStore(real)
        with serve_site(folder, store=store) as site:
            site.serve(plan(report(), language="en"))
            form = open_form(site, "declare", sent_on="2023-02-01", channel="paper", note="kept")
            services = ServiceContext(store=real, composer=COMPOSER)
            extend = Extend(at=site.clock.now(), milestone="report", party="beta", until=date(2023, 3, 31))
            store.first = lambda: execute(services, site.definitions[0], [extend])
            answer = site.send(path_of(site), form)
            assert answer.status == 409
            assert "kept</textarea>" in answer.text
            assert [fact.kind for fact in facts(site) if fact.by != DEFINITION] == ["extended"]


def test_what_changes_for_another_party_does_not_disturb_a_form(site: ServedSite) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="paper")
    record_fact(site, "withdrawn", None, None, target=record_fact(site, "received", "gamma").id)
    assert site.send(path_of(site), form).status == 303


@pytest.mark.parametrize("once", ["", "a\x00b", "\u202e", "x" * 61])
def test_a_form_without_its_word_is_refused(site: ServedSite, once: str) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="paper") | {"once": once}
    assert site.send(path_of(site), form).status == 403
    assert facts(site) == []


def test_other_methods_are_told_which_there_are(site: ServedSite) -> None:
    for milestone in ("", "report"):
        answer = site.ask(path_of(site, milestone=milestone), "PUT")
        assert answer.status == 405
        assert {method.strip() for method in str(answer.headers["Allow"]).split(",")} == {"GET", "HEAD", "POST"}


def test_an_act_that_is_none_is_refused(site: ServedSite) -> None:
    form = open_form(site, "declare", sent_on="2023-02-01", channel="paper") | {"act": "accept"}
    assert site.send(path_of(site), form).status == 403
    assert facts(site) == []


def test_of_an_event_nothing_is_handed_in(site: ServedSite) -> None:
    path = path_of(site, milestone="meeting")
    form = open_form(site, "disown", path) | {"act": "declare", "sent_on": "2023-02-01", "channel": "paper"}
    assert site.send(path, form).status == 403
    assert facts(site) == []


def test_a_party_that_says_too_much_has_to_wait(site: ServedSite) -> None:
    answers = [declare(site, sent_on="").status for _ in range(31)]
    assert answers == [422] * 30 + [429]
    assert site.ask(path_of(site)).status == 200
    assert declare(site, path_of(site, "gamma")).status == 303
    site.clock.instant += timedelta(hours=1)
    assert declare(site).status == 303


# ---- the reply to an invitation


def reply(site: ServedSite, **typed: str) -> int:
    """Let beta reply to the invitation to the meeting on its page; return the status."""
    path = path_of(site, milestone="meeting")
    return site.send(path, open_form(site, "reply", path, **typed)).status


def test_a_party_says_on_its_page_whether_it_comes(site: ServedSite) -> None:
    """It is written down, nobody gets a mail; the later reply holds."""
    path = path_of(site, milestone="meeting")
    assert "Your reply: No reply yet" in words_of(site, path)
    assert reply(site, reply="accepted", people="4", note="two of us by train") == 303
    assert "Your reply: Will attend , 4 people" in words_of(site, path)
    assert "your party (Lan) Reply to the invitation: Will attend , 4 people" in words_of(site, path)
    assert reply(site, reply="declined", deputy="Nam") == 303
    assert "Your reply: Will not attend" in words_of(site, path)
    said = [(fact.kind, fact.by, fact.note) for fact in facts(site)]
    lan = Actor("party", "Lan")
    assert said == [("replied", lan, "two of us by train"), ("replied", lan, "")]
    assert site.notices == []


def test_a_reply_for_another_day_is_said_to_hold_no_longer(site: ServedSite) -> None:
    path = path_of(site, milestone="meeting")
    reply(site, reply="accepted", people="4")
    record_fact(site, "date_fixed", None, "meeting", form=On(date(2023, 6, 15), date(2023, 6, 15)))
    assert "your earlier reply (Will attend) no longer holds" in words_of(site, path)
    reply(site, reply="declined")
    assert "no longer holds" not in words_of(site, path)


def test_an_event_that_does_not_take_place_is_called_so(site: ServedSite) -> None:
    record_fact(site, "waived", None, "meeting", reason="the hall is closed")
    listed, shown = (words_of(site, path_of(site, milestone=milestone)) for milestone in ("", "meeting"))
    assert "Done The meeting Called off Time: Thursday, 8 June 2023" in listed
    assert "<s>Thursday, 8 June 2023</s>" in site.ask(path_of(site, milestone="meeting")).text
    assert "the office Called off Reason: the hall is closed" in shown


def test_what_a_contact_replied_by_mail_was_said_by_the_party(site: ServedSite) -> None:
    record_fact(
        site,
        "replied",
        milestone="meeting",
        reply="tentative",
        address="officer@beta.example",
        note="perhaps",
        by=MAILBOX,
    )
    words = words_of(site, path_of(site, milestone="meeting"))
    assert "your party (officer@beta.example) Reply to the invitation: Not sure yet" in words
    assert "perhaps" in words


def test_a_deputy_comes_where_the_plan_lets_one(site: ServedSite) -> None:
    assert reply(site, reply="delegated", deputy="Nam") == 422
    june = On(date(2023, 6, 8), date(2023, 6, 8))
    site.serve(plan(event(june, title="The meeting", deputy="A vice head"), office=OFFICE, language="en"))
    assert reply(site, reply="delegated") == 422  # whoever comes has a name
    assert reply(site, reply="delegated", deputy="Mr Nam") == 303
    words = words_of(site, path_of(site, milestone="meeting"))
    assert "Your reply: Sends a deputy (Mr Nam)" in words
    assert "Sends a deputy: A vice head" in words


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({}, "no_reply"),
        ({"reply": "maybe"}, "no_reply"),
        ({"reply": "accepted", "people": "0"}, "no_people"),
        ({"reply": "accepted", "people": "1001"}, "no_people"),
        ({"reply": "accepted", "people": "²"}, "no_people"),
        ({"reply": "accepted", "people": "9" * 5000}, "no_people"),
        ({"reply": "accepted", "who": ""}, "no_name"),
        ({"reply": "declined", "people": "4"}, "absent_people"),
    ],
)
def test_what_is_wrong_with_a_reply_is_said(site: ServedSite, typed: dict[str, str], code: str) -> None:
    path = path_of(site, milestone="meeting")
    answer = site.send(path, open_form(site, "reply", path, **typed))
    assert answer.status == 422
    assert WORDS["en"][f"trouble.{code}"] in html.unescape(answer.text)
    assert facts(site) == []


def test_what_is_no_event_or_is_over_or_has_no_day_takes_no_reply(site: ServedSite) -> None:
    meeting = path_of(site, milestone="meeting")
    form = open_form(site, "reply", meeting, reply="accepted")
    assert site.send(path_of(site), open_form(site, "disown") | {"act": "reply", "reply": "accepted"}).status == 403
    assert WORDS["en"]["own.reply_open"] not in site.ask(path_of(site, milestone="autumn")).text
    site.clock.instant = at(6, 9)
    assert site.send(meeting, form).status == 403
    assert facts(site) == []


# ---- not our task


def test_not_our_task_goes_to_the_lead_and_changes_nothing_else(site: ServedSite) -> None:
    form = open_form(site, "disown", note="it is gamma's")
    answer = site.send(path_of(site), form)
    assert answer.status == 303
    assert answer.headers["Location"].startswith(f"{path_of(site)}?done=disown.")
    [fact] = facts(site)
    assert (fact.kind, fact.note, fact.by) == ("disowned", "it is gamma's", Actor("party", "Lan"))
    assert site.notices == [("notice", "beta")]
    words = words_of(site, path_of(site))
    assert "Not submitted yet" in words
    assert "it is gamma's" in words


def test_who_is_only_invited_can_say_so_too(site: ServedSite) -> None:
    path = path_of(site, milestone="meeting")
    assert site.send(path, open_form(site, "disown", path, note="wrong person")).status == 303
    assert facts(site)[0].milestone == "meeting"


def test_without_a_reason_it_is_not_taken(site: ServedSite) -> None:
    assert site.send(path_of(site), open_form(site, "disown")).status == 422


def test_it_can_be_said_five_times_an_hour(site: ServedSite) -> None:
    answers = [site.send(path_of(site), open_form(site, "disown", note=f"{n}")).status for n in range(6)]
    assert answers == [303] * 5 + [429]


# ---- names that play tricks


HOSTILE = '<script>alert("1")</script>\u202egnp.exe' + "x" * 300


def test_hostile_names_are_shown_as_text(site: ServedSite) -> None:
    named = replace(PARTIES[1], name=HOSTILE)
    site.serve(plan(report(title=HOSTILE, quote=HOSTILE), parties=(PARTIES[0], named, PARTIES[2])))
    declare(site, note=HOSTILE, who=HOSTILE[:100])
    for milestone in ("", "report"):
        page = site.ask(path_of(site, milestone=milestone)).text
        assert "<script" not in page
    assert "\u202e" not in facts(site)[0].note


def test_the_page_of_a_party_opens_nothing_of_the_operators(site: ServedSite) -> None:
    """And a signed-in operator gets no further by it."""
    for path in ("/", "/documents/1"):
        assert site.ask(path).status == 303
    cookie = sign_in(site)
    assert site.ask("/documents/1", Cookie=cookie).status == 404
    assert documents(site) == []
