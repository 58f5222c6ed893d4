"""Measure how fast one mail is composed, beside rendering alone and beside the standard library.

    .venv/bin/python bench/compose.py [ROUNDS]

Every message has its own recipient, party and key, as in a real run, so nothing is cached from
one to the next. The three ways take turns in each round; medians of the rounds are shown.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.mail.composer import TemplateComposer
from scheduler.plan.dates.date_forms import Before
from scheduler.plan.dates.due_dates import derive_due_date
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.messages.message import Message, ReminderMessage
from scheduler.plan.model import Contact, Deliverable, Group, Ladder, Milestone, Office, Party, Plan

COUNT = 100
ORGANISATION = "Cụm Thi đua khu vực Bắc Trung Bộ"
SENDER = "nhacviec@cum-thi-dua.example"


def messages() -> list[Message]:
    zone, form = ZoneInfo("Asia/Ho_Chi_Minh"), Before(date(2023, 3, 20))
    milestone = Milestone(
        id="dang-ky",
        kind="deadline",
        title="Kế hoạch triển khai phong trào thi đua và đăng ký thi đua năm 2023",
        form=form,
        ladder=Ladder(),
        section="3.1.2",
        quote="Các trường gửi các văn bản nêu trên về Cụm trưởng theo địa chỉ ... trước ngày 20/3/2023",
        responsible=("members",),
        report_to=("lead",),
        deliverables=tuple(Deliverable(id=f"d{n}", title=f"Thành phần hồ sơ thứ {n}") for n in range(4)),
        channels=("paper", "email"),
    )
    schools = {
        f"school-{n}": Party(id=f"school-{n}", name=f"Trường Chính trị tỉnh số {n}", short=f"Số {n}")
        for n in range(COUNT)
    }
    plan = Plan(
        id="bench",
        title="Hoạt động thi đua năm 2023",
        number="01-KH/CTĐ",
        issued=date(2023, 3, 20),
        year=2023,
        zone=zone,
        remind_from=date(2023, 2, 20),
        office=Office(name="Bộ phận giúp việc Cụm trưởng", phone="0239 000 000", address="Số 14, Hà Tĩnh"),
        groups={
            "lead": Group(id="lead", parties=("school-0",)),
            "members": Group(id="members", parties=tuple(schools)),
        },
        parties=schools,
        milestones=(milestone,),
    )
    due = derive_due_date(form, lateness="lenient", hour=clock(8), zone=zone, workdays=Workdays())
    base = ReminderMessage(
        key="",
        plan=plan,
        party=schools["school-1"],
        to=Contact(name="", email="a@b.example"),
        now=datetime(2023, 3, 3, 1, tzinfo=UTC),
        rung="before:14d",
        milestone=milestone,
        when=due,
        occurrence=milestone.id,
        missing=milestone.deliverables,
    )
    return [
        replace(
            base,
            key=f"bench/{id}",
            party=school,
            to=Contact(name=f"Nguyễn Thị Ánh Nguyệt {id}", email=f"{id}@truong.example"),
        )
        for id, school in schools.items()
    ]


def with_standard_library(composer: TemplateComposer, message: Message) -> bytes:
    """Render the same templates and build the same headers and parts with EmailMessage."""
    subject, text, html = composer.render(message)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((ORGANISATION, SENDER))
    mail["To"] = formataddr((message.to.name, message.to.email))
    mail["Subject"] = subject
    mail["Date"] = format_datetime(message.now.astimezone(message.plan.zone))
    mail["Message-ID"] = f"<{message.key.replace('/', '.')}@cum-thi-dua.example>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mail.set_content(text, cte="base64")
    mail.add_alternative(html, subtype="html", cte="base64")
    return mail.as_bytes()


def microseconds(work: Callable[[Message], object], batch: list[Message]) -> float:
    start = time.perf_counter()
    for message in batch:
        work(message)
    return (time.perf_counter() - start) / len(batch) * 1e6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    templates = Path(__file__).parents[1] / "templates"
    composer = TemplateComposer([templates], sender=SENDER, organisation=ORGANISATION, reply_to=None, secret=b"b" * 32)
    ways: dict[str, Callable[[Message], object]] = {
        "rendering alone": composer.render,
        "composed": composer.compose,
        "EmailMessage(policy=SMTP)": lambda message: with_standard_library(composer, message),
    }
    batch = messages()
    size = len(composer.compose(batch[1]).data)
    results: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            results[name].append(microseconds(work, batch))
    medians = {name: statistics.median(values) for name, values in results.items()}
    print(f"one mail of {size} bytes; {rounds} rounds of {COUNT}, medians")
    for name, value in medians.items():
        print(f"{name:28}{value:10.0f} us{value / medians['rendering alone']:8.2f} x rendering")
    print(f"composed is {medians['EmailMessage(policy=SMTP)'] / medians['composed']:.1f} times as fast as EmailMessage")


if __name__ == "__main__":
    main()
