"""What comes into a real mailbox is stored once, whatever the server, the network or a kill does in between."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scheduler.clock import SystemClock
from scheduler.errors import UserError
from scheduler.inbox.mailbox import KEPT, LARGEST, Mailbox, MailboxParts
from scheduler.inbox.watch import MailboxWatch
from scheduler.mail.imap_session import ImapSession
from scheduler.mail.smtp import Account
from scheduler.ports import InboxRow, MailSummary, Store
from scheduler.store import open_store
from tests.support.dovecot import PASSWORD, Dovecot, run_dovecot
from tests.support.polling import wait_until


def a_mail(number: int, size: int = 0) -> bytes:
    """Return a mail with a subject, and a body of so many bytes at least."""
    head = f"Message-ID: <{number}@tct.example>\r\nSubject: {number}\r\n\r\n"
    return head.encode() + b"x" * 70 + b"\r\n" * (size // 72 and 1) + (b"y" * 70 + b"\r\n") * (size // 72)


def read_subject(header: bytes) -> MailSummary:
    found = [line for line in header.split(b"\r\n") if line.startswith(b"Subject: ")]
    return MailSummary(subject=found[0].decode().removeprefix("Subject: ") if found else "")


class Office:
    """An account on a server, and the record that its mails are stored in."""

    def __init__(self, dovecot: Dovecot, account: str, store: Store, files: Path) -> None:
        self.dovecot, self.account, self.store, self._files = dovecot, account, store, files
        files.mkdir()

    def mailbox(self, *folders: str, password: str = PASSWORD, timeout: float = 20.0, **own: Any) -> Mailbox:
        account = Account(
            host="localhost", port=self.dovecot.port, security="none", username=self.account, password=password
        )
        usual: dict[str, Any] = {"store_file": self._store_file, "read_summary": read_subject}
        parts = MailboxParts(store=self.store, clock=SystemClock(), **(usual | own))
        return Mailbox(ImapSession(account, timeout=timeout), folders or ("INBOX",), parts)

    def _store_file(self, pieces: Iterable[bytes]) -> str:
        data = b"".join(pieces)
        digest = sha256(data).hexdigest()
        (self._files / digest).write_bytes(data)
        return digest

    def sync(self, *folders: str) -> int:
        box = self.mailbox(*folders)
        try:
            return box.sync()
        finally:
            box.close()

    def receive(self, number: int, size: int = 0, folder: str = "") -> Path:
        return self.dovecot.deliver(self.account, a_mail(number, size), folder)

    @property
    def rows(self) -> list[InboxRow]:
        with self.store.reading() as view:
            return [*reversed(view.inbox.page())]

    def kept(self, row: InboxRow) -> bytes | None:
        """Return the bytes of a mail, from the record or from its file."""
        with self.store.reading() as view:
            data = view.inbox.data(row.id)
        file = self._files / row.digest
        return file.read_bytes() if data is None and file.exists() else data

    def subjects(self, state: str) -> list[str]:
        return [row.summary.subject for row in self.rows if row.state == state]


@pytest.fixture
def office(dovecot: Dovecot, tmp_path: Path) -> Iterator[Office]:
    """Return an office whose mailbox has been read once, when one mail lay there."""
    store = open_store(f"sqlite:///{tmp_path}/hanchot.db")
    office = Office(dovecot, tmp_path.name, store, tmp_path / "files")
    office.receive(0)
    assert office.sync() == 0
    yield office
    store.close()


def test_what_lay_there_before_causes_nothing(office: Office) -> None:
    """Contract rule 16c."""
    office.receive(1)
    assert office.sync() == 1
    assert (office.subjects("unlinked"), office.subjects("new")) == (["0"], ["1"])


def test_a_mail_is_stored_as_it_came_with_its_time_and_digest(office: Office) -> None:
    office.receive(1, size=6_000)
    office.sync()
    row = office.rows[-1]
    data = a_mail(1, 6_000)
    assert office.kept(row) == data
    assert (row.digest, row.size, row.folder) == (sha256(data).hexdigest(), len(data), "INBOX")
    assert abs(SystemClock().now() - row.arrived_at) < timedelta(hours=1), "the time at which the server got it"


def test_the_mailbox_is_left_as_it_is(office: Office) -> None:
    file = office.receive(1)
    office.receive(2, size=KEPT * 2)
    office.sync()
    assert file.exists(), "it still lies among the new ones, not even seen"


def test_nothing_is_stored_twice(office: Office) -> None:
    office.receive(1)
    assert [office.sync(), office.sync()] == [1, 0]
    assert len(office.rows) == 2


def test_a_large_mail_is_fetched_in_parts_into_a_file(office: Office) -> None:
    office.receive(1, size=3_000_000)
    office.receive(2)
    assert office.sync() == 2
    large = office.rows[-2]
    assert (large.summary.subject, large.is_whole) == ("1", True)
    assert office.kept(large) == a_mail(1, 3_000_000)
    with office.store.reading() as view:
        assert view.inbox.data(large.id) is None


def test_of_one_that_is_too_large_only_the_header_is_fetched(office: Office) -> None:
    office.receive(1, size=LARGEST + 1)
    assert office.sync() == 1
    row = office.rows[-1]
    assert (row.summary.subject, row.is_whole, row.state) == ("1", False, "new")
    assert row.size > LARGEST


def test_of_large_ones_that_lay_there_before_only_the_header_is_fetched(office: Office) -> None:
    office.receive(1, size=KEPT * 2, folder=".Junk")
    office.sync("INBOX", "Junk")
    row = office.rows[-1]
    assert (row.summary.subject, row.is_whole, row.state, row.folder) == ("1", False, "unlinked", "Junk")


def test_every_folder_is_read(office: Office) -> None:
    office.receive(1, folder=".Junk")
    office.sync("INBOX", "Junk")
    office.receive(2, folder=".Junk")
    office.receive(3)
    assert office.sync("INBOX", "Junk") == 2
    assert sorted((row.summary.subject, row.folder) for row in office.rows if row.state == "new") == [
        ("2", "Junk"),
        ("3", "INBOX"),
    ]


def test_a_mailbox_that_is_numbered_anew_gives_nothing_twice_and_loses_nothing(office: Office) -> None:
    office.receive(1, size=KEPT * 2)
    office.sync()
    office.dovecot.rebuild(office.account)
    office.receive(2)
    assert office.sync() == 1
    assert (office.subjects("unlinked"), office.subjects("new")) == (["0"], ["1", "2"])


def test_a_first_reading_that_was_cut_short_goes_on_as_one(office: Office) -> None:
    """What had not been reached when it was cut lay there before all the same."""
    for number in range(1, 4):
        office.receive(number, size=KEPT * 2, folder=".Old")

    def fail_at_the_second(header: bytes) -> MailSummary:
        if b"Subject: 2" in header:
            raise UserError("the machine goes down")
        return read_subject(header)

    with pytest.raises(UserError, match="goes down"):
        office.mailbox("Old", read_summary=fail_at_the_second).sync()
    assert office.subjects("unlinked") == ["0", "1"]
    office.receive(4, folder=".Old")
    assert office.sync("Old") == 1
    assert (office.subjects("unlinked"), office.subjects("new")) == (["0", "1", "2", "3"], ["4"])


def test_a_mail_that_the_server_cannot_give_hides_no_other(office: Office) -> None:
    office.receive(1)
    office.receive(2).chmod(0)
    office.receive(3)
    office.sync()
    assert (office.subjects("new"), office.subjects("quarantine")) == (["1", "3"], [""])
    [lost] = [row for row in office.rows if row.state == "quarantine"]
    assert str(lost.reasons[0]) == f"the mail server could not give it: mail {lost.uid} in INBOX"
    assert office.sync() == 0


def test_a_mail_that_is_taken_away_meanwhile_is_no_error(office: Office) -> None:
    office.receive(1).unlink()
    office.receive(2)
    assert office.sync() == 1


def test_one_mail_in_two_folders_is_one(office: Office) -> None:
    """A person has taken it out of the spam folder."""
    office.receive(1, folder=".Junk")
    office.sync("INBOX", "Junk")
    office.receive(2, folder=".Junk")
    office.sync("INBOX", "Junk")
    office.receive(2)
    assert office.sync("INBOX", "Junk") == 0
    assert [(row.summary.subject, row.folder) for row in office.rows if row.state == "new"] == [("2", "INBOX")]


@pytest.mark.parametrize(
    ("folders", "password", "words"),
    [
        (("Inbxo",), PASSWORD, "has no folder 'Inbxo'"),
        (("INBOX",), "wrong", "does not take the login"),
    ],
)
def test_what_cannot_be_read_is_told(office: Office, folders: tuple[str, ...], password: str, words: str) -> None:
    with closing(office.mailbox(*folders, password=password)) as box, pytest.raises(UserError, match=words):
        box.sync()


def test_a_folder_that_is_missing_hides_no_other(office: Office) -> None:
    office.receive(1)
    with pytest.raises(UserError, match="has no folder 'Nowhere'"):
        office.sync("INBOX", "Nowhere")
    assert office.subjects("new") == ["1"]


def test_a_full_disk_is_told_and_nothing_is_lost(office: Office) -> None:
    office.receive(1, size=KEPT * 2)

    def refuse(pieces: Iterable[bytes]) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match="a large mail cannot be stored: No space left on device"):
        office.mailbox(store_file=refuse).sync()
    assert office.sync() == 1


# ---- the watch


@contextmanager
def watched(box: Mailbox, *, idle: bool = True, poll: timedelta = timedelta(minutes=5)) -> Iterator[list[str]]:
    """Watch a mailbox for a block; yield what is logged, with "found" when mails were stored."""
    heard: list[str] = []
    watch = MailboxWatch(
        box, poll=poll, idle=idle, found=lambda: heard.append("found"), log=heard.append, pauses=(0.05,)
    )
    with watch.running():
        yield heard


def test_a_mail_that_comes_is_stored_at_once(office: Office) -> None:
    with watched(office.mailbox()) as heard:
        office.receive(1)
        wait_until(lambda: heard == ["found"], "the first mail is found")
        office.receive(2)
        wait_until(lambda: heard == ["found"] * 2, "the server says that another one has come")
    assert office.subjects("new") == ["1", "2"]


def test_what_came_before_the_watch_is_stored_when_its_block_begins(office: Office) -> None:
    """So that nobody is reminded of what lies there."""
    office.sync()
    office.receive(1)
    with watched(office.mailbox()):
        assert office.subjects("new") == ["1"]


def test_a_folder_that_is_missing_is_told_once_and_the_others_are_watched(office: Office) -> None:
    with watched(office.mailbox("INBOX", "Nowhere")) as heard:
        wait_until(lambda: len(heard) == 2, "the folder is looked for, and the other one read")
        office.receive(1)
        wait_until(lambda: len(heard) == 3, "the server says that a mail has come")
    assert "cannot be read: " in heard[0]
    assert "has no folder 'Nowhere'" in heard[0]
    assert (heard[1:], office.subjects("new")) == (["found", "found"], ["1"])


def test_without_idle_the_mailbox_is_polled(office: Office) -> None:
    with watched(office.mailbox(), idle=False, poll=timedelta(seconds=0.05)) as heard:
        office.receive(1)
        wait_until(lambda: heard == ["found"], "the mail is found")


def test_a_server_that_freezes_while_we_wait_is_left_and_found_again(tmp_path: Path) -> None:
    """The first of these is a router that forgets the connection; the second one a server that is started anew."""
    with run_dovecot() as dovecot, closing(open_store(f"sqlite:///{tmp_path}/hanchot.db")) as store:
        office = Office(dovecot, "office", store, tmp_path / "files")
        office.receive(0)
        with watched(office.mailbox(timeout=0.5), poll=timedelta(seconds=1)) as heard:
            wait_until(lambda: office.rows != [], "the mailbox is read")
            with dovecot.frozen():
                wait_until(lambda: "cannot be read" in "".join(heard), "the silence is told")
            office.receive(1)
            wait_until(lambda: heard[1:] == ["the mailbox can be read again", "found"], "it goes on")
        assert "gave no answer within 0.5 seconds" in heard[0]
        assert office.subjects("new") == ["1"]


def test_a_failure_is_told_once(office: Office) -> None:
    with watched(office.mailbox(password="wrong")) as heard:
        wait_until(lambda: heard != [], "the failure is told")
        log = office.dovecot.folder / "log"
        tries = log.read_text().count("auth failed")
        wait_until(lambda: log.read_text().count("auth failed") > tries + 1, "it is tried again")
    assert len(heard) == 1
