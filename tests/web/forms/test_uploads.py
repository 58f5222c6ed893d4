"""Files that parties send: taken whole or not at all, by their content, never opened, handed to operators only."""

from __future__ import annotations

import os
import re
import resource
import socket
import tomllib
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from itertools import zip_longest
from urllib.parse import quote, unquote, urlsplit

import pytest

from scheduler.documents.file_kinds import FILE_SIZE, FILES
from scheduler.plan.facts import Actor, Received
from scheduler.plan.model import Deliverable
from scheduler.resources import shipped
from scheduler.web.forms.uploads import DAILY_SIZE, MEGABYTE, UploadsInProgress
from tests.support.daemon_fixture import plan, report
from tests.support.operator_client import words
from tests.support.page_words import WORDS
from tests.support.party_client import (
    BOUNDARY,
    JPEG,
    OLD_OFFICE,
    PDF,
    PNG,
    body_of,
    confirmation,
    documents,
    facts,
    hidden,
    offer,
    on_disk,
    open_form,
    path_of,
    upload,
    zipped,
)
from tests.support.plan_builders import at
from tests.support.polling import wait_until
from tests.support.served_site import Answer, ServedSite, daemon
from tests.support.web_client import sign_in

DOCUMENTS = (Deliverable(id="plan", title="The plan"), Deliverable(id="list", title="The list"))


@pytest.fixture(autouse=True)
def _in_force(site: ServedSite) -> None:
    site.serve(plan(report(deliverables=DOCUMENTS), language="en"))


def form(site: ServedSite, **typed: str) -> dict[str, str]:
    """Return the form for files."""
    return open_form(site, "send", **typed)


def send(site: ServedSite, *files: tuple[str, bytes], **typed: str) -> Answer:
    """Send files and confirm them: the first as the plan, all others as the list."""
    return upload(site, *files, form=form(site, **typed), of=("plan", *["list"] * (len(files) - 1))[: len(files)])


def refused(site: ServedSite, answer: Answer, status: int, word: str, name: str = "") -> None:
    """Assert that nothing was taken and why is said."""
    assert answer.status == status
    said = WORDS["en"][f"trouble.{word}"].format(name=name)
    assert said in answer.text
    assert (facts(site), documents(site), on_disk(site)) == ([], [], [])


# ---- taken


def test_files_are_a_submission_like_any_other(site: ServedSite) -> None:
    answer = send(site, ("Kế hoạch.pdf", PDF), ("list.xlsx", zipped("xl/x")), note="two files")
    assert answer.status == 303
    assert answer.headers["Location"].startswith(f"{path_of(site)}?done=send.")
    [fact] = facts(site)
    assert isinstance(fact, Received)
    assert (fact.channel, fact.by, fact.note) == ("web", Actor("party", "Lan"), "two files")
    assert fact.files == ("Kế hoạch.pdf", "list.xlsx")
    assert fact.happened_at == fact.recorded_at == site.clock.now()
    page = site.ask(path_of(site)).text
    assert "Submitted, waiting for acceptance" in page
    assert "File: Kế hoạch.pdf (2 KB)" in page
    assert site.woken == 1


def test_they_lie_on_the_disk_under_the_digest_of_their_content(site: ServedSite) -> None:
    """Readable by the daemon's user only; the same content lies there once."""
    send(site, ("a.pdf", PDF), ("b.pdf", PDF), ("c.png", PNG))
    digests = {sha256(data).hexdigest() for data in (PDF, PNG)}
    assert on_disk(site) == sorted(f"{digest[:2]}/{digest[2:]}" for digest in digests)
    folder = site.running.settings.resolve("var/documents")
    for file in on_disk(site):
        assert (folder / file).stat().st_mode & 0o077 == 0
    assert [(d.name, d.kind, d.size) for d in documents(site)] == [
        ("a.pdf", "application/pdf", len(PDF)),
        ("b.pdf", "application/pdf", len(PDF)),
        ("c.png", "image/png", len(PNG)),
    ]


