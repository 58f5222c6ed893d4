"""Received mails: what each says and may answer, safely shown; one person decides, once, and everybody sees it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote

import pytest

from scheduler.inbox.mail_reader import MailReader
from scheduler.plan.answers.received_mail import AuthenticationState
from scheduler.plan.answers.tokens import invitation_token
from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.facts import Declared, Received, drop_withdrawn
from scheduler.plan.model import Deliverable
from scheduler.ports import Document, InboxDecision, InboxRow, InboxState
from tests.support.daemon_fixture import FRIDAY, plan, report
from tests.support.incoming_mail import MAILBOX, SECRET, AnsweredDaemon, answer, read_mailbox
from tests.support.operator_client import Fields, Operator, words
from tests.support.page_words import WORDS
from tests.support.plan_builders import at, deadline, event
from tests.support.received_mails import (
    PDF,
    SERVER,
    File,
    Letter,
    authenticated,
    calendar_text,
    exchange_out_of_office,
    outlook_calendar_reply,
)
from tests.support.served_site import Answer, ServedSite, serve_site
from tests.support.web_client import OPERATOR, sign_in

DOCUMENTS = (Deliverable(id="plan", title="Kế hoạch kiểm tra"), Deliverable(id="form", title="Biểu mẫu đăng ký"))
UNPROVEN: dict[str, Any] = {"results": ()}
EXE = b"MZ\x90\x00" + bytes(60)
DECISION = re.compile(r'<form method="post".*?</form>', re.DOTALL)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """Serve a site that knows its mail server."""
    with serve_site(tmp_path, mail=f'[inbox]\nauthserv_id = "{SERVER}"') as site:
        yield site


@pytest.fixture
def live(site: ServedSite, tmp_path: Path) -> AnsweredDaemon:
    """Return the site's daemon on the day of the first reminder; beta is to send a report and a summary."""
    site.serve(
        plan(
            report(title="Báo cáo sơ kết"),
            deadline(By(FRIDAY), id="summary", title="Đăng ký thi đua", deliverables=DOCUMENTS),
            language="en",
        )
    )
    found = read_mailbox(site, tmp_path)
    found.live(at(3, 3))
    return found


@pytest.fixture
def operator(site: ServedSite, live: AnsweredDaemon) -> Operator:
    return Operator.of(site)


def unproven(live: AnsweredDaemon, **details: Any) -> int:
    """Receive a mail that waits because its sender is not proven; return its id."""
    row = live.receive(answer(live, **(UNPROVEN | {"subject": "Báo cáo sơ kết", "in_reply_to": ""} | details)))
    assert row.state == "review"
    return row.id


def certain(live: AnsweredDaemon, **details: Any) -> InboxRow:
    """Receive an answer to the reminder of the report, which is recorded at once."""
    [reminder] = live.mails(milestone="report", party="beta")
    row = live.receive(answer(live, in_reply_to=reminder.mail.message_id, **details))
    assert row.state == "received"
    return row


def forms(page: str) -> list[str]:
    """Return the forms of a page by which something is decided."""
    return [form for form in DECISION.findall(page) if 'name="decision"' in form]


def fields(form: str, **typed: str) -> Fields:
    """Return what a form sends when its button is pressed."""
    found = [
        (name, html.unescape(value))
        for name, value in re.findall(r'<input type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]*)"', form)
    ]
    decision = re.findall(r'name="decision" value="([^"]+)"', form)[0]
    return [*((name, value) for name, value in found if name not in typed), ("decision", decision), *typed.items()]


def press(operator: Operator, id: int, button: str, **typed: str) -> Answer:
    """Open a mail and press the button of the form that says this."""
    [form] = [form for form in forms(operator.ask(f"/inbox/{id}").text) if button in form]
    return operator.send(f"/inbox/{id}", fields(form, **typed))


def received(live: AnsweredDaemon) -> list[Received]:
    return [fact for fact in live.facts() if isinstance(fact, Received)]


# ---- the list


def test_the_list_says_who_wrote_when_and_what_it_seems_to_answer(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live, name="Trần Thị Bình")
    said = operator.see("/inbox")
    for words_ in (
        "Trần Thị Bình officer@beta.example",
        "Báo cáo sơ kết",
        "beta Báo cáo sơ kết",
        "3 March 2023, 08:00",
    ):
        assert words_ in said
    assert "To be decided the mail server did not confirm the sender" in said
    assert f'<a href="/inbox/{id}">' in operator.ask("/inbox").text


