"""A backup that is made while 2,000 mails leave: it holds one moment, and what is restored goes on from there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from scheduler.bootstrap import Container
from scheduler.bootstrap.backups import make_backup, restore_backup, verify_backup
from scheduler.clock import SystemClock
from scheduler.config import load_settings, write_secret
from scheduler.engine.mails.mail_queue import LEASE
from tests.support.daemon_processes import COUNT, DUE, load, read, start, tick
from tests.support.polling import TIMEOUT, wait_until
from tests.support.scripted_smtp import ScriptedServer


def container(folder: Path, url: str) -> Container:
    folder.mkdir()
    file = folder / "config.toml"
    file.write_text(f'[database]\nurl = "{url}"\n', encoding="utf-8")
    return Container(settings=load_settings(file, {}), clock=SystemClock())


def write_secret_of(installation: Container) -> None:
    """Write the secret beside the record, which was made without an installation."""
    write_secret(installation.settings.resolve(installation.settings.web.secret_file), b"0" * 64)


def test_what_had_left_before_is_not_sent_again_and_the_rest_is_sent(
    url: str, server: ScriptedServer, tmp_path: Path
) -> None:
    """Between the moment of the backup and its restoration, mails go on leaving: these alone come twice."""
    load(url)
    sender = start(tick, url, server.port, DUE)
    wait_until(lambda: len(server.received) > COUNT // 4, "a quarter has left")
    file = tmp_path / "backup.tar.gz"
    here = container(tmp_path / "here", url)
    write_secret_of(here)
    make_backup(here, file)
    assert sender.is_alive(), "the mails had all left before"
    sender.join(TIMEOUT)
    before = Counter(received.message_id for received in server.received)
    assert before.total() == COUNT

    verify_backup(file)
    there = f"sqlite:///{tmp_path / 'there.db'}"
    restore_backup(container(tmp_path / "there", there), file)
    rungs, mails = read(there)
    sent = {mail.mail.message_id for mail in mails if mail.state == "sent"}
    assert len(sent) > COUNT // 5
    assert {id for mail in mails if mail.state == "sent" for id in mail.rungs} == {
        rung.id for rung in rungs if rung.state == "sent"
    }
    again = start(tick, there, server.port, DUE + LEASE + LEASE)
    again.join(TIMEOUT)
    assert Counter(mail.state for mail in read(there)[1]) == {"sent": COUNT}
    twice = [id for id, number in Counter(received.message_id for received in server.received).items() if number > 1]
    assert sent.isdisjoint(twice)
    assert len(twice) == COUNT - len(sent)
