"""The composition root: the only part that knows every other. Wiring only, no rules."""

from __future__ import annotations

from scheduler.app.examining import examine
from scheduler.app.linking import list_pages, revoke_page
from scheduler.app.parts import App, find_settings, pick
from scheduler.app.replaying import Replay, run_replay
from scheduler.app.running import Running, Serve, run_daemon, tick_once
from scheduler.app.simulating import simulate
from scheduler.app.tending import invite, make_feed, send_trial, upgrade_record
from scheduler.definitions.starter import write_starter

__all__ = [
    "App",
    "Replay",
    "Running",
    "Serve",
    "examine",
    "find_settings",
    "invite",
    "list_pages",
    "make_feed",
    "pick",
    "revoke_page",
    "run_daemon",
    "run_replay",
    "send_trial",
    "simulate",
    "tick_once",
    "upgrade_record",
    "write_starter",
]
