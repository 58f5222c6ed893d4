"""Answers by mail through real servers: Postfix carries every mail, and Dovecot holds the mailboxes."""

from __future__ import annotations

import json
import re
import signal
import smtplib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta, timezone
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from scheduler.clock import SystemClock
from tests.acceptance.conftest import Daemon, Installed
from tests.support.dovecot import PASSWORD, Dovecot, run_dovecot
from tests.support.faked_clock import faked_by
from tests.support.mail_reader import body, header, read
from tests.support.mail_servers import Postfix, free_port, run_postfix
from tests.support.polling import wait_until
from tests.support.received_mails import PDF

PUBLIC = "https://nhacviec.example"
OFFICE = "nhacviec@cum.example"
LEAD, BETA = "lan@lead.example", "an@beta.example"
GAMMA, RESTORED, SECOND = "binh@lost.example", "binh@gamma.example", "chi@gamma.example"
HANOI = timezone(timedelta(hours=7))

PARTIES = f"""
[parties.alpha]
name = "Cụm trưởng"
short = "Cụm trưởng"
contacts = [{{ name = "Lan", email = "{LEAD}", role = "officer" }}]
[parties.beta]
name = "Trường Beta"
short = "Beta"
contacts = [{{ name = "An", email = "{BETA}", role = "officer" }}]
[parties.gamma]
name = "Trường Gamma"
short = "Gamma"
contacts = [
  {{ name = "Bình", email = "{GAMMA}", role = "officer" }},
  {{ name = "Chi", email = "{SECOND}", role = "assistant" }},
]
"""
PLAN = """
schema = 1
[plan]
id = "year"
title = "Kế hoạch năm"
issued = {issued}
year = {year}
timezone = "Asia/Ho_Chi_Minh"
workweek = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
[groups]
lead = ["alpha"]
members = ["beta", "gamma"]
[ladder]
before = ["3 days", "1 day"]
[[milestones]]
id = "report"
kind = "deadline"
title = "Gửi báo cáo sơ kết"
responsible = "members"
report_to = "lead"
by = {due}
deliverables = [{{ id = "bao-cao", title = "Báo cáo sơ kết" }}]
"""
CONFIG = """
[server]
port = 0
public_url = "{public}"
[mail]
transport = "smtp"
from = "{office}"
[mail.smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
[inbox]
host = "127.0.0.1"
port = {imap}
security = "none"
username = "{office}"
password = "{password}"
folders = ["INBOX"]
authserv_id = "mx.hanchot.example"
"""


class Office:
    """An office with its servers: what it runs, at which hour, and who has got which mails."""

    def __init__(self, hanchot: Installed, folder: Path, dovecot: Dovecot, postfix: Postfix) -> None:
        self._hanchot = hanchot
        self.folder = folder
        self._dovecot = dovecot
        self._postfix = postfix
        self._ahead = timedelta()

    def __call__(self, *arguments: object) -> str:
        """Return what a command prints that succeeds, at the hour that it is."""
        done = self._hanchot(self.folder, *arguments, **faked_by(self._ahead))
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return done.stdout.decode()

    def go_on_to(self, when: datetime) -> None:
        """Let it be a later hour; a machine that slept would accept it by its time server."""
        self._ahead = when - SystemClock().now()
        self("clock", "accept")

    def start(self, port: int) -> Daemon:
        """Return the daemon, which serves its pages on a port of the loopback."""
        return self._hanchot.start(self.folder, "run", **faked_by(self._ahead), HANCHOT_SERVER__PORT=str(port))

    def mails(self, address: str, count: int) -> list[bytes]:
        """Return the mails that somebody has, as soon as there are so many."""
        new = self._dovecot.folder / "mail" / address / "new"
        wait_until(lambda: new.exists() and len(list(new.iterdir())) >= count, f"{address} has {count} mails")
        mails = [file.read_bytes() for file in sorted(new.iterdir(), key=lambda file: file.stat().st_mtime_ns)]
        assert len(mails) == count
        return mails

    def came_back(self, count: int) -> None:
        """Wait until so many mails lie in the office's mailbox."""
        folder = self._dovecot.folder / "mail" / OFFICE

        def lie() -> int:
            return sum(len(list((folder / name).iterdir())) for name in ("new", "cur") if (folder / name).exists())

        wait_until(lambda: lie() >= count, f"{count} mails come back")

    def send(self, mail: EmailMessage) -> None:
        """Send a mail as a school does."""
        with smtplib.SMTP("127.0.0.1", self._postfix.port) as server:
            server.send_message(mail)


@pytest.fixture
def servers() -> Iterator[tuple[Dovecot, Postfix]]:
    accounts = (OFFICE, LEAD, BETA, RESTORED, SECOND)
    with run_dovecot() as dovecot, run_postfix(mailboxes=dovecot.folder / "mail", accounts=accounts) as postfix:
        yield dovecot, postfix


@pytest.fixture
def today() -> date:
    return SystemClock().now().astimezone(HANOI).date()


@pytest.fixture
def office(hanchot: Installed, tmp_path: Path, servers: tuple[Dovecot, Postfix], today: date) -> Office:
    """Return an office whose plan asks two schools for a report in four days, and that has loaded it."""
    dovecot, postfix = servers
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "parties.toml").write_text(PARTIES, encoding="utf-8")
    due = today + timedelta(days=4)
    text = PLAN.format(issued=today - timedelta(days=10), year=due.year, due=due)
    (tmp_path / "workflows" / "year.toml").write_text(text, encoding="utf-8")
    settings = {"public": PUBLIC, "office": OFFICE, "smtp": postfix.port, "imap": dovecot.port, "password": PASSWORD}
    (tmp_path / "config.toml").write_text(CONFIG.format(**settings), encoding="utf-8")
    office = Office(hanchot, tmp_path, dovecot, postfix)
    office("tick")
    return office


