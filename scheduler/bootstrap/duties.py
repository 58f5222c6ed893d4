"""What a process does of the daemon's work: all of it, or its part among several machines."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.clock import SystemClock
from scheduler.errors import InvalidInput, UserError
from scheduler.ports import Process, Role, Store
from scheduler.queries.fleet import read_fleet
from scheduler.services.heartbeats import Rhythm
from scheduler.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What a process does: it plans, lets mails leave, serves pages.

    One that is to plan stands by while another one does. `concurrency` is the number of mails that it sends at once, as
    a worker of a distributed engine; None means as configured.
    """

    plans: bool = True
    delivers: bool = True
    serves: bool = True
    concurrency: int | None = None

    @property
    def role(self) -> Role:
        """Return the name by which others know what this process does."""
        match self.plans, self.delivers, self.serves:
            case True, False, False:
                return "planner"
            case False, True, False:
                return "worker"
            case False, False, True:
                return "web"
        return "daemon"


EVERYTHING = Duties()


def require_engine_for(duties: Duties, kind: str) -> None:
    """Raise `InvalidInput` for a worker without an engine that hands it mails."""
    if duties.role == "worker" and kind == "embedded":
        raise InvalidInput(
            Text('[engine] kind = "embedded": mails leave from the daemon, and a worker would get none'),
            hint=Text('set it to "procrastinate" on every machine, or run more daemons: `hanchot run`'),
        )


def refuse_other_secret(store: Store, own: str) -> None:
    """Raise `UserError` if a process with another secret than `own`, by its fingerprint, is at work on the record."""
    others = [process for process in find_alive(store) if process.secret not in ("", own)]
    if others:
        raise UserError(
            Text(
                "this machine has another secret than {machine}: links, calendars and mails would not fit together",
                machine=", ".join(sorted({process.machine for process in others})),
            ),
            hint=Text("copy the file under [web] secret_file from there; one secret belongs to one record"),
        )


def find_alive(store: Store) -> list[Process]:
    """Return the processes that were alive lately."""
    with store.reading() as view:
        fleet = read_fleet(view, SystemClock().now(), Rhythm().stale)
    return [one.process for one in fleet.members]
