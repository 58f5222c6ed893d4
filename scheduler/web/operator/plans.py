"""One plan, one milestone, one party, one obligation: everything that is known of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.agenda import RungState
from scheduler.plan.board import Cell, read_cell, still_needed
from scheduler.plan.destinations import parties_of
from scheduler.plan.indicators import measure
from scheduler.plan.model import Group, Party, Plan, Recurring
from scheduler.ports import RungRow, Unit
from scheduler.queries.site_links import PageAddresses
from scheduler.queries.snapshot import Picture
from scheduler.web.context import Visit, for_operators
from scheduler.web.lookup import cut, find_definition, find_milestone, find_obligation, find_party, page_number
from scheduler.web.operator.actions import actions_for, read_note
from scheduler.web.operator.grid import draw_rows, usual
from scheduler.web.operator.history import split, tell_facts, tell_steps

LATEST = 20  # facts and mails shown at a glance; the rest is in the ledger and the outbox


class StepCount(NamedTuple):
    """How many promises of a milestone share an instant, a name and a state."""

    at: datetime
    name: str
    state: RungState
    number: int


def show_plan(visit: Visit) -> Response:
    """Show a plan: what it says, its milestones, its groups, its decisions."""
    with visit.running.store.reading() as view:
        plan, picture = _open(visit, view)
        state = view.plans.state(plan.id)
        told = tell_facts(view, picture, picture.facts[-LATEST:])
    cells = picture.duties(visit.now)
    return visit.page(
        "plan.html",
        language=plan.language,
        plan=plan,
        state=state,
        rows=draw_rows(plan, cells),
        indicators=[(indicator, measure(picture.agenda, indicator, visit.now)) for indicator in plan.indicators],
        groups=[(group, members_of(picture, group)) for group in plan.groups.values()],
        parties=cut(list(plan.parties.values()), page_number(visit)),
        unknown=sum(cell.code == "unknown" for cell in cells),
        told=told,
        note=read_note(visit),
    )


def show_milestone(visit: Visit) -> Response:
    """Show a milestone or one occurrence: its words and dates, who stands how, what happened, what was promised."""
    id = visit.request.path_params["milestone"]
    with visit.running.store.reading() as view:
        plan, picture = _open(visit, view)
        milestone = find_milestone(picture.agenda, id)
        cells = [cell for cell in picture.duties(visit.now) if cell.obligation.milestone == id]
        steps = count_steps(view.rungs.of_milestone(plan.id, id))
        told = tell_facts(view, picture, [f for f in picture.facts if f.milestone == id][-LATEST:])
    if not cells and isinstance(milestone.form, Recurring):
        return _show_occurrences(visit, plan, picture, id)
    attending = [o.party for o in picture.agenda.obligations if o.milestone == id and o.attends]
    return visit.page(
        "milestone.html",
        language=plan.language,
        plan=plan,
        milestone=milestone,
        id=id,
        usual=usual(cell.obligation for cell in cells) if cells else None,
        cells=cut(sorted(cells, key=_urgency), page_number(visit)),
        counted=Counter(cell.shown for cell in cells),
        attending=[plan.parties[party] for party in attending],
        report_to=parties_of(plan, milestone.report_to),
        guests=parties_of(plan, milestone.guests),
        needed=still_needed(picture.agenda, milestone, visit.now),
        told=told,
        steps=steps,
        actions=actions_for(picture, milestone=id, cell=None),
        note=read_note(visit),
    )


def _show_occurrences(visit: Visit, plan: Plan, picture: Picture, id: str) -> Response:
    rows = [row for row in draw_rows(plan, picture.duties(visit.now)) if row.milestone.id == id]
    return visit.page("occurrences.html", language=plan.language, plan=plan, milestone=plan.milestone(id), rows=rows)


def show_party(visit: Visit) -> Response:
    """Show a party: what it owes, whom we write to, which steps concern it, its mails."""
    with visit.running.store.reading() as view:
        plan, picture = _open(visit, view)
        party = find_party(plan, visit.request.path_params["party"])
        steps = tell_steps(view, plan, view.rungs.of_party(plan.id, party.id))
        mails = view.outbox.newest(plan=plan.id, party=party.id, limit=LATEST)
        told = tell_facts(view, picture, [f for f in picture.facts if f.party == party.id][-LATEST:])
        generation = view.pages.generations().get(party.id, 1)
        feeds = [f for f in view.feeds.list() if f.audience == party.id and f.plan in (None, plan.id)]
    pages = PageAddresses(visit.house.address, visit.house.secret)
    now, agenda = visit.now, picture.agenda
    coming, past = split(steps)
    return visit.page(
        "party.html",
        language=plan.language,
        plan=plan,
        party=party,
        cells=[read_cell(agenda, o, now) for o in agenda.obligations if o.party == party.id],
        bounced=picture.bounced,
        page=pages.of(party.id, generation) if party.contacts and not party.external else "",
        feeds=[feed for feed in feeds if feed.revoked_at is None],
        groups=[g for g in plan.groups.values() if party.id in {p.id for p in members_of(picture, g)}],
        coming=coming,
        past=cut(past, page_number(visit)),
        mails=mails,
        told=told,
        note=read_note(visit),
    )


def show_obligation(visit: Visit) -> Response:
    """Show one obligation: every fact, every step with its reason, its mails."""
    id, name = visit.request.path_params["milestone"], visit.request.path_params["party"]
    with visit.running.store.reading() as view:
        plan, picture = _open(visit, view)
        obligation = find_obligation(picture.agenda, id, name)
        steps = tell_steps(view, plan, view.rungs.of_party(plan.id, name, id))
        mails = {mail.id: mail for step in steps for mail in step.mails}
        mails |= {m.id: m for m in view.outbox.newest(plan=plan.id, milestone=id, party=name, limit=LATEST)}
        told = tell_facts(view, picture, [f for f in picture.facts if f.milestone == id and f.party in (None, name)])
    milestone, cell = plan.milestone(id), read_cell(picture.agenda, obligation, visit.now)
    coming, past = split(steps)
    return visit.page(
        "obligation.html",
        language=plan.language,
        plan=plan,
        milestone=milestone,
        id=id,
        party=plan.parties[name],
        cell=cell,
        missing=[d for d in milestone.deliverables if d.id in obligation.standing.missing],
        report_to=parties_of(plan, milestone.report_to),
        told=told,
        coming=coming,
        past=past,
        mails=[mail for _, mail in sorted(mails.items(), reverse=True)],
        actions=actions_for(picture, milestone=id, cell=cell),
        note=read_note(visit),
    )


def count_steps(rows: Iterable[RungRow]) -> list[StepCount]:
    """Return the promises of a milestone counted, whoever's they are."""
    counted = Counter((row.at, row.name, row.state) for row in rows)
    return [StepCount(*key, number) for key, number in sorted(counted.items())]