def test_files_for_a_part_leave_the_rest_open(site: ServedSite) -> None:
    part = upload(site, ("a.pdf", PDF), form=form(site), of=["list"])
    page = site.ask(part.headers["Location"]).text
    assert "Submitted in part" in page
    assert "1 of 2 documents are there; still missing: The plan. Reminders go on until everything has come." in page
    rest = upload(site, ("b.pdf", PDF), form=form(site), of=["plan"])
    assert "documents are there" not in site.ask(rest.headers["Location"]).text
    assert [fact.deliverables for fact in facts(site) if isinstance(fact, Received)] == [("list",), ("plan",)]


def test_one_file_closes_one_document_and_nothing_is_marked_beforehand(site: ServedSite) -> None:
    """Whoever sends one file by mistake has not said that it is everything."""
    page = site.ask(path_of(site)).text
    assert re.findall(r'type="file"|type="checkbox"| checked', page) == ['type="file"'] * 2
    send(site, ("a.pdf", PDF))
    [fact] = facts(site)
    assert isinstance(fact, Received)
    assert fact.deliverables == ("plan",)


def test_what_was_understood_is_repeated_before_anything_is_recorded(site: ServedSite) -> None:
    """What each file is, what is still missing, who sends it and what is said with it."""
    answer = offer(site, ("a.pdf", PDF), ("b.png", PNG), form=form(site, note="first part"), of=["list", "list"])
    assert (answer.status, facts(site), documents(site)) == (200, [], [])
    said = words(answer.text)
    assert "The list a.pdf (2 KB) b.png (1 KB) Still missing after this The plan" in said
    assert "Lan" in said
    assert "first part" in said
    assert site.send(path_of(site), confirmation(answer)).status == 303
    [fact] = facts(site)
    assert isinstance(fact, Received)
    assert (fact.deliverables, fact.files, fact.note) == (("list",), ("a.pdf", "b.png"), "first part")
    assert len(on_disk(site)) == 2


def test_what_is_not_right_is_put_right_before_it_is_sent(site: ServedSite) -> None:
    """The files are gone at once, the text stays."""
    answer = offer(site, ("a.pdf", PDF), form=form(site, note="typed"), of=["list"])
    again = site.send(path_of(site), {**confirmation(answer), "step": "edit"})
    assert (again.status, "typed</textarea>" in again.text, on_disk(site)) == (200, True, [])
    assert site.send(path_of(site), confirmation(answer)).status == 422
    assert facts(site) == []


def test_what_is_never_confirmed_is_cleared_away_after_a_day(site: ServedSite) -> None:
    answer = offer(site, ("a.pdf", PDF), form=form(site), of=["list"])
    [aside] = site.running.settings.resolve("var/documents/incoming").iterdir()
    yesterday = site.clock.now().timestamp() - 90_000
    os.utime(aside, (yesterday, yesterday))
    offer(site, ("b.png", PNG), form=form(site), of=["plan"])
    assert len(on_disk(site)) == 1
    refusal = site.send(path_of(site), confirmation(answer))
    assert (refusal.status, WORDS["en"]["trouble.files_gone"] in refusal.text) == (422, True)


def test_what_was_never_confirmed_locks_nobody_out_for_longer_than_a_day(site: ServedSite) -> None:
    """It is not counted any more, although nothing else could begin before."""
    quarter = ("a.pdf", b"%PDF-" + bytes(FILE_SIZE - 5))
    for _ in range(4):
        offer(site, quarter, form=form(site), of=["plan"])
    yesterday = site.clock.now().timestamp() - 90_000
    for aside in site.running.settings.resolve("var/documents/incoming").iterdir():
        os.utime(aside, (yesterday, yesterday))
    assert upload(site, ("b.pdf", PDF), form=form(site), of=["list"]).status == 303
    assert len(on_disk(site)) == 1


