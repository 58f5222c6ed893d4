"""Scopes: the obligations that something can touch, so that only these are drawn. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scheduler.plan.dates.date_forms import DateForm, Recurring, Relative
from scheduler.plan.dates_in_force import occurrences
from scheduler.plan.facts import Amended, Counted, DateFixed, Fact, Nominated, Postponed
from scheduler.plan.membership import members
from scheduler.plan.model import Milestone, Occurrence, Plan

Parties = frozenset[str] | None  # None: all of them


@dataclass(frozen=True, slots=True)
class Scope:
    """Some obligations of a plan: the parties of each milestone, for all of its occurrences.

    Parties that take over from one another are in a scope together, because what one of them does decides what the
    other owes.
    """

    parties: Mapping[str, Parties] = field(default_factory=dict)  # by milestone id

    def covers(self, milestone: str, party: str) -> bool:
        """Return whether an obligation is in the scope; `milestone` may name an occurrence."""
        return covers(self.parties.get(Occurrence.of(milestone).milestone, frozenset()), party)

    def has_party(self, party: str) -> bool:
        """Return whether the scope holds an obligation of a party."""
        return any(covers(parties, party) for parties in self.parties.values())

    def __or__(self, other: Scope) -> Scope:
        """Return the obligations of both."""
        joined = dict(self.parties)
        for milestone, parties in other.parties.items():
            joined[milestone] = unite(joined.get(milestone, frozenset()), parties)
        return Scope(joined)


def covers(parties: Parties, party: str) -> bool:
    """Return whether a party is among some."""
    return parties is None or party in parties


def unite(one: Parties, other: Parties) -> Parties:
    """Return the parties of both."""
    return None if one is None or other is None else one | other


class Relations:
    """What depends on what in a plan: dates counted from other milestones, successors, chosen groups.

    `general` holds at least the facts that name no party, withdrawn ones included: one of them may have counted a date
    from another milestone.
    """

    def __init__(self, plan: Plan, general: Iterable[Fact]) -> None:
        self._plan = plan
        self._milestones = {milestone.id: milestone for milestone in plan.milestones}
        self._bases: dict[str, set[str]] = {id: set() for id in self._milestones}  # what dates are or were counted from
        self._recurring: dict[str, list[Recurring]] = {id: [] for id in self._milestones}
        self._kin: dict[str, set[str]] = defaultdict(set)
        self._unsteady: set[str] = set()  # parties that do not take part in a milestone for all of the time
        self._relate_dates(general)
        self._relate_parties()

    def _relate_dates(self, general: Iterable[Fact]) -> None:
        for id, form in _find_forms(self._plan, general):
            if isinstance(form, Relative):
                self._bases[id].add(form.to)
            elif isinstance(form, Recurring):
                self._recurring[id].append(form)

    def _relate_parties(self) -> None:
        for party in self._plan.parties.values():
            if party.valid_to is not None or party.successor is not None:
                heir = party.successor or party.id
                self._unsteady |= {party.id, heir}
                self._kin[party.id].add(heir)
                self._kin[heir].add(party.id)

    def family(self, parties: Iterable[str]) -> frozenset[str]:
        """Return the parties with those that took over from them or from which they took over."""
        found, waiting = set(parties), list(parties)
        while waiting:
            new = self._kin.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return frozenset(found)

    def of(self, milestone: str | None, party: str | None) -> Scope:
        """Return the obligations of a milestone (or of the one of an occurrence), of a party, or of both.

        A milestone that is not in the plan has none.
        """
        wanted = self._milestones if milestone is None else [Occurrence.of(milestone).milestone]
        parties = None if party is None else self.family([party])
        return Scope({id: parties for id in wanted if id in self._milestones})

    def around(self, milestone: str) -> Scope:
        """Return the obligations of a milestone; of every recurring one if no milestone has this id."""
        found = self.of(milestone, None)
        return found if found.parties else Scope(dict.fromkeys(id for id, forms in self._recurring.items() if forms))

    def touched_by(self, fact: Fact) -> Scope:
        """Return the obligations that a fact can change; for a withdrawal, ask about the fact that it withdraws."""
        if isinstance(fact, Nominated):
            return self._with_dependents(self._chosen(fact.group))
        if isinstance(fact, Counted | Postponed):
            return Scope()
        touched = self.of(fact.milestone, fact.party)
        if fact.milestone is None:
            return touched  # about the addresses of a party: its escalations change, but no date
        if any(fact.party in self._organisers(self._milestones[id]) for id in touched.parties):
            touched = self.of(fact.milestone, None)  # without an organiser an event is called off for everybody
        return self._with_dependents(touched)

    def touched_by_edit(self, milestones: Iterable[str]) -> Scope:
        """Return the obligations that an edit of these milestones can change."""
        return self._with_dependents(Scope(dict.fromkeys(milestones)))

    def needed_for(self, scope: Scope) -> Scope:
        """Return the obligations whose facts decide what those of a scope are, the scope itself included."""
        needed: dict[str, Parties] = {}
        waiting = list(scope.parties.items())
        while waiting:
            id, parties = waiting.pop()
            milestone = self._milestones[id]
            parties = unite(parties, self.family(self._organisers(milestone)))
            if id in needed and unite(needed[id], parties) == needed[id]:
                continue
            needed[id] = parties = unite(needed.get(id, frozenset()), parties)
            for base in self._bases[id] & self._milestones.keys():
                own = self._is_counted_from_own(milestone, self._milestones[base])
                is_own = own and parties is not None and not parties & self._unsteady
                waiting.append((base, parties if is_own else None))
        return Scope(needed)

    def spelled_out(self, scope: Scope) -> Scope:
        """Return a scope that names each occurrence of a recurring milestone by its own id, as the record does."""
        spelled = dict(scope.parties)
        for id, parties in scope.parties.items():
            spelled |= {Occurrence(id, day).id: parties for form in self._recurring[id] for day in occurrences(form)}
        return Scope(spelled)

    def _with_dependents(self, scope: Scope) -> Scope:
        """Return the scope with everything whose date is counted from it."""
        touched: dict[str, Parties] = {}
        waiting = list(scope.parties.items())
        while waiting:
            id, parties = waiting.pop()
            if id in touched and unite(touched[id], parties) == touched[id]:
                continue
            touched[id] = parties = unite(touched.get(id, frozenset()), parties)
            for milestone in self._milestones.values():
                if id in self._bases[milestone.id]:
                    is_own = parties is not None and self._is_counted_from_own(milestone, self._milestones[id])
                    dependent = unite(parties, self.family(self._unsteady)) if is_own else None
                    waiting.append((milestone.id, dependent))
        return Scope(touched)

    def _chosen(self, id: str) -> Scope:
        """Return what a group that is filled during the year owes, and what choosers are asked because of it."""
        touched = [m.id for m in self._plan.milestones if id in (*m.owners, *m.organiser, *m.attendees)]
        touched += [
            g.after for g in self._plan.groups.values() if g.after in self._milestones and id in (g.id, g.chosen_by)
        ]
        return Scope(dict.fromkeys(touched))

    def _organisers(self, milestone: Milestone) -> set[str]:
        if milestone.kind != "event":
            return set()
        return {party for name in milestone.organiser for party in members(self._plan, name)}

    def _is_counted_from_own(self, milestone: Milestone, base: Milestone) -> bool:
        """Return whether each party counts the date of a milestone from what it owes itself of the base."""
        names = {*milestone.owners, *milestone.attendees}
        names |= {group.chosen_by or "" for group in self._plan.groups.values() if group.after == milestone.id}
        return names <= {*base.owners} and (not base.organiser or names <= {*base.organiser})


def _find_forms(plan: Plan, general: Iterable[Fact]) -> Iterator[tuple[str, DateForm]]:
    """Yield the id of each milestone of the plan with each form that its date has or had."""
    for milestone in plan.milestones:
        yield milestone.id, milestone.form
    known = {milestone.id for milestone in plan.milestones}
    for fact in general:
        id = Occurrence.of(fact.milestone or "").milestone
        if id in known and isinstance(fact, DateFixed | Amended):
            yield id, fact.form
            if isinstance(fact, Amended) and fact.was is not None:
                yield id, fact.was
