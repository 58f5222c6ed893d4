"""The addresses of parties' pages, for an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.bootstrap.container import Container
from scheduler.clock import SystemClock
from scheduler.errors import NothingMatched, UserError
from scheduler.plan.model import Party
from scheduler.queries.site_links import SiteLinks


def list_pages(container: Container, party: str | None = None) -> list[dict[str, Any]]:
    """Return the address of a party's page, or of all pages. Raises `NothingMatched` for a party without a page."""
    parties = _with_pages(container, party)
    with container.store() as store, store.reading() as view:
        generations = view.pages.generations()
    return [_row(container, found, generations.get(found.id, 1)) for found in parties]


def revoke_page(container: Container, party: str) -> dict[str, Any]:
    """Revoke the address of a party's page and return the new one.

    It commits. Raises `NothingMatched` for a party without a page.
    """
    [found] = _with_pages(container, party)
    with container.store() as store, store.transaction() as unit:
        generation = unit.pages.revoke(party, now=SystemClock().now())
    return _row(container, found, generation)


def _with_pages(container: Container, party: str | None) -> Sequence[Party]:
    settings = container.settings.server
    if not settings.port and not settings.public_url:
        raise UserError("the daemon takes any free port, so no address is known", hint="set port in [server]")
    parties = {
        found.id: found
        for definition in container.definitions.load().definitions
        for found in definition.plan.parties.values()
        if found.contacts and not found.external
    }
    if party is None:
        return list(parties.values())
    if party not in parties:
        raise NothingMatched.named("party that has a page", party, parties)
    return [parties[party]]


def _row(container: Container, party: Party, generation: int) -> dict[str, Any]:
    server = container.settings.server
    addresses = SiteLinks(server.url(server.port), container.secret)
    return {
        "party": party.id,
        "name": party.name,
        "revoked": generation - 1,
        "url": addresses.of(party.id, generation),
    }
