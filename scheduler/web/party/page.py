"""A party's private page: its tasks over all plans, and the forms by which it answers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from scheduler.errors import RecordAway, UserError
from scheduler.plan.due_dates import local_day, near, to_instant
from scheduler.plan.model import Channel, Fact
from scheduler.ports import Definition, Document, Unit
from scheduler.queries.site_links import by_page
from scheduler.services import commands
from scheduler.services.reconcile import name_inputs
from scheduler.services.record_facts import Overtaken, record_all
from scheduler.web.auth.party_token import Caller, find_caller, for_parties
from scheduler.web.context import Visit
from scheduler.web.forms.posted_form import is_form_of, is_once, read_form
from scheduler.web.forms.text_input import clean_lines, clean_text
from scheduler.web.forms.uploads import DAILY, Incoming, Trouble, read_upload
from scheduler.web.lookup import read_day
from scheduler.web.party.subscription import find_subscription, subscribe
from scheduler.web.party.tasks import (
    Task,
    by_part,
    find_task,
    list_history,
    list_tasks,
    name_sight,
    news_since,
)

ACTS = ("declare", "send", "disown")
CHANNELS: tuple[Channel, ...] = ("paper", "email")  # by which a party says it has sent something
FIELDS = ("sent_on", "channel", "who", "note")
LIMITS = {"who": 120, "note": 1000}  # characters of what is typed


def show_page(visit: Visit) -> Response:
    """Show everything that a party has a part in."""
    with visit.running.store.reading() as view:
        caller = find_caller(visit, view)
        subscription = find_subscription(visit, view, caller.party.id)
    plans = [(d.plan, list(by_part(list_tasks(agenda, caller.party.id, visit.now)))) for d, agenda in caller.agendas]
    return visit.page(
        "own-page.html",
        language=caller.agendas[0][0].plan.language,
        party=caller.party,
        plans=plans,
        here=visit.here,
        subscription=subscription,
        form_token=caller.form_token,
    )


async def make_calendar(request: Request) -> Response:
    """Make a calendar for the party to subscribe to; one that is there is shown again."""
    visit = Visit(request, request.app.state.house)
    form = await read_form(request)

    def make() -> Response:
        with visit.running.store.reading() as view:
            caller = find_caller(visit, view)
        if not is_form_of(str(form.get("form", "")), caller.form_token):
            raise HTTPException(403)
        subscribe(visit, caller.party.id)
        return RedirectResponse(f"{visit.here}#calendar", 303)

    return await run_in_threadpool(make)


def show_task(visit: Visit) -> Response:
    """Show one task with its history and the forms that answer it."""
    with visit.running.store.reading() as view:
        seen = Seen.of(visit, view)
        return seen.page(Answer(done=visit.unseal("done")))


@dataclass(kw_only=True)
class Answer:
    """What somebody typed into a form, and what is to be said about it."""

    act: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    chosen: tuple[str, ...] = ()  # deliverables
    troubles: tuple[Trouble, ...] = ()
    news: tuple[Fact, ...] | None = None  # what has changed since the form was opened
    done: str = ""

    @property
    def status(self) -> int:
        """Return what the answer says to a program."""
        words = {trouble.word for trouble in self.troubles}
        if self.news is not None:
            return 409
        return 507 if "disk_full" in words else 413 if words & _TOO_BIG else 422 if words else 200


_TOO_BIG = {"file_too_big", "too_many_files", "day_full"}


class NoTask(HTTPException):
    """What an address names is none of the caller's tasks, or is one no more."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One look at one task of a caller."""

    visit: Visit
    view: Unit
    caller: Caller
    definition: Definition
    task: Task
    facts: list[Fact]

    @classmethod
    def of(cls, visit: Visit, view: Unit) -> Seen:
        """Return what the address of a request names; 404 where the party has no part in it."""
        caller = find_caller(visit, view)
        asked = visit.request.path_params
        for definition, agenda in caller.agendas:
            if definition.plan.id == asked["plan"]:
                task = find_task(agenda, asked["milestone"], caller.party.id, visit.now)
                if task is not None:
                    facts = list(view.facts.of(definition.plan.id))
                    return cls(visit=visit, view=view, caller=caller, definition=definition, task=task, facts=facts)
        raise NoTask(404)

    @property
    def sight(self) -> str:
        """Return the word for what a form made now rests on."""
        return name_sight(self.task, self.facts)

    @property
    def inputs(self) -> str:
        """Return the word by which recording knows whether anything has changed since; "" for a plan not loaded yet."""
        plan, plans = self.task.plan, self.view.plans
        return name_inputs(plans.inputs(plan.id), plan) if plans.state(plan.id) is not None else ""

    def page(self, answer: Answer) -> Response:
        """Return the page of the task, with what was typed still there."""
        plan = self.task.plan
        return self.visit.page(
            "own-task.html",
            language=plan.language,
            status=answer.status,
            party=self.caller.party,
            form_token=self.caller.form_token,
            task=self.task,
            history=list_history(self.view, self.task),
            answer=answer,
            zone=plan.zone,
            today=local_day(self.visit.now, plan.zone),
            channels=CHANNELS,
            seen=self.sight,
            once=secrets.token_urlsafe(12),
            home=f"/p/{self.visit.request.path_params['token']}",
            here=self.visit.here,
        )


