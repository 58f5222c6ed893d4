"""Measure how fast due reminders become accepted and recorded mails, beside a bare smtplib loop.

    .venv/bin/python bench/dispatch.py [--count 5000] [--rounds 3] [--peer-count 1000] [--profile]
    .venv/bin/python bench/dispatch.py --large

Ours is one tick: due rungs are claimed, checked twice, composed (text and HTML, personal, about 6 KB) and
handed to Postfix's smtp-sink; each mail is recorded by its own commit in an SQLite file. The bare loop sends
the same finished bytes over one connection and records nothing, so it is the upper limit. Client and sink
share one core, because the limit has two speeds if they are not pinned. The ways take turns; the best of the
rounds is shown. Wall time is unreliable on a busy machine, so each ratio is shown twice: by wall time, and by the
CPU time of client and sink together, which excludes the time that the peers wait for the disk.

Two peers send fewer mails because they are slow. The straightforward script uses ORM rows, EmailMessage,
send_message and a commit for each mail, with the defaults of SQLite and SQLAlchemy. django-post_office, if it is
installed (`pip install --group bench`), has its queue filled by `send`, one mail at a time as mails come up,
or by `send_many` in pages as large as ours; it records a whole batch of sent mails at the end of the batch. The
script slows down with the number of mails, because the ORM expires every row at each commit. Both render the
same templates and start from finished messages, which ours works out in its tick. --large compares the rate and
memory of 1,000 and 50,000 mails.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import importlib.util
import logging
import os
import pstats
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import orm

from scheduler.clock import SteppingClock
from scheduler.engine.assembly import Adapters, TickSettings, make_ticker
from scheduler.engine.dispatch import PAGE
from scheduler.mail.composer import TemplateComposer
from scheduler.mail.smtp import Account, SmtpMailer
from scheduler.plan.dates.date_forms import Before, DayCount
from scheduler.plan.messages.message import Message
from scheduler.plan.model import Contact, Deliverable, Group, Ladder, Milestone, Office, Party, Plan
from scheduler.ports import Composer, Definition, Loaded, Mail
from scheduler.services.context import ServiceContext
from scheduler.store import open_store
from scheduler.store.statements import chunks

ORGANISATION = "Cụm Thi đua khu vực Bắc Trung Bộ"
SENDER = "nhacviec@cum-thi-dua.example"
SECRET = b"bench" * 8
LOADED = datetime(2023, 2, 20, 1, tzinfo=UTC)
DUE = datetime(2023, 3, 6, 1, 1, tzinfo=UTC)  # the morning of the working day on which the 14-day reminder is due
OF_LIMIT, OF_SCRIPT, OF_POST_OFFICE, OF_SMALL = 0.20, 15, 4, 0.9
DOCUMENTS = ("Kế hoạch triển khai phong trào thi đua", "Bản đăng ký thi đua")


def make_plan(parties: int) -> Plan:
    """Return a plan with one milestone that every party owes, and one reminder of it."""
    milestone = Milestone(
        id="dang-ky",
        kind="deadline",
        title="Kế hoạch triển khai phong trào thi đua và đăng ký thi đua năm 2023",
        form=Before(date(2023, 3, 21)),
        ladder=Ladder(before=(DayCount(14, "days"),), on_named_day=False, overdue=None, escalate=()),
        section="3.1.2",
        quote="Các trường gửi các văn bản nêu trên về Cụm trưởng theo địa chỉ ... trước ngày 21/3/2023",
        responsible=("members",),
        report_to=("lead",),
        deliverables=tuple(Deliverable(id=f"d{n}", title=title) for n, title in enumerate(DOCUMENTS)),
        channels=("paper", "email"),
    )
    schools = {
        id: Party(
            id=id,
            name=f"Trường Chính trị tỉnh số {id[-5:]}",
            short=f"Tỉnh {id[-5:]}",
            contacts=(Contact(name=f"Nguyễn Thị Ánh Nguyệt {id[-5:]}", email=f"{id}@truong.example"),),
        )
        for id in (f"school-{n:05}" for n in range(parties))
    }
    return Plan(
        id="bench-2023",
        title="Hoạt động thi đua năm 2023",
        number="01-KH/CTĐ",
        issued=LOADED.date(),
        year=2023,
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        remind_from=LOADED.date(),
        office=Office(name="Bộ phận giúp việc Cụm trưởng", phone="0239 000 000", address="Số 14, Hà Tĩnh"),
        groups={
            "lead": Group(id="lead", parties=("school-00000",)),
            "members": Group(id="members", parties=tuple(schools)),
        },
        parties=schools,
        milestones=(milestone,),
        digest="1",
    )


@dataclass
class StaticDefinitions:
    """Definitions that consist of one plan."""

    plan: Plan

    def load(self) -> Loaded:
        """Return the plan without problems."""
        return Loaded(definitions=(Definition(plan=self.plan, source=""),), problems=())


@dataclass
class RecordingComposer:
    """A composer that keeps its messages and mails."""

    composer: Composer
    messages: list[Message] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)

    def compose(self, message: Message) -> Mail:
        """Compose a mail with the real composer and keep both."""
        self.messages.append(message)
        self.mails.append(self.composer.compose(message))
        return self.mails[-1]


@dataclass(frozen=True)
class Cost:
    """What `count` mails cost: wall time, CPU time here and in the sink (seconds), peak memory above the start (MB)."""

    count: int
    wall: float
    cpu: float
    sink: float
    memory: float

    @property
    def rate(self) -> float:
        """Return mails per second."""
        return self.count / self.wall

    @property
    def work(self) -> float:
        """Return CPU seconds per mail, the time it takes on an otherwise idle core with a disk that never waits."""
        return (self.cpu + self.sink) / self.count


def measured(count: int, work: Callable[[], object]) -> Cost:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak (VmHWM)
    before, sink, cpu, wall = resident("VmRSS"), of_children(), time.process_time(), time.perf_counter()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Cost(count, wall, cpu, of_children() - sink, resident("VmHWM") - before)


def of_children() -> float:
    """Return the CPU seconds used by smtp-sink, the only child process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def resident(key: str) -> float:
    """Return a value of /proc/self/status in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink on a free loopback port and yield the port."""
    program = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise SystemExit("smtp-sink is missing: `make servers` installs it with Postfix")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "128"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def composer() -> TemplateComposer:
    templates = Path(__file__).parents[1] / "templates"
    return TemplateComposer([templates], sender=SENDER, organisation=ORGANISATION, reply_to=None, secret=SECRET)


