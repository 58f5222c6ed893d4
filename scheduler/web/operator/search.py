"""What somebody looks for among many entries: words, and a period of local days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.plan.dates.due_dates import FIRST_YEAR, LAST_YEAR, ONE_DAY, local_day, to_instant
from scheduler.ports import MailSearch
from scheduler.web.context import RequestContext
from scheduler.web.forms.text_input import clean_text
from scheduler.web.lookup import read_day

_PERIODS = (7, 30)  # days


class Search(NamedTuple):
    """What somebody looks for: words, and local days, as the form of the page has them."""

    words: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_narrow(self) -> bool:
        """Return whether anything is left out."""
        return self != Search()

    def within(self, context: RequestContext) -> MailSearch:
        """Return the search as the outbox takes it."""
        since, until = self.span(zone_of(context))
        return MailSearch(words=self.words, since=since, until=until)

    def span(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """Return when the period begins and ends in a time zone (UTC); None where it is open."""
        return (
            to_instant(self.first, time(), zone) if self.first else None,
            to_instant(self.last + ONE_DAY, time(), zone) if self.last else None,
        )

    @property
    def query(self) -> dict[str, str]:
        """Return the search as parameters of an address."""
        days = {name: day.isoformat() if day else "" for name, day in (("from", self.first), ("to", self.last))}
        return {"words": self.words, **days}


def read_search(context: RequestContext) -> Search:
    """Return what the address looks for; a day that is none is left out."""
    query = context.request.query_params
    return Search(clean_text(query.get("words", ""), 200), _read_day(query.get("from")), _read_day(query.get("to")))


def _read_day(text: str | None) -> date | None:
    """Return a day in the years that plans have, in every time zone; None for anything else."""
    day = read_day(text or "")
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


def list_periods(context: RequestContext) -> list[tuple[int, date]]:
    """Return the periods that the page offers: a number of days, and the first of them."""
    today = local_day(context.now, zone_of(context))
    return [(days, today - timedelta(days=days - 1)) for days in _PERIODS]


def zone_of(context: RequestContext) -> ZoneInfo:
    """Return the time zone of the first plan, by which days are meant; UTC if there is none."""
    return next((plan.zone for plan in context.site.plans), ZoneInfo("UTC"))
