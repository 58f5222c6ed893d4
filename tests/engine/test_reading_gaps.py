"""While the mailbox or the shared folder cannot be read, no mail says that nothing has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.plan.answers.reading_gap import MailboxReading, ReadingGap
from scheduler.plan.messages.digest import DigestSource
from scheduler.plan.messages.message import DigestMessage, Message
from scheduler.plan.model import Checks, Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Finding, FolderState, MailSummary
from scheduler.services.digests import DigestSchedule
from scheduler.store import SqlStore
from tests.contracts.store_inbox import a_mail
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, plan, templates
from tests.support.fakes import FakeChecker, SpyComposer, nothing
from tests.support.plan_builders import at

READING = MailboxReading(folders=("INBOX",), lasts=timedelta(minutes=30))
WEEKLY = DigestSchedule()


@dataclass
class UnreadDaemon:
    """A daemon that reads a mailbox, and what it wrote."""

    daemon: DaemonFixture
    spy: SpyComposer

    def read_mailbox(self, when: datetime) -> None:
        """Let the mailbox be read at an instant."""
        with self.daemon.store.transaction() as unit:
            unit.inbox.record_folder(FolderState(folder="INBOX", uidvalidity=1, last_uid=1, read_at=when))

    def written(self, kind: str) -> list[Message]:
        """Return the messages of a kind that were written to beta, or to the lead about it."""
        parties = ("beta",) if kind in ("reminder", "overdue") else ("lead",)
        return [message for message in self.spy.written if message.kind == kind and message.party.id in parties]

    def gaps(self, kind: str) -> list[ReadingGap | None]:
        """Return what could not be read, as the messages of a kind say."""
        return [message.gap for message in self.written(kind)]


@pytest.fixture
def unread(store: SqlStore) -> UnreadDaemon:
    spy = SpyComposer(COMPOSER)
    daemon = DaemonFixture(store, start=at(3, 2, 9), composer=spy, reading=READING, weekly=WEEKLY)
    return UnreadDaemon(daemon, spy)


def gap(since: datetime | None) -> ReadingGap:
    return ReadingGap(places=("mailbox",), since=since)


def test_a_reminder_says_nothing_of_a_mailbox_that_is_read(unread: UnreadDaemon) -> None:
    unread.daemon.live(at(3, 3, 7, 59))
    unread.read_mailbox(at(3, 3, 7, 30))
    unread.daemon.tick(at(3, 3, 8))
    assert unread.gaps("reminder") == [None]


def test_all_mails_about_what_is_missing_say_since_when_the_mailbox_is_not_read(unread: UnreadDaemon) -> None:
    unread.read_mailbox(at(3, 3, 7, 29))
    unread.daemon.live(at(3, 21, 9))
    assert set(unread.gaps("reminder")) == set(unread.gaps("overdue")) == {gap(at(3, 3, 7, 29))}
    assert set(unread.gaps("escalation")) == {gap(at(3, 3, 7, 29))}
    digests = [message for message in unread.written("digest") if isinstance(message, DigestMessage)]
    assert {(one.gap, one.digest.health.gap, one.digest.health.is_well) for one in digests} == {
        (gap(at(3, 3, 7, 29)), gap(at(3, 3, 7, 29)), False)
    }


def test_a_mailbox_that_was_never_read_is_not_read_either(unread: UnreadDaemon) -> None:
    unread.daemon.live(at(3, 3, 9))
    assert unread.gaps("reminder") == [gap(None)]


def test_a_mail_that_nobody_could_decide_about_is_not_read(unread: UnreadDaemon) -> None:
    unread.read_mailbox(at(3, 3, 8))
    with unread.daemon.store.transaction() as unit:
        unit.inbox.add(a_mail(arrived_at=at(3, 3, 7)), MailSummary(), uidvalidity=1, state="new")
    unread.daemon.live(at(3, 3, 9))
    assert unread.gaps("reminder") == [gap(at(3, 3, 7))]


def test_what_is_written_once_it_is_read_again_says_nothing_of_it(unread: UnreadDaemon) -> None:
    unread.daemon.live(at(3, 3, 9))
    unread.read_mailbox(at(3, 10, 8))
    unread.daemon.live(at(3, 10, 9))
    assert unread.gaps("reminder") == [gap(None), None]


def test_without_a_mailbox_that_is_read_nothing_is_said(store: SqlStore) -> None:
    """As in a replay and in a simulation."""
    spy = SpyComposer(COMPOSER)
    daemon = DaemonFixture(store, start=at(3, 2, 9), composer=spy)
    daemon.live(at(3, 3, 9))
    assert [message.gap for message in spy.written if message.kind == "reminder"] == [None] * 3


def fail() -> None:
    raise UserError("the drive is not there", hint="mount it")


def blind_daemon(store: SqlStore, source: str, before: Callable[[], object]) -> tuple[UnreadDaemon, FakeChecker]:
    spy, checker = SpyComposer(COMPOSER), FakeChecker(source, before=before)
    checked = plan(checks=Checks(sources=(source,)))
    daemon = DaemonFixture(store, checked, start=at(3, 2, 9), composer=spy, checkers=[checker], weekly=WEEKLY)
    return UnreadDaemon(daemon, spy), checker


def test_a_folder_that_could_not_be_looked_at_counts_since_the_check_before(store: SqlStore) -> None:
    unread, folder = blind_daemon(store, "folder", nothing)
    unread.daemon.live(at(3, 2, 12))
    folder.before = fail
    unread.daemon.live(at(3, 6, 9))
    assert unread.gaps("reminder") == [ReadingGap(places=("folder",), since=at(3, 2, 9))]
    [digest] = (one for one in unread.written("digest") if isinstance(one, DigestMessage) and one.now >= at(3, 6))
    [source] = digest.digest.health.sources
    assert source == DigestSource("folder", at(3, 2, 9))
    folder.before = nothing
    unread.daemon.live(at(3, 10, 9))
    assert unread.gaps("reminder")[1:] == [None]


def test_a_mailbox_that_the_plan_wants_looked_at_and_nobody_reads_counts_too(store: SqlStore) -> None:
    unread, _ = blind_daemon(store, "mailbox", fail)
    unread.daemon.live(at(3, 3, 9))
    assert unread.gaps("reminder") == [gap(None)]


def test_several_places_are_named_in_one_order(store: SqlStore) -> None:
    """Whatever the order in which they failed, the words are there."""
    spy = SpyComposer(COMPOSER)
    checkers = [FakeChecker("mailbox", before=fail), FakeChecker("folder", before=fail)]
    checked = plan(checks=Checks(sources=("folder", "mailbox")))
    daemon = DaemonFixture(store, checked, start=at(3, 2, 9), composer=spy, checkers=checkers)
    daemon.live(at(3, 21, 9))
    assert {message.gap for message in spy.written if message.kind in ("reminder", "overdue", "escalation")} == {
        ReadingGap(places=("mailbox", "folder"), since=None)
    }
    assert {mail.state for mail in daemon.mails()} == {"sent"}


def test_what_cannot_be_seen_of_one_party_changes_the_words_to_that_party_only(store: SqlStore) -> None:
    """And the report about all of them."""
    spy, folder = SpyComposer(COMPOSER), HalfBlind()
    checked = plan(checks=Checks(sources=("folder",)))
    daemon = DaemonFixture(store, checked, start=at(3, 2, 9), composer=spy, checkers=[folder])
    daemon.live(at(3, 21, 9))
    blind = ReadingGap(places=("folder",), since=None)
    by_party = {(message.party.id, message.gap) for message in spy.written if message.kind in ("reminder", "overdue")}
    assert by_party == {("lead", None), ("beta", None), ("gamma", blind)}
    assert {message.gap for message in spy.written if message.kind == "escalation"} == {blind}


class HalfBlind:
    """A folder of which gamma's part cannot be read."""

    source = "folder"

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return that nothing is there, or that it cannot be seen."""
        return [
            Finding(milestone=o.milestone, party=o.party, source="folder", seen="locked", is_blind=o.party == "gamma")
            for o in open_obligations
        ]


def test_pages_that_nobody_can_open_hide_nothing(store: SqlStore) -> None:
    """Nothing can have come there."""
    unread, _ = blind_daemon(store, "web", fail)
    unread.daemon.live(at(3, 3, 9))
    assert unread.gaps("reminder") == [None]


def test_the_words_of_an_organisations_own_template_stay_as_they_are(store: SqlStore, tmp_path: Path) -> None:
    """What it takes from messages is all there as before."""
    own = tmp_path / "mail" / "vi"
    own.mkdir(parents=True)
    (own / "_not_seen.txt").write_text("chưa thấy hồ sơ của {{ party.short }}")
    daemon = DaemonFixture(store, start=at(3, 2, 9), composer=templates(tmp_path), reading=READING)
    daemon.live(at(3, 20, 9))
    assert "failed" not in daemon.states().values()
