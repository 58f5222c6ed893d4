"""Measure the board with 6 and with 1,000 parties, beside a handler that returns the same finished bytes.

    .venv/bin/python bench/board.py [ROUNDS]

The plan has ten milestones and is in the middle of its year; half of all obligations are answered, and every
step that was sent has a mail. The record is an SQLite file. Requests go over HTTP on loopback through the
real web server, one at a time, and include the session, the record and the page. The peer is a handler on the
same server program that returns the finished bytes. `changed` is the first board after a fact was recorded,
for which the agenda is drawn anew.
"""

from __future__ import annotations

import http.client
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from agenda import NOW, make_plan
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from scheduler.bootstrap import Container, RunningDaemon
from scheduler.clock import SteppingClock
from scheduler.config import load_settings
from scheduler.plan.facts import Received
from scheduler.plan.model import Plan
from scheduler.plan.reasons import NONE
from scheduler.ports import Definition, Mail, Outgoing, Store
from scheduler.queries.agendas import read_agenda
from scheduler.services.apply_revision import take
from scheduler.services.context import ServiceContext
from scheduler.services.reconcile import reconcile
from scheduler.services.sign_in import digest
from scheduler.store import open_store
from scheduler.web.server.uvicorn_server import serve

MILESTONES = 10
MIDDLE = NOW + timedelta(days=150)
TARGETS = {6: 30.0, 1000: 150.0}  # milliseconds


def fill(services: ServiceContext, plan: Plan) -> None:
    """Fill the record as of `MIDDLE`: half of all obligations are answered; due steps, except escalations, are sent."""
    take(services.store, Definition(plan=plan, source=""), NOW)
    owing = [(party, milestone.id) for milestone in plan.milestones for party in plan.parties]
    with services.store.transaction() as unit:
        for number, (party, milestone) in enumerate(owing):
            if number % 2:
                unit.facts.append(submission(plan, party, milestone, NOW + timedelta(days=1)))
        reconcile(unit, read_agenda(unit, plan), NOW + timedelta(days=1))
        due = [row for row in unit.rungs.due(plan.id, MIDDLE) if row.kind != "escalation"]
        unit.rungs.claim([row.id for row in due], now=MIDDLE)
        for row in due:
            mail = Mail(
                message_id=f"<{row.id}@bench.example>",
                date=row.at,
                address=f"{row.party}@b.example",
                subject=f"Nhắc việc {row.milestone}",
                data=b"x" * 8_000,
            )
            unit.outbox.add(
                Outgoing(
                    mail=mail, kind=row.kind, plan=plan.id, milestone=row.milestone, party=row.party, rung=row.name,
                    created_at=row.at, not_before=row.at, expires_at=None, rungs=(row.id,),
                )
            )  # fmt: skip
        for sent in unit.outbox.claim(MIDDLE, by="bench", lease=timedelta(hours=1), limit=1_000_000):
            unit.outbox.finish(
                sent.id, by="bench", state="sent", reason=NONE, reply="250 ok", attempted=True, now=sent.not_before
            )
        unit.access.begin_session(
            digest("bench"), email="school-00000@b.example", at=MIDDLE, expires_at=MIDDLE + timedelta(days=9)
        )


def submission(plan: Plan, party: str, milestone: str, at: datetime) -> Received:
    return Received(plan=plan.id, milestone=milestone, party=party, happened_at=at, recorded_at=at)


@contextmanager
def board(folder: Path, plan: Plan) -> Iterator[tuple[Callable[[], bytes], Store]]:
    """Serve the board of a plan; yield a function that requests it, and its record."""
    (folder / "config.toml").write_text("[server]\nport = 0\n")
    settings = load_settings(folder / "config.toml", {})
    clock = SteppingClock(MIDDLE)
    with closing(open_store(f"sqlite:///{folder}/bench.db")) as store:
        app = Container(settings=settings, clock=clock)
        services = app.services(store)
        fill(services, plan)
        running = RunningDaemon(
            container=app, services=services, clock=clock, system=clock, account="maildir",
            definitions=lambda: [Definition(plan=plan, source="")],
            wake=lambda: None, log_problem=print, log_request=lambda text: None,
        )  # fmt: skip
        with serve(running) as address, asking(address) as ask:
            yield ask, store


@contextmanager
def bare(page: bytes) -> Iterator[Callable[[], bytes]]:
    """Serve finished bytes; yield a function that requests them."""

    async def answer(request: Request) -> HTMLResponse:
        return HTMLResponse(page)

    config = uvicorn.Config(Starlette(routes=[Route("/", answer)]), port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with asking(f"http://127.0.0.1:{port}") as ask:
        yield ask
    server.should_exit = True
    thread.join()


@contextmanager
def asking(address: str) -> Iterator[Callable[[], bytes]]:
    place = urlsplit(address)
    with closing(http.client.HTTPConnection(str(place.hostname), place.port)) as connection:

        def ask() -> bytes:
            connection.request("GET", "/", headers={"Cookie": "hanchot=bench"})
            response = connection.getresponse()
            page = response.read()
            assert response.status == 200, response.status
            return page

        yield ask


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    print(f"the board, median (worst) of {rounds} requests in ms; target for the median")
    for parties, target in TARGETS.items():
        plan = make_plan(parties, MILESTONES)
        with tempfile.TemporaryDirectory() as name, board(Path(name), plan) as (ask, store), bare(ask()) as peer:
            ours: list[float] = []
            theirs: list[float] = []
            for _ in range(rounds):
                ours.append(milliseconds(ask))
                theirs.append(milliseconds(peer))
            changed = []
            for number in range(5):
                with store.transaction() as unit:
                    unit.facts.append(submission(plan, "school-00000", f"milestone-{number:02}", MIDDLE))
                changed.append(milliseconds(ask))
            size = len(ask()) / 1024
        ours_now, theirs_now, anew = map(statistics.median, (ours, theirs, changed))
        print(
            f"{parties:5} parties: {ours_now:6.1f} ({max(ours):.1f}), target {target:.0f}; "
            f"bare handler {theirs_now:.1f}; changed {anew:.1f}; page {size:.0f} kB"
        )


if __name__ == "__main__":
    main()
