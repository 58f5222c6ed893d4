"""A mail is in the folder once and whole, or not at all."""

from __future__ import annotations

import mailbox
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.mail.maildir import Maildir
from scheduler.ports import Mail

MAIL = Mail(
    message_id="<abc@cum.example>",
    date=datetime(2023, 3, 17, 1, tzinfo=UTC),
    address="a@tinh-bac.example",
    subject="Kính nhắc",
    data=b"Subject: x\r\nMessage-ID: <abc@cum.example>\r\n\r\nbody\r\n",
)


def files(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size`: what a full disk looks like."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_mail_is_delivered_byte_for_byte(tmp_path: Path) -> None:
    """What was composed is what lies in the folder."""
    outcome = Maildir(tmp_path / "var" / "mail").send(MAIL)
    (name,) = files(tmp_path / "var" / "mail")
    assert name.startswith("new/1679014800.")
    assert (tmp_path / "var" / "mail" / name).read_bytes() == MAIL.data
    assert outcome.state == "sent"
    assert Path(name).name in outcome.reply


def test_only_the_owner_may_read_the_mails(tmp_path: Path) -> None:
    """Mails hold names and addresses."""
    path = tmp_path / "mail"
    Maildir(path).send(MAIL)
    modes = {str(item.relative_to(path)): stat.S_IMODE(item.stat().st_mode) for item in path.rglob("*")}
    (name,) = files(path)
    assert modes == {"tmp": 0o700, "new": 0o700, "cur": 0o700, name: 0o600}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_delivering_twice_leaves_one_mail(tmp_path: Path) -> None:
    """A repeated attempt is recognised by the Message-ID, also by another process."""
    assert Maildir(tmp_path).send(MAIL) == Maildir(tmp_path).send(MAIL)
    assert len(files(tmp_path)) == 1


def test_a_mail_that_was_read_is_not_delivered_again(tmp_path: Path) -> None:
    """A reader moves mails to `cur` and adds flags to their names."""
    Maildir(tmp_path).send(MAIL)
    (name,) = files(tmp_path)
    (tmp_path / name).rename(tmp_path / "cur" / f"{Path(name).name}:2,S")
    Maildir(tmp_path).send(MAIL)
    assert files(tmp_path) == [f"cur/{Path(name).name}:2,S"]


def test_different_mails_lie_side_by_side(tmp_path: Path) -> None:
    """The same second and the same addressee make no difference."""
    for number in range(20):
        Maildir(tmp_path).send(replace(MAIL, message_id=f"<{number}@cum.example>"))
    assert len(files(tmp_path / "new")) == 20


def test_a_maildir_reader_understands_the_folder(tmp_path: Path) -> None:
    """The standard library lists the mail under the name it was given."""
    Maildir(tmp_path).send(MAIL)
    (message,) = mailbox.Maildir(tmp_path, create=False)
    assert message["Message-ID"] == MAIL.message_id


@pytest.mark.parametrize("blocked", ["", "tmp", "new"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, blocked: str) -> None:
    """A file stands where a folder should be: nothing is delivered and the path is named."""
    path = tmp_path / "mail"
    if blocked:
        path.mkdir()
    (path / blocked).write_text("in the way")
    with pytest.raises(UserError, match=f"cannot write mail into {path}") as caught:
        Maildir(path).send(MAIL)
    assert caught.value.problems[0].hint is not None
    assert "mail.maildir" in caught.value.problems[0].hint


def test_a_full_disk_leaves_no_half_mail(tmp_path: Path) -> None:
    """Nothing appears in `new` and nothing is left in `tmp`; later the same mail goes through."""
    mail = replace(MAIL, data=MAIL.data + b"x" * 5000)
    with largest_file(1000), pytest.raises(UserError, match="File too large"):
        Maildir(tmp_path).send(mail)
    assert files(tmp_path) == []
    Maildir(tmp_path).send(mail)
    assert len(files(tmp_path / "new")) == 1
