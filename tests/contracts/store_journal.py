"""What every store does with the daemon's own journal."""

from __future__ import annotations

from datetime import date

from scheduler.plan.agenda import RungState
from scheduler.plan.reasons import CLOCK_PUT_RIGHT, NONE
from scheduler.plan.scope import Scope
from scheduler.ports import CheckRow, ClockMark, FailedSource, Finding, Store
from scheduler.texts import Text
from scheduler.wording.sentences import translate
from tests.contracts.store_samples import (
    HOUR,
    NOW,
    a_rung,
    add_rungs,
    claimed_rungs,
    outgoing,
    queue,
    send_off,
)


def finding(seen: str = "open", *, milestone: str = "m", party: str = "p", source: str = "manual") -> Finding:
    return Finding(milestone=milestone, party=party, source=source, seen=seen)


def load(store: Store, *plans: str) -> None:
    with store.transaction() as unit:
        for plan in plans:
            unit.plans.record_revision(plan=plan, digest="d", at=NOW, source="", terms={})


class JournalContract:
    def test_there_was_no_tick_at_first(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.journal.last_tick() is None

    def test_the_last_tick_is_the_one_recorded_last(self, store: Store) -> None:
        for hours in (0, 1, 2):
            with store.transaction() as unit:
                unit.journal.record_tick(NOW + hours * HOUR)
        with store.reading() as unit:
            assert unit.journal.last_tick() == NOW + 2 * HOUR

    def test_a_machine_has_the_mark_that_was_recorded_last(self, store: Store) -> None:
        with store.reading() as unit:
            assert (unit.journal.clock("a"), unit.journal.last_clock()) == (None, None)
        marks = [ClockMark(boot="a", uptime=HOUR, at=NOW), ClockMark(boot="b", uptime=2.5 * HOUR, at=NOW - HOUR)]
        later = ClockMark(boot="a", uptime=3 * HOUR, at=NOW + 2 * HOUR)
        with store.transaction() as unit:
            for mark in (*marks, later):
                unit.journal.record_clock(mark)
        with store.reading() as unit:
            assert [unit.journal.clock(boot) for boot in ("a", "b", "c")] == [later, marks[1], None]
            assert unit.journal.last_clock() == NOW + 2 * HOUR

    def test_what_was_settled_after_an_instant_is_open_again_and_nothing_else(self, store: Store) -> None:
        rungs = add_rungs(store, *(a_rung(party=f"truong-{number}") for number in range(5)))
        missed, skipped, early, sent, cancelled = rungs
        states: tuple[tuple[int, RungState, float], ...] = (
            (missed, "missed", 2),
            (skipped, "skipped", 2),
            (early, "missed", 1),
            (sent, "sent", 2),
            (cancelled, "cancelled", 2),
        )
        with store.transaction() as unit:
            unit.rungs.notice(rungs, now=NOW + 2 * HOUR)
            for rung, state, hours in states:
                unit.rungs.settle([rung], state, NONE, now=NOW + hours * HOUR)
            assert unit.journal.put_right(NOW, NOW + HOUR, CLOCK_PUT_RIGHT) == 2
            assert unit.journal.put_right(NOW, NOW + HOUR, CLOCK_PUT_RIGHT) == 0
        with store.reading() as unit:
            found = unit.rungs.among(rungs)
        assert [found[id].state for id in rungs] == ["planned", "planned", "missed", "sent", "cancelled"]
        assert (found[missed].reason, found[missed].settled_at) == (CLOCK_PUT_RIGHT, None)
        assert {row.noticed_at for row in found.values()} == {None}

    def test_a_mail_that_was_missed_after_an_instant_waits_again_with_its_rungs(self, store: Store) -> None:
        late, early = claimed_rungs(store, 2)
        ids = queue(store, outgoing(1, rungs=(late,)), outgoing(2, rungs=(early,)))
        for id, hours in zip(ids, (2, 1), strict=True):
            send_off(store, id, "missed", now=NOW + hours * HOUR)
        with store.transaction() as unit:
            assert unit.journal.put_right(NOW, NOW + HOUR, CLOCK_PUT_RIGHT) == 1
            assert [row.state for row in unit.outbox.list()] == ["queued", "missed"]
            assert [unit.rungs.among([id])[id].state for id in (late, early)] == ["queued", "missed"]

    def test_what_a_clock_that_was_ahead_made_wait_waits_no_longer(self, store: Store) -> None:
        load(store, "p")
        [id] = queue(store, outgoing(not_before=NOW + 9_000 * HOUR))
        with store.transaction() as unit:
            unit.accounts.pause("x", until=NOW + 9_000 * HOUR, reason="451")
            unit.plans.record_seen("p", date(2024, 8, 1), [date(2023, 7, 31), date(2024, 7, 31)])
            unit.journal.record_check("p", NOW + 9_000 * HOUR, [])
            unit.journal.put_right(NOW, NOW + HOUR, CLOCK_PUT_RIGHT)
        with store.reading() as unit:
            state = unit.plans.state("p")
            assert state is not None
            assert (state.seen_on, state.checked_at) == (None, None)
            assert unit.plans.idle_days("p") == {date(2023, 7, 31)}
            assert unit.accounts.state("x").paused_until is None
            assert (unit.outbox.next_at(), unit.outbox.list()[0].id) == (NOW, id)

    def test_the_marks_of_clocks_that_were_ahead_of_an_instant_are_forgotten(self, store: Store) -> None:
        with store.transaction() as unit:
            for boot, hours in (("a", 0), ("b", 1), ("c", 2), ("d", 9_000)):
                unit.journal.record_clock(ClockMark(boot=boot, uptime=HOUR, at=NOW + hours * HOUR))
            unit.journal.put_right(NOW, NOW + HOUR, CLOCK_PUT_RIGHT)
        with store.reading() as unit:
            assert [unit.journal.clock(boot) is not None for boot in "abcd"] == [True, True, False, False]
            assert unit.journal.last_clock() == NOW + HOUR

    def test_outages_are_found_by_their_end_the_oldest_first(self, store: Store) -> None:
        with store.transaction() as unit:
            for since, until in ((3, 9), (0, 1), (4, 5)):
                unit.journal.record_outage(NOW + since * HOUR, NOW + until * HOUR)
        with store.reading() as unit:
            long, short = (NOW + 3 * HOUR, NOW + 9 * HOUR), (NOW + 4 * HOUR, NOW + 5 * HOUR)
            assert list(unit.journal.outages(NOW + HOUR)) == [short, long]
            assert list(unit.journal.outages(NOW + 9 * HOUR)) == []

    def test_a_check_is_remembered_even_if_it_saw_nothing(self, store: Store) -> None:
        load(store, "p", "q")
        with store.transaction() as unit:
            unit.journal.record_check("p", NOW, [])
        with store.reading() as unit:
            assert [state.checked_at for state in unit.plans.states()] == [NOW, None]
            assert list(unit.journal.checks("p")) == []

    def test_what_is_seen_keeps_its_since_while_it_stays_the_same(self, store: Store) -> None:
        for hours, seen in enumerate(["open", "open", "submitted", "submitted"]):
            with store.transaction() as unit:
                unit.journal.record_check("p", NOW + hours * HOUR, [finding(seen)])
        with store.reading() as unit:
            assert list(unit.journal.checks("p")) == [
                CheckRow(
                    milestone="m",
                    party="p",
                    source="manual",
                    seen="submitted",
                    since=NOW + 2 * HOUR,
                    checked_at=NOW + 3 * HOUR,
                )
            ]

    def test_checks_within_a_scope_are_those_of_its_obligations(self, store: Store) -> None:
        with store.transaction() as unit:
            unit.journal.record_check("p", NOW, [finding(milestone="a"), finding(milestone="b")])
        with store.reading() as unit:
            assert [row.milestone for row in unit.journal.checks("p", Scope({"a": frozenset({"p"})}))] == ["a"]
            assert list(unit.journal.checks("p", Scope({"a": frozenset({"q"})}))) == []

    def test_what_was_seen_before_and_comes_back_counts_anew(self, store: Store) -> None:
        for hours, seen in enumerate(["open", "submitted", "open"]):
            with store.transaction() as unit:
                unit.journal.record_check("p", NOW + hours * HOUR, [finding(seen)])
        with store.reading() as unit:
            assert [row.since for row in unit.journal.checks("p")] == [NOW + 2 * HOUR]

    def test_each_source_sees_for_itself_and_an_obligation_left_out_keeps_its_last_check(self, store: Store) -> None:
        with store.transaction() as unit:
            unit.journal.record_check("p", NOW, [finding(source="manual"), finding("file", source="folder")])
            unit.journal.record_check("p", NOW + HOUR, [finding(milestone="a")])
            unit.journal.record_check("q", NOW, [finding()])
        with store.reading() as unit:
            found = [(row.milestone, row.source, row.seen, row.checked_at) for row in unit.journal.checks("p")]
        assert found == [
            ("a", "manual", "open", NOW + HOUR),
            ("m", "folder", "file", NOW),
            ("m", "manual", "open", NOW),
        ]

    def test_a_source_that_fails_was_last_looked_at_when_it_was_last_seen(self, store: Store) -> None:
        """By itself, not by the check of another; one that never was has no such moment."""
        load(store, "p", "q")
        seen = [Finding(milestone="m", party="a", source="folder", seen="no files")]
        checks: list[tuple[list[Finding], dict[str, str]]] = [
            (seen, {}),
            ([], {"folder": "gone"}),
            ([], {"folder": "no access", "mailbox": "no answer"}),
        ]
        for hours, (findings, failed) in enumerate(checks):
            with store.transaction() as unit:
                unit.journal.record_check("p", NOW + hours * HOUR, findings, failed)
        with store.reading() as unit:
            assert list(unit.journal.failed_sources("p")) == [
                FailedSource(source="folder", words="no access", since=NOW),
                FailedSource(source="mailbox", words="no answer", since=None),
            ]
            assert list(unit.journal.failed_sources("q")) == []

    def test_what_a_check_saw_and_what_failed_can_be_translated(self, store: Store) -> None:
        load(store, "p")
        seen, failed = (Text("mails recorded: {recorded}", recorded=2), Text("no mailbox is read for answers"))
        with store.transaction() as unit:
            unit.journal.record_check(
                "p", NOW, [Finding(milestone="m", party="a", source="mailbox", seen=seen)], {"folder": failed}
            )
        with store.reading() as unit:
            [check], [source] = unit.journal.checks("p"), unit.journal.failed_sources("p")
        for kept, whole in ((check.seen, seen), (source.words, failed)):
            assert (kept, translate(kept, "vi")) == (whole, translate(whole, "vi"))

    def test_a_clock_that_was_ahead_lets_no_source_be_seen_in_the_future(self, store: Store) -> None:
        load(store, "p")
        with store.transaction() as unit:
            seen = [Finding(milestone="m", party="a", source="folder", seen="no files")]
            unit.journal.record_check("p", NOW + HOUR, seen)
            unit.journal.record_check("p", NOW, [], {"folder": "gone"})
            assert [one.since for one in unit.journal.failed_sources("p")] == [NOW]

    def test_what_cannot_be_seen_of_one_obligation_is_that_of_it_alone(self, store: Store) -> None:
        load(store, "p")

        def look(party: str, *, is_blind: bool) -> Finding:
            return Finding(milestone="m", party=party, source="folder", seen="locked", is_blind=is_blind)

        for hours, is_blind in enumerate((False, True, True)):
            with store.transaction() as unit:
                found = [look("a", is_blind=False), look("b", is_blind=is_blind)]
                unit.journal.record_check("p", NOW + hours * HOUR, found)
        with store.reading() as unit:
            assert list(unit.journal.failed_sources("p")) == [
                FailedSource(source="folder", words="locked", since=NOW, milestone="m", party="b")
            ]

    def test_a_source_that_can_be_looked_at_again_has_not_failed(self, store: Store) -> None:
        load(store, "p")
        for hours, failed in enumerate([{"folder": "gone", "mailbox": "no answer"}, {"mailbox": "no answer"}]):
            with store.transaction() as unit:
                unit.journal.record_check("p", NOW + hours * HOUR, [], failed)
        with store.reading() as unit:
            assert [one.source for one in unit.journal.failed_sources("p")] == ["mailbox"]
