"""Commands of an operator: send a test mail, make a link or a calendar, accept the clock, tend the record."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.bootstrap.container import Container
from scheduler.clock import SystemClock, SystemMachine
from scheduler.config import read_span
from scheduler.engine.runners import advance_tables
from scheduler.errors import NothingMatched
from scheduler.mail.test_message import compose_test_message
from scheduler.plan.recipients import operators
from scheduler.ports import FeedRow, Loaded, Outcome
from scheduler.queries.feed_links import calendar_path
from scheduler.services.apply_revision import take
from scheduler.services.clock_guard import ClockGuard
from scheduler.services.heartbeats import Rhythm
from scheduler.services.publish_feeds import create_feed
from scheduler.services.sign_in import find_operator, make_link
from scheduler.store import copy_record, read_address, upgrade
from scheduler.texts import Text


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a test mail.

    `was_at_rest` says that the account was paused or stopped and may send again; `token` is the access token of the
    login, "" for one by password.
    """

    outcome: Outcome
    was_at_rest: bool
    token: str = field(default="", repr=False)


def send_test_message(container: Container, address: str) -> Trial:
    """Send a test mail now. It commits: a mail that was sent clears the account."""
    mail = container.settings.mail
    trial = compose_test_message(address, sender=mail.sender, organisation=mail.organisation, now=container.clock.now())
    with closing(container.mailer()) as mailer:
        outcome = mailer.send(trial)
        name, token = mailer.account, getattr(mailer, "token", "")
    if outcome.state != "sent":
        return Trial(outcome, was_at_rest=False, token=token)
    with container.store() as store, store.transaction() as unit:
        state = unit.accounts.state(name)
        unit.accounts.clear(name)
    return Trial(outcome, was_at_rest=state.stopped or state.paused_until is not None)


def make_sign_in_link(container: Container, email: str) -> tuple[str, datetime]:
    """Return an address at which an operator can sign in once, and when it expires (UTC); no mail is sent.

    It commits. Raises `NothingMatched` for an address that belongs to no operator.
    """
    settings = container.settings
    plans = [definition.plan for definition in container.load().definitions]
    people = settings.operators
    known = [to.contact.email for plan in plans for to in operators(plan, people.addresses)] + people.readers_only
    if find_operator(plans, people.addresses, email, people.readers_only) is None:
        raise NothingMatched.named(Text("operator"), email, known)
    base = container.settings.server.known_url()
    now, lifetime = SystemClock().now(), read_span(settings.web.link)
    with container.store() as store, store.transaction() as unit:
        token = make_link(unit, email, now=now, lifetime=lifetime)
    return f"{base}/sign-in/{token}", now + lifetime


def make_feed(
    container: Container, loaded: Loaded, *, audience: str, plan: str | None, tasks: bool
) -> tuple[FeedRow, str]:
    """Create the address of a calendar and publish its plans; return both the row and the address.

    It commits. Raises `UserError` if the daemon's address is not known.
    """
    base, now = container.settings.server.known_url(), container.clock.now()
    shown = [definition for definition in loaded.definitions if plan in (None, definition.plan.id)]
    plans = [definition.plan for definition in shown]
    with container.store() as store:
        container.services(store).require_right_clock()
        for definition in shown:
            take(store, definition, now)
        with store.transaction() as unit:
            feed = create_feed(unit, plans, container.calendars, audience=audience, plan=plan, tasks=tasks, now=now)
    return feed, base + calendar_path(feed, plans, container.secret)


def accept_clock(container: Container) -> datetime:
    """Take the clock of this machine as right, and return the time that it shows (UTC). It commits."""
    with container.store() as store:
        return ClockGuard(store, SystemMachine()).accept()


def upgrade_record(container: Container) -> bool:
    """Upgrade the record, and the tables of the engine, to this version; return whether anything was to be done.

    The record is upgraded before, by itself; an upgrade of the engine that was cut short goes on. Raises `UserError`.
    """
    settings = container.settings
    was_older = upgrade(settings.database_url)
    if settings.engine.kind == "embedded":
        return was_older
    read_address(settings.database_url)
    is_done = False
    with container.store() as store:
        while not is_done:
            with store.transaction() as unit:
                is_done = not advance_tables(unit.driver_connection)
            was_older |= not is_done
    return was_older


def copy_record_from(container: Container, url: str) -> Mapping[str, int]:
    """Copy a whole record from another database into the configured one; return the number of rows by table.

    The path of a SQLite file is relative to the configuration file, as under `[database] url`.
    """
    settings = container.settings
    source, now = settings.resolve_url(url), SystemClock().now()
    return copy_record(source, settings.database_url, now=now, stale=Rhythm().stale)
