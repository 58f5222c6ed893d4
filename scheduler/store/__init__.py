"""The record in a SQL database; the only package that uses SQL."""

from __future__ import annotations

from scheduler.store.database import SqlStore, open_store, upgrade
from scheduler.store.engines import check_url, describe_url, read_address
from scheduler.store.transfer.other_records import find_other_records
from scheduler.store.transfer.record_check import check_integrity, read_digests, relies_on_secret
from scheduler.store.transfer.record_copy import copy_record, copy_snapshot, expect_empty

__all__ = [
    "SqlStore",
    "check_integrity",
    "check_url",
    "copy_record",
    "copy_snapshot",
    "describe_url",
    "expect_empty",
    "find_other_records",
    "open_store",
    "read_address",
    "read_digests",
    "relies_on_secret",
    "upgrade",
]