def test_files_chosen_anew_take_the_place_of_those_that_wait(site: ServedSite) -> None:
    fields = form(site)
    first = offer(site, ("wrong.pdf", PDF), form=fields, of=["plan"])
    second = offer(site, ("right.pdf", PDF + b"other"), form=fields, of=["plan"])
    assert len(on_disk(site)) == 1
    assert site.send(path_of(site), confirmation(first)).status == 422
    third = offer(site, ("right.pdf", PDF + b"other"), form=fields, of=["plan"])
    assert second.status == third.status == 200
    assert site.send(path_of(site), confirmation(third)).status == 303
    assert len(on_disk(site)) == 1


@pytest.mark.parametrize("changed", [{"who": ""}, {"seen": "0-x"}, {"note": "x" * 100_000}])
def test_a_confirmation_that_is_not_taken_leaves_nothing(site: ServedSite, changed: dict[str, str]) -> None:
    asked = confirmation(offer(site, ("a.pdf", PDF), form=form(site), of=["plan"]))
    assert site.send(path_of(site), {**asked, **changed}).status in (409, 422)
    assert (facts(site), on_disk(site)) == ([], [])


@pytest.mark.parametrize("field", ["sent", "seal", "once"])
def test_only_what_was_repeated_can_be_confirmed(site: ServedSite, field: str) -> None:
    """Not another file, not as another document, not by another party."""
    fields = confirmation(offer(site, ("a.pdf", PDF), form=form(site), of=["list"]))
    changed = fields["sent"].replace("list", "plan") if field == "sent" else fields[field] + "x"
    assert site.send(path_of(site), {**fields, field: changed}).status == 403
    assert (
        site.send(
            path_of(site, "gamma"),
            {
                **open_form(site, "send", path_of(site, "gamma")),
                **{name: fields[name] for name in ("sent", "seal", "step")},
            },
        ).status
        == 403
    )
    assert (facts(site), documents(site)) == ([], [])


def test_what_waits_to_be_confirmed_counts_for_the_day(site: ServedSite) -> None:
    """Nobody fills the disk without ever confirming; confirming counts it once."""
    quarter = ("a.pdf", b"%PDF-" + bytes(FILE_SIZE - 5))
    waiting = [offer(site, quarter, form=form(site), of=["plan"]) for _ in range(4)]
    assert [answer.status for answer in waiting] == [200] * 4
    assert offer(site, ("b.pdf", PDF), form=form(site), of=["list"]).status == 413
    assert site.send(path_of(site), confirmation(waiting[0])).status == 303
    assert offer(site, ("b.pdf", PDF), form=form(site), of=["list"]).status == 413
    site.send(path_of(site), {**confirmation(waiting[1]), "step": "edit", "seen": form(site)["seen"]})
    assert upload(site, ("b.pdf", PDF), form=form(site), of=["list"]).status == 303


def test_what_was_sent_can_be_replaced_until_it_is_accepted(site: ServedSite) -> None:
    """By another file of the same document; then the page offers it no more."""
    send(site, ("a.pdf", PDF), ("b.pdf", PDF))
    page = words(site.ask(path_of(site)).text)
    assert "Send another file instead" in page
    assert "The plan (received; choose another file to replace it)" in page
    assert upload(site, ("better.pdf", PDF), form=form(site), of=["plan"]).status == 303
    assert "File: better.pdf (2 KB)" in site.ask(path_of(site)).text
    late = form(site)
    daemon(site).record("accepted")
    assert "Send another file instead" not in site.ask(path_of(site)).text
    assert upload(site, ("late.pdf", PDF), form=late, of=["plan"]).status == 409
    assert [fact.files for fact in facts(site) if isinstance(fact, Received)] == [("a.pdf", "b.pdf"), ("better.pdf",)]


