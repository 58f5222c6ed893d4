"""Mails on their way, and the accounts that they leave by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from scheduler.plan.message_kinds import MessageKind
from scheduler.ports.mail import Mail

MessageState = Literal["queued", "inflight", "sent", "skipped", "missed", "cancelled", "failed", "ambiguous", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail for the outbox. `rungs` are the promises it carries to `mail.address`.

    It leaves not before `not_before` and is `missed` from `expires_at` on. `deduplication_key` is unique where
    set: a mail without rungs (receipt, change, outage) goes out once per key.
    `party` is the addressee's organisation.
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
    """A mail in the outbox and where it stands."""

    id: int
    mail: Mail
    kind: MessageKind
    plan: str
    milestone: str | None
    party: str
    rung: str | None
    state: MessageState
    reason: str
    reply: str
    attempts: int
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None
    settled_at: datetime | None
    rungs: tuple[int, ...] = ()
    unclear: bool = False  # an earlier attempt was ambiguous, or its end is not known


class Outbox(Protocol):
    """Finished mails on their way. A delivery is unique by (rung, address)."""

    def add(self, outgoing: Outgoing) -> int | None:
        """Queue a mail with its deliveries; None if its deduplication key or Message-ID was used before."""

    def claim(self, now: datetime, *, by: str, lease: timedelta, limit: int) -> Sequence[MessageRow]:
        """Take mails that may leave at `now` (or whose lease ran out) for delivery.

        They become `inflight` under the name `by` until the lease ends; soonest due first. One whose lease ran out
        is `unclear`: whoever had it may have handed it over before it died.
        """

    def finish(
        self,
        id: int,
        *,
        by: str,
        state: MessageState,
        reason: str,
        reply: str,
        attempted: bool,
        now: datetime,
        not_before: datetime | None = None,
        unclear: bool = False,
    ) -> bool:
        """Record what became of a mail taken by `by`; settle the rungs whose deliveries are all final.

        False if the lease was lost meanwhile; nothing is changed then.
        With state `queued` the mail goes back, not to leave before `not_before`; `unclear` marks that this
        attempt was ambiguous. A rung is `sent` if any delivery was, else the first of `ambiguous`, `failed`, `missed`,
        `cancelled`, `skipped` that one of its deliveries has.
        """

    def has_deduplication_key(self, key: str) -> bool:
        """Return whether a mail was ever queued under this key."""

    def cancel(self, key: str, reason: str, *, now: datetime) -> int:
        """Cancel the queued mails whose deduplication key begins with `key`; return how many there were."""

    def hold(self, id: int) -> bool:
        """Keep a queued mail back until it is released; False if it is not queued."""

    def release(self, id: int) -> bool:
        """Let a held mail go; False if it is not held."""

    def retry(self, id: int, *, now: datetime) -> bool:
        """Queue a failed or ambiguous mail and its rungs again, by a person's decision; False if it is neither."""

    def postpone(self, id: int, *, by: str, until: datetime) -> None:
        """Put a mail taken by `by` back into the queue, not to leave before `until`."""

    def get(self, id: int) -> MessageRow | None:
        """Return one mail."""

    def list(self, *, plan: str | None = None, states: Collection[MessageState] = ()) -> Sequence[MessageRow]:
        """Return mails, oldest first."""

    def newest(
        self,
        *,
        states: Collection[MessageState] = (),
        plan: str | None = None,
        milestone: str | None = None,
        party: str | None = None,
        limit: int,
        offset: int = 0,
    ) -> Sequence[MessageRow]:
        """Return up to `limit` mails, newest first, after leaving out `offset` of them; `party` is whose contact."""

    def counts(self, *, party: str | None = None) -> Mapping[MessageState, int]:
        """Return how many mails there are by state, or are a party's; a state that none has is left out."""

    def of_rungs(self, rungs: Collection[int]) -> Mapping[int, Sequence[MessageRow]]:
        """Return the mails that carried each of these promises."""

    def next_at(self) -> datetime | None:
        """Return the earliest instant at which a queued mail may leave or a lease ends, past ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What is known of a mail account: whether it rests or was stopped, why, and how often in a row it had to rest."""

    name: str
    paused_until: datetime | None = None
    stopped: bool = False
    reason: str = ""
    consecutive_failures: int = 0


class Accounts(Protocol):
    """Mail accounts: their pauses, and the limits that all processes share."""

    def state(self, name: str) -> AccountState:
        """Return what is known of an account; of one never heard of, that nothing is wrong."""

    def pause(self, name: str, *, until: datetime, reason: str) -> None:
        """Let an account rest; counts one more strike."""

    def stop(self, name: str, *, reason: str) -> None:
        """Stop an account until a person clears it."""

    def clear(self, name: str) -> None:
        """Forget every trouble of an account; what it has used of its limits stays."""

    def take(self, name: str, wanted: int, *, now: datetime, per_minute: int, per_day: int) -> int:
        """Count up to `wanted` mails as leaving now and return how many the limits allow; a limit of 0 is none.

        The minute is the clock's, the day the last 24 full hours and the one running.
        """

    def give_back(self, name: str, count: int, *, now: datetime) -> None:
        """Take back mails that were counted at `now` and did not leave after all."""
