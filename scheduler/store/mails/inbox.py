"""The mails that came into the mailbox, and how far each of its folders was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from scheduler.plan.reasons import decode, encode
from scheduler.ports import FetchedMail, FolderState, InboxDecision, InboxRow, InboxState, MailSummary
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.tables import folder, incoming, incoming_content

_SUMMARY = ("message_id", "sender", "sender_name", "subject")
_OWN = (
    "id",
    "folder",
    "uid",
    "arrived_at",
    "size",
    "digest",
    "body",
    "is_whole",
    "state",
    "plan",
    "milestone",
    "party",
)
_ROW = sa.select(
    *(incoming.c[name] for name in (*_OWN, *_SUMMARY, "reasons", "facts", "decided_at", "by")),
)
_WANTED: sa.BindParameter[Any] = sa.bindparam("wanted")
_GET = _ROW.where(incoming.c.id == _WANTED)
_DATA = sa.select(incoming_content.c.bytes).where(incoming_content.c.incoming_id == _WANTED)
_LIKE = _ROW.where(incoming.c.message_id == _WANTED).order_by(incoming.c.id)
_COUNT = sa.select(sa.func.count()).where(incoming.c.state == _WANTED)
_COUNTS = sa.select(incoming.c.state, sa.func.count().label("number")).group_by(incoming.c.state)
_COUNTS_OF = (
    sa.select(incoming.c.milestone, incoming.c.party, incoming.c.state, sa.func.count().label("number"))
    .where(incoming.c.plan == _WANTED)
    .group_by(incoming.c.milestone, incoming.c.party, incoming.c.state)
)
_NEW = _ROW.where(incoming.c.state == "new").order_by(incoming.c.id).limit(sa.bindparam("at_most"))
_PLACE = ("uidvalidity", "last_uid", "before_uid", "read_at")
_FOLDERS = sa.select(folder.c.name, *(folder.c[name] for name in _PLACE)).order_by(folder.c.name)
_DECIDE = incoming.update().where(incoming.c.id == _WANTED, incoming.c.state == sa.bindparam("expected"))


class SqlInbox:
    """The mails that came, of all plans."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def folders(self) -> Sequence[FolderState]:
        """Return every folder that has been read, by name."""
        return [
            FolderState(folder=row["name"], **{name: row[name] for name in _PLACE})
            for row in self._connection.execute(_FOLDERS).mappings()
        ]

    def record_folder(self, state: FolderState) -> None:
        """Record how far a folder has been read."""
        values = {"name": state.folder} | {name: getattr(state, name) for name in _PLACE}
        self._connection.execute(_recording(dialect_of(self._connection)), values)

    def add(self, mail: FetchedMail, summary: MailSummary, *, uidvalidity: int, state: InboxState) -> int | None:
        """Store a mail; return its id, or None if it is known by its identity: then only its place is noted."""
        values = {
            "folder": mail.folder,
            "uidvalidity": uidvalidity,
            "uid": mail.uid,
            "arrived_at": mail.arrived_at,
            "size": mail.size,
            "identity": mail.identity,
            "digest": mail.digest,
            "body": mail.body,
            "is_whole": mail.is_whole,
            "state": state,
            "reasons": [],
            "facts": [],
            **_summary_values(summary),
        }
        id = self._connection.execute(_adding(dialect_of(self._connection)), values).scalar_one_or_none()
        if id is None:
            place = {"folder": mail.folder, "uidvalidity": uidvalidity, "uid": mail.uid}
            self._connection.execute(incoming.update().where(incoming.c.identity == mail.identity).values(**place))
        elif mail.data is not None:
            self._connection.execute(incoming_content.insert().values(incoming_id=id, bytes=mail.data))
        return id

    def decide(self, id: int, decision: InboxDecision, *, expected: InboxState) -> bool:
        """Record what becomes of a mail; return False if it is not in the `expected` state any more."""
        values: dict[str, Any] = {
            "state": decision.state,
            "plan": decision.plan,
            "milestone": decision.milestone,
            "party": decision.party,
            "reasons": [encode(reason) for reason in decision.reasons],
            "facts": [*decision.facts],
            "decided_at": decision.at,
            "by": decision.by,
            **(_summary_values(decision.summary) if decision.summary is not None else {}),
        }
        done = self._connection.execute(_DECIDE.values(**values), {"wanted": id, "expected": expected})
        return bool(done.rowcount)

    def get(self, id: int) -> InboxRow | None:
        """Return a mail, or None."""
        row = self._connection.execute(_GET, {"wanted": id}).mappings().first()
        return None if row is None else _read(row)

    def data(self, id: int) -> bytes | None:
        """Return the bytes of a mail that are kept in the record, or None."""
        return self._connection.execute(_DATA, {"wanted": id}).scalar_one_or_none()

    def new(self, limit: int) -> Sequence[InboxRow]:
        """Return mails that are not decided yet, the oldest first."""
        return [_read(row) for row in self._connection.execute(_NEW, {"at_most": limit}).mappings()]

    def page(
        self, states: Collection[InboxState] = (), *, before: int = 0, limit: int = 100, offset: int = 0
    ) -> Sequence[InboxRow]:
        """Return mails in some states, or in all, the newest first, after skipping `offset`.

        `before` is the id at which the last list ended.
        """
        query = _ROW.order_by(incoming.c.id.desc()).limit(limit).offset(offset)
        query = query.where(incoming.c.state.in_(states)) if states else query
        query = query.where(incoming.c.id < before) if before else query
        return [_read(row) for row in self._connection.execute(query).mappings()]

    def counts(self) -> Mapping[InboxState, int]:
        """Return the number of mails by state; states without mails are left out."""
        return {row.state: row.number for row in self._connection.execute(_COUNTS)}

    def count(self, state: InboxState) -> int:
        """Return how many mails are in a state."""
        return int(self._connection.execute(_COUNT, {"wanted": state}).scalar_one())

    def counts_of(self, plan: str) -> Mapping[tuple[str, str, InboxState], int]:
        """Return the number of mails about each obligation of a plan, by milestone, party and state."""
        rows = self._connection.execute(_COUNTS_OF, {"wanted": plan})
        return {(row.milestone, row.party, row.state): row.number for row in rows}

    def like(self, message_id: str) -> Sequence[InboxRow]:
        """Return the mails with a Message-ID, the oldest first."""
        return [_read(row) for row in self._connection.execute(_LIKE, {"wanted": message_id}).mappings()]


def _summary_values(summary: MailSummary) -> dict[str, str]:
    return {name: getattr(summary, name) for name in _SUMMARY}


def _read(row: sa.RowMapping) -> InboxRow:
    return InboxRow(
        **{name: row[name] for name in (*_OWN, "decided_at", "by")},
        summary=MailSummary(**{name: row[name] for name in _SUMMARY}),
        reasons=tuple(decode(reason) for reason in row["reasons"]),
        facts=tuple(row["facts"]),
    )


@cache
def _adding(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(incoming)
    return insert.on_conflict_do_nothing(index_elements=[incoming.c.identity]).returning(incoming.c.id)


@cache
def _recording(dialect: Dialect) -> sa.Executable:
    insert = dialect.insert(folder)
    newer = {name: insert.excluded[name] for name in _PLACE}
    return insert.on_conflict_do_update(index_elements=[folder.c.name], set_=newer)