# ---------------------------------------------------------------- ours and the peers


@contextmanager
def due_reminders(port: int, count: int, writer: Composer) -> Iterator[Callable[[], object]]:
    """Load a plan into a fresh record, set the clock to when its reminders are due, and yield the tick."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/hanchot.db")
        clock = SteppingClock(LOADED)
        account = Account(host="127.0.0.1", port=port, security="none")
        mailer = SmtpMailer(account, sender=SENDER, secret=SECRET)
        ticker = make_ticker(
            ServiceContext(store=store, composer=writer),
            Adapters(clock=clock, definitions=StaticDefinitions(make_plan(count)), mailer=mailer),
            TickSettings(name="bench"),
            report=lambda event: None,
        )
        ticker.load()
        ticker.tick()
        clock.instant = DUE
        yield ticker.tick
        with store.reading() as view:
            sent = len(view.outbox.list(plan="bench-2023", states=["sent"]))
        assert sent == count, f"{sent} of {count} mails were sent"
        mailer.close()
        store.close()


def ours(port: int, count: int) -> Cost:
    with due_reminders(port, count, composer()) as tick:
        return measured(count, tick)


def bare(port: int, mails: Sequence[Mail]) -> Cost:
    """Send finished bytes and record nothing."""

    def work() -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
            for mail in mails:
                client.sendmail(SENDER, mail.address, mail.data)

    return measured(len(mails), work)


def mailer_alone(port: int, mails: Sequence[Mail]) -> Cost:
    """Send finished bytes through our mailer and record nothing."""
    mailer = SmtpMailer(Account(host="127.0.0.1", port=port, security="none"), sender=SENDER, secret=SECRET)

    def work() -> None:
        for mail in mails:
            outcome = mailer.send(mail)
            assert outcome.state == "sent", outcome

    cost = measured(len(mails), work)
    mailer.close()
    return cost


def fill(mail: EmailMessage, message: Message, writer: TemplateComposer) -> EmailMessage:
    """Render a message into a mail of the standard library."""
    subject, text, html = writer.render(message)
    mail["From"] = formataddr((ORGANISATION, SENDER))
    mail["To"] = formataddr((message.to.name, message.to.email))
    mail["Subject"] = subject
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail


def script(port: int, messages: Sequence[Message]) -> Cost:
    """Send as a script written in an afternoon would: load all ORM rows; for each, send an EmailMessage and commit."""

    class Base(orm.DeclarativeBase):
        pass

    class Reminder(Base):
        __tablename__ = "reminder"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        school: orm.Mapped[str]
        due: orm.Mapped[date]
        status: orm.Mapped[str]
        sent_at: orm.Mapped[datetime | None]

    by_school = {message.party.id: message for message in messages}
    writer = composer()
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/script.db")
        Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            session.add_all(Reminder(school=id, due=DUE.date(), status="due") for id in by_school)
            session.commit()

        def work() -> None:
            with orm.Session(engine) as session, smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
                for row in session.scalars(sa.select(Reminder).where(Reminder.status == "due")).all():
                    client.send_message(fill(EmailMessage(policy=SMTP), by_school[row.school], writer))
                    row.status, row.sent_at = "sent", datetime.now(UTC).replace(tzinfo=None)
                    session.commit()

        cost = measured(len(messages), work)
        engine.dispose()
    return cost


def post_office(port: int, messages: Sequence[Message], *, page: int) -> Cost:
    """Queue mails with django-post_office in a fresh database, then let it empty its queue."""
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    with tempfile.TemporaryDirectory() as folder:
        if not settings.configured:
            settings.configure(
                DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/po.db"}},
                INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
                TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
                EMAIL_HOST="127.0.0.1",
                DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                POST_OFFICE={"BATCH_SIZE": 1000, "THREADS_PER_PROCESS": 1},
                USE_TZ=True,
                LOGGING_CONFIG=None,
            )
            django.setup()
        settings.EMAIL_PORT = port
        connections["default"].settings_dict["NAME"] = f"{folder}/po.db"
        call_command("migrate", verbosity=0)
        logging.disable(logging.INFO)
        from post_office import mail
        from post_office.models import STATUS, Email

        writer, sender = composer(), formataddr((ORGANISATION, SENDER))

        def work() -> None:
            for some in chunks(messages, page):
                mails = []
                for message in some:
                    subject, text, html = writer.render(message)
                    words = {"subject": subject, "message": text, "html_message": html}
                    mails.append({"recipients": message.to.email, "sender": sender, **words})
                if page == 1:
                    mail.send(**mails[0])
                else:
                    mail.send_many(mails)
            mail.send_queued_mail_until_done(processes=1)

        cost = measured(len(messages), work)
        sent = Email.objects.filter(status=STATUS.sent).count()
        assert sent == len(messages), f"post_office sent {sent} of {len(messages)}"
        connections.close_all()
    return cost


# ---------------------------------------------------------------- measuring and reporting


def prepare(port: int, count: int) -> RecordingComposer:
    """Run once without measuring, to warm caches and to collect the messages and mails."""
    scribe = RecordingComposer(composer())
    with due_reminders(port, count, scribe) as tick:
        tick()
    return scribe


def show(name: str, cost: Cost, limit: Cost) -> None:
    print(
        f"{name:34}{cost.count:7,}{cost.rate:9,.0f}/s{cost.rate / limit.rate:9.3f}"
        f"{cost.cpu / cost.count * 1e6:9,.0f} us{cost.work * 1e6:9,.0f} us{limit.work / cost.work:9.3f}"
        f"{cost.memory:+7.0f} MB"
    )


def best_of(costs: Sequence[Cost]) -> Cost:
    """Return the shortest wall time and the least CPU time of the rounds, because noise only ever adds."""
    fastest = min(costs, key=lambda cost: cost.wall)
    least = min(costs, key=lambda cost: cost.work)
    return replace(fastest, cpu=least.cpu, sink=least.sink)


def compare(port: int, count: int, rounds: int, peer_count: int) -> None:
    scribe = prepare(port, count)
    few = scribe.messages[:peer_count]
    ways: dict[str, Callable[[], Cost]] = {
        "bare smtplib, nothing recorded": lambda: bare(port, scribe.mails),
        "our mailer, nothing recorded": lambda: mailer_alone(port, scribe.mails),
        "ours": lambda: ours(port, count),
        "straightforward script": lambda: script(port, few),
    }
    if importlib.util.find_spec("post_office"):
        ways["django-post_office"] = lambda: post_office(port, few, page=1)
        ways["django-post_office, send_many"] = lambda: post_office(port, few, page=PAGE)
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            costs[name].append(way())
    best = {name: best_of(found) for name, found in costs.items()}
    limit, mine = best["bare smtplib, nothing recorded"], best["ours"]
    size = sum(len(mail.data) for mail in scribe.mails) / count
    print(f"mails of {size:,.0f} bytes; client and sink on one core; best of {rounds} rounds")
    print(
        f"{'':34}{'mails':>7}{'rate':>11}{'of limit':>9}"
        f"{'CPU a mail':>12}{'with sink':>12}{'of limit':>9}{'memory':>10}"
    )
    for name, cost in best.items():
        show(name, cost, limit)
    print(
        f"ours reaches {mine.rate / limit.rate:.2f} of the bare loop by the clock, "
        f"{limit.work / mine.work:.2f} by CPU (target: at least {OF_LIMIT:.2f})"
    )
    targets = {"straightforward script": OF_SCRIPT, "django-post_office": OF_POST_OFFICE}
    for name, peer in list(best.items())[3:]:
        wanted = f" (target: at least {targets[name]})" if name in targets else ""
        print(
            f"ours is {mine.rate / peer.rate:.1f} times as fast as {name} by the clock, "
            f"{peer.work / mine.work:.1f} by CPU{wanted}"
        )
    if "django-post_office" not in best:
        print("django-post_office is not installed (`pip install --group bench`)")


def compare_sizes(port: int, small: int = 1_000, large: int = 50_000) -> None:
    prepare(port, 200)
    costs = {count: ours(port, count) for count in (small, large)}
    again = ours(port, small)
    costs[small] = best_of([costs[small], again])
    print(f"{'mails':>8}{'rate':>11}{'CPU a mail':>12}{'memory':>11}")
    for count, cost in costs.items():
        print(f"{count:8,}{cost.rate:9,.0f}/s{cost.cpu / count * 1e6:9,.0f} us{cost.memory:+8.0f} MB")
    by_clock, by_cpu = costs[large].rate / costs[small].rate, costs[small].work / costs[large].work
    print(
        f"{large:,} mails go at {by_clock:.2f} of the rate of {small:,} by the clock, {by_cpu:.2f} by CPU "
        f"(target: at least {OF_SMALL})"
    )


def profile(port: int, count: int) -> None:
    prepare(port, 200)
    profiler = cProfile.Profile()
    with due_reminders(port, count, composer()) as tick:
        profiler.runcall(tick)
    stats = pstats.Stats(profiler, stream=sys.stdout)
    stats.sort_stats("tottime").print_stats(30)
    stats.sort_stats("cumulative").print_stats("scheduler/|sqlalchemy/engine/base|commit")


def main() -> None:
    parser = argparse.ArgumentParser(description="Due reminders to accepted, recorded mails.")
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-count", type=int, default=1_000)
    parser.add_argument("--large", action="store_true", help="1,000 beside 50,000 mails instead")
    parser.add_argument("--profile", action="store_true", help="where the time of one tick goes instead")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # smtp-sink inherits the core
    with sink() as port:
        if options.profile:
            profile(port, options.count)
        elif options.large:
            compare_sizes(port)
        else:
            compare(port, options.count, options.rounds, options.peer_count)


if __name__ == "__main__":
    main()
