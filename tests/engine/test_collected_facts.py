"""What comes in from outside during a tick: facts that a status check proves, and periodic sources."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

import pytest

from scheduler.errors import UserError
from scheduler.plan.commands import Accept, Command, Declare, Extend
from scheduler.plan.obligations import Obligation
from scheduler.ports import Finding
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture, report
from tests.support.fakes import LockedStore, ProvingChecker, nothing, prove_receipt
from tests.support.plan_builders import at, history_of


@dataclass
class FakeSource:
    """A source that wants to be asked at an instant, and then no more; one that fails wants it still."""

    name: str
    next_at: datetime | None
    error: Exception | None = None
    asked: list[datetime] = field(default_factory=list)

    def collect(self, now: datetime) -> None:
        """Note when it was asked."""
        self.asked.append(now)
        if self.error is not None:
            raise self.error
        self.next_at = None


class BrokenSource:
    """A source that does not even know its time."""

    name = "broken"

    @property
    def next_at(self) -> datetime | None:
        """Fail."""
        raise ZeroDivisionError("by us")

    def collect(self, now: datetime) -> None:
        """Never get here."""


def test_a_fact_that_a_status_check_proves_is_recorded_and_stops_the_reminders(daemon: DaemonFixture) -> None:
    checker = ProvingChecker(lambda o, now: (prove_receipt(o, now),) if o.party == "beta" else ())
    daemon.ticker = daemon.new_ticker(checkers=[checker])
    daemon.ticker.load()
    daemon.live(at(3, 20, 12))
    assert [(fact.kind, fact.party, fact.by.label) for fact in daemon.facts()] == [("received", "beta", "folder")]
    assert daemon.left() == ["02-01 08:00 receipt"]
    assert daemon.left("officer@gamma.example") != []


def test_a_fact_that_makes_no_sense_is_reported_and_the_check_goes_on(daemon: DaemonFixture) -> None:
    def accepted(o: Obligation, now: datetime) -> tuple[Command, ...]:
        return (Accept(at=now, milestone=o.milestone, party=o.party, idempotency_key="1"),)

    daemon.ticker = daemon.new_ticker(checkers=[ProvingChecker(accepted)])
    daemon.ticker.load()
    daemon.live(at(3, 3, 12))
    assert daemon.facts() == []
    assert "what the source manual found could not be recorded" in daemon.logged("trouble")[0]
    assert daemon.logged("checked") != []


def test_what_is_proven_at_every_check_is_recorded_once(daemon: DaemonFixture) -> None:
    """A part of what is owed leaves its obligation open, so that the next check proves it again."""

    def declared(o: Obligation, now: datetime) -> tuple[Command, ...]:
        said = Declare(
            at=now, milestone=o.milestone, party=o.party, sent_on=date(2023, 2, 1), channel="paper", idempotency_key="1"
        )
        return (said,) if o.party == "beta" else ()

    daemon.ticker = daemon.new_ticker(checkers=[ProvingChecker(declared)])
    daemon.ticker.load()
    daemon.live(at(3, 8, 12))
    assert len(daemon.logged("checked")) > 10
    assert [fact.kind for fact in daemon.facts()] == ["declared"]


def test_what_different_obligations_prove_by_the_same_key_is_recorded_for_each(daemon: DaemonFixture) -> None:
    """One mail may answer for several."""
    checker = ProvingChecker(lambda o, now: (replace(prove_receipt(o, now), idempotency_key="mail 1"),))
    daemon.ticker = daemon.new_ticker(checkers=[checker])
    daemon.ticker.load()
    daemon.live(at(2, 3, 12))
    assert [fact.party for fact in daemon.facts()] == ["lead", "beta", "gamma"]


@pytest.mark.parametrize("keys", [("",), ("mail 1", "mail 1")])
def test_a_fact_without_a_key_of_its_own_is_refused_by_the_finding(keys: tuple[str, ...]) -> None:
    """It would be recorded at every check, or never."""
    known = prove_receipt(history_of(report()).agenda().obligations[0], at(3, 1))
    commands = tuple(replace(known, idempotency_key=key) for key in keys)
    with pytest.raises(ValueError, match="the source folder gives a command without an idempotency key of its own"):
        Finding(milestone="report", party="beta", source="folder", seen="a file", commands=commands)


def test_the_mails_that_a_found_fact_causes_leave_in_the_same_tick(daemon: DaemonFixture) -> None:
    daemon.live(at(2, 2, 12))
    checker = ProvingChecker(lambda o, now: (prove_receipt(o, now),) if o.party == "beta" else ())
    daemon.ticker = daemon.new_ticker(checkers=[checker])
    daemon.ticker.load()
    daemon.tick(at(2, 3, 9))
    assert daemon.left() == ["02-03 09:00 receipt"]


def test_a_step_that_a_found_fact_makes_due_leaves_in_the_same_tick(daemon: DaemonFixture) -> None:
    """An extension begins a ladder of its own, here one whose first reminder is due at that instant."""

    def extended(o: Obligation, now: datetime) -> tuple[Command, ...]:
        about = f"{o.milestone}/{o.party}"
        extend = Extend(at=now, milestone=o.milestone, party=o.party, until=date(2023, 3, 20), idempotency_key=about)
        return (extend,) if o.party == "beta" else ()

    daemon.live(at(3, 12, 12))
    daemon.ticker = daemon.new_ticker(checkers=[ProvingChecker(extended)])
    daemon.ticker.load()
    daemon.tick(at(3, 13, 8))
    assert "03-13 08:00 before:7d" in daemon.left()


def test_a_check_whose_facts_meet_a_record_that_is_away_is_made_again(daemon: DaemonFixture) -> None:
    store = LockedStore(daemon.store)
    checker = ProvingChecker(lambda o, now: (prove_receipt(o, now),) if o.party == "beta" else (), before=store.lock)
    daemon.ticker = daemon.new_ticker(store=store, checkers=[checker])
    daemon.tick(at(2, 2, 9))
    assert daemon.logged("checked") == []
    assert daemon.logged("trouble") == ["the database is locked"]
    checker.before = nothing
    daemon.tick(at(2, 2, 9, 1))
    assert [fact.kind for fact in daemon.facts()] == ["received"]
    assert daemon.logged("checked") != []


def test_each_source_is_asked_when_its_time_has_come_and_one_that_fails_stops_nothing(store: SqlStore) -> None:
    failing = FakeSource("mailbox", at(3, 3, 7, 40), UserError("the mailbox does not answer", hint="look at [inbox]"))
    other = FakeSource("folder", at(3, 3, 7, 40))
    later = FakeSource("archive", at(3, 3, 10))
    sources = [failing, BrokenSource(), other, later]
    daemon = DaemonFixture(store, start=at(3, 3, 7, 30), sources=sources)
    daemon.live(at(3, 3, 9))
    assert (other.asked, later.asked) == ([at(3, 3, 7, 40)], [])
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert daemon.logged("trouble") == [
        "the source broken: ZeroDivisionError: by us",
        "the source mailbox: the mailbox does not answer\n    look at [inbox]",
    ]
    assert daemon.failed() == {"source broken", "source mailbox"}
    daemon.live(at(3, 3, 11))
    assert later.asked == [at(3, 3, 10)]


def test_a_source_that_goes_on_failing_is_asked_again_after_a_pause_and_reported_once(daemon: DaemonFixture) -> None:
    """It is reported anew when something else is wrong, or when it failed after it had worked."""
    source = FakeSource("mailbox", at(3, 2, 9), UserError("no answer"))
    daemon.ticker = daemon.new_ticker(sources=[source])
    daemon.ticker.load()
    daemon.live(at(3, 2, 9, 12))
    assert source.asked == [at(3, 2, 9), at(3, 2, 9, 5), at(3, 2, 9, 10)]
    assert daemon.logged("trouble") == ["the source mailbox: no answer"]
    source.error = UserError("wrong password")
    daemon.live(at(3, 2, 9, 21))
    source.error = None
    daemon.live(at(3, 2, 10))
    source.next_at, source.error = at(3, 2, 10, 1), UserError("wrong password")
    daemon.live(at(3, 2, 10, 2))
    assert daemon.logged("trouble")[1:] == ["the source mailbox: wrong password"] * 2


def test_a_clock_that_is_set_back_ends_the_pause_of_a_source(daemon: DaemonFixture) -> None:
    source = FakeSource("mailbox", at(3, 2, 9), UserError("no answer"))
    daemon.ticker = daemon.new_ticker(sources=[source])
    daemon.tick(at(3, 2, 9))
    source.next_at = at(3, 2, 6)
    daemon.tick(at(3, 2, 6))
    assert source.asked == [at(3, 2, 9), at(3, 2, 6)]


def test_a_source_that_waits_by_itself_after_a_failure_is_reported_once(daemon: DaemonFixture) -> None:
    """Being asked for nothing meanwhile does not count as working."""
    source = FakeSource("mailbox", at(3, 2, 9), UserError("no answer"))
    daemon.ticker = daemon.new_ticker(sources=[source])
    daemon.ticker.load()
    daemon.live(at(3, 2, 9, 2))
    source.next_at = at(3, 2, 9, 20)
    daemon.live(at(3, 2, 9, 22))
    assert source.asked == [at(3, 2, 9), at(3, 2, 9, 20)]
    assert daemon.logged("trouble") == ["the source mailbox: no answer"]
