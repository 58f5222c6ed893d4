"""Whatever happens in whatever order: nothing is lost, nothing leaves twice, each promise ends in one state.

Hypothesis lets a daemon live: time passes with and without a daemon, daemons die at any step and are
started again, a second one ticks in between, people record and take back facts, the plan's date moves
there and back, the mail server fails, the machine's clock lies for a while. Then a last daemon runs far
beyond the last rung.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scheduler.engine.tick import Ticker
from scheduler.errors import UserError
from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By, On, Undated, Window
from scheduler.plan.dispatch_policy import opening, working_days_late
from scheduler.plan.facts import DEFINITION, Fact, FactKind, Withdrawn
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Contact, Group
from scheduler.plan.notices import fact_of
from scheduler.plan.obligations import Obligation
from scheduler.ports import Mail, MessageRow, RungRow
from scheduler.ports.events import Event
from scheduler.queries.agendas import read_agenda
from scheduler.services.clock_guard import TOLERANCE, ClockGuard
from scheduler.store import open_store
from tests.support.daemon_fixture import FRIDAY, DaemonFixture, due_by, plan
from tests.support.fakes import Crash, FakeComposer, FakeMachine, SpyComposer, crash, nothing, on_call
from tests.support.plan_builders import PARTIES as PLAN_PARTIES
from tests.support.plan_builders import at, deadline, event, vietnam

OVER = at(5, 20)
FINAL = {"sent", "skipped", "missed", "cancelled", "failed", "ambiguous"}
FACT_KINDS: list[FactKind] = ["received", "received", "returned", "accepted", "waived", "opened"]
PARTIES = st.sampled_from(["lead", "beta", "gamma"])
CALENDAR = vietnam(off=[date(2023, 3, 15)])
MEETING = event(Window(date(2023, 4, 3), date(2023, 4, 7), "early in April"))
NOMINEES = Group(id="nominees", chosen_by="lead", after="report")
REVISIONS = [
    plan(milestone, MEETING, groups=[NOMINEES], workdays=CALENDAR)
    for milestone in (
        due_by(FRIDAY),
        due_by(date(2023, 3, 24)),
        due_by(date(2023, 3, 10)),
        deadline(Undated("later")),
    )
]
SUCCESSOR = replace(PLAN_PARTIES[1], contacts=(Contact(name="new", email="new@beta.example"),))
REVISIONS += [
    replace(REVISIONS[0], parties={**REVISIONS[0].parties, "beta": SUCCESSOR}, digest="another contact"),
    plan(MEETING, groups=[replace(NOMINEES, after="meeting")], workdays=CALENDAR),
]
SPANS = st.one_of(
    st.integers(1, 90).map(lambda n: timedelta(minutes=n)),
    st.integers(1, 30).map(lambda n: timedelta(hours=n)),
    st.integers(1, 8).map(lambda n: timedelta(days=n)),
)
JUMPS = st.one_of(
    st.integers(1, 30).map(lambda n: TOLERANCE + timedelta(minutes=n)),
    st.integers(1, 60).map(lambda n: timedelta(days=n)),
    st.just(timedelta(days=365)),
)
NO_TIME = timedelta()
PLACES = st.sampled_from(["compose", "before the mail", "inside the mail", "report"])


class DaemonMachine(RuleBasedStateMachine):
    """One daemon, and all that can happen to it."""

    @initialize(weeks=st.integers(0, 3), hour=st.integers(0, 23))
    def begin(self, weeks: int, hour: int) -> None:
        """Open the daemon on some day before or in the middle of the ladder."""
        self.store = open_store("sqlite://")
        self.composer = SpyComposer(FakeComposer())
        start = at(2, 27, hour) + timedelta(weeks=weeks)
        self.daemon = DaemonFixture(self.store, REVISIONS[0], start=start, composer=self.composer)
        self.daemon.mailer.before = self.look_at
        self.machine = FakeMachine(self.daemon.clock)
        self.lie = NO_TIME  # by how much the machine's clock is ahead of the time that people know
        self.untouched: object = None  # what the record held when the clock began to lie, and what people did since
        self.names = 0
        self.torn: Counter[str] = Counter()  # mails in hand when a daemon died: they may go out once more
        self.wrong: list[str] = []  # what should never have left
        self.restart()

    # ---- time and daemons

    def restart(self, report: Callable[[Event], None] = nothing) -> None:
        """Start a new daemon; what the last one held in memory is gone."""
        self.names += 1
        self.daemon.ticker = self.new_ticker(report)

    def new_ticker(self, report: Callable[[Event], None] = nothing) -> Ticker:
        return self.daemon.new_ticker(name=f"daemon {self.names}", report=report, machine=self.machine)

    @rule(span=SPANS)
    def time_passes_without_a_daemon(self, span: timedelta) -> None:
        """Sleep, an outage, a machine switched off."""
        self.daemon.clock.instant += span

    @rule(span=SPANS)
    def the_daemon_lives(self, span: timedelta) -> None:
        """Wake at every instant that it asked for."""
        self.daemon.live(self.daemon.clock.instant + span)

    @rule()
    def the_daemon_ticks(self) -> None:
        """Let a heartbeat pass."""
        self.daemon.tick()

    @rule()
    def the_daemon_starts_again(self) -> None:
        """And reads its files."""
        self.restart()
        self.daemon.ticker.load()

    @rule(span=SPANS, where=PLACES, step=st.integers(1, 5))
    def the_daemon_dies(self, span: timedelta, where: str, step: int) -> None:
        """In the middle of a tick, at any step of it."""
        self.daemon.clock.instant += span
        fatal = on_call(step, crash)
        mailer = self.daemon.mailer

        def inside(mail: Mail) -> None:
            self.look_at(mail)
            mailer.sent.append((self.daemon.clock.now(), mail))
            try:
                fatal()
            except Crash:
                self.torn[mail.message_id] += 1
                raise
            mailer.sent.pop()

        self.restart(fatal if where == "report" else nothing)
        if where == "compose":
            self.composer.before = fatal
        elif where == "before the mail":
            mailer.before = fatal
        elif where == "inside the mail" and not mailer.is_down:
            mailer.before = inside
        with contextlib.suppress(Crash):
            self.daemon.tick()
        self.composer.before, mailer.before = nothing, self.look_at
        self.restart()

    @rule(span=SPANS, step=st.integers(1, 3))
    def a_second_daemon_ticks_in_between(self, span: timedelta, step: int) -> None:
        """While the first has a mail in hand."""
        self.daemon.clock.instant += span
        self.names += 1
        meanwhile = on_call(step, self.new_ticker().tick)

        def look_and_tick(mail: Mail) -> None:
            self.look_at(mail)
            meanwhile()

        self.daemon.mailer.before = look_and_tick
        self.daemon.tick()
        self.daemon.mailer.before = self.look_at

    # ---- the machine's clock

    @rule(ahead=JUMPS)
    @precondition(lambda self: not self.lie)
    def the_clock_begins_to_lie(self, ahead: timedelta) -> None:
        """Of a machine on which a daemon has run; nothing confirms it."""
        self.daemon.tick()
        self.machine.jump(ahead)
        self.lie = ahead
        self.note()

    @rule()
    @precondition(lambda self: self.lie)
    def the_clock_is_put_right(self) -> None:
        """Somebody sets it."""
        self.machine.jump(-self.lie)
        self.lie = NO_TIME

    @rule()
    @precondition(lambda self: self.lie)
    def the_clock_was_right(self) -> None:
        """Somebody says so; so much time has passed."""
        ClockGuard(self.store, self.machine).accept()
        self.lie = NO_TIME

    # ---- people

    @rule(kind=st.sampled_from(FACT_KINDS), party=PARTIES)
    def a_fact_is_recorded(self, kind: FactKind, party: str) -> None:
        """One that makes no sense is refused, and then nothing has happened."""
        self.record(kind, party)

    @rule(party=PARTIES, days=st.integers(1, 20))
    def a_deadline_is_extended(self, party: str, days: int) -> None:
        """For one party."""
        self.record("extended", party, form=By(FRIDAY + timedelta(days=days)))

    @rule(day=st.integers(20, 31))
    def a_date_is_fixed(self, day: int) -> None:
        """Of the meeting."""
        fixed = date(2023, 3, day)
        self.record("date_fixed", None, "meeting", form=On(fixed, fixed))

    @rule(parties=st.lists(PARTIES, unique=True, max_size=2))
    def parties_are_nominated(self, parties: list[str]) -> None:
        """Or nobody."""
        self.record("nominated", None, None, group="nominees", parties=tuple(parties))

    @rule(party=PARTIES, role=st.sampled_from(["officer", "head"]))
    def an_address_bounces(self, party: str, role: str) -> None:
        """And the party's next contact is written to."""
        self.record("bounced", party, None, address=f"{role}@{party}.example")

    @rule(which=st.integers(0, 50))
    def a_fact_is_taken_back(self, which: int) -> None:
        """Any of them."""
        own = [fact for fact in self.daemon.facts() if fact.by != DEFINITION] if self.is_loaded else []
        if own:
            self.record("withdrawn", None, None, target=own[which % len(own)].id)

    def record(self, kind: FactKind, party: str | None, milestone: str | None = "report", **details: Any) -> None:
        with suppress(UserError):
            self.daemon.record(kind, party, milestone, at=self.daemon.clock.instant - self.lie, **details)
        self.note()

    @rule(number=st.integers(0, len(REVISIONS) - 1), is_taken=st.booleans())
    def the_plan_is_edited(self, number: int, is_taken: bool) -> None:
        """Move the date, change a contact, take the report out, there and back; another process may load it first."""
        self.daemon.definitions.plans = [REVISIONS[number]]
        if is_taken:
            self.daemon.take(when=self.daemon.clock.instant - self.lie)
            self.note()

    @rule(is_down=st.booleans())
    def the_mail_server_changes(self, is_down: bool) -> None:
        """Down or up."""
        self.daemon.mailer.is_down = is_down

    # ---- what must hold

    @invariant()
    def nothing_is_settled_by_a_lie(self) -> None:
        """Whatever daemons do meanwhile."""
        assert not self.lie or self.content() == self.untouched

    def note(self) -> None:
        """Remember what the record holds, as long as the clock lies."""
        self.untouched = self.content() if self.lie else None

    def content(self) -> object:
        """Return what a daemon may change in the record."""
        with self.store.reading() as view:
            of_plan = view.plans.states(), view.plans.idle_days("plan"), view.journal.last_tick()
            return view.rungs.of("plan"), view.outbox.list(), view.facts.of("plan"), *of_plan

    @property
    def is_loaded(self) -> bool:
        with self.store.reading() as view:
            return view.plans.state("plan") is not None

    def look_at(self, mail: Mail) -> None:
        """Look whether a mail that is about to leave may do so."""
        now = self.daemon.clock.now()
        self.wrong += [f"{now}: by a clock that is {self.lie} ahead"] if self.lie else []
        with self.store.reading() as view:
            (row,) = [row for row in view.outbox.list() if row.mail == mail]
            state = view.plans.state("plan")
            assert state is not None
            (in_force,) = [revision for revision in REVISIONS if revision.digest == state.digest]
            agenda = read_agenda(view, in_force)
            rungs = [rung for id in row.rungs if (rung := view.rungs.get(id)) is not None]
        self.wrong += [
            f"{now}: {row.rung or row.kind} to {row.mail.address}: {what}" for what in faults(agenda, row, rungs, now)
        ]

    def teardown(self) -> None:
        """Let a last daemon run far beyond the last rung, and look at everything."""
        if not hasattr(self, "daemon"):
            return
        self.daemon.mailer.is_down = False
        self.the_clock_is_put_right()
        self.restart()
        self.daemon.ticker.load()
        self.daemon.live(
            max(OVER, self.daemon.clock.instant + timedelta(days=14))
        )  # days without a daemon do not count
        self.daemon.tick(self.daemon.clock.instant + timedelta(days=10))
        assert self.wrong == []
        with self.store.reading() as view:
            rows = view.rungs.of("plan")
            mails = view.outbox.list()
            carriers = view.outbox.of_rungs([row.id for row in rows])
            agenda = read_agenda(view, self.daemon.plan)
            facts = view.facts.of("plan")
        promised = {rung.key for rung in agenda.rungs() if not is_notice(rung.kind)}
        assert promised <= {row.key for row in rows}
        assert [row for row in rows if row.state not in FINAL] == []
        assert [row for row in rows if row.state != "sent" and not row.reason] == []
        assert [mail for mail in mails if mail.state not in FINAL] == []
        assert [mail for mail in mails if mail.state not in ("sent", "ambiguous") and not mail.reason] == []
        for row in rows:
            carried = carriers[row.id]
            addresses = Counter(mail.mail.address for mail in carried if mail.state == "sent")
            assert max(addresses.values(), default=0) <= 1
            assert (row.state == "sent") is (sum(addresses.values()) > 0) or row.state == "ambiguous"
        handed = Counter(self.daemon.mailer.ids)
        assert {id: count for id, count in handed.items() if count > 1 + self.torn[id]} == {}
        sent = [mail.mail.message_id for mail in mails if mail.state == "sent"]
        assert len(sent) == len(set(sent))
        assert set(sent) <= set(handed)
        assert {id for id in handed if id not in sent} <= set(self.torn)
        assert find_uncorrected(facts, rows, carriers) == []
        self.store.close()


