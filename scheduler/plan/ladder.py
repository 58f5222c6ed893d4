"""The steps of a reminder ladder: the day of each, and which step yields to another at the same instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.plan.dates.date_forms import DayCount, On
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, step_back, step_on, to_instant
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.model import Escalation, Ladder

EVENT_STEPS = (DayCount(7, "days"), DayCount(1, "working days"))  # reminders of a fixed event, before its first day
CHOOSE_TIMES = 3
CHOOSE_FIRST = DayCount(1, "working days")
CHOOSE_EVERY = DayCount(2, "working days")


class LadderStep(NamedTuple):
    """One step of a ladder, the same for every party with the same date.

    `at` is a UTC instant; `skipped` is the reason why the step is never sent, or "".
    """

    name: str
    at: datetime
    kind: MessageKind
    note: str
    skipped: str = ""


class Ladders(NamedTuple):
    """Computes the steps of one ladder with the working calendar and the time zone of its plan."""

    workdays: Workdays
    zone: ZoneInfo
    ladder: Ladder

    def before_and_after(self, due: DueDate) -> list[LadderStep]:
        """Return the reminders and overdue notices of a deadline, ascending, with collisions resolved."""
        steps = [self._before(due, step) for step in self.ladder.before]
        if self.ladder.on_named_day:
            steps.append(self._named_day(due))
        return settle_collisions([*steps, *self._overdue(due)])

    def fix_date(self, opening: date, passed: date, what: str) -> list[LadderStep]:
        """Return the steps that ask the organiser to fix a date: before the day `opening`, and once after `passed`.

        `what` describes the day `opening` in the notes.
        """
        steps = [self._back(f"fix-date:{s.code}", opening, s, what, "fix-date") for s in self.ladder.fix_date]
        day = self.workdays.on_or_after(passed + ONE_DAY)
        note = f"the first working day after {passed}, which passed undecided"
        return settle_collisions([*steps, LadderStep("fix-date:passed", self._at(day), "fix-date", note)])

    def event(self, event: On) -> list[LadderStep]:
        """Return the reminders of a fixed event, without its invitation."""
        return [self._back(f"event:{s.code}", event.first, s, "the first day", "reminder") for s in EVENT_STEPS]

    def choose(self, after: date) -> list[LadderStep]:
        """Return the steps that ask the chooser to fill a group, counted from the day `after`."""
        steps, day = [], after
        for number in range(1, CHOOSE_TIMES + 1):
            step = CHOOSE_FIRST if number == 1 else CHOOSE_EVERY
            note = f"{step} after {day}"
            day = step_on(day, step, self.workdays)
            steps.append(LadderStep(f"choose:{number}", self._at(day), "choose", note))
        return steps

    def escalation(
        self,
        due: DueDate,
        escalation: Escalation,
        is_uncounted: Callable[[date], bool] | None = None,
        heard: date | None = None,
    ) -> LadderStep:
        """Return the step of one escalation, counted from the last day in time.

        Working days for which `is_uncounted` returns True are left out of the count. `heard` is the day of the
        first notice to the party; if given, the count starts there instead.
        """
        after, start = escalation.after, heard or due.last_in_time
        nominal = step_on(start, after, self.workdays)
        note = f"{after} after {start}, {'the first notice' if heard else 'the last day in time'}"
        day = nominal
        if is_uncounted is not None:
            day = self._count(start, nominal, is_uncounted)
            if day != nominal:
                note += f"; moved from {nominal}: days on which we could not reach anybody do not count"
        return LadderStep(f"escalate:{after.code}", self._at(day), "escalation", note)

    def _count(self, start: date, nominal: date, is_uncounted: Callable[[date], bool]) -> date:
        wanted, day = self.workdays.count_after(start, nominal), start
        while wanted:
            day = self.workdays.on_or_after(day + ONE_DAY)
            wanted -= not is_uncounted(day)
        return day

    def _before(self, due: DueDate, step: DayCount | None) -> LadderStep:
        if step is not None:
            return self._back(f"before:{step.code}", due.target, step, "the target day", "reminder")
        note = f"the last working day on or before {due.last}, the last day surely in time"
        return LadderStep("target", self._at(due.target), "reminder", note)

    def _named_day(self, due: DueDate) -> LadderStep:
        at, skipped = self._at(due.named), ""
        if due.is_late(at):
            skipped = f"{due.named} is already late"
        elif not self.workdays.is_workday(due.named):
            skipped = f"{due.named} is a day off"
        return LadderStep("named-day", at, "reminder", "the day that the plan names", skipped)

    def _overdue(self, due: DueDate) -> Iterable[LadderStep]:
        rule = self.ladder.overdue
        if rule is None:
            return
        day, step, since = due.last_in_time, rule.first, "the last day in time"
        for number in range(1, rule.times + 1):
            note = f"{step} after {day}, {since}"
            day = step_on(day, step, self.workdays)
            yield LadderStep(f"overdue:{number}", self._at(day), "overdue", note)
            step, since = rule.every, "the notice before"

    def _back(self, name: str, day: date, step: DayCount, what: str, kind: MessageKind) -> LadderStep:
        found = step_back(day, step, self.workdays)
        note = f"{step} before {day}, {what}"
        if step.unit == "days" and found != (nominal := day - step.count * ONE_DAY):
            note += f"; moved from {nominal}, a day off"
        return LadderStep(name, self._at(found), kind, note)

    def _at(self, day: date) -> datetime:
        return to_instant(day, self.ladder.at, self.zone)


def settle_collisions(steps: list[LadderStep]) -> list[LadderStep]:
    """Return the steps ascending; of several at one instant only the last in the given order stays.

    The others are marked as skipped and name the one that stays.
    """
    winner = {step.at: step.name for step in steps if not step.skipped}
    return sorted(
        (
            step
            if step.skipped or winner[step.at] == step.name
            else step._replace(skipped=f"same day as {winner[step.at]}")
            for step in steps
        ),
        key=lambda step: step.at,
    )
