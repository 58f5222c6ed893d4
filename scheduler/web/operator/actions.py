"""Actions of operators: a form, a confirmation that shows the consequences, and the recording of facts.

The consequences come from a rehearsal, a dry run that is rolled back, so the confirmation cannot be wrong about them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.documents.file_kinds import FILES
from scheduler.errors import Problem, RecordUnavailable, UserError
from scheduler.plan.agenda import Rung
from scheduler.plan.dates_in_force import can_be_fixed
from scheduler.plan.facts import Fact
from scheduler.plan.ladders.steps import ASKED, RungName
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.messages.destinations import guests_to_invite
from scheduler.plan.model import Milestone, Occurrence, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.standing import Standing
from scheduler.plan.status import Cell, read_cell
from scheduler.ports import Document, RungRow, UnitOfWork
from scheduler.queries.needs.attention import read_needs
from scheduler.queries.needs.urgency import RankedNeed
from scheduler.queries.snapshot import Snapshot
from scheduler.services.record_facts import Recorded, StaleDecision, execute, rehearse
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.forms.files_aside import FilesAside, SentFile
from scheduler.web.forms.tokens import is_idempotency_key, is_same_token, make_form_token
from scheduler.web.forms.uploads import UploadProblem
from scheduler.web.lookup import find_definition, find_milestone, find_obligation
from scheduler.web.operator.command_forms import (
    ACTIONS,
    ActionName,
    CommandForm,
    can_be_extended,
    can_be_released,
    can_be_reminded,
    is_checked_next,
    label_of,
    owed_under,
)
from scheduler.web.operator.history import FactEntry, describe_fact, is_undoable
from scheduler.web.urls import path_to

_OWN = (
    "form",
    "step",
    "seen",
    "once",
    "sent",
    "seal",
    "leave_out",
    "files",
)  # fields that every form has besides its input
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
        o, held = cell.obligation, plan.milestone(milestone)
        return [
            Offer(
                name,
                path_to("plans", plan.id, "do", name, milestone=milestone, party=o.party),
                label_of(name, held, [o], for_all=False) if name == "waive" else name,
            )
            for name in names
        ]
    own, held = owed_under(snapshot, milestone), plan.milestone(milestone)
    offers = [
        Offer(
            name,
            path_to("plans", plan.id, "do", name, milestone=milestone),
            label_of(name, held, own, for_all=True),
        )
        for name in _for_milestone(plan, milestone, own)
    ]
    asked = [group for group, o in snapshot.agenda.nominations if o.milestone == milestone]
    return offers + [
        Offer("nominate", path_to("plans", plan.id, "do", "nominate", group=g.id), "nominate", g.id) for g in asked
    ]


def _for_obligation(milestone: Milestone, cell: Cell) -> Iterable[ActionName]:
    """Yield the available actions, the most likely one first."""
    o = cell.obligation
    if o.standing.disowned and not o.unknown:
        yield "insist"
    if o.invited and cell.code in ("fixed", "held"):
        yield "reply"
    if not o.attends and o.standing.state != "waived":
        if o.unknown:
            yield "start"
        if milestone.kind == "deadline":
            yield from _for_submission(cell)
        if o.standing.state != "accepted":
            yield "waive"
    if can_be_reminded(o) and cell.code != "held":
        yield from ("remind", "snooze", "skip")
    yield "note"


def _for_submission(cell: Cell) -> Iterable[ActionName]:
    o, state = cell.obligation, cell.obligation.standing.state
    if is_checked_next(o):
        yield "accept"
    if state != "accepted" or cell.missing_channels:
        yield "receive"
    if state != "open":
        yield "return"
    if can_be_extended(o):
        yield "extend"


def _for_milestone(plan: Plan, id: str, own: Sequence[Obligation]) -> Iterable[ActionName]:
    if own and can_be_fixed(plan.milestone(id), own):
        yield "fix-date"
    if any(guests_to_invite(plan, o) for o in own):
        yield "mark-invited"
    is_deadline = plan.milestone(id).kind == "deadline"
    if is_deadline and any(map(is_checked_next, own)):
        yield from ("accept", "return")
    if is_deadline and any(map(can_be_extended, own)):
        yield "extend"
    if any(map(can_be_reminded, own)):
        yield from ("remind", "snooze")
    if any(map(can_be_released, own)):
        yield "waive"


# ---------------------------------------------------------------- from form to action


class _Hidden(NamedTuple):
    """What a form carries unseen: the key of its request, the version it was made from, and files set aside for it."""

    idempotency_key: str
    expected_version: str
    files: tuple[Document, ...] = ()

    @classmethod
    def of(cls, context: RequestContext) -> _Hidden:
        """Return what was posted; no record has the version of a form without one.

        Raises: HTTPException 403 for files that this site did not write down.
        """
        once, sent = context.field("once", 40), context.field("sent", None)
        files = _aside(context, once).read(sent, context.field("seal", None)) if sent else ()
        return cls(once, context.field("seen", 200) or "unknown", tuple(file.document for file in files))

    @classmethod
    def renewed(cls, command: CommandForm) -> _Hidden:
        """Return the fields of a form that is opened now."""
        return cls(secrets.token_urlsafe(12), command.snapshot.fingerprint)


class _Result(NamedTuple):
    """What came of a form: nothing yet, or what stands in the way of it."""

    status: int = 200
    problems: Sequence[Problem] = ()
    file_problems: Sequence[UploadProblem] = ()
    overtaken: StaleDecision | None = None
    is_former: bool = False  # the form was opened in an earlier session


_OPENED = _Result()


def act(context: RequestContext) -> Response:
    """Show the form; on POST show the consequences; on confirmation record the facts."""
    try:
        command = _find(context)
    except HTTPException as missing:
        return _give_back(context, missing)
    if context.request.method != "POST":
        return _ask(command, _Hidden.renewed(command))
    hidden, step = _Hidden.of(context), context.field("step")
    if not is_idempotency_key(hidden.idempotency_key):
        raise HTTPException(403)
    hidden, refused = _take_files(command, hidden, is_confirmed=step == "confirm")
    command = replace(command, files=hidden.files)
    if refused:
        return _ask(command, hidden, _Result(422, file_problems=refused))
    if step == "edit":
        return _ask(command, hidden)
    try:
        recorded = _carry_out(command, hidden, is_confirmed=step == "confirm")
    except StaleDecision as overtaken:
        now = _find(context)
        hidden = hidden._replace(expected_version=now.snapshot.fingerprint)
        return _ask(now, hidden, _Result(409, overtaken=overtaken))
    except RecordUnavailable:
        raise
    except UserError as error:
        return _ask(command, hidden, _Result(422, problems=error.problems))
    return _show_result(command, recorded) if step == "confirm" else _confirm(command, recorded, hidden)


def _carry_out(command: CommandForm, hidden: _Hidden, *, is_confirmed: bool) -> Recorded:
    """Record what a form asks for, or rehearse it."""
    action, services = ACTIONS[command.action], command.context.services
    commands, version = action.read(command), hidden.expected_version
    if not is_confirmed:
        return rehearse(services, command.definition, commands, notify=action.notify, expected_version=version)
    return execute(
        services,
        command.definition,
        commands,
        notify=action.notify,
        expected_version=version,
        documents=hidden.files,
    )


def _take_files(
    command: CommandForm, hidden: _Hidden, *, is_confirmed: bool
) -> tuple[_Hidden, Sequence[UploadProblem]]:
    """Set the files of a form aside, or keep those of a confirmed one; return what is wrong with them.

    Files that were set aside before stay beside new ones, unless they are ticked to be left out.
    """
    if not ACTIONS[command.action].takes_files:
        return hidden._replace(files=()), ()
    context, left_out = command.context, command.ticked("leave_out")
    hidden = hidden._replace(files=tuple(one for one in hidden.files if one.digest not in left_out))
    aside, incoming = _aside(context, hidden.idempotency_key), context.incoming
    try:
        if is_confirmed:
            is_kept = aside.keep([SentFile("", document) for document in hidden.files])
            return (hidden, ()) if is_kept else (hidden._replace(files=()), [UploadProblem("files_gone")])
        if incoming is None:
            return hidden, ()
        documents = incoming.documents()
        if incoming.problems:
            return hidden, incoming.problems
        if len(hidden.files) + len(documents) > FILES:
            return hidden, [UploadProblem("too_many_files")]
        aside.set_aside(incoming)
    except OSError as error:
        context.running.log_problem(Text("documents could not be kept: {strerror}", strerror=word_system(error)))
        return hidden._replace(files=()), [UploadProblem("disk_full")]
    return hidden._replace(files=(*hidden.files, *documents)), ()


def _aside(context: RequestContext, once: str) -> FilesAside:
    """Return what holds the files of an operator's form between its pages."""
    email = context.signed_in.email if context.signed_in else ""
    subject = (context.path, context.request.url.query)
    return FilesAside(context.site.blob_store, context.site.secret, email, subject, once)


