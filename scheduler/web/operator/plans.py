"""The pages of a plan, a milestone, a party and an obligation, with everything known about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, get_args

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.agenda import Agenda, RungState
from scheduler.plan.answers.attendance import count_attendance, count_people, read_attendance, takes_part
from scheduler.plan.dates.date_forms import Recurring
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact, Nominated
from scheduler.plan.messages.destinations import parties_of
from scheduler.plan.model import Group, Party, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import pauses_in_force
from scheduler.plan.status import Cell, read_cell, still_needed
from scheduler.ports import FeedRow, RungRow, UnitOfWork
from scheduler.queries.site_links import SiteLinks
from scheduler.queries.snapshot import Snapshot
from scheduler.reports.sheets import make_workbook
from scheduler.reports.tables import TITLES, SheetKind
from scheduler.web.auth.party_token import has_page
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import find_definition, find_milestone, find_obligation, find_party, read_choice
from scheduler.web.operator.actions import actions_for, read_note
from scheduler.web.operator.board.grid import draw_rows, usual
from scheduler.web.operator.command_forms import is_checked_next
from scheduler.web.operator.documents import download_headers
from scheduler.web.operator.history import FactEntry, list_facts, list_indicators, list_rungs, split_by_time
from scheduler.web.pagination import page_number, paginate
from scheduler.wording.sentences import translate

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LATEST = 20  # facts and mails on a page; the ledger and the outbox have the rest


class StepCount(NamedTuple):
    """The number of rungs of a milestone that share an instant, a name and a state."""

    at: datetime
    name: str
    state: RungState
    number: int


def show_plan(context: RequestContext) -> Response:
    """Show a plan: its milestones, indicators, groups, parties and latest facts."""
    with context.running.store.reading() as view:
        plan, snapshot = _open(context, view)
        state = view.plans.state(plan.id)
        history = list_facts(view, snapshot, snapshot.facts[-LATEST:])
        indicators = list_indicators(view, snapshot, context.now)
    cells = snapshot.duties(context.now)
    return context.page(
        "plan.html",
        language=plan.language,
        plan=plan,
        state=state,
        rows=draw_rows(snapshot.agenda, cells),
        indicators=indicators,
        groups=[(group, members_of(snapshot, group)) for group in plan.groups.values()],
        decided=snapshot.agenda.nominated,
        parties=paginate(list(plan.parties.values()), page_number(context)),
        unknown=sum(cell.code == "unknown" for cell in cells),
        history=history,
        note=read_note(context),
    )


def show_milestone(context: RequestContext) -> Response:
    """Show a milestone or one occurrence: its texts and dates, the state of each party, its facts and rungs."""
    with context.running.store.reading() as view:
        plan, snapshot = _open(context, view)
        id = plan.present_id(context.request.path_params["milestone"])  # mails that have left name the former id
        milestone = find_milestone(snapshot.agenda, id)
        cells = [cell for cell in snapshot.duties(context.now) if cell.obligation.milestone == id]
        steps = count_steps(view.rungs.of_milestone(plan.id, id))
        history = _list_latest(view, snapshot, lambda fact: fact.milestone == id)
    invited = [o for o in snapshot.agenda.by_milestone.get(id, ()) if o.invited]
    unassigned = next((one for one in snapshot.agenda.unassigned if one.milestone == id), None)
    if not cells and unassigned is None and isinstance(milestone.form, Recurring):
        return _show_occurrences(context, plan, snapshot, id)
    return context.page(
        "milestone.html",
        language=plan.language,
        plan=plan,
        milestone=milestone,
        id=id,
        usual=usual(cell.obligation for cell in cells) if cells else unassigned,
        is_unassigned=not cells and unassigned is not None and unassigned.is_open,
        cells=paginate(sorted(cells, key=_urgency), page_number(context)),
        counted=Counter(cell.code for cell in cells),
        attending=[(plan.parties[o.party], read_attendance(o) if takes_part(plan, o) else None) for o in invited],
        replies=count_attendance(plan, invited),
        people=count_people(plan, invited),
        report_to=parties_of(plan, milestone.report_to),
        guests=parties_of(plan, milestone.guests),
        needed=still_needed(snapshot.agenda, milestone, context.now),
        history=history,
        steps=steps,
        actions=actions_for(snapshot, milestone=id, cell=None),
        note=read_note(context),
    )


def _show_occurrences(context: RequestContext, plan: Plan, snapshot: Snapshot, id: str) -> Response:
    drawn = draw_rows(snapshot.agenda, snapshot.duties(context.now))
    rows = [row for row in drawn if row.milestone.id == id]
    return context.page("occurrences.html", language=plan.language, plan=plan, milestone=plan.milestone(id), rows=rows)


def show_party(context: RequestContext) -> Response:
    """Show a party: its obligations, contacts, steps, mails and facts."""
    with context.running.store.reading() as view:
        plan, snapshot = _open(context, view)
        party = find_party(plan, context.request.path_params["party"])
        steps = list_rungs(view, plan, view.rungs.of_party(plan.id, party.id))
        mails = view.outbox.newest(plan=plan.id, party=party.id, limit=LATEST)
        history = _list_latest(view, snapshot, lambda fact: fact.party == party.id)
        page = _page_of(context, view, party)
        feeds = _feeds_of(view, plan, party)
    now, agenda = context.now, snapshot.agenda
    coming, past = split_by_time(steps)
    return context.page(
        "party.html",
        language=plan.language,
        plan=plan,
        party=party,
        cells=[read_cell(agenda, o, now) for o in agenda.obligations if o.party == party.id],
        bounced=snapshot.bounced,
        paused=pauses_in_force(plan, snapshot.counting, now),
        page=page,
        feeds=feeds,
        groups=[group for group in plan.groups.values() if party in members_of(snapshot, group)],
        coming=coming,
        past=paginate(past, page_number(context)),
        mails=mails,
        history=history,
        note=read_note(context),
    )


def _page_of(context: RequestContext, view: UnitOfWork, party: Party) -> str:
    """Return the address of a party's page; "" if it has none, or for who may only look: it is a key."""
    if not has_page(party) or context.reads_only:
        return ""
    return SiteLinks(context.site.address, context.site.secret).of(party.id, view.pages.generations().get(party.id, 1))


