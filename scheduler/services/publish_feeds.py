"""Choose which entries calendars have, and keep them in step with a plan; only those that changed are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
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
    comparison = _Comparison(calendars, now.replace(microsecond=0), local_day(now, plan.zone))
    for audience in unit.feeds.audiences(plan.id):
        known = {entry.item.uid: entry for entry in unit.feeds.entries(audience, plan.id)}
        drawn = {item.uid: item for item in calendars.draw(agenda, audience, generations.get(audience, 1))}
        changes = comparison.find_changes(drawn, known)
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


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Finds what has changed in a calendar at an instant, which has whole seconds as iCalendar times have."""

    calendars: FeedRenderer
    now: datetime
    today: date

    def find_changes(self, drawn: Mapping[str, FeedItem], known: Mapping[str, FeedEntry]) -> list[FeedEntry]:
        """Return the entries that have changed, given the drawn items and the known entries by uid."""
        missing = [entry for uid, entry in known.items() if uid not in drawn and not _is_over(entry)]
        found = self._remove(missing)
        items = {**drawn, **self._cancel(missing)}
        gone = self._find_gone(items, known)
        shown = self._choose(items.values(), gone)
        found += [
            self._revise(known.get(uid), item, gone.get(uid), is_shown=uid in shown)
            for uid, item in items.items()
            if uid in known or uid in shown
        ]
        return [entry for entry in found if entry != known.get(entry.item.uid)]

    def _remove(self, missing: Iterable[FeedEntry]) -> list[FeedEntry]:
        """Return those missing entries that leave without a word, as removed."""
        return [replace(entry, gone_at=self.now, left_at=self.now) for entry in missing if entry.item.is_passing]

    def _cancel(self, missing: Iterable[FeedEntry]) -> dict[str, FeedItem]:
        """Return the items of the other missing entries as cancelled, by uid."""
        items = [entry.item for entry in missing if not entry.item.is_passing]
        return {item.uid: item if item.state == "cancelled" else self.calendars.cancel(item) for item in items}

    def _find_gone(self, items: Mapping[str, FeedItem], known: Mapping[str, FeedEntry]) -> dict[str, datetime]:
        """Return since when cancelled items are gone, by uid."""
        entries = {uid: known.get(uid) for uid, item in items.items() if item.state == "cancelled"}
        return {uid: (entry.gone_at if entry else None) or self.now for uid, entry in entries.items()}

    def _choose(self, items: Iterable[FeedItem], gone: Mapping[str, datetime]) -> Set[str]:
        """Return the uids of the items to be shown: those inside the window that are not gone for long.

        If there are too many, only those nearest to this week are.
        """
        monday, faded = _monday(self.today), self.now - SHOWN_CANCELLED
        near = [item for item in items if monday - BEHIND <= item.last and item.first <= monday + AHEAD]
        near = [item for item in near if item.uid not in gone or gone[item.uid] > faded]
        if len(near) > MOST:
            near.sort(key=lambda item: (abs(item.first - monday), item.uid))
        return {item.uid for item in near[:MOST]}

    def _revise(
        self, entry: FeedEntry | None, item: FeedItem, gone_at: datetime | None, *, is_shown: bool
    ) -> FeedEntry:
        """Return the entry of an item as it is now; one that is not shown keeps its words."""
        if entry is None or (is_shown and (entry.item, entry.version) != (item, self.calendars.version)):
            entry = self._render(entry, item)
        return replace(entry, gone_at=gone_at, left_at=None if is_shown else entry.left_at or self.now)

    def _render(self, entry: FeedEntry | None, item: FeedItem) -> FeedEntry:
        """Return the next revision of an entry, or the first one."""
        sequence, created_at, revised_at = 0, self.now, self.now
        if entry is not None:  # programs accept only a later time
            sequence, created_at = entry.sequence + 1, entry.created_at
            revised_at = max(self.now, entry.revised_at + _SECOND)
        event, task = self.calendars.render(item, sequence=sequence, created_at=created_at, revised_at=revised_at)
        return FeedEntry(
            item=item,
            version=self.calendars.version,
            sequence=sequence,
            created_at=created_at,
            revised_at=revised_at,
            event=event,
            task=task,
        )


def _is_over(entry: FeedEntry) -> bool:
    """Return whether an entry was gone and has left its calendar."""
    return entry.gone_at is not None and entry.left_at is not None


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
