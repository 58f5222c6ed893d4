"""The record in a SQL database: the only place that speaks SQL."""

from __future__ import annotations

from scheduler.store.database import SqlStore, open_store, upgrade
from scheduler.store.dialects.base import parse as check_address

__all__ = ["SqlStore", "check_address", "open_store", "upgrade"]
