"""One task of a party as its page shows it, with what was typed into its forms."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.responses import Response

from scheduler.plan.answers.attendance import offered_replies
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact
from scheduler.plan.model import Channel
from scheduler.ports import Definition, UnitOfWork
from scheduler.queries.agendas import inputs_fingerprint
from scheduler.web.auth.party_token import PartyAccess, find_party_access
from scheduler.web.context import RequestContext
from scheduler.web.forms.uploads import UploadProblem
from scheduler.web.party.tasks import (
    Task,
    find_task,
    list_history,
    task_fingerprint,
)

ACTS = ("declare", "send", "disown", "reply")


CHANNELS: tuple[Channel, ...] = ("paper", "email")  # by which a party can declare that it has sent something


FIELDS = ("sent_on", "channel", "who", "note", "reply", "deputy", "people")
TOO_BIG = {"file_too_big", "too_many_files", "day_full"}
LIMITS = {"who": 120, "note": 1000, "deputy": 120}  # characters of each field


@dataclass(kw_only=True)
class Answer:
    """The input of a task form, and what the page reports about it."""

    act: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    problems: tuple[UploadProblem, ...] = ()
    news: tuple[Fact, ...] | None = None  # facts since the form was opened; None if it was current
    done: str = ""

    @property
    def status(self) -> int:
        """Return the HTTP status of the page."""
        codes = {problem.code for problem in self.problems}
        if self.news is not None:
            return 409
        return 507 if "disk_full" in codes else 413 if codes & TOO_BIG else 422 if codes else 200


class NoSuchTask(HTTPException):
    """The address names no task of the party, or no longer does (HTTP 404)."""


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """One task of a party as read for one request."""

    context: RequestContext
    view: UnitOfWork
    access: PartyAccess
    definition: Definition
    task: Task
    facts: list[Fact]

    @classmethod
    def of(cls, context: RequestContext, view: UnitOfWork) -> TaskView:
        """Return the task that the address names.

        Raises: NoSuchTask if the party has no part in it.
        """
        access = find_party_access(context, view)
        asked = context.request.path_params
        for definition, agenda in access.agendas:
            if definition.plan.id == asked["plan"]:
                milestone = agenda.plan.present_id(asked["milestone"])  # mails that have left name the former id
                task = find_task(agenda, milestone, access.party.id, context.now)
                if task is not None:
                    facts = list(view.facts.of(definition.plan.id))
                    return cls(context=context, view=view, access=access, definition=definition, task=task, facts=facts)
        raise NoSuchTask(404)

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of what a form made now is based on."""
        return task_fingerprint(self.task, self.facts)

    @property
    def inputs(self) -> str:
        """Return the expected version for recording a fact; "" for a plan that is not loaded yet."""
        plan, plans = self.task.plan, self.view.plans
        return inputs_fingerprint(plans.inputs(plan.id), plan) if plans.state(plan.id) is not None else ""

    def page(self, answer: Answer, template: str = "own-task.html", **values: object) -> Response:
        """Return the page of the task with the submitted input filled in, or another one with values of its own."""
        plan = self.task.plan
        return self.context.page(
            template,
            language=plan.language,
            status=answer.status,
            party=self.access.party,
            form_token=self.access.form_token,
            task=self.task,
            history=list_history(self.view, self.task),
            answer=answer,
            zone=plan.zone,
            today=local_day(self.context.now, plan.zone),
            channels=CHANNELS,
            replies=offered_replies(self.task.milestone),
            expected_version=self.fingerprint,
            idempotency_key=secrets.token_urlsafe(12),
            home=f"/p/{self.context.request.path_params['token']}",
            here=self.context.path,
            **values,
        )


def is_open_to(act: str, task: Task) -> bool:
    """Return whether the form for an act is offered for a task; only an objection always is."""
    if act == "reply":
        return task.can_reply
    return act == "disown" or task.can_send or (act == "send" and task.can_replace)
