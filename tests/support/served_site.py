"""A daemon's record served by the real web server on a port of its own, asked over HTTP."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from scheduler.bootstrap import Container, RunningDaemon
from scheduler.clock import SteppingClock
from scheduler.config import load_settings
from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Plan
from scheduler.ports import Definition, MessageRow, Store
from scheduler.services.apply_revision import take
from scheduler.services.clock_guard import ClockGuard
from scheduler.services.context import ServiceContext
from scheduler.store import open_store
from scheduler.web.server.uvicorn_server import serve
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, signed
from tests.support.fakes import FakeMachine, definition_of
from tests.support.plan_builders import LOADED


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as words."""
        return self.body.decode()

    @property
    def cookie(self) -> str:
        """Return the cookie it sets, as a browser sends it back."""
        return str(self.headers.get("Set-Cookie", "")).partition(";")[0]


@dataclass
class ServedSite:
    """A served site: its address, its clock, its record, and what it logged."""

    running: RunningDaemon
    clock: SteppingClock
    definitions: list[Definition] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    address: str = ""
    woken: int = 0
    machine: FakeMachine | None = None  # whose clock is compared before anything is recorded

    @property
    def mails(self) -> list[MessageRow]:
        """Return the mails in the outbox."""
        with self.running.store.reading() as view:
            return list(view.outbox.list())

    @property
    def notices(self) -> list[tuple[str, str]]:
        """Return the promised notices: the kind, and the party that they are about."""
        with self.running.store.reading() as view:
            rows = [row for definition in self.definitions for row in view.rungs.of(definition.plan.id)]
        return [(row.kind, row.party) for row in rows if is_notice(row.kind)]

    def serve(self, *plans: Plan) -> None:
        """Put plans in force, as loading them does."""
        self.definitions = [definition_of(signed(plan)) for plan in plans]
        for definition in self.definitions:
            take(self.running.store, definition, self.clock.now())

    def post(self, path: str, **fields: str) -> Answer:
        """Post a form as a browser without scripts does."""
        return self.send(path, fields)

    def send(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Post a form with headers of one's own; one for signing in is opened first."""
        if path.startswith("/sign-in"):
            opened = self.ask(path, **headers)
            fields = {"form": "".join(re.findall(r'name="form" value="([^"]+)"', opened.text)[-1:]), **fields}
            headers = {"Cookie": opened.cookie, **headers}
        headers = {"Content_Type": "application/x-www-form-urlencoded", **headers}
        return self.ask(path, "POST", urlencode(fields).encode(), **headers)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, /, **headers: str) -> Answer:
        """Ask for a path; header names are written with underscores."""
        place = urlsplit(self.address)
        named: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)) as connection:
            connection.request(method, path, body, dict(named))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())


@contextmanager
def serve_site(
    folder: Path,
    *server: str,
    port: int = 0,
    mail: str = "",
    store: Store | None = None,
    is_guarded: bool = False,
    reading: MailboxReading | None = None,
    **details: Any,
) -> Iterator[ServedSite]:
    """Serve a site whose record is a file in `folder`, or `store`; `server` and `mail` are lines of these sections.

    With `is_guarded` nothing is recorded by a clock that jumped ahead.
    """
    file = folder / "config.toml"
    file.write_text("\n".join(["[server]", *server, f"port = {port}", "[mail]", mail]), encoding="utf-8")
    settings = load_settings(file, {})
    (folder / "var").mkdir(exist_ok=True)
    clock = SteppingClock(LOADED)
    with closing(open_store(settings.database_url)) as own:
        store = store or own
        container, machine = Container(settings=settings, clock=clock), FakeMachine(clock)
        guard = ClockGuard(store, machine) if is_guarded else None
        running = RunningDaemon(
            container=container,
            services=ServiceContext(
                store=store, composer=COMPOSER, links=container.links, guard=guard, reading=reading
            ),
            clock=clock,
            system=clock,
            account="maildir",
            definitions=lambda: served.definitions,
            wake=lambda: setattr(served, "woken", served.woken + 1),
            log_problem=lambda text: served.problems.append(text),
            log_request=lambda text: served.requests.append(text),
        )
        served = ServedSite(replace(running, **details), clock, machine=machine if is_guarded else None)
        with serve(served.running) as address:
            served.address = address
            yield served


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """Return a site that is served."""
    with serve_site(tmp_path) as site:
        yield site


def daemon(site: ServedSite) -> DaemonFixture:
    """Return a daemon that works on the served record, by the served clock."""
    working = DaemonFixture(site.running.store, *[definition.plan for definition in site.definitions])
    working.clock = site.clock
    working.mailer.clock = site.clock
    working.ticker = working.new_ticker()
    return working
