"""Choose which entries calendars have, and keep them in step with a plan; only those that changed are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import NamedTuple

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.model import Plan
from scheduler.ports import FeedEntry, FeedItem, FeedPart, FeedRenderer, FeedRow, PlanState, UnitOfWork
from scheduler.queries.agendas import AgendaCache, find_state, inputs_fingerprint

# The dates of a plan stay in sight for its year, also if it is loaded late. Counted from Monday, because a window that
# moved daily would change calendars daily.
BEHIND = timedelta(weeks=53)
AHEAD = timedelta(days=730)
MOST = 1000  # entries in one calendar: calendar programs reject more ...
MOST_BYTES = 900_000  # ... and reject a megabyte
SHOWN_CANCELLED = timedelta(days=30)
_SECOND = timedelta(seconds=1)


def published_fingerprint(state: PlanState, plan: Plan, calendars: FeedRenderer, now: datetime) -> str:
    """Return a fingerprint of everything that the calendars of a plan depend on."""
    return f"{calendars.fingerprint}/{inputs_fingerprint(state, plan)}/{local_day(now, plan.zone)}"


@dataclass(frozen=True, slots=True)
class PublishedCalendar:
    """The calendar of one audience as it was published: all its entries by uid, without their bytes."""

    generation: int  # of the page that the entries link to
    entries: Mapping[str, FeedEntry]
    is_cut: bool  # there are more items than a calendar may show

    def updated(self, changes: Sequence[FeedEntry]) -> PublishedCalendar:
        """Return the calendar with these entries as they are now."""
        new = {entry.item.uid: replace(entry, event=b"", task=b"") for entry in changes}
        return replace(self, entries={**self.entries, **new}) if new else self

    @property
    def has_too_many(self) -> bool:
        """Return whether it shows more entries than it may."""
        return sum(entry.left_at is None for entry in self.entries.values()) > MOST


@dataclass(frozen=True, slots=True)
class Publication:
    """The calendars of a plan as they were published, and what they follow from.

    It may be used for the next publication only once its transaction is committed.
    """

    fingerprint: str
    basis: tuple[str, str, date]  # what they follow from besides the agenda: renderer, digest of the plan, day
    agenda: Agenda
    calendars: Mapping[str, PublishedCalendar]  # by audience
    changed: int  # how many entries were written


def publish(
    unit: UnitOfWork, agenda: Agenda, calendars: FeedRenderer, now: datetime, last: Publication | None = None
) -> Publication:
    """Update the calendars of a loaded plan in the given transaction; return what was published.

    If the record still has the `last` publication, and only the agenda has changed since, only the milestones that
    are not the same there are drawn and compared, else all of them. Both leave the same entries.
    """
    plan, generations = agenda.plan, unit.pages.generations()
    state, basis = find_state(unit, plan), (calendars.fingerprint, plan.digest, local_day(now, plan.zone))
    if last is not None and (last.fingerprint, last.basis) != (state.published, basis):
        last = None
    difference = _Difference.between(last.agenda, agenda) if last else None
    comparison = _Comparison(calendars, now.replace(microsecond=0), local_day(now, plan.zone))
    published, changed = {}, 0
    for audience in unit.feeds.audiences(plan.id):
        generation = generations.get(audience, 1)
        known = last.calendars.get(audience) if last else None
        found = None
        if known is not None and difference is not None and known.generation == generation:
            found = comparison.update(known, audience, difference)
        if found is None:
            found = comparison.renew(unit.feeds.entries(audience, plan.id), audience, generation, agenda)
        published[audience], changes = found
        unit.feeds.save(audience, plan.id, changes)
        changed += len(changes)
    fingerprint = published_fingerprint(state, plan, calendars, now)
    unit.plans.mark_published(plan.id, fingerprint)
    return Publication(fingerprint, basis, agenda, published, changed)


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
            publish(unit, agendas.read(unit, loaded), calendars, now)
    return row


class _Difference(NamedTuple):
    """The milestones and occurrences that are not the same in two agendas of a plan, as they were and as they are."""

    before: Agenda
    after: Agenda

    @classmethod
    def between(cls, before: Agenda, after: Agenda) -> _Difference:
        """Return the difference; each item of a calendar follows from the obligations of one milestone."""
        old, new = before.by_milestone, after.by_milestone
        changed = dict.fromkeys(id for id in {**old, **new} if old.get(id) != new.get(id))
        changed |= dict.fromkeys(one.milestone for one in set(before.unassigned) ^ set(after.unassigned))
        return cls(_part(before, changed), _part(after, changed))


def _part(agenda: Agenda, milestones: Collection[str]) -> Agenda:
    found = (agenda.by_milestone.get(id, ()) for id in milestones)
    return replace(
        agenda,
        obligations=tuple(chain.from_iterable(found)),
        unassigned=tuple(one for one in agenda.unassigned if one.milestone in milestones),
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Finds what has changed in a calendar at an instant, which has whole seconds as iCalendar times have."""

    calendars: FeedRenderer
    now: datetime
    today: date

    def renew(
        self, entries: Iterable[FeedEntry], audience: str, generation: int, agenda: Agenda
    ) -> tuple[PublishedCalendar, list[FeedEntry]]:
        """Return a calendar drawn as a whole, and which of its entries have changed."""
        known = {entry.item.uid: entry for entry in entries}
        changes, is_cut = self._find_changes(self._draw(agenda, audience, generation), known)
        return PublishedCalendar(generation, known, is_cut).updated(changes), changes

    def update(
        self, known: PublishedCalendar, audience: str, difference: _Difference
    ) -> tuple[PublishedCalendar, list[FeedEntry]] | None:
        """Return a calendar after its plan has changed, and the entries that have; None if others may have as well.

        Besides what has changed in the plan, what was called off is looked at, because it goes after a while.
        """
        before, drawn = (self._draw(part, audience, known.generation) for part in difference)
        called_off = {uid for uid, entry in known.entries.items() if entry.gone_at and not entry.left_at}
        touched = known.entries.keys() & (before.keys() | drawn.keys() | called_off)
        changes, _ = self._find_changes(drawn, {uid: known.entries[uid] for uid in sorted(touched)})
        calendar = known.updated(changes)
        return None if known.is_cut or calendar.has_too_many else (calendar, changes)

    def _draw(self, agenda: Agenda, audience: str, generation: int) -> dict[str, FeedItem]:
        return {item.uid: item for item in self.calendars.draw(agenda, audience, generation)}

    def _find_changes(
        self, drawn: Mapping[str, FeedItem], known: Mapping[str, FeedEntry]
    ) -> tuple[list[FeedEntry], bool]:
        """Return the entries that have changed, given the drawn items and the known entries by uid.

        The second value says whether there are more items than may be shown.
        """
        missing = [entry for uid, entry in known.items() if uid not in drawn and not _is_over(entry)]
        found = self._remove(missing)
        items = {**drawn, **self._cancel(missing)}
        gone = self._find_gone(items, known)
        near = self._find_near(items.values(), gone)
        shown = {item.uid for item in near[:MOST]}
        found += [
            self._revise(known.get(uid), item, gone.get(uid), is_shown=uid in shown)
            for uid, item in items.items()
            if uid in known or uid in shown
        ]
        return [entry for entry in found if entry != known.get(entry.item.uid)], len(near) > MOST

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

    def _find_near(self, items: Iterable[FeedItem], gone: Mapping[str, datetime]) -> list[FeedItem]:
        """Return the items inside the window that are not gone for long; too many are sorted, nearest first."""
        monday, faded = _monday(self.today), self.now - SHOWN_CANCELLED
        near = [item for item in items if monday - BEHIND <= item.last and item.first <= monday + AHEAD]
        near = [item for item in near if item.uid not in gone or gone[item.uid] > faded]
        if len(near) > MOST:
            near.sort(key=lambda item: (abs(item.first - monday), item.uid))
        return near

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
