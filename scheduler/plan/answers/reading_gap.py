"""What could not be looked at, so that something may have come that nobody has seen yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

ReadPlace = Literal["mailbox", "folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxReading:
    """How the mailbox is read: these folders, each of which counts as read for so long after it was.

    Where each pass reads the mailbox itself, nothing counts but what that pass has read: `lasts` is zero.
    """

    folders: tuple[str, ...]
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingGap:
    """The places that cannot be looked at; what came to them after `since` (UTC) may not have been seen.

    `since` is None if one of them was never looked at.
    """

    places: tuple[ReadPlace, ...]
    since: datetime | None


def find_mailbox_gap(
    reading: MailboxReading, read_at: Mapping[str, datetime], undecided_at: datetime | None, now: datetime
) -> ReadingGap | None:
    """Return since when the mailbox is not read, or None if it is.

    `read_at` says when each folder was last read, `undecided_at` when the oldest mail came that was fetched and could
    not be decided about so far, as with a full disk.
    """
    known = [read_at[folder] for folder in reading.folders if folder in read_at]
    if len(known) < len(reading.folders):
        return ReadingGap(places=("mailbox",), since=None)
    oldest = min([*known, *([undecided_at] if undecided_at is not None else [])], default=now)
    return ReadingGap(places=("mailbox",), since=oldest) if oldest < now - reading.lasts else None


class ReadingGaps(NamedTuple):
    """What cannot be looked at: for all obligations of a plan, and for some, by milestone or occurrence and party."""

    common: tuple[ReadingGap, ...] = ()
    own: Mapping[tuple[str, str], ReadingGap] = MappingProxyType({})

    def of(self, milestone: str = "", party: str = "") -> ReadingGap | None:
        """Return what cannot be looked at for an obligation, for all of a milestone, or for all of the plan."""
        own = (gap for key, gap in self.own.items() if milestone == key[0] and party in ("", key[1]))
        return join_gaps((*self.common, *own))


def join_gaps(gaps: Iterable[ReadingGap]) -> ReadingGap | None:
    """Return several gaps as one, or None if there is none; it begins with the first of them."""
    found = list(gaps)
    if not found:
        return None
    begins = [gap.since for gap in found if gap.since is not None]
    known = {place for gap in found for place in gap.places}
    places = tuple(place for place in get_args(ReadPlace) if place in known)
    return ReadingGap(places=places, since=min(begins) if len(begins) == len(found) else None)
