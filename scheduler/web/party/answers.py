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

from scheduler.errors import RecordUnavailable, UserError
from scheduler.plan.commands import Command, Declare, Disown, RecordReceived
from scheduler.plan.dates.due_dates import local_day, near, to_instant
from scheduler.plan.facts import Actor
from scheduler.plan.model import Channel
from scheduler.ports import Document
from scheduler.services.record_facts import StaleDecision, execute
from scheduler.web.auth.party_token import PartyAccess, find_party_access
from scheduler.web.context import RequestContext
from scheduler.web.forms.posted_form import read_form
from scheduler.web.forms.text_input import clean_lines, clean_text
from scheduler.web.forms.tokens import is_idempotency_key, is_same_token
from scheduler.web.forms.uploads import DAILY_SIZE, Incoming, UploadProblem, read_upload
from scheduler.web.lookup import read_day
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
    is_upload = request.headers.get("content-type", "").lower().startswith("multipart/")
    try:
        access, allowance = await run_in_threadpool(_check_access, context)
    except HTTPException as error:
        if is_upload or error.status_code not in _NO_PAGE:
            raise
        form = await read_form(request)
        why, texts = _NO_PAGE[error.status_code], [form.get("note"), form.get("who")]
        return await run_in_threadpool(partial(context.show_typed_texts, texts, why=why, status=error.status_code))
    if not is_upload:
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
    return DAILY_SIZE - task_view.view.documents.size_since(task_view.access.party.id, midnight)


def _take(context: RequestContext, incoming: Incoming) -> Response:
    once, seen = incoming.field("once"), incoming.field("seen")
    with context.running.store.reading() as view:
        task_view = TaskView.of(context, view)
        if not is_same_token(incoming.field("form"), task_view.access.form_token) or not is_idempotency_key(once):
            raise HTTPException(403)
        answer = _read(incoming)
        if any(fact.idempotency_key == once for fact in task_view.facts):
            return _done(context, answer.act)
        if seen != task_view.fingerprint:
            answer.news = tuple(news_since(seen, task_view.task, task_view.facts))
            return task_view.page(answer)
        _refuse_unoffered(answer.act, task_view)
        documents = incoming.documents() if answer.act == "send" else []  # before the problems, to which it adds
        answer.problems = tuple(_check(answer, incoming.problems, documents, task_view))
        if UploadProblem("disk_full") in answer.problems:
            context.running.log_problem("documents could not be kept: the disk of the data folder takes no more")
        if answer.problems:
            return task_view.page(answer)
        inputs = task_view.inputs
    return _record(task_view, inputs, answer, incoming, documents)


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


def _record(
    task_view: TaskView, inputs: str, answer: Answer, incoming: Incoming, documents: list[Document]
) -> Response:
    context, running = task_view.context, task_view.context.running
    try:
        for _, draft in incoming.drafts:
            context.site.blob_store.keep(draft)
    except OSError as error:
        running.log_problem(f"documents could not be kept: {error.strerror}")
        answer.problems = (UploadProblem("disk_full"),)
        with running.store.reading() as view:
            return TaskView.of(context, view).page(answer)
    command = _make_command(task_view, answer, incoming.field("once"), documents)
    try:
        recorded = execute(
            context.services, task_view.definition, [command], documents=documents, expected_version=inputs
        )
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
        running.log_problem(f"a notice could not be written: {problem}")
    running.wake()
    return _done(context, answer.act)


def _done(context: RequestContext, act: str) -> Response:
    return RedirectResponse(f"{context.path}?done={context.seal(context.path, act if act in ACTS else '')}", 303)


def _read(incoming: Incoming) -> Answer:
    values = {name: (clean_lines if name == "note" else clean_text)(incoming.field(name)) for name in FIELDS}
    chosen = tuple(incoming.fields.get("deliverable", ()))
    return Answer(act=incoming.field("act"), values=values, chosen=chosen, problems=tuple(incoming.problems))


def _check(
    answer: Answer, problems: Iterable[UploadProblem], documents: Sequence[Document], task_view: TaskView
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
        if not found and not documents:
            found.append(UploadProblem("no_files"))
        found += _check_sent(answer, documents, task_view)
    elif not answer.values["note"]:  # an objection without a reason
        found.append(UploadProblem("no_note"))
    return found


def _check_sent(answer: Answer, documents: Iterable[Document], task_view: TaskView) -> list[UploadProblem]:
    found = []
    if sum(document.size for document in documents) > _allowance(task_view):
        found.append(UploadProblem("day_full"))
    known = {deliverable.id for deliverable in task_view.task.milestone.deliverables}
    if not known.issuperset(answer.chosen) or (known and not answer.chosen):
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


def _make_command(task_view: TaskView, answer: Answer, idempotency_key: str, documents: list[Document]) -> Command:
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
        files = tuple(document.name for document in documents)
        return RecordReceived(**common, deliverables=answer.chosen, channel="web", files=files)
    return Disown(**common)
