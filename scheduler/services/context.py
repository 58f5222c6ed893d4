"""What every service needs."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.ports import Composer, Store
from scheduler.queries.site_links import SiteLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """What recording needs: the record, somebody who writes the notices, and where parties' pages are, if anywhere."""

    store: Store
    composer: Composer
    pages: SiteLinks | None = None