def test_after_the_deadline_the_page_says_so_before_it_is_sent(site: ServedSite) -> None:
    late = WORDS["en"]["own.check_late"]
    assert late not in offer(site, ("a.pdf", PDF), form=form(site), of=["plan"]).text
    site.clock.instant = at(3, 20)
    assert late in offer(site, ("a.pdf", PDF), form=form(site), of=["plan"]).text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_words_name_the_limits(language: str) -> None:
    """The page says them before anybody meets them."""
    words = tomllib.loads((shipped("templates") / "web" / f"{language}.toml").read_text(encoding="utf-8"))
    each, daily = f"{FILE_SIZE // MEGABYTE} MB", f"{DAILY_SIZE // MEGABYTE} MB"
    assert [
        re.findall(r"\d+(?: MB)?", text) for text in (words["own"]["limits"], words["trouble"]["file_too_big"])
    ] == [
        [str(FILES), each, daily],
        [each],
    ]
    assert daily in words["trouble"]["day_full"]


def test_a_receipt_is_promised_for_what_was_sent(site: ServedSite) -> None:
    send(site, ("a.pdf", PDF))
    assert site.notices == [("receipt", "beta"), ("submission", "beta")]


def test_sent_twice_the_files_are_taken_once(site: ServedSite) -> None:
    fields = form(site)
    asked = offer(site, ("a.pdf", PDF), form=fields, of=["plan"])
    first, second = (site.send(path_of(site), confirmation(asked)) for _ in range(2))
    assert (first.status, second.status) == (303, 303)
    assert (len(facts(site)), len(documents(site)), len(on_disk(site))) == (1, 1, 1)


@pytest.mark.parametrize("name", ["right.pdf", "wrong.pdf"])
def test_a_form_gone_back_to_after_it_was_confirmed_is_not_said_to_have_arrived(site: ServedSite, name: str) -> None:
    """The page says what came in meanwhile, and offers a new form, by which the files replace those."""
    fields = form(site, note="typed")
    assert upload(site, ("wrong.pdf", PDF), form=fields, of=["plan"]).status == 303
    answer = offer(site, (name, PDF + b"other"), form=fields, of=["plan"])
    assert (answer.status, "typed</textarea>" in answer.text, len(on_disk(site))) == (409, True, 1)
    assert "wrong.pdf" in answer.text
    assert hidden(answer.text, "send")["once"] != fields["once"]
    again = {**hidden(answer.text, "send"), "who": "Lan"}
    assert upload(site, (name, PDF + b"other"), form=again, of=["plan"]).status == 303
    assert [fact.files for fact in facts(site) if isinstance(fact, Received)] == [("wrong.pdf",), (name,)]


def test_a_file_of_exactly_25_megabytes_is_taken(site: ServedSite) -> None:
    whole = b"%PDF-" + bytes(FILE_SIZE - 5)
    assert upload(site, ("a.pdf", whole), form=form(site), of=["plan"]).status == 303
    assert documents(site)[0].size == FILE_SIZE


KINDS = {
    "a.pdf": PDF,
    "a.docx": zipped("[Content_Types].xml", "word/document.xml"),
    "a.xlsx": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "a.odt": zipped("mimetype", "content.xml"),
    "a.zip": zipped("a.txt"),
    "a.doc": OLD_OFFICE,
    "a.xls": OLD_OFFICE,
    "a.jpg": JPEG,
    "a.jpeg": JPEG,
    "a.PNG": PNG,
}


def test_every_kind_that_an_office_uses_is_taken(site: ServedSite) -> None:
    assert send(site, *KINDS.items()).status == 303
    assert [document.name for document in documents(site)] == [name.lower() for name in KINDS]


def test_an_archive_is_kept_as_it_is_and_never_opened(site: ServedSite) -> None:
    """Whatever it would grow to."""
    bomb = zipped("x")[:-30] + b"broken from here on"
    assert send(site, ("bomb.zip", bomb)).status == 303
    assert documents(site)[0].size == len(bomb)


