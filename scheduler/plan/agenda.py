"""The agenda: every rung that a plan and its facts promise, with its instant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from operator import attrgetter
from typing import Literal, NamedTuple, Protocol, TypeVar, assert_never
from zoneinfo import ZoneInfo

from scheduler.plan import reasons
from scheduler.plan.dates.date_forms import On
from scheduler.plan.dates.due_dates import DueDate, local_day, next_opening
from scheduler.plan.dates_in_force import begins_at, told_from
from scheduler.plan.facts import (
    Amended,
    Closing,
    Counted,
    DateFixed,
    Declared,
    Extended,
    Fact,
    Received,
    Retired,
    Retraction,
    Waived,
    drop_withdrawn,
    find_retractions,
    recording_order,
)
from scheduler.plan.ladders.adjustments import (
    Pause,
    asked_steps,
    find_pauses,
    pause_steps,
    skip_steps,
    uncounted_spans,
)
from scheduler.plan.ladders.steps import ASKED, Anchor, Ladders, LadderStep, settle_collisions
from scheduler.plan.membership import calls_off
from scheduler.plan.message_kinds import LadderKind, RungKind
from scheduler.plan.model import Group, Milestone, Occurrence, Plan
from scheduler.plan.notices import Notice, find_corrections, find_notices
from scheduler.plan.obligations import EventDate, NoDate, Obligation, Unassigned, WindowDate
from scheduler.plan.reasons import Reason
from scheduler.plan.resolver import ObligationResolver
from scheduler.plan.scope import Parties, Scope

T = TypeVar("T")

AGENDA_RULES = 8  # version of these rules; raise it when the same plan and facts yield other rungs than before

REMINDERS: tuple[LadderKind, ...] = ("reminder", "overdue")  # kinds that remind a party of its own obligation

RungState = Literal["planned", "queued", "sent", "skipped", "missed", "cancelled", "failed", "ambiguous"]

# The notices and the escalations of one due date, by milestone id, due date, and the correction that they follow.
_Shared = dict[tuple[str, DueDate, Anchor | None], tuple[list[LadderStep], list[LadderStep]]]


class Rung(NamedTuple):
    """A promised step of a ladder or a promised notice, unique by (milestone, party, name, due).

    `at` is a UTC instant; `due` is a day local to the plan, for a notice the day of what it is about. `state` is
    `planned`, `cancelled` or `skipped`; `reason` explains the latter two. `note` explains how the day was computed.
    """

    milestone: str
    party: str
    name: str
    due: date
    at: datetime
    kind: RungKind
    state: RungState = "planned"
    reason: Reason = reasons.NONE
    note: Reason = reasons.NONE

    @property
    def key(self) -> tuple[str, str, str, date]:
        """Return the key that is unique within the plan."""
        return (self.milestone, self.party, self.name, self.due)


class RungLike(Protocol):
    """What the rungs of the agenda and those of the ledger have in common."""

    @property
    def milestone(self) -> str:
        """Return the id of the milestone, or of one occurrence of it."""

    @property
    def party(self) -> str:
        """Return the id of the party."""

    @property
    def name(self) -> str:
        """Return the name of the rung, such as `before:7d`."""

    @property
    def due(self) -> date:
        """Return the day from which the rung is counted."""

    @property
    def at(self) -> datetime:
        """Return the instant of the rung (UTC)."""

    @property
    def kind(self) -> RungKind:
        """Return the kind of message that the rung sends."""

    @property
    def state(self) -> RungState:
        """Return the state of the rung."""


@dataclass(frozen=True)
class Agenda:
    """Everything that a plan promises, given the facts recorded so far.

    `rungs` is a generator and can be called again. `bounces` holds, per party, the spans (UTC) in which
    every address of the party bounced; a span that has not ended has the end None. With a `scope` it holds
    the obligations of that scope only.
    """

    plan: Plan
    obligations: tuple[Obligation, ...]
    nominations: tuple[tuple[Group, Obligation], ...]  # each group to fill, with the chooser's obligation it follows
    nominated: frozenset[str]  # ids of groups that have been filled
    idle: frozenset[date]  # local working days on which the daemon was down
    bounces: dict[str, tuple[tuple[datetime, datetime | None], ...]] = field(default_factory=dict)
    scope: Scope | None = None
    retired: Retired | None = None  # the fact that ended the plan
    retractions: tuple[Retraction, ...] = ()  # in the order of recording
    counted: Mapping[str, tuple[Counted, ...]] = field(default_factory=dict)  # results by indicator, as recorded
    unassigned: tuple[Unassigned, ...] = ()  # the milestones and occurrences that no party owes, in the plan's order

    @cached_property
    def by_key(self) -> dict[tuple[str, str], Obligation]:
        """Return the obligations by (milestone, party)."""
        return {o.key: o for o in self.obligations}

    @cached_property
    def by_party(self) -> dict[str, list[Obligation]]:
        """Return the obligations by party, in the order of the plan."""
        return _grouped(self.obligations, lambda o: o.party)

    @cached_property
    def by_milestone(self) -> dict[str, list[Obligation]]:
        """Return the obligations by milestone or occurrence, in the order of the plan."""
        return _grouped(self.obligations, lambda o: o.milestone)

    def of_milestone(self, id: str) -> Sequence[Obligation]:
        """Return the obligations of a milestone with all its occurrences, in the order of the plan.

        Raises `LookupError` if only a part of them was drawn.
        """
        if self.scope is not None and self.scope.parties.get(id, frozenset()) is not None:
            raise LookupError(f"only a part of {id} was drawn")
        return self._of_milestones.get(id, ())

    @cached_property
    def _of_milestones(self) -> dict[str, list[Obligation]]:
        return _by_milestone(self.obligations)

    def updated(self, part: Agenda) -> Agenda | None:
        """Return this agenda with the obligations of the scope of `part` as they are there.

        None if obligations came or went, so that their place in the order is not known. `part` must be drawn with the
        same plan and idle days.
        """
        scope = part.scope
        if scope is None:
            return part
        obligations, nominations = self._updated_obligations(part, scope), self._updated_nominations(part, scope)
        if obligations is None or nominations is None:
            return None
        others = {party: spans for party, spans in self.bounces.items() if not scope.has_party(party)}
        return replace(
            self,
            obligations=obligations,
            nominations=nominations,
            nominated=part.nominated,
            bounces=others | part.bounces,
            retired=part.retired,
            retractions=tuple({r.by.id: r for r in (*self.retractions, *part.retractions)}.values()),
            counted=part.counted,
            unassigned=self._updated_unassigned(part, scope),
        )

    def _updated_obligations(self, part: Agenda, scope: Scope) -> tuple[Obligation, ...] | None:
        obligations, drawn = _by_milestone(self.obligations), _by_milestone(part.obligations)
        for id, parties in scope.parties.items():
            merged = _merge(obligations.get(id, []), drawn.get(id, []), parties)
            if merged is None:
                return None
            obligations[id] = merged
        return tuple(o for milestone in self.plan.milestones for o in obligations.get(milestone.id, []))

    def _updated_unassigned(self, part: Agenda, scope: Scope) -> tuple[Unassigned, ...]:
        drawn = {id for id, parties in scope.parties.items() if parties is None}
        kept = [one for one in self.unassigned if Occurrence.of(one.milestone).milestone not in drawn]
        known = _grouped([*kept, *part.unassigned], lambda one: Occurrence.of(one.milestone).milestone)
        return tuple(one for milestone in self.plan.milestones for one in known.get(milestone.id, ()))

    def _updated_nominations(self, part: Agenda, scope: Scope) -> tuple[tuple[Group, Obligation], ...] | None:
        choices = {(group.id, o.key): (group, o) for group, o in part.nominations}
        asked = [(group.id, o.key) for group, o in self.nominations]
        if list(choices) != [(group, key) for group, key in asked if scope.covers(*key)]:
            return None
        return tuple(choices.get(key, pair) for key, pair in zip(asked, self.nominations, strict=True))

    def rungs(self) -> Iterator[Rung]:
        """Yield every rung of every obligation, ascending in time per obligation and addressee."""
        cache: _Shared = {}
        for obligation in self.obligations:
            yield from self._rungs_of(obligation, cache)
            for notice in self.notices_of(obligation):
                yield _promise(obligation, notice)
        choices: dict[tuple[str, str], tuple[Obligation, list[str]]] = {}
        for group, o in self.nominations:
            choices.setdefault((o.milestone, o.party), (o, []))[1].append(group.id)
        for o, groups in choices.values():
            yield from self._choose(o, groups)

    def notices_of(self, o: Obligation) -> Iterator[Notice]:
        """Yield the notices about one obligation; nobody is told anything about a plan that has ended."""
        retractions = self.retractions_of(o)
        if self.retired is None and (o.facts or o.moved_by or retractions):
            yield from find_notices(self.plan, o, retractions)

    def retractions_of(self, o: Obligation) -> list[Retraction]:
        """Return what was taken back about an obligation or its milestone, and that about which it has letters."""
        found = [*self._retracted.get((o.milestone, None), ()), *self._retracted.get(o.key, ())]
        return sorted(found, key=lambda r: recording_order(r.by))

    @cached_property
    def _retracted(self) -> dict[tuple[str | None, str | None], list[Retraction]]:
        """Return the retractions by the milestone or occurrence and the party, or None for all of them."""
        found: dict[tuple[str | None, str | None], list[Retraction]] = {}
        for r in self.retractions:
            about = (r.fact.milestone, r.fact.party)
            holders = {(letter.milestone, letter.party) for letter in r.by.letters}
            for key in {about, *(holder for holder in holders if about != (holder[0], None))}:
                found.setdefault(key, []).append(r)
        return found

    def _ladders(self, milestone: Milestone) -> Ladders:
        return Ladders(self.plan.workdays, self.plan.zone, milestone.ladder)

    def _rungs_of(self, o: Obligation, cache: _Shared) -> Iterator[Rung]:
        milestone = self.plan.milestone(o.milestone)
        match o.when:
            case WindowDate(window):
                anchor = reasons.window_begins(window.words) if window.words else reasons.WINDOW_OPENS
                yield from self._fix_date_rungs(o, milestone, window.first, window.first, window.last, anchor)
            case EventDate(event):
                if o.invited:
                    yield from self._event_rungs(o, event, milestone)
            case DueDate() as due if milestone.kind == "event":
                if not o.unknown:
                    yield from self._fix_date_rungs(o, milestone, due.named, due.target, due.target, reasons.TARGET_DAY)
            case DueDate() as due:
                if not o.unknown:
                    yield from self._due_rungs(o, due, milestone, cache)
            case NoDate():
                pass
            case _:
                assert_never(o.when)

    def _fix_date_rungs(
        self, o: Obligation, milestone: Milestone, due: date, opening: date, passed: date, anchor: Reason
    ) -> Iterator[Rung]:
        """Yield the rungs that ask for a date; those who only attend are not asked."""
        if not o.attends:
            steps = self._ladders(milestone).fix_date(opening, passed, anchor)
            yield from self._emit_paused(o, due, steps)

    def _due_rungs(self, o: Obligation, due: DueDate, milestone: Milestone, cache: _Shared) -> Iterator[Rung]:
        start = self._find_correction(o, due)
        shared = (milestone.id, due, start)
        if shared not in cache:
            notices = self._ladders(milestone).before_and_after(due, start)
            cache[shared] = notices, self._escalations(milestone, due, (), start)
        notices, escalations = cache[shared]
        pauses = self._pauses(o)
        notices = pause_steps(self.plan, o, pauses, notices)
        gone = (*self.bounces.get(o.party, ()), *uncounted_spans(pauses, notices))
        if gone:
            escalations = self._escalations(milestone, due, gone, start)
        if notices:
            noticed_at = next((step.at for step in notices if step.at >= o.since and not step.skipped), None)
            escalations = self._after_notice(escalations, noticed_at, milestone, due, gone)
        yield from self._emit(o, due.named, [*notices, *escalations], asked_steps(self.plan, o, pauses))

    def _find_correction(self, o: Obligation, due: DueDate) -> Anchor | None:
        """Return the day of the last correction, if it lies after the last day in time.

        Until it leaves, the party holds a letter that says otherwise.
        """
        corrections = find_corrections(self.plan, o, self.retractions_of(o))
        days = [local_day(notice.at, self.plan.zone) for notice in corrections if not notice.skipped]
        last = max(days, default=due.last_in_time)
        return Anchor(last, reasons.CORRECTION) if last > due.last_in_time else None

    def _after_notice(
        self,
        escalations: list[LadderStep],
        noticed_at: datetime | None,
        milestone: Milestone,
        due: DueDate,
        gone: Sequence[tuple[datetime, datetime | None]],
    ) -> list[LadderStep]:
        """Return the escalations as they may leave: a party is not reported before a notice was sent to it."""
        if noticed_at is None:
            return []
        if all(step.at > noticed_at for step in escalations):
            return escalations
        first = Anchor(local_day(noticed_at, self.plan.zone), reasons.FIRST_NOTICE)
        later = {step.name: step for step in self._escalations(milestone, due, gone, first)}
        moved = [later[step.name] if step.at <= noticed_at else step for step in escalations]
        return sorted(moved, key=attrgetter("at"))

    def _escalations(
        self,
        milestone: Milestone,
        due: DueDate,
        gone: Sequence[tuple[datetime, datetime | None]],
        start: Anchor | None = None,
    ) -> list[LadderStep]:
        ladders = self._ladders(milestone)
        dead_since = next((local_day(start, self.plan.zone) for start, end in gone if end is None), None)
        spans = [(local_day(s, self.plan.zone), local_day(e, self.plan.zone)) for s, e in gone if e is not None]

        def is_uncounted(day: date) -> bool:
            return day in self.idle or any(first <= day <= last for first, last in spans)

        steps = []
        for escalation in milestone.ladder.escalate:
            step = ladders.escalation(due, escalation, is_uncounted, start)
            if dead_since and local_day(step.at, self.plan.zone) >= dead_since:
                step = step._replace(skipped=reasons.PARTY_BOUNCES)
            steps.append(step)
        return sorted(steps, key=lambda step: step.at)

    def _event_rungs(self, o: Obligation, event: On, milestone: Milestone) -> Iterator[Rung]:
        ladder = milestone.ladder
        announced = o.since if o.changed_by is None else max(o.since, told_from(o.changed_by))
        invited = next_opening(
            announced, opens=ladder.opens, closes=ladder.closes, zone=self.plan.zone, workdays=self.plan.workdays
        )
        steps = self._ladders(milestone).event(event)
        if invited < begins_at(event, self.plan):
            skipped = reasons.CHANGE_SAYS_IT if o.known_date is not None else reasons.NONE
            invitation = LadderStep("invite", invited, "invitation", reasons.NEXT_OPENING, skipped)
            steps = settle_collisions([invitation, *steps])
        yield from self._emit_paused(o, event.first, steps)

    def _choose(self, o: Obligation, groups: Collection[str]) -> Iterator[Rung]:
        """Yield the rungs that ask for a choice.

        The choice itself or a waiver of the obligation cancels them; a submission by the chooser for the same
        milestone does not.
        """
        match o.when:
            case EventDate(event):
                due, after = event.first, event.last
            case DueDate(named=due, target=after) if not o.unknown:
                pass
            case DueDate() | WindowDate() | NoDate():
                return
            case _:
                assert_never(o.when)
        closed = reasons.CHOSEN if self.nominated.issuperset(groups) else reasons.NONE
        if o.standing.state == "waived":
            closed = closed or self._closing(o)
        yield from self._emit(o, due, self._ladders(self.plan.milestone(o.milestone)).choose(after), closed=closed)

    def _declarations(self, o: Obligation) -> list[Declared]:
        """Return the declarations ("we have sent it") that concern the date in force.

        Each of them suppresses only the next reminder.
        """
        changed = o.changed_by
        return [f for f in o.standing.declared if changed is None or f.recorded_at >= changed.recorded_at]

    def _closing(self, o: Obligation) -> Reason:
        fact = o.standing.closed_by
        return describe_closing(fact, self.plan.zone, self.plan, o.milestone) if fact is not None else reasons.NONE

    def pause_at(self, o: Obligation, instant: datetime) -> Pause | None:
        """Return the pause of the reminders of an open obligation that is in force at an instant (UTC)."""
        pauses = self._pauses(o) if o.standing.is_open else ()
        return next((pause for pause in pauses if pause.start <= instant <= pause.end), None)

    def _pauses(self, o: Obligation) -> list[Pause]:
        retractions = self.retractions_of(o) if self.retractions else ()
        return find_pauses(self.plan, o, retractions) if o.facts or retractions else []

    def _emit_paused(self, o: Obligation, due: date, steps: Sequence[LadderStep]) -> Iterator[Rung]:
        """Yield the rungs of steps that belong to no deadline, with what the office asked for."""
        pauses = self._pauses(o)
        yield from self._emit(o, due, pause_steps(self.plan, o, pauses, steps), asked_steps(self.plan, o, pauses))

    def _emit(
        self,
        o: Obligation,
        due: date,
        steps: Iterable[LadderStep],
        asked: Iterable[LadderStep] = (),
        closed: Reason | None = None,
    ) -> Iterator[Rung]:
        """Yield the rungs of steps; those that the office asked for leave whatever the party has said."""
        closed = self._closing(o) if closed is None else closed
        if o.facts:
            steps, asked = skip_steps(o, due, steps), skip_steps(o, due, asked)
        if o.standing.declared:
            steps = self._without_declared(o, steps)
        is_closed = bool(closed)
        for name, at, kind, note, skipped in (*steps, *asked):
            if at < o.since or (o.until is not None and at >= o.until):
                continue
            if name.partition(":")[0] in ASKED and self._had_other_date(o, at):
                continue  # it left under that other date
            state: RungState = "cancelled" if is_closed else "skipped" if skipped else "planned"
            yield Rung(o.milestone, o.party, name, due, at, kind, state, closed if is_closed else skipped, note)

    def _had_other_date(self, o: Obligation, at: datetime) -> bool:
        """Return whether a date was in force at an instant that has been taken back since."""
        undone = (r for r in self.retractions_of(o) if isinstance(r.fact, Extended | DateFixed | Amended))
        return any(r.fact.recorded_at <= at < r.by.recorded_at for r in undone)

    def _without_declared(self, o: Obligation, steps: Iterable[LadderStep]) -> Iterator[LadderStep]:
        """Yield the steps; a declaration skips the next reminder that is owed."""
        declarations = self._declarations(o)
        for step in steps:
            if step.at < o.since:
                continue
            said = next((fact for fact in declarations if fact.recorded_at <= step.at), None)
            if said is not None and step.kind in REMINDERS and not step.skipped:
                yield step._replace(skipped=describe_declaration(said, self.plan))
                declarations = [fact for fact in declarations if fact.recorded_at > step.at]
            else:
                yield step


def _promise(o: Obligation, notice: Notice) -> Rung:
    state: RungState = "skipped" if notice.skipped else "planned"
    return Rung(o.milestone, o.party, notice.name, notice.since, notice.at, notice.kind, state, notice.skipped)


def _merge(known: list[Obligation], drawn: list[Obligation], parties: Parties) -> list[Obligation] | None:
    """Return the obligations of a milestone with those of some parties drawn anew; None if one came or went."""
    if parties is None:
        return drawn
    new = {o.key: o for o in drawn}
    if list(new) != [o.key for o in known if o.party in parties]:
        return None
    return [new.get(o.key, o) for o in known]


def _by_milestone(obligations: Iterable[Obligation]) -> dict[str, list[Obligation]]:
    """Return obligations by the id of their milestone, those of all occurrences together."""
    return _grouped(obligations, lambda o: Occurrence.of(o.milestone).milestone)


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def draw_agenda(
    plan: Plan,
    facts: Sequence[Fact],
    *,
    loaded_at: datetime,
    idle: Collection[date] = frozenset(),
    scope: Scope | None = None,
) -> Agenda:
    """Return the agenda of a plan, or the part of it that is in `scope`.

    `facts` holds every fact of the plan in the order of recording, withdrawn ones included; for a part, those that
    `Relations.needed_for` names suffice, with all that name no party or no milestone. `loaded_at` is the UTC instant of
    the first load; `idle` holds the local working days on which the daemon was down.
    """
    reading = ObligationResolver(plan, drop_withdrawn(facts), loaded_at, scope)
    return Agenda(
        plan=plan,
        obligations=reading.everything(),
        unassigned=tuple(reading.unassigned()),
        nominations=tuple(reading.choices()),
        nominated=frozenset(reading.nominations),
        idle=frozenset(idle),
        bounces={
            party: span
            for party in reading.bounced
            if (scope is None or scope.has_party(party)) and (span := reading.dead_spans(party))
        },
        scope=scope,
        retractions=tuple(find_retractions(facts)),
        counted={indicator: tuple(results) for indicator, results in reading.counted.items()},
        retired=next((fact for fact in reading.of[None, None] if isinstance(fact, Retired)), None),
    )


def describe_closing(fact: Closing, zone: ZoneInfo, plan: Plan | None = None, milestone: str = "") -> Reason:
    """Return the reason for cancelling rungs, of a milestone or of all, after this fact, with its day in the zone."""
    channel = fact.channel if isinstance(fact, Received) else None
    words = fact.reason if isinstance(fact, Waived | Retired) else ""
    is_off = plan is not None and calls_off(plan, plan.milestone(milestone), fact)
    label = "called_off" if is_off else fact.kind
    return reasons.closed(label, local_day(fact.happened_at, zone), channel, words)


def describe_declaration(fact: Declared, plan: Plan) -> Reason:
    """Return the reason why the reminder after this declaration is skipped.

    A declaration is not a submission, so the later reminders stay.
    """
    day = local_day(fact.happened_at, plan.zone)
    return reasons.came(day) if fact.by.role == "source" else reasons.said_sent(day, fact.channel)
