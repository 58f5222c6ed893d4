"""What fires the daemon's work: one file for each engine, chosen here and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Callable

from scheduler.ports import Clock, DaemonWork, Runner, Tick


def make_runner(
    kind: str,
    work: DaemonWork,
    *,
    system: Clock,
    stopping: threading.Event,
    after_tick: Callable[[Tick], None] | None = None,
    on_heartbeat: Callable[[], None] | None = None,
) -> Runner:
    """Return the runner that `[engine] kind` names.

    `system` is the machine's clock, `after_tick` is called with each tick, `on_heartbeat` at every heartbeat
    with a sign of life. A process loads only the engine that it uses. Raises `ValueError` for an unknown kind.
    """
    if kind == "embedded":
        from scheduler.engine.runners.apscheduler_runner import APSchedulerRunner

        return APSchedulerRunner(
            work, system=system, stopping=stopping, after_tick=after_tick, on_heartbeat=on_heartbeat
        )
    raise ValueError(f"there is no engine {kind!r}")
