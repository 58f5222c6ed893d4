"""Access: sign-in links, sessions, private pages of parties, and the documents that parties send."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scheduler.plan.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """The session of a signed-in operator."""

    email: str
    began_at: datetime
    renewed_at: datetime
    expires_at: datetime


class Access(Protocol):
    """Sign-in links and sessions of operators; only digests of their secrets are stored."""

    def add_link(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Store a sign-in link that was made for an e-mail address."""

    def links_since(self, email: str, after: datetime) -> int:
        """Return the number of links made for an e-mail address after an instant."""

    def use_link(self, digest: str, *, now: datetime) -> str | None:
        """Mark a link as used and return its e-mail address, or None if it is unknown, used or expired."""

    def begin_session(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Store a new session."""

    def session(self, digest: str, *, now: datetime) -> SessionRow | None:
        """Return the session with this secret, or None if it has expired.

        The previous secret of a session also finds it for a minute after the renewal.
        """

    def renew_session(self, digest: str, *, to: str, now: datetime, expires_at: datetime) -> bool:
        """Replace the secret of a session; return False if another request has already done so.

        The old secret stays valid for a minute.
        """

    def end_session(self, digest: str) -> None:
        """Delete a session."""

    def end_sessions(self, email: str) -> int:
        """Delete every session and every unused link of an e-mail address; return the number of sessions."""

    def forget_expired(self, *, now: datetime) -> None:
        """Delete links and sessions that expired a day or more ago."""


class PartyPages(Protocol):
    """The addresses of the private pages of parties; only the generation of each party token is stored."""

    def generations(self) -> Mapping[str, int]:
        """Return the valid generation by party, for parties whose address was ever revoked; for others it is 1."""

    def revoke(self, party: str, *, now: datetime) -> int:
        """Invalidate the present address of a party's page and return the new generation.

        Every plan is marked as not published, because calendar entries contain that address.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that came with a submission; its bytes are stored outside the record, under their digest.

    `name` is chosen by the sender; `kind` is the media type, detected from the bytes; `size` is in bytes.
    """

    name: str
    kind: str
    size: int
    digest: str  # SHA-256, hexadecimal
    id: int = 0
    fact: int = 0
    party: str = ""
    received_at: datetime | None = None


class Documents(Protocol):
    """The metadata of submitted files."""

    def add(self, fact: Fact, document: Document) -> Document:
        """Store the metadata of a file that came with a recorded fact; return it as stored."""

    def move(self, id: int, fact: Fact) -> None:
        """Let the files of a fact (id) belong to another recorded one, which restates it."""

    def get(self, id: int) -> Document | None:
        """Return one file, or None if there is none with this id."""

    def of(self, facts: Collection[int]) -> Sequence[Document]:
        """Return the files that came with these facts (ids), oldest first."""

    def size_since(self, party: str, since: datetime) -> int:
        """Return the number of bytes received from a party since an instant, that instant included."""
