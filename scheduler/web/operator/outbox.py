"""The outbox: mails by what became of them, each as its reader sees it, held back, let go or sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from scheduler.mail.mime import read_html, read_text
from scheduler.plan.model import Plan
from scheduler.ports import MessageRow, MessageState, Unit
from scheduler.web.context import Visit, for_operators
from scheduler.web.lookup import PAGE, Page, find_number, page_number

Change = Literal["hold", "release", "retry"]

# Somebody else's words shown as they are: nothing in them runs, nothing is fetched, nothing is ours.
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


def show_outbox(visit: Visit) -> Response:
    """Show mails, newest first, of one state or of all, to one party or to all."""
    query, number = visit.request.query_params, page_number(visit)
    state, known = (
        query.get("state", ""),
        {party.id: party for plan in visit.house.plans for party in plan.parties.values()},
    )
    party = query.get("party", "") if query.get("party", "") in known else ""
    states: list[MessageState] = [one for one in get_args(MessageState) if one == state]
    with visit.running.store.reading() as view:
        counts = view.outbox.counts(party=party or None)
        total = sum(number for one, number in counts.items() if not states or one in states)
        last = max(1, -(-total // PAGE))
        number = min(number, last)
        first = None if counts else view.rungs.next_at([plan.id for plan in visit.house.plans], visit.now)
        mails = view.outbox.newest(states=states, party=party or None, limit=PAGE, offset=(number - 1) * PAGE)
    return visit.page(
        "outbox.html",
        counts={one: counts[one] for one in get_args(MessageState) if one in counts},
        state=states[0] if states else "",
        mails=Page(items=mails, number=number, last=last, total=total),
        zone=zones(visit),
        parties=known,
        first=first.astimezone(visit.house.plans[0].zone) if first else None,
        party=party,
    )


def show_mail(visit: Visit) -> Response:
    """Show one mail: where it stands, what the server said, its words."""
    with visit.running.store.reading() as view:
        mail = find_mail(visit, view)
        carried = [row for id in mail.rungs if (row := view.rungs.get(id)) is not None]
    plan = find_plan(visit, mail)
    return visit.page(
        "mail.html",
        mail=mail,
        plan=plan,
        carried=carried,
        text=read_text(mail.mail.data) if is_public(mail) else None,
        has_html=is_public(mail) and bool(read_html(mail.mail.data)),
        changes=[change for change, states in CHANGES.items() if mail.state in states],
        zone=zones(visit),
        changed=visit.unseal("changed") in CHANGES,
    )


def show_html(visit: Visit) -> Response:
    """Give the HTML part of a mail to the frame that shows it."""
    with visit.running.store.reading() as view:
        mail = find_mail(visit, view)
    html = read_html(mail.mail.data) if is_public(mail) else ""
    if not html:
        raise HTTPException(404)
    return HTMLResponse(html, headers=FRAME)


def change_mail(visit: Visit) -> Response:
    """Ask whether a mail is to be held, let go or sent again; answered with yes, do it."""
    change: Change = visit.request.path_params["change"]
    if change not in CHANGES:
        raise HTTPException(404)
    with visit.running.store.reading() as view:
        mail = find_mail(visit, view)
    if visit.request.method != "POST":
        is_possible = mail.state in CHANGES[change]
        return visit.page("mail-change.html", mail=mail, change=change, is_possible=is_possible, zone=zones(visit))
    with visit.running.store.transaction() as unit:
        done = _DO[change](unit, mail.id, visit)
    if not done:  # it has left meanwhile, or somebody was faster: the page says where it stands
        with visit.running.store.reading() as view:
            mail = find_mail(visit, view)
        return visit.page(
            "mail-change.html", status=409, mail=mail, change=change, is_possible=False, zone=zones(visit)
        )
    visit.running.wake()
    page = f"/outbox/{mail.id}"
    return RedirectResponse(f"{page}?changed={visit.seal(page, change)}", 303)


def find_mail(visit: Visit, view: Unit) -> MessageRow:
    """Return the mail that the address names, 404 if there is none."""
    found = view.outbox.get(find_number(visit))
    if found is None:
        raise HTTPException(404)
    return found


def find_plan(visit: Visit, mail: MessageRow) -> Plan | None:
    """Return the plan of a mail, None if it is gone."""
    return next((plan for plan in visit.house.plans if plan.id == mail.plan), None)


def zones(visit: Visit) -> Callable[[MessageRow], ZoneInfo]:
    """Return what gives the zone in which a mail's times are told."""
    known = {plan.id: plan.zone for plan in visit.house.plans}
    return lambda mail: known.get(mail.plan, ZoneInfo("UTC"))


def is_public(mail: MessageRow) -> bool:
    """Return whether others than its reader may see the words of a mail: a sign-in link is one operator's own."""
    return mail.kind != "sign-in"


_DO: dict[Change, Callable[[Unit, int, Visit], bool]] = {
    "hold": lambda unit, mail, visit: unit.outbox.hold(mail),
    "release": lambda unit, mail, visit: unit.outbox.release(mail),
    "retry": lambda unit, mail, visit: unit.outbox.retry(mail, now=visit.now),
}

ROUTES = [
    Route("/outbox", for_operators(show_outbox)),
    Route("/outbox/{id}", for_operators(show_mail)),
    Route("/outbox/{id}/html", for_operators(show_html)),
    Route("/outbox/{id}/{change}", for_operators(change_mail), methods=["GET", "POST"]),
]
