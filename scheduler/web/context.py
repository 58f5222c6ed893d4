"""One visit: who asks, in which language, and the answer as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scheduler import resources
from scheduler.bootstrap import Running
from scheduler.config import read_span
from scheduler.documents.blob_store import Shelf
from scheduler.plan.model import Plan
from scheduler.queries.snapshot import Pictures
from scheduler.services.notices import Desk
from scheduler.services.sign_in import Visitor, find_operator, recognise
from scheduler.web.forms.posted_form import Refused, is_form_of, read_form, sign_form
from scheduler.web.forms.throttle import Throttle
from scheduler.web.forms.uploads import Traffic
from scheduler.web.monitoring.metrics import Metrics
from scheduler.web.rendering import Pages


@dataclass(frozen=True)
class House:
    """What every page is made from."""

    running: Running
    pages: Pages
    secret: bytes = field(repr=False)
    address: str  # of the site, as it is configured: what a request says of its host proves nothing
    pictures: Pictures = field(default_factory=Pictures)
    asking: Throttle = field(default_factory=lambda: Throttle(20, timedelta(minutes=15)))  # for sign-in links
    entering: Throttle = field(default_factory=lambda: Throttle(30, timedelta(minutes=15)))  # by them
    saying: Throttle = field(default_factory=lambda: Throttle(30, timedelta(hours=1)))  # what a party says and sends
    objecting: Throttle = field(default_factory=lambda: Throttle(5, timedelta(hours=1)))
    traffic: Traffic = field(default_factory=Traffic)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", Metrics(self.running))

    @classmethod
    def of(cls, running: Running, address: str) -> House:
        """Return the house of a running daemon at `address`, with its own templates before the shipped ones."""
        settings = running.settings
        own = [settings.resolve(folder) for folder in settings.paths.templates]
        return cls(running, Pages([*own, resources.shipped("templates")]), running.app.secret, address)

    @property
    def plans(self) -> list[Plan]:
        """Return the plans in force."""
        return [definition.plan for definition in self.running.definitions()]

    @property
    def language(self) -> str:
        """Return the language of pages that belong to no plan: that of the first."""
        return next((plan.language for plan in self.plans), "vi")

    @property
    def name(self) -> str:
        """Return whose site it is."""
        settings = self.running.settings
        return settings.mail.organisation or next((plan.sender_name for plan in self.plans), "Hạn chót")

    @property
    def shelf(self) -> Shelf:
        """Return where the files lie that came in."""
        settings = self.running.settings
        return Shelf(settings.resolve(settings.paths.data) / "documents", self.running.system.now)

    def is_operator(self, email: str) -> bool:
        """Return whether an address is still one of an operator."""
        return find_operator(self.plans, self.running.settings.operators.emails, email) is not None


@dataclass
class Visit:
    """One request with what is known of it."""

    request: Request
    house: House
    visitor: Visitor | None = None
    form: FormData = field(default_factory=FormData)

    @property
    def running(self) -> Running:
        """Return the daemon that is visited."""
        return self.house.running

    @property
    def now(self) -> datetime:
        """Return the plan's instant, which a replay makes up."""
        return self.running.clock.now()

    @property
    def desk(self) -> Desk:
        """Return what recording and writing need."""
        running = self.running
        return Desk(store=running.store, composer=running.composer, pages=running.app.pages)

    @property
    def here(self) -> str:
        """Return the path that was asked for, as it was asked."""
        raw: bytes = self.request.scope["raw_path"]
        return raw.decode("ascii")

    def page(self, template: str, *, status: int = 200, language: str | None = None, **values: Any) -> Response:
        """Return a page."""
        running, language = self.running, language or self.house.language
        plans = self.house.plans
        local = self.now.astimezone(plans[0].zone) if plans else None
        mail = running.settings.mail
        only_files = self.visitor and not running.is_replay and mail.transport == "maildir"
        known = {
            "visitor": self.visitor,
            "site_name": self.house.name,
            "replayed": local if running.is_replay else None,
            "printed": local,
            "mails_end_in": str(mail.maildir) if only_files else "",
            "as_of": None,  # the board's own, where it shows the past
            "form_token": sign_form(self.house.secret, subject(self.visitor)) if self.visitor else "",
        }
        return HTMLResponse(self.house.pages.render(template, language, known | values), status)

    def seal(self, path: str, word: str) -> str:
        """Return a word for the address of the page at `path` that says what was done: only we can have written it."""
        seal = sign_form(self.house.secret, f"done\0{path}\0{word}")
        return f"{word}.{seal}"

    def unseal(self, name: str) -> str:
        """Return what the address says was done here; "" if we have not written it."""
        given = self.request.query_params.get(name, "")
        word = given.partition(".")[0]
        return word if is_form_of(given, self.seal(self.here, word)) else ""

    def quote(self, texts: Iterable[object], *, why: str = "kept.why", status: int = 409, back: str = "/") -> Response:
        """Say why a form cannot be taken any more, and give back what was typed."""
        typed = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
        return self.page("kept.html", status=status, why=why, texts=typed, back=back)

    def field(self, name: str, limit: int | None = 2000) -> str:
        """Return a field of the form as text without spaces around it, cut at `limit`; "" if it is not there."""
        value = self.form.get(name, "")
        return value.strip()[:limit] if isinstance(value, str) else ""


