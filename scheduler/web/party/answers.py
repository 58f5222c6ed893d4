"""The answers of a party: what it declares, sends or objects to is checked and recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from scheduler.errors import ClockNotBelieved, RecordUnavailable, UserError
from scheduler.plan.answers.attendance import offered_replies
from scheduler.plan.commands import Command, Declare, Disown, RecordReceived, RecordReply
from scheduler.plan.dates.due_dates import local_day, near, to_instant
from scheduler.plan.facts import Actor, Reply
from scheduler.plan.model import Channel
from scheduler.services.fact_checks import MOST_PEOPLE
from scheduler.services.record_facts import StaleDecision, execute
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.web.auth.party_token import PartyAccess, find_party_access
from scheduler.web.context import RequestContext
from scheduler.web.forms.files_aside import SentFile, size_aside
from scheduler.web.forms.posted_form import read_form
from scheduler.web.forms.text_input import clean_lines, clean_text, read_count
from scheduler.web.forms.tokens import is_idempotency_key, is_same_token
from scheduler.web.forms.uploads import DAILY_SIZE, Incoming, UploadProblem, is_upload, read_upload
from scheduler.web.lookup import read_day
from scheduler.web.party.submissions import files_aside, read_files, set_aside
from scheduler.web.party.task_view import (
    ACTS,
    CHANNELS,
    FIELDS,
    LIMITS,
    Answer,
    NoSuchTask,
    TaskView,
    is_open_to,
)
from scheduler.web.party.tasks import (
    news_since,
)

_NO_PAGE = {404: "error.not_found", 410: "error.gone"}  # texts for unknown and for expired addresses


async def answer_task(request: Request) -> Response:
    """Record what a party declares or sends about a task; a form sent twice is recorded once."""
    context = RequestContext(request, request.app.state.site)
    site = context.site
    has_files = is_upload(request)
    try:
        access, allowance = await run_in_threadpool(_check_access, context)
    except HTTPException as error:
        if has_files or error.status_code not in _NO_PAGE:
            raise
        form = await read_form(request)
        why, texts = _NO_PAGE[error.status_code], [form.get("note"), form.get("who")]
        return await run_in_threadpool(partial(context.show_typed_texts, texts, why=why, status=error.status_code))
    if not has_files:
        form = await read_form(request)
        fields = {name: [value] for name, value in form.multi_items() if isinstance(value, str)}
        return await run_in_threadpool(_record_or_show_typed, context, Incoming(fields=fields))
    with site.uploads.counted(access.party.id, allowance) as counted:
        incoming = await read_upload(request, site.blob_store, counted)
        try:
            return await run_in_threadpool(_record_or_show_typed, context, incoming)
        finally:
            incoming.drop()


def _check_access(context: RequestContext) -> tuple[PartyAccess, int]:
    """Return the party's access and how many bytes it may still send today, before the body is read.

    Raises: HTTPException 404 or 410 for an invalid token, 429 if the party has sent too many forms.
    """
    with context.running.store.reading() as view:
        access = find_party_access(context, view)
        if not context.site.form_throttle.admits(access.party.id, context.running.system.now()):
            raise HTTPException(429)
        try:
            return access, _allowance(TaskView.of(context, view))
        except NoSuchTask:  # `_record_or_show_typed` gives the typed texts back
            return access, 0


def _record_or_show_typed(context: RequestContext, incoming: Incoming) -> Response:
    try:
        return _take(context, incoming)
    except NoSuchTask:
        home = f"/p/{context.request.path_params['token']}"
        return context.show_typed_texts([incoming.field("note"), incoming.field("who")], back=home)


def _allowance(task_view: TaskView) -> int:
    plan = task_view.task.plan
    midnight = to_instant(local_day(task_view.context.now, plan.zone), time(), plan.zone)
    party = task_view.access.party.id
    waiting = size_aside(task_view.context.site.blob_store, party)
    return DAILY_SIZE - task_view.view.documents.size_since(party, midnight) - waiting


def _take(context: RequestContext, incoming: Incoming) -> Response:
    """Take an answer; of files, only those stay set aside that this very form asks to confirm."""
    once = incoming.field("once")
    with context.running.store.reading() as view:
        task_view = TaskView.of(context, view)
        if not is_same_token(incoming.field("form"), task_view.access.form_token) or not is_idempotency_key(once):
            raise HTTPException(403)
        answer = _read(incoming)
        is_confirmed = _is_confirmed(incoming)
        if answer.act == "send" and not is_confirmed:
            files_aside(task_view, once).give_up()
        taken = _consider(task_view, answer, incoming)
        inputs = task_view.inputs
    response = taken if isinstance(taken, Response) else _record(task_view, inputs, answer, once, taken)
    if answer.act == "send" and is_confirmed:
        files_aside(task_view, once).give_up()
    return response


def _consider(task_view: TaskView, answer: Answer, incoming: Incoming) -> Response | list[SentFile]:
    """Return the files of an answer that is to be recorded, or else the response to it."""
    once, seen = incoming.field("once"), incoming.field("seen")
    is_confirmed = _is_confirmed(incoming)
    is_recorded = any(fact.idempotency_key == once for fact in task_view.facts)
    if is_recorded and (answer.act != "send" or is_confirmed):
        return _done(task_view.context, answer.act)
    # The form that was confirmed may be gone back to and hold other files, which are not those that were recorded.
    if is_recorded or seen != task_view.fingerprint:
        answer.news = tuple(news_since(seen, task_view.task, task_view.facts))
        return task_view.page(answer)
    _refuse_unoffered(answer.act, task_view)
    try:
        task_view.context.services.require_right_clock()
    except ClockNotBelieved:
        return _refuse_wrong_clock(task_view, answer)
    if answer.act == "send" and incoming.field("step") == "edit":
        return task_view.page(answer)
    files = _files(task_view, answer, incoming)  # before the problems, to which it adds
    answer.problems = tuple(_check(answer, incoming.problems, files, task_view, is_confirmed=is_confirmed))
    if UploadProblem("disk_full") in answer.problems:
        task_view.context.running.log_problem(
            Text("documents could not be kept: the disk of the data folder takes no more")
        )
    if answer.problems:
        return task_view.page(answer)
    if answer.act == "send" and not is_confirmed:
        return _ask_to_confirm(task_view, answer, incoming, files)
    return files


def _is_confirmed(incoming: Incoming) -> bool:
    return incoming.field("step") == "confirm" and not incoming.files


def _files(task_view: TaskView, answer: Answer, incoming: Incoming) -> list[SentFile]:
    """Return the files that come with an answer, or that it confirms."""
    if answer.act != "send":
        return []
    if not _is_confirmed(incoming):
        return read_files(incoming)
    return files_aside(task_view, incoming.field("once")).read(incoming.field("sent"), incoming.field("seal"))


def _ask_to_confirm(task_view: TaskView, answer: Answer, incoming: Incoming, files: Sequence[SentFile]) -> Response:
    try:
        return set_aside(task_view, incoming, files, answer)
    except OSError as error:
        return _refuse_full_disk(task_view, answer, error)


def _refuse_full_disk(task_view: TaskView, answer: Answer, error: OSError) -> Response:
    task_view.context.running.log_problem(Text("documents could not be kept: {strerror}", strerror=word_system(error)))
    return _refuse(task_view, answer, "disk_full")


def _refuse_wrong_clock(task_view: TaskView, answer: Answer) -> Response:
    return _refuse(task_view, answer, "wrong_clock")


def _refuse(task_view: TaskView, answer: Answer, code: str) -> Response:
    """Return the page of the task as it is now, with what stands in the way of an answer."""
    answer.problems = (UploadProblem(code),)
    with task_view.context.running.store.reading() as view:
        return TaskView.of(task_view.context, view).page(answer)


def _refuse_unoffered(act: str, task_view: TaskView) -> None:
    """Refuse an act that the page does not offer, and objections that follow each other too fast.

    Raises: HTTPException 403 or 429.
    """
    if act not in ACTS or not is_open_to(act, task_view.task):
        raise HTTPException(403)
    context = task_view.context
    if act == "disown" and not context.site.disown_throttle.admits(
        task_view.access.party.id, context.running.system.now()
    ):
        raise HTTPException(429)


def _record(task_view: TaskView, inputs: str, answer: Answer, once: str, files: Sequence[SentFile]) -> Response:
    context, running = task_view.context, task_view.context.running
    try:
        if not files_aside(task_view, once).keep(files):
            return _refuse(task_view, answer, "files_gone")
    except OSError as error:
        return _refuse_full_disk(task_view, answer, error)
    command, documents = _make_command(task_view, answer, once, files), [file.document for file in files]
    try:
        recorded = execute(
            context.services, task_view.definition, [command], documents=documents, expected_version=inputs
        )
    except ClockNotBelieved:
        return _refuse_wrong_clock(task_view, answer)
    except RecordUnavailable:
        raise
    except UserError as error:  # the task may have changed since it was read
        with running.store.reading() as view:
            now = TaskView.of(context, view)
            answer.news = tuple(news_since(task_view.fingerprint, now.task, now.facts))
            if now.fingerprint == task_view.fingerprint and not isinstance(error, StaleDecision):
                raise
            return now.page(answer)
    for problem in recorded.problems:
        running.log_problem(Text("a notice could not be written: {problem}", problem=problem))
    running.wake()
    return _done(context, answer.act)


def _done(context: RequestContext, act: str) -> Response:
    return RedirectResponse(f"{context.path}?done={context.seal(context.path, act if act in ACTS else '')}", 303)


def _read(incoming: Incoming) -> Answer:
    values = {name: (clean_lines if name == "note" else clean_text)(incoming.field(name)) for name in FIELDS}
    return Answer(act=incoming.field("act"), values=values, problems=tuple(incoming.problems))


def _check(
    answer: Answer,
    problems: Iterable[UploadProblem],
    files: Sequence[SentFile],
    task_view: TaskView,
    *,
    is_confirmed: bool,
) -> list[UploadProblem]:
    """Return everything that is wrong with an answer; `problems` were met while it was read."""
    found = list(dict.fromkeys(problems))
    if not answer.values["who"]:
        found.append(UploadProblem("no_name"))
    found += [
        UploadProblem("too_long", str(limit)) for name, limit in LIMITS.items() if len(answer.values[name]) > limit
    ]
    if answer.act == "declare":
        found += _check_declared(answer, task_view)
    elif answer.act == "send":
        if not found and not files:
            found.append(UploadProblem("no_files"))
        found += _check_sent(files, task_view, is_confirmed=is_confirmed)
    elif answer.act == "reply":
        found += _check_reply(answer, task_view)
    elif not answer.values["note"]:  # an objection without a reason
        found.append(UploadProblem("no_note"))
    return found


def _check_sent(files: Sequence[SentFile], task_view: TaskView, *, is_confirmed: bool) -> list[UploadProblem]:
    found = []
    size = sum(file.document.size for file in files)
    room = _allowance(task_view) + (size if is_confirmed else 0)  # what is to be confirmed was counted when it came
    if size > room:
        found.append(UploadProblem("day_full"))
    known = {deliverable.id for deliverable in task_view.task.milestone.deliverables} or {""}
    if not known.issuperset(file.deliverable for file in files):
        found.append(UploadProblem("no_deliverable"))
    return found


def _check_declared(answer: Answer, task_view: TaskView) -> list[UploadProblem]:
    found = []
    day = read_day(answer.values["sent_on"])
    plan = task_view.task.plan
    if day is None:
        found.append(UploadProblem("no_day"))
    elif day < near(plan.year)[0]:
        found.append(UploadProblem("day_far"))
    elif day > local_day(task_view.context.now, plan.zone):
        found.append(UploadProblem("day_to_come"))
    if answer.values["channel"] not in CHANNELS:
        found.append(UploadProblem("no_channel"))
    return found


def _check_reply(answer: Answer, task_view: TaskView) -> list[UploadProblem]:
    reply, people = answer.values["reply"], answer.values["people"]
    found = [] if reply in offered_replies(task_view.task.milestone) else [UploadProblem("no_reply")]
    if reply != "declined" and people and not 0 < (read_count(people) or 0) <= MOST_PEOPLE:
        found.append(UploadProblem("no_people"))
    if reply == "declined" and people:
        found.append(UploadProblem("absent_people"))
    if reply == "delegated" and not answer.values["deputy"]:
        found.append(UploadProblem("no_deputy"))
    return found


def _make_command(task_view: TaskView, answer: Answer, idempotency_key: str, files: Sequence[SentFile]) -> Command:
    values = answer.values
    common: dict[str, Any] = {
        "at": task_view.context.now,
        "by": Actor("party", values["who"]),
        "idempotency_key": idempotency_key,
        "note": values["note"],
        "milestone": task_view.task.id,
        "party": task_view.access.party.id,
    }
    if answer.act == "declare":
        channel: Channel = values["channel"]  # type: ignore[assignment]  # checked
        return Declare(**common, sent_on=date.fromisoformat(values["sent_on"]), channel=channel)
    if answer.act == "send":
        names = tuple(file.document.name for file in files)
        sent = tuple(dict.fromkeys(file.deliverable for file in files if file.deliverable))
        return RecordReceived(**common, deliverables=sent, channel="web", files=names)
    if answer.act == "reply":
        reply: Reply = values["reply"]  # type: ignore[assignment]  # checked
        people = read_count(values["people"]) if reply != "declined" else None
        return RecordReply(
            **common, reply=reply, people=people, deputy=values["deputy"] if reply == "delegated" else ""
        )
    return Disown(**common)