NAMES = {
    "../../etc/passwd.pdf": "passwd.pdf",
    "C:\\Users\\lan\\Plan.pdf": "Plan.pdf",
    "..pdf": "pdf.pdf",
    "...": "file.pdf",
    "\u202efdp.exe": "fdp.exe.pdf",
    "a\x07b\x7f.pdf": "ab.pdf",
    "e\u0302\u0301.pdf": "\u1ebf.pdf",
    "x" * 500 + ".pdf": "x" * 120 + ".pdf",
    "plan.html": "plan.html.pdf",
    'a<b>"c".pdf': "a_b__c_.pdf",
    "CON .PDF": "CON.pdf",
    "no ending": "no ending.pdf",
}


@pytest.mark.parametrize(("sent", "kept"), NAMES.items(), ids=map(str, range(len(NAMES))))
def test_a_name_is_kept_as_harmless_text_with_an_ending_that_fits(site: ServedSite, sent: str, kept: str) -> None:
    assert send(site, (sent.replace('"', "%22"), PDF)).status == 303
    assert documents(site)[0].name == kept


# ---- not taken


@pytest.mark.parametrize(
    "data",
    [b"MZ" + bytes(100), b"<!DOCTYPE html><script>", b"#!/bin/sh", b"Rar!\x1a\x07\x01\x00", b" %PDF-1.7", b"x"],
    ids=["program", "page", "script", "rar", "space first", "one byte"],
)
def test_what_lies_about_its_kind_is_not_taken(site: ServedSite, data: bytes) -> None:
    refused(site, send(site, ("a.pdf", data), ("b.pdf", PDF)), 422, "wrong_kind", "a.pdf")


def test_an_empty_file_is_not_taken(site: ServedSite) -> None:
    refused(site, send(site, ("a.pdf", b"")), 422, "empty_file", "a.pdf")


def test_a_file_that_is_too_big_is_not_taken_and_the_others_neither(site: ServedSite) -> None:
    answer = send(site, ("small.pdf", PDF), ("big.pdf", b"%PDF-" + bytes(FILE_SIZE)))
    refused(site, answer, 413, "file_too_big", "big.pdf")


def test_more_than_ten_files_are_not_taken(site: ServedSite) -> None:
    refused(site, send(site, *((f"{n}.pdf", PDF) for n in range(11))), 413, "too_many_files")


def test_a_party_sends_at_most_100_megabytes_a_day(site: ServedSite) -> None:
    """Its own; and the day is the plan's."""
    quarter = ("a.pdf", b"%PDF-" + bytes(FILE_SIZE - 5))
    assert DAILY_SIZE == 4 * FILE_SIZE
    assert upload(site, quarter, form=form(site), of=["plan"]).status == 303
    with site.running.store.transaction() as unit:
        for _ in range(3):  # as much again, three times
            unit.documents.add(facts(site)[0], documents(site)[0])
    answer = upload(site, ("b.pdf", PDF), form=form(site), of=["list"])
    assert answer.status == 413
    assert WORDS["en"]["trouble.day_full"] in answer.text
    assert len(on_disk(site)) == 1
    site.clock.instant += timedelta(days=1)
    assert upload(site, ("b.pdf", PDF), form=form(site), of=["list"]).status == 303


def test_without_files_or_without_saying_what_they_are_nothing_is_taken(site: ServedSite) -> None:
    refused(site, send(site), 422, "no_files")
    refused(site, upload(site, ("a.pdf", PDF), form=form(site)), 422, "no_deliverable")
    refused(site, upload(site, ("a.pdf", PDF), form=form(site), of=["nothing"]), 422, "no_deliverable")
    refused(site, upload(site, ("a.pdf", PDF), form=form(site) | {"who": ""}, of=["plan"]), 422, "no_name")


def test_what_was_typed_beside_files_that_are_refused_stays(site: ServedSite) -> None:
    answer = upload(site, ("a.pdf", b"x"), form=form(site, note="typed"), of=["list"])
    assert "typed</textarea>" in answer.text


def test_after_the_task_changed_nothing_is_taken_and_the_text_stays(site: ServedSite) -> None:
    fields = form(site, note="typed")
    site.serve(plan(report(deliverables=DOCUMENTS[:1]), language="en"))
    answer = upload(site, ("a.pdf", PDF), form=fields, of=["plan"])
    assert answer.status == 409
    assert "typed</textarea>" in answer.text
    assert on_disk(site) == []


