"""The composition root, the only package that knows all others. It holds wiring, no rules."""

from __future__ import annotations

from scheduler.bootstrap.backups import make_backup, restore_backup, verify_backup, verify_record
from scheduler.bootstrap.container import CONFIG, Container, find_settings, has_settings, pick, shipped_settings
from scheduler.bootstrap.daemon import RunningDaemon, Serve, run_daemon, tick_once
from scheduler.bootstrap.duties import EVERYTHING, Duties, find_alive
from scheduler.bootstrap.maintenance import (
    accept_clock,
    copy_record_from,
    make_feed,
    make_sign_in_link,
    send_test_message,
    upgrade_record,
)
from scheduler.bootstrap.party_links import list_pages, revoke_page
from scheduler.bootstrap.replay import Replay, run_replay
from scheduler.bootstrap.simulate import simulate
from scheduler.bootstrap.token_sources import sign_in_accounts
from scheduler.definitions.scaffold import write_starter

__all__ = [
    "CONFIG",
    "EVERYTHING",
    "Container",
    "Duties",
    "Replay",
    "RunningDaemon",
    "Serve",
    "accept_clock",
    "copy_record_from",
    "find_alive",
    "find_settings",
    "has_settings",
    "list_pages",
    "make_backup",
    "make_feed",
    "make_sign_in_link",
    "pick",
    "restore_backup",
    "revoke_page",
    "run_daemon",
    "run_replay",
    "send_test_message",
    "shipped_settings",
    "sign_in_accounts",
    "simulate",
    "tick_once",
    "upgrade_record",
    "verify_backup",
    "verify_record",
    "write_starter",
]
