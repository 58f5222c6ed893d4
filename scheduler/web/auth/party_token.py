"""Access to the private page of a party by the token in its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    site, definitions = context.site, context.running.definitions()
    party, generation = _find_party(context, view, definitions)
    shown = [definition for definition in definitions if party.id in definition.plan.parties]
    agendas = tuple((each, site.snapshots.read(view, each.plan, context.now).agenda) for each in shown)
    if is_over([agenda for _, agenda in agendas], party.id, context.now):
        raise HTTPException(410)
    form_token = make_form_token(site.secret, f"party\0{party.id}\0{generation}")
    return PartyAccess(party=party, generation=generation, agendas=agendas, form_token=form_token)


def _find_party(context: RequestContext, view: UnitOfWork, definitions: Sequence[Definition]) -> tuple[Party, int]:
    """Return the party whose token the address contains, and the generation of the token.

    Raises: HTTPException 404 for a token that was never issued, 410 for a revoked one.
    """
    token, generations = context.request.path_params["token"], view.pages.generations()
    parties = {party.id: party for each in definitions for party in each.plan.parties.values() if has_page(party)}
    former = [(id, name) for id, party in parties.items() for name in party.was if name not in parties]
    names = (*former, *((id, id) for id in parties))  # present ids last, so that nobody else opens their pages
    known = _parties_by_key(context.site.secret, names, tuple(sorted(generations.items())))
    found = known.get(token_key(token)) if len(token) == TOKEN_LENGTH else None
    if found is None:
        raise HTTPException(404)
    id, generation = found
    if generation < generations.get(id, 1):
        raise HTTPException(410)
    return parties[id], generation


def has_page(party: Party) -> bool:
    """Return whether a party has a page of its own: it has contacts and is not external."""
    return bool(party.contacts) and not party.external


def for_parties(handler: Callable[[RequestContext], Response]) -> Callable[[Request], Any]:
    """Wrap a handler of a party's page; the handler checks the token itself."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handler, RequestContext(request, request.app.state.site))

    return endpoint


@lru_cache(_KNOWN)
def _parties_by_key(
    secret: bytes, names: tuple[tuple[str, str], ...], generations: tuple[tuple[str, int], ...]
) -> Mapping[bytes, tuple[str, int]]:
    """Return party and generation of every token ever issued, by its digest; `names` has each party with each id.

    The duration of a look-up by digest reveals nothing about the tokens.
    """
    newest = dict(generations)
    return {
        token_key(make_token(secret, "page", name, generation)): (party, generation)
        for party, name in names
        for generation in range(1, newest.get(party, 1) + 1)
    }
