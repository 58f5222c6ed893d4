"""The daemon: one tick of work, and the runners that fire it."""
