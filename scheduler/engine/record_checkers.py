"""The sources of status checks that look into the record: what people, the mailbox and parties' pages brought there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from scheduler.errors import UserError
from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.facts import Declared, Disowned, Received
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Finding, InboxState, Store
from scheduler.queries.inbox import WAITING, read_mailbox_gap
from scheduler.texts import Text, join, pattern
from scheduler.wording.sentences import word_instant, word_status


class ManualChecker:
    """A checker that reports what people have recorded; the only source that needs no mailbox or folder."""

    source = "manual"

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return what the record says about each open obligation."""
        return [_find(self.source, o, _describe_standing(o)) for o in open_obligations]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxChecker:
    """A checker that reports which received mails are about an obligation; they were decided about when they came.

    Without `reading` no mailbox is read.
    """

    source: ClassVar[str] = "mailbox"

    store: Store
    reading: MailboxReading | None

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return how many mails came about each open obligation.

        Raises `UserError` if no mailbox is read, or if it was not read lately.
        """
        if self.reading is None:
            raise UserError(
                Text("no mailbox is read for answers"),
                hint=Text('name its folders under [inbox] folders, or leave "mailbox" out of [checks] sources'),
            )
        with self.store.reading() as view:
            gap = read_mailbox_gap(view, self.reading, now)
            counts = view.inbox.counts_of(plan.id)
        if gap is not None:
            since = (
                Text(" since {when}", when=word_instant(gap.since.astimezone(plan.zone)))
                if gap.since
                else Text(" so far")
            )
            raise UserError(
                Text("the mailbox was not read{since}", since=since),
                hint=Text("the log says why; `hanchot doctor` tries it"),
            )
        return [_find(self.source, o, _describe_mails(counts, o)) for o in open_obligations]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebChecker:
    """A checker that reports what parties did on their pages, which exist only with a public address."""

    source: ClassVar[str] = "web"

    has_pages: bool

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return what came through the party's page about each open obligation.

        Raises `UserError` if parties have no pages.
        """
        if not self.has_pages:
            raise UserError(
                Text("no party has a page, because there is no address that others can open"),
                hint=Text('set [server] public_url to such an address, or leave "web" out of [checks] sources'),
            )
        return [_find(self.source, o, _describe_page(o, plan)) for o in open_obligations]


def _find(source: str, o: Obligation, seen: str) -> Finding:
    return Finding(milestone=o.milestone, party=o.party, source=source, seen=seen)


def _describe_standing(obligation: Obligation) -> str:
    standing = obligation.standing
    if standing.state == "open":
        return Text("nothing recorded")
    state = word_status(standing.state)
    if standing.missing:
        return state + Text(", still missing {missing}", missing=", ".join(standing.missing))
    return state


def _describe_mails(counts: Mapping[tuple[str, str, InboxState], int], o: Obligation) -> str:
    recorded = counts.get((*o.key, "received"), 0)
    waiting = sum(counts.get((*o.key, state), 0) for state in WAITING)
    words = [Text("mails recorded: {recorded}", recorded=recorded)] if recorded else []
    words += [Text("mails that wait for a person: {waiting}", waiting=waiting)] if waiting else []
    return join(", ", words) if words else Text("no mail")


def _describe_page(o: Obligation, plan: Plan) -> str:
    words = []
    for fact in o.facts:
        if fact.by.role == "party" and isinstance(fact, Received | Declared | Disowned):
            what = {
                "received": pattern("sent files on {when}"),
                "declared": pattern("says it was sent on {when}"),
                "disowned": pattern("says it is not its task on {when}"),
            }
            words.append(Text(what[fact.kind], when=word_instant(fact.recorded_at.astimezone(plan.zone))))
    return join(", ", words) if words else Text("nothing on the page")