def test_a_form_that_was_not_given_to_this_party_brings_nothing(site: ServedSite) -> None:
    fields = form(site) | {"form": "x" * 22}
    assert upload(site, ("a.pdf", PDF), form=fields).status == 403
    assert (facts(site), on_disk(site)) == ([], [])


# ---- cut and broken


def raw(
    site: ServedSite, sent: bytes, length: int, *, kind: str = f"multipart/form-data; boundary={BOUNDARY}"
) -> bytes:
    """Send some bytes of a form that says it is `length` long, hang up, and return what came back before."""
    place = urlsplit(site.address)
    with closing(socket.create_connection((place.hostname, place.port), timeout=30)) as line:
        head = f"POST {path_of(site)} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        line.sendall(head.encode() + sent)
        if len(sent) == length:
            return line.recv(65536)
    return b""


def test_an_upload_that_is_cut_leaves_nothing(site: ServedSite) -> None:
    body = body_of(form(site), [("a.pdf", b"%PDF-" + bytes(3_000_000))], ["file.plan"])
    raw(site, body[:2_000_000], len(body))
    assert send(site, ("b.txt", b"x")).status == 422  # the server goes on
    wait_until(lambda: not on_disk(site), "no file is left")
    assert facts(site) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-40],
        lambda body: body.replace(BOUNDARY.encode(), b"other", 1),
        lambda body: b"",
        lambda body: body.replace(b"\r\n\r\n", b"\r\n", 1),
    ],
    ids=["no end", "another boundary", "nothing", "no headers"],
)
def test_a_broken_form_is_refused(site: ServedSite, damage: Callable[[bytes], bytes]) -> None:
    body = damage(body_of(form(site), [("a.pdf", PDF)]))
    answer = raw(site, body, len(body))
    assert answer.split()[1] in (b"400", b"403")
    assert (facts(site), on_disk(site)) == ([], [])


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "Multipart/Mixed; boundary=x",
        f"multipart/form-data; boundary={'x' * 300}",
    ],
)
def test_a_form_of_another_make_is_refused(site: ServedSite, kind: str) -> None:
    assert raw(site, b"--x--\r\n", 7, kind=kind).split()[1] == b"400"


def test_a_body_that_says_it_is_huge_is_not_read(site: ServedSite) -> None:
    place = urlsplit(site.address)
    with closing(socket.create_connection((place.hostname, place.port), timeout=30)) as line:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        head = (
            f"POST {path_of(site)} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 9{'0' * 12}\r\n\r\n"
        )
        line.sendall(head.encode())
        assert line.recv(65536).split()[1] == b"413"


def test_a_field_without_end_is_not_kept_in_memory(site: ServedSite) -> None:
    assert upload(site, form=form(site) | {"note": "x" * 100_000}).status == 413
    assert upload(site, form=form(site) | {f"f{n}": "x" for n in range(300)}).status == 413
    assert upload(site, form=form(site) | {f"f{n}": "x" * 2000 for n in range(100)}).status == 413


