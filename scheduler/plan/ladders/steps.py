"""The steps of a reminder ladder: the day of each, and which step yields to another at the same instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from scheduler.plan import reasons
from scheduler.plan.dates.date_forms import DayCount, On
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, step_back, step_on, to_instant
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.message_kinds import LadderKind
from scheduler.plan.model import Escalation, Ladder
from scheduler.plan.reasons import Reason

EVENT_STEPS = (DayCount(7, "days"), DayCount(1, "working days"))  # reminders of a fixed event, before its first day
ASKED = ("remind", "resume")  # labels of the steps that follow from a fact, whose id is the detail of their names
CHOOSE_TIMES = 3
CHOOSE_FIRST = DayCount(1, "working days")
CHOOSE_EVERY = DayCount(2, "working days")


class RungName(NamedTuple):
    """Which step of a ladder a rung is, such as `target`, `overdue:2` or `before:3wd`."""

    label: str
    detail: int | DayCount | None = None  # how often it came before, how far from its day it is, or the id of a fact

    def __str__(self) -> str:
        """Return the name as the record keeps it."""
        match self.detail:
            case None:
                return self.label
            case int():
                return f"{self.label}:{self.detail}"
            case DayCount():
                return f"{self.label}:{self.detail.code}"
            case _:
                assert_never(self.detail)

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(text: str) -> RungName:
        """Return what a name in the record stands for; the reverse of `str`. Any other text is a label."""
        label, _, detail = text.rpartition(":")
        parsed = int(detail) if detail.isdecimal() else DayCount.of(detail)
        return RungName(label, parsed) if label and parsed is not None else RungName(text)


class Anchor(NamedTuple):
    """A local day from which steps are counted, and what it is."""

    day: date
    what: Reason


class LadderStep(NamedTuple):
    """One step of a ladder, the same for every party with the same date.

    `at` is a UTC instant; `skipped` is the reason why the step is never sent, or "".
    """

    name: str
    at: datetime
    kind: LadderKind
    note: Reason
    skipped: Reason = reasons.NONE


class Ladders(NamedTuple):
    """Computes the steps of one ladder with the working calendar and the time zone of its plan."""

    workdays: Workdays
    zone: ZoneInfo
    ladder: Ladder

    def before_and_after(self, due: DueDate, start: Anchor | None = None) -> list[LadderStep]:
        """Return the reminders and overdue notices of a deadline, ascending, with collisions resolved.

        The overdue notices are counted from `start`, else from the last day in time.
        """
        steps = [self._before(due, step) for step in self.ladder.before]
        if self.ladder.on_named_day:
            steps.append(self._named_day(due))
        return settle_collisions([*steps, *self._overdue(due, start)])

    def fix_date(self, opening: date, passed: date, anchor: Reason) -> list[LadderStep]:
        """Return the steps that ask the organiser to fix a date: before the day `opening`, and once after `passed`.

        `anchor` describes the day `opening` in the notes.
        """
        steps = [
            self._back(str(RungName("fix-date", step)), opening, step, anchor, "fix-date")
            for step in self.ladder.fix_date
        ]
        day = self.workdays.on_or_after(passed + ONE_DAY)
        note = reasons.passed_undecided(passed)
        return settle_collisions([*steps, LadderStep("fix-date:passed", self._at(day), "fix-date", note)])

    def event(self, event: On) -> list[LadderStep]:
        """Return the reminders of a fixed event, without its invitation."""
        return [
            self._back(str(RungName("event", step)), event.first, step, reasons.FIRST_DAY, "reminder")
            for step in EVENT_STEPS
        ]

    def choose(self, after: date) -> list[LadderStep]:
        """Return the steps that ask the chooser to fill a group, counted from the day `after`."""
        steps, day = [], after
        for number in range(1, CHOOSE_TIMES + 1):
            step = CHOOSE_FIRST if number == 1 else CHOOSE_EVERY
            note = reasons.counted_on(step, day)
            day = step_on(day, step, self.workdays)
            steps.append(LadderStep(str(RungName("choose", number)), self._at(day), "choose", note))
        return steps

    def escalation(
        self,
        due: DueDate,
        escalation: Escalation,
        is_uncounted: Callable[[date], bool] | None = None,
        start: Anchor | None = None,
    ) -> LadderStep:
        """Return the step of one escalation, counted from `start`, else from the last day in time.

        Working days for which `is_uncounted` returns True are left out of the count.
        """
        after, (first, what) = escalation.after, start or _last_day_in_time(due)
        nominal = step_on(first, after, self.workdays)
        note = reasons.counted_on(after, first, what)
        day = nominal
        if is_uncounted is not None:
            day = self._count(first, nominal, is_uncounted)
            if day != nominal:
                note = reasons.moved_on(note, nominal)
        return LadderStep(str(escalation_rung(escalation)), self._at(day), "escalation", note)

    def _count(self, start: date, nominal: date, is_uncounted: Callable[[date], bool]) -> date:
        wanted, day = self.workdays.count_after(start, nominal), start
        while wanted:
            day = self.workdays.on_or_after(day + ONE_DAY)
            wanted -= not is_uncounted(day)
        return day

    def _before(self, due: DueDate, step: DayCount | None) -> LadderStep:
        if step is not None:
            return self._back(str(RungName("before", step)), due.target, step, reasons.TARGET_DAY, "reminder")
        return LadderStep("target", self._at(due.target), "reminder", reasons.last_working_day(due.last))

    def _named_day(self, due: DueDate) -> LadderStep:
        at, skipped = self._at(due.named), reasons.NONE
        if due.is_late(at):
            skipped = reasons.already_late(due.named)
        elif not self.workdays.is_workday(due.named):
            skipped = reasons.day_off(due.named)
        return LadderStep("named-day", at, "reminder", reasons.NAMED_DAY, skipped)

    def _overdue(self, due: DueDate, start: Anchor | None) -> Iterable[LadderStep]:
        rule = self.ladder.overdue
        if rule is None:
            return
        (day, anchor), step = start or _last_day_in_time(due), rule.first
        for number in range(1, rule.times + 1):
            note = reasons.counted_on(step, day, anchor)
            day = step_on(day, step, self.workdays)
            yield LadderStep(str(RungName("overdue", number)), self._at(day), "overdue", note)
            step, anchor = rule.every, reasons.NOTICE_BEFORE

    def _back(self, name: str, day: date, step: DayCount, anchor: Reason, kind: LadderKind) -> LadderStep:
        found = step_back(day, step, self.workdays)
        note = reasons.counted_back(step, day, anchor)
        if step.unit == "days" and found != (nominal := day - step.count * ONE_DAY):
            note = reasons.moved_off(note, nominal)
        return LadderStep(name, self._at(found), kind, note)

    def _at(self, day: date) -> datetime:
        return to_instant(day, self.ladder.at, self.zone)


def _last_day_in_time(due: DueDate) -> Anchor:
    return Anchor(due.last_in_time, reasons.LAST_DAY_IN_TIME)


def escalation_rung(escalation: Escalation) -> RungName:
    """Return the name of the rungs of an escalation."""
    return RungName("escalate", escalation.after)


def settle_collisions(steps: list[LadderStep]) -> list[LadderStep]:
    """Return the steps ascending; of several at one instant only the last in the given order stays.

    The others are marked as skipped and name the one that stays.
    """
    winner = {step.at: step.name for step in steps if not step.skipped}
    return sorted(
        (
            step
            if step.skipped or winner[step.at] == step.name
            else step._replace(skipped=reasons.same_day(winner[step.at]))
            for step in steps
        ),
        key=lambda step: step.at,
    )
