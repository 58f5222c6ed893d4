"""The items of a calendar: an agenda drawn for a party, for the lead of its plan, or for the public.

Nothing here depends on the current time: an item changes only if a fact was recorded or the plan was edited. Each
follows from the obligations of one milestone or occurrence, or from there being none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, time
from hashlib import blake2b

from scheduler.feeds.descriptions import Description, Link
from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import On
from scheduler.plan.dates.due_dates import DueDate, local_day
from scheduler.plan.dates_in_force import local_hours
from scheduler.plan.facts import Extended
from scheduler.plan.membership import members
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Dated, Obligation, Unassigned
from scheduler.ports import FeedItem
from scheduler.queries.site_links import SiteLinks
from scheduler.wording import bare_window, calendar_words

PUBLIC = ""  # the audience that sees no status
_DONE = ("submitted", "resubmitted", "accepted")
_ZONES = {"Asia/Saigon": "Asia/Ho_Chi_Minh"}  # two names of the same zone: a calendar uses only one


@dataclass(frozen=True, slots=True)
class ItemLinks:
    """The links of entries: a party's own to its page, those of the lead to the board; none without `pages`."""

    pages: SiteLinks | None
    generation: int  # of the party's page

    def own(self, plan: Plan, o: Obligation) -> Link | None:
        """Return the link to the page of a party's obligation."""
        if self.pages is None:
            return None
        return Link("page", self.pages.of(o.party, self.generation, plan.id, o.milestone))

    def board(self, plan: Plan, occurrence: str, *party: str) -> Link | None:
        """Return the link to a milestone on the board, or to one party there."""
        return None if self.pages is None else Link("board", self.pages.on_board(plan.id, occurrence, *party))


def draw(agenda: Agenda, audience: str, links: ItemLinks) -> Iterator[FeedItem]:
    """Yield the items of a party's calendar of a plan, or of the public one (audience "").

    A party of the lead gets all milestones; its own obligations are then only tasks.
    """
    if audience == PUBLIC:
        yield from _draw_all(agenda, None)
        return
    leads = audience in members(agenda.plan, "lead")
    if leads:
        yield from _draw_all(agenda, links)
    for o in agenda.by_party.get(audience, ()):
        if _is_theirs(o, agenda.plan):
            item = _draw_own(agenda, o, links.own(agenda.plan, o))
            if item is not None and (not leads or item.task_due is not None):
                yield replace(item, is_event=not leads)


def cancel(item: FeedItem) -> FeedItem:
    """Return the item as cancelled: marked as such, at the same time, and shown as free."""
    mark, gone = (calendar_words(key, item.language) for key in ("cancelled", "gone"))
    return replace(item, mark=mark, text=f"{gone}\n{item.text}", state="cancelled", busy=False, task_done=None)


def make_uid(*parts: str) -> str:
    """Return an opaque uid that never changes: it depends on ids only, not on titles, dates or states."""
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


# ---------------------------------------------------------------- a party's own


def _is_theirs(o: Obligation, plan: Plan) -> bool:
    """Return whether an obligation belongs in the calendar of its party.

    What a party left open at its end does only if its last day was before that end.
    """
    if o.until is None or not o.standing.is_open:
        return True
    span = o.span
    return span is not None and span[1] < local_day(o.until, plan.zone)


def _draw_own(agenda: Agenda, o: Obligation, link: Link | None) -> FeedItem | None:
    """Return the item of one obligation of a party, or None if it has no date."""
    plan, state = agenda.plan, o.standing.state
    uid = make_uid("own", plan.id, plan.first_id(o.milestone), plan.parties[o.party].origin)
    if plan.milestone(o.milestone).kind == "event" or o.due is None:
        hosts = [host for host in agenda.by_milestone[o.milestone] if not host.attends]
        return _draw_event(o, hosts, uid, _describe_event(plan, o, link))
    text = _describe_duty(plan, o, o.due, link)
    item = _all_day(uid, text.titled(due=o.due if o.standing.is_open else None), text, o.due.named, _mark_of(o))
    return replace(
        item,
        task_due=o.due.target if state != "waived" else None,
        task_done=o.standing.complete_at if state in _DONE else None,
        task_begun=state in ("partial", "returned"),
    )


def _describe_duty(plan: Plan, o: Obligation, due: DueDate, link: Link | None) -> Description:
    """Return the description of what a party owes by a date."""
    text, is_open = Description(plan, plan.milestone(o.milestone), link), o.standing.is_open
    text.deadline(due, is_open=is_open)
    text.decision(o.decided_by)
    text.documents(o.standing)
    if is_open:
        text.sending(o.party)
    else:
        text.recipients()
    text.status(o)
    if o.standing.state == "waived":
        text.decision(o.standing.closed_by)
    text.link()
    text.plan_words()
    text.contact(o.party)
    return text


def _mark_of(o: Obligation) -> str:
    """Return the key of the mark before the title of a duty; "" for none."""
    if o.standing.state in _DONE:
        return "done"
    return "waived" if o.standing.state == "waived" else "extended" if _is_extended(o) else ""


