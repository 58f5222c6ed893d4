"""Runners that fire the daemon's work: one module per engine, chosen only here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scheduler.engine.mails.senders import Senders
from scheduler.errors import UserError
from scheduler.ports import ChunkQueue, Clock, DaemonWork, Runner, Store, Tick
from scheduler.texts import Text

EngineKind = Literal["embedded", "procrastinate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What a distributed engine needs: the record, the parameters of a connection to it, and this worker's senders.

    A process that only hands mails over has no `senders`.
    """

    store: Store
    address: Mapping[str, Any]
    senders: Senders | None = None


def make_runner(
    kind: EngineKind,
    work: DaemonWork,
    *,
    system: Clock,
    stopping: threading.Event,
    distribution: Distribution | None = None,
    after_tick: Callable[[Tick], None] | None = None,
    on_heartbeat: Callable[[], None] | None = None,
) -> Runner:
    """Return the runner that `[engine] kind` names.

    `system` is the machine's clock. `after_tick` is called with the result of each tick, `on_heartbeat` at every
    heartbeat unless the work has stalled. Only the chosen engine is imported; without a `distribution`, as in a replay,
    it is the embedded one. Raises `UserError` if the engine is not installed.
    """
    timer: dict[str, Any] = {
        "system": system,
        "stopping": stopping,
        "after_tick": after_tick,
        "on_heartbeat": on_heartbeat,
    }
    if kind == "embedded" or distribution is None:
        from scheduler.engine.runners.apscheduler_runner import APSchedulerRunner

        return APSchedulerRunner(work, **timer)
    require_engine()
    from scheduler.engine.runners.procrastinate_runner import ProcrastinateRunner

    return ProcrastinateRunner(
        work,
        store=distribution.store,
        address=distribution.address,
        senders=distribution.senders,
        **timer,
    )


def make_queue() -> ChunkQueue:
    """Return the queue of the distributed engine. Raises `UserError` if it is not installed."""
    require_engine()
    from scheduler.engine.runners.procrastinate_runner import ProcrastinateQueue

    return ProcrastinateQueue()


def advance_tables(connection: Any) -> bool:
    """Make the tables of the distributed engine, or upgrade them by a step; return whether anything was to be done.

    If so, it is to be called again in the next transaction. Raises `UserError` if the engine is not installed, and for
    tables that are newer or another program's.
    """
    require_engine()
    from scheduler.engine.runners import procrastinate_schema

    return procrastinate_schema.advance_tables(connection)


def require_tables(connection: Any) -> None:
    """Raise `UserError` unless the distributed engine is installed and its tables are those of its version."""
    require_engine()
    from scheduler.engine.runners import procrastinate_schema

    procrastinate_schema.require_tables(connection)


def require_engine() -> None:
    """Raise `UserError` if the distributed engine is not installed."""
    try:
        import procrastinate  # noqa: F401 - only whether it is there
    except ModuleNotFoundError as error:
        raise UserError(
            Text('[engine] kind = "procrastinate" needs a package that is not installed: {name}', name=error.name),
            hint=Text(
                "install hanchot once more with it, from the checkout or wheel that it came from: "
                "pip install '/path/to/hanchot[distributed]'"
            ),
        ) from error
