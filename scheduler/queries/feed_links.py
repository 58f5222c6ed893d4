"""The private addresses of calendars: anyone who has one can read it.

Only the generation of an address is stored, so an address can be shown again and revoked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import quote

from scheduler.plan.model import Plan
from scheduler.ports import FeedRow
from scheduler.tokens import make_token
from scheduler.wording import calendar_words


def name_calendar(feed: FeedRow, plans: Sequence[Plan]) -> tuple[str, str]:
    """Return the name of a calendar and the language of its readers."""
    shown = [plan for plan in plans if feed.plan in (None, plan.id)]
    whose = next((plan.parties[feed.audience].short for plan in shown if feed.audience in plan.parties), "")
    what, language = (shown[0].sender_name, shown[0].language) if shown else ("Hạn chót", "vi")
    kind = calendar_words("tasks", language) if feed.tasks else ""
    return " - ".join(part for part in (what, whose, kind) if part), language


def calendar_path(feed: FeedRow, plans: Sequence[Plan], secret: bytes) -> str:
    """Return the path of a calendar.

    It holds the token, or the plan of a public calendar, and a name for programs that show the address.
    """
    name = slug(name_calendar(feed, plans)[0])
    if not feed.audience:
        return f"/calendar/public/{quote(feed.plan or '')}/{name}.ics"
    return f"/calendar/{make_token(secret, 'feed', feed.audience, feed.generation)}/{name}.ics"


def slug(name: str) -> str:
    """Return a name in lower-case ASCII letters, digits and hyphens, for use in an address."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain if c.isascii()).lower()).strip("-") or "calendar"