def _is_extended(o: Obligation) -> bool:
    return isinstance(o.decided_by, Extended)


# ---------------------------------------------------------------- events


def _draw_event(
    o: Obligation, hosts: Sequence[Obligation], uid: str, text: Description, *, is_public: bool = False
) -> FeedItem | None:
    """Return the item of an event or a window: fixed, tentative or called off; None if no day is known.

    `hosts` are the obligations of the organisers; the event is called off if all of them are waived.
    """
    span = o.span
    if span is None:
        return None
    item = _on_days(o, span, uid, text)
    states = {host.standing.state for host in hosts}
    if states == {"waived"}:
        return cancel(item)
    return item if is_public else _with_answer(item, o, states)


def _on_days(dated: Dated, span: tuple[date, date], uid: str, text: Description) -> FeedItem:
    """Return the item of an event or a window, with its hours if they are known."""
    plan, is_fixed = text.plan, dated.event is not None
    item = FeedItem(
        uid=uid,
        language=plan.language,
        title=text.titled(words=bare_window(dated.window.words, plan.language) if dated.window else ""),
        text=text.body,
        first=span[0],
        last=span[1],
        place=dated.place,
        mark="" if is_fixed else calendar_words("tentative", plan.language),
        state="confirmed" if is_fixed else "tentative",
        busy=is_fixed,
    )
    if dated.event is not None and dated.event.clock is not None:
        return _with_hours(item, plan, dated.event, dated.event.clock, text.milestone.ladder.closes)
    return item


def _describe_event(plan: Plan, o: Obligation, link: Link | None, *, is_public: bool = False) -> Description:
    """Return the description of an event; the public one has neither the reason for a release nor whom to ask."""
    text = Description(plan, plan.milestone(o.milestone), link)
    text.when(o)
    text.place(o.place)
    text.decision(o.decided_by)
    if o.standing.state == "waived" and not is_public:
        text.decision(o.standing.closed_by)
    text.people()
    text.link()
    text.plan_words()
    if not is_public:
        text.contact(o.party)
    return text


def _with_answer(item: FeedItem, o: Obligation, states: Set[str]) -> FeedItem:
    """Return an event marked as waived for a party, or as done if all organisers, with these states, are done."""
    if o.standing.state == "waived":
        return replace(item, mark=calendar_words("waived", item.language), busy=False)
    if states and states <= {*_DONE, "waived"}:
        return replace(item, mark=calendar_words("done", item.language))
    return item


def _with_hours(item: FeedItem, plan: Plan, event: On, clock: time, closes: time) -> FeedItem:
    """Return an event with its times."""
    begin, end = local_hours(event, clock, closes, plan.zone)
    key = plan.zone.key
    return replace(
        item,
        first=begin.date(),
        clock=begin.time(),
        last=end.date(),
        end_clock=end.time(),
        zone=_ZONES.get(key, key),
    )


# ---------------------------------------------------------------- everybody's


def _draw_all(agenda: Agenda, links: ItemLinks | None) -> Iterator[FeedItem]:
    """Yield the items of all milestones, for the lead or, without `links`, for the public."""
    for obligations in agenda.by_milestone.values():
        yield from _draw_milestone(agenda, obligations, links)
    for one in agenda.unassigned:
        yield from _draw_unassigned(agenda, one, links)


def _draw_milestone(agenda: Agenda, obligations: Sequence[Obligation], links: ItemLinks | None) -> Iterator[FeedItem]:
    """Yield one item for all parties of a milestone or occurrence; for the lead, also one per party with another date.

    Without `links` it is drawn for the public.
    """
    plan, duties = agenda.plan, [o for o in obligations if o.is_duty]
    shown = next(iter([*duties, *obligations]))
    if plan.milestone(shown.milestone).kind == "event" or shown.window is not None:
        yield from _draw_shared_event(plan, shown, duties, links)
        return
    due = _common_due(duties)
    if due is None:
        return
    if links is None:
        yield from _draw_public(plan, duties, due)
        return
    yield _draw_roll(plan, duties, due, links)
    for o in _find_apart(duties, due):
        yield _draw_apart(agenda, o, links)


def _draw_shared_event(
    plan: Plan, shown: Obligation, duties: Sequence[Obligation], links: ItemLinks | None
) -> Iterator[FeedItem]:
    """Yield the item of an event for the lead or, without `links`, the public; nothing if no day is known."""
    is_public = links is None
    link = None if links is None else links.board(plan, shown.milestone)
    uid = make_uid("public" if is_public else "all", plan.id, plan.first_id(shown.milestone))
    text = _describe_event(plan, shown, link, is_public=is_public)
    item = _draw_event(shown, duties, uid, text, is_public=is_public)
    if item is not None:
        yield item


