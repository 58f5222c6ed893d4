"""Sign in operators: links that work once, and sessions, which end after 90 days at the latest.

Only digests of their secrets are stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from scheduler.plan.messages.message import SignInMessage
from scheduler.plan.model import Plan
from scheduler.plan.recipients import Recipient, operators
from scheduler.ports import Composer, Outgoing, SessionRow, Store, UnitOfWork
from scheduler.services.dry_run import dry_run

RENEWED_AFTER = timedelta(hours=12)  # a session older than this gets a new secret
LONGEST = timedelta(days=90)  # the longest life of a session, however often it is used
LINKS = 5  # the most links that one address may request ...
WITHIN = timedelta(minutes=15)  # ... within this time


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The operator that a request comes from. `renewed` is the new secret of the session, "" if it stays."""

    email: str
    began_at: datetime
    renewed: str = ""


def find_operator(
    plans: Iterable[Plan], emails: Sequence[str], address: str, readers: Sequence[str] = ()
) -> tuple[Plan, Recipient] | None:
    """Return the operator, or one of the `readers`, with this address and a plan it sees, or None."""
    wanted = fold(address)
    for plan in plans:
        known = operators(plan, emails)
        for recipient in (*known, *(operators(plan, readers) if readers else ())):
            if fold(recipient.contact.email) == wanted:
                return plan, recipient
    return None


def make_link(unit: UnitOfWork, email: str, *, now: datetime, lifetime: timedelta) -> str:
    """Store a new sign-in link in the given transaction; return its secret."""
    token = secrets.token_urlsafe(24)
    unit.access.forget_expired(now=now)
    unit.access.add_link(digest(token), email=fold(email), at=now, expires_at=now + lifetime)
    return token


def mail_link(
    store: Store,
    composer: Composer,
    operator: tuple[Plan, Recipient],
    base: str,
    *,
    now: datetime,
    lifetime: timedelta,
    replayed: datetime | None = None,
    pretend: bool = False,
) -> bool:
    """Queue a mail with a sign-in link; return False if the address has requested too many lately.

    It commits. `replayed` is the current instant of a replay, by which its mails leave; the link still expires by the
    machine's clock. With `pretend` everything is done and rolled back and False is returned, so that the response time
    does not reveal which addresses belong to operators.
    """
    plan, (party, contact) = operator
    with dry_run(store) if pretend else store.transaction() as unit:
        if unit.access.links_since(fold(contact.email), now - WITHIN) >= LINKS:
            return False
        token = make_link(unit, contact.email, now=now, lifetime=lifetime)
        message = _sign_in_message(operator, token, base, now, now + lifetime)
        unit.outbox.add(
            Outgoing(
                mail=composer.compose(message),
                kind="sign-in",
                plan=plan.id,
                milestone=None,
                party=party.id,
                created_at=replayed or now,
                not_before=replayed or now,
                expires_at=None if replayed else now + lifetime,
                deduplication_key=message.key,
            )
        )
    return not pretend


def _sign_in_message(
    operator: tuple[Plan, Recipient], token: str, base: str, now: datetime, until: datetime
) -> SignInMessage:
    plan, (party, contact) = operator
    return SignInMessage(
        key=f"sign-in/{digest(token)}",
        plan=plan,
        party=party,
        to=contact,
        now=now,
        link=f"{base}/sign-in/{token}",
        link_until=until,
    )


def sign_in(store: Store, token: str, *, now: datetime, lifetime: timedelta) -> tuple[str, str] | None:
    """Use up a link and begin a session; return the address and the session's secret, or None for an invalid link.

    It commits.
    """
    with store.transaction() as unit:
        email = unit.access.use_link(digest(token), now=now)
        if email is None:
            return None
        session = secrets.token_urlsafe(32)
        unit.access.begin_session(digest(session), email=email, at=now, expires_at=now + lifetime)
    return email, session


def find_session(store: Store, token: str, *, now: datetime, lifetime: timedelta) -> SignedIn | None:
    """Return who owns a session, or None if it has ended.

    A session whose secret is half a day old gets a new secret and its full lifetime again; that commits.
    """
    with store.reading() as view:
        row = view.access.session(digest(token), now=now)
    if row is None or now >= row.began_at + LONGEST:
        return None
    return SignedIn(email=row.email, began_at=row.began_at, renewed=_renew(store, token, row, now, lifetime))


def _renew(store: Store, token: str, row: SessionRow, now: datetime, lifetime: timedelta) -> str:
    if now - row.renewed_at < RENEWED_AFTER:
        return ""
    fresh = secrets.token_urlsafe(32)
    with store.transaction() as unit:
        done = unit.access.renew_session(digest(token), to=digest(fresh), now=now, expires_at=now + lifetime)
    return fresh if done else ""


def fold(address: str) -> str:
    """Return an address in the form for comparing: without surrounding space and case."""
    return address.strip().casefold()


def digest(token: str) -> str:
    """Return the stored digest of a secret."""
    return sha256(token.encode()).hexdigest()