def members_of(picture: Picture, group: Group) -> tuple[Party, ...]:
    """Return who belongs to a group: by the plan, and by what was chosen."""
    chosen: dict[str, None] = {}
    for fact in picture.counting:
        if fact.kind == "nominated" and fact.group == group.id:
            chosen = {**chosen, **dict.fromkeys(fact.parties)} if fact.parties else {}
    return parties_of(picture.plan, (*group.parties, *chosen))


def _open(visit: Visit, view: Unit) -> tuple[Plan, Picture]:
    plan = find_definition(visit).plan
    return plan, visit.house.pictures.read(view, plan, visit.now)


_FIRST = ("unknown", "overdue", "due_today", "revision", "partial", "submitted", "resubmitted", "due_soon")


def _urgency(cell: Cell) -> int:
    if cell.overdue:
        return _FIRST.index("overdue")
    return _FIRST.index(cell.code) if cell.code in _FIRST else len(_FIRST)


ROUTES = [
    Route("/plans/{plan}", for_operators(show_plan)),
    Route("/plans/{plan}/milestones/{milestone}", for_operators(show_milestone)),
    Route("/plans/{plan}/parties/{party}", for_operators(show_party)),
    Route("/plans/{plan}/milestones/{milestone}/{party}", for_operators(show_obligation)),
]
