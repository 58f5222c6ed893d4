"""Column types for instants, days and ids, the same on every database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from scheduler.texts import decode, encode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_SECOND = 1_000_000

# SQLite assigns ascending ids only to a column whose type is spelled INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def microseconds(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970. Raises `ValueError` for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant without a zone cannot be stored: {instant!r}")
    since = instant - _EPOCH
    return since.days * _DAY + since.seconds * _SECOND + since.microseconds


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as microseconds since 1970 and read as UTC.

    A number compares and sorts the same on every database and loses no digit. Text and the databases' own timestamps
    each fail in one of these on some database.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Convert an instant into its stored number."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """Convert a stored number into an instant in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class KeptText(TypeDecorator[str]):
    """Words of this program or of a server; those of the program can be translated when they are read."""

    impl = sa.Text
    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        """Return the type of its values."""
        return str

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Convert words into what is stored."""
        return None if value is None else encode(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """Convert what is stored into words."""
        return None if value is None else decode(value)


class Day(TypeDecorator[date]):
    """A calendar day, stored as ISO text, which sorts as days do."""

    impl = sa.String(10)
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Any) -> str | None:
        """Convert a day into its stored text."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Any) -> date | None:
        """Convert stored text into a day."""
        return None if value is None else date.fromisoformat(value)