def _feeds_of(view: UnitOfWork, plan: Plan, party: Party) -> list[FeedRow]:
    """Return the calendars in use that a party has of a plan, or of all plans."""
    own = [feed for feed in view.feeds.list() if feed.audience == party.id and feed.revoked_at is None]
    return [feed for feed in own if feed.plan in (None, plan.id)]


def show_obligation(context: RequestContext) -> Response:
    """Show one obligation: its facts, its steps with their reasons, and its mails."""
    id, name = context.request.path_params["milestone"], context.request.path_params["party"]
    with context.running.store.reading() as view:
        plan, snapshot = _open(context, view)
        obligation = find_obligation(snapshot.agenda, id, name)
        steps = list_rungs(view, plan, view.rungs.of_party(plan.id, name, id))
        mails = {mail.id: mail for step in steps for mail in step.mails}
        mails |= {m.id: m for m in view.outbox.newest(plan=plan.id, milestone=id, party=name, limit=LATEST)}
        history = list_facts(
            view, snapshot, [f for f in snapshot.facts if f.milestone == id and f.party in (None, name)]
        )
    milestone, cell = plan.milestone(id), read_cell(snapshot.agenda, obligation, context.now)
    coming, past = split_by_time(steps)
    return context.page(
        "obligation.html",
        language=plan.language,
        plan=plan,
        milestone=milestone,
        id=id,
        party=plan.parties[name],
        cell=cell,
        attendance=read_attendance(obligation) if takes_part(plan, obligation) else None,
        missing=[d for d in milestone.deliverables if d.id in obligation.standing.missing],
        report_to=parties_of(plan, milestone.report_to),
        history=history,
        coming=coming,
        past=past,
        mails=[mail for _, mail in sorted(mails.items(), reverse=True)],
        actions=actions_for(snapshot, milestone=id, cell=cell),
        note=read_note(context),
        following=_find_following(snapshot.agenda, id, name),
    )


def _find_following(agenda: Agenda, milestone: str, party: str) -> Obligation | None:
    """Return the next submission that waits to be checked, of the same milestone first; None if there is none."""
    own = [o for o in agenda.by_milestone[milestone] if o.party != party]
    others = [o for o in agenda.obligations if o.milestone != milestone]
    return next((o for o in (*own, *others) if not o.attends and is_checked_next(o)), None)


def export_sheet(context: RequestContext) -> Response:
    """Serve a workbook for Excel. Raises: HTTPException 404 for a sheet that there is not."""
    plan, name = find_definition(context).plan, context.request.path_params["sheet"]
    kind = read_choice(name, get_args(SheetKind))
    if kind is None:
        raise HTTPException(404)
    with context.running.store.reading() as view:
        data = make_workbook(view, plan, kind, context.now, language=plan.language)
    title = translate(TITLES[kind], plan.language)
    name = f"{title} {plan.id} {local_day(context.now, plan.zone)}.xlsx"
    return Response(data, headers=download_headers(name), media_type=XLSX)


def count_steps(rows: Iterable[RungRow]) -> list[StepCount]:
    """Return the rungs of a milestone counted over all parties."""
    counted = Counter((row.at, row.name, row.state) for row in rows)
    return [StepCount(*key, number) for key, number in sorted(counted.items())]


def members_of(snapshot: Snapshot, group: Group) -> tuple[Party, ...]:
    """Return the members of a group: those named in the plan and those nominated."""
    chosen: dict[str, None] = {}
    for fact in snapshot.counting:
        if isinstance(fact, Nominated) and fact.group == group.id:
            chosen = {**chosen, **dict.fromkeys(fact.parties)} if fact.parties else {}
    return parties_of(snapshot.plan, (*group.parties, *chosen))


def _list_latest(view: UnitOfWork, snapshot: Snapshot, is_wanted: Callable[[Fact], bool]) -> list[FactEntry]:
    wanted = [fact for fact in snapshot.facts if is_wanted(fact)]
    return list_facts(view, snapshot, wanted[-LATEST:])


def _open(context: RequestContext, view: UnitOfWork) -> tuple[Plan, Snapshot]:
    plan = find_definition(context).plan
    return plan, context.site.snapshots.read(view, plan, context.now)


_MOST_URGENT_FIRST = ("unknown", "overdue", "due_today", "revision", "partial", "submitted", "resubmitted", "due_soon")


def _urgency(cell: Cell) -> int:
    if cell.overdue:
        return _MOST_URGENT_FIRST.index("overdue")
    return _MOST_URGENT_FIRST.index(cell.code) if cell.code in _MOST_URGENT_FIRST else len(_MOST_URGENT_FIRST)


ROUTES = [
    Route("/plans/{plan}", for_operators(show_plan)),
    Route("/plans/{plan}/milestones/{milestone}", for_operators(show_milestone)),
    Route("/plans/{plan}/export/{sheet}", for_operators(export_sheet)),
    Route("/plans/{plan}/parties/{party}", for_operators(show_party)),
    Route("/plans/{plan}/milestones/{milestone}/{party}", for_operators(show_obligation)),
]
