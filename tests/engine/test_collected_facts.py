"""What comes in from outside during a tick: facts that a status check proves, and periodic sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduler.errors import UserError
from scheduler.plan.facts import Fact
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Finding
from tests.support.daemon_fixture import DaemonFixture
from tests.support.plan_builders import at


@dataclass
class ProvingChecker:
    """A checker that proves what `facts` says of an obligation."""

    facts: Callable[[Obligation, datetime], tuple[Fact, ...]]
    source: str = "manual"

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return one finding for each obligation."""
        return [
            Finding(milestone=o.milestone, party=o.party, source=self.source, seen="a file", facts=self.facts(o, now))
            for o in open_obligations
        ]


@dataclass
class FakeSource:
    """A source that wants to be asked at an instant, and then no more."""

    name: str
    next_at: datetime | None
    fails: bool = False
    asked: list[datetime] = field(default_factory=list)

    def collect(self, now: datetime) -> None:
        """Note when it was asked."""
        self.asked.append(now)
        self.next_at = None
        if self.fails:
            raise UserError("the mailbox does not answer", hint="look at [inbox]")


def received(o: Obligation, now: datetime) -> Fact:
    return Fact(
        plan="plan",
        kind="received",
        happened_at=now,
        recorded_at=now,
        milestone=o.milestone,
        party=o.party,
        by="folder",
    )


def test_a_fact_that_a_status_check_proves_is_recorded_and_stops_the_reminders(daemon: DaemonFixture) -> None:
    checker = ProvingChecker(lambda o, now: (received(o, now),) if o.party == "beta" else ())
    daemon.ticker = daemon.new_ticker(checkers=[checker])
    daemon.ticker.load()
    daemon.live(at(3, 20, 12))
    assert [(fact.kind, fact.party, fact.by) for fact in daemon.facts()] == [("received", "beta", "folder")]
    assert daemon.left() == ["02-01 08:00 receipt"]
    assert daemon.left("officer@gamma.example") != []


def test_a_fact_that_makes_no_sense_is_reported_and_the_check_goes_on(daemon: DaemonFixture) -> None:
    def accepted(o: Obligation, now: datetime) -> tuple[Fact, ...]:
        return (replace(received(o, now), kind="accepted"),)

    daemon.ticker = daemon.new_ticker(checkers=[ProvingChecker(accepted)])
    daemon.ticker.load()
    daemon.live(at(3, 3, 12))
    assert daemon.facts() == []
    assert "what the source manual found could not be recorded" in daemon.logged("trouble")[0]
    assert daemon.logged("checked") != []


def test_each_source_is_asked_when_its_time_has_come_and_one_that_fails_stops_nothing(daemon: DaemonFixture) -> None:
    broken = FakeSource("mailbox", at(3, 2, 9), fails=True)
    other = FakeSource("folder", at(3, 2, 9))
    later = FakeSource("archive", at(3, 8, 10))
    daemon.ticker = daemon.new_ticker(sources=[broken, other, later])
    daemon.ticker.load()
    daemon.live(at(3, 3, 12))
    assert (broken.asked, other.asked, later.asked) == ([at(3, 2, 9)], [at(3, 2, 9)], [])
    assert daemon.logged("trouble") == ["the source mailbox: the mailbox does not answer\n    look at [inbox]"]
    assert daemon.left() == ["03-03 08:00 before:14d"]
    daemon.live(at(3, 9))
    assert later.asked == [at(3, 8, 10)]