def _write_files(context: RequestContext, hidden: _Hidden) -> tuple[str, str]:
    """Return what a form carries about its files, and the seal of that; nothing if it has none."""
    files = [SentFile("", document) for document in hidden.files]
    return _aside(context, hidden.idempotency_key).write(files) if files else ("", "")


def ask_again(context: RequestContext) -> Response:
    """Show what was typed into a form of an earlier session in a new form; record nothing."""
    try:
        command, hidden = _find(context), _Hidden.of(context)
        if not is_idempotency_key(hidden.idempotency_key):
            hidden = hidden._replace(idempotency_key=_Hidden.renewed(command).idempotency_key)
        lost = [UploadProblem("files_again")] if context.incoming and context.incoming.files else []
        return _ask(command, hidden, _Result(403, is_former=True, file_problems=lost))
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
    definition, query, now = find_definition(context), context.request.query_params, context.now
    plan, name = definition.plan, context.request.path_params["action"]
    if name not in ACTIONS:
        raise HTTPException(404)
    with context.running.store.reading() as view:
        snapshot = context.site.snapshots.read(view, plan, now)
        id, party = query.get("milestone", ""), query.get("party", "")
        rows = view.rungs.of_party(plan.id, party, id) if name == "skip" else ()
        needs = _read_needs(context, view, snapshot) if query.get("need") else ()
    action, agenda = ACTIONS[name], snapshot.agenda
    group = plan.groups.get(query.get("group", ""))
    indicator = next((one for one in plan.indicators if one.id == query.get("indicator") and one.measure.manual), None)
    target = _find_target(snapshot, query.get("fact", ""))
    need = next((one for one in needs if one.key == query.get("need")), None)
    given = {"milestone": id, "party": party, "group": group, "indicator": indicator, "fact": target, "need": need}
    if not all(given[kind] for kind in action.about) or not set(query) <= {*action.about, *action.also}:
        raise HTTPException(404)
    return CommandForm(
        context=context,
        now=now,
        action=name,
        definition=definition,
        snapshot=snapshot,
        milestone=find_milestone(agenda, id) if id else None,
        id=id,
        obligation=find_obligation(agenda, id, party) if id and party else None,
        group=group,
        indicator=indicator,
        target=target,
        need=need,
        steps=[row for row in rows if row.state == "planned" and not is_notice(row.kind)],
    )


