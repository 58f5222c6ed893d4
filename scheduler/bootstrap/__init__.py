"""The composition root: the only part that knows every other. Wiring only, no rules."""

from __future__ import annotations

from scheduler.bootstrap.container import App, find_settings, pick
from scheduler.bootstrap.daemon import Running, Serve, run_daemon, tick_once
from scheduler.bootstrap.maintenance import invite, make_feed, send_trial, upgrade_record
from scheduler.bootstrap.party_links import list_pages, revoke_page
from scheduler.bootstrap.replay import Replay, run_replay
from scheduler.bootstrap.simulate import simulate
from scheduler.definitions.scaffold import write_starter
from scheduler.doctor.checks import examine

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
