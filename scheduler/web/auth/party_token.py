"""Access to the private page of a party by the token in its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from scheduler.plan.agenda import Agenda
from scheduler.plan.model import Party
from scheduler.ports import Definition, UnitOfWork
from scheduler.queries.site_links import is_over
from scheduler.tokens import TOKEN_LENGTH, make_token, token_key
from scheduler.web.context import RequestContext
from scheduler.web.forms.tokens import make_form_token

_KNOWN = 8  # cached token tables, one per set of parties and generations


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyAccess:
    """A party's access to its page: its agendas, and the form token that its forms must contain."""

    party: Party
    generation: int
    agendas: tuple[tuple[Definition, Agenda], ...]
    form_token: str


def find_party_access(context: RequestContext, view: UnitOfWork) -> PartyAccess:
    """Return the access of the party whose token the address contains.

    Raises: HTTPException 404 for a token that was never issued, 410 for a revoked one and for a party whose
    last date is more than ninety days past.
    """
    site, generations = context.site, view.pages.generations()
    definitions = site.running.definitions()
    parties = {p.id: p for d in definitions for p in d.plan.parties.values() if p.contacts and not p.external}
    token = context.request.path_params["token"]
    known = _parties_by_key(site.secret, tuple(parties), tuple(sorted(generations.items())))
    found = known.get(token_key(token)) if len(token) == TOKEN_LENGTH else None
    if found is None:
        raise HTTPException(404)
    party, generation = found
    if generation < generations.get(party, 1):
        raise HTTPException(410)
    shown = [d for d in definitions if party in d.plan.parties]
    agendas = tuple((d, site.snapshots.read(view, d.plan, context.now).agenda) for d in shown)
    if is_over([agenda for _, agenda in agendas], party, context.now):
        raise HTTPException(410)
    subject = f"party\0{party}\0{generation}"
    return PartyAccess(
        party=parties[party], generation=generation, agendas=agendas, form_token=make_form_token(site.secret, subject)
    )


def for_parties(handler: Callable[[RequestContext], Response]) -> Callable[[Request], Any]:
    """Wrap a handler of a party's page; the handler checks the token itself."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, RequestContext(request, request.app.state.site))

    return endpoint


@lru_cache(_KNOWN)
def _parties_by_key(
    secret: bytes, parties: tuple[str, ...], generations: tuple[tuple[str, int], ...]
) -> Mapping[bytes, tuple[str, int]]:
    """Return party and generation of every token ever issued, by its digest.

    The duration of a look-up by digest reveals nothing about the tokens.
    """
    newest = dict(generations)
    return {
        token_key(make_token(secret, "page", party, generation)): (party, generation)
        for party in parties
        for generation in range(1, newest.get(party, 1) + 1)
    }
