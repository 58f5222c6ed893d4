"""Runners that fire the daemon's work: one module per engine, chosen only here."""

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

    `system` is the machine's clock. `after_tick` is called with the result of each tick, `on_heartbeat` at every
    heartbeat unless the work has stalled. Only the chosen engine is imported. Raises `ValueError` for an unknown kind.
    """
    if kind == "embedded":
        from scheduler.engine.runners.apscheduler_runner import APSchedulerRunner

        return APSchedulerRunner(
            work, system=system, stopping=stopping, after_tick=after_tick, on_heartbeat=on_heartbeat
        )
    raise ValueError(f"there is no engine {kind!r}")
