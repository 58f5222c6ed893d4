"""The record in a SQL database; the only package that uses SQL."""

from __future__ import annotations

from scheduler.store.database import SqlStore, open_store, upgrade
from scheduler.store.engines import check_url, describe_url
from scheduler.store.transfer.other_records import find_other_records
from scheduler.store.transfer.record_copy import copy_record

__all__ = ["SqlStore", "check_url", "copy_record", "describe_url", "find_other_records", "open_store", "upgrade"]
