"""The notices that follow from facts: receipts, returns, changes, corrections, missing copies, word to the lead. Pure.

A notice is promised like a step of a ladder. It falls away with what it says, and lives again with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import NamedTuple, assert_never

from scheduler.plan import reasons
from scheduler.plan.dates.date_forms import Before, By, DayCount, On, Window
from scheduler.plan.dates.due_dates import ONE_DAY, DueDate, local_day, step_on, to_instant
from scheduler.plan.dates_in_force import begins_at, told_from
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.facts import (
    Accepted,
    Amended,
    DateFixed,
    Declared,
    Disowned,
    Extended,
    Fact,
    Received,
    Retired,
    Retraction,
    Returned,
    Waived,
    recording_order,
)
from scheduler.plan.ladders.steps import RungName
from scheduler.plan.membership import members
from scheduler.plan.message_kinds import NoticeKind
from scheduler.plan.model import Channel, Milestone, Plan
from scheduler.plan.obligations import EventDate, NoDate, Obligation, WindowDate
from scheduler.plan.reasons import Reason
from scheduler.plan.standing import find_missing_channels

Change = Extended | Waived | DateFixed | Amended  # the facts that cause a notice of change
Claim = Declared | Disowned  # what a party states about itself
COPY_AFTER = DayCount(5, "working days")  # how long a copy by another channel may take before somebody asks for it
_ANSWERS = (Received, Returned, Accepted, Waived, Retired)  # the facts that answer a statement


class Notice(NamedTuple):
    """One notice about an obligation; `fact` is the id of the fact that it is about.

    `since` is the local day of that fact, `at` the UTC instant at which the notice leaves. `skipped` is the reason why
    it need not leave any more.
    """

    kind: NoticeKind
    fact: int
    since: date
    at: datetime
    skipped: Reason = reasons.NONE

    @property
    def name(self) -> str:
        """Return its name in the ledger, such as `receipt:12`."""
        return str(RungName(self.kind, self.fact))


def fact_of(name: str) -> int:
    """Return the id of the fact that the notice with this name is about."""
    detail = RungName.of(name).detail
    return detail if isinstance(detail, int) else 0


def find_notices(plan: Plan, o: Obligation, retractions: Sequence[Retraction]) -> Iterator[Notice]:
    """Yield the notices about one obligation; `retractions` are those that concern it, in the order of recording."""
    yield from _find_receipts(plan, o, retractions)
    yield from _find_copy_reminder(plan, o, retractions)
    yield from _find_answers_to_claims(plan, o, retractions)
    yield from _find_submissions(plan, o, retractions)
    yield from _find_returns(plan, o, retractions)
    change = _find_change(plan, o, retractions)
    if change is not None:
        yield change
    yield from find_corrections(plan, o, retractions)


def _notice(
    plan: Plan,
    o: Obligation,
    kind: NoticeKind,
    fact: Fact,
    retractions: Iterable[Retraction],
    skipped: Reason = reasons.NONE,
) -> Notice:
    """Return the notice of a fact; it waits for the undoing of what made it seem untrue or needless meanwhile."""
    undone = [r.by.recorded_at for r in retractions if _is_later(r.fact, fact) and not r.by.is_silent]
    at = opening(plan, o.milestone, max([told_from(fact), *undone]))
    return Notice(kind, fact.id, local_day(fact.recorded_at, plan.zone), at, skipped)


# ---------------------------------------------------------------- receipts, and what a party states


def _find_receipts(plan: Plan, o: Obligation, retractions: Iterable[Retraction]) -> Iterator[Notice]:
    """Yield the receipts for submissions (contract rule 17).

    One leaves at the next opening. A submission that is recorded while a receipt waits shares that receipt. After a
    receipt has left, the next one leaves on another day, also if the submission was taken back afterwards.
    """
    undone = {r.fact.id: r for r in retractions if _is_about(r.fact, o)}
    for at, shared in _pace_receipts(plan, o, undone).items():
        counting = [fact for fact in shared if fact.id not in undone]
        has_left = any(undone[fact.id].by.letters for fact in shared if fact.id in undone)
        for fact in counting:
            is_shared = has_left or fact is not counting[-1]
            skipped = reasons.LATER_RECEIPT if is_shared else reasons.NONE
            notice = _notice(plan, o, "receipt", fact, retractions, skipped)
            yield notice._replace(at=max(at, notice.at))


def _pace_receipts(plan: Plan, o: Obligation, undone: Mapping[int, Retraction]) -> dict[datetime, list[Received]]:
    """Return the submissions by the instant (UTC) of the receipt that they share; without those undone before it."""
    known = [*o.facts, *(r.fact for r in undone.values())]
    submissions = [fact for fact in known if isinstance(fact, Received) and not fact.is_silent]
    receipts: dict[datetime, list[Received]] = {}
    leaves: datetime | None = None
    for fact in sorted(submissions, key=recording_order):
        at = _receipt_leaves(plan, fact, leaves)
        if fact.id not in undone or undone[fact.id].by.recorded_at > at:
            receipts.setdefault(at, []).append(fact)
            leaves = at
    return receipts


def _receipt_leaves(plan: Plan, fact: Received, before: datetime | None) -> datetime:
    """Return when the receipt for a submission leaves (UTC), after one that leaves at `before`."""
    if before is not None and fact.recorded_at < before:
        return before
    earliest = opening(plan, fact.milestone, fact.recorded_at)
    if before is None or local_day(before, plan.zone) != local_day(earliest, plan.zone):
        return earliest
    return opening(plan, fact.milestone, to_instant(local_day(before, plan.zone) + ONE_DAY, time(), plan.zone))


def _find_copy_reminder(plan: Plan, o: Obligation, retractions: Iterable[Retraction]) -> Iterator[Notice]:
    """Yield the one reminder of a copy that has not come by another channel (contract rule 8).

    It is about the submission since which everything was there, and known to have come by one channel.
    """
    milestone, closed_by = plan.milestone(o.milestone), o.standing.closed_by
    sent = [fact for fact in o.facts if isinstance(fact, Received)] if isinstance(closed_by, Received) else []
    arrived: set[Channel] = set()
    for fact in sent:
        arrived |= {fact.channel} if fact.channel else set()
        is_whole = closed_by is not None and not _is_later(closed_by, fact)
        if is_whole and arrived:
            if find_missing_channels(milestone, frozenset(arrived)) and not fact.is_silent:
                yield _ask_for_copy(plan, milestone, o, fact, retractions)
            return


def _ask_for_copy(
    plan: Plan, milestone: Milestone, o: Obligation, fact: Received, retractions: Iterable[Retraction]
) -> Notice:
    is_awaited = o.standing.state in ("submitted", "resubmitted")
    is_missing = is_awaited and find_missing_channels(milestone, o.standing.channels)
    notice = _notice(plan, o, "copy", fact, retractions, reasons.NONE if is_missing else reasons.ANSWERED)
    day = step_on(notice.since, COPY_AFTER, plan.workdays)
    return notice._replace(at=max(notice.at, to_instant(day, milestone.ladder.at, plan.zone)))


def _find_answers_to_claims(plan: Plan, o: Obligation, retractions: Iterable[Retraction]) -> Iterator[Notice]:
    """Yield the receipts for what a party states about itself, and the notices to the lead.

    The same statement again on the same local day causes none (contract rule 17).
    """
    waiting = {fact.id for fact in (*o.standing.declared, *o.standing.disowned)}
    said: set[tuple[str, date]] = set()
    for fact in o.facts:
        if isinstance(fact, _ANSWERS):
            said.clear()
        elif isinstance(fact, Claim) and not fact.is_silent:
            skipped = reasons.NONE if fact.id in waiting else reasons.ANSWERED
            notice = _notice(plan, o, "notice", fact, retractions, skipped)
            if (fact.kind, notice.since) not in said:
                if isinstance(fact, Declared):
                    yield notice._replace(kind="receipt")
                yield notice
            said.add((fact.kind, notice.since))


def _find_submissions(plan: Plan, o: Obligation, retractions: Iterable[Retraction]) -> Iterator[Notice]:
    """Yield the notices to the lead of what a party sent by itself, or a status check found.

    The office is not told what it recorded itself, nor what it has answered meanwhile.
    """
    sent = [f for f in o.facts if isinstance(f, Received) and f.by.role in ("party", "source") and not f.is_silent]
    lead = members(plan, "lead")
    if plan.submission_notices == "off" or not {*lead} - {o.party}:
        return
    answers = [fact for fact in o.facts if isinstance(fact, Returned | Accepted | Retired) or _releases(fact, o)]
    for fact in sent:
        is_answered = any(_is_later(answer, fact) for answer in answers)
        skipped = reasons.ANSWERED if is_answered else reasons.NONE
        notice = _notice(plan, o, "submission", fact, retractions, skipped)
        is_daily = plan.submission_notices == "daily"
        yield notice._replace(at=_next_report(plan, notice.at)) if is_daily else notice


def _releases(fact: Fact, o: Obligation) -> bool:
    """Return whether a fact releases the party, and not only those that had sent nothing."""
    return isinstance(fact, Waived) and fact.party == o.party


def _next_report(plan: Plan, instant: datetime) -> datetime:
    """Return the first hour of the plan, on a working day, that is not before `instant` (UTC)."""
    day = plan.workdays.on_or_after(local_day(instant, plan.zone))
    at = to_instant(day, plan.ladder.at, plan.zone)
    return at if at >= instant else to_instant(plan.workdays.add(day, 1), plan.ladder.at, plan.zone)


def _find_returns(plan: Plan, o: Obligation, retractions: Iterable[Retraction]) -> Iterator[Notice]:
    """Yield the requests to complete what was sent; only the last return is still true, until it is answered."""
    returns = [fact for fact in o.facts if isinstance(fact, Returned)]
    for fact in returns:
        if not fact.is_silent:
            gone = reasons.LATER_DECISION if fact is not returns[-1] else reasons.ANSWERED
            is_true = fact is returns[-1] and o.standing.state == "returned"
            yield _notice(plan, o, "return", fact, retractions, reasons.NONE if is_true else gone)


# ---------------------------------------------------------------- changes and corrections


def _find_change(plan: Plan, o: Obligation, retractions: Sequence[Retraction]) -> Notice | None:
    """Return the notice of the decision that is in force, if those concerned knew anything else."""
    fact = _decision_of(o)
    if fact is None or fact.is_silent:
        return None
    notice = _notice(plan, o, "change", fact, retractions)
    if not _is_informed(plan, o, fact, notice.at):
        return None
    later = [r for r in retractions if _is_later(r.by, fact)]
    is_corrected = any(not one.skipped for one in find_corrections(plan, o, later))
    return notice._replace(skipped=reasons.CORRECTION_SAYS_IT) if is_corrected else notice


def _decision_of(o: Obligation) -> Change | None:
    """Return the decision that is in force: a release, or else what set the date."""
    closed_by = o.standing.closed_by if o.standing.state == "waived" else None
    return closed_by if isinstance(closed_by, Waived) else o.changed_by


def find_corrections(plan: Plan, o: Obligation, retractions: Sequence[Retraction]) -> Iterator[Notice]:
    """Yield the corrections of what letters to a party say.

    None is needed where an answer has come, or another decision is in force than the one that was taken back.
    """
    decision, closed_by = _decision_of(o), o.standing.closed_by
    for r in retractions:
        if not any((letter.milestone, letter.party) == o.key for letter in r.by.letters):
            continue
        skipped = reasons.NONE
        if closed_by is not None and (_is_later(closed_by, r.by) or isinstance(r.fact, Received | Declared)):
            skipped = reasons.ANSWERED
        elif decision is not None and isinstance(r.fact, Change) and _is_later(decision, r.fact):
            skipped = reasons.LATER_DECISION
        yield _notice(plan, o, "correction", r.by, retractions, skipped)


def _is_later(fact: Fact, other: Fact) -> bool:
    return recording_order(fact) > recording_order(other)


def _is_informed(plan: Plan, o: Obligation, fact: Change, now: datetime) -> bool:
    """Return whether a party gets a notice because a fact changed its date or released it.

    It gets one only if it knew another date before: the first date of something is announced by the invitation
    or by the ladder. A date that is counted from another one moves with it. There is no notice about what is done, over
    or unknown.
    """
    if not o.is_current(now) or o.unknown:
        return False
    if isinstance(fact, Waived):
        return plan.milestone(o.milestone).kind == "deadline" or _knew_a_day_ahead(plan, o, now)
    is_granted = isinstance(fact, Extended) and fact is o.decided_by
    return is_granted or (o.standing.is_open and _is_moved(plan, o, now))


def _is_moved(plan: Plan, o: Obligation, now: datetime) -> bool:
    """Return whether the date in force differs from the one that the party knows."""
    match o.when:
        case EventDate(event, place):
            if o.known_date is None:
                return not o.invited and isinstance(o.was, On) and o.was != event
            leaves = opening(plan, o.milestone, now)
            return (event, place) != o.known_date and leaves < begins_at(event, plan)
        case DueDate() | WindowDate() | NoDate() if o.known_date is not None:
            return _knew_a_day_ahead(plan, o, now)
        case DueDate() as due:
            return _is_told_of(o) and o.was != due.form
        case WindowDate(window):
            return _is_told_of(o) and o.was != window
        case NoDate():
            return _is_told_of(o)
        case _:
            assert_never(o.when)


def _is_told_of(o: Obligation) -> bool:
    """Return whether a party that owes something knew a day of it before, or days between which it would be."""
    return not o.attends and isinstance(o.was, Before | By | Window)


def _knew_a_day_ahead(plan: Plan, o: Obligation, now: datetime) -> bool:
    return o.known_date is not None and now < begins_at(o.known_date.event, plan)


def _is_about(fact: Fact, o: Obligation) -> bool:
    return fact.milestone == o.milestone and fact.party in (None, o.party)
