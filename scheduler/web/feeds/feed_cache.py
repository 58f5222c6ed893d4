"""The feed cache: every calendar, rendered and kept in memory.

The record is queried in a thread, at most once a second for known addresses. While it is unavailable, calendars
are served as they were last rendered.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote
from zoneinfo import ZoneInfo

from scheduler.bootstrap import RunningDaemon
from scheduler.errors import UserError
from scheduler.feeds.calendar_file import assemble, render_placeholder
from scheduler.plan.dates.due_dates import local_day
from scheduler.ports import FeedRow
from scheduler.queries.feed_links import name_calendar, slug
from scheduler.services.publish_feeds import choose_parts
from scheduler.texts import Text
from scheduler.tokens import make_token, token_key
from scheduler.web.lookup import parties_by_id

MAX_AGE = 1.0  # seconds for which the record is not queried again ...
MAX_AGE_UNKNOWN = 0.1  # ... and for a request with an unknown address
READ_TIMEOUT = 2.0  # seconds that a request waits for an unresponsive record
FETCH_NOTED_EVERY = timedelta(minutes=1)  # minimum interval between two recorded fetches
CLIENT_LENGTH = 200  # characters of a user agent

_TYPE = b"text/calendar; charset=utf-8"
_COMMON = [
    (b"cache-control", b"private, max-age=300"),
    (b"vary", b"Accept-Encoding, User-Agent"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
]

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RenderedFeed:
    """A calendar ready to be sent: plain and compressed, each with its entity tag and headers."""

    changed_at: datetime
    plain: bytes
    compressed: bytes
    tags: tuple[bytes, bytes]
    headers: tuple[Headers, Headers]
    unchanged: tuple[Headers, Headers]

    @classmethod
    def of(cls, body: bytes, changed_at: datetime, name: str) -> RenderedFeed:
        """Return the rendered feed for the bytes of a calendar."""
        digest = sha256(body).hexdigest()[:32].encode()
        tags = (b'"%b"' % digest, b'"%b-gzip"' % digest)
        compressed = gzip.compress(body, 6, mtime=0)
        last = (b"last-modified", format_datetime(changed_at, usegmt=True).encode())
        unchanged = [[*_COMMON, last, (b"etag", tag)] for tag in tags]
        cached = [
            (b"content-type", _TYPE),
            (b"content-disposition", _disposition(name)),
        ]
        plain_headers = [*unchanged[0], *cached, (b"content-length", b"%d" % len(body))]
        compressed_headers = [
            *unchanged[1],
            *cached,
            (b"content-length", b"%d" % len(compressed)),
            (b"content-encoding", b"gzip"),
        ]
        return cls(
            changed_at, body, compressed, tags, (plain_headers, compressed_headers), (unchanged[0], unchanged[1])
        )


@dataclass(slots=True)
class CachedFeed:
    """A valid address, its calendar as last rendered, and when a fetch was last recorded."""

    feed: FeedRow
    rendered: RenderedFeed | None = None
    fingerprint: str | None = None  # of the record when the calendar was rendered
    noted_at: datetime | None = None
    error_text: str = ""  # why the calendar is outdated, if it is


@dataclass
class FeedCache:
    """Every calendar by the cache key of its address, and the last known state of the record."""

    running: RunningDaemon
    secret: bytes = field(repr=False)
    fingerprint: str | None = None
    is_known: bool = False
    began_at: float = float("-inf")  # monotonic time at which the last query began ...
    queried_at: float = float("-inf")  # ... and ended
    by_key: dict[bytes, CachedFeed] = field(default_factory=dict)
    revoked: set[bytes] = field(default_factory=set)
    is_away: bool = False
    querying: asyncio.Task[None] | None = None
    filling: asyncio.Task[None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    notes: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> None:
        """Render every calendar, so that each can be served even if the record is unavailable later."""
        try:
            await self._update()
        except Exception as error:  # on any error, they are rendered when requested
            self.running.log_problem(Text("calendars could not be made beforehand: {error}", error=error))

    async def find(self, key: bytes) -> CachedFeed | None:
        """Return the calendar of an address, rendered anew if necessary; None if there is no such address.

        Raises: UserError while the record is unavailable and the address is not known.
        """
        if key in self.by_key:
            if time.monotonic() - self.queried_at >= MAX_AGE:
                await self._update()
        else:  # it may be new, and a query that began before may have missed it
            asked_at = time.monotonic()
            await asyncio.sleep(self.queried_at + MAX_AGE_UNKNOWN - asked_at)
            await self._update(wait=True)
            if key not in self.by_key and self.began_at < asked_at:
                await self._update(wait=True)
        cached = self.by_key.get(key)
        if cached is not None:
            await self._refresh(cached)
        elif self.is_away:
            raise UserError(Text("the record is away, and this address is not known"))
        return cached

    async def _refresh(self, cached: CachedFeed) -> None:
        if cached.fingerprint != self.fingerprint:
            async with self.lock:
                if cached.fingerprint != self.fingerprint:
                    await asyncio.to_thread(self._render, cached)

    async def _update(self, *, wait: bool = False) -> None:
        """Query the record, once for all requests; while that runs, others use what is known unless `wait` is set."""
        task = self.querying
        if task is None or task.done():
            task = self.querying = asyncio.create_task(asyncio.to_thread(self._query))
        elif self.is_known and not wait:
            return
        await asyncio.wait({task}, timeout=READ_TIMEOUT if self.is_known else None)
        if task.done():
            task.result()
            self._begin_filling()

    def _begin_filling(self) -> None:
        """Render what is missing in the background, unless that is under way."""
        missing = [cached for cached in self.by_key.values() if cached.rendered is None]
        if missing and (self.filling is None or self.filling.done()):
            self.filling = asyncio.create_task(self._render_missing(missing))

    async def _render_missing(self, missing: Sequence[CachedFeed]) -> None:
        """Render the calendars that nobody has requested yet."""
        with suppress(Exception):  # a request for the calendar meets the error again
            for cached in missing:
                await self._refresh(cached)

    def _query(self) -> None:
        """Query the record for changes."""
        began_at = time.monotonic()
        try:
            with self.running.store.reading() as view:
                fingerprint = view.feeds.fingerprint()
                feeds = view.feeds.list() if fingerprint != self.fingerprint else None
        except Exception as error:  # on any error, the known calendars are served
            if not self.is_known:
                raise
            if not self.is_away:
                self.running.log_problem(Text("calendars are served as they were last: {error}", error=error))
            self.is_away = True
        else:
            self.is_away = False
            if feeds is not None:
                self._apply(feeds)
                self.fingerprint, self.is_known = fingerprint, True
        self.began_at, self.queried_at = began_at, time.monotonic()

    def _apply(self, feeds: Sequence[FeedRow]) -> None:
        names = self._find_names()
        known = {cached.feed.id: cached for cached in self.by_key.values()}
        valid = {feed.id: known.get(feed.id) or CachedFeed(feed) for feed in feeds if feed.revoked_at is None}
        for feed in feeds:
            if feed.id in valid:
                valid[feed.id].feed = feed  # its party may have another id now
        self.by_key = {key: valid[feed.id] for feed in feeds if feed.id in valid for key in self._keys_of(feed, names)}
        self.revoked = {key for feed in feeds for key in self._keys_of(feed, names)} - self.by_key.keys()

    def _find_names(self) -> dict[str, tuple[str, ...]]:
        """Return the ids that each renamed party has and had, without those that another party has now."""
        parties = parties_by_id(definition.plan for definition in self.running.definitions())
        return {
            id: (id, *(name for name in party.was if name not in parties)) for id, party in parties.items() if party.was
        }

    def _keys_of(self, feed: FeedRow, names: Mapping[str, tuple[str, ...]]) -> list[bytes]:
        """Return the cache keys of a calendar: the digests of its tokens, or of its plan if it is public.

        It has a token for each id that its party has or had (`names`, by party).
        """
        if not feed.audience:
            return [public_key(feed.plan or "")]
        subjects = names.get(feed.audience, (feed.audience,))
        return [token_key(make_token(self.secret, "feed", name, feed.generation)) for name in subjects]

    def _render(self, cached: CachedFeed) -> None:
        """Render a calendar anew; keep the present version if its bytes are the same, else commit the change time."""
        fingerprint = self.fingerprint
        try:
            name, body = self._assemble(cached.feed)
            if cached.rendered is None or cached.rendered.plain != body:
                digest, now = sha256(body).hexdigest(), self.running.system.now()
                with self.running.store.transaction() as unit:
                    changed_at = unit.feeds.note_bytes(cached.feed.id, digest, at=now)
                cached.rendered = RenderedFeed.of(body, changed_at, name)
        except Exception as error:  # on any error, the last version is served
            if cached.rendered is None:
                raise
            if cached.error_text != str(error):
                self.running.log_problem(Text("a calendar is served as it was last: {error}", error=error))
            cached.error_text = str(error)
        else:
            cached.fingerprint, cached.error_text = fingerprint, ""

    def _assemble(self, feed: FeedRow) -> tuple[str, bytes]:
        """Return the name and the bytes of a calendar."""
        plans = [definition.plan for definition in self.running.definitions()]
        name, language = name_calendar(feed, plans)
        with self.running.store.reading() as view:
            contents = view.feeds.contents(feed)
        zone = plans[0].zone if plans else ZoneInfo("UTC")
        parts = choose_parts(contents.parts, local_day(self.running.clock.now(), zone))
        if not parts:
            since = max(contents.changed_at or feed.created_at, feed.created_at)
            ids = feed.audience, feed.plan or ""
            parts = [render_placeholder(language, local_day(since, zone), since, *ids, tasks=feed.tasks)]
        return name, assemble(name, parts, contents.zones)

    def note_fetch(self, cached: CachedFeed, agent: bytes) -> None:
        """Record a fetch in a background task, at most once a minute per calendar."""
        now = self.running.system.now()
        if cached.noted_at is not None and now - cached.noted_at < FETCH_NOTED_EVERY:
            return
        cached.noted_at = now
        written = asyncio.to_thread(self._record_fetch, cached.feed.id, now, describe_client(agent))
        task = asyncio.create_task(written)
        self.notes.add(task)
        task.add_done_callback(self.notes.discard)

    def _record_fetch(self, id: int, at: datetime, client: str) -> None:
        try:
            with self.running.store.transaction() as unit:
                unit.feeds.note_fetch(id, at=at, client=client)
        except UserError as error:
            self.running.log_problem(Text("a calendar's fetch was not written down: {error}", error=error))


def public_key(plan: str) -> bytes:
    """Return the cache key of the public calendar of a plan."""
    return sha256(f"public/{plan}".encode(errors="replace")).digest()


def describe_client(agent: bytes) -> str:
    """Return a user agent fit for display: printable, stripped and cut at `CLIENT_LENGTH` characters."""
    return "".join(c for c in agent.decode("latin-1") if c.isprintable())[:CLIENT_LENGTH].strip()


def _disposition(name: str) -> bytes:
    return f"inline; filename=\"{slug(name)}.ics\"; filename*=UTF-8''{quote(name, safe='')}.ics".encode()