_OVER = {404: "error.not_found", 410: "error.gone"}  # addresses that are nobody's, or are no more


async def answer_task(request: Request) -> Response:
    """Take what a party says or sends about a task. Said twice by one form, it is taken once."""
    visit = Visit(request, request.app.state.house)
    house = visit.house
    is_upload = request.headers.get("content-type", "").lower().startswith("multipart/")
    try:
        caller, room = await run_in_threadpool(_admit, visit)
    except HTTPException as error:
        if is_upload or error.status_code not in _OVER:
            raise
        form = await read_form(request)
        why, texts = _OVER[error.status_code], [form.get("note"), form.get("who")]
        return await run_in_threadpool(partial(visit.quote, texts, why=why, status=error.status_code))
    if not is_upload:
        form = await read_form(request)
        fields = {name: [value] for name, value in form.multi_items() if isinstance(value, str)}
        return await run_in_threadpool(_take_or_quote, visit, Incoming(fields=fields))
    with house.traffic.counted(caller.party.id, room) as counted:
        incoming = await read_upload(request, house.shelf, counted)
        try:
            return await run_in_threadpool(_take_or_quote, visit, incoming)
        finally:
            incoming.drop()


def _admit(visit: Visit) -> tuple[Caller, int]:
    """Return who sends something and how many bytes may still come today; refuse it before it is read."""
    with visit.running.store.reading() as view:
        caller = find_caller(visit, view)
        if not visit.house.saying.admits(caller.party.id, visit.running.system.now()):
            raise HTTPException(429)
        try:
            return caller, _room(Seen.of(visit, view))
        except NoTask:  # its words are given back
            return caller, 0


def _take_or_quote(visit: Visit, incoming: Incoming) -> Response:
    try:
        return _take(visit, incoming)
    except NoTask:
        home = f"/p/{visit.request.path_params['token']}"
        return visit.quote([incoming.field("note"), incoming.field("who")], back=home)


def _room(seen: Seen) -> int:
    plan = seen.task.plan
    midnight = to_instant(local_day(seen.visit.now, plan.zone), time(), plan.zone)
    return DAILY - seen.view.documents.size_since(seen.caller.party.id, midnight)


def _take(visit: Visit, incoming: Incoming) -> Response:
    act = incoming.field("act")
    with visit.running.store.reading() as view:
        seen = Seen.of(visit, view)
        if not is_form_of(incoming.field("form"), seen.caller.form_token) or not is_once(incoming.field("once")):
            raise HTTPException(403)
        answer = _read(incoming, act)
        if incoming.field("once") in {fact.once for fact in seen.facts if fact.once}:
            return _done(visit, act)
        if incoming.field("seen") != seen.sight:
            answer.news = tuple(news_since(incoming.field("seen"), seen.task, seen.facts))
            return seen.page(answer)
        if act not in ACTS or not _is_open_to(act, seen.task):
            raise HTTPException(403)
        if act == "disown" and not visit.house.objecting.admits(seen.caller.party.id, visit.running.system.now()):
            raise HTTPException(429)
        documents = incoming.documents() if act == "send" else []
        answer.troubles = tuple(_check(act, answer, incoming, documents, seen))
        if Trouble("disk_full") in answer.troubles:
            visit.running.tell("documents could not be kept: the disk of the data folder takes no more")
        if answer.troubles:
            return seen.page(answer)
        inputs = seen.inputs
    return _record(visit, seen, inputs, answer, incoming, documents)


