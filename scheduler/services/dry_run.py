"""Transactions that are always rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scheduler.ports import Store, UnitOfWork


@contextmanager
def dry_run(store: Store) -> Iterator[UnitOfWork]:
    """Open a transaction that is rolled back at the end of the block."""
    with suppress(_TakenBack), store.transaction() as unit:
        yield unit
        raise _TakenBack


class _TakenBack(Exception):
    """Raised to roll a transaction back."""
