"""Who may see and send what: sessions, pages of parties, documents."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scheduler.plan.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """Somebody who is signed in."""

    email: str
    began_at: datetime
    renewed_at: datetime
    expires_at: datetime


class Access(Protocol):
    """Who may come in: sign-in links and sessions. Secrets are never stored, only their digests."""

    def add_link(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Remember a sign-in link that was made for an address."""

    def links_since(self, email: str, after: datetime) -> int:
        """Return how many links were made for an address after an instant."""

    def use_link(self, digest: str, *, now: datetime) -> str | None:
        """Use a link up and return whom it lets in; None if it is unknown, used or expired."""

    def begin_session(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Remember a session."""

    def session(self, digest: str, *, now: datetime) -> SessionRow | None:
        """Return a session that has not expired, by its secret or the one that it had last."""

    def renew_session(self, digest: str, *, to: str, now: datetime, expires_at: datetime) -> bool:
        """Give a session another secret; False if another request did so first. The old one stays good for a minute."""

    def end_session(self, digest: str) -> None:
        """Forget a session."""

    def end_sessions(self, email: str) -> int:
        """Forget every session and every unused link of an address; return how many sessions there were."""

    def forget_expired(self, *, now: datetime) -> None:
        """Delete links and sessions whose time is over for a day or more."""


class PartyPages(Protocol):
    """The private addresses of parties' pages: only how often each was revoked is kept."""

    def generations(self) -> Mapping[str, int]:
        """Return the generation that is good now of every party whose address was ever revoked; of others it is 1."""

    def revoke(self, party: str, *, now: datetime) -> int:
        """Make the party's present address worthless; return the good generation. No plan is published any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that came with a submission; its bytes lie outside of the record, known by their digest.

    `name` is a text that its sender chose, `kind` its media type as found in the bytes.
    """

    name: str
    kind: str
    size: int
    digest: str  # SHA-256 in hexadecimal figures
    id: int = 0
    fact: int = 0
    party: str = ""
    received_at: datetime | None = None


class Documents(Protocol):
    """What is known of the files that came in."""

    def add(self, fact: Fact, document: Document) -> Document:
        """Remember a file that came with a recorded fact; return it as it is remembered."""

    def get(self, id: int) -> Document | None:
        """Return one file."""

    def of(self, facts: Collection[int]) -> Sequence[Document]:
        """Return the files that came with these facts, oldest first."""

    def size_since(self, party: str, since: datetime) -> int:
        """Return how many bytes came from a party at an instant or later."""