def test_the_list_opens_with_what_waits_and_shows_the_rest_by_state(operator: Operator, live: AnsweredDaemon) -> None:
    unproven(live)
    certain(live, subject="Recorded at once")
    said = operator.see("/inbox")
    assert "Waiting for a decision (1) · All · To be decided (1) · Recorded (1)" in said
    assert "Recorded at once" not in said
    assert "Recorded at once" in operator.see("/inbox?state=received")
    assert operator.see("/inbox?state=all").index("Recorded at once") < operator.see("/inbox?state=all").index("Báo")
    assert "There are no mails in this state." in operator.see("/inbox?state=bounce")
    assert operator.see("/inbox?state=nonsense") == said


def test_where_nothing_waits_the_list_shows_everything(operator: Operator, live: AnsweredDaemon) -> None:
    assert "No mails have come." in operator.see("/inbox")
    certain(live, subject="Recorded at once")
    assert "Recorded at once" in operator.see("/inbox")
    assert "No other mail waits." in operator.see("/inbox?state=waiting")


def test_the_list_comes_in_pages(operator: Operator, live: AnsweredDaemon) -> None:
    for number in range(51):
        live.deliver(answer(live, **UNPROVEN, subject=f"mail {number:02}", message_id=f"<{number}@x.example>"))
    live.tick()
    live.tick()
    assert operator.ask("/inbox?state=review").text.count('<th scope="row"') == 50
    assert "mail 00" in operator.see("/inbox?state=review&page=2")


def test_the_way_to_the_list_says_how_many_wait(operator: Operator, live: AnsweredDaemon) -> None:
    assert "waiting for a decision" not in operator.see("/ledger")
    unproven(live)
    assert "Inbox 1 waiting for a decision" in operator.see("/ledger")


def test_without_a_mailbox_the_list_says_that_it_is_not_read(operator: Operator, live: AnsweredDaemon) -> None:
    assert "The mailbox is not read at present" in operator.see("/inbox")
    assert operator.ask(f"/inbox/{unproven(live)}").status == 200


# ---- one mail


def test_a_mail_shows_its_sender_its_times_its_words_and_why_it_waits(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live, name="Trần Thị Bình", text="Trường gửi báo cáo.", date="Thu, 02 Mar 2023 08:15:30 +0700")
    said = operator.see(f"/inbox/{id}")
    for part in (
        "From Trần Thị Bình officer@beta.example",
        "No: the mail server said nothing that counts about the sender.",
        "Sent, as the sender says 2 March 2023, 08:15",
        "Arrived 3 March 2023, 08:00",
        "What it answers beta – Báo cáo sơ kết",
        "the mail server did not confirm the sender",
        "its words name “Báo cáo sơ kết”",
        "Trường gửi báo cáo.",
        "Báo cáo sơ kết.pdf (2 KB)",
        "The system looked at it 3 March 2023, 08:00.",
    ):
        assert part in said, part


def test_what_was_recorded_is_shown_with_its_way_to_the_ledger(operator: Operator, live: AnsweredDaemon) -> None:
    row = certain(live)
    page = operator.ask(f"/inbox/{row.id}")
    assert "What became of it" in words(page.text)
    assert "Documents received" in words(page.text)
    assert 'href="/ledger?plan=plan&amp;party=beta"' in page.text
    assert "Yes: the mail server confirmed" in words(page.text)
    assert forms(page.text) == []


def test_a_fact_of_a_plan_that_is_gone_is_named_by_its_number(operator: Operator, live: AnsweredDaemon) -> None:
    row = certain(live)
    operator.site.serve(plan(report(), id="other", language="en"))
    said = operator.see(f"/inbox/{row.id}")
    assert "Recorded in a plan that is not in force: f1" in said
    assert "What it answers beta – report What tells what it answers" in said


@pytest.mark.parametrize("path", ["/inbox/9", "/inbox/x", "/inbox/99999999999999999999", "/inbox/9/attachments/2"])
def test_what_is_not_there_is_not_found(operator: Operator, path: str) -> None:
    assert operator.ask(path).status == 404


