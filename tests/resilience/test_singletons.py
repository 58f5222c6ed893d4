"""What goes out once though several daemons do the same work at once: the weekly digest, the outage summary."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler.ports.events import Event
from scheduler.services.digests import DigestSchedule
from scheduler.store import open_store
from tests.support.daemon_fixture import ONCE, DaemonFixture, large_plan
from tests.support.plan_builders import at

DAEMONS = 3
MANY = 250  # more rungs than are settled in one transaction


@pytest.fixture
def several(url: str) -> Iterator[Callable[..., list[DaemonFixture]]]:
    """Return what opens the record as several daemons do, each by itself, the plan loaded."""
    with ExitStack() as stores:

        def open_all(count: int = 6, **details: Any) -> list[DaemonFixture]:
            made = large_plan(count, ladder=ONCE)
            daemons = [
                DaemonFixture(stores.enter_context(closing(open_store(url))), made, name=f"daemon {number}", **details)
                for number in range(DAEMONS)
            ]
            for daemon in daemons:
                daemon.ticker.load()
            return daemons

        yield open_all


def at_once(daemons: list[DaemonFixture], instants: list[datetime]) -> None:
    """Let each daemon tick at an instant of its own, all of them at the same moment."""
    together = threading.Barrier(len(daemons))

    def work(daemon: DaemonFixture, instant: datetime) -> None:
        together.wait(20)
        daemon.tick(instant)

    with ThreadPoolExecutor(len(daemons)) as pool:
        for done in [pool.submit(work, *pair) for pair in zip(daemons, instants, strict=True)]:
            done.result(60)


def gone(daemons: list[DaemonFixture], kind: str) -> Counter[str]:
    """Return how many mails of a kind left, by address."""
    known = {mail.mail.message_id for mail in daemons[0].mails(kind=kind)}
    return Counter(mail.address for daemon in daemons for _, mail in daemon.mailer.sent if mail.message_id in known)


@pytest.mark.parametrize("apart", [0, 1])
def test_a_digest_is_written_once_by_daemons_that_tick_together(
    several: Callable[..., list[DaemonFixture]], apart: int
) -> None:
    """Whether their clocks agree or not."""
    daemons = several(weekly=DigestSchedule())
    for week in range(4):
        instants = [at(2, 6) + timedelta(weeks=week, seconds=apart * number) for number in range(DAEMONS)]
        at_once(daemons, instants)
    assert gone(daemons, "digest") == {"officer@p0000.example": 4}
    assert [text for daemon in daemons for text in daemon.logged("trouble")] == []


def test_an_outage_is_summed_up_once_by_daemons_that_come_back_together(
    several: Callable[..., list[DaemonFixture]],
) -> None:
    """Each of them settles a part of what was missed."""
    daemons = several(MANY)
    at_once(daemons, [at(3, 9)] * DAEMONS)
    at_once(daemons, [at(3, 20)] * DAEMONS)
    assert gone(daemons, "outage") == {"ops@cum.example": 1}
    assert Counter(row.state for row in daemons[0].rows(None)) == {"missed": MANY}


def test_an_outage_is_summed_up_once_though_a_daemon_overtakes_another(
    several: Callable[..., list[DaemonFixture]],
) -> None:
    """One with a clock that is behind comes while the other has settled a part, and closes first."""
    slow, quick, _ = several(MANY)
    at_once([slow, quick], [at(3, 9)] * 2)
    overtaken: list[Event] = []

    def overtake(event: Event) -> None:
        if event.name == "missed" and not overtaken:
            overtaken.append(event)
            quick.tick(at(3, 20))

    slow.ticker = slow.new_ticker(name="fourth", report=overtake)
    slow.tick(at(3, 20) + timedelta(seconds=1))
    assert overtaken
    assert gone([slow, quick], "outage") == {"ops@cum.example": 1}
