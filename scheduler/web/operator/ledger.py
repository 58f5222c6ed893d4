"""The ledger page: what was recorded and what became of each step, in order of time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, get_args

from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.agenda import RungState
from scheduler.plan.facts import Fact, parties_of_fact
from scheduler.plan.model import Occurrence, Plan
from scheduler.ports import UnitOfWork
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import find_definition, parties_by_id, read_choice
from scheduler.web.operator.history import FactEntry, RungEntry, describe_fact, list_rungs
from scheduler.web.operator.search import Search, read_search
from scheduler.web.pagination import PAGE_SIZE, page_number
from scheduler.wording import fact_name

STATES: tuple[RungState, ...] = get_args(RungState)
MOST = 200  # pages; filters lead to older entries


class LedgerEntry(NamedTuple):
    """One entry of the ledger: a recorded fact, or a step that ended."""

    at: datetime
    plan: Plan
    fact_entry: FactEntry | None = None
    step: RungEntry | None = None


class LedgerFilter(NamedTuple):
    """What is shown: the entries of some plans, if given only those of one party, or only steps in one state."""

    plans: Sequence[Plan]
    party: str | None
    state: RungState | None
    search: Search
    limit: int  # entries of each kind that are read


def show_ledger(context: RequestContext) -> Response:
    """Show the entries, newest first, filtered by plan, party or state of steps."""
    query = context.request.query_params
    plan, party, state = query.get("plan", ""), query.get("party", ""), read_choice(query.get("state", ""), STATES)
    plans = [find_definition(context, plan).plan] if plan else context.site.plans
    number = min(page_number(context), MOST)
    search = read_search(context)
    state = None if search.words else state  # words are looked for in what people recorded, not in steps
    wanted = LedgerFilter(plans, party or None, state, search, number * PAGE_SIZE + 1)
    with context.running.store.reading() as view:
        found = [*_fact_entries(context, view, wanted), *_step_entries(view, wanted)]
    entries = sorted(found, key=lambda entry: entry.at, reverse=True)
    return context.page(
        "ledger.html",
        entries=entries[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        number=number,
        has_more=len(entries) > number * PAGE_SIZE and number < MOST,
        plans=context.site.plans,
        plan=plan,
        parties=parties_by_id(plans).values(),
        party=party,
        states=[known for known in STATES if known not in ("planned", "queued")],
        state=state or "",
        search=search,
    )


def _fact_entries(context: RequestContext, view: UnitOfWork, wanted: LedgerFilter) -> Iterator[LedgerEntry]:
    """Yield the newest facts of each plan; none if steps in one state are wanted."""
    if wanted.state is not None:
        return
    for plan in wanted.plans:
        snapshot = context.site.snapshots.read(view, plan, context.now)
        since, until = wanted.search.span(plan.zone)
        own = [f for f in snapshot.facts if wanted.party is None or wanted.party in parties_of_fact(f)]
        own = [f for f in own if (not since or since <= f.recorded_at) and (not until or f.recorded_at < until)]
        words, titles = fold_words(wanted.search.words).split(), {m.id: m.title for m in plan.milestones}
        own = [f for f in own if _says(plan, titles, f, words)] if words else own
        for fact in own[-wanted.limit :]:
            yield LedgerEntry(fact.recorded_at, plan, fact_entry=describe_fact(snapshot, fact))


def _step_entries(view: UnitOfWork, wanted: LedgerFilter) -> Iterator[LedgerEntry]:
    """Yield the steps that ended last."""
    plans, party = {plan.id: plan for plan in wanted.plans}, wanted.party
    if wanted.search.words or (party is not None and party not in parties_by_id(wanted.plans)):
        return  # no plan has the party, so the record is not queried
    states = [wanted.state] if wanted.state else []
    for zone in {plan.zone.key: plan.zone for plan in wanted.plans}.values():
        since, until = wanted.search.span(zone)
        ids = [plan.id for plan in wanted.plans if plan.zone == zone]
        for row in view.rungs.settled(ids, party=party, states=states, since=since, until=until, limit=wanted.limit):
            if row.settled_at is not None:
                [step] = list_rungs(view, plans[row.plan], [row], with_mails=False)
                yield LedgerEntry(row.settled_at, plans[row.plan], step=step)


def _says(plan: Plan, titles: Mapping[str, str], fact: Fact, wanted: Sequence[str]) -> bool:
    """Return whether what was recorded holds all of these words, in its texts or in the names of what it is about."""
    title = titles.get(Occurrence.of(fact.milestone or "").milestone, "")
    names = [plan.parties[party].name for party in parties_of_fact(fact) if party in plan.parties]
    own = [getattr(fact, name, "") for name in ("note", "reason", "decision", "place", "deputy", "address")]
    files: tuple[str, ...] = getattr(fact, "files", ())
    parts = (fact_name(fact.kind, plan.language), title, fact.by.name, *names, *own, *files)
    said = fold_words(" ".join(parts))
    bare = bare_words(said)
    return all(word in (bare if word.isascii() else said) for word in wanted)


def fold_words(text: str) -> str:
    """Return a text in the form for comparing: composed, and without case."""
    return unicodedata.normalize("NFC", text).casefold()


def bare_words(text: str) -> str:
    """Return a text without its accents, as people type who are in a hurry: "chu ky" finds "chữ ký"."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


ROUTES = [Route("/ledger", for_operators(show_ledger))]
