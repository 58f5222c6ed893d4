"""Whether the machine's clock may be believed: nothing that cannot be taken back follows from one reading of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from scheduler.errors import ClockNotBelieved
from scheduler.plan.reasons import CLOCK_PUT_RIGHT
from scheduler.ports import ClockMark, ClockReading, Machine, Store, UnitOfWork
from scheduler.texts import Text, Worded
from scheduler.wording import format_span

TOLERANCE = timedelta(minutes=15)  # on one machine
BETWEEN_MACHINES = timedelta(hours=1)
LONGEST_ABSENCE = timedelta(days=62)  # that needs no confirmation after a restart of the machine
MARKED_EVERY = timedelta(hours=1)

JUMP_HINT = Text(
    "set the clock (`timedatectl` shows it); if it is right, `hanchot clock accept` says so. Until then no "
    "step is settled and no mail is begun"
)


def describe_jump(jump: timedelta) -> str:
    """Return why a clock that is ahead is not believed."""
    return Text(
        "the machine's clock is {jump} ahead of what has passed, and nothing confirms it",
        jump=Worded(partial(format_span, jump)),
    )


class ClockGuard:
    """Compares the machine's clock with what the record knows of it.

    While a machine is up, its uptime says how much time has passed, suspended or not. After a restart, and on another
    machine, only the clock itself knows how long the absence was; a long one needs somebody else who confirms it: the
    clock of the database's server, a time server that the kernel follows, or a person.
    """

    def __init__(self, store: Store, machine: Machine) -> None:
        self._store = store
        self._machine = machine

    def look(self) -> timedelta | None:
        """Return by how much the clock is ahead of everything that is known; None if it may be believed."""
        with self._store.reading() as view:
            return _find_jump(view, *self._read(view))

    def require_right(self) -> None:
        """Raise `ClockNotBelieved` if the clock is ahead: what is recorded by it would count as late, or move dates."""
        jump = self.look()
        if jump is not None:
            raise ClockNotBelieved(
                Text("nothing is recorded: {jump}", jump=describe_jump(jump)), hint=JUMP_HINT, code="clock-ahead"
            )

    def check(self) -> timedelta | None:
        """Look, and mark the clock as right from time to time if it may be believed. It commits."""
        with self._store.reading() as view:
            reading, mark = self._read(view)
            jump = _find_jump(view, reading, mark)
        if jump is None and not _is_marked(reading, mark):
            self._mark(reading)
        return jump

    def accept(self) -> datetime:
        """Take the clock as right, because a person says so; return the time that it shows. It commits."""
        reading = self._machine.read()
        self._mark(reading)
        return reading.now

    def put_right(self) -> int:
        """Take back what was settled by a clock that was ahead, if the last tick lies in the future.

        That clock is not believed again without another confirmation. It commits. Returns how many rungs live again.
        """
        with self._store.reading() as view:
            last, server, reading = view.journal.last_tick(), view.heartbeats.clock(), self._machine.read()
        # With a server, other machines tick too, and each clock is believed that differs little from the server's.
        latest = reading.now + TOLERANCE if server is None else server + BETWEEN_MACHINES
        if last is None or last <= latest:
            return 0
        with self._store.transaction() as unit:
            revived = unit.journal.put_right(reading.now, latest, CLOCK_PUT_RIGHT)
            unit.journal.record_tick(reading.now)
            unit.journal.record_clock(_mark_of(reading))
        return revived

    def _read(self, view: UnitOfWork) -> tuple[ClockReading, ClockMark | None]:
        """Return what the clocks show, and the mark of this start of the machine."""
        reading = self._machine.read()
        return reading, view.journal.clock(reading.boot)

    def _mark(self, reading: ClockReading) -> None:
        with self._store.transaction() as unit:
            unit.journal.record_clock(_mark_of(reading))


def _mark_of(reading: ClockReading) -> ClockMark:
    return ClockMark(boot=reading.boot, uptime=reading.uptime, at=reading.now)


def _find_jump(view: UnitOfWork, reading: ClockReading, mark: ClockMark | None) -> timedelta | None:
    """Return by how much a clock is ahead, unless something confirms it."""
    server = view.heartbeats.clock()
    ahead, tolerance = _compare(view, reading, mark, server)
    if ahead <= tolerance or reading.is_synchronised:
        return None
    return None if server is not None and abs(reading.now - server) <= BETWEEN_MACHINES else ahead


def _compare(
    view: UnitOfWork, reading: ClockReading, mark: ClockMark | None, server: datetime | None
) -> tuple[timedelta, timedelta]:
    """Return by how much a clock is ahead of what is known best, and by how much it may be."""
    if mark is not None:
        return _since(mark, reading), TOLERANCE
    if server is not None:
        return reading.now - server, BETWEEN_MACHINES
    known = [at for at in (view.journal.last_clock(), view.journal.last_tick()) if at is not None]
    return reading.now - max(known, default=reading.now), LONGEST_ABSENCE


def _since(mark: ClockMark, reading: ClockReading) -> timedelta:
    """Return how far the clock has moved ahead of the uptime since its mark."""
    return (reading.now - mark.at) - (reading.uptime - mark.uptime)


def _is_marked(reading: ClockReading, mark: ClockMark | None) -> bool:
    """Return whether the mark of a clock that may be believed can stay.

    A clock that was turned back without anybody's word leaves the mark until a tick follows it: it may be put right
    again.
    """
    if mark is None:
        return False
    ahead = _since(mark, reading)
    if ahead > TOLERANCE:
        return False
    if ahead < -TOLERANCE:
        return not reading.is_synchronised
    return reading.uptime - mark.uptime < MARKED_EVERY
