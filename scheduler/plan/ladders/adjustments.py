"""What the office decides about single steps: skip one, pause the reminders, or send one now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, assert_never

from scheduler.plan import reasons
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, next_opening, to_instant
from scheduler.plan.dates_in_force import begins_at
from scheduler.plan.facts import Reminded, Retraction, Skipped, Snoozed
from scheduler.plan.ladders.steps import LadderStep, RungName, settle_collisions
from scheduler.plan.message_kinds import LadderKind
from scheduler.plan.model import Plan
from scheduler.plan.obligations import EventDate, NoDate, Obligation, WindowDate
from scheduler.plan.reasons import Reason

MOMENT = timedelta(microseconds=1)
# What a pause holds back. Escalations are counted without its days; an invitation and a choice are not reminders of
# what is owed.
PAUSED_KINDS: tuple[LadderKind, ...] = ("reminder", "overdue", "fix-date")
# A step that fell due so long before a pause may still wait to be sent, and is held back then (`second_look`).
SHORTLY_BEFORE = timedelta(days=4)


class Pause(NamedTuple):
    """A time without reminders: its fact, its first and last instant, and when it would be followed by a reminder.

    All instants are UTC. A later pause ends the one before, and so does taking it back.
    """

    fact: Snoozed
    start: datetime
    end: datetime
    followed_at: datetime

    @property
    def reason(self) -> Reason:
        """Return why a step is held back by it."""
        return reasons.office_pauses(self.fact.until, self.fact.reason)


def skip_steps(o: Obligation, due: date, steps: Iterable[LadderStep]) -> Iterator[LadderStep]:
    """Yield the steps of the date `due`; those that the office skips say why."""
    skipped = {fact.step: fact for fact in o.facts if isinstance(fact, Skipped) and fact.due == due}
    for step in steps:
        fact = skipped.get(step.name)
        if fact is None or step.skipped:
            yield step
        else:
            yield step._replace(skipped=reasons.office_skips(fact.reason))


def find_pauses(plan: Plan, o: Obligation, retractions: Iterable[Retraction]) -> list[Pause]:
    """Return the pauses of an obligation, the first first, among them those that were taken back after a while."""
    found: list[Pause] = []
    for fact in o.facts:
        if isinstance(fact, Snoozed):
            if found:
                found[-1] = found[-1]._replace(end=min(found[-1].end, fact.recorded_at - MOMENT))
            found.append(Pause(fact, fact.recorded_at, *_end_of(plan, o, fact)))
    for fact, by in retractions:
        if isinstance(fact, Snoozed) and (fact.milestone, fact.party) == o.key:
            undone_at, (end, _) = by.recorded_at, _end_of(plan, o, fact)
            if undone_at < end and not any(pause.start <= undone_at <= pause.end for pause in found):
                found.append(Pause(fact, fact.recorded_at, undone_at - MOMENT, asked_at(plan, o, undone_at)))
    return sorted(found, key=lambda pause: pause.start)


def _end_of(plan: Plan, o: Obligation, fact: Snoozed) -> tuple[datetime, datetime]:
    """Return the last instant of a pause that nothing ends before, and the plan's hour on the working day after it."""
    after = fact.until + ONE_DAY
    day = plan.workdays.on_or_after(after)
    end = to_instant(after, time(), plan.zone) - MOMENT
    return end, to_instant(day, plan.milestone(o.milestone).ladder.at, plan.zone)


def pause_steps(plan: Plan, o: Obligation, pauses: Sequence[Pause], steps: Sequence[LadderStep]) -> list[LadderStep]:
    """Return the steps ascending: those within a pause are skipped, and one reminder follows the last in a row."""
    if not pauses:
        return list(steps)
    found: list[LadderStep] = []
    for step in steps:
        pause = next((pause for pause in pauses if pause.start <= step.at <= pause.end), None)
        is_held = pause is not None and step.kind in PAUSED_KINDS and not step.skipped
        found.append(step._replace(skipped=pause.reason) if pause is not None and is_held else step)
    return settle_collisions([*_follow(plan, o, pauses, steps), *found])


def _follow(plan: Plan, o: Obligation, pauses: Sequence[Pause], steps: Iterable[LadderStep]) -> Iterator[LadderStep]:
    """Yield a reminder after each row of pauses, of which each begins before the one before is followed by a reminder.

    There is none if the row has held nothing back.
    """
    due_at = [step.at for step in steps if step.kind in PAUSED_KINDS and not step.skipped]
    is_owed = False
    for pause, later in zip(pauses, [*pauses[1:], None], strict=True):
        is_owed |= any(pause.start - SHORTLY_BEFORE <= at <= pause.end for at in due_at)
        if later is not None and later.start < pause.followed_at:
            continue
        kind = reminder_kind(plan, o, pause.followed_at)
        if is_owed and kind is not None:
            note = reasons.after_pause(pause.fact.until)
            yield LadderStep(str(RungName("resume", pause.fact.id)), pause.followed_at, kind, note)
        is_owed = False


def uncounted_spans(pauses: Iterable[Pause], steps: Iterable[LadderStep]) -> list[tuple[datetime, datetime]]:
    """Return the spans that do not count on the way to an escalation: pauses, up to the reminder that follows them."""
    followed = {step.name for step in steps if not step.skipped}
    return [
        (pause.start, pause.followed_at if str(RungName("resume", pause.fact.id)) in followed else pause.end)
        for pause in pauses
    ]


def asked_steps(plan: Plan, o: Obligation, pauses: Sequence[Pause]) -> Iterator[LadderStep]:
    """Yield the reminders that the office asked for since the date in force was set; a later pause holds them back."""
    asked = [fact for fact in o.facts if isinstance(fact, Reminded)]
    changed = o.changed_by if asked else None
    for fact in asked:
        at = asked_at(plan, o, fact.recorded_at)
        kind = reminder_kind(plan, o, at)
        if kind is not None and (changed is None or changed.recorded_at <= fact.recorded_at):
            pause = next((p for p in pauses if fact.recorded_at < p.start <= at <= p.end), None)
            skipped = pause.reason if pause is not None else reasons.NONE
            yield LadderStep(str(RungName("remind", fact.id)), at, kind, reasons.office_asks(fact.reason), skipped)


def asked_at(plan: Plan, o: Obligation, instant: datetime) -> datetime:
    """Return when a reminder leaves that is asked for at an instant (UTC)."""
    ladder = plan.milestone(o.milestone).ladder
    return next_opening(instant, opens=ladder.opens, closes=ladder.closes, zone=plan.zone, workdays=plan.workdays)


def reminder_kind(plan: Plan, o: Obligation, at: datetime) -> LadderKind | None:
    """Return what a reminder is that leaves at an instant (UTC); None if there is no day of which it could remind."""
    match o.when:
        case DueDate() as due if plan.milestone(o.milestone).kind == "deadline":
            return "overdue" if due.is_late(at) else "reminder"
        case DueDate() | WindowDate():
            return None if o.attends else "fix-date"
        case EventDate(event):
            return "reminder" if o.invited and at < begins_at(event, plan) else None
        case NoDate():
            return None
        case _:
            assert_never(o.when)