def _record(
    visit: Visit, seen: Seen, inputs: str, answer: Answer, incoming: Incoming, documents: list[Document]
) -> Response:
    running = visit.running
    try:
        for _, draft in incoming.drafts:
            visit.house.shelf.keep(draft)
    except OSError as error:
        running.tell(f"documents could not be kept: {error.strerror}")
        answer.troubles = (Trouble("disk_full"),)
        with running.store.reading() as view:
            return Seen.of(visit, view).page(answer)
    fact = _build(seen, answer, incoming.field("once"), documents)
    try:
        recorded = record_all(visit.desk, seen.definition, [fact], documents=documents, seen=inputs)
    except RecordAway:
        raise
    except UserError as error:  # something has happened since the last look
        with running.store.reading() as view:
            now = Seen.of(visit, view)
            answer.news = tuple(news_since(seen.sight, now.task, now.facts))
            if now.sight == seen.sight and not isinstance(error, Overtaken):
                raise
            return now.page(answer)
    for problem in recorded.problems:
        running.tell(f"a notice could not be written: {problem}")
    running.wake()
    return _done(visit, answer.act)


def _done(visit: Visit, act: str) -> Response:
    return RedirectResponse(f"{visit.here}?done={visit.seal(visit.here, act if act in ACTS else '')}", 303)


def _is_open_to(act: str, task: Task) -> bool:
    return act == "disown" or task.can_send


def _read(incoming: Incoming, act: str) -> Answer:
    values = {name: (clean_lines if name == "note" else clean_text)(incoming.field(name)) for name in FIELDS}
    chosen = tuple(incoming.fields.get("deliverable", ()))
    return Answer(act=act, values=values, chosen=chosen, troubles=tuple(incoming.troubles))


# ---------------------------------------------------------------- what is wrong with a form


def _check(act: str, answer: Answer, incoming: Incoming, documents: list[Document], seen: Seen) -> list[Trouble]:
    found = list(dict.fromkeys(incoming.troubles))
    if not answer.values["who"]:
        found.append(Trouble("no_name"))
    found += [Trouble("too_long", str(limit)) for name, limit in LIMITS.items() if len(answer.values[name]) > limit]
    if act == "declare":
        found += _check_declared(answer, seen)
    if act == "send" and not found and not documents:
        found.append(Trouble("no_files"))
    if act == "send" and sum(document.size for document in documents) > _room(seen):
        found.append(Trouble("day_full"))
    known = {deliverable.id for deliverable in seen.task.milestone.deliverables}
    if act == "send" and (not known.issuperset(answer.chosen) or (known and not answer.chosen)):
        found.append(Trouble("no_deliverable"))
    if act == "disown" and not answer.values["note"]:
        found.append(Trouble("no_note"))
    return found


def _check_declared(answer: Answer, seen: Seen) -> list[Trouble]:
    found = []
    day = read_day(answer.values["sent_on"])
    plan = seen.task.plan
    if day is None:
        found.append(Trouble("no_day"))
    elif day < near(plan.year)[0]:
        found.append(Trouble("day_far"))
    elif day > local_day(seen.visit.now, plan.zone):
        found.append(Trouble("day_to_come"))
    if answer.values["channel"] not in CHANNELS:
        found.append(Trouble("no_channel"))
    return found


# ---------------------------------------------------------------- what a form becomes


def _build(seen: Seen, answer: Answer, once: str, documents: list[Document]) -> Fact:
    plan, values, now = seen.task.plan, answer.values, seen.visit.now
    about = (plan, seen.task.id, seen.caller.party.id)
    if answer.act == "declare":
        channel: Channel = values["channel"]  # type: ignore[assignment]  # checked
        fact = commands.declared(*about, at=now, sent_on=date.fromisoformat(values["sent_on"]), channel=channel)
    elif answer.act == "send":
        files = [document.name for document in documents]
        fact = commands.received(*about, at=now, deliverables=answer.chosen, channel="web", files=files)
    else:
        fact = commands.disowned(*about, at=now)
    return replace(fact, note=values["note"], by=by_page(values["who"]), once=once)


def _either(show: Callable[[Visit], Response], take: Callable[[Request], Awaitable[Response]]) -> Any:
    async def endpoint(request: Request) -> Response:
        handler: Any = take if request.method == "POST" else for_parties(show)
        response: Response = await handler(request)
        return response

    return endpoint


ROUTES = [
    Route("/p/{token}", _either(show_page, make_calendar), methods=["GET", "POST"]),
    Route("/p/{token}/{plan}/{milestone}", _either(show_task, answer_task), methods=["GET", "POST"]),
]
