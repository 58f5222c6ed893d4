"""The dependencies that services share."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.ports import Composer, Store
from scheduler.queries.site_links import SiteLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """The record, the composer of notices, and the links to pages, which are None if mails hold no links."""

    store: Store
    composer: Composer
    links: SiteLinks | None = None
