"""What a plan and its facts promise: rungs with their instants."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from scheduler.plan.dates.date_forms import On
from scheduler.plan.dates.due_dates import DueDate, local_day, next_opening
from scheduler.plan.dates_in_force import begins_at
from scheduler.plan.facts import Fact, drop_withdrawn
from scheduler.plan.ladder import Ladders, LadderStep, settle_collisions
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.model import Group, Milestone, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.resolver import ObligationResolver

AGENDA_RULES = 3  # raised when the same plan and facts give other rungs than before

REMINDERS: tuple[MessageKind, ...] = ("reminder", "overdue")  # what a party is told of an obligation of its own

RungState = Literal["planned", "queued", "sent", "skipped", "missed", "cancelled", "failed", "ambiguous"]

_Shared = dict[tuple[str, DueDate], tuple[list[LadderStep], list[LadderStep]]]  # notices and escalations of a date


class Rung(NamedTuple):
    """One promised step: unique by (milestone, party, name, due). `at` is UTC.

    `state` is planned, cancelled or skipped, the latter two with their `reason`;
    `note` says how the day was found.
    """

    milestone: str
    party: str
    name: str
    due: date
    at: datetime
    kind: MessageKind
    state: RungState = "planned"
    reason: str = ""
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, date]:
        """Return what makes the promise unique within its plan."""
        return (self.milestone, self.party, self.name, self.due)


class PromisedRung(Protocol):
    """A rung as the agenda draws it or as the ledger keeps it: what its messages follow from."""

    @property
    def milestone(self) -> str:
        """Return the milestone's id, or an occurrence's."""

    @property
    def party(self) -> str:
        """Return the party's id."""

    @property
    def name(self) -> str:
        """Return the rung's name, such as `before:7d`."""

    @property
    def due(self) -> date:
        """Return the day that the rung is counted from."""

    @property
    def kind(self) -> MessageKind:
        """Return the kind of message it sends."""

    @property
    def state(self) -> RungState:
        """Return what has become of it."""


