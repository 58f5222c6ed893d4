"""Two mornings of the shipped year that the office's guide shows, on sites set up as an office sets them up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from html import unescape
from pathlib import Path

from scheduler.ports import Outcome
from tests.support.incoming_mail import answer, read_mailbox
from tests.support.mail_servers import free_port
from tests.support.operator_client import Operator
from tests.support.received_mails import SERVER, File, gmail_failure
from tests.support.served_site import ServedSite, serve_site
from tests.support.shipped_year import PLAN, live
from tests.support.web_client import sign_in

ADDRESS = "https://thidua.tranphu.example"
OFFICER, PRINCIPAL = "thidua@tranphu.example", "hieutruong@tranphu.example"
MAIL = f"""
transport = "smtp"
from = "{OFFICER}"
smtp.host = "mail.tranphu.example"
[inbox]
host = "mail.tranphu.example"
username = "{OFFICER}"
folders = ["INBOX"]
authserv_id = "{SERVER}"
[operators]
emails = ["Bộ phận giúp việc <{OFFICER}>"]
readers = ["Hiệu trưởng <{PRINCIPAL}>"]
"""


@contextmanager
def serve_office(folder: Path) -> Iterator[ServedSite]:
    """Serve an office with an address that others open, SMTP, a mailbox that is read, and a reader."""
    port = free_port()
    with serve_site(folder, f'public_url = "{ADDRESS}"', mail=MAIL, port=port) as site:
        site.address = f"http://127.0.0.1:{port}"
        yield site


def play_march(site: ServedSite, folder: Path) -> Operator:
    """Play the year up to 22 March, two days after the first deadline, and return the officer.

    Two mails wait for a person, one address is dead, one mail was refused, and one need is put off.
    """
    live(site, date(2023, 3, 22))
    daemon = read_mailbox(site, folder)
    asked = next(mail for mail in site.mails if mail.mail.address == "thidua@leduan.example")
    sent = {"date": "Wed, 22 Mar 2023 08:50:00 +0700", "in_reply_to": asked.mail.message_id}
    files = tuple(File(name=f"{title}.pdf") for title in ("Kế hoạch triển khai phong trào thi đua", "Đăng ký thi đua"))
    text = "Kính gửi Bộ phận giúp việc,\n\nTrường Lê Duẩn xin gửi kế hoạch và bản đăng ký thi đua năm 2023."
    details = {"name": "Phòng Tổ chức", "subject": "Kế hoạch và đăng ký thi đua", "text": text, "files": files}
    daemon.receive(answer(daemon, "phongtochuc@leduan.example", **sent, **details))
    text = "Kính gửi Bộ phận giúp việc, đề nghị cho xin mẫu đăng ký hoạt động."
    details = {"name": "Trường Quảng Bình", "subject": "Hỏi về mẫu biểu", "text": text, "files": ()}
    daemon.receive(answer(daemon, "thidua@quangbinh.example", **details, date=sent["date"]))
    bounced = "thidua@nguyenchithanh.example"
    [*_, last] = (mail for mail in daemon.mails() if mail.mail.address == bounced)
    daemon.receive(gmail_failure(recipient=bounced, original=last.mail.message_id))
    officer = Operator(site, sign_in(site, OFFICER))
    officer.do(postpone(officer, "so-ket"), until="2023-04-28")
    daemon.mailer.outcome = Outcome(state="failed", reply="554 5.7.1 Message rejected")
    officer.do(do("remind", "dang-ky", "le-duan-quang-tri"), reason="trường đề nghị gửi lại thư")
    daemon.tick()
    return officer


def play_june(site: ServedSite, folder: Path) -> Operator:
    """Play the year up to 5 June, three days before the meeting, to which some have replied; return the officer."""
    live(site, date(2023, 6, 5))
    officer = Operator(site, sign_in(site, OFFICER))
    for party, reply, people in (
        ("tran-phu-ha-tinh", "accepted", "6"),
        ("nghe-an", "accepted", "3"),
        ("thanh-hoa", "tentative", ""),
        ("quang-binh", "declined", ""),
    ):
        officer.do(do("reply", "so-ket", party), reply=reply, people=people)
    return officer


def do(action: str, milestone: str, party: str = "") -> str:
    """Return the path of a form about a milestone, or about what a party owes."""
    return f"/plans/{PLAN}/do/{action}?milestone={milestone}" + (f"&party={party}" if party else "")


def postpone(officer: Operator, milestone: str) -> str:
    """Return the path of the form that puts off what the board says about a milestone."""
    paths = re.findall(r'href="([^"]+/do/postpone[^"]+)"', officer.ask("/").text)
    return unescape(next(path for path in paths if milestone in path))
