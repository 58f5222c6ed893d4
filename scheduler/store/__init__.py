"""The record in a SQL database: the only place that speaks SQL."""

from __future__ import annotations

from scheduler.store.database import SqlStore, open_store, upgrade

__all__ = ["SqlStore", "open_store", "upgrade"]
