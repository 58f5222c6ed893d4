"""Calendars: their entries, their rendering, and the addresses (feeds) at which they are published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal, NamedTuple, Protocol

from scheduler.plan.agenda import Agenda


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """The content of one calendar entry; it does not depend on when it is read.

    Days are inclusive. With a `clock` the entry begins at that local time of `zone`, else it covers whole days.
    `mark` is the state as shown before the title, for programs that show only the title. An item can be an
    event, a task, or both.
    """

    uid: str
    language: str
    title: str
    text: str
    first: date
    last: date
    mark: str = ""
    place: str = ""
    clock: time | None = None
    end_clock: time | None = None  # local time on the last day
    zone: str = ""  # IANA key; set with `clock`
    state: Literal["confirmed", "tentative", "cancelled"] = "confirmed"
    busy: bool = False
    is_event: bool = True
    task_due: date | None = None  # set if the item is a task
    task_done: datetime | None = None
    task_begun: bool = False
    is_passing: bool = False  # once gone, it is removed at once and not shown as cancelled first


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """An item as published, with its rendered bytes; `version` is that of the renderer.

    `sequence` counts the changes; `revised_at` is the instant of the last one. From `gone_at` on it is shown as
    cancelled; from `left_at` on it is no longer in the calendar. Entries are never deleted, so that `sequence`
    continues if an item comes back.
    """

    item: FeedItem
    version: str
    sequence: int
    created_at: datetime
    revised_at: datetime
    gone_at: datetime | None = None
    left_at: datetime | None = None
    event: bytes = b""
    task: bytes = b""


class FeedRenderer(Protocol):
    """Draws the items of a calendar and renders them. Pure: the same arguments give the same result."""

    @property
    def version(self) -> str:
        """Return the version of the rendering; it changes when the same item gives other bytes than before."""

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of all inputs of drawing and rendering other than agenda and generation."""

    def draw(self, agenda: Agenda, audience: str, generation: int) -> Iterable[FeedItem]:
        """Yield the items of a party's calendar of a plan, or of the public one (audience ""); each uid once.

        `generation` is that of the party's page, to which entries link.
        """

    def cancel(self, item: FeedItem) -> FeedItem:
        """Return the item as it is shown for a while after it is gone: as cancelled."""

    def render(
        self, item: FeedItem, *, sequence: int, created_at: datetime, revised_at: datetime
    ) -> tuple[bytes, bytes]:
        """Return the bytes of an item as an event and as a task; empty for what it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """The address of a calendar; `audience` is a party id, or "" for the public; `plan` None means all plans."""

    id: int
    audience: str
    plan: str | None
    tasks: bool
    generation: int
    created_at: datetime
    revoked_at: datetime | None = None
    last_fetched_at: datetime | None = None
    client: str = ""
    digest: str = ""  # of the bytes last served
    changed_at: datetime | None = None  # when these bytes last changed, in whole seconds


class FeedPart(NamedTuple):
    """The bytes of one entry, with its first day."""

    first: date
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContents:
    """The present contents of a calendar: its parts in order, the zones they use, and the last change."""

    parts: tuple[FeedPart, ...]
    zones: tuple[str, ...]
    changed_at: datetime | None


class Feeds(Protocol):
    """The addresses of calendars, and the entries published to them."""

    def add(self, *, audience: str, plan: str | None, tasks: bool, at: datetime) -> FeedRow:
        """Add an address with a generation that is unique for its audience.

        The plans that it shows are marked as not published, so that its calendar gets filled.
        """

    def revoke(self, id: int, *, at: datetime) -> bool:
        """Revoke an address; return False if there is none, or if it was revoked before."""

    def list(self) -> Sequence[FeedRow]:
        """Return every address, revoked ones included, oldest first."""

    def fingerprint(self) -> str:
        """Return a fingerprint that changes whenever addresses or the contents of calendars may have changed."""

    def audiences(self, plan: str) -> Sequence[str]:
        """Return the audiences that have a valid address at which a plan is shown."""

    def entries(self, audience: str, plan: str) -> Sequence[FeedEntry]:
        """Return every entry of a plan that was ever published to an audience, without the bytes."""

    def save(self, audience: str, plan: str, entries: Iterable[FeedEntry]) -> None:
        """Insert entries, or replace those with the same uid; an entry without bytes keeps the stored ones."""

    def contents(self, feed: FeedRow) -> FeedContents:
        """Return the present contents of a calendar, ordered by day, time and uid."""

    def note_bytes(self, id: int, digest: str, *, at: datetime) -> datetime:
        """Store the digest of a calendar's bytes as seen at `at`; return the instant of their last change.

        That instant is in whole seconds and strictly increases with each change.
        """

    def note_fetch(self, id: int, *, at: datetime, client: str) -> None:
        """Store when a calendar was last fetched, and by which program."""
