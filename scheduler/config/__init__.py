"""Settings from config.toml and the environment."""

from __future__ import annotations

from scheduler.config.loader import load_settings
from scheduler.config.model import REPLAY_MARK, Inbox, Server, Settings, Smtp, TokenSection, read_span
from scheduler.config.secrets import fingerprint, read_password, read_secret, write_secret

__all__ = [
    "REPLAY_MARK",
    "Inbox",
    "Server",
    "Settings",
    "Smtp",
    "TokenSection",
    "fingerprint",
    "load_settings",
    "read_password",
    "read_secret",
    "read_span",
    "write_secret",
]