Handler = Callable[[Visit], Response]
COOKIE = "hanchot"


def for_anyone(handler: Handler) -> Callable[[Request], Any]:
    """Serve a page to whoever comes; a posted form is read before."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        visit = Visit(request, request.app.state.house)
        if request.method == "POST":
            visit.form = await read_form(request)
        return await run_in_threadpool(handler, visit)

    return endpoint


def for_operators(handler: Handler, again: Handler | None = None) -> Callable[[Request], Any]:
    """Serve a page to operators; others are sent to sign in, and what they post changes nothing.

    A form that was made before its reader signed in anew is not taken; `again` shows what was typed in a new one.
    """

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        visit = Visit(request, request.app.state.house)
        visit.visitor = await run_in_threadpool(find_visitor, visit)
        wanted = handler
        if request.method == "POST":
            visit.form = await read_form(request)
            if visit.visitor is None:
                raise HTTPException(401)
            known = sign_form(visit.house.secret, subject(visit.visitor))
            if not is_form_of(visit.field("form"), known):
                if again is None:
                    raise Refused
                wanted = again
        elif visit.visitor is None:
            return RedirectResponse("/sign-in", 303)
        response = await run_in_threadpool(wanted, visit)
        renew_cookie(visit, response)
        return response

    return endpoint


def find_visitor(visit: Visit) -> Visitor | None:
    """Return who is signed in; nobody who is no operator any more."""
    token = visit.request.cookies.get(cookie_name(visit), "")
    if not token or len(token) > 100:
        return None
    running = visit.running
    lifetime = read_span(running.settings.web.session)
    visitor = recognise(running.store, token, now=running.system.now(), lifetime=lifetime)
    if visitor is not None and visitor.renewed:  # asked again within one request, it is not renewed again
        visit.request.state.renewed = visitor.renewed
    return visitor if visitor is not None and visit.house.is_operator(visitor.email) else None


def subject(visitor: Visitor) -> str:
    """Return what an operator's forms are bound to: the session, whatever its secret is by now."""
    return f"operator\0{visitor.email}\0{visitor.began_at.isoformat()}"


def cookie_name(visit: Visit) -> str:
    """Return the name of the session's cookie; over https it is one that no other host can set."""
    return f"__Host-{COOKIE}" if is_secure(visit) else COOKIE


def keep_cookie(visit: Visit, response: Response, token: str) -> None:
    """Let the browser keep a session's secret, out of reach of scripts and of forms on other sites."""
    age = int(read_span(visit.running.settings.web.session).total_seconds())
    response.set_cookie(
        cookie_name(visit), token, max_age=age, path="/", secure=is_secure(visit), httponly=True, samesite="lax"
    )


def renew_cookie(visit: Visit, response: Response) -> None:
    """Let the browser keep the new secret of a session that got one during this request, whatever is answered."""
    renewed: str = getattr(visit.request.state, "renewed", "")
    if renewed:
        keep_cookie(visit, response, renewed)


def drop_cookie(visit: Visit, response: Response) -> None:
    """Let the browser forget a session."""
    visit.request.state.renewed = ""
    response.delete_cookie(cookie_name(visit), path="/", secure=is_secure(visit), httponly=True, samesite="lax")


def is_secure(visit: Visit) -> bool:
    """Return whether the visitor came over https: a proxy that is believed says so, or the address of the site does."""
    return "https" in (visit.request.scope["scheme"], visit.house.address.partition(":")[0])
