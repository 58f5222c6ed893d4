"""What the office decides about single steps: skip one, pause the reminders, or send one now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import assert_never

from scheduler.plan import reasons
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, next_opening, to_instant
from scheduler.plan.dates_in_force import begins_at
from scheduler.plan.facts import Reminded, Skipped, Snoozed
from scheduler.plan.ladders.steps import LadderStep, RungName, settle_collisions
from scheduler.plan.message_kinds import LadderKind
from scheduler.plan.model import Plan
from scheduler.plan.obligations import EventDate, NoDate, Obligation, WindowDate

MOMENT = timedelta(microseconds=1)
# What a pause holds back. Escalations are counted without its days; an invitation and a choice are not reminders of
# what is owed.
PAUSED_KINDS: tuple[LadderKind, ...] = ("reminder", "overdue", "fix-date")


def skip_steps(o: Obligation, due: date, steps: Iterable[LadderStep]) -> Iterator[LadderStep]:
    """Yield the steps of the date `due`; those that the office skips say why."""
    skipped = {fact.step: fact for fact in o.facts if isinstance(fact, Skipped) and fact.due == due}
    for step in steps:
        fact = skipped.get(step.name)
        if fact is None or step.skipped:
            yield step
        else:
            yield step._replace(skipped=reasons.office_skips(fact.reason))


def pause_steps(plan: Plan, o: Obligation, steps: Sequence[LadderStep]) -> list[LadderStep]:
    """Return the steps ascending: those within a pause are skipped, and one reminder follows its end."""
    pauses = find_pauses(plan, o)
    if not pauses:
        return list(steps)
    found: list[LadderStep] = []
    effective: set[int] = set()  # the pauses that hold a step back
    for step in steps:
        pause = next((fact for fact, start, end in pauses if start <= step.at <= end), None)
        if pause is None or step.skipped or step.kind not in PAUSED_KINDS:
            found.append(step)
        else:
            effective.add(pause.id)
            found.append(step._replace(skipped=reasons.office_pauses(pause.until, pause.reason)))
    ends = [_resume(plan, o, fact) for fact, _, _ in pauses if fact.id in effective]
    return settle_collisions([*(step for step in ends if step is not None), *found])


def find_pauses(plan: Plan, o: Obligation) -> list[tuple[Snoozed, datetime, datetime]]:
    """Return the pauses of an obligation with their first and last instants (UTC); a later one ends the one before."""
    facts = [fact for fact in o.facts if isinstance(fact, Snoozed)]
    if not facts:
        return []
    starts = [fact.recorded_at for fact in facts]
    ends = [to_instant(fact.until + ONE_DAY, time(), plan.zone) - MOMENT for fact in facts]
    return [
        (fact, start, min(end, later))
        for fact, start, end, later in zip(facts, starts, ends, [*starts[1:], *ends[-1:]], strict=True)
    ]


def _resume(plan: Plan, o: Obligation, pause: Snoozed) -> LadderStep | None:
    """Return the reminder with which the ladder goes on after a pause; None if another pause has followed meanwhile."""
    facts = [fact for fact in o.facts if isinstance(fact, Snoozed)]
    day = plan.workdays.on_or_after(pause.until + ONE_DAY)
    at = to_instant(day, plan.milestone(o.milestone).ladder.at, plan.zone)
    kind = reminder_kind(plan, o, at)
    if kind is None or any(pause.recorded_at < fact.recorded_at < at for fact in facts):
        return None
    return LadderStep(str(RungName("resume", pause.id)), at, kind, reasons.after_pause(pause.until))


def asked_steps(plan: Plan, o: Obligation) -> Iterator[LadderStep]:
    """Yield the reminders that the office asked for since the date in force was set."""
    asked = [fact for fact in o.facts if isinstance(fact, Reminded)]
    changed = o.changed_by if asked else None
    for fact in asked:
        if changed is None or changed.recorded_at <= fact.recorded_at:
            ladder = plan.milestone(o.milestone).ladder
            at = next_opening(
                fact.recorded_at, opens=ladder.opens, closes=ladder.closes, zone=plan.zone, workdays=plan.workdays
            )
            kind = reminder_kind(plan, o, at)
            if kind is not None:
                yield LadderStep(str(RungName("remind", fact.id)), at, kind, reasons.office_asks(fact.reason))


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