def _draw_unassigned(agenda: Agenda, one: Unassigned, links: ItemLinks | None) -> Iterator[FeedItem]:
    """Yield the item of what nobody owes yet, with the uid that it keeps once somebody does.

    An event that has participants is drawn with theirs.
    """
    plan, span, milestone = agenda.plan, one.span, agenda.plan.milestone(one.milestone)
    is_event = milestone.kind == "event" or one.window is not None
    if span is None or not one.is_open or (is_event and one.milestone in agenda.by_milestone):
        return
    text = Description(plan, milestone, links.board(plan, one.milestone) if links is not None else None)
    _describe_unassigned(text, one, is_event=is_event)
    uid = make_uid("public" if links is None else "all", plan.id, plan.first_id(one.milestone))
    if is_event:
        yield _on_days(one, span, uid, text)
        return
    mark = "" if links is None else calendar_words("to_be_chosen", plan.language)
    yield replace(_all_day(uid, text.titled(due=one.due), text, span[0]), mark=mark)


def _describe_unassigned(text: Description, one: Unassigned, *, is_event: bool) -> None:
    if one.due is not None and not is_event:
        text.deadline(one.due, is_open=True)
    else:
        text.when(one)
        text.place(one.place)
    text.decision(one.decided_by)
    text.unassigned()
    if is_event:
        text.people()
    else:
        text.documents(None)
        text.recipients()
    text.link()
    text.plan_words()


def _draw_public(plan: Plan, duties: Sequence[Obligation], due: DueDate) -> Iterator[FeedItem]:
    """Yield the public item of a deadline, without any status; nothing if all parties are released."""
    if all(o.standing.state == "waived" for o in duties):
        return
    occurrence = duties[0].milestone
    text = Description(plan, plan.milestone(occurrence), None)
    text.deadline(due, is_open=True)
    text.decision(next((o.decided_by for o in duties if o.due == due and not _is_extended(o)), None))
    text.documents(None)
    text.owners(duties)
    text.recipients()
    text.plan_words()
    yield _all_day(make_uid("public", plan.id, plan.first_id(occurrence)), text.titled(due=due), text, due.named)


def _draw_roll(plan: Plan, duties: Sequence[Obligation], due: DueDate, links: ItemLinks) -> FeedItem:
    """Return the item, for the lead, of all parties with the common date: how many have answered, and who."""
    owed = [o for o in duties if o.due in (None, due) and o.standing.state != "waived"]
    answered = sum(o.standing.state in _DONE for o in owed)
    mark = "waived" if not owed else "done" if answered == len(owed) else ""
    text = _describe_roll(plan, duties, due, links, is_open=not mark)
    title = text.titled(due=None if mark else due)
    uid = make_uid("all", plan.id, plan.first_id(duties[0].milestone))
    return _all_day(uid, f"{title}: {answered}/{len(owed)}" if owed else title, text, due.named, mark)


def _describe_roll(
    plan: Plan, duties: Sequence[Obligation], due: DueDate, links: ItemLinks, *, is_open: bool
) -> Description:
    common, first = [o for o in duties if o.due in (None, due)], duties[0]
    text = Description(plan, plan.milestone(first.milestone), links.board(plan, first.milestone))
    text.deadline(due, is_open=is_open)
    text.decision(next((o.decided_by for o in common if not _is_extended(o)), None))
    text.documents(None)
    if is_open:
        text.sending(first.party)
    else:
        text.recipients()
    text.roll(common)
    text.apart(_find_apart(duties, due))
    text.link()
    text.plan_words()
    return text


def _find_apart(duties: Sequence[Obligation], due: DueDate) -> list[Obligation]:
    """Return the duties whose date is not the common one."""
    return [o for o in duties if o.due not in (None, due)]


def _draw_apart(agenda: Agenda, o: Obligation, links: ItemLinks) -> FeedItem:
    """Return the item, for the lead, of one party whose date differs from the common one."""
    plan, party = agenda.plan, agenda.plan.parties[o.party]
    item = _draw_own(agenda, o, links.board(plan, o.milestone, o.party))
    assert item is not None  # noqa: S101 - a party with another date has a date
    uid = make_uid("apart", plan.id, plan.first_id(o.milestone), party.origin)
    return replace(item, uid=uid, title=f"{item.title}: {party.short}", task_due=None, task_done=None, is_passing=True)


def _all_day(uid: str, title: str, text: Description, day: date, mark: str = "") -> FeedItem:
    language = text.plan.language
    marking = calendar_words(mark, language) if mark else ""
    return FeedItem(uid=uid, language=language, title=title, text=text.body, first=day, last=day, mark=marking)


def _common_due(duties: Sequence[Obligation]) -> DueDate | None:
    """Return the most frequent date, the earliest of several; extended and waived ones count only without others."""
    dated = [((o.standing.state == "waived", _is_extended(o)), o.due) for o in duties if o.due is not None]
    usual = min((exception for exception, _ in dated), default=None)
    counted = Counter(due for exception, due in dated if exception == usual)
    return min(counted, key=lambda due: (-counted[due], due.named), default=None)