@pytest.mark.parametrize(("first", "second", "taken"), [(60, 60, 1), (50, 50, 2), (101, 100, 1), (70, 20, 2)])
def test_of_uploads_at_the_same_time_those_that_fit_are_taken(first: int, second: int, taken: int) -> None:
    """The one that passes the day's limit is refused, and leaves the room to the others."""
    uploads = UploadsInProgress()
    with (
        uploads.counted("beta", 100) as one,
        uploads.counted("beta", 100) as other,
        uploads.counted("gamma", 100) as own,
    ):
        pairs = zip_longest([10] * (first // 10) + [first % 10], [10] * (second // 10) + [second % 10], fillvalue=0)
        answers = [(one.take(size), other.take(more)) for size, more in pairs]
        assert sum(all(each) for each in zip(*answers, strict=True)) == taken
        assert own.take(100)
    with uploads.counted("beta", 100) as later:
        assert later.take(100)
        assert not later.take(1)
        assert not later.take(1)


def test_a_disk_that_takes_no_more_is_said_and_leaves_no_half_file(site: ServedSite) -> None:
    """For this process files end at a megabyte meanwhile."""
    fields = form(site)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, most))
    try:
        answer = upload(site, ("a.pdf", b"%PDF-" + bytes(3_000_000)), form=fields, of=["plan"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    refused(site, answer, 507, "disk_full")
    assert "the disk of the data folder takes no more" in site.problems[0]
    assert send(site, ("a.pdf", PDF)).status == 303


@pytest.mark.parametrize("good", [0, 1, 2])
def test_files_that_cannot_all_be_set_aside_leave_nothing(site: ServedSite, good: int) -> None:
    """Small ones reach the disk only then; for this process files end at 4,000 bytes meanwhile."""
    fields = form(site)
    small, big = [(f"{number}.pdf", PDF + bytes(number)) for number in range(good)], ("big.pdf", PDF + bytes(4_000))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, most))
    try:
        answer = offer(site, *small, big, form=fields, of=["plan"] * (good + 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    refused(site, answer, 507, "disk_full")
    assert on_disk(site) == []


def test_drafts_of_a_process_that_was_killed_are_cleared_away(site: ServedSite) -> None:
    aside = site.running.settings.resolve("var/documents/incoming")
    aside.mkdir(parents=True)
    now = site.clock.now().timestamp()
    for name, age in (("old", 90_000), ("young", 3_000)):
        (aside / name).write_bytes(b"half")
        os.utime(aside / name, (now - age, now - age))
    send(site, ("a.pdf", PDF))
    assert [file.name for file in aside.iterdir()] == ["young"]


# ---- handed out


def test_an_operator_saves_a_file_under_its_name_and_nobody_else_does(site: ServedSite) -> None:
    send(site, ("Kế hoạch 'a'.pdf", PDF))
    path = f"/documents/{documents(site)[0].id}"
    answer = site.ask(path, Cookie=sign_in(site))
    assert (answer.status, answer.body) == (200, PDF)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment; filename=\"K_ ho_ch 'a'.pdf\"")
    assert unquote(said.partition("filename*=UTF-8''")[2]) == "Kế hoạch 'a'.pdf"
    for cookie in ("", "hanchot=guessed"):
        stranger = site.ask(path, Cookie=cookie)
        assert (stranger.status, stranger.body) == (303, b"")
    site.clock.instant += timedelta(days=15)
    assert site.ask(path, Cookie=sign_in(site)[:-1] + "x").status == 303


def test_an_operator_finds_the_file_beside_the_submission(site: ServedSite) -> None:
    send(site, ("a.pdf", PDF))
    page = site.ask("/plans/plan/milestones/report/beta", Cookie=sign_in(site)).text
    assert f'<a href="/documents/{documents(site)[0].id}">a.pdf</a>' in page


def test_a_party_sees_names_and_gets_no_file(site: ServedSite) -> None:
    send(site, ("a.pdf", PDF))
    assert "/documents/" not in site.ask(path_of(site)).text


def test_a_file_that_is_gone_from_the_disk_is_not_there_and_the_log_is_told(site: ServedSite) -> None:
    send(site, ("a.pdf", PDF))
    cookie = sign_in(site)
    folder = site.running.settings.resolve("var/documents")
    (folder / on_disk(site)[0]).unlink()
    assert site.ask(f"/documents/{documents(site)[0].id}", Cookie=cookie).status == 404
    assert "is not in the data folder" in site.problems[-1]


@pytest.mark.parametrize("id", ["0", "999", "9" * 30, "9" * 5000, "١", "-1", "x", "../1", quote("1/../1", safe="")])
def test_documents_that_there_are_not_are_not_there(site: ServedSite, id: str) -> None:
    assert site.ask(f"/documents/{quote(id, safe='%')}", Cookie=sign_in(site)).status == 404