def morning(day: date) -> datetime:
    """Return shortly after eight in Ha Noi."""
    return datetime.combine(day, time(8, 0, 20), tzinfo=HANOI)


def reply_to(mail: bytes, sender: str) -> EmailMessage:
    """Return the answer of a mail program to a mail, with a scan as its only file."""
    asked, answer = read(mail), EmailMessage()
    answer["From"] = sender
    answer["To"] = header(asked, "Reply-To").rpartition("<")[2].rstrip(">")
    answer["Subject"] = f"Re: {header(asked, 'Subject')}"
    answer["Message-ID"] = "<answer.1@beta.example>"
    answer["In-Reply-To"] = asked["Message-ID"]
    answer["References"] = f"{asked['References']} {asked['Message-ID']}"
    answer.set_content("Kính gửi Văn phòng Cụm.\n\nTrường gửi báo cáo.\n")
    answer.add_attachment(PDF, maintype="application", subtype="pdf", filename="scan001.pdf")
    return answer


def test_from_the_reminder_to_the_receipt_and_an_address_that_fails_and_comes_back(
    office: Office, today: date, daemons: list[Daemon]
) -> None:
    """Beta answers with a PDF and is reminded no more; Gamma's first address takes no mail, its second is asked."""
    office.go_on_to(morning(today + timedelta(days=1)))
    office("tick")
    [reminder] = office.mails(BETA, 1)
    assert "chưa nhận được" not in body(read(reminder), "plain")
    office.send(reply_to(reminder, BETA))
    office.came_back(2)  # with the report that nobody has Gamma's mailbox

    office("tick")
    rows = {row["from"]: row for row in office_rows(office, "inbox", "list")}
    assert (rows[BETA]["state"], rows[BETA]["milestone"], rows[BETA]["party"]) == ("received", "report", "beta")
    [bounce] = [row for row in rows.values() if row["from"] != BETA]
    assert (bounce["state"], bounce["party"]) == ("bounce", "gamma")
    cells = {row["party"]: row["status"] for row in office_rows(office, "status")}
    assert (cells["beta"], cells["gamma"]) == ("submitted", "due_soon")
    office("tick")
    [_, receipt] = office.mails(BETA, 2)
    number = re.search(r"Mã tiếp nhận: (year/\d+)", body(read(receipt), "plain"))
    assert number is not None
    assert read(receipt)["References"] == read(reminder)["References"]
    assert len(office.mails(SECOND, 1)) == 1, "what Gamma's first address refused"
    assert [row["address"] for row in office_rows(office, "contacts", "list", "--bounced")] == [GAMMA]

    office.go_on_to(morning(today + timedelta(days=3)))
    office("tick")
    assert len(office.mails(BETA, 2)) == 2, "no further reminder"
    assert len(office.mails(SECOND, 2)) == 2
    roster = office.folder / "workflows" / "parties.toml"
    roster.write_text(roster.read_text().replace(GAMMA, RESTORED), encoding="utf-8")
    office.go_on_to(morning(today + timedelta(days=5)))
    office("tick")
    assert "Đã quá thời hạn" in header(read(office.mails(RESTORED, 1)[0]), "Subject")
    assert len(office.mails(SECOND, 2)) == 2, "the officer is asked again"
    kinds = {row["kind"] for row in office_rows(office, "outbox", "list")}
    assert "escalation" not in kinds
    check_pages(office, number[1], daemons)


def office_rows(office: Office, *arguments: object) -> list[dict[str, str]]:
    return [json.loads(line) for line in office(*arguments, "--format", "json").splitlines()]


def check_pages(office: Office, number: str, daemons: list[Daemon]) -> None:
    """Look for what has come, and the number of its receipt, in a calendar, on the party's page and on the board."""
    feed = office("feeds", "create", "--party", "beta").split()[-1]
    [page] = [row["url"] for row in office_rows(office, "links", "list", "beta")]
    sign_in = office("sign-in", LEAD).split()[0]
    port = free_port()
    daemon = office.start(port)
    daemons.append(daemon)
    daemon.wait_for('"started"')

    def ask(method: str, address: str, form: dict[str, str] | None = None, cookie: str = "") -> tuple[str, str]:
        """Return the text of a page and the cookie that it sets, as a browser behind the proxy gets them."""
        headers = {"Host": "nhacviec.example", "Origin": PUBLIC, "Cookie": cookie}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", port)
        with closing(connection):
            connection.request(method, address.removeprefix(PUBLIC), urlencode(form or {}) or None, headers)
            answer = connection.getresponse()
            assert answer.status in (200, 303)
            return answer.read().decode(), (answer.getheader("Set-Cookie") or "").partition(";")[0]

    assert number in ask("GET", feed)[0].replace("\r\n ", "")
    assert number in ask("GET", f"{page}/year/report")[0]
    asked, cookie = ask("GET", sign_in)
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked))
    _, cookie = ask("POST", sign_in, form, cookie)
    assert number in ask("GET", "/plans/year/milestones/report", cookie=cookie)[0]
    assert daemon.end(signal.SIGTERM) == 0
