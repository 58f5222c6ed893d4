"""A record for each test, and a daemon on it."""

from tests.support.daemon_fixture import daemon, open_file, store

__all__ = ["daemon", "open_file", "store"]
