"""The outbox of finished mails, and the mail accounts that send them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.reasons import Reason
from scheduler.ports.mail import Mail

MessageState = Literal["queued", "inflight", "sent", "skipped", "missed", "cancelled", "failed", "ambiguous", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail to queue; `rungs` holds the ids of the rungs that it carries to `mail.address`.

    It is not sent before `not_before` and is `missed` from `expires_at` on. `deduplication_key` is unique if it
    is set: a mail without rungs (receipt, change, outage) is sent once per key. `party` is the organisation of
    the addressee.
    """

    mail: Mail
    kind: MessageKind
    plan: str
    milestone: str | None
    party: str
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None
    rungs: tuple[int, ...] = ()
    deduplication_key: str | None = None
    rung: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A mail in the outbox with its state."""

    id: int
    mail: Mail
    kind: MessageKind
    plan: str
    milestone: str | None
    party: str
    rung: str | None
    state: MessageState
    reason: Reason
    reply: str
    attempts: int
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None
    settled_at: datetime | None
    rungs: tuple[int, ...] = ()
    unclear: bool = False  # an earlier attempt was ambiguous, or its outcome is unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Mails that are reserved under one name, to be delivered together by whoever takes them over."""

    name: str
    mails: tuple[int, ...]


RESERVED = "queue"  # with which the holder of mails begins that wait for a worker


def owner_of(holder: str) -> str:
    """Return the process whose sender holds a mail, or `RESERVED`: what stands before the slash, if there is one."""
    return holder.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """An attempt to hand a mail over whose outcome was not recorded in time: it may have gone out once more than known.

    `holder` began it. `noticed_at` is when another process took the mail over, or the attempt ended without an answer;
    None while the attempt is open. `answer` is what the server, or the connection to it, said in the end.
    """

    mail: MessageRow
    holder: str
    begun_at: datetime
    noticed_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSearch:
    """Which mails are looked for: written from `since` on and before `until` (UTC), with `words` in subject or address.

    Upper and lower case are the same for ASCII letters; for others that depends on the database.
    """

    since: datetime | None = None
    until: datetime | None = None
    words: str = ""


EVERY_MAIL = MailSearch()


