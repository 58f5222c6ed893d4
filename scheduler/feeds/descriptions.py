"""The titles, without their marks, and the descriptions of calendar entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scheduler import wording
from scheduler.plan.dates.date_forms import bracketed
from scheduler.plan.dates.due_dates import DueDate, local_day
from scheduler.plan.facts import Closing, Decision, Received, Waived
from scheduler.plan.messages.destinations import (
    find_destination,
    names_to_send_to,
    office_receives,
    parties_of,
    ways_to_send,
    whom_to_ask,
)
from scheduler.plan.model import Milestone, Party, Plan
from scheduler.plan.obligations import Dated, Obligation
from scheduler.plan.standing import Standing

MANY = 12  # up to this many parties are named, more are only counted


class Link(NamedTuple):
    """A URL with more about an entry; `key` names the text that introduces it."""

    key: str
    address: str


class Description:
    """Builder for the description of one entry; each method adds lines in the language of the plan."""

    def __init__(self, plan: Plan, milestone: Milestone, link: Link | None) -> None:
        self.plan = plan
        self.milestone = milestone
        self._link = link
        self._lines: list[str] = []

    @property
    def body(self) -> str:
        """Return the description so far."""
        return "\n".join(self._lines)

    def titled(self, due: DueDate | None = None, words: str = "") -> str:
        """Return the title on one line, followed in brackets by the deadline `due` or by `words`, if given."""
        title = " ".join(self.milestone.title.split())
        words = wording.format_due(due, self.plan.language) if due else " ".join(words.split())
        return title + bracketed(words)

    def deadline(self, due: DueDate, *, is_open: bool) -> None:
        """Add the literal deadline, with the day to aim at while the obligation is open, and the condition."""
        is_sent = bool(self.milestone.report_to or self.milestone.deliverables)
        language = self.plan.language
        aim = wording.format_aim(due, language, to_send=is_sent) if is_open else wording.format_due(due, language)
        self._say("deadline", when=aim)
        if self.milestone.condition:
            self._say("condition", words=self.milestone.condition)

    def when(self, o: Dated) -> None:
        """Add the time of an event as far as it is known, and the condition."""
        language = self.plan.language
        if o.event is not None:
            self._say("time", when=wording.format_event(o.event, language))
        elif o.window is not None:
            days = wording.format_days(o.window.first, o.window.last, language)
            if o.window.words:
                self._say("window", words=o.window.words, days=days)
            else:
                self._say("window_days", days=days)
        elif o.due is not None:
            self._say("to_be_held", when=wording.format_aim(o.due, language, to_send=False))
        if self.milestone.condition:
            self._say("condition", words=self.milestone.condition)

    def place(self, place: str) -> None:
        """Add the place, if it is known."""
        if place:
            self._say("place", place=place)

    def decision(self, fact: Decision | Closing | None) -> None:
        """Add the decision that deviates from the plan, and its reason, as far as the fact names them."""
        if isinstance(fact, Decision | Waived) and fact.decision:
            self._say("decision", decision=fact.decision)
        if isinstance(fact, Decision | Waived) and fact.reason:
            self._say("reason", reason=fact.reason)

    def documents(self, standing: Standing | None) -> None:
        """Add the list of documents; after a partial submission, only those that are missing."""
        wanted = self.milestone.deliverables
        if standing is not None and standing.missing and len(standing.missing) < len(wanted):
            self._list("missing", [d.title for d in wanted if d.id in standing.missing])
        elif wanted:
            self._list("documents", [d.title for d in wanted])

    def sending(self, party: str) -> None:
        """Add the recipients and the channels by which a party sends its documents."""
        self.recipients()
        language = self.plan.language
        recipients = parties_of(self.plan, self.milestone.report_to)
        ours = office_receives(self.plan, party, recipients)
        destination = find_destination(self.plan, self.milestone, ours=ours or not recipients)
        ways = []
        for channel, place in ways_to_send(self.milestone, destination):
            name = wording.channel_name(channel, language)
            key = "way_email" if channel == "email" else "way"
            ways.append(wording.calendar_words(key, language, channel=name, place=place) if place else name)
        if ways and (recipients or self.milestone.deliverables):
            self._say("ways", ways="; ".join(ways))

    def recipients(self) -> None:
        """Add the recipients."""
        recipients = parties_of(self.plan, self.milestone.report_to)
        self._names("recipients", names_to_send_to(self.milestone, recipients))

    def owners(self, duties: Sequence[Obligation]) -> None:
        """Add the parties that owe it, or only their number if there are more than `MANY`."""
        if len(duties) > MANY:
            self._say("owners_number", number=wording.format_count(len(duties), self.plan.language))
        else:
            self._parties("owners", [self.plan.parties[o.party] for o in duties])

    def unassigned(self) -> None:
        """Add that it is not known yet which parties will owe it."""
        self._say("unassigned", status=wording.status_label("unassigned", self.plan.language).lower())

    def people(self) -> None:
        """Add the organisers and the participants of an event."""
        self._parties("organisers", parties_of(self.plan, self.milestone.organiser))
        self._parties("attendees", parties_of(self.plan, (*self.milestone.attendees, *self.milestone.guests)))

    def status(self, o: Obligation) -> None:
        """Add the state of an obligation, with the day and the number of the submission once it is closed."""
        language, standing = self.plan.language, o.standing
        status = wording.status_label(_state(o), language)
        if standing.complete_at is not None and not standing.is_open:
            day = wording.format_day(local_day(standing.complete_at, self.plan.zone), language)
            self._say("status_day", status=status, day=day)
            if isinstance(standing.complete_by, Received):
                self._say("receipt", number=standing.complete_by.number)
        else:
            self._say("status", status=status)

    def roll(self, duties: Sequence[Obligation]) -> None:
        """Add the parties by state, with the missing documents of those that have submitted a part."""
        language = self.plan.language
        by_state: dict[str, list[str]] = {}
        for o in duties:
            name = self.plan.parties[o.party].short
            missing = [d.title for d in self.milestone.deliverables if d.id in o.standing.missing]
            if 0 < len(missing) < len(self.milestone.deliverables):
                lacking = wording.calendar_words("lacking", language, documents=wording.join_list(missing, language))
                name = f"{name} ({lacking})"
            by_state.setdefault(_state(o), []).append(name)
        for state, names in sorted(by_state.items(), key=lambda found: _ROLL.index(found[0])):
            self._say(
                "roll",
                status=wording.status_label(state, language),
                count=wording.format_count(len(names), language),
                parties=", ".join(names),
            )

    def apart(self, duties: Sequence[Obligation]) -> None:
        """Add the parties that have another date; they have entries of their own."""
        self._names("apart", [self.plan.parties[o.party].short for o in duties])

    def gone(self) -> None:
        """Add that it was called off or no longer belongs to this calendar."""
        self._say("gone")

    def link(self) -> None:
        """Add the link, if there is one."""
        if self._link is not None:
            self._say(self._link.key, address=self._link.address)

    def plan_words(self) -> None:
        """Add the plan, the section and the quote."""
        plan, language, milestone = self.plan, self.plan.language, self.milestone
        words = wording.calendar_words
        self._lines.append("")
        self._say(
            "basis",
            number=words("number", language, number=plan.number) if plan.number else "",
            issued=wording.format_day(plan.issued, language),
            section=words("section", language, section=milestone.section) if milestone.section else "",
        )
        if milestone.quote:
            self._say("quote", quote=milestone.quote.strip())

    def contact(self, party: str) -> None:
        """Add the office that a party can ask."""
        language = self.plan.language
        ours = office_receives(self.plan, party, parties_of(self.plan, self.milestone.report_to))
        office = whom_to_ask(self.plan.office, find_destination(self.plan, self.milestone, ours=ours))
        who = [office.contact or office.name]
        who += [wording.calendar_words("phone", language, phone=office.phone)] if office.phone else []
        who += [wording.calendar_words("email", language, email=office.email)] if office.email else []
        if any(who):
            self._say("ask", who=", ".join(part for part in who if part))

    def _say(self, key: str, **values: object) -> None:
        self._lines.append(wording.calendar_words(key, self.plan.language, **values))

    def _list(self, key: str, items: Sequence[str]) -> None:
        self._say(key)
        self._lines += [f"{number}. {item}" for number, item in enumerate(items, 1)]

    def _parties(self, key: str, parties: Sequence[Party]) -> None:
        self._names(key, [party.name for party in parties])

    def _names(self, key: str, names: Sequence[str]) -> None:
        if names:
            self._say(key, parties=wording.join_list(names, self.plan.language))


_ROLL = (
    "accepted",
    "accepted_late",
    "submitted",
    "resubmitted",
    "declared",
    "in_review",
    "partial",
    "returned",
    "open",
    "unknown",
    "waived",
)


def _state(o: Obligation) -> str:
    """Return the state of an obligation as a status code, as far as it does not depend on the current day."""
    standing = o.standing
    if standing.is_open:
        return standing.waiting or ("unknown" if o.unknown else standing.state)
    is_late = o.due is not None and standing.complete_at is not None and o.due.is_late(standing.complete_at)
    return "accepted_late" if standing.state == "accepted" and is_late else standing.state
