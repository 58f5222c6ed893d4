"""What could not be looked at, and since when."""

from __future__ import annotations

from datetime import timedelta

from scheduler.plan.answers.reading_gap import MailboxReading, ReadingGap, find_mailbox_gap, join_gaps
from tests.support.plan_builders import at

NOW = at(3, 3, 8)
HALF_AN_HOUR = timedelta(minutes=30)
READING = MailboxReading(folders=("INBOX", "Junk"), lasts=HALF_AN_HOUR)
MAILBOX = ReadingGap(places=("mailbox",), since=at(3, 2))
FOLDER = ReadingGap(places=("folder",), since=at(3, 1))


def test_a_mailbox_whose_folders_were_read_lately_is_read() -> None:
    """Half an hour is lately."""
    assert find_mailbox_gap(READING, {"INBOX": NOW, "Junk": NOW - HALF_AN_HOUR}, None, NOW) is None


def test_one_folder_that_was_not_read_lately_is_enough() -> None:
    """What came since then may lie there."""
    since = NOW - HALF_AN_HOUR - timedelta(seconds=1)
    assert find_mailbox_gap(READING, {"INBOX": NOW, "Junk": since, "Old": at(1, 1)}, None, NOW) == ReadingGap(
        places=("mailbox",), since=since
    )


def test_a_folder_that_was_never_read_is_not_read_since_an_unknown_time() -> None:
    assert find_mailbox_gap(READING, {"INBOX": NOW}, None, NOW) == ReadingGap(places=("mailbox",), since=None)


def test_a_mail_that_could_not_be_decided_about_for_long_was_not_read() -> None:
    """It lies in the record and says nothing yet."""
    read = {"INBOX": NOW, "Junk": NOW}
    assert find_mailbox_gap(READING, read, NOW - HALF_AN_HOUR, NOW) is None
    assert find_mailbox_gap(READING, read, at(3, 2), NOW) == MAILBOX


def test_where_each_pass_reads_only_what_it_has_read_counts() -> None:
    """A pass that fails to read cannot say that nothing has come."""
    reading = MailboxReading(folders=("INBOX",), lasts=timedelta())
    assert find_mailbox_gap(reading, {"INBOX": NOW}, None, NOW) is None
    assert find_mailbox_gap(reading, {"INBOX": NOW - timedelta(seconds=1)}, None, NOW) is not None


def test_a_mailbox_without_folders_misses_nothing() -> None:
    assert find_mailbox_gap(MailboxReading(folders=(), lasts=HALF_AN_HOUR), {}, None, NOW) is None


def test_several_gaps_are_one_that_begins_with_the_first() -> None:
    """It begins at an unknown time if one of them does."""
    assert join_gaps([]) is None
    assert join_gaps([MAILBOX]) == MAILBOX
    assert join_gaps([MAILBOX, FOLDER, MAILBOX]) == ReadingGap(places=("mailbox", "folder"), since=at(3, 1))
    never = ReadingGap(places=("folder",), since=None)
    assert join_gaps([MAILBOX, never]) == ReadingGap(places=("mailbox", "folder"), since=None)
