"""Resolves a plan and its facts into obligations. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import NamedTuple, assert_never

from scheduler.plan.dates.date_forms import (
    Before,
    By,
    DateForm,
    Direction,
    On,
    Recurring,
    Relative,
    ResolvedForm,
    Undated,
    Window,
    describe_form,
)
from scheduler.plan.dates.due_dates import (
    ONE_DAY,
    DueDate,
    derive_due_date,
    local_day,
    next_opening,
    step_on,
    to_instant,
)
from scheduler.plan.dates_in_force import DateInForce, begins_at, occurrences
from scheduler.plan.facts import (
    Amended,
    Bounced,
    Counted,
    DateFixed,
    Decision,
    Declared,
    Disowned,
    Extended,
    Fact,
    Invited,
    Joined,
    Nominated,
    Noted,
    Paused,
    Reminded,
    Replied,
    Rerouted,
    Skipped,
    Snoozed,
    Waived,
    recording_order,
)
from scheduler.plan.membership import Membership, apply_joins, is_passed_on, members, merge_all
from scheduler.plan.model import Group, Milestone, Occurrence, Plan
from scheduler.plan.obligations import (
    EventDate,
    KnownDate,
    NoDate,
    Obligation,
    ObligationDate,
    Unassigned,
    WindowDate,
)
from scheduler.plan.recipients import Span, dead_spans
from scheduler.plan.scope import Relations, Scope, covers
from scheduler.plan.standing import Standing, read_standing

# Facts that leave unknown whether an obligation past its last day is open.
_SAYS_NOTHING = (
    Joined,
    Amended,
    DateFixed,
    Invited,
    Declared,
    Disowned,
    Replied,
    Skipped,
    Snoozed,
    Reminded,
    Noted,
)


class BaseDay(NamedTuple):
    """The day from which another date is counted, known since `since` (UTC).

    `moved_by` is the last decision that moved it, from the day `was`.
    """

    day: date
    since: datetime
    was: date | None = None
    moved_by: Decision | None = None


class CountedDate(NamedTuple):
    """A date that is counted from another, known since `since` (UTC); without a day if the other one has none.

    `moved_by` is the last decision that moved the other one; `was` is what followed from it before.
    """

    form: ResolvedForm
    since: datetime = datetime.min.replace(tzinfo=UTC)
    was: By | None = None
    moved_by: Decision | None = None


class ObligationResolver:
    """Resolves the facts of a plan into obligations.

    `facts` must not hold withdrawn ones; `loaded_at` is the UTC instant of the first load of the plan. Each
    milestone is resolved once, after the milestones from which its date is counted. With a `scope` only the obligations
    in it are resolved; `facts` need hold only what `Relations.needed_for` names, and facts without party or milestone.
    """

    def __init__(self, plan: Plan, facts: Sequence[Fact], loaded_at: datetime, scope: Scope | None = None) -> None:
        self.plan = plan
        self.loaded_at = loaded_at
        self.scope = scope
        self.needed = None if scope is None else Relations(plan, facts).needed_for(scope)
        self.start = max(to_instant(plan.remind_from, time(), plan.zone), loaded_at)
        self.of: dict[tuple[str | None, str | None], list[Fact]] = defaultdict(list)
        self.nominations: dict[str, dict[str, datetime]] = {}
        self.bounced: dict[str, list[Bounced | Rerouted]] = defaultdict(list)
        self.counted: dict[str, list[Counted]] = defaultdict(list)
        self.read: dict[str, list[Obligation]] = {}
        self.not_owed: dict[str, list[Unassigned]] = defaultdict(list)
        self.resolving: set[str] = set()  # ids of the milestones that wait for the one that is being resolved
        for fact in facts:
            self._index(fact)

    def _index(self, fact: Fact) -> None:
        if isinstance(fact, Nominated):
            chosen = self.nominations.setdefault(fact.group, {})
            if not fact.parties:
                chosen.clear()
            for party in fact.parties:
                chosen.setdefault(party, fact.recorded_at)
        elif isinstance(fact, Bounced | Rerouted):
            self.bounced[fact.party].append(fact)
        elif isinstance(fact, Counted):
            self.counted[fact.indicator].append(fact)
        elif not isinstance(fact, Paused):  # that one decides to whom a mail goes, and nothing else
            self.of[fact.milestone, fact.party].append(fact)

    def everything(self) -> tuple[Obligation, ...]:
        """Return every obligation, with the milestones in the order of the plan."""
        if self.scope is None:
            return tuple(o for milestone in self.plan.milestones for o in self.obligations(milestone))
        wanted = [milestone for milestone in self.plan.milestones if milestone.id in self.scope.parties]
        return tuple(
            o
            for milestone in wanted
            for o in self.obligations(milestone)
            if covers(self.scope.parties[milestone.id], o.party)
        )

    def obligations(self, milestone: Milestone) -> list[Obligation]:
        """Return the obligations of one milestone, including all its occurrences, as far as they are needed."""
        if milestone.id not in self.read:
            self.resolving.add(milestone.id)
            found: list[Obligation] = []
            for dated in self._dated(milestone):
                owed = list(self._owed(milestone, dated))
                found += owed
                if not any(o.is_duty for o in owed):
                    self.not_owed[milestone.id].append(self._unassigned(milestone, dated))
            self.read[milestone.id] = found
            self.resolving.remove(milestone.id)
        return self.read[milestone.id]

    def unassigned(self) -> Iterator[Unassigned]:
        """Yield every milestone and occurrence that no party owes, in the order of the plan.

        Those of which only some parties are in the scope are left out.
        """
        for milestone in self.plan.milestones:
            if self.scope is None or self.scope.parties.get(milestone.id, frozenset()) is None:
                self.obligations(milestone)
                yield from self.not_owed[milestone.id]

    # ---- dates

    def _dated(self, milestone: Milestone) -> Iterator[DateInForce]:
        now = self._latest(milestone.id, DateInForce(milestone.id, milestone.form, self.start, None))
        if not isinstance(now.form, Recurring):
            yield now
            return
        born: dict[date, datetime] = {}
        for rule in (*now.earlier, now):
            since = rule.decided_by.recorded_at if rule.decided_by else self.loaded_at
            for day in occurrences(rule.form) if isinstance(rule.form, Recurring) else ():
                born.setdefault(day, since)
        for day in occurrences(now.form):
            form: DateForm = Before(day) if now.form.boundary == "before" else By(day)
            fixed = On(day, day) if milestone.kind == "event" else form
            id = Occurrence(milestone.id, day).id
            yield self._latest(id, DateInForce(id, fixed, now.since, None, born=born[day]))

    def _latest(self, id: str, dated: DateInForce) -> DateInForce:
        facts = [fact for fact in self.of[id, None] if isinstance(fact, DateFixed | Amended)]
        was = next((fact.was for fact in facts if isinstance(fact, Amended) and fact.was is not None), None)
        if was is not None:  # the plan has the date of the edited file; begin with the one before the first edit
            dated = dated._replace(form=was)
        for fact in facts:
            dated = dated.replaced(fact.form, max(self.start, fact.recorded_at), fact)
        return dated

    def _extended(self, dated: DateInForce, party: str) -> DateInForce:
        decided = dated.decided_by
        for fact in self.of[dated.id, party]:
            is_newer = decided is None or recording_order(fact) > recording_order(decided)
            if isinstance(fact, Extended) and is_newer:
                dated = dated.replaced(fact.form, max(self.start, fact.recorded_at), fact)
        return dated

    def _count(self, form: Relative, party: str) -> CountedDate:
        """Return the date that is counted from another milestone, for a party."""
        base = next((m for m in self.plan.milestones if m.id == form.to), None)
        if base is None or base.id in self.resolving:  # gone by an edit, or not in step with one
            return CountedDate(Undated(describe_form(form)))
        found = self._base_day(base, party, form.direction)
        if found is None:
            return CountedDate(
                Undated(f"{form.count} {'after' if form.direction == 'within' else 'before'} {base.title}")
            )
        was = None if found.was is None else By(self._step(found.was, form))
        return CountedDate(By(self._step(found.day, form)), found.since, was, found.moved_by)

    def _step(self, day: date, form: Relative) -> date:
        """Return the day so long before or after another."""
        step = form.count
        if form.direction == "within":
            return step_on(day, step, self.plan.workdays)
        return self.plan.workdays.add(day, -step.count) if step.unit == "working days" else day - step.count * ONE_DAY

    def _base_day(self, base: Milestone, party: str, direction: Direction) -> BaseDay | None:
        """Return the day to count from, or None if it is not known yet or every obligation is waived."""
        duties = self._duties(base, party)
        alive = [o for o in duties if o.standing.state != "waived"]
        if alive and direction == "within" and base.kind == "deadline":
            return self._completed(duties)
        return latest_day(alive, direction) if alive else None

    def _duties(self, milestone: Milestone, party: str) -> list[Obligation]:
        """Return the duties of a party under a milestone, or of all parties if it has none itself."""
        duties = [o for o in self.obligations(milestone) if o.is_duty]
        return [o for o in duties if o.party == party] or duties

    def _completed(self, duties: Sequence[Obligation]) -> BaseDay | None:
        """Return the local day on which the last of the duties was closed.

        None while one of them is open.
        """
        closed = [(o.standing.complete_at, o.standing.closed_by) for o in duties]
        facts = [(at or fact.happened_at, fact.recorded_at) for at, fact in closed if fact is not None]
        if len(facts) < len(duties):
            return None
        return BaseDay(local_day(max(at for at, _ in facts), self.plan.zone), max(recorded for _, recorded in facts))

    # ---- who owes what

    def _owed(self, milestone: Milestone, dated: DateInForce) -> Iterator[Obligation]:
        guests = self._terms(milestone, milestone.attendees) if milestone.kind == "event" else {}
        owners = self._terms(milestone, self._responsible(milestone, dated))
        owed = {party: self._obligation(milestone, dated, term) for party, term in owners.items()}
        for party, obligation in owed.items():
            if is_passed_on(owners[party], owners, owed):
                yield replace(obligation, invited=party in guests)
        for party, term in guests.items():
            if party not in owners:
                yield self._obligation(milestone, dated, term, attends=True)

    def _unassigned(self, milestone: Milestone, dated: DateInForce) -> Unassigned:
        standing = read_standing(milestone, self._in_order(self.of[dated.id, None], self.of[None, None]))
        choices = [self.nominations.get(name) for name in milestone.owners if self._is_chosen_later(name)]
        is_refused = bool(choices) and all(chosen is not None and not chosen for chosen in choices)
        return Unassigned(
            milestone=dated.id,
            when=self._date(milestone, self._day_in_force(dated, "").form, dated),
            is_open=standing.is_open and not is_refused,
            decided_by=dated.decided_by,
        )

    def _is_chosen_later(self, name: str) -> bool:
        return name in self.plan.groups and self.plan.groups[name].chosen_by is not None

    def _in_order(self, *parts: list[Fact]) -> list[Fact]:
        found = [part for part in parts if part]
        return found[0] if len(found) == 1 else sorted(chain(*found), key=recording_order)

    def _called_off(self, milestone: Milestone, dated: DateInForce) -> list[Fact]:
        """Return the waiver that released the last organiser of an event, in a list; [] while an organiser is left."""
        hosts = {party for name in milestone.organiser for party in members(self.plan, name)}
        released = [[fact for fact in self.of[dated.id, host] if isinstance(fact, Waived)] for host in hosts]
        if not released or not all(released):
            return []
        return [max((facts[0] for facts in released), key=recording_order)]

    def _responsible(self, milestone: Milestone, dated: DateInForce) -> tuple[str, ...]:
        """Return the groups and parties that must act; while the date is tentative, the organisers if there are any."""
        if isinstance(dated.form, Window) and milestone.organiser:
            return milestone.organiser
        return milestone.owners

    def _obligation(
        self, milestone: Milestone, dated: DateInForce, term: Membership, *, attends: bool = False
    ) -> Obligation:
        dated = self._extended(dated, term.party)
        counted = self._day_in_force(dated, term.party)
        is_moved = is_newer(counted.moved_by, dated.decided_by)
        # Facts about the organisers concern those who attend only if the event is called off.
        called_off = self._called_off(milestone, dated) if attends else []
        facts = self._in_order(self.of[dated.id, term.party], called_off, self.of[dated.id, None], self.of[None, None])
        standing = read_standing(milestone, facts)
        known = self._known(milestone, dated, term.since, standing)
        obligation = Obligation(
            milestone=dated.id,
            party=term.party,
            since=max(dated.since, term.since, counted.since),
            until=term.until,
            standing=standing,
            when=self._date(milestone, counted.form, dated),
            attends=attends,
            invited=attends,
            decided_by=dated.decided_by,
            moved_by=counted.moved_by if is_moved else None,
            was=counted.was if is_moved else self._spelled_out(known, dated, term.party),
            facts=tuple(facts),
            known_date=KnownDate(known.form, known.place) if known and isinstance(known.form, On) else None,
        )
        return self._judge_unknown(milestone, dated, obligation, facts, max(term.came, dated.born))

    def _day_in_force(self, dated: DateInForce, party: str) -> CountedDate:
        """Return the date in force; one that is counted from another as the day that it means."""
        if isinstance(dated.form, Relative):
            return self._count(dated.form, party)
        assert not isinstance(dated.form, Recurring)  # noqa: S101 - each occurrence has a form of its own
        return CountedDate(dated.form)

    def _spelled_out(self, known: DateInForce | None, dated: DateInForce, party: str) -> DateForm | None:
        """Return the form of a known date; one that was counted from another as the day that it meant."""
        if known is None or not isinstance(known.form, Relative):
            return known.form if known is not None else None
        if self._waits_for_resolving(known.form.to):  # an edit turned round which date is counted from which
            return None
        counted, decided = self._count(known.form, party), dated.decided_by
        if counted.moved_by is None or (decided is not None and counted.moved_by.recorded_at < decided.recorded_at):
            return counted.form
        return counted.was  # the other date moved in the same edit, or later

    def _waits_for_resolving(self, id: str) -> bool:
        """Return whether a milestone, or one that its date is counted from, is being resolved."""
        forms = {milestone.id: milestone.form for milestone in self.plan.milestones}
        passed: set[str] = set()
        while id in forms and id not in passed | self.resolving:
            passed.add(id)
            form = self._latest(id, DateInForce(id, forms[id], self.start, None)).form
            id = form.to if isinstance(form, Relative) else ""
        return id in self.resolving

    def _known(
        self, milestone: Milestone, dated: DateInForce, since: datetime, standing: Standing
    ) -> DateInForce | None:
        """Return the date that a party knew before the decision in force, or before it was released, or None.

        A party knows a date if mail about it could leave while the date was in force. If a deadline has moved, the
        party knows at least the first date, that of the plan.
        """
        released = standing.closed_by.recorded_at if standing.state == "waived" and standing.closed_by else None
        dates = (*dated.earlier, dated)
        ends = [*(later.since for later in dates[1:]), released]
        known: DateInForce | None = None
        for one, end in zip(dates, ends, strict=True):
            if end is not None and self._leaves(milestone, one, since) < end:
                known = one
        return known or (dates[0] if dated.earlier and milestone.kind == "deadline" else None)

    def _leaves(self, milestone: Milestone, dated: DateInForce, since: datetime) -> datetime:
        """Return the first opening at which mail can inform a party of a date.

        For an event that has begun by then this is `datetime.max`: there is no such mail.
        """
        ladder = milestone.ladder
        leaves = next_opening(
            max(dated.told_from, since),
            opens=ladder.opens,
            closes=ladder.closes,
            zone=self.plan.zone,
            workdays=self.plan.workdays,
        )
        is_over = isinstance(dated.form, On) and leaves >= begins_at(dated.form, self.plan)
        return datetime.max.replace(tzinfo=UTC) if is_over else leaves

    def _date(self, milestone: Milestone, form: ResolvedForm, dated: DateInForce) -> ObligationDate:
        match form:
            case Before() | By():
                return self._due(milestone, form)
            case On():
                return EventDate(form, dated.place)
            case Window():
                return WindowDate(form)
            case Undated(words):
                return NoDate(words)
            case _:
                assert_never(form)

    def _due(self, milestone: Milestone, form: Before | By) -> DueDate:
        return derive_due_date(
            form,
            lateness=self.plan.lateness,
            hour=milestone.ladder.at,
            zone=self.plan.zone,
            workdays=self.plan.workdays,
        )

    def _judge_unknown(
        self, milestone: Milestone, dated: DateInForce, o: Obligation, facts: Sequence[Fact], came: datetime
    ) -> Obligation:
        """Return the obligation, marked as unknown if it was over when it, or the party in it, came to exist.

        A later fact about it ends the doubt; rungs then exist only from that fact on.
        """
        if o.due is None:
            return o
        is_watched = o.due.last >= local_day(came, self.plan.zone) and not self._was_away(milestone, o, o.due.last)
        if is_watched and not self._is_edited_into_past(milestone, dated, o):
            return o
        spoken = next((f.recorded_at for f in facts if not isinstance(f, _SAYS_NOTHING)), None)
        return replace(o, unknown=True) if spoken is None else replace(o, since=max(o.since, spoken))

    def _was_away(self, milestone: Milestone, o: Obligation, last: date) -> bool:
        """Return whether the plan file did not hold the obligation on the whole of its last day, and does so again."""
        zone = self.plan.zone
        returns = [f for f in self.of[milestone.id, o.party] if isinstance(f, Joined)]
        return any(f.left and local_day(f.left, zone) < last < local_day(f.recorded_at, zone) for f in returns)

    def _is_edited_into_past(self, milestone: Milestone, dated: DateInForce, o: Obligation) -> bool:
        """Return whether an edit gave it a date that had passed by then, in place of one that had not, or of none.

        Of several such edits in a row the first counts: a date in the past that is put right stays one.
        """
        dates = (*dated.earlier, dated)
        last_days = [self._last_day(milestone, one.form) for one in dates[:-2]]
        last_days += [self._last_day(milestone, o.was), o.due.last_in_time if o.due else None]
        for one, last, before in zip(dates[:0:-1], last_days[::-1], last_days[-2::-1], strict=False):
            if not isinstance(one.decided_by, Amended) or last is None:
                return False
            day = local_day(one.decided_by.recorded_at, self.plan.zone)
            if last >= day:
                return False
            if before is None or before >= day:
                return True
        return False

    def _last_day(self, milestone: Milestone, form: DateForm | None) -> date | None:
        """Return the last day on which a deadline is met; None for any other date."""
        return self._due(milestone, form).last_in_time if isinstance(form, Before | By) else None

    def _joined(self, milestone: Milestone, party: str) -> list[datetime]:
        """Return the instant at which a revision added the party to the milestone, in a list; [] if none did.

        What was removed and comes back has been there all the time.
        """
        return [f.recorded_at for f in self.of[milestone.id, party] if isinstance(f, Joined) and f.left is None][-1:]

    def _terms(self, milestone: Milestone, names: Iterable[str]) -> dict[str, Membership]:
        """Return the membership of each party that is needed, in the order named, successors included.

        A party that ended before its membership began is left out.
        """
        needed = None if self.needed is None else self.needed.parties[milestone.id]
        members = (one for name in names for one in self._members(name))
        found = merge_all(t for id, came in members if covers(needed, id) for t in self._successions(id, came))
        terms = [apply_joins(t, self._joined(milestone, t.party)) for t in found]
        return {t.party: t for t in terms if not t.is_empty}

    def _members(self, name: str) -> Iterator[tuple[str, datetime]]:
        """Yield each party behind a name with the instant at which it came: the first load, or when it was chosen."""
        group = self.plan.groups.get(name)
        for party in group.parties if group else (name,):
            yield party, self.loaded_at
        for party, chosen_at in self.nominations.get(name, {}).items():
            if party in self.plan.parties:
                yield party, max(self.loaded_at, chosen_at)

    def _successions(self, id: str, came: datetime) -> Iterator[Membership]:
        """Yield the membership of the party and, after its last day, those of its successors in turn."""
        party = self.plan.parties[id]
        passed: list[str] = []
        since = max(self.start, came)
        while party.id not in passed:
            if party.valid_from:
                since = max(since, to_instant(party.valid_from, time(), self.plan.zone))
            until = to_instant(party.valid_to + ONE_DAY, time(), self.plan.zone) if party.valid_to else None
            yield Membership(party.id, since, came, until, frozenset(passed[-1:]))
            passed.append(party.id)
            if until is None or party.successor is None or party.successor not in self.plan.parties:
                return
            since, party = max(since, until), self.plan.parties[party.successor]

    def choices(self) -> Iterator[tuple[Group, Obligation]]:
        """Yield each group that is filled during the year, with the obligation of the chooser that it follows."""
        for group in self.plan.groups.values():
            yield from ((group, o) for o in self._asked(group))

    def _asked(self, group: Group) -> Iterator[Obligation]:
        """Yield the obligations of the chooser of a group after which the choice is due, as far as in the scope."""
        if group.chosen_by is None or group.after is None:
            return
        milestone = self.plan.milestone(group.after)
        if self.scope is not None and milestone.id not in self.scope.parties:
            return
        terms = self._terms(milestone, [group.chosen_by]).values()
        asked = [term for term in terms if self.scope is None or self.scope.covers(milestone.id, term.party)]
        for dated in self._dated(milestone):
            yield from (self._obligation(milestone, dated, term) for term in asked)

    def dead_spans(self, party: str) -> tuple[Span, ...]:
        """Return the spans in which every address of a party was known to bounce."""
        known = {c.email for c in self.plan.parties[party].contacts} if party in self.plan.parties else set()
        return dead_spans(self.bounced[party], known)


def latest_day(obligations: Sequence[Obligation], direction: Direction) -> BaseDay | None:
    """Return the latest day of some obligations, with the one before the last decision that moved it.

    None if one of them has no day.
    """
    found = [(o, day_of(o.when, direction)) for o in obligations]
    dated = [(o, day) for o, day in found if day is not None]
    if len(dated) < len(found):
        return None
    latest = max(day for _, day in dated)
    return _with_move(BaseDay(latest, min(o.since for o, day in dated if day == latest)), dated, direction)


def _with_move(latest: BaseDay, dated: Sequence[tuple[Obligation, date]], direction: Direction) -> BaseDay:
    last = max((o.changed_by for o, _ in dated if o.changed_by), key=recording_order, default=None)
    if last is None:
        return latest
    before = [day_before(o, direction) if o.changed_by == last else day for o, day in dated]
    known = [day for day in before if day is not None]
    if len(known) < len(before) or max(known) == latest.day:
        return latest
    return latest._replace(was=max(known), moved_by=last)


def day_before(o: Obligation, direction: Direction) -> date | None:
    """Return the day of an obligation before its date was changed, or None if nobody knew one."""
    if isinstance(o.was, On):
        return day_of(EventDate(o.was), direction)
    return o.was.day if isinstance(o.was, Before | By) and direction == "before" else None


def day_of(when: ObligationDate, direction: Direction) -> date | None:
    """Return the day from which another date is counted, or None if it is not known.

    `before` counts from the first day of an event or the named day of a deadline, `within` from the last day of
    an event.
    """
    match when:
        case EventDate(event=days):
            return days.first if direction == "before" else days.last
        case DueDate(named=named):
            return named if direction == "before" else None
        case WindowDate() | NoDate():
            return None
        case _:
            assert_never(when)


def is_newer(decision: Decision | None, other: Decision | None) -> bool:
    """Return whether there is a decision, and no later other one."""
    return decision is not None and (other is None or recording_order(decision) > recording_order(other))
