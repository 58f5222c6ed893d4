"""Access of operators: sign-in links and sessions, identified by the digests of their secrets."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from scheduler.ports import SessionRow
from scheduler.store.tables import link, session

GRACE = timedelta(minutes=1)  # for requests that were sent before the session got its new secret
KEPT = timedelta(days=1)

_WANTED: sa.BindParameter[str] = sa.bindparam("wanted", type_=sa.Text)
_NOW = sa.bindparam("now", type_=link.c.expires_at.type)
_MADE = sa.select(sa.func.count()).where(link.c.email == _WANTED, link.c.made_at > sa.bindparam("after"))
_USE = (
    link.update()
    .where(link.c.digest == _WANTED, link.c.used_at.is_(None), link.c.expires_at > _NOW)
    .values(used_at=_NOW)
    .returning(link.c.email)
)
_FORMER = sa.and_(session.c.former == _WANTED, session.c.renewed_at > sa.bindparam("lately"))
_SESSION = sa.select(session.c.email, session.c.began_at, session.c.renewed_at, session.c.expires_at).where(
    sa.or_(session.c.digest == _WANTED, _FORMER), session.c.expires_at > _NOW
)
_RENEW = session.update().where(session.c.digest == _WANTED)
_END = session.delete().where(sa.or_(session.c.digest == _WANTED, session.c.former == _WANTED))
_END_ALL = session.delete().where(session.c.email == _WANTED)
_CALL_IN = link.delete().where(link.c.email == _WANTED, link.c.used_at.is_(None))
_FORGET = [table.delete().where(table.c.expires_at < sa.bindparam("oldest")) for table in (link, session)]


class SqlAccess:
    """The sign-in links and sessions of all operators."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_link(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Store a sign-in link for an address."""
        self._connection.execute(link.insert().values(digest=digest, email=email, made_at=at, expires_at=expires_at))

    def links_since(self, email: str, after: datetime) -> int:
        """Return how many links were made for an address after an instant."""
        return self._connection.execute(_MADE, {"wanted": email, "after": after}).scalar_one()

    def use_link(self, digest: str, *, now: datetime) -> str | None:
        """Use up a link and return its address; None if the link is unknown, used or expired."""
        return self._connection.execute(_USE, {"wanted": digest, "now": now}).scalar_one_or_none()

    def begin_session(self, digest: str, *, email: str, at: datetime, expires_at: datetime) -> None:
        """Store a session."""
        values = {"digest": digest, "email": email, "began_at": at, "renewed_at": at, "expires_at": expires_at}
        self._connection.execute(session.insert().values(**values))

    def session(self, digest: str, *, now: datetime) -> SessionRow | None:
        """Return an unexpired session by the digest of its current secret, or of its former one for a minute."""
        row = (
            self._connection.execute(_SESSION, {"wanted": digest, "now": now, "lately": now - GRACE}).mappings().first()
        )
        return None if row is None else SessionRow(**row)

    def renew_session(self, digest: str, *, to: str, now: datetime, expires_at: datetime) -> bool:
        """Give a session a new secret; return False if another request did so first.

        The old secret stays valid for a minute.
        """
        renewal = _RENEW.values(digest=to, former=digest, renewed_at=now, expires_at=expires_at)
        return self._connection.execute(renewal, {"wanted": digest}).rowcount == 1

    def end_session(self, digest: str) -> None:
        """Delete a session."""
        self._connection.execute(_END, {"wanted": digest})

    def end_sessions(self, email: str) -> int:
        """Delete all sessions and unused links of an address; return how many sessions there were."""
        self._connection.execute(_CALL_IN, {"wanted": email})
        return self._connection.execute(_END_ALL, {"wanted": email}).rowcount

    def forget_expired(self, *, now: datetime) -> None:
        """Delete links and sessions that expired a day ago or earlier."""
        for statement in _FORGET:
            self._connection.execute(statement, {"oldest": now - KEPT})
