"""The shipped year over real files and a real record, with the same decisions of people and, if wanted, accidents."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.definitions.loader import DefinitionFiles
from scheduler.mail.smtp_replies import CERTIFICATE, Phase, judge, to_outcome
from scheduler.plan.commands import RestoreAddress
from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.facts import Actor, Fact, FactKind
from scheduler.plan.model import Plan
from scheduler.ports import Clock, Mail, MessageRow, Outcome, RungRow
from scheduler.ports.events import Event
from scheduler.queries.rows import Row
from scheduler.queries.why import explain_rung
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute
from scheduler.store import open_store
from tests.support.daemon_fixture import COMPOSER, DaemonFixture
from tests.support.fakes import Crash, FakeMachine, crash, nothing, on_call
from tests.support.plan_builders import at
from tests.support.shipped_year import ROOT, shipped

YEAR = timedelta(days=365)
FIRST, LAST = at(2, 20, 0), at(12, 31, 23)
LEAD, NGHE_AN, THANH_HOA, LE_DUAN = "tran-phu-ha-tinh", "nghe-an", "thanh-hoa", "le-duan-quang-tri"
QUANG_BINH, HUE = "quang-binh", "nguyen-chi-thanh-hue"
OLD_OFFICER, NEW_OFFICER = "thidua@quangbinh.example", "moi@quangbinh.example"
DEAD = "thidua@thanhhoa.example"
DANG_KY, RENAMED = "dang-ky", "dang-ky-2023"
EXTENDED = date(2023, 10, 27)  # for Le Duan, on the evening of the two decisions
BLOCKED = "5.7.1 Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org"
NO_MAILBOX = "5.1.1 The email account that you tried to reach does not exist"

Judge = Callable[[Mail], Outcome | None]


def reply(phase: Phase, code: str, words: str) -> Outcome:
    """Return what a reply of a mail server means for a mail."""
    return to_outcome(judge(phase, code, words).meaning, f"{code} {words}")


@dataclass
class Server:
    """A mail server that takes every mail, unless `refuses` says otherwise."""

    clock: Clock
    accepted: list[tuple[datetime, Mail]] = field(default_factory=list)
    refuses: Judge = lambda mail: None
    before: Callable[[Mail], object] = nothing
    account: str = "fake"

    def send(self, mail: Mail) -> Outcome:
        """Answer a mail."""
        self.before(mail)
        refusal = self.refuses(mail)
        if refusal is not None:
            return refusal
        self.accepted.append((self.clock.now(), mail))
        return Outcome(state="sent", reply="250 ok")

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a year left behind; `explained` is what `why` says of each step."""

    plan: Plan
    accepted: Sequence[tuple[datetime, Mail]]
    rungs: Sequence[RungRow]
    mails: Sequence[MessageRow]
    facts: Sequence[Fact]
    explained: Mapping[int, Row]
    events: Sequence[Event]

    def row_of(self, mail: Mail) -> MessageRow:
        """Return the row of a mail that the server took."""
        (row,) = [row for row in self.mails if row.mail.message_id == mail.message_id]
        return row

    def said(self) -> Iterator[tuple[datetime, Mail, RungRow]]:
        """Yield each step with each mail that carried it to somebody, in the order of sending."""
        rungs = {rung.id: rung for rung in self.rungs}
        for instant, mail in self.accepted:
            for id in self.row_of(mail).rungs:
                yield instant, mail, rungs[id]


