"""The addresses of parties' pages, for an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.bootstrap.container import Container
from scheduler.clock import SystemClock
from scheduler.errors import NothingMatched
from scheduler.plan.model import Party
from scheduler.queries.site_links import SiteLinks
from scheduler.texts import Text


def list_pages(container: Container, party: str | None = None) -> list[dict[str, Any]]:
    """Return the address of a party's page, or of all pages. Raises like `revoke_page`."""
    base, parties = container.settings.server.known_url(), _with_pages(container, party)
    links = SiteLinks(base, container.secret)
    with container.store() as store, store.reading() as view:
        generations = view.pages.generations()
    return [_row(links, found, generations.get(found.id, 1)) for found in parties]


def revoke_page(container: Container, party: str) -> dict[str, Any]:
    """Revoke the address of a party's page and return the new one.

    It commits. Raises `NothingMatched` for a party without a page, `UserError` if the daemon's address is not known.
    """
    base, [found] = container.settings.server.known_url(), _with_pages(container, party)
    links = SiteLinks(base, container.secret)
    with container.store() as store, store.transaction() as unit:
        generation = unit.pages.revoke(party, now=SystemClock().now())
    return _row(links, found, generation)


def _with_pages(container: Container, party: str | None) -> Sequence[Party]:
    parties = {
        found.id: found
        for definition in container.load().definitions
        for found in definition.plan.parties.values()
        if found.contacts and not found.external
    }
    if party is None:
        return list(parties.values())
    if party not in parties:
        raise NothingMatched.named(Text("party that has a page"), party, parties)
    return [parties[party]]


def _row(links: SiteLinks, party: Party, generation: int) -> dict[str, Any]:
    return {
        "party": party.id,
        "name": party.name,
        "revoked": generation - 1,
        "url": links.of(party.id, generation),
    }
