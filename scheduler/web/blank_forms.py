"""Download of the blank forms that a plan offers with its milestones; they lie beside the plan's file."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from scheduler.documents.file_kinds import HEAD, find_kind
from scheduler.folders import find_below
from scheduler.plan.model import BlankForm, Milestone, Occurrence, Plan
from scheduler.texts import Text
from scheduler.web.auth.party_token import find_party_access, for_parties
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import find_definition, find_number
from scheduler.web.operator.documents import download_headers


def serve_to_operator(context: RequestContext) -> Response:
    """Serve a blank form of a milestone. Raises: HTTPException 404 if there is none."""
    return _serve(context, find_definition(context).plan)


def serve_to_party(context: RequestContext) -> Response:
    """Serve a blank form of a milestone to a party that has a part in it. Raises: HTTPException 404 or 410."""
    with context.running.store.reading() as view:
        access = find_party_access(context, view)
    wanted, milestone = (context.request.path_params[name] for name in ("plan", "milestone"))
    for definition, agenda in access.agendas:
        if definition.plan.id == wanted and (milestone, access.party.id) in agenda.by_key:
            return _serve(context, definition.plan)
    raise HTTPException(404)


def _serve(context: RequestContext, plan: Plan) -> Response:
    number, milestone = find_number(context, "number"), _find_milestone(plan, context.request.path_params["milestone"])
    if not 1 <= number <= len(milestone.forms):
        raise HTTPException(404)
    form = milestone.forms[number - 1]
    path = find_below(Path(plan.file).parent, form.file)
    if path is None:
        context.running.log_problem(
            Text("the form {file} of {milestone} is not there any more", file=form.file, milestone=milestone.id)
        )
        raise HTTPException(404)
    return FileResponse(path, media_type=_type_of(path), headers=download_headers(_name_of(form)))


def _find_milestone(plan: Plan, id: str) -> Milestone:
    wanted = Occurrence.of(id).milestone
    found = next((milestone for milestone in plan.milestones if milestone.id == wanted), None)
    if found is None:
        raise HTTPException(404)
    return found


def _name_of(form: BlankForm) -> str:
    """Return the name under which a form is saved: that of its file."""
    return form.file.rpartition("/")[2]


def _type_of(path: Path) -> str:
    with path.open("rb") as file:
        kind = find_kind(file.read(HEAD))
    return kind.type if kind is not None else "application/octet-stream"


ROUTES = [
    Route("/plans/{plan}/milestones/{milestone}/forms/{number}", for_operators(serve_to_operator)),
    Route("/p/{token}/{plan}/{milestone}/forms/{number}", for_parties(serve_to_party)),
]
