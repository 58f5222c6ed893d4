"""The daemon: one tick, and what fires it."""
