"""Check a fact before it is recorded, whoever records it: errors with a hint, and remarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NoReturn, assert_never

from scheduler.errors import NothingMatched, RefusalCode, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By, On, Recurring
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.dates_in_force import can_be_fixed
from scheduler.plan.facts import (
    DEFINITION,
    Accepted,
    Amended,
    Bounced,
    Counted,
    DateFixed,
    Declared,
    Disowned,
    Extended,
    Fact,
    Invited,
    Joined,
    Nominated,
    Noted,
    Opened,
    Paused,
    Postponed,
    Received,
    Reminded,
    Replied,
    Rerouted,
    Retired,
    Returned,
    Skipped,
    Snoozed,
    Waived,
    Withdrawn,
    drop_withdrawn,
)
from scheduler.plan.indicators import counted_parties, is_share, whole_of_all
from scheduler.plan.ladders.adjustments import asked_at, reminder_kind
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.messages.destinations import guests_to_invite
from scheduler.plan.model import Indicator, Milestone, Occurrence, Party, Plan
from scheduler.plan.obligations import EventDate, Obligation
from scheduler.plan.reasons import Reason
from scheduler.plan.recipients import silent_addresses
from scheduler.plan.scope import Scope
from scheduler.ports import UnitOfWork
from scheduler.texts import Text

MOST = 1_000_000_000  # the highest count that is taken
MOST_PEOPLE = 1_000  # who come from one party
# What may still come after a plan has ended.
_OF_RETIRED = (
    Received,
    Declared,
    Disowned,
    Amended,
    Joined,
    Bounced,
    Rerouted,
    Paused,
    Counted,
    Noted,
    Postponed,
    Withdrawn,
)
OfObligation = Received | Declared | Returned | Accepted | Extended | Opened | Joined | Disowned  # about one obligation


def check_fact(agenda: Agenda, fact: Fact, unit: UnitOfWork) -> list[Reason]:  # noqa: C901 - one match over the facts
    """Return remarks on a fact that may be recorded.

    Raises `NothingMatched` for an unknown name, and `UserError` for a fact that makes no sense as things stand.
    """
    if not isinstance(fact, _OF_RETIRED):
        refuse_retired(agenda.retired)
    if fact.happened_at > fact.recorded_at:
        raise UserError(Text("it cannot have happened in the future"), hint=Text("check the date given"), code="future")
    match fact:
        case Received() | Declared() | Returned() | Accepted() | Extended() | Opened() | Joined() | Disowned():
            return _check_of_obligation(agenda, fact)
        case Skipped() | Snoozed() | Reminded() | Noted():
            return _check_adjustment(agenda, fact, unit)
        case Waived():
            return _check_waived(agenda, fact)
        case DateFixed():
            return _check_date_fixed(agenda, fact)
        case Invited():
            return _check_invited(agenda, fact)
        case Replied():
            _check_replied(agenda, fact)
            return []
        case Amended():
            find_milestone(agenda.plan, fact.milestone, agenda)
            return []
        case Nominated():
            return _check_nominated(agenda, fact)
        case Bounced() | Rerouted():
            _find_address(agenda.plan, fact)
            return []
        case Paused():
            _check_paused(agenda.plan, fact, unit)
            return []
        case Postponed():
            _refuse_past_day(agenda.plan, fact, Text("name the last day without it"))
            return []
        case Retired():
            return []
        case Counted():
            _check_counted(agenda.plan, fact)
            return []
        case Withdrawn():
            return _check_withdrawn(agenda, fact, unit)
        case _:
            assert_never(fact)


def find_milestone(plan: Plan, id: str, agenda: Agenda | None = None) -> Milestone:
    """Return a milestone by its id or the id of an occurrence. Raises `NothingMatched` with similar ids."""
    owed = (*agenda.obligations, *agenda.unassigned) if agenda else ()
    known = {*(m.id for m in plan.milestones), *(o.milestone for o in owed)}
    if id not in known:
        raise NothingMatched.named(Text("milestone of {id}", id=plan.id), id, known)
    return plan.milestone(id)


def _check_occurrence(agenda: Agenda, id: str, milestone: Milestone) -> None:
    """Raise `NothingMatched` for the id of a recurring milestone if an occurrence is meant."""
    owed = (*agenda.obligations, *agenda.unassigned)
    known = {o.milestone for o in owed if Occurrence.of(o.milestone).milestone == milestone.id}
    if isinstance(milestone.form, Recurring) and id not in known:
        raise NothingMatched.named(Text("occurrence of {id}", id=milestone.id), id, known)


def find_obligation(agenda: Agenda, milestone: str, party: str) -> Obligation:
    """Return an obligation. Raises `NothingMatched` if the party does not owe the milestone."""
    _check_occurrence(agenda, milestone, find_milestone(agenda.plan, milestone, agenda))
    _find_party(agenda.plan, party)
    own = {o.party: o for o in agenda.obligations if o.milestone == milestone and not o.attends}
    if party not in own:
        raise NothingMatched.named(Text("party that owes {milestone}", milestone=milestone), party, own)
    return own[party]


def _settles_whose_task(agenda: Agenda, fact: OfObligation) -> bool:
    """Return whether a party disowns an obligation, or an office insists on it; it may be that of a mere attendant."""
    obligation = agenda.by_key.get((fact.milestone, fact.party))
    if obligation is None:
        return False
    return isinstance(fact, Disowned) or (isinstance(fact, Opened) and bool(obligation.standing.disowned))


def _check_of_obligation(agenda: Agenda, fact: OfObligation) -> list[Reason]:
    if _settles_whose_task(agenda, fact):
        return []
    milestone = find_milestone(agenda.plan, fact.milestone, agenda)
    if isinstance(fact, Received | Declared) and milestone.kind == "event":  # nor does anybody owe it who attends
        _refuse(
            Text("{id} is an event: nothing is handed in for it", id=milestone.id),
            Text("`waive` says it does not take place"),
            "no-documents",
        )
    obligation = find_obligation(agenda, fact.milestone, fact.party)
    match fact:
        case Received():
            return _check_received(fact, milestone, obligation)
        case Declared():
            return _check_declared(fact, milestone, obligation)
        case Returned():
            return _check_returned(fact, milestone, obligation)
        case Accepted():
            return _check_accepted(fact, milestone, obligation)
        case Extended():
            return _check_extended(agenda.plan, fact, milestone, obligation)
        case Opened():
            return _check_opened(fact, milestone, obligation)
        case Joined() | Disowned():
            return []
        case _:
            assert_never(fact)


def _check_adjustment(agenda: Agenda, fact: Skipped | Snoozed | Reminded | Noted, unit: UnitOfWork) -> list[Reason]:
    """Return remarks on what the office decides about the reminders of an obligation, or writes down about it."""
    obligation = agenda.by_key.get((fact.milestone, fact.party)) or find_obligation(agenda, fact.milestone, fact.party)
    if not isinstance(fact, Noted) and not fact.reason.strip():
        _refuse(Text("the reason is empty"), Text("say why"), "no-reason")
    match fact:
        case Skipped():
            _check_skipped(agenda.plan, fact, unit)
        case Snoozed():
            return _check_snoozed(agenda.plan, fact, obligation)
        case Reminded():
            _refuse_settled(obligation)
            _refuse_without_day(agenda.plan, obligation, asked_at(agenda.plan, obligation, fact.recorded_at))
            pause = agenda.pause_at(obligation, fact.recorded_at)
            return [reasons.asked_in_pause(pause.fact.until)] if pause is not None else []
        case Noted():
            if not fact.note.strip():
                _refuse(Text("the note is empty"), Text("write what is to be kept"), "no-note")
        case _:
            assert_never(fact)
    return []


def _refuse_settled(obligation: Obligation) -> None:
    """Refuse what concerns the reminders of an obligation of which nobody is reminded."""
    if obligation.unknown:
        _refuse(
            Text("{id} of {party} is in doubt and not reminded of", id=obligation.milestone, party=obligation.party),
            Text("`start` says whether it is open"),
            "in-doubt",
        )
    _refuse_closed(obligation)


def _refuse_closed(obligation: Obligation) -> None:
    """Refuse what makes sense only as long as something is owed."""
    if not obligation.standing.is_open:
        _refuse(
            Text("{id} of {party} is not open any more", id=obligation.milestone, party=obligation.party),
            Text("`status` shows how it stands"),
            "not-open",
        )


def _refuse_without_day(plan: Plan, obligation: Obligation, at: datetime) -> None:
    """Refuse what concerns the reminders of an obligation of which nobody could be reminded at an instant."""
    if reminder_kind(plan, obligation, at) is None:
        _refuse(
            Text("there is no day of which {party} could be reminded", party=obligation.party),
            Text("fix the day first"),
            "no-day-known",
        )


def _check_skipped(plan: Plan, fact: Skipped, unit: UnitOfWork) -> None:
    rows = unit.rungs.within(plan.id, Scope({fact.milestone: frozenset([fact.party])}))
    known = {row.name: row for row in rows if row.due == fact.due and not is_notice(row.kind)}
    if fact.step not in known:
        raise NothingMatched.named(
            Text("step of {milestone} of {party}", milestone=fact.milestone, party=fact.party), fact.step, known
        )
    if known[fact.step].state != "planned":
        _refuse(
            Text("{step} does not lie ahead any more", step=fact.step),
            Text("a mail that waits can be held in the outbox"),
            "step-gone",
        )


def _check_snoozed(plan: Plan, fact: Snoozed, obligation: Obligation) -> list[Reason]:
    _refuse_settled(obligation)
    _refuse_past_day(plan, fact, Text("name the last day without a reminder"))
    _refuse_without_day(plan, obligation, fact.recorded_at)
    today = local_day(fact.recorded_at, plan.zone)
    due, event = obligation.due, obligation.event
    last = due.last_in_time if due is not None else event.first if event is not None else None
    return [reasons.pause_past_due(last)] if last is not None and today <= last <= fact.until else []


def _check_waived(agenda: Agenda, fact: Waived) -> list[Reason]:
    if fact.party is not None:
        find_obligation(agenda, fact.milestone, fact.party)
    else:
        _check_occurrence(agenda, fact.milestone, find_milestone(agenda.plan, fact.milestone, agenda))
    return []


def _check_received(fact: Received | Declared, milestone: Milestone, obligation: Obligation) -> list[Reason]:
    _check_deliverables(milestone, fact.deliverables if isinstance(fact, Received) else ())
    if obligation.due and obligation.due.is_late(fact.happened_at):
        return [reasons.late(obligation.due.named)]
    return []


def _check_declared(fact: Declared, milestone: Milestone, obligation: Obligation) -> list[Reason]:
    _refuse_closed(obligation)
    return _check_received(fact, milestone, obligation)


def _check_returned(fact: Returned, milestone: Milestone, obligation: Obligation) -> list[Reason]:
    if obligation.standing.state in ("open", "waived"):
        _refuse(
            Text("nothing of {id} was received from {party} yet", id=milestone.id, party=fact.party),
            Text("record it with `receive` first"),
            "nothing-received",
        )
    _check_deliverables(milestone, fact.missing)
    return []


def _check_accepted(fact: Accepted, milestone: Milestone, obligation: Obligation) -> list[Reason]:
    if obligation.standing.state in ("submitted", "resubmitted"):
        return []
    if obligation.standing.state == "accepted":
        _refuse(
            Text("{id} of {party} is accepted already", id=milestone.id, party=fact.party),
            Text("`why` and `status` show when"),
            "accepted-already",
        )
    missing = ", ".join(obligation.standing.missing)
    what = Text("still missing: {missing}", missing=missing) if missing else Text("nothing complete was received yet")
    return _refuse(
        Text("{id} of {party} cannot be accepted: {what}", id=milestone.id, party=fact.party, what=what),
        Text("record what came with `receive` first"),
        "incomplete",
    )


def _check_extended(plan: Plan, fact: Extended, milestone: Milestone, obligation: Obligation) -> list[Reason]:
    if obligation.due is None or milestone.kind == "event":
        _refuse(
            Text("{id} has no deadline that could be extended", id=milestone.id),
            Text("`fix-date` sets a date"),
            "no-deadline",
        )
    until = fact.form.day if isinstance(fact.form, By) else None
    if until is None or until <= obligation.due.last:
        _refuse(
            Text(
                "an extension to {until} does not lie after {last}, the last day now",
                until=until,
                last=obligation.due.last,
            ),
            Text("give a later day with --until"),
            "not-later",
        )
    is_past = until < local_day(fact.recorded_at, plan.zone)
    return [*([reasons.STILL_OVERDUE] if is_past else []), *_remarks_on_days_off(plan, until)]


def _check_opened(fact: Opened, milestone: Milestone, obligation: Obligation) -> list[Reason]:
    if not obligation.unknown:
        _refuse(
            Text("{id} of {party} is not in doubt", id=milestone.id, party=fact.party),
            Text(
                "`start` is for what was past when the plan, or the party, came in, `insist` for what a party disowns"
            ),
            "not-in-doubt",
        )
    return []


def _check_deliverables(milestone: Milestone, named: Iterable[str]) -> None:
    known = {d.id for d in milestone.deliverables}
    for id in named:
        if id not in known:
            raise NothingMatched.named(Text("deliverable of {id}", id=milestone.id), id, known)


def _check_date_fixed(agenda: Agenda, fact: DateFixed) -> list[Reason]:
    milestone = find_milestone(agenda.plan, fact.milestone, agenda)
    _check_occurrence(agenda, fact.milestone, milestone)
    own = [o for o in agenda.obligations if o.milestone == fact.milestone and not o.attends]
    if not can_be_fixed(milestone, own):
        _refuse(
            Text("{id} has a date in the plan already", id=milestone.id),
            Text("change it in the definition file; `extend` gives one party more time"),
            "dated-already",
        )
    return list(_remarks_on_date(agenda.plan, fact, own))


def _remarks_on_date(plan: Plan, fact: DateFixed, own: Sequence[Obligation]) -> Iterator[Reason]:
    """Yield remarks on a fixed date that is unusual but may be intended."""
    form = fact.form
    assert isinstance(form, On | By)  # noqa: S101 - what can be fixed, see `commands`
    first, last = (form.first, form.last) if isinstance(form, On) else (form.day, form.day)
    limit = next((o.due.last_in_time for o in own if o.due is not None), None)
    if isinstance(form, On) and limit is not None and last > limit:
        yield reasons.asked_before(limit)
    yield from _remarks_on_window(first, last, own)
    yield from _remarks_on_guests(plan, fact, own)
    place = next((o.place for o in own if o.place), "")
    if place and not fact.place:
        yield reasons.place_left_out(place)
    if last < local_day(fact.recorded_at, plan.zone):
        yield reasons.NOT_REMINDED
    yield from _remarks_on_days_off(plan, first, last)


def _remarks_on_guests(plan: Plan, fact: DateFixed, own: Sequence[Obligation]) -> Iterator[Reason]:
    """Yield a remark if an event that gets its day has guests whom the office must invite itself."""
    if isinstance(fact.form, On) and local_day(fact.recorded_at, plan.zone) <= fact.form.last:
        dated = (replace(o, when=EventDate(fact.form), decided_by=fact) for o in own)
        guests = next((found for o in dated if (found := guests_to_invite(plan, o))), ())
        if guests:
            yield reasons.invite_guests("; ".join(party.name for party in guests))


def _check_invited(agenda: Agenda, fact: Invited) -> list[Reason]:
    milestone = find_milestone(agenda.plan, fact.milestone, agenda)
    _check_occurrence(agenda, fact.milestone, milestone)
    own = [o for o in agenda.obligations if o.milestone == fact.milestone and not o.attends]
    if not any(guests_to_invite(agenda.plan, o) for o in own):
        _refuse(
            Text("{milestone} has nobody who is still to be invited", milestone=fact.milestone),
            Text("it counts for events with a date and with `guests`, once for each date"),
            "nobody-to-invite",
        )
    return []


def _check_replied(agenda: Agenda, fact: Replied) -> None:
    milestone = find_milestone(agenda.plan, fact.milestone, agenda)
    _check_occurrence(agenda, fact.milestone, milestone)
    _refuse_uninvited(agenda, fact, milestone)
    if fact.reply == "delegated" and not milestone.deputy:
        hint = Text("where the plan allows it, the key `deputy` of the milestone says who may")
        _refuse(
            Text("nobody may come to {milestone} instead of the one invited", milestone=fact.milestone),
            hint,
            "no-deputy",
        )
    if fact.deputy and fact.reply != "delegated":
        hint = Text("name who comes instead with a reply that says so")
        _refuse(Text("{deputy} comes instead of nobody", deputy=fact.deputy), hint, "no-deputy")
    most = 0 if fact.reply == "declined" else MOST_PEOPLE
    if fact.people is not None and not 0 < fact.people <= most:
        hint = Text("1 to {most_people} who come, and none where nobody does", most_people=MOST_PEOPLE)
        _refuse(Text("the number of people does not fit the reply"), hint, "no-people")


def _refuse_uninvited(agenda: Agenda, fact: Replied, milestone: Milestone) -> None:
    """Refuse the reply of a party that is not invited to an event, or to no day."""
    if milestone.kind != "event":
        hint = Text("only who is invited to an event replies; `hanchot receive` records documents")
        _refuse(Text("{milestone} is not an event", milestone=fact.milestone), hint, "no-invitation")
    _find_party(agenda.plan, fact.party)
    invited = {o.party: o for o in agenda.obligations if o.milestone == fact.milestone and o.invited}
    if fact.party not in invited:
        raise NothingMatched.named(Text("party invited to {milestone}", milestone=fact.milestone), fact.party, invited)
    o = invited[fact.party]
    if o.event is None or o.standing.state == "waived":
        _refuse(
            Text("{milestone} has no day to which {party} is invited", milestone=fact.milestone, party=fact.party),
            Text("fix the day first"),
            "no-invitation",
        )


def _remarks_on_days_off(plan: Plan, *days: date) -> Iterator[Reason]:
    """Yield a remark for each of the days that is a day off."""
    for day in dict.fromkeys(days):
        if not plan.workdays.is_workday(day):
            yield reasons.day_off(day)


def _remarks_on_window(first: date, last: date, own: Sequence[Obligation]) -> Iterator[Reason]:
    """Yield a remark if days do not lie in the window that the plan gives."""
    window = next((o.window for o in own if o.window is not None), None)
    if window is not None and not (window.first <= first and last <= window.last):
        yield reasons.outside_window(window.first, window.last)


def _check_nominated(agenda: Agenda, fact: Nominated) -> list[Reason]:
    chosen = {group.id for group in agenda.plan.groups.values() if group.chosen_by is not None}
    if fact.group not in chosen:
        raise NothingMatched.named(Text("group to be chosen"), fact.group, chosen)
    for id in fact.parties:
        party = _find_party(agenda.plan, id)
        if party.external or not party.contacts:
            _refuse(
                Text("{id} cannot be nominated: it only receives documents", id=id),
                Text("name a party with contacts"),
                "no-contacts",
            )
    return []


def _check_counted(plan: Plan, fact: Counted) -> None:
    known = {indicator.id: indicator for indicator in plan.indicators}
    if fact.indicator not in known:
        raise NothingMatched.named(Text("indicator of {id}", id=plan.id), fact.indicator, known)
    indicator = known[fact.indicator]
    if not indicator.measure.manual:
        _refuse(
            Text(
                "{id} is counted from the milestone {milestone}", id=indicator.id, milestone=indicator.measure.milestone
            ),
            Text("record what came there"),
            "computed",
        )
    if not 0 <= fact.value <= MOST or (fact.of is not None and not 1 <= fact.of <= MOST):
        _refuse(Text("that is no count"), Text("write whole numbers from 0 to {most}", most=MOST), "no-count")
    whole = fact.of if fact.party is not None else whole_of_all(plan, indicator, fact)
    if whole is not None and fact.value > whole:
        _refuse(
            Text("{value} is more than {whole}", value=fact.value, whole=whole),
            Text("the whole (--of) is the larger number"),
            "more-than-all",
        )
    if fact.party is not None:
        _check_counted_of_party(plan, indicator, fact, fact.party)


def _check_counted_of_party(plan: Plan, indicator: Indicator, fact: Counted, party: str) -> None:
    parties = counted_parties(plan)
    if party not in parties:
        raise NothingMatched.named(Text("party of which results are counted"), party, parties)
    is_yes_or_no = is_share(indicator.target) and not indicator.measure.each
    if not indicator.measure.each and (fact.of is not None or (is_yes_or_no and fact.value > 1)):
        _refuse(
            Text(
                "{id} counts over all parties: of one party that is {value}",
                id=indicator.id,
                value=Text("0 or 1") if is_yes_or_no else Text("a number"),
            ),
            Text("leave out --of, or leave out the party"),
            "one-party",
        )


def remark_past(before: Agenda, after: Agenda) -> list[Reason]:
    """Return a remark for each obligation that was past its last day when its party was chosen (contract rule 4)."""
    found = [o for o in after.obligations if o.unknown and (o.milestone, o.party) not in before.by_key]
    return [reasons.past_when_chosen(o.milestone, o.party) for o in found]


def _find_party(plan: Plan, id: str) -> Party:
    if id not in plan.parties:
        raise NothingMatched.named(Text("party"), id, plan.parties)
    return plan.parties[id]


def _check_paused(plan: Plan, fact: Paused, unit: UnitOfWork) -> None:
    _find_address(plan, fact)
    _refuse_past_day(plan, fact, Text("name the last day without mail to it"))
    known = [*drop_withdrawn(unit.facts.general(plan.id)), fact]
    if fact.address not in silent_addresses(plan, known, fact.recorded_at):
        _refuse(
            Text("nobody else would get what goes to {address}", address=fact.address),
            Text(
                "name another contact in the roster, in the stead of a head another head; a single mail can be "
                "held with `hanchot outbox hold`"
            ),
            "only-contact",
        )


def _refuse_past_day(plan: Plan, fact: Paused | Snoozed | Postponed, hint: Text) -> None:
    """Refuse an end that lies before the day on which it is recorded."""
    if fact.until < local_day(fact.recorded_at, plan.zone):
        _refuse(Text("{until} has passed", until=fact.until), hint, "past-day")


def _find_address(plan: Plan, fact: Bounced | Rerouted | Paused) -> None:
    """Raise `NothingMatched` if the party does not have the address that a fact names."""
    party = _find_party(plan, fact.party)
    known = [contact.email for contact in party.contacts]
    if fact.address and fact.address not in known:
        raise NothingMatched.named(Text("address of {id}", id=party.id), fact.address, known)


def refuse_retired(retired: Retired | None) -> None:
    """Raise `UserError` if a plan has been retired, by the fact `retired`."""
    if retired is not None:
        id = retired.id
        _refuse(
            Text("{plan} was retired by f{id}", plan=retired.plan, id=id),
            Text("`hanchot undo f{id}` takes that back", id=id),
            "retired-already",
        )


def _check_withdrawn(agenda: Agenda, fact: Withdrawn, unit: UnitOfWork) -> list[Reason]:
    target = unit.facts.get(fact.target)
    if target is None or target.plan != agenda.plan.id:
        raise NothingMatched(
            Text("unknown fact: {target}", target=fact.target), hint=Text("`status --format json` names the facts")
        )
    if isinstance(target, Withdrawn):
        _refuse(Text("fact f{id} is itself an undo", id=target.id), Text("record what is true instead"), "is-undo")
    if target.by == DEFINITION:
        _refuse(
            Text("fact f{id} came from the definition file", id=target.id),
            Text("change the file back instead"),
            "from-file",
        )
    if any(isinstance(f, Withdrawn) and f.target == target.id for f in unit.facts.general(agenda.plan.id)):
        _refuse(Text("fact f{id} was withdrawn already", id=target.id), Text("nothing to do"), "withdrawn-already")
    return []


def _refuse(message: str, hint: str, code: RefusalCode) -> NoReturn:
    raise UserError(message, hint=hint, code=code)
