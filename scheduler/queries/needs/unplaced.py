"""Facts whose milestone, occurrence, party or group is no longer in the plan, so that they count for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from scheduler.plan.dates.date_forms import Recurring, form_to_data
from scheduler.plan.dates_in_force import occurrences
from scheduler.plan.facts import (
    DEFINITION,
    Bounced,
    Counted,
    Fact,
    Nominated,
    Rerouted,
    drop_withdrawn,
    recording_order,
)
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.scope import Scope
from scheduler.ports import UnitOfWork
from scheduler.texts import Text, join, plural

Missing = Literal["milestone", "occurrence", "party", "group", "indicator"]
_MISSING = {
    "milestone": Text("milestone"),
    "occurrence": Text("occurrence"),
    "party": Text("party"),
    "group": Text("group"),
    "indicator": Text("indicator"),
}
NEAR = timedelta(days=15)  # from an occurrence of the former rule to the one that it may be now
FEW = 3  # facts that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplacedFacts:
    """Facts that name something that the plan does not hold; `likely` is the id that may be meant, or ""."""

    missing: Missing
    id: str
    facts: tuple[Fact, ...]
    likely: str = ""

    @property
    def text(self) -> Text:
        """Return what is wrong."""
        count, named = len(self.facts), ", ".join(f"f{fact.id}" for fact in self.facts[:FEW])
        return plural(
            "{number} record ({facts}) about {id}: the plan has no such {missing} any more",
            "{number} records ({facts}) about {id}: the plan has no such {missing} any more",
            count,
            facts=named + (" ..." if count > FEW else ""),
            id=self.id,
            missing=_MISSING[self.missing],
        )

    @property
    def hint(self) -> Text:
        """Return the way out."""
        first = f"f{self.facts[0].id}"
        ways: list[str] = []
        if self.missing not in ("occurrence", "indicator"):
            ways.append(Text('write was = "{id}" where it has another id now', id=self.id))
        if self.facts[0].milestone is not None:
            party = " PARTY" if self.missing == "party" else ""
            ways.append(f"`hanchot reassign {first} {self.likely or 'MILESTONE'}{party}`")
        words = join("; ", [*ways, f"`hanchot undo {first}`"])
        return Text("is it {likely} now? ", likely=self.likely) + words if self.likely else words


def read_unplaced(view: UnitOfWork, plan: Plan) -> list[UnplacedFacts]:
    """Return what the record says about things that a loaded plan does not hold."""
    known = _Known(plan)
    pairs = view.facts.subjects(plan.id)
    parties: dict[str, frozenset[str]] = {}
    for milestone, party in pairs:
        if milestone is not None and party is not None and not known.holds(milestone, party):
            parties[milestone] = parties.get(milestone, frozenset()) | {party}
    facts = [*view.facts.general(plan.id), *view.facts.within(plan.id, Scope(parties))] if pairs else []
    return find_unplaced(plan, sorted(facts, key=recording_order), view.plans.terms(plan.id)) if facts else []


def find_unplaced(plan: Plan, facts: Iterable[Fact], terms: Mapping[str, Any]) -> list[UnplacedFacts]:
    """Return the facts that count but name what the plan does not hold, grouped by what is missing.

    `terms` are those of the revision in force.
    """
    known = _Known(plan)
    found: dict[tuple[Missing, str], list[Fact]] = {}
    for fact in drop_withdrawn(facts):
        is_silent = fact.by == DEFINITION or isinstance(fact, Bounced | Rerouted)  # nothing hangs on these
        missing = None if is_silent else known.find_missing(fact)
        if missing is not None:
            found.setdefault(missing, []).append(fact)
    return [
        UnplacedFacts(missing=what, id=id, facts=tuple(own), likely=_guess(plan, terms, what, id))
        for (what, id), own in found.items()
    ]


class _Known:
    """The ids that a plan holds."""

    def __init__(self, plan: Plan) -> None:
        names = {name: m for m in plan.milestones for name in (m.id, *m.was)}
        recurring = {name: m.form for name, m in names.items() if isinstance(m.form, Recurring)}
        self._milestones = names.keys()
        self._owed = self._milestones - recurring.keys()
        self._owed |= {Occurrence(name, day).id for name, form in recurring.items() for day in occurrences(form)}
        self._parties = {name for party in plan.parties.values() for name in party.names}
        self._indicators = {indicator.id for indicator in plan.indicators}
        self._groups = {name for group in plan.groups.values() for name in (group.id, *group.was)}

    def holds(self, milestone: str | None, party: str | None) -> bool:
        known = milestone is None or milestone in self._owed
        return known and (party is None or party in self._parties)

    def find_missing(self, fact: Fact) -> tuple[Missing, str] | None:
        """Return the first id of a fact that the plan does not hold."""
        if fact.milestone is not None and not self.holds(fact.milestone, None):
            is_there = Occurrence.of(fact.milestone).milestone in self._milestones
            return ("occurrence" if is_there else "milestone"), fact.milestone
        if isinstance(fact, Nominated):
            gone = [party for party in fact.parties if party not in self._parties]
            return ("group", fact.group) if fact.group not in self._groups else ("party", gone[0]) if gone else None
        if isinstance(fact, Counted) and fact.indicator not in self._indicators:
            return "indicator", fact.indicator
        return None if self.holds(None, fact.party) or fact.party is None else ("party", fact.party)


def _guess(plan: Plan, terms: Mapping[str, Any], missing: Missing, id: str) -> str:
    """Return the id that an id without a home may have now, or ""."""
    if missing == "occurrence":
        return _nearest_occurrence(plan, Occurrence.of(plan.present_id(id)))
    old = {**terms.get("gone", {}), **terms.get("milestones", {})}
    was = old.get(Occurrence.of(id).milestone) if missing == "milestone" else None
    if was is None:
        return ""
    alike = [m.id for m in plan.milestones if form_to_data(m.form) == was["form"]]
    same = [m.id for m in plan.milestones if m.id in alike and m.title == was.get("title")]
    best = same or alike
    return best[0] if len(best) == 1 else ""


def _nearest_occurrence(plan: Plan, was: Occurrence) -> str:
    form, day = plan.milestone(was.milestone).form, was.day
    if not isinstance(form, Recurring) or day is None:
        return was.milestone if day is not None else ""
    near = [(abs(one - day), one) for one in occurrences(form) if abs(one - day) <= NEAR]
    return Occurrence(was.milestone, min(near)[1]).id if near else ""
