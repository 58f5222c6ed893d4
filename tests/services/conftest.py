"""A record for each test, and houses on it: those of the engine."""

from tests.engine.conftest import house, open_file, store

__all__ = ["house", "open_file", "store"]