def test_the_reasons_are_told_in_vietnamese_where_the_site_is(site: ServedSite, tmp_path: Path) -> None:
    site.serve(plan(report(title="Báo cáo sơ kết")))
    live, operator = read_mailbox(site, tmp_path), Operator.of(site)
    live.live(at(3, 3))
    said = operator.see(f"/inbox/{unproven(live)}")
    assert WORDS["vi"]["inbox.sender_none"] in said
    assert "Ghi nhận: beta – Báo cáo sơ kết (01 tệp)" in said


# ---- what cannot be shown


def test_a_mail_whose_bytes_are_gone_shows_what_is_known(operator: Operator, live: AnsweredDaemon) -> None:
    raw = answer(live, **UNPROVEN, subject="Báo cáo sơ kết", in_reply_to="")
    file = live.files.place(live.files.keep_pieces([raw]))
    id = live.deliver(raw, is_stored=False)
    live.tick()
    file.unlink()
    said = operator.see(f"/inbox/{id}")
    assert "are not in the data folder." in said
    assert "officer@beta.example" in said
    assert operator.ask(f"/inbox/{id}/attachments/2").status == 404
    assert f"the bytes of the mail i{id} cannot be read: No such file or directory" in operator.site.problems
    page = operator.ask(f"/inbox/{id}?task=plan/report&party=beta").text
    assert operator.send(f"/inbox/{id}", fields(forms(page)[0])).status == 303
    assert received(live)[0].files == ()


@pytest.mark.parametrize("broken", ["scheduler.inbox.mail_reader.MailReader.read", "propose"])
def test_a_mail_that_trips_a_bug_is_shown_as_far_as_it_goes(
    operator: Operator, live: AnsweredDaemon, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    id = unproven(live)

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    place = broken if "." in broken else f"scheduler.web.operator.inbox.opened_mail.{broken}"
    monkeypatch.setattr(place, fail)
    assert "could not be read or compared in full" in operator.see(f"/inbox/{id}")
    assert any("RuntimeError: a bug" in problem for problem in operator.site.problems)


def test_a_mail_of_which_only_the_header_was_fetched_says_so_and_can_be_decided(
    operator: Operator, live: AnsweredDaemon
) -> None:
    raw = answer(live, **UNPROVEN)
    id = live.deliver(raw[: raw.index(b"\r\n\r\n") + 4], is_whole=False)
    live.tick()
    said = operator.see(f"/inbox/{id}")
    assert "Only the header of this mail was fetched" in said
    assert press(operator, id, "Put aside", reason="a newsletter").status == 303


def test_a_mail_that_the_server_could_not_give_says_where_it_is(operator: Operator, live: AnsweredDaemon) -> None:
    id = live.deliver(b"", is_whole=False)
    with live.store.transaction() as unit:
        unit.inbox.decide(id, InboxDecision(state="quarantine", at=live.clock.instant), expected="new")
    assert "The mail server could not give this mail." in operator.see(f"/inbox/{id}")


def test_a_mail_that_nobody_has_looked_at_yet_offers_no_decision(operator: Operator, live: AnsweredDaemon) -> None:
    id = live.deliver(answer(live))
    page = operator.ask(f"/inbox/{id}").text
    assert "The system has not looked at this mail yet" in words(page)
    assert forms(page) == []


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff" * 500, b"From: x\r\n", b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\n"]
)
@pytest.mark.parametrize("state", ["review", "quarantine", "machine", "bounce", "unlinked", "dismissed"])
def test_whatever_was_received_has_a_page(
    operator: Operator, live: AnsweredDaemon, raw: bytes, state: InboxState
) -> None:
    id = live.deliver(raw)
    with live.store.transaction() as unit:
        unit.inbox.decide(id, InboxDecision(state=state, at=live.clock.instant), expected="new")
    assert operator.ask(f"/inbox/{id}").status == 200
    assert operator.ask(f"/inbox?state={state}").status == 200


# ---- mails that mean harm


