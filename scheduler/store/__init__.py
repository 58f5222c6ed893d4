"""The record in a SQL database; the only package that uses SQL."""

from __future__ import annotations

from scheduler.store.database import SqlStore, open_store, upgrade
from scheduler.store.engines import check_url

__all__ = ["SqlStore", "check_url", "open_store", "upgrade"]