def _read_needs(context: RequestContext, view: UnitOfWork, snapshot: Snapshot) -> list[RankedNeed]:
    counts = context.site.snapshots.count(view, snapshot)
    return read_needs(view, snapshot, counts, context.running.services.reading, context.now)


def _find_target(snapshot: Snapshot, id: str) -> Fact | None:
    number = id.removeprefix("f")
    return next((fact for fact in snapshot.facts if str(fact.id) == number), None)


def _show_result(command: CommandForm, done: Recorded) -> Response:
    """Redirect to the page that shows what was done."""
    command.context.running.wake()
    page = command.back
    if command.target:
        page = replace(command, id=command.target.milestone or "").back
    return RedirectResponse(f"{page}?note={_write_note(command.context, done)}", 303)


def _ask(command: CommandForm, hidden: _Hidden, result: _Result = _OPENED) -> Response:
    context, snapshot = command.context, command.snapshot
    sent, seal = _write_files(context, hidden)
    standing = command.obligation.standing if command.obligation else Standing()
    claimed = standing.declared[-1:] if command.action == "receive" else ()
    overtaken = result.overtaken
    return context.page(
        "act.html",
        status=result.status,
        language=command.plan.language,
        command=command,
        plan=command.plan,
        cell=read_cell(snapshot.agenda, command.obligation, context.now) if command.obligation else None,
        target=_describe_target(command),
        claimed=next((describe_fact(snapshot, fact) for fact in claimed), None),
        disowned=[describe_fact(snapshot, fact) for fact in standing.disowned],
        is_undoable=command.target is None or is_undoable(snapshot, command.target),
        idempotency_key=hidden.idempotency_key,
        expected_version=hidden.expected_version,
        fresh=context.request.method != "POST",
        missing=standing.missing,
        problems=result.problems,
        file_problems=result.file_problems,
        sent=sent,
        seal=seal,
        files=hidden.files,
        takes_files=ACTIONS[command.action].takes_files,
        overtaken=overtaken,
        is_former=result.is_former,
        newer=[describe_fact(snapshot, fact) for fact in overtaken.facts] if overtaken else (),
    )