def test_nothing_in_a_mail_becomes_a_page(operator: Operator, live: AnsweredDaemon) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}\"'>"
    id = unproven(
        live, name=evil, subject=f"Báo cáo sơ kết {evil}", text=evil, files=(File(name=f"{evil}.pdf", content=PDF),)
    )
    for path in ("/inbox", f"/inbox/{id}", f"/inbox/{id}?task=plan/report&party=beta", f"/inbox/{id}?task={evil[:20]}"):
        text = operator.ask(path.replace("<", "%3C").replace(">", "%3E")).text
        assert "<script" not in text
        assert "<img" not in text
        assert not re.search(r"<[^>]*\bonerror=[^>]*>", re.sub(r'"[^"]*"', '""', text))
    assert "{{ 7 * 7 }}" in operator.see(f"/inbox/{id}")


def test_what_turns_a_line_or_hides_in_it_is_not_shown(operator: Operator, live: AnsweredDaemon) -> None:
    files = (File(name="bao\u202efdp.exe", content=EXE, type="application/pdf"),)
    id = unproven(live, name="Beta\u202e\u2066", subject="Báo cáo sơ kết\u202e", text="a\u202eb", files=files)
    page = operator.ask(f"/inbox/{id}").text
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)
    assert "baofdp.exe" in page


def test_a_long_text_is_cut_and_the_page_says_so(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live, text="\n".join(["Kính gửi Văn phòng " * 10] * 25_000))
    page = operator.ask(f"/inbox/{id}")
    assert len(page.text) < 60_000
    assert "The text goes on" in words(page.text)


def test_a_date_that_no_zone_can_express_is_shown_all_the_same(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live, date="Fri, 31 Dec 9999, 23:59:59 +0000")
    assert "31 December 9999, 23:59" in operator.see(f"/inbox/{id}")


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("Báo cáo.pdf", "Báo cáo.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\temp\\x.pdf", "x.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x=1.pdf"),
        ('x"; filename="evil.exe', "x_; filename=_evil.exe.pdf"),
        ("", "file.pdf"),
        ("bill\u202efdp.exe", "billfdp.exe.pdf"),
    ],
)
def test_a_file_is_only_ever_saved_under_a_name_that_its_content_allows(
    operator: Operator, live: AnsweredDaemon, name: str, saved: str
) -> None:
    id = unproven(live, files=(File(name=name, content=PDF, type="text/html"),))
    answered = operator.ask(f"/inbox/{id}/attachments/2")
    assert (answered.status, answered.body) == (200, PDF)
    disposition = answered.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.count('"') == 2
    assert unquote(disposition.partition("UTF-8''")[2]) == saved
    assert answered.headers["Content-Type"] == "application/pdf"
    assert answered.headers["X-Content-Type-Options"] == "nosniff"
    assert answered.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "Set-Cookie" not in answered.headers


def test_a_file_of_another_kind_is_bytes_whatever_the_mail_calls_it(operator: Operator, live: AnsweredDaemon) -> None:
    page = b"<html><script>alert(1)</script>"
    files = (File(), File(name="page.html", content=page, type="text/html"))
    id = unproven(live, files=files)
    answered = operator.ask(f"/inbox/{id}/attachments/3")
    assert (answered.body, answered.headers["Content-Type"]) == (page, "application/octet-stream")
    said = operator.see(f"/inbox/{id}?task=plan/report&party=beta")
    assert "page.html (of a kind that is not accepted" in said
    assert "Files that belong to it Báo cáo sơ kết.pdf It counts" in said


