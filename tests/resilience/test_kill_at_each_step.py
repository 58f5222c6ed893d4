"""Killed at random moments of a tick with 500 due, twenty times: nothing lost, nothing composed twice."""

from __future__ import annotations

import email
import random
from collections import Counter
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.store import open_store
from tests.support.announcing_daemon import COUNT, tick_announcing
from tests.support.daemon_processes import CONTEXT, start
from tests.support.plan_builders import at
from tests.support.polling import TIMEOUT

# Each: at which line of which kind the daemon is killed. Pages of rungs are of 200: what is killed before its
# page is complete is composed anew, with the same identity; later ones stop in the second and the third page.
COMPOSING = [(1, 199), (1, 199), (201, 399), (201, 299), (1, 99)]
DELIVERING = [(1, 28)] * 15


def run(folder: Path, instant: datetime, name: str = "", line: int = 0) -> bool:
    """Run the daemon once; kill it between its n-th step of a kind and the next. Return whether it came to that."""
    ours, theirs = CONTEXT.Pipe()
    for _ in range(line):
        ours.send("go on")
    process = start(tick_announcing, f"sqlite:///{folder}/hanchot.db", folder / "mail", instant, name, theirs)
    theirs.close()
    with closing(ours), suppress(EOFError):
        while True:
            line -= ours.recv() == name
            if name and not line:
                process.kill()
                process.join(TIMEOUT)
                return True
    process.join(TIMEOUT)
    assert process.exitcode == 0
    return False


@pytest.mark.parametrize("seed", [20230320])
def test_a_daemon_killed_twenty_times_loses_nothing_and_writes_nothing_twice(tmp_path: Path, seed: int) -> None:
    """Each run comes when the lease of the last one is over; the last one may finish."""
    chance = random.Random(seed)
    moments = [("composing", bounds) for bounds in COMPOSING]
    moments += [(chance.choice(["sending", "sent"]), bounds) for bounds in DELIVERING]
    instant = at(3, 10, 8)
    for name, bounds in moments:
        assert run(tmp_path, instant, name, chance.randint(*bounds)), "it was not alive any more"
        instant += timedelta(minutes=16)
    assert not run(tmp_path, instant)

    files = list((tmp_path / "mail" / "new").iterdir())
    identities = Counter(email.message_from_bytes(file.read_bytes())["Message-ID"] for file in files)
    store = open_store(f"sqlite:///{tmp_path}/hanchot.db")
    with store.reading() as view:
        mails = view.outbox.list()
        rungs = view.rungs.of("plan")
        carriers = view.outbox.of_rungs([rung.id for rung in rungs])
    store.close()
    assert Counter(rung.state for rung in rungs) == {"sent": COUNT}
    assert Counter(mail.state for mail in mails) == {"sent": COUNT}
    assert {len(carried) for carried in carriers.values()} == {1}
    assert identities == Counter(mail.mail.message_id for mail in mails)
    assert len(files) == len(identities) == COUNT
    written = {file.read_bytes() for file in files}
    assert written == {mail.mail.data for mail in mails}