class StepGroup(NamedTuple):
    """The parties whose steps share an instant, a milestone and a name."""

    at: datetime
    milestone: Milestone | None
    name: str
    parties: tuple[str, ...]


def _confirm(command: CommandForm, rehearsed: Recorded, hidden: _Hidden) -> Response:
    plan, changes, leaving = command.plan, rehearsed.changes, set(rehearsed.leaving.steps)
    typed = command.context.form.multi_items()
    sent, seal = _write_files(command.context, hidden)
    return command.context.page(
        "confirm.html",
        language=plan.language,
        command=command,
        plan=plan,
        facts=[describe_fact(command.snapshot, fact) for fact in rehearsed.facts],
        target=_describe_target(command),
        rehearsed=rehearsed,
        is_later=_leaves_later(rehearsed, command.now),
        dropped=group_steps(plan, changes.dropped),
        leaving=group_steps(plan, rehearsed.leaving.steps),
        armed=group_steps(plan, [rung for rung in changes.armed if rung not in leaving]),
        idempotency_key=hidden.idempotency_key,
        expected_version=hidden.expected_version,
        sent=sent,
        seal=seal,
        files=hidden.files,
        typed=[(name, value) for name, value in typed if name not in _OWN and isinstance(value, str)],
    )


def _leaves_later(recorded: Recorded, now: datetime) -> bool:
    """Return whether the notices of what was recorded wait for the hours in which mails may leave."""
    return bool(recorded.notified and recorded.notified_at and recorded.notified_at > now)


def _describe_target(command: CommandForm) -> FactEntry | None:
    return describe_fact(command.snapshot, command.target) if command.target else None


def group_steps(plan: Plan, steps: Iterable[Rung | RungRow]) -> list[StepGroup]:
    """Return steps grouped by instant, milestone and kind of step, in that order."""
    known = {milestone.id: milestone for milestone in plan.milestones}
    found: dict[tuple[datetime, str, str], list[str]] = {}
    for step in steps:
        name = RungName.of(step.name)
        kind = name.label if name.label in ASKED else step.name  # the detail of their names is the id of a fact
        found.setdefault((step.at, step.milestone, kind), []).append(step.party)
    groups = sorted(found.items())
    return [StepGroup(at, known.get(Occurrence.of(id).milestone), name, tuple(who)) for (at, id, name), who in groups]


# ---------------------------------------------------------------- the note shown afterwards


class Note(NamedTuple):
    """What an action has done, in numbers, for the page shown after it; `fact` is an id."""

    fact: int
    facts: int
    dropped: int
    armed: int
    notified: int
    later: int  # seconds since 1970 at which the notices leave; 0: at once

    @property
    def later_at(self) -> datetime | None:
        """Return when the notices leave (UTC); None: at once."""
        return datetime.fromtimestamp(self.later, UTC) if self.later else None


def _write_note(context: RequestContext, done: Recorded) -> str:
    armed, mailed = len(done.changes.armed) - len(done.leaving.steps), (*done.notified, *done.leaving.addresses)
    later = int(done.notified_at.timestamp()) if _leaves_later(done, context.now) and done.notified_at else 0
    counts = (done.fact.id, len(done.facts), len(done.changes.dropped), armed, len(set(mailed)), later)
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


ROUTES = [Route("/plans/{plan}/do/{action}", for_operators(act, ask_again, takes_files=True), methods=["GET", "POST"])]
