"""The outbox: mails by state, each as its recipient sees it, and the actions hold, release and retry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Literal, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from scheduler.mail.mime import read_html, read_text
from scheduler.plan.model import Plan
from scheduler.ports import MessageRow, MessageState, UnitOfWork
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import find_number, parties_by_id, read_choice, read_id
from scheduler.web.operator.search import list_periods, read_search
from scheduler.web.pagination import page_number, read_page

Change = Literal["hold", "release", "retry"]

STATES: tuple[MessageState, ...] = get_args(MessageState)
_SIZE = 60  # mails on a page

# The HTML of a mail is not trusted: it runs no script, loads nothing, and has no access to this site.
FRAME = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    )
}
CHANGES: dict[Change, tuple[MessageState, ...]] = {
    "hold": ("queued",),
    "release": ("held",),
    "retry": ("failed", "ambiguous"),
}


def show_outbox(context: RequestContext) -> Response:
    """Show mails, newest first, filtered by state and party."""
    query, parties = context.request.query_params, parties_by_id(context.site.plans)
    party, state = read_choice(query.get("party", ""), parties), read_choice(query.get("state", ""), STATES)
    states, search = [state] if state else [], read_search(context)
    within = search.within(context)
    with context.running.store.reading() as view:
        counts = view.outbox.counts(party=party, within=within)
        mails = read_page(
            sum(counts.get(one, 0) for one in states or counts),
            page_number(context),
            lambda offset: view.outbox.newest(states=states, party=party, within=within, limit=_SIZE, offset=offset),
            _SIZE,
        )
        first = None if counts or search.is_narrow else _next_at(context, view)
    return context.page(
        "outbox.html",
        counts={one: counts[one] for one in STATES if one in counts},
        state=state or "",
        mails=mails,
        zone=zones(context),
        parties=parties,
        first=first,
        party=party or "",
        search=search,
        periods=list_periods(context),
        changes=changes_of([state]) if state and not context.reads_only else (),
        changed=context.unseal("changed"),
    )


def changes_of(states: Iterable[MessageState]) -> list[Change]:
    """Return what may be done with mails in one of these states."""
    return [change for change, fitting in CHANGES.items() if not set(fitting).isdisjoint(states)]


def change_several(context: RequestContext) -> Response:
    """Ask whether to hold, release or retry the ticked mails; on confirmation, do it for those that still allow it.

    Raises: HTTPException 404 for an unknown action, 400 for an id that is none.
    """
    change: Change = context.request.path_params["change"]
    if change not in CHANGES:
        raise HTTPException(404)
    mails = _read_ticked(context, CHANGES[change])
    if context.field("step") != "confirm" or not mails:
        status = 200 if mails or context.request.method != "POST" else 409
        return context.page("mails-change.html", status=status, mails=mails, change=change, zone=zones(context))
    with context.running.store.transaction() as unit:
        done = sum(_DO[change](unit, mail.id, context) for mail in mails)
    context.running.wake()
    return RedirectResponse(f"/outbox?{urlencode({'changed': context.seal('/outbox', str(done))})}", 303)


def _read_ticked(context: RequestContext, states: Collection[MessageState]) -> list[MessageRow]:
    """Return the ticked mails that are in one of these states. Raises: HTTPException 400 for an id that is none."""
    ticked = [read_id(value) for value in context.form.getlist("mail") if isinstance(value, str)]
    if None in ticked:
        raise HTTPException(400)
    with context.running.store.reading() as view:
        found = [view.outbox.get(id) for id in dict.fromkeys(ticked) if id is not None]
    return [mail for mail in found if mail is not None and mail.state in states]


def _next_at(context: RequestContext, view: UnitOfWork) -> datetime | None:
    """Return when the next rung is due, local to the first plan; None if none is planned."""
    plans = context.site.plans
    first = view.rungs.next_at([plan.id for plan in plans], context.now)
    return first.astimezone(plans[0].zone) if first else None


def show_mail(context: RequestContext) -> Response:
    """Show one mail: its state, the reply of the mail server, and its text."""
    with context.running.store.reading() as view:
        mail = find_mail(context, view)
        carried = [row for id in mail.rungs if (row := view.rungs.get(id)) is not None]
    plan = find_plan(context, mail)
    return context.page(
        "mail.html",
        mail=mail,
        plan=plan,
        carried=carried,
        text=context.without_keys(read_text(mail.mail.data)) if is_public(mail) else None,
        has_html=is_public(mail) and bool(read_html(mail.mail.data)),
        changes=changes_of([mail.state]),
        zone=zones(context),
        changed=context.unseal("changed") in CHANGES,
    )


def show_html(context: RequestContext) -> Response:
    """Serve the HTML part of a mail for the frame that shows it.

    Raises: HTTPException 404 if it has none, or is private.
    """
    with context.running.store.reading() as view:
        mail = find_mail(context, view)
    html = context.without_keys(read_html(mail.mail.data)) if is_public(mail) else ""
    if not html:
        raise HTTPException(404)
    return HTMLResponse(html, headers=FRAME)


def change_mail(context: RequestContext) -> Response:
    """Ask whether to hold, release or retry a mail; on POST, do it."""
    change: Change = context.request.path_params["change"]
    if change not in CHANGES:
        raise HTTPException(404)
    with context.running.store.reading() as view:
        mail = find_mail(context, view)
    if context.request.method != "POST":
        is_possible = mail.state in CHANGES[change]
        return context.page("mail-change.html", mail=mail, change=change, is_possible=is_possible)
    with context.running.store.transaction() as unit:
        done = _DO[change](unit, mail.id, context)
    if not done:  # it has been sent or changed meanwhile; the page shows its state
        with context.running.store.reading() as view:
            mail = find_mail(context, view)
        return context.page("mail-change.html", status=409, mail=mail, change=change, is_possible=False)
    context.running.wake()
    page = f"/outbox/{mail.id}"
    return RedirectResponse(f"{page}?changed={context.seal(page, change)}", 303)


def find_mail(context: RequestContext, view: UnitOfWork) -> MessageRow:
    """Return the mail that the address names.

    Raises: HTTPException 404 if there is none.
    """
    found = view.outbox.get(find_number(context))
    if found is None:
        raise HTTPException(404)
    return found


def find_plan(context: RequestContext, mail: MessageRow) -> Plan | None:
    """Return the plan of a mail; None if it is no longer loaded."""
    return next((plan for plan in context.site.plans if plan.id == mail.plan), None)


def zones(context: RequestContext) -> Callable[[MessageRow], ZoneInfo]:
    """Return a function that returns the time zone for the times of a mail; UTC if its plan is gone."""
    known = {plan.id: plan.zone for plan in context.site.plans}
    return lambda mail: known.get(mail.plan, ZoneInfo("UTC"))


def is_public(mail: MessageRow) -> bool:
    """Return whether all operators may read a mail; a sign-in link is for its recipient only."""
    return mail.kind != "sign-in"


_DO: dict[Change, Callable[[UnitOfWork, int, RequestContext], bool]] = {
    "hold": lambda unit, mail, context: unit.outbox.hold(mail),
    "release": lambda unit, mail, context: unit.outbox.release(mail),
    "retry": lambda unit, mail, context: unit.outbox.retry(mail, now=context.now),
}

ROUTES = [
    Route("/outbox", for_operators(show_outbox)),
    Route("/outbox/all/{change}", for_operators(change_several), methods=["GET", "POST"]),
    Route("/outbox/{id}", for_operators(show_mail)),
    Route("/outbox/{id}/html", for_operators(show_html)),
    Route("/outbox/{id}/{change}", for_operators(change_mail), methods=["GET", "POST"]),
]
