"""Hạn chót: a daemon that carries a yearly plan through to its last deadline."""

__version__ = "0.1.0"
