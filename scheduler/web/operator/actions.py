"""What operators do: a form, a confirmation that says what will follow, and the deed.

What will follow is found by doing it and taking it back, so the confirmation cannot be wrong about it.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.errors import RecordAway, UserError
from scheduler.plan.board import Cell, read_cell
from scheduler.plan.model import Fact, Milestone, Plan
from scheduler.plan.obligations import Obligation, can_be_fixed
from scheduler.queries.snapshot import Picture
from scheduler.services.record_facts import Overtaken, Recorded, record_all, rehearse
from scheduler.web.context import Visit, for_operators
from scheduler.web.forms.posted_form import is_once, sign_form
from scheduler.web.lookup import find_definition, find_milestone, find_obligation
from scheduler.web.operator.command_forms import ACTIONS, ActionName, Deed, label_of, owed_under
from scheduler.web.operator.history import is_undoable, tell_fact
from scheduler.web.rendering import path_to

_OWN = ("form", "step", "seen", "once")  # fields of ours, in every form
_TEXTS = ("note", "reason", "decision", "place")  # fields that somebody has thought about


# ---------------------------------------------------------------- what can be done


class Offer(NamedTuple):
    """An action that makes sense as things stand, with the address of its form."""

    action: ActionName
    href: str
    label: str
    group: str = ""


def actions_for(picture: Picture, *, milestone: str, cell: Cell | None) -> list[Offer]:
    """Return what can be done about an obligation, or (without one) about a milestone as a whole."""
    plan = picture.plan
    if cell is not None:
        names = _for_obligation(plan.milestone(milestone), cell)
        party = cell.obligation.party
        return [
            Offer(name, path_to("plans", plan.id, "do", name, milestone=milestone, party=party), name) for name in names
        ]
    own = owed_under(picture, milestone)
    offers = [
        Offer(name, path_to("plans", plan.id, "do", name, milestone=milestone), label_of(name, own, for_all=True))
        for name in _for_milestone(plan, milestone, own)
    ]
    asked = [group for group, o in picture.agenda.nominations if o.milestone == milestone]
    return offers + [
        Offer("nominate", path_to("plans", plan.id, "do", "nominate", group=g.id), "nominate", g.id) for g in asked
    ]


def _for_obligation(milestone: Milestone, cell: Cell) -> Iterable[ActionName]:
    """Yield what can be done, what is most likely to be done next first."""
    o, state = cell.obligation, cell.obligation.standing.state
    if o.standing.disowned and not o.unknown:
        yield "insist"
    if o.attends or state == "waived":
        return
    if o.unknown:
        yield "start"
    if milestone.kind == "deadline":
        if state in ("submitted", "resubmitted"):
            yield "accept"
        if state != "accepted" or cell.missing_channels:
            yield "receive"
        if state != "open":
            yield "return"
        if o.due and o.standing.is_open and not o.unknown:
            yield "extend"
    if state != "accepted":
        yield "waive"


def _for_milestone(plan: Plan, id: str, own: Sequence[Obligation]) -> Iterable[ActionName]:
    if own and can_be_fixed(plan.milestone(id), own):
        yield "fix-date"
    if any(o.standing.is_open for o in own):
        yield "waive"


# ---------------------------------------------------------------- the way from form to deed


def act(visit: Visit) -> Response:
    """Show the form; posted, say what will follow; confirmed, do it."""
    try:
        deed = _find(visit)
    except HTTPException as missing:
        return _give_back(visit, missing)
    if visit.request.method != "POST":
        return _ask(deed, once=secrets.token_urlsafe(12), seen=deed.picture.word)
    once, seen = visit.field("once", 40), visit.field("seen", 200) or "unknown"
    if not is_once(once):
        raise HTTPException(403)
    if visit.field("step") == "edit":
        return _ask(deed, once=once, seen=seen)
    try:
        facts = _facts(deed, once)
        if visit.field("step") == "confirm":
            return _do(deed, facts, seen)
        rehearsed = rehearse(visit.desk, deed.definition, facts, notify=ACTIONS[deed.action].notify, seen=seen)
    except Overtaken as overtaken:
        return _ask(_find(visit), once=once, seen=None, overtaken=overtaken)
    except RecordAway:
        raise
    except UserError as error:
        return _ask(deed, once=once, seen=seen, error=error)
    return _confirm(deed, rehearsed, once, seen)


def ask_again(visit: Visit) -> Response:
    """Show what was typed into a form of an earlier session, in one of this session; nothing is done by it."""
    once, seen = visit.field("once", 40), visit.field("seen", 200) or "unknown"
    once = once if is_once(once) else secrets.token_urlsafe(12)
    try:
        return _ask(_find(visit), once=once, seen=seen, is_former=True)
    except HTTPException as missing:
        return _give_back(visit, missing)


def _give_back(visit: Visit, missing: HTTPException) -> Response:
    if visit.request.method != "POST" or missing.status_code != 404:
        raise missing
    return visit.quote([value for name, value in visit.form.multi_items() if name in _TEXTS])


def _find(visit: Visit) -> Deed:
    """Return what the address asks for, 404 where it names nothing."""
    definition, query = find_definition(visit), visit.request.query_params
    plan, name = definition.plan, visit.request.path_params["action"]
    if name not in ACTIONS:
        raise HTTPException(404)
    with visit.running.store.reading() as view:
        picture = visit.house.pictures.read(view, plan, visit.now)
    action, agenda = ACTIONS[name], picture.agenda
    id, party, group = query.get("milestone", ""), query.get("party", ""), query.get("group", "")
    number = query.get("fact", "").removeprefix("f")
    target = next((f for f in picture.facts if str(f.id) == number), None)
    given = {"milestone": id, "party": party, "group": plan.groups.get(group), "fact": target}
    if not all(given[kind] for kind in action.about) or not set(query) <= {*action.about, *action.also}:
        raise HTTPException(404)
    return Deed(
        visit=visit,
        action=name,
        definition=definition,
        picture=picture,
        milestone=find_milestone(agenda, id) if id else None,
        id=id,
        obligation=find_obligation(agenda, id, party) if id and party else None,
        group=plan.groups.get(group) if group else None,
        target=target,
    )


def _facts(deed: Deed, once: str) -> list[Fact]:
    by = deed.visit.visitor.email if deed.visit.visitor else ""
    return [replace(fact, once=once, by=by) for fact in ACTIONS[deed.action].build(deed)]


def _do(deed: Deed, facts: Sequence[Fact], seen: str) -> Response:
    done = record_all(deed.visit.desk, deed.definition, facts, notify=ACTIONS[deed.action].notify, seen=seen)
    deed.visit.running.wake()
    page = deed.back
    if deed.target:
        page = replace(deed, id=deed.target.milestone or "").back
    return RedirectResponse(f"{page}?note={_write_note(deed.visit, done)}", 303)


def _ask(
    deed: Deed,
    *,
    once: str,
    seen: str | None,
    error: UserError | None = None,
    overtaken: Overtaken | None = None,
    is_former: bool = False,
) -> Response:
    visit, picture = deed.visit, deed.picture
    missing = deed.obligation.standing.missing if deed.obligation else ()
    claimed = deed.obligation.standing.declared[-1:] if deed.obligation and deed.action == "receive" else ()
    return visit.page(
        "act.html",
        status=403 if is_former else 409 if overtaken else 422 if error else 200,
        language=deed.plan.language,
        deed=deed,
        plan=deed.plan,
        cell=read_cell(picture.agenda, deed.obligation, visit.now) if deed.obligation else None,
        target=tell_fact(picture, deed.target) if deed.target else None,
        claimed=next((tell_fact(picture, fact) for fact in claimed), None),
        disowned=[tell_fact(picture, f) for f in deed.obligation.standing.disowned] if deed.obligation else (),
        is_undoable=deed.target is None or is_undoable(picture, deed.target),
        once=once,
        seen=picture.word if seen is None else seen,
        fresh=visit.request.method != "POST",
        missing=missing,
        problems=error.problems if error else (),
        overtaken=overtaken,
        is_former=is_former,
        newer=[tell_fact(picture, fact) for fact in overtaken.facts] if overtaken else (),
        today=visit.now.astimezone(deed.plan.zone).date(),
    )


class StepGroup(NamedTuple):
    """Steps that share an instant, a milestone and a name, and how many parties they are about."""

    at: datetime
    milestone: Milestone | None
    name: str
    number: int


def _confirm(deed: Deed, rehearsed: Recorded, once: str, seen: str) -> Response:
    changes, typed = rehearsed.changes, deed.visit.form.multi_items()
    leaving = set(rehearsed.leaving.steps)
    return deed.visit.page(
        "confirm.html",
        language=deed.plan.language,
        deed=deed,
        plan=deed.plan,
        told=[tell_fact(deed.picture, fact) for fact in rehearsed.facts],
        target=tell_fact(deed.picture, deed.target) if deed.target else None,
        rehearsed=rehearsed,
        is_later=bool(rehearsed.notified and rehearsed.notified_at and rehearsed.notified_at > deed.visit.now),
        dropped=group_steps(deed.plan, ((row.at, row.milestone, row.name) for row in changes.dropped)),
        leaving=group_steps(deed.plan, ((rung.at, rung.milestone, rung.name) for rung in rehearsed.leaving.steps)),
        armed=group_steps(
            deed.plan, ((rung.at, rung.milestone, rung.name) for rung in changes.armed if rung not in leaving)
        ),
        once=once,
        seen=seen,
        typed=[(name, value) for name, value in typed if name not in _OWN and isinstance(value, str)],
    )


def group_steps(plan: Plan, steps: Iterable[tuple[datetime, str, str]]) -> list[StepGroup]:
    """Return steps by instant, counted."""
    known = {milestone.id: milestone for milestone in plan.milestones}
    counted = sorted(Counter(steps).items())
    return [StepGroup(at, known.get(id.partition("@")[0]), name, number) for (at, id, name), number in counted]


# ---------------------------------------------------------------- what is said afterwards


class Note(NamedTuple):
    """What an act has done, as the page after it says."""

    fact: int
    facts: int
    dropped: int
    armed: int
    notified: int


def _write_note(visit: Visit, done: Recorded) -> str:
    armed, mailed = len(done.changes.armed) - len(done.leaving.steps), (*done.notified, *done.leaving.addresses)
    counts = (done.fact.id, len(done.facts), len(done.changes.dropped), armed, len(mailed))
    text = ".".join(map(str, counts))
    return f"{text}.{_sign(visit, text)}"


def read_note(visit: Visit) -> Note | None:
    """Return what has just been done, if the address says so and we have written it."""
    text, _, signature = visit.request.query_params.get("note", "").rpartition(".")
    if not text or not secrets.compare_digest(signature.encode(), _sign(visit, text).encode()):
        return None
    return Note(*map(int, text.split(".")))


def _sign(visit: Visit, text: str) -> str:
    return sign_form(visit.house.secret, f"note\0{visit.visitor.email if visit.visitor else ''}\0{text}")


ROUTES = [Route("/plans/{plan}/do/{action}", for_operators(act, ask_again), methods=["GET", "POST"])]
