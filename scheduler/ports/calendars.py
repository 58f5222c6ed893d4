"""What stands in whose calendar, and where that is published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal, NamedTuple, Protocol

from scheduler.plan.agenda import Agenda


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One entry of a calendar as it is said; nothing in it depends on when it is read.

    Days are inclusive; with a `clock` it is an hour of `zone`, else whole days. `mark` says the state in front of
    the title, for programs that show nothing else. An item may stand among the events, among the tasks, or in both.
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
    end_clock: time | None = None  # on the last day
    zone: str = ""
    state: Literal["confirmed", "tentative", "cancelled"] = "confirmed"
    busy: bool = False
    is_event: bool = True
    task_due: date | None = None  # set for a task
    task_done: datetime | None = None
    task_begun: bool = False
    is_passing: bool = False  # it goes without a word when it is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """An item as it was published, since when, and its bytes; `version` is that of what rendered it.

    `sequence` counts the changes, `revised_at` is the last of them. `gone_at`: since then it is shown as cancelled;
    `left_at`: since then it is not in the calendar. It is kept, so that it goes on counting if it comes back.
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
    """Says what stands in whose calendar, and renders it. Pure: the same in, the same out."""

    @property
    def version(self) -> str:
        """Return a word, another one where the same items give other bytes."""

    @property
    def fingerprint(self) -> str:
        """Return one word for everything that drawing and rendering follow from besides agenda and generation."""

    def draw(self, agenda: Agenda, audience: str, generation: int) -> Iterable[FeedItem]:
        """Yield what a party (or the public: "") finds in its calendar of a plan, each uid once.

        `generation` is that of the party's page, to which entries lead.
        """

    def cancel(self, item: FeedItem) -> FeedItem:
        """Return an item as it is said for a while after it is gone."""

    def render(
        self, item: FeedItem, *, sequence: int, created_at: datetime, revised_at: datetime
    ) -> tuple[bytes, bytes]:
        """Return an item's bytes among the events and among the tasks; empty where it does not stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """The address of a calendar. `audience` is a party, or "" for the public; `plan` None stands for all plans."""

    id: int
    audience: str
    plan: str | None
    tasks: bool
    generation: int
    created_at: datetime
    revoked_at: datetime | None = None
    last_fetched_at: datetime | None = None
    client: str = ""
    digest: str = ""  # of the bytes that were served last ...
    changed_at: datetime | None = None  # ... and since when, to the second


class FeedPart(NamedTuple):
    """The bytes of one entry, and its first day."""

    first: date
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContents:
    """What stands in a calendar now: its parts in order, the zones they name, and when that last changed."""

    parts: tuple[FeedPart, ...]
    zones: tuple[str, ...]
    changed_at: datetime | None


class Feeds(Protocol):
    """Calendar addresses and what was published to them."""

    def add(self, *, audience: str, plan: str | None, tasks: bool, at: datetime) -> FeedRow:
        """Make an address, its generation unique for its audience; its plans are no longer published."""

    def revoke(self, id: int, *, at: datetime) -> bool:
        """Make an address good for nothing; False if there is none, or it was revoked before."""

    def list(self) -> Sequence[FeedRow]:
        """Return every address there ever was, oldest first."""

    def fingerprint(self) -> str:
        """Return a word that is another one whenever the contents of a calendar, or the addresses, may be others."""

    def audiences(self, plan: str) -> Sequence[str]:
        """Return who has an address at which a plan is shown."""

    def entries(self, audience: str, plan: str) -> Sequence[FeedEntry]:
        """Return everything that was ever published to somebody of a plan, without its bytes."""

    def save(self, audience: str, plan: str, entries: Iterable[FeedEntry]) -> None:
        """Add entries, or put them in the place of those with their uid; without bytes the old ones stay."""

    def contents(self, feed: FeedRow) -> FeedContents:
        """Return what stands in a calendar now, ordered by day, hour and uid."""

    def note_bytes(self, id: int, digest: str, *, at: datetime) -> datetime:
        """Remember what a calendar's bytes are, found out at `at`; return since when, later for each change."""

    def note_fetch(self, id: int, *, at: datetime, client: str) -> None:
        """Remember when a calendar was last fetched, and by which program."""
