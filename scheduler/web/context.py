"""The site context, shared by all requests, and the request context, which renders pages."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from scheduler import resources
from scheduler.bootstrap import RunningDaemon
from scheduler.documents.blob_store import BlobStore
from scheduler.engine.sources.answers import MailboxAdapters
from scheduler.errors import RecordUnavailable
from scheduler.log import mask_tokens
from scheduler.plan.model import Plan
from scheduler.queries.inbox import count_waiting
from scheduler.queries.snapshot import SnapshotCache
from scheduler.services.context import ServiceContext
from scheduler.services.inbox.context import AnswerContext
from scheduler.services.sign_in import SignedIn, find_operator, fold
from scheduler.web.forms.throttle import Throttle
from scheduler.web.forms.tokens import is_same_token, make_form_token, session_subject
from scheduler.web.forms.uploads import Incoming, UploadsInProgress
from scheduler.web.monitoring.metrics import Metrics
from scheduler.web.rendering import PageRenderer


@dataclass(frozen=True)
class SiteContext:
    """What all requests share: the daemon, templates, the secret, caches and throttles."""

    running: RunningDaemon
    pages: PageRenderer
    secret: bytes = field(repr=False)
    address: str  # base URL from the settings; the Host header of a request is not trusted
    snapshots: SnapshotCache = field(init=False)
    sign_in_throttle: Throttle = field(
        default_factory=lambda: Throttle(20, timedelta(minutes=15))
    )  # link requests, per client
    link_throttle: Throttle = field(
        default_factory=lambda: Throttle(30, timedelta(minutes=15))
    )  # uses of links, per client
    form_throttle: Throttle = field(default_factory=lambda: Throttle(30, timedelta(hours=1)))  # forms, per party
    disown_throttle: Throttle = field(default_factory=lambda: Throttle(5, timedelta(hours=1)))  # `disown`, per party
    uploads: UploadsInProgress = field(default_factory=UploadsInProgress)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "snapshots", SnapshotCache(self.running.agendas))
        object.__setattr__(self, "metrics", Metrics(self.running))

    @classmethod
    def of(cls, running: RunningDaemon, address: str) -> SiteContext:
        """Return the context of a daemon served at `address`; configured template folders override the shipped one."""
        settings = running.settings
        own = [settings.resolve(folder) for folder in settings.paths.templates]
        pages = PageRenderer([*own, resources.shipped("templates")], partial(_name_operator, running))
        return cls(running, pages, running.container.secret, address)

    @property
    def plans(self) -> list[Plan]:
        """Return the plans in force."""
        return [definition.plan for definition in self.running.definitions()]

    @property
    def language(self) -> str:
        """Return the language of pages that belong to no plan: that of the first plan, else Vietnamese."""
        return next((plan.language for plan in self.plans), "vi")

    @property
    def name(self) -> str:
        """Return the name of the site: the configured organisation, else the sender of the first plan."""
        settings = self.running.settings
        return settings.mail.organisation or next((plan.sender_name for plan in self.plans), "Hạn chót")

    @property
    def blob_store(self) -> BlobStore:
        """Return the blob store that holds the files parties sent."""
        return self.running.container.blob_store(self.running.system)

    @cached_property
    def mailbox(self) -> MailboxAdapters:
        """Return what reads received mails; it needs no connection, so it is there without a mailbox, too."""
        from scheduler.bootstrap.mailbox import mailbox_adapters  # loads what reads mails, once one is shown

        return mailbox_adapters(self.running.container)

    def is_operator(self, email: str) -> bool:
        """Return whether a mail address still belongs to an operator."""
        people = self.running.settings.operators
        return find_operator(self.plans, people.addresses, email, people.readers_only) is not None

    def may_act(self, email: str) -> bool:
        """Return whether somebody who is signed in may change anything, and not only look."""
        return find_operator(self.plans, self.running.settings.operators.addresses, email) is not None


def _name_operator(running: RunningDaemon, email: str) -> str:
    """Return the name of an operator: the configured one, else that of a contact; "" if none is known."""
    people = running.settings.operators
    named = {fold(person.address): person.name for person in (*people.readers, *people.emails)}
    if named.get(fold(email)):
        return named[fold(email)]
    plans = [definition.plan for definition in running.definitions()]
    operator = find_operator(plans, people.addresses, email)
    return operator[1].contact.name if operator is not None else ""


@dataclass
class RequestContext:
    """One request with the signed-in operator and the posted form, if any."""

    request: Request
    site: SiteContext
    signed_in: SignedIn | None = None
    form: FormData = field(default_factory=FormData)
    incoming: Incoming | None = None  # the posted form, if it may hold files

    @property
    def running(self) -> RunningDaemon:
        """Return the running daemon."""
        return self.site.running

    @property
    def now(self) -> datetime:
        """Return the current instant of the daemon's clock; in a replay, the replayed instant."""
        return self.running.clock.now()

    @property
    def services(self) -> ServiceContext:
        """Return the service context for recording facts and composing mails."""
        return self.running.services

    @property
    def answers(self) -> AnswerContext:
        """Return the context for decisions about received mails."""
        from scheduler.bootstrap.mailbox import answer_context  # loads what reads mails

        running = self.running
        return answer_context(running.container, running.services, running.definitions(), running.agendas)

    @property
    def reads_only(self) -> bool:
        """Return whether the request comes from somebody who is signed in and may only look."""
        return self.signed_in is not None and not self.site.may_act(self.signed_in.email)

    def without_keys(self, text: str) -> str:
        """Return a text as this person may read it: only operators see addresses by which one acts for a party."""
        return mask_tokens(text) if self.reads_only else text

    @property
    def path(self) -> str:
        """Return the path of the request, percent-encoded as it was received."""
        raw: bytes = self.request.scope["raw_path"]
        return raw.decode("ascii")

    def page(self, template: str, *, status: int = 200, language: str | None = None, **values: Any) -> Response:
        """Return a template rendered with `values` and the values that every page needs."""
        running, language = self.running, language or self.site.language
        plans = self.site.plans
        local = self.now.astimezone(plans[0].zone) if plans else None
        mail = running.settings.mail
        only_files = self.signed_in and not running.is_replay and mail.transport == "maildir"
        known = {
            "signed_in": self.signed_in,
            "reads_only": self.reads_only,
            "site_name": self.site.name,
            "replayed": local if running.is_replay else None,
            "printed": local,
            "mails_end_in": str(mail.maildir) if only_files else "",
            "waiting": self._count_waiting() if self.signed_in else 0,
            "as_of": None,  # the board overrides it when it shows a past day
            "form_token": make_form_token(self.site.secret, session_subject(self.signed_in)) if self.signed_in else "",
        }
        return HTMLResponse(self.site.pages.render(template, language, known | values), status)

    def _count_waiting(self) -> int:
        """Return how many received mails wait for a decision; 0 while the record cannot be read."""
        with suppress(RecordUnavailable), self.running.store.reading() as view:
            return count_waiting(view)
        return 0

    def seal(self, path: str, text: str) -> str:
        """Return `text` with a seal for the query string of the page at `path`, so that nobody can forge it."""
        seal = make_form_token(self.site.secret, f"done\0{path}\0{text}")
        return f"{text}.{seal}"

    def unseal(self, name: str) -> str:
        """Return the sealed text in a query parameter of this page; "" if it is missing or its seal is wrong."""
        given = self.request.query_params.get(name, "")
        text = given.partition(".")[0]
        return text if is_same_token(given, self.seal(self.path, text)) else ""

    def show_typed_texts(
        self, texts: Iterable[object], *, why: str = "kept.why", status: int = 409, back: str = "/"
    ) -> Response:
        """Return a page that explains why a form is no longer accepted and repeats the typed texts."""
        typed = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
        return self.page("kept.html", status=status, why=why, texts=typed, back=back)

    def field(self, name: str, limit: int | None = 2000) -> str:
        """Return a form field stripped of white space and cut at `limit` characters; "" if it is missing."""
        value = self.form.get(name, "")
        return value.strip()[:limit] if isinstance(value, str) else ""