def test_only_files_can_be_saved_not_other_parts(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    for part in ("1", "0", "2.1", "..%2F2", "x"):
        assert operator.ask(f"/inbox/{id}/attachments/{part}").status == 404


def test_without_a_session_there_is_no_file(operator: Operator, live: AnsweredDaemon) -> None:
    path = f"/inbox/{unproven(live)}/attachments/2"
    assert operator.site.ask(path).headers["Location"] == "/sign-in"
    assert operator.send(path, []).status == 405


# ---- decisions


def test_one_press_records_what_the_system_proposes(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    done = press(operator, id, "Record: beta – Báo cáo sơ kết (files: 1)")
    assert done.status == 303
    [fact] = received(live)
    assert (fact.milestone, fact.party, fact.channel, fact.happened_at) == ("report", "beta", "email", at(3, 3))
    assert (fact.by.name, fact.files) == (OPERATOR, ("Báo cáo sơ kết.pdf",))
    row = live.incoming(id)
    assert (row.state, row.by, row.facts) == ("received", OPERATOR, (fact.id,))
    said = operator.see(done.headers["Location"])
    assert "It was recorded. No other mail waits." in said
    assert f"by {OPERATOR}" in said
    assert operator.site.woken == 1


def test_after_a_decision_the_next_mail_that_waits_is_one_press_away(operator: Operator, live: AnsweredDaemon) -> None:
    first, second = unproven(live, message_id="<1@x.example>"), unproven(live, message_id="<2@x.example>")
    for id, following in ((second, first), (first, 0)):
        done = press(operator, id, "Put aside", reason="x")
        page = operator.ask(done.headers["Location"]).text
        assert ("Next mail that waits" in page) == bool(following)
        assert not following or f'<a href="/inbox/{following}">Next mail' in page


def test_a_notice_that_somebody_made_up_is_not_shown(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    assert "It was recorded." not in operator.see(f"/inbox/{id}?decided=received.AAAA")


def test_a_mail_can_answer_another_task_with_some_documents_and_files(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live, files=(File(name="a.pdf"), File(name="b.pdf", content=PDF + b"b")))
    page = operator.ask(f"/inbox/{id}?task=plan/summary&party=gamma").text
    assert "Gamma – Đăng ký thi đua" in words(page)
    form = next(form for form in forms(page) if "checkbox" in form)
    assert form.count("checked") == 2  # both files; which documents they are the person has to say
    assert operator.send(f"/inbox/{id}", fields(form, deliverable="form", part="3")).status == 303
    [fact] = received(live)
    assert (fact.milestone, fact.party, fact.deliverables, fact.files) == ("summary", "gamma", ("form",), ("b.pdf",))
    with live.store.reading() as view:
        [document] = view.documents.of([fact.id])
    assert isinstance(document, Document)
    assert operator.ask(f"/documents/{document.id}").body == PDF + b"b"


def test_the_form_begins_with_what_the_mail_seems_to_answer(operator: Operator, live: AnsweredDaemon) -> None:
    page = operator.ask(f"/inbox/{unproven(live)}").text
    assert '<option value="plan/report" selected>' in page
    assert '<option value="beta" selected>' in page
    unclear = operator.ask(f"/inbox/{unproven(live, subject='Hỏi', files=(), text='Xin hỏi.')}").text
    assert '<option value="beta" selected>' in unclear
    assert '<option value="plan/report" selected>' not in unclear


def test_a_task_that_a_party_does_not_have_is_refused_in_words(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    assert "This party does not have this task." in operator.see(f"/inbox/{id}?task=plan/nothing&party=beta")
    page = operator.ask(f"/inbox/{id}").text
    forged = fields(forms(page)[0], milestone="nothing")
    assert operator.send(f"/inbox/{id}", forged).status == 422
    assert received(live) == []


def test_where_documents_are_listed_one_must_be_ticked(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    page = operator.ask(f"/inbox/{id}?task=plan/summary&party=beta").text
    form = next(form for form in forms(page) if "checkbox" in form)
    sent = [(name, value) for name, value in fields(form) if name != "deliverable"]
    refused = operator.send(f"/inbox/{id}", sent)
    assert (refused.status, WORDS["en"]["refusal.nothing-ticked"] in words(refused.text)) == (422, True)
    assert "Beta – Đăng ký thi đua" in words(refused.text)  # still chosen
    assert live.incoming(id).state == "review"


def test_a_mail_that_brings_nothing_is_put_aside_with_a_reason(operator: Operator, live: AnsweredDaemon) -> None:
    """Reminders that waited because of it go on."""
    row = live.receive(answer(live, text="Xin hỏi mẫu báo cáo.", files=()))
    assert [type(fact) for fact in live.facts()] == [Declared]
    done = press(operator, row.id, "Put aside", reason="a question,\r\nanswered by phone")
    assert "The mail was put aside." in operator.see(done.headers["Location"])
    assert "a question, answered by phone" in operator.see(f"/inbox/{row.id}")
    now = live.incoming(row.id)
    assert (now.state, now.by) == ("dismissed", OPERATOR)
    assert [fact for fact in drop_withdrawn(live.facts()) if isinstance(fact, Declared)] == []


@pytest.mark.parametrize(("reason", "code"), [(" \u200b ", "no-reason"), ("x" * 2001, "too-long")])
def test_a_reason_is_needed_and_kept_when_it_is_refused(
    operator: Operator, live: AnsweredDaemon, reason: str, code: str
) -> None:
    id = unproven(live)
    refused = press(operator, id, "Put aside", reason=reason)
    assert (refused.status, WORDS["en"][f"refusal.{code}"] in words(refused.text)) == (422, True)
    assert reason.strip() in refused.text
    assert live.incoming(id).state == "review"


def test_what_was_put_aside_can_still_be_recorded(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    press(operator, id, "Put aside", reason="a mistake")
    assert len(forms(operator.ask(f"/inbox/{id}").text)) == 1
    assert press(operator, id, "Record: beta").status == 303
    assert live.incoming(id).state == "received"


def test_an_automatic_reply_can_be_recorded_if_a_person_says_so(operator: Operator, live: AnsweredDaemon) -> None:
    letter = Letter(sender="officer@beta.example", results=(authenticated("officer@beta.example"),))
    row = live.receive(exchange_out_of_office(letter))
    assert row.state == "machine"
    page = operator.ask(f"/inbox/{row.id}?task=plan/report&party=beta").text
    [form] = [form for form in forms(page) if "Record" in form]
    assert operator.send(f"/inbox/{row.id}", fields(form)).status == 303
    assert live.incoming(row.id).state == "received"


# ---- two people, two clicks


def test_a_form_that_is_sent_twice_acts_once(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    form = forms(operator.ask(f"/inbox/{id}").text)
    first, second = (operator.send(f"/inbox/{id}", fields(form[0])) for _ in range(2))
    assert (first.status, second.status) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(received(live)) == 1
    other = unproven(live, message_id="<other@x.example>")
    sent = fields(forms(operator.ask(f"/inbox/{other}").text)[-1], reason="x")
    assert [operator.send(f"/inbox/{other}", sent).status for _ in range(2)] == [303, 303]


@pytest.mark.parametrize("button", ["Put aside", "Record: beta"])
def test_who_decides_second_is_told_how_it_stands_now(operator: Operator, live: AnsweredDaemon, button: str) -> None:
    id = unproven(live)
    [late] = [form for form in forms(operator.ask(f"/inbox/{id}").text) if button in form]
    with live.store.transaction() as unit:
        taken = InboxDecision(state="dismissed", at=live.clock.instant, by="another@lead.example")
        assert unit.inbox.decide(id, taken, expected="review")
    told = operator.send(f"/inbox/{id}", fields(late, reason="mine"))
    assert told.status == 409
    assert "Somebody else has decided about this mail" in words(told.text)
    assert "by another@lead.example" in words(told.text)
    assert received(live) == []
    assert live.incoming(id).by == "another@lead.example"


def test_who_decides_while_the_files_of_a_mail_are_read_is_told_too(
    operator: Operator, live: AnsweredDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other decision comes between the look at the mail and the record."""
    id = unproven(live)
    form = forms(operator.ask(f"/inbox/{id}").text)[0]
    read = MailReader.read

    def slow(reader: MailReader, stream: Any) -> Any:
        with live.store.transaction() as unit:
            unit.inbox.decide(id, InboxDecision(state="dismissed", at=live.clock.instant, by="b"), expected="review")
        return read(reader, stream)

    monkeypatch.setattr(MailReader, "read", slow)
    assert operator.send(f"/inbox/{id}", fields(form)).status == 409
    assert received(live) == []


def test_what_was_recorded_by_mistake_and_undone_can_be_recorded_anew(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    before = fields(forms(operator.ask(f"/inbox/{id}").text)[0])
    live.clock.instant = at(3, 3, 9)
    operator.send(f"/inbox/{id}", before)
    assert forms(operator.ask(f"/inbox/{id}").text) == []
    live.undo(received(live)[0])
    assert operator.send(f"/inbox/{id}", before).status == 303  # the old form once more: it has acted
    assert len(received(live)) == 1
    live.clock.instant = at(3, 3, 10)
    assert press(operator, id, "Record: beta").status == 303
    assert len(received(live)) == 2
    assert forms(operator.ask(f"/inbox/{id}").text) == []


def test_the_form_of_an_earlier_session_decides_nothing_and_keeps_what_was_typed(
    operator: Operator, live: AnsweredDaemon
) -> None:
    id = unproven(live)
    form = forms(operator.ask(f"/inbox/{id}").text)[-1]
    operator.site.clock.instant = at(3, 3, 9)
    again = Operator(operator.site, sign_in(operator.site))
    told = again.send(f"/inbox/{id}", fields(form, reason="typed before"))
    assert (told.status, "typed before" in told.text) == (403, True)
    assert live.incoming(id).state == "review"


def test_a_button_that_this_site_does_not_have_is_refused(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    form = forms(operator.ask(f"/inbox/{id}").text)[0]
    assert operator.send(f"/inbox/{id}", [*fields(form)[:1], ("decision", "delete")]).status == 403


def test_files_that_cannot_be_kept_leave_the_mail_undecided(
    operator: Operator, live: AnsweredDaemon, tmp_path: Path
) -> None:
    id = unproven(live)
    form = forms(operator.ask(f"/inbox/{id}").text)[0]
    (tmp_path / "var" / "documents").write_bytes(b"where the folder is to be")
    refused = operator.send(f"/inbox/{id}", fields(form))
    assert (refused.status, "The files cannot be kept at present" in words(refused.text)) == (503, True)
    assert (received(live), live.incoming(id).state) == ([], "review")


def test_looking_decides_nothing(operator: Operator, live: AnsweredDaemon) -> None:
    id = unproven(live)
    before = (live.incoming(id), live.facts(), live.rows(None, None))
    for path in ("/inbox", f"/inbox/{id}?task=plan/report&party=beta", f"/inbox/{id}/attachments/2"):
        for method in ("GET", "HEAD"):
            assert operator.site.ask(path, method, Cookie=operator.cookie).status == 200
    assert operator.site.ask(f"/inbox/{id}?decision=dismiss&reason=x", Cookie=operator.cookie).status == 200
    assert (live.incoming(id), live.facts(), live.rows(None, None)) == before


# ---- words


def test_there_are_words_for_every_state_of_a_mail_and_of_its_sender() -> None:
    wanted = {f"incoming.{state}" for state in get_args(InboxState)}
    wanted |= {f"inbox.sender_{state}" for state in get_args(AuthenticationState)}
    for language, known in WORDS.items():
        assert wanted - set(known) == set(), language


def test_a_mail_of_two_plans_offers_the_tasks_of_both(site: ServedSite, tmp_path: Path) -> None:
    one = plan(report(), language="en")
    site.serve(one, replace(plan(report(title="Of another plan"), id="second", language="en"), title="Second"))
    live, operator = read_mailbox(site, tmp_path), Operator.of(site)
    live.live(at(3, 3))
    page = operator.ask(f"/inbox/{unproven(live, subject='x', text='x', files=())}").text
    assert '<optgroup label="Second"><option value="second/report">Of another plan</option>' in page


def test_a_doubtful_reply_to_an_invitation_says_what_it_says_and_leads_to_the_form(
    site: ServedSite, tmp_path: Path
) -> None:
    officer = "officer@beta.example"
    june = On(date(2023, 6, 8), date(2023, 6, 8))
    site.serve(plan(event(june, deputy="A vice head"), language="en"))
    live = read_mailbox(site, tmp_path)
    live.live(at(3, 3))
    uid = f"{invitation_token(SECRET, live.plan, 'meeting', 'beta')}@cum.example"
    said = calendar_text(
        attendee=officer,
        uid=uid,
        partstat="DELEGATED",
        delegated_to="pho@beta.example",
        sequence=0,
        stamp="20230303T010000Z",
    )
    row = live.receive(outlook_calendar_reply(Letter(sender=officer, to=MAILBOX), said))
    assert row.state == "review"
    operator = Operator.of(site)
    page = operator.see(f"/inbox/{row.id}")
    assert f"Reply to the invitation Sends a deputy {officer} → pho@beta.example Trường sẽ cử Phó Hiệu trưởng" in page
    asked = re.search(r'href="(/plans/plan/do/reply[^"]*)"', operator.ask(f"/inbox/{row.id}").text)
    assert asked is not None
    operator.do(html.unescape(asked.group(1)), reply="delegated", deputy="Mr Nam")
    assert "Sends a deputy : Mr Nam" in operator.see("/plans/plan/milestones/meeting/beta")