class OfficeYear:
    """A folder of definitions, a record, and the daemons that live with them one after the other."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / "workflows", folder / "workflows")
        self.url = f"sqlite:///{folder}/hanchot.db"
        self.workflows = folder / "workflows"
        self.file = self.workflows / "bac-trung-bo" / "2023.toml"
        self.roster = self.file.with_name("parties.toml")
        self.away = folder / "2023.toml"
        self.whole = ""
        self.is_up = True
        self.daemons = 0
        self.acts: list[tuple[datetime, Callable[[], object]]] = []
        self.milestones: dict[str, str] = {}  # new ids by old ones
        self.by_name: dict[str, Fact] = {}
        self.daemon = DaemonFixture(open_store(self.url), shipped().plan, start=FIRST)
        self.machine = FakeMachine(self.daemon.clock)
        self.server = Server(self.daemon.clock)
        self.begin()

    # ---- the daemon

    def begin(self) -> None:
        """Start a daemon, in a new process."""
        self.daemons += 1
        self.daemon.store.close()
        self.daemon.store = open_store(self.url)
        self.daemon.ticker = self.daemon.new_ticker(
            name=f"daemon {self.daemons}",
            definitions=DefinitionFiles([self.workflows]),
            mailer=self.server,
            machine=self.machine,
        )
        self.load()
        self.is_up = True

    def end(self) -> None:
        """Stop the daemon for a while."""
        self.is_up = False

    def beat(self) -> None:
        """Let the daemon tick though it saw nothing to wake for, as it does with each heartbeat."""
        self.daemon.tick()

    def load(self) -> None:
        """Let the daemon notice what is new in its folder."""
        self.daemon.ticker.load()
        self.daemon.definitions.plans = self.daemon.ticker.plans or self.daemon.definitions.plans

    def write(self, file: Path, text: str) -> None:
        """Write a file, which the daemon notices."""
        file.write_text(text, encoding="utf-8")
        self.load()

    def replace(self, file: Path, old: str, new: str) -> None:
        """Edit a file."""
        text = file.read_text(encoding="utf-8")
        assert old in text
        self.write(file, text.replace(old, new))

    def cut(self, before: str) -> None:
        """Leave only the beginning of the plan, as a copy in progress does."""
        self.whole = self.file.read_text(encoding="utf-8")
        self.write(self.file, self.whole[: self.whole.index(before)])

    def make_whole(self) -> None:
        """End the copy in progress."""
        self.write(self.file, self.whole)

    # ---- the year

    def on(self, instant: datetime, act: Callable[..., object], *arguments: Any, **details: Any) -> None:
        """Let something happen at an instant."""
        self.acts.append((instant, lambda: act(*arguments, **details)))

    def record(
        self, kind: FactKind, party: str | None = None, milestone: str | None = None, name: str = "", **details: Any
    ) -> None:
        """Record a fact as the command line does; it can be undone by its name."""
        milestone = self.milestones.get(milestone or "", milestone)
        self.by_name[name] = self.daemon.record(kind, party, milestone, **details).fact

    def undo(self, name: str) -> None:
        """Take a fact back."""
        self.daemon.undo(self.by_name[name])

    def play(self) -> Recording:
        """Let everything happen, and the daemon live in between."""
        for instant, act in sorted(self.acts, key=lambda pair: pair[0]):
            self.pass_until(instant)
            act()
        self.pass_until(LAST)
        recording = self.read()
        self.daemon.store.close()
        return recording

    def pass_until(self, instant: datetime) -> None:
        """Let time pass; a daemon that dies is started again at once."""
        until = instant + self.machine.shift  # as the machine shows it
        while self.is_up and self.daemon.clock.instant < until:
            try:
                self.daemon.live(until)
            except Crash:
                self.server.before = nothing
                self.begin()
        self.daemon.clock.instant = until

    def read(self) -> Recording:
        """Return what is in the record."""
        plan = self.daemon.plan
        with self.daemon.store.reading() as view:
            rungs = view.rungs.of(plan.id)
            return Recording(
                plan=plan,
                accepted=self.server.accepted,
                rungs=rungs,
                mails=view.outbox.list(),
                facts=view.facts.of(plan.id),
                explained={row.id: explain_rung(view, plan, row, LAST) for row in rungs},
                events=self.daemon.events,
            )


def decide_as_in_every_year(year: OfficeYear) -> None:
    """Let the schools answer, or not, and the cluster decide."""
    received = [
        (at(3, 8, 9), LEAD, DANG_KY),
        (at(3, 15, 10), NGHE_AN, DANG_KY),
        (at(3, 16, 10), THANH_HOA, DANG_KY),
        (at(3, 24, 15), LE_DUAN, DANG_KY),
        (at(3, 28, 10), QUANG_BINH, DANG_KY),
        (at(7, 6, 9), LEAD, "bao-cao-6-thang"),
        (at(7, 13, 9), THANH_HOA, "bao-cao-6-thang"),
        (at(7, 20, 9), QUANG_BINH, "bao-cao-6-thang"),
        (at(7, 25, 9), NGHE_AN, "bao-cao-6-thang"),
        (at(8, 9, 16), LEAD, "bao-cao-so-ket"),
        (at(10, 16, 9), NGHE_AN, "bao-cao-nam"),
        (at(10, 19, 9), LEAD, "bao-cao-nam"),
        (at(10, 20, 9), THANH_HOA, "bao-cao-nam"),
        (at(10, 30, 9), LE_DUAN, "bao-cao-nam"),
        (at(10, 30, 10), LEAD, "kiem-tra"),
        (at(11, 17, 16), LEAD, "ho-so-tong-ket"),
        (at(11, 28, 10), NGHE_AN, "khen-thuong"),
    ]
    for instant, party, milestone in received:
        year.on(instant, year.record, "received", party, milestone)
    year.on(at(5, 22, 16), year.record, "date_fixed", None, "so-ket", form=On(date(2023, 6, 8), date(2023, 6, 9)))
    year.on(at(6, 12, 9), year.record, "date_fixed", None, "bao-cao-6-thang", form=By(date(2023, 7, 14)))
    year.on(at(7, 7, 17, 30), year.record, "extended", QUANG_BINH, "bao-cao-6-thang", form=By(date(2023, 7, 21)))
    year.on(at(9, 15, 9), year.record, "date_fixed", None, "bao-cao-nam", form=By(date(2023, 10, 20)))
    year.on(at(10, 11, 18), year.record, "extended", LE_DUAN, "bao-cao-nam", form=By(EXTENDED))
    year.on(at(10, 20, 9), year.record, "date_fixed", None, "tong-ket", form=On(date(2023, 11, 13), date(2023, 11, 13)))
    year.on(at(11, 16, 9), year.record, "nominated", None, None, group="nominees", parties=(NGHE_AN, THANH_HOA))


def have_accidents(year: OfficeYear) -> None:
    """Let everything go wrong once."""
    files_go_wrong(year)
    people_go_wrong(year)
    machines_go_wrong(year)
    servers_go_wrong(year)


def files_go_wrong(year: OfficeYear) -> None:
    """Copy, cut, rename, mistype and take away the plan."""
    whole = year.file.read_text(encoding="utf-8")
    copy = year.file.with_name("2023 - Copy.toml")
    year.on(at(2, 27, 9), year.write, copy, whole.replace("before = 2023-03-20", "before = 2023-04-20"))
    year.on(at(3, 6, 9), copy.unlink)
    year.on(at(3, 6, 9), year.load)
    year.on(at(3, 10, 7), year.cut, "[[milestones]]")
    year.on(at(3, 10, 9, 30), year.make_whole)

    year.on(at(11, 3, 7), year.cut, '[[milestones]]\nid = "ho-so-tong-ket"')
    year.on(at(11, 3, 9, 30), year.make_whole)

    def rename() -> None:
        year.milestones[DANG_KY] = RENAMED
        renamed = whole.replace(f'"{DANG_KY}"', f'"{RENAMED}"')
        year.write(year.file, renamed.replace(f'id = "{RENAMED}"', f'id = "{RENAMED}"\nwas = "{DANG_KY}"'))

    year.on(at(3, 22, 12), rename)
    year.on(at(9, 5, 10), year.replace, year.file, "before = 2023-11-20", "before = 2023-10-20")
    year.on(at(9, 7, 10), year.replace, year.file, "before = 2023-10-20", "before = 2023-11-20")
    year.on(at(10, 25, 6), lambda: year.file.rename(year.away))
    year.on(at(10, 25, 6), year.begin)
    year.on(at(10, 27, 6), lambda: year.away.rename(year.file))
    year.on(at(10, 27, 6), year.load)


def people_go_wrong(year: OfficeYear) -> None:
    """Decide and think better of it; change a contact while a notice waits for Monday."""
    year.on(at(7, 8, 10), year.replace, year.roster, OLD_OFFICER, NEW_OFFICER)
    until = By(date(2023, 7, 28))
    year.on(at(7, 10, 10), year.record, "extended", NGHE_AN, "bao-cao-6-thang", "mailed", form=until)
    year.on(at(7, 12, 10), year.undo, "mailed")
    until = By(date(2023, 11, 27))
    year.on(at(10, 11, 18, 5), year.record, "extended", LE_DUAN, "bao-cao-nam", "not mailed", form=until)
    year.on(at(10, 11, 18, 10), year.undo, "not mailed")


def machines_go_wrong(year: OfficeYear) -> None:
    """Be a year ahead for a day, be killed while mails are held, be off for nine days."""
    year.on(at(6, 30, 7), year.machine.jump, YEAR)
    year.on(at(7, 1, 7), year.machine.jump, -YEAR)
    year.on(at(7, 14, 7), setattr, year.server, "before", on_call(2, crash))
    year.on(at(7, 28, 12), year.end)
    year.on(at(8, 6, 12), year.begin)


def servers_go_wrong(year: OfficeYear) -> None:
    """Be on a blacklist for a week, know a mailbox no more for two weeks, have an old certificate for an hour."""

    def answer(refusal: Judge) -> None:
        year.server.refuses = refusal

    def take_all(mail: Mail) -> None:
        return None

    def restore() -> None:
        services = ServiceContext(store=year.daemon.store, composer=COMPOSER)
        command = RestoreAddress(at=year.daemon.clock.instant, by=Actor(name="chi"), party=THANH_HOA, address=DEAD)
        execute(services, year.daemon.definition, [command])

    year.on(at(5, 16, 12), answer, lambda mail: reply("recipient", "554", BLOCKED))
    year.on(at(5, 23, 12), answer, take_all)
    year.on(at(10, 2, 9), answer, lambda mail: reply("recipient", "550", NO_MAILBOX) if mail.address == DEAD else None)
    year.on(at(10, 6, 8, 1), year.beat)
    year.on(at(10, 16, 9), answer, take_all)
    year.on(at(10, 16, 9), restore)
    year.on(at(11, 22, 7), answer, lambda mail: reply("tls", CERTIFICATE, "certificate has expired"))
    year.on(at(11, 22, 9), answer, take_all)