class Outbox(Protocol):
    """The queue of finished mails; a delivery is unique by (rung, address)."""

    def add(self, outgoing: Outgoing) -> int | None:
        """Queue a mail with its deliveries and return its id.

        None if its deduplication key or Message-ID was used before, or if every rung that it carries already has a
        delivery to this address. A mail with this Message-ID that was given up and surely never left is written anew.
        """

    def claim(
        self, now: datetime, *, by: str, lease: timedelta, limit: int, urgent: bool = False
    ) -> Sequence[MessageRow]:
        """Take up to `limit` mails for delivery that may be sent at `now` or whose lease has expired.

        They are the urgent ones or the others, never both.
        They become `inflight` under the name `by` until the lease ends, the earliest due first. One whose lease
        has expired after an attempt was begun is `unclear`, and an interruption: the process that held it may have
        handed it over before it died.
        """

    def reserve(self, now: datetime, *, by: str, lease: timedelta, limit: int, urgent: bool = False) -> Sequence[int]:
        """Take mails like `claim` and return their ids only; whoever is to deliver them takes them over."""

    def take_over(
        self, ids: Collection[int], *, reserved_by: str, by: str, now: datetime, lease: timedelta
    ) -> Sequence[MessageRow]:
        """Take those of the mails that are reserved under a name, with a lease of one's own, the earliest due first."""

    def begin(self, id: int, *, by: str, now: datetime) -> bool:
        """Record that an attempt begins at a mail claimed by `by`; False if the lease was lost."""

    def finish(
        self,
        id: int,
        *,
        by: str,
        state: MessageState,
        reason: Reason,
        reply: str,
        attempted: bool,
        now: datetime,
        not_before: datetime | None = None,
        unclear: bool = False,
    ) -> bool:
        """Record the result for a mail claimed by `by`, and settle the rungs whose deliveries are all final.

        Returns False if the lease was lost, and keeps only the reply, as the late answer to the attempt that was
        interrupted. With the state `queued` the mail returns to the queue and is not sent before `not_before`.
        `unclear` records that this attempt was ambiguous. A rung is `sent` if any of its deliveries was sent; else it
        gets the first of `ambiguous`, `failed`, `missed`, `cancelled`, `skipped` that one of its deliveries has.
        """

    def with_message_ids(self, message_ids: Collection[str]) -> Sequence[MessageRow]:
        """Return the mails that have one of these Message-IDs, in the order in which the ids are given."""

    def has_deduplication_key(self, key: str) -> bool:
        """Return whether a mail was ever queued under this key."""

    def cancel(self, key: str, reason: Reason, *, now: datetime) -> int:
        """Cancel the queued mails whose deduplication key begins with `key`; return how many there were."""

    def cancel_all(self, plan: str, reason: Reason, *, now: datetime) -> int:
        """Cancel the queued and held mails of a plan; return how many there were."""

    def hold(self, id: int) -> bool:
        """Hold a queued mail until it is released; return False if it is not queued."""

    def release(self, id: int) -> bool:
        """Queue a held mail again; return False if it is not held."""

    def retry(self, id: int, *, now: datetime) -> bool:
        """Queue a failed or ambiguous mail and its rungs again, as a person decided; False if it is neither."""

    def postpone(self, id: int, *, by: str, until: datetime) -> None:
        """Return a mail claimed by `by` to the queue, not to be sent before `until`."""

    def end_leases(self, holders: Collection[str], *, now: datetime) -> int:
        """End the leases of all mails that these processes hold; return how many there were.

        The mails may be claimed at once, as if their leases had expired.
        """

    def get(self, id: int) -> MessageRow | None:
        """Return one mail, or None if there is none with this id."""

    def list(self, *, plan: str | None = None, states: Collection[MessageState] = ()) -> Sequence[MessageRow]:
        """Return the mails of a plan and in these states, oldest first; without filters, all of them."""

    def newest(
        self,
        *,
        states: Collection[MessageState] = (),
        plan: str | None = None,
        milestone: str | None = None,
        party: str | None = None,
        within: MailSearch = EVERY_MAIL,
        limit: int,
        offset: int = 0,
    ) -> Sequence[MessageRow]:
        """Return up to `limit` mails, newest first, skipping `offset`; `party` is that of the addressee."""

    def counts(self, *, party: str | None = None, within: MailSearch = EVERY_MAIL) -> Mapping[MessageState, int]:
        """Return the number of mails by state, of one party or of all; states without mails are left out."""

    def of_rungs(self, rungs: Collection[int]) -> Mapping[int, Sequence[MessageRow]]:
        """Return by rung id the mails that carry the rung."""

    def holders(self) -> Mapping[str, int]:
        """Return how many mails are claimed under each name."""

    def interruptions(self, since: datetime) -> Sequence[Interruption]:
        """Return the attempts whose outcome was not recorded in time and that are open or were noticed since then."""

    def next_at(self) -> datetime | None:
        """Return the earliest instant at which a queued mail may be sent or a lease ends, past ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The state of a mail account: whether it is paused or stopped, why, and its consecutive failures."""

    name: str
    paused_until: datetime | None = None
    stopped: bool = False
    reason: str = ""
    consecutive_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How many mails an account has sent in this minute, in this hour, and in the last 24 full hours and this one."""

    minute: int = 0
    hour: int = 0
    day: int = 0


class Accounts(Protocol):
    """Mail accounts: their pauses, and the rate limits that all processes share."""

    def state(self, name: str) -> AccountState:
        """Return the state of an account; for an unknown one, that of an account without problems."""

    def pause(self, name: str, *, until: datetime, reason: str) -> None:
        """Pause an account and count one more consecutive failure."""

    def stop(self, name: str, *, reason: str) -> None:
        """Stop an account until a person clears it."""

    def clear(self, name: str) -> None:
        """Clear the pause, the stop and the failures of an account; its usage of the rate limits stays."""

    def usage(self, name: str, *, now: datetime) -> Usage:
        """Return how much of its rate limits an account has used."""

    def take(
        self, name: str, wanted: int, *, now: datetime, per_minute: int = 0, per_hour: int = 0, per_day: int = 0
    ) -> int:
        """Count up to `wanted` mails against the rate limits and return how many may be sent; a limit of 0 is none.

        Minute and hour are those of the clock. The day is the last 24 full hours and the current one.
        """

    def give_back(self, name: str, count: int, *, now: datetime) -> None:
        """Uncount mails that were counted at `now` and were not sent after all."""
