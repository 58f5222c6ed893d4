"""Actions of operators: a form, a confirmation that shows the consequences, and the recording of facts.

The consequences come from a rehearsal, a dry run that is rolled back, so the confirmation cannot be wrong about them.
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

from scheduler.errors import RecordUnavailable, UserError
from scheduler.plan.commands import Command
from scheduler.plan.dates_in_force import can_be_fixed
from scheduler.plan.model import Milestone, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.status import Cell, read_cell
from scheduler.queries.snapshot import Snapshot
from scheduler.services.record_facts import Recorded, StaleDecision, execute, rehearse
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.forms.tokens import is_idempotency_key, is_same_token, make_form_token
from scheduler.web.lookup import find_definition, find_milestone, find_obligation
from scheduler.web.operator.command_forms import ACTIONS, ActionName, CommandForm, label_of, owed_under
from scheduler.web.operator.history import describe_fact, is_undoable
from scheduler.web.urls import path_to

_OWN = ("form", "step", "seen", "once")  # fields that every form has besides its input
_TEXTS = ("note", "reason", "decision", "place")  # free texts, given back when a form is refused


# ---------------------------------------------------------------- what can be done


class Offer(NamedTuple):
    """An action that is available at present, with the address of its form."""

    action: ActionName
    href: str
    label: str
    group: str = ""


def actions_for(snapshot: Snapshot, *, milestone: str, cell: Cell | None) -> list[Offer]:
    """Return the actions available for an obligation, or for a whole milestone if `cell` is None."""
    plan = snapshot.plan
    if cell is not None:
        names = _for_obligation(plan.milestone(milestone), cell)
        party = cell.obligation.party
        return [
            Offer(name, path_to("plans", plan.id, "do", name, milestone=milestone, party=party), name) for name in names
        ]
    own = owed_under(snapshot, milestone)
    offers = [
        Offer(name, path_to("plans", plan.id, "do", name, milestone=milestone), label_of(name, own, for_all=True))
        for name in _for_milestone(plan, milestone, own)
    ]
    asked = [group for group, o in snapshot.agenda.nominations if o.milestone == milestone]
    return offers + [
        Offer("nominate", path_to("plans", plan.id, "do", "nominate", group=g.id), "nominate", g.id) for g in asked
    ]


def _for_obligation(milestone: Milestone, cell: Cell) -> Iterable[ActionName]:
    """Yield the available actions, the most likely one first."""
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


# ---------------------------------------------------------------- from form to action


def act(context: RequestContext) -> Response:
    """Show the form; on POST show the consequences; on confirmation record the facts."""
    try:
        command = _find(context)
    except HTTPException as missing:
        return _give_back(context, missing)
    if context.request.method != "POST":
        return _ask(command, idempotency_key=secrets.token_urlsafe(12), expected_version=command.snapshot.fingerprint)
    idempotency_key, expected_version = context.field("once", 40), context.field("seen", 200) or "unknown"
    if not is_idempotency_key(idempotency_key):
        raise HTTPException(403)
    if context.field("step") == "edit":
        return _ask(command, idempotency_key=idempotency_key, expected_version=expected_version)
    try:
        commands = ACTIONS[command.action].read(command)
        if context.field("step") == "confirm":
            return _do(command, commands, expected_version)
        rehearsed = rehearse(
            context.services,
            command.definition,
            commands,
            notify=ACTIONS[command.action].notify,
            expected_version=expected_version,
        )
    except StaleDecision as overtaken:
        return _ask(_find(context), idempotency_key=idempotency_key, expected_version=None, overtaken=overtaken)
    except RecordUnavailable:
        raise
    except UserError as error:
        return _ask(command, idempotency_key=idempotency_key, expected_version=expected_version, error=error)
    return _confirm(command, rehearsed, idempotency_key, expected_version)


def ask_again(context: RequestContext) -> Response:
    """Show what was typed into a form of an earlier session in a new form; record nothing."""
    idempotency_key, expected_version = context.field("once", 40), context.field("seen", 200) or "unknown"
    idempotency_key = idempotency_key if is_idempotency_key(idempotency_key) else secrets.token_urlsafe(12)
    try:
        return _ask(_find(context), idempotency_key=idempotency_key, expected_version=expected_version, is_former=True)
    except HTTPException as missing:
        return _give_back(context, missing)


def _give_back(context: RequestContext, missing: HTTPException) -> Response:
    if context.request.method != "POST" or missing.status_code != 404:
        raise missing
    return context.show_typed_texts([value for name, value in context.form.multi_items() if name in _TEXTS])


def _find(context: RequestContext) -> CommandForm:
    """Return the command that the address names.

    Raises: HTTPException 404 if it names nothing.
    """
    definition, query = find_definition(context), context.request.query_params
    plan, name = definition.plan, context.request.path_params["action"]
    if name not in ACTIONS:
        raise HTTPException(404)
    with context.running.store.reading() as view:
        snapshot = context.site.snapshots.read(view, plan, context.now)
    action, agenda = ACTIONS[name], snapshot.agenda
    id, party, group = query.get("milestone", ""), query.get("party", ""), query.get("group", "")
    number = query.get("fact", "").removeprefix("f")
    target = next((f for f in snapshot.facts if str(f.id) == number), None)
    given = {"milestone": id, "party": party, "group": plan.groups.get(group), "fact": target}
    if not all(given[kind] for kind in action.about) or not set(query) <= {*action.about, *action.also}:
        raise HTTPException(404)
    return CommandForm(
        context=context,
        action=name,
        definition=definition,
        snapshot=snapshot,
        milestone=find_milestone(agenda, id) if id else None,
        id=id,
        obligation=find_obligation(agenda, id, party) if id and party else None,
        group=plan.groups.get(group) if group else None,
        target=target,
    )


def _do(command: CommandForm, commands: Sequence[Command], expected_version: str) -> Response:
    done = execute(
        command.context.services,
        command.definition,
        commands,
        notify=ACTIONS[command.action].notify,
        expected_version=expected_version,
    )
    command.context.running.wake()
    page = command.back
    if command.target:
        page = replace(command, id=command.target.milestone or "").back
    return RedirectResponse(f"{page}?note={_write_note(command.context, done)}", 303)


def _ask(
    command: CommandForm,
    *,
    idempotency_key: str,
    expected_version: str | None,
    error: UserError | None = None,
    overtaken: StaleDecision | None = None,
    is_former: bool = False,
) -> Response:
    context, snapshot = command.context, command.snapshot
    missing = command.obligation.standing.missing if command.obligation else ()
    claimed = command.obligation.standing.declared[-1:] if command.obligation and command.action == "receive" else ()
    return context.page(
        "act.html",
        status=403 if is_former else 409 if overtaken else 422 if error else 200,
        language=command.plan.language,
        command=command,
        plan=command.plan,
        cell=read_cell(snapshot.agenda, command.obligation, context.now) if command.obligation else None,
        target=describe_fact(snapshot, command.target) if command.target else None,
        claimed=next((describe_fact(snapshot, fact) for fact in claimed), None),
        disowned=[describe_fact(snapshot, f) for f in command.obligation.standing.disowned]
        if command.obligation
        else (),
        is_undoable=command.target is None or is_undoable(snapshot, command.target),
        idempotency_key=idempotency_key,
        expected_version=snapshot.fingerprint if expected_version is None else expected_version,
        fresh=context.request.method != "POST",
        missing=missing,
        problems=error.problems if error else (),
        overtaken=overtaken,
        is_former=is_former,
        newer=[describe_fact(snapshot, fact) for fact in overtaken.facts] if overtaken else (),
    )


class StepGroup(NamedTuple):
    """The number of steps that share an instant, a milestone and a name."""

    at: datetime
    milestone: Milestone | None
    name: str
    number: int


def _confirm(command: CommandForm, rehearsed: Recorded, idempotency_key: str, expected_version: str) -> Response:
    changes, typed = rehearsed.changes, command.context.form.multi_items()
    leaving = set(rehearsed.leaving.steps)
    return command.context.page(
        "confirm.html",
        language=command.plan.language,
        command=command,
        plan=command.plan,
        facts=[describe_fact(command.snapshot, fact) for fact in rehearsed.facts],
        target=describe_fact(command.snapshot, command.target) if command.target else None,
        rehearsed=rehearsed,
        is_later=bool(rehearsed.notified and rehearsed.notified_at and rehearsed.notified_at > command.context.now),
        dropped=group_steps(command.plan, ((row.at, row.milestone, row.name) for row in changes.dropped)),
        leaving=group_steps(command.plan, ((rung.at, rung.milestone, rung.name) for rung in rehearsed.leaving.steps)),
        armed=group_steps(
            command.plan, ((rung.at, rung.milestone, rung.name) for rung in changes.armed if rung not in leaving)
        ),
        idempotency_key=idempotency_key,
        expected_version=expected_version,
        typed=[(name, value) for name, value in typed if name not in _OWN and isinstance(value, str)],
    )


def group_steps(plan: Plan, steps: Iterable[tuple[datetime, str, str]]) -> list[StepGroup]:
    """Return steps counted by instant, milestone and name, in that order."""
    known = {milestone.id: milestone for milestone in plan.milestones}
    counted = sorted(Counter(steps).items())
    return [StepGroup(at, known.get(id.partition("@")[0]), name, number) for (at, id, name), number in counted]


# ---------------------------------------------------------------- the note shown afterwards


class Note(NamedTuple):
    """What an action has done, in numbers, for the page shown after it; `fact` is an id."""

    fact: int
    facts: int
    dropped: int
    armed: int
    notified: int


def _write_note(context: RequestContext, done: Recorded) -> str:
    armed, mailed = len(done.changes.armed) - len(done.leaving.steps), (*done.notified, *done.leaving.addresses)
    counts = (done.fact.id, len(done.facts), len(done.changes.dropped), armed, len(mailed))
    text = ".".join(map(str, counts))
    return f"{text}.{_sign(context, text)}"


def read_note(context: RequestContext) -> Note | None:
    """Return the note in the address; None if it is missing or was not signed for this operator."""
    text, _, signature = context.request.query_params.get("note", "").rpartition(".")
    if not text or not is_same_token(signature, _sign(context, text)):
        return None
    return Note(*map(int, text.split(".")))


def _sign(context: RequestContext, text: str) -> str:
    return make_form_token(context.site.secret, f"note\0{context.signed_in.email if context.signed_in else ''}\0{text}")


ROUTES = [Route("/plans/{plan}/do/{action}", for_operators(act, ask_again), methods=["GET", "POST"])]