def faults(agenda: Agenda, row: MessageRow, rungs: list[RungRow], now: datetime) -> list[str]:
    """Return what is wrong with a mail that leaves now."""
    found = []
    if row.kind != "outage" and opening(agenda.plan, None, now) != now:
        found.append("outside the hours")
    if row.rungs and row.mail.address not in {c.email for c in agenda.plan.parties[row.party].contacts}:
        found.append("to somebody who is no contact any more")
    steps = [rung for rung in rungs if not is_notice(rung.kind)]
    if steps and all(is_closed(agenda, rung) for rung in steps):
        found.append("closed")
    for rung in rungs:
        obligation = agenda.by_key.get((rung.milestone, rung.party))
        if rung.at > now:
            found.append(f"early: {rung.at}")
        if is_notice(rung.kind):
            undone = any(r.fact.id == fact_of(rung.name) for r in agenda.retractions)
            found += ["about what was taken back"] if undone else []
            continue
        if rung.noticed_at is not None and working_days_late(rung.at, rung.noticed_at, agenda.plan) > 2:
            found.append("too late")
        if rung.kind != "choose" and len(rungs) == 1 and (obligation is None or day_of(obligation) != rung.due):
            found.append(f"a superseded date: {rung.due}")
    return found


def find_uncorrected(
    facts: Sequence[Fact], rows: Sequence[RungRow], carriers: Mapping[int, Sequence[MessageRow]]
) -> list[str]:
    """Return the letters to parties about what was taken back afterwards for which no correction was promised."""
    undone = {fact.target: fact for fact in facts if isinstance(fact, Withdrawn)}
    promised = {(row.milestone, row.party, row.name) for row in rows}
    return [
        f"{row.name} to {mail.mail.address}"
        for row in rows
        if row.kind in ("receipt", "return", "change") and (by := undone.get(fact_of(row.name))) is not None
        for mail in carriers[row.id]
        if mail.state == "sent" and mail.settled_at is not None and mail.settled_at < by.recorded_at
        if (row.milestone, row.party, f"correction:{by.id}") not in promised
    ]


def is_closed(agenda: Agenda, rung: RungRow) -> bool:
    """Return whether nothing is to be said about a promise any more."""
    if rung.kind == "choose":
        return "nominees" in agenda.nominated
    obligation = agenda.by_key.get((rung.milestone, rung.party))
    return obligation is None or not obligation.standing.is_open


def day_of(o: Obligation) -> date | None:
    """Return the day that an obligation is about now."""
    if o.event is not None:
        return o.event.first
    return o.window.first if o.window is not None else o.due.named if o.due is not None else None


TestLife = DaemonMachine.TestCase
TestLife.settings = settings(
    max_examples=max(40, settings().max_examples // 10),
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)
