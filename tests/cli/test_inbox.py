"""Mails that came into a real mailbox, listed, shown and decided about at the command line."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.clock import SystemClock
from scheduler.errors import ExitCode
from tests.cli.conftest import Office
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.received_mails import SERVER, File, Letter, authenticated, thunderbird

BRANCH = "b@branch.vn"
FILES = (File(name="Bản báo cáo.pdf"), File(name="Danh sách.pdf"))


class AnsweredOffice:
    """An office whose mailbox is read at each tick; nothing lay in it at the first one."""

    def __init__(self, office: Office, dovecot: Dovecot, account: str) -> None:
        self.office, self._dovecot, self._account = office, dovecot, account
        (office.folder / "config.toml").write_text(
            f"""
            [inbox]
            host = "127.0.0.1"
            port = {dovecot.port}
            security = "none"
            username = "{account}"
            password = "{PASSWORD}"
            folders = ["INBOX"]
            authserv_id = "{SERVER}"
            """,
            encoding="utf-8",
        )
        plan = office.folder / "workflows" / "here" / "plan.toml"
        due = SystemClock().now().date() + timedelta(days=60)
        plan.write_text(
            re.sub(r"before = \S+-12-15", f"before = {due}", plan.read_text(encoding="utf-8")), encoding="utf-8"
        )
        dovecot.keep(account, "", "<old@branch.vn>")
        assert office("tick").code == 0

    def receive(self, **details: Any) -> None:
        """Let a mail come, and the daemon read it."""
        values: dict[str, Any] = {
            "sender": BRANCH,
            "name": "Chị Bình",
            "results": (authenticated(BRANCH),),
            "in_reply_to": "",
            "subject": "Gửi Báo cáo: Bản báo cáo, Danh sách",
            "text": "Kính gửi Văn phòng.",
            "files": FILES,
        }
        self._dovecot.deliver(self._account, thunderbird(Letter(**(values | details))))
        result = self.office("tick")
        assert (result.code, result.out) == (0, "")

    def mails(self, *options: str) -> list[dict[str, Any]]:
        return self.office.rows("inbox", "list", *options)

    def received(self) -> list[str]:
        return [row["status"] for row in self.office.rows("status", "--milestone", "report")]


@pytest.fixture
def office(open_office: Office, dovecot: Dovecot, tmp_path: Path) -> AnsweredOffice:
    return AnsweredOffice(open_office, dovecot, tmp_path.name)


def test_a_certain_answer_is_recorded_by_the_tick_that_finds_it(office: AnsweredOffice) -> None:
    office.receive()
    [mail, old] = office.mails()
    assert (mail["id"], mail["from"], mail["state"], mail["milestone"]) == ("i2", BRANCH, "received", "report")
    assert (old["id"], old["state"]) == ("i1", "unlinked")
    assert office.received() == ["submitted"]


def test_what_waits_is_listed_with_why(office: AnsweredOffice) -> None:
    office.receive(results=())
    [mail] = office.mails("--state", "review")
    assert mail["reason"].startswith("the mail server did not confirm the sender")
    shown = office.office("inbox", "show", "i2").out
    for words in ("Gửi Báo cáo", "the mail server did not confirm the sender", "Danh sách.pdf", "Kính gửi Văn phòng."):
        assert words in shown
    [details] = office.office.rows("inbox", "show", "2")
    assert details["proposal"]["deliverables"] == ["text", "list"]
    assert [file["name"] for file in details["attachments"]] == ["Bản báo cáo.pdf", "Danh sách.pdf"]
    assert (details["authentication"], details["text"]) == ("none", "Kính gửi Văn phòng.")


def test_the_proposal_is_taken(office: AnsweredOffice) -> None:
    office.receive(results=())
    assert office.office("inbox", "assign", "i2", "--by", "An").out == "f1: i2 answers report of branch\n"
    [mail, _] = office.mails()
    assert (mail["state"], office.received()) == ("received", ["submitted"])
    assert len(list((office.office.folder / "var" / "documents").glob("??/*"))) == 1, "both files have the same bytes"
    again = office.office("inbox", "assign", "i2")
    assert (again.code, "i2 is received already" in again.err) == (ExitCode.FAILED, True)


def test_a_person_names_what_came(office: AnsweredOffice) -> None:
    office.receive(results=(), subject="x")
    said = ("here", "report", "branch", "--deliverable", "list")
    assert office.office("inbox", "assign", "i2", *said, "--no-files").code == 0
    assert office.received() == ["partial"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("i9",), ExitCode.NOTHING_MATCHED, "there is no mail i9"),
        (("i2", "here"), ExitCode.USAGE, "name all three"),
        (("i2", "here", "report", "branhc"), ExitCode.NOTHING_MATCHED, "did you mean branch"),
        (("i2", "there", "report", "branch"), ExitCode.FAILED, "the plan there is not in force"),
        (("i2", "here", "report", "branch", "--attachment", "9"), ExitCode.NOTHING_MATCHED, "attachment"),
    ],
)
def test_what_cannot_be_assigned_is_told(
    office: AnsweredOffice, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    office.receive(results=())
    result = office.office("inbox", "assign", *arguments)
    assert (result.code, words in result.err) == (code, True)
    assert office.mails()[0]["state"] == "review"


def test_a_mail_that_says_nothing_cannot_be_taken_as_proposed(office: AnsweredOffice) -> None:
    office.receive(results=(), subject="Xin chào", files=())
    result = office.office("inbox", "assign", "i2")
    assert (result.code, "it is not clear what i2 answers" in result.err) == (ExitCode.FAILED, True)


def test_a_mail_is_dismissed_with_a_reason(office: AnsweredOffice) -> None:
    office.receive(results=())
    assert office.office("inbox", "dismiss", "i2").code == ExitCode.USAGE
    assert office.office("inbox", "dismiss", "i2", "--reason", "a question").out == "i2: dismissed\n"
    [mail] = office.mails("--state", "dismissed")
    assert mail["reason"].startswith("put aside: a question; ")


def test_a_mailbox_that_cannot_be_read_fails_the_tick_and_nothing_else(office: AnsweredOffice) -> None:
    file = office.office.folder / "config.toml"
    file.write_text(file.read_text().replace(PASSWORD, "wrong"))
    result = office.office("tick")
    assert (result.code, "does not take the login" in result.err) == (ExitCode.FAILED, True)
    assert office.received() == ["pending"]
