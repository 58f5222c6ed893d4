"""The plans that the daemon works by: read from their files and taken into the record, or followed as recorded.

Only the process that plans reads files. The others follow the text of what is in force, and so does that process where
its own files say nothing or less.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import PurePath

from scheduler.engine.local_reporter import LocalReporter
from scheduler.engine.survey import PlanWork, TickSurvey
from scheduler.errors import EarlierRevision, Problem
from scheduler.plan.model import Plan
from scheduler.ports import Definition, Definitions, Loaded, PlanState, RebuildPlan, UnitOfWork
from scheduler.ports.events import Event
from scheduler.queries.agendas import AgendaCache
from scheduler.queries.needs.unplaced import read_unplaced
from scheduler.queries.plans import ABSENT_HINT, find_absent
from scheduler.services.apply_revision import is_taken, settle, take
from scheduler.services.context import ServiceContext
from scheduler.services.reconcile import Changes
from scheduler.texts import Text, join, pattern

MANY = 10  # steps that may fall away with an edit before somebody is asked whether that is meant
UNMEANT = Text("if that is not meant, put the file back: what was removed and comes back goes on as before")
ABSENT = Text("steps of this plan are promised, and no definition of it could be loaded")

Weigh = Callable[[UnitOfWork, Plan, PlanState, datetime], PlanWork]  # returns the work of one plan


class PlansInForce:
    """The last valid revision of each plan that could be taken into the record.

    `rebuild` makes a definition of its text in the record; without it only files are read.
    """

    def __init__(
        self,
        definitions: Definitions,
        services: ServiceContext,
        agendas: AgendaCache,
        reporter: LocalReporter,
        rebuild: RebuildPlan = lambda text: None,
    ) -> None:
        self._source = definitions
        self._rebuild = rebuild
        self._services = services
        self.agendas = agendas
        self._reporter = reporter
        self._current: dict[str, Definition] = {}
        self._untaken: set[str] = set()  # plans whose revision could not be taken into the record
        self._refused: tuple[str, ...] = ()  # the errors of the definitions when they were last read
        self._checked: dict[str, str] = {}  # the revision whose records were last looked through, by plan
        self._absent: set[str] = set()  # plans that were reported as absent
        self._gone: set[str] = set()  # plans whose file was reported as gone
        self._foreign: dict[str, str] = {}  # the revisions that were reported as taken by another process, by plan
        self._earlier: dict[str, str] = {}  # the earlier revisions that were refused, by plan

    @property
    def definitions(self) -> list[Definition]:
        """Return the definitions that are in force, ordered by plan id."""
        current = dict(self._current)  # another thread may load meanwhile
        return [current[id] for id in sorted(current)]

    @property
    def plans(self) -> list[Plan]:
        """Return the plans that are in force, ordered by id."""
        return [definition.plan for definition in self.definitions]

    @property
    def absent(self) -> frozenset[str]:
        """Return the ids of the plans that promised steps at the last survey and of which no definition is loaded."""
        return frozenset(self._absent)

    def is_taken(self, plan: Plan) -> bool:
        """Return whether the record already follows a plan word for word, so that taking it changes nothing."""
        with self._services.store.reading() as view:
            return is_taken(view, plan)

    def find(self, id: str) -> Definition | None:
        """Return the definition in force with a plan's id, if there is one."""
        return self._current.get(id)

    def definition_of(self, plan: Plan) -> Definition:
        """Return the definition of a plan that is in force."""
        return self._current[plan.id]

    def load(self, now: datetime, wanted: Callable[[Plan], bool] = lambda plan: True) -> tuple[Problem, ...]:
        """Read the definitions and take the wanted ones; an invalid one leaves its last valid revision in force.

        It commits. Returns every problem of the definitions. A revision that cannot be taken is reported.
        """
        loaded = settle(self._services.store, self._source.load())
        for definition in loaded.definitions:
            if wanted(definition.plan):
                self._untaken.add(definition.plan.id)
                self._reporter.guard("loading", definition.plan, now, partial(self._take_newer, definition, now))
        refused = tuple(problem.text for problem in loaded.problems if problem.severity == "error")
        for text in refused if refused != self._refused else ():  # repeated errors are reported only once
            self._reporter.report(Event(name="refused", at=now, text=text))
        self._refused = refused
        self.follow(self._earlier)
        self._report_gone(loaded, now)
        self._record_served(loaded)
        return loaded.problems

    def _take_newer(self, definition: Definition, now: datetime) -> None:
        """Take a definition; one that was replaced by a newer one is refused, which is reported once."""
        plan = definition.plan
        try:
            self.take(definition, now)
        except EarlierRevision as error:
            self._untaken.discard(plan.id)
            if self._earlier.get(plan.id) != plan.digest:
                self._reporter.report(Event(name="refused", at=now, plan=plan.id, text=error.text))
            self._earlier[plan.id] = plan.digest

    def follow(self, wanted: Collection[str] | None = None) -> None:
        """Put in force what the record says is in force, of these plans or of all that the planning process serves.

        A revision of which the record has no text, or of whose text this program makes another one, is left out.
        """
        with self._services.store.reading() as view:
            news = [
                state.plan
                for state in view.plans.states()
                if (state.served if wanted is None else state.plan in wanted) and not self._is_current(state)
            ]
            texts = [view.plans.text(id) for id in news]
        for text in texts:
            definition = self._rebuild(text) if text is not None else None
            if definition is not None:
                self._current[definition.plan.id] = definition
                self._reporter.add_zone(definition.plan)

    def _is_current(self, state: PlanState) -> bool:
        known = self._current.get(state.plan)
        return known is not None and known.plan.digest == state.digest

    def _record_served(self, loaded: Loaded) -> None:
        """Record which plans are in force or wait to be, if that has changed. It commits."""
        served = self._current.keys() | {definition.plan.id for definition in loaded.definitions}
        with self._services.store.reading() as view:
            is_known = all(state.served == (state.plan in served) for state in view.plans.states())
        if not is_known:
            with self._services.store.transaction() as unit:
                unit.plans.mark_served(served)

    def _report_gone(self, loaded: Loaded, now: datetime) -> None:
        """Report each plan once whose file has gone and that no error explains; its last revision stays in force."""
        known = {definition.plan.id for definition in loaded.definitions}
        errors = [problem.file for problem in loaded.problems if problem.severity == "error"]
        places = {PurePath(file).parent for file in errors if file is not None}
        gone = {one.plan.id for one in self.definitions if one.plan.id not in known and _folder(one) not in places}
        for id in sorted(gone - self._gone):
            text = Text(
                "the file of {id} is gone; what was loaded before goes on until the program ends; {absent_hint}",
                id=id,
                absent_hint=ABSENT_HINT,
            )
            self._reporter.report(Event(name="trouble", at=now, plan=id, text=text))
        self._gone = gone

    def take(self, definition: Definition, now: datetime) -> None:
        """Put a revision in force, and bring the record in step with it. It commits."""
        changes = take(self._services.store, definition, now)
        self._current[definition.plan.id] = definition
        self._earlier.pop(definition.plan.id, None)
        self._reporter.add_zone(definition.plan)
        self._untaken.discard(definition.plan.id)
        if changes is not None:
            if changes.drawn is not None:
                self.agendas.keep(*changes.drawn)
            self._report_changes(definition.plan, changes, now)
        self._report_unplaced(definition.plan, now)

    def _report_unplaced(self, plan: Plan, now: datetime) -> None:
        """Report what the record says about things that the plan does not hold; at each load, until it is settled."""
        if self._checked.get(plan.id) == plan.digest:
            return
        self._checked[plan.id] = plan.digest
        with self._services.store.reading() as view:
            found = read_unplaced(view, plan)
        for unplaced in found:
            text = Text("{text}; {hint}", text=unplaced.text, hint=unplaced.hint)
            self._reporter.report(Event(name="trouble", at=now, plan=plan.id, text=text))

    def survey(self, weigh: Weigh, now: datetime) -> TickSurvey:
        """Return the work of all plans whose loaded revision is the one in the record.

        If another process took another revision, the files are read again. If they have not changed here, what was
        taken is followed; if that is impossible, the plan is left to that process. A revision that could not be taken
        before is tried again. It commits.
        """
        if not self._current or self._untaken:
            self.load(now, lambda plan: plan.id not in self._current or plan.id in self._untaken)
        survey = self.look(weigh, now)
        if survey.foreign:
            self.load(now, self._is_news)
            self.follow(survey.foreign)
            survey = self.look(weigh, now)
        for id, digest in survey.foreign.items():
            if self._foreign.get(id) != digest:
                self._foreign[id] = digest
                text = Text("another process loaded another revision of this plan; it is left to that one")
                self._reporter.report(Event(name="trouble", at=now, plan=id, text=text))
        self._report_absent(survey.absent, now)
        return survey

    def _report_absent(self, absent: Sequence[PlanState], now: datetime) -> None:
        """Report each plan once for as long as it is absent."""
        ids = {state.plan for state in absent}
        for id in sorted(ids - self._absent):
            self._reporter.report(
                Event(
                    name="trouble",
                    at=now,
                    plan=id,
                    text=Text("{absent}; {absent_hint}", absent=ABSENT, absent_hint=ABSENT_HINT),
                )
            )
        self._absent = ids

    def look(self, weigh: Weigh, now: datetime) -> TickSurvey:
        """Return the survey as the record shows it now."""
        with self._services.store.reading() as view:
            states = {state.plan: state for state in view.plans.states()}
            known = [(plan, states[plan.id]) for plan in self.plans if plan.id in states]
            return TickSurvey(
                plans=[weigh(view, plan, state, now) for plan, state in known if state.digest == plan.digest],
                foreign={plan.id: state.digest for plan, state in known if state.digest != plan.digest},
                absent=find_absent(states.values(), {plan.id for plan, _ in known}),
                mail_at=view.outbox.next_at(),
            )

    def _count_planned(self, plan: Plan) -> int:
        with self._services.store.reading() as view:
            return sum(count.number for count in view.rungs.counts(plan.id) if count.state == "planned")

    def _is_news(self, plan: Plan) -> bool:
        known = self._current.get(plan.id)
        return known is None or known.plan.digest != plan.digest

    def _report_changes(self, plan: Plan, changes: Changes, now: datetime) -> None:
        again = len(changes.armed) - changes.new if changes.armed else 0
        counts = {
            pattern("{number} new"): changes.new,
            pattern("{number} live again"): again,
            pattern("{number} fell away"): len(changes.dropped),
            pattern("{number} moved"): len(changes.moved),
        }
        words = [Text(name, number=count) for name, count in counts.items() if count]
        changed = join(", ", words) if words else Text("nothing changed")
        text = Text("{title}; steps: {changed}", title=plan.title, changed=changed)
        self._reporter.report(Event(name="loaded", at=now, plan=plan.id, text=text))
        if len(changes.dropped) >= MANY and len(changes.dropped) > self._count_planned(plan):
            text = Text(
                "{number} promised steps fell away with this edit, more than are left; {unmeant}",
                number=len(changes.dropped),
                unmeant=UNMEANT,
            )
            self._reporter.report(Event(name="trouble", at=now, plan=plan.id, text=text))


def _folder(definition: Definition) -> PurePath:
    return PurePath(definition.plan.file).parent
