"""Calendar addresses, and the entries published to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from scheduler.ports import FeedContents, FeedEntry, FeedItem, FeedPart, FeedRow
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.tables import entry, feed
from scheduler.store.tables import plan as plans

_WANTED: sa.BindParameter[int] = sa.bindparam("wanted", type_=feed.c.id.type)
_AUDIENCE: sa.BindParameter[str] = sa.bindparam("audience", type_=sa.Text)
_PLAN: sa.BindParameter[str] = sa.bindparam("plan", type_=sa.Text)

_SECOND = timedelta(seconds=1)

_FEEDS = sa.select(feed).order_by(feed.c.id)
_REVOKE = feed.update().where(feed.c.id == _WANTED, feed.c.revoked_at.is_(None))
_NOTE = feed.update().where(feed.c.id == _WANTED)
_BYTES = sa.select(feed.c.digest, feed.c.changed_at).where(feed.c.id == _WANTED).with_for_update()
_LAST = sa.select(sa.func.coalesce(sa.func.max(feed.c.generation), 0)).where(feed.c.audience == _AUDIENCE)
_KNOWN = sa.select(sa.func.count(feed.c.id), sa.func.count(feed.c.revoked_at))
_PUBLISHED = sa.select(plans.c.plan, plans.c.published).order_by(plans.c.plan)
_AUDIENCES = (
    sa.select(feed.c.audience)
    .where(feed.c.revoked_at.is_(None), sa.or_(feed.c.plan.is_(None), feed.c.plan == _PLAN))
    .distinct()
)
_SAID = (entry.c.item, entry.c.version, entry.c.sequence, entry.c.created_at, entry.c.revised_at)
_ENTRIES = sa.select(*_SAID, entry.c.gone_at, entry.c.left_at).where(
    entry.c.audience == _AUDIENCE, entry.c.plan == _PLAN
)
_OF_FEED = sa.and_(entry.c.audience == _AUDIENCE, sa.or_(_PLAN.is_(None), entry.c.plan == _PLAN))
_CONTENTS = {
    tasks: sa.select(entry.c.first, column, zone)
    .where(_OF_FEED, entry.c.left_at.is_(None), sa.func.length(column) > 0)
    .order_by(entry.c.first, entry.c.item["clock"].as_string().nulls_first(), entry.c.uid)
    for tasks, column, zone in ((False, entry.c.event, entry.c.zone), (True, entry.c.task, sa.literal("")))
}
_CHANGED = sa.select(sa.func.max(entry.c.revised_at), sa.func.max(entry.c.left_at)).where(_OF_FEED)

_TYPES: dict[str, Any] = {
    **dict.fromkeys(("first", "last", "task_due"), date),
    **dict.fromkeys(("clock", "end_clock"), time),
    "task_done": datetime,
}
_ITEM = {field.name: field.default for field in fields(FeedItem)}


class SqlFeeds:
    """The calendars of all audiences."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, *, audience: str, plan: str | None, tasks: bool, at: datetime) -> FeedRow:
        """Create an address with a generation that is unique for its audience; its plans become unpublished."""
        dialect_of(self._connection).lock_record(self._connection)
        generation = self._connection.execute(_LAST, {"audience": audience}).scalar_one() + 1
        values = {"audience": audience, "plan": plan, "tasks": tasks, "generation": generation, "created_at": at}
        made = feed.insert().values(client="", **values).returning(feed.c.id)
        id = self._connection.execute(made).scalar_one()
        shown = plans.update() if plan is None else plans.update().where(plans.c.plan == plan)
        self._connection.execute(shown.values(published=""))
        return FeedRow(id=id, **values)

    def revoke(self, id: int, *, at: datetime) -> bool:
        """Revoke an address; return False if it does not exist or was revoked before."""
        return self._connection.execute(_REVOKE.values(revoked_at=at), {"wanted": id}).rowcount == 1

    def list(self) -> Sequence[FeedRow]:
        """Return all addresses, including revoked ones, oldest first."""
        return [FeedRow(**row) for row in self._connection.execute(_FEEDS).mappings()]

    def fingerprint(self) -> str:
        """Return a fingerprint that changes whenever addresses or the contents of calendars may have changed."""
        known = self._connection.execute(_KNOWN).one()
        published = self._connection.execute(_PUBLISHED).all()
        return " ".join(str(part) for row in (known, *published) for part in row)

    def audiences(self, plan: str) -> Sequence[str]:
        """Return the audiences that have an address for a plan, in order."""
        return sorted(self._connection.scalars(_AUDIENCES, {"plan": plan}))

    def entries(self, audience: str, plan: str) -> Sequence[FeedEntry]:
        """Return all entries that were ever published to an audience for a plan, without their bytes."""
        rows = self._connection.execute(_ENTRIES, {"audience": audience, "plan": plan}).mappings()
        return [FeedEntry(**{**row, "item": _item(row["item"])}) for row in rows]

    def save(self, audience: str, plan: str, entries: Iterable[FeedEntry]) -> None:
        """Insert entries, or replace those with the same uid; an entry without bytes keeps the stored ones."""
        rows = [{"audience": audience, "plan": plan, **_row(one)} for one in entries]
        if rows:
            self._connection.execute(_saving(dialect_of(self._connection)), rows)

    def contents(self, feed: FeedRow) -> FeedContents:
        """Return the current contents of a calendar, ordered by day, hour and uid."""
        whose = {"audience": feed.audience, "plan": feed.plan}
        rows = self._connection.execute(_CONTENTS[feed.tasks], whose).all()
        changes = [at for at in self._connection.execute(_CHANGED, whose).one() if at is not None]
        return FeedContents(
            parts=tuple(FeedPart(row[0], row[1]) for row in rows),
            zones=tuple(sorted({row[2] for row in rows if row[2]})),
            changed_at=max(changes, default=None),
        )

    def note_bytes(self, id: int, digest: str, *, at: datetime) -> datetime:
        """Record the digest of a calendar's bytes as of `at`; return since when they are unchanged (UTC).

        The time is in whole seconds. Each change gets a later time than the one before.
        """
        known = self._connection.execute(_BYTES, {"wanted": id}).one()
        if known.digest == digest and known.changed_at is not None:
            return known.changed_at  # type: ignore[no-any-return]
        at = at.replace(microsecond=0)  # HTTP dates have whole seconds
        if known.changed_at is not None:
            at = max(at, known.changed_at + _SECOND)
        self._connection.execute(_NOTE.values(digest=digest, changed_at=at), {"wanted": id})
        return at

    def note_fetch(self, id: int, *, at: datetime, client: str) -> None:
        """Record when and by which program a calendar was last fetched."""
        self._connection.execute(_NOTE.values(last_fetched_at=at, client=client), {"wanted": id})


def _row(one: FeedEntry) -> dict[str, Any]:
    values = {name: getattr(one.item, name) for name, default in _ITEM.items()}
    packed = {name: _packed(value) for name, value in values.items() if value != _ITEM[name]}
    own = {name: getattr(one, name) for name in _OWN}
    return {"uid": one.item.uid, "item": packed, "first": one.item.first, "zone": one.item.zone, **own}


_OWN = ("version", "sequence", "created_at", "revised_at", "gone_at", "left_at", "event", "task")


def _packed(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time) else value


def _item(values: dict[str, Any]) -> FeedItem:
    return FeedItem(
        **{name: _TYPES[name].fromisoformat(value) if name in _TYPES else value for name, value in values.items()}
    )


@cache
def _saving(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(entry)
    new: dict[str, Any] = {column.name: insert.excluded[column.name] for column in entry.c if not column.primary_key}
    rendered = sa.func.length(insert.excluded.event) + sa.func.length(insert.excluded.task) > 0
    for name in ("event", "task"):
        new[name] = sa.case((rendered, insert.excluded[name]), else_=entry.c[name])
    return insert.on_conflict_do_update(index_elements=list(entry.primary_key), set_=new)
