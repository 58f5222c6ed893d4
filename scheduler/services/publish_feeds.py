"""Choose which entries calendars have, and keep them in step with a plan; only those that changed are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.model import Plan
from scheduler.ports import FeedEntry, FeedItem, FeedPart, FeedRenderer, FeedRow, PlanState, UnitOfWork
from scheduler.queries.agendas import AgendaCache, find_state, inputs_fingerprint

BEHIND = timedelta(days=90)  # counted from Monday, because a window that moved daily would change calendars daily
AHEAD = timedelta(days=730)
MOST = 1000  # entries in one calendar: calendar programs reject more ...
MOST_BYTES = 900_000  # ... and reject a megabyte
SHOWN_CANCELLED = timedelta(days=30)
_SECOND = timedelta(seconds=1)


def published_fingerprint(state: PlanState, plan: Plan, calendars: FeedRenderer, now: datetime) -> str:
    """Return a fingerprint of everything that the calendars of a plan depend on."""
    return f"{calendars.fingerprint}/{inputs_fingerprint(state, plan)}/{local_day(now, plan.zone)}"


def publish(unit: UnitOfWork, plan: Plan, agenda: Agenda, calendars: FeedRenderer, now: datetime) -> int:
    """Update the calendars of a loaded plan in the given transaction; return how many entries changed."""
    changed, generations = 0, unit.pages.generations()
    for audience in unit.feeds.audiences(plan.id):
        known = {entry.item.uid: entry for entry in unit.feeds.entries(audience, plan.id)}
        drawn = calendars.draw(agenda, audience, generations.get(audience, 1))
        changes = list(compare(drawn, known, calendars, local_day(now, plan.zone), now))
        unit.feeds.save(audience, plan.id, changes)
        changed += len(changes)
    unit.plans.mark_published(plan.id, published_fingerprint(find_state(unit, plan), plan, calendars, now))
    return changed


def create_feed(
    unit: UnitOfWork,
    plans: Iterable[Plan],
    calendars: FeedRenderer,
    *,
    audience: str,
    plan: str | None,
    tasks: bool,
    now: datetime,
) -> FeedRow:
    """Create the address of a calendar, and publish its plans; a public calendar keeps its one address."""
    agendas = AgendaCache()
    open_ones = [feed for feed in unit.feeds.list() if feed.revoked_at is None]
    wanted = (audience, plan, tasks)
    same = [feed for feed in open_ones if not audience and (feed.audience, feed.plan, feed.tasks) == wanted]
    row = same[-1] if same else unit.feeds.add(audience=audience, plan=plan, tasks=tasks, at=now)
    for loaded in plans:
        if plan in (None, loaded.id):
            publish(unit, loaded, agendas.read(unit, loaded), calendars, now)
    return row


def compare(
    drawn: Iterable[FeedItem], known: Mapping[str, FeedEntry], calendars: FeedRenderer, today: date, now: datetime
) -> Iterator[FeedEntry]:
    """Yield the entries that have changed, given the drawn items and the known entries by uid."""
    now = now.replace(microsecond=0)  # iCalendar times have whole seconds
    items = {item.uid: item for item in drawn}
    for uid, entry in known.items():
        if uid not in items and not (entry.gone_at and entry.left_at):
            if entry.item.is_passing:
                yield replace(entry, gone_at=now, left_at=now)
            else:
                items[uid] = entry.item if entry.item.state == "cancelled" else calendars.cancel(entry.item)
    gone = {uid: _gone_since(known.get(uid), now) for uid, item in items.items() if item.state == "cancelled"}
    faded = {uid for uid, since in gone.items() if now - since >= SHOWN_CANCELLED}
    shown = _choose([item for uid, item in items.items() if uid not in faded], today)
    for uid, item in items.items():
        if uid in known or uid in shown:
            entry = _revise(known.get(uid), item, calendars, now, is_shown=uid in shown)
            left_at = None if uid in shown else entry.left_at or now
            entry = replace(entry, gone_at=gone.get(uid), left_at=left_at)
            if entry != known.get(uid):
                yield entry


def _gone_since(entry: FeedEntry | None, now: datetime) -> datetime:
    return entry.gone_at if entry is not None and entry.gone_at is not None else now


def _choose(items: Iterable[FeedItem], today: date) -> set[str]:
    """Return the uids of the items inside the window; if there are too many, of those nearest to this week."""
    monday = _monday(today)
    near = [item for item in items if monday - BEHIND <= item.last and item.first <= monday + AHEAD]
    if len(near) > MOST:
        near.sort(key=lambda item: (abs(item.first - monday), item.uid))
    return {item.uid for item in near[:MOST]}


def _revise(
    entry: FeedEntry | None, item: FeedItem, calendars: FeedRenderer, now: datetime, *, is_shown: bool
) -> FeedEntry:
    """Return the entry of an item, rendered again if it changed; an entry that is not shown stays as it is."""
    if entry is not None and (not is_shown or (entry.item, entry.version) == (item, calendars.version)):
        return entry
    sequence, created_at = (entry.sequence + 1, entry.created_at) if entry else (0, now)
    revised_at = max(now, entry.revised_at + _SECOND) if entry else now  # programs accept only a later time
    event, task = calendars.render(item, sequence=sequence, created_at=created_at, revised_at=revised_at)
    return FeedEntry(
        item=item,
        version=calendars.version,
        sequence=sequence,
        created_at=created_at,
        revised_at=revised_at,
        event=event,
        task=task,
    )


def choose_parts(parts: Sequence[FeedPart], today: date) -> list[bytes]:
    """Return the parts that fit into one calendar of several plans, in order; those nearest to this week go first."""
    if len(parts) <= MOST and sum(len(part.body) for part in parts) <= MOST_BYTES:
        return [part.body for part in parts]
    monday, left = _monday(today), MOST_BYTES
    nearest = sorted(range(len(parts)), key=lambda place: (abs(parts[place].first - monday), place))
    kept = []
    for place in nearest[:MOST]:
        left -= len(parts[place].body)
        if left < 0:
            break
        kept.append(place)
    return [parts[place].body for place in sorted(kept)]


def _monday(today: date) -> date:
    """Return the Monday of a day's week."""
    return today - timedelta(days=today.weekday())