@dataclass(frozen=True)
class Agenda:
    """Everything a plan promises, given what has happened. `rungs` streams; it can be asked again."""

    plan: Plan
    obligations: tuple[Obligation, ...]
    nominations: tuple[tuple[Group, Obligation], ...]  # groups to choose, after which obligation of the chooser
    nominated: frozenset[str]  # groups that were chosen
    idle: frozenset[date]
    bounces: dict[str, tuple[tuple[datetime, datetime | None], ...]] = field(default_factory=dict)

    @cached_property
    def by_key(self) -> dict[tuple[str, str], Obligation]:
        """Return the obligations by (milestone, party)."""
        return {(o.milestone, o.party): o for o in self.obligations}

    @cached_property
    def by_party(self) -> dict[str, list[Obligation]]:
        """Return the obligations of each party, in order."""
        return _grouped(self.obligations, lambda o: o.party)

    @cached_property
    def by_milestone(self) -> dict[str, list[Obligation]]:
        """Return the obligations of each milestone or occurrence, in order."""
        return _grouped(self.obligations, lambda o: o.milestone)

    def rungs(self) -> Iterator[Rung]:
        """Yield every rung of every obligation; those of one obligation to one addressee ascend."""
        cache: _Shared = {}
        for obligation in self.obligations:
            yield from self._rungs_of(obligation, cache)
        choices: dict[tuple[str, str], tuple[Obligation, list[str]]] = {}
        for group, o in self.nominations:
            choices.setdefault((o.milestone, o.party), (o, []))[1].append(group.id)
        for o, groups in choices.values():
            yield from self._choose(o, groups)

    def _ladders(self, milestone: Milestone) -> Ladders:
        return Ladders(self.plan.workdays, self.plan.zone, milestone.ladder)

    def _rungs_of(self, o: Obligation, cache: _Shared) -> Iterator[Rung]:
        milestone = self.plan.milestone(o.milestone)
        if o.window is not None:
            if not o.attends:
                what = f"when {o.window.words} begins" if o.window.words else "when the window opens"
                steps = self._ladders(milestone).fix_date(o.window.first, o.window.last, what)
                yield from self._emit(o, o.window.first, steps)
        elif o.event is not None and o.invited:
            yield from self._event_rungs(o, o.event, milestone)
        elif o.due is not None and not o.unknown:
            yield from self._due_rungs(o, o.due, milestone, cache)

    def _due_rungs(self, o: Obligation, due: DueDate, milestone: Milestone, cache: _Shared) -> Iterator[Rung]:
        ladders = self._ladders(milestone)
        if milestone.kind == "event":
            if not o.attends:
                yield from self._emit(o, due.named, ladders.fix_date(due.target, due.target, "the target day"))
            return
        shared = (milestone.id, due)
        if shared not in cache:
            cache[shared] = ladders.before_and_after(due), self._escalations(milestone, due, ())
        notices, escalations = cache[shared]
        gone = self.bounces.get(o.party, ())
        if gone:
            escalations = self._escalations(milestone, due, gone)
        if notices:  # nobody is reported before it was written to
            heard = next((step.at for step in notices if step.at >= o.since and not step.skipped), None)
            if heard is None:
                escalations = []
            elif any(step.at <= heard for step in escalations):
                first = local_day(heard, self.plan.zone)
                later = {step.name: step for step in self._escalations(milestone, due, gone, first)}
                escalations = [later[step.name] if step.at <= heard else step for step in escalations]
                escalations.sort(key=lambda step: step.at)
        yield from self._emit(o, due.named, [*notices, *escalations])

    def _escalations(
        self,
        milestone: Milestone,
        due: DueDate,
        gone: Sequence[tuple[datetime, datetime | None]],
        heard: date | None = None,
    ) -> list[LadderStep]:
        ladders = self._ladders(milestone)
        dead_since = next((local_day(start, self.plan.zone) for start, end in gone if end is None), None)
        spans = [(local_day(s, self.plan.zone), local_day(e, self.plan.zone)) for s, e in gone if e is not None]

        def is_uncounted(day: date) -> bool:
            return day in self.idle or any(first <= day <= last for first, last in spans)

        steps = []
        for escalation in milestone.ladder.escalate:
            step = ladders.escalation(due, escalation, is_uncounted, heard)
            if dead_since and local_day(step.at, self.plan.zone) >= dead_since:
                step = step._replace(skipped="every address of the party bounces; put its contacts right first")
            steps.append(step)
        return sorted(steps, key=lambda step: step.at)

    def _event_rungs(self, o: Obligation, event: On, milestone: Milestone) -> Iterator[Rung]:
        ladder = milestone.ladder
        invited = next_opening(
            o.since, opens=ladder.opens, closes=ladder.closes, zone=self.plan.zone, workdays=self.plan.workdays
        )
        steps = self._ladders(milestone).event(event)
        if invited < begins_at(event, self.plan):
            note = "the next opening after the date was fixed"
            skipped = "the notice of the change says it" if o.known_date is not None else ""
            steps = settle_collisions([LadderStep("invite", invited, "invitation", note, skipped), *steps])
        yield from self._emit(o, event.first, steps)

    def _choose(self, o: Obligation, groups: Collection[str]) -> Iterator[Rung]:
        """Yield the rungs that ask for a choice; an answer the chooser itself owes there does not stop them."""
        if o.event is not None:
            due, after = o.event.first, o.event.last
        elif o.due is not None and not o.unknown:
            due, after = o.due.named, o.due.target
        else:
            return
        closed = "the parties were chosen" if self.nominated.issuperset(groups) else ""
        if o.standing.state == "waived":
            closed = closed or self._closing(o)
        yield from self._emit(o, due, self._ladders(self.plan.milestone(o.milestone)).choose(after), closed)

    def _declarations(self, o: Obligation) -> list[Fact]:
        """Return what the party says it has sent towards the present date: each stops the next reminder only."""
        decided = o.decided_by
        return [f for f in o.standing.declared if decided is None or f.recorded_at >= decided.recorded_at]

    def _closing(self, o: Obligation) -> str:
        return describe_closing(o.standing.closed_by, self.plan) if o.standing.closed_by is not None else ""

    def _emit(self, o: Obligation, due: date, steps: Iterable[LadderStep], closed: str | None = None) -> Iterator[Rung]:
        closed = self._closing(o) if closed is None else closed
        said = self._declarations(o)
        for name, at, kind, note, skipped in steps:
            if at < o.since or (o.until is not None and at >= o.until):
                continue
            if said and said[0].recorded_at <= at and kind in REMINDERS and not skipped:
                skipped = describe_declaration(said[0], self.plan)
                said = [fact for fact in said if fact.recorded_at > at]
            state: RungState = "cancelled" if closed else "skipped" if skipped else "planned"
            yield Rung(o.milestone, o.party, name, due, at, kind, state, closed or skipped, note)


def _grouped(obligations: Iterable[Obligation], key: Callable[[Obligation], str]) -> dict[str, list[Obligation]]:
    found: dict[str, list[Obligation]] = {}
    for obligation in obligations:
        found.setdefault(key(obligation), []).append(obligation)
    return found


def draw_agenda(
    plan: Plan, facts: Sequence[Fact], *, loaded_at: datetime, idle: Collection[date] = frozenset()
) -> Agenda:
    """Return what the plan promises.

    `facts` are all facts of the plan in the order of recording; `loaded_at` is when the plan was
    first loaded (UTC); `idle` holds the local working days on which the daemon was down.
    """
    reading = ObligationResolver(plan, drop_withdrawn(facts), loaded_at)
    return Agenda(
        plan=plan,
        obligations=reading.everything(),
        nominations=tuple(reading.choices()),
        nominated=frozenset(reading.nominations),
        idle=frozenset(idle),
        bounces={party: span for party in reading.bounced if (span := reading.dead_spans(party))},
    )


def describe_closing(fact: Fact, plan: Plan) -> str:
    """Return why nothing more is sent after this fact, with its local day."""
    day = local_day(fact.happened_at, plan.zone)
    extra = fact.channel or fact.reason
    return f"{fact.kind} {day}" + (f" ({extra})" if extra else "")


def describe_declaration(fact: Fact, plan: Plan) -> str:
    """Return why the reminder after this declaration is left out: nothing has been seen yet, so the others stay."""
    day = local_day(fact.happened_at, plan.zone)
    return f"the party says it was sent on {day}" + (f" ({fact.channel})" if fact.channel else "")
