"""Metrics for monitoring in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scheduler.bootstrap import RunningDaemon
from scheduler.ports import MessageState
from scheduler.queries.fleet import Fleet, read_fleet
from scheduler.queries.mail_limits import read_limits
from scheduler.services.heartbeats import Rhythm

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_FORWARDED = ("x-forwarded-for", "x-real-ip", "forwarded")


class Metrics:
    """Metrics read from the record at scrape time, and counters of this process."""

    def __init__(self, running: RunningDaemon) -> None:
        self._running = running
        self.feed_hits: Counter[str] = Counter()  # requests for calendars by response status

    def write(self) -> tuple[bytes, str]:
        """Return the metrics and their media type.

        Raises: UserError if the record cannot be read.
        """
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest  # takes 50 ms

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registration does not query the record."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield every metric."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        running = self._running
        now = running.clock.now()
        with running.store.reading() as view:
            last_tick, account = view.journal.last_tick(), view.accounts.state(running.account)
            due = [state.next_rung for state in view.plans.states()] + [view.outbox.next_at()]
            depth = view.outbox.counts()
            limits = read_limits(view, running.account, running.container.limits, now)
            fleet = read_fleet(view, running.system.now(), Rhythm().stale)
        if last_tick is not None:
            yield _gauge("last_tick_age_seconds", "Seconds since the last completed tick.", _seconds(last_tick, now))
        oldest = min((at for at in due if at is not None and at <= now), default=now)
        yield _gauge(
            "oldest_due_seconds", "Seconds for which the oldest due step or mail waits.", _seconds(oldest, now)
        )
        mails = GaugeMetricFamily("hanchot_outbox_mails", "Mails by state.", labels=["state"])
        for state in get_args(MessageState):
            mails.add_metric([state], depth.get(state, 0))
        yield mails
        rests = account.paused_until is not None and account.paused_until > running.system.now()
        yield _gauge("mail_account_paused", "1 while the mail account rests.", int(rests))
        yield _gauge("mail_account_stopped", "1 until a person lets the account go on.", int(account.stopped))
        used = GaugeMetricFamily("hanchot_mail_limit_used", "Mails counted against a limit.", labels=["limit"])
        allowed = GaugeMetricFamily("hanchot_mail_limit", "Mails that a limit allows.", labels=["limit"])
        for use in limits:
            used.add_metric([use.name], use.used)
            allowed.add_metric([use.name], use.limit)
        yield used
        yield allowed
        yield from _fleet_metrics(fleet)
        hits = CounterMetricFamily("hanchot_feed_hits", "Requests for calendars by status.", labels=["status"])
        for status, count in sorted(self.feed_hits.items()):
            hits.add_metric([status], count)
        yield hits


def _fleet_metrics(fleet: Fleet) -> Iterable[Metric]:
    """Yield who is at work, and what each has in hand."""
    from prometheus_client.core import GaugeMetricFamily

    processes = GaugeMetricFamily("hanchot_processes", "Processes that are alive.", labels=["role"])
    for role, count in sorted(Counter(one.process.role for one in fleet.members).items()):
        processes.add_metric([role], count)
    yield processes
    yield _gauge(
        "planners_leading", "Processes that plan now; 1 if all is well.", sum(one.leads for one in fleet.members)
    )
    yield _gauge("mails_handed_over", "Mails that wait for a worker.", fleet.handed_over)
    in_flight = GaugeMetricFamily("hanchot_mails_in_flight", "Mails that a process holds.", labels=["process"])
    claims = GaugeMetricFamily(
        "hanchot_last_claim_age_seconds", "Seconds since a process claimed mails.", labels=["process"]
    )
    for one in fleet.members:
        in_flight.add_metric([one.process.name], one.in_flight)
        if one.process.claimed_at is not None:
            claims.add_metric([one.process.name], _seconds(one.process.claimed_at, fleet.now))
    yield in_flight
    yield claims


def show(request: Request) -> Response:
    """Serve the metrics to this machine and to trusted networks.

    Raises: HTTPException 404 for other clients.
    """
    if not is_private_client(request):
        raise HTTPException(404)
    figures, kind = request.app.state.site.metrics.write()
    return Response(figures, media_type=kind, headers={"Cache-Control": "no-store"})


def is_private_client(request: Request) -> bool:
    """Return whether a request comes directly from this machine or a trusted network, not through a proxy there."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    with suppress(ValueError):
        address = ip_address(request.client.host)
        trusted = request.app.state.site.running.settings.server.trusted_proxies
        return address.is_loopback or any(address in ip_network(network) for network in trusted)
    return False


ROUTES = [Route("/metrics", show)]


def _gauge(name: str, words: str, value: float) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(f"hanchot_{name}", words, value=value)


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)
