"""The outbox: finished mails, and the rungs they carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias, get_args

import sqlalchemy as sa

from scheduler import texts
from scheduler.plan.reasons import Reason, decode, encode
from scheduler.ports import EVERY_MAIL, Interruption, Mail, MailSearch, MessageRow, MessageState, Outgoing, owner_of
from scheduler.store import settlement
from scheduler.store.columns import Instant, KeptText
from scheduler.store.statements import Prepared, chunks, words
from scheduler.store.tables import claimed, waiting
from scheduler.store.tables import content as contents
from scheduler.store.tables import delivery as deliveries
from scheduler.store.tables import interruption as interruptions
from scheduler.store.tables import message as messages
from scheduler.store.tables import urgent as urgents

_IDS = 1_000
_Row: TypeAlias = sa.Row[*tuple[Any, ...]]

_ROW = sa.select(
    messages.c.id,
    messages.c.message_id,
    messages.c.date,
    messages.c.address,
    messages.c.subject,
    contents.c.bytes,
    messages.c.kind,
    messages.c.plan,
    messages.c.milestone,
    messages.c.party,
    messages.c.rung,
    messages.c.state,
    messages.c.reason,
    messages.c.reply,
    messages.c.attempts,
    messages.c.created_at,
    messages.c.not_before,
    messages.c.expires_at,
    messages.c.settled_at,
    messages.c.unclear,
).join_from(messages, contents)
_AMONG = messages.c.id.in_(sa.bindparam("ids", expanding=True))
_GET = _ROW.where(_AMONG).order_by(messages.c.id)
_NEXT = (
    sa.select(sa.func.min(messages.c.not_before)).where(waiting),
    sa.select(sa.func.min(messages.c.lease_until)).where(claimed),
)


def _first(moment: sa.Column[Any], *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the ids of the mails whose moment came first; what others are claiming is left to them.

    SQLite has one writer and ignores that clause.
    """
    free = sa.select(messages.c.id).where(*conditions, moment <= sa.bindparam("now"))
    ordered = free.order_by(moment, messages.c.id).limit(sa.bindparam("at_most"))
    return ordered.with_for_update(skip_locked=True)


_TAKEN = {"state": "inflight", "claimed_by": sa.bindparam("who"), "lease_until": sa.bindparam("until")}


def _taking(which: sa.ColumnElement[bool]) -> sa.Executable:
    """Return the one statement that claims all waiting mails of a kind, as many as asked for."""
    free = sa.select(_first(messages.c.not_before, waiting, which).cte("free").c.id)
    return messages.update().where(messages.c.id.in_(free)).values(_TAKEN).returning(messages.c.id)


_TAKE_URGENT, _TAKE_OTHER = _taking(urgents), _taking(~urgents)
_LAPSED_URGENT = _first(messages.c.lease_until, claimed, urgents)
_LAPSED_OTHER = _first(messages.c.lease_until, claimed, ~urgents)
_TAKE_LAPSED = (
    messages.update()
    .where(_AMONG)
    .values(_TAKEN)
    .values(unclear=sa.or_(messages.c.unclear, messages.c.begun_at.is_not(None)), begun_at=None)
)
_OWN = (messages.c.claimed_by == sa.bindparam("who"), claimed)
_TAKE_OVER = (
    messages.update()
    .where(_AMONG, messages.c.claimed_by == sa.bindparam("former"), claimed)
    .values(claimed_by=sa.bindparam("who"), lease_until=sa.bindparam("until"))
    .returning(messages.c.id)
)
_begun = sa.select(
    messages.c.id,
    messages.c.claimed_by,
    messages.c.begun_at,
    sa.bindparam("now", type_=Instant),
    sa.bindparam("answer", type_=KeptText),
).where(messages.c.begun_at.is_not(None), messages.c.claimed_by.is_not(None))
_INTERRUPTED = ("message_id", "holder", "begun_at", "noticed_at", "answer")
_INTERRUPT = interruptions.insert().from_select(_INTERRUPTED, _begun.where(_AMONG))
_INTERRUPT_OWN = interruptions.insert().from_select(_INTERRUPTED, _begun.where(_AMONG, *_OWN))
_ANSWER_LATE = (
    interruptions.update()
    .where(
        interruptions.c.message_id == sa.bindparam("wanted"),
        interruptions.c.holder == sa.bindparam("who"),
        interruptions.c.answer == "",
    )
    .values(answer=sa.bindparam("said"))
)
_HOLDERS = (
    sa.select(messages.c.claimed_by, sa.func.count().label("number"))
    .where(claimed, messages.c.claimed_by.is_not(None))
    .group_by(messages.c.claimed_by)
    .order_by(messages.c.claimed_by)
)
_NOTICED = sa.select(
    interruptions.c.message_id,
    interruptions.c.holder,
    interruptions.c.begun_at,
    interruptions.c.noticed_at,
    interruptions.c.answer,
).where(interruptions.c.noticed_at >= sa.bindparam("since"))
_ATTEMPTS = sa.select(
    messages.c.id.label("message_id"),
    messages.c.claimed_by.label("holder"),
    messages.c.begun_at,
    sa.null().label("noticed_at"),
    sa.literal("").label("answer"),
).where(claimed, messages.c.begun_at.is_not(None))
_MINE = (messages.c.id == sa.bindparam("wanted"), *_OWN)
_FINISH = Prepared(
    lambda dialect: (
        messages.update()
        .where(*_MINE)
        .values(
            state=sa.bindparam("to"),
            reason=sa.bindparam("because"),
            reply=sa.bindparam("answer"),
            attempts=messages.c.attempts + sa.bindparam("tried"),
            not_before=sa.func.coalesce(
                sa.bindparam("earliest", type_=messages.c.not_before.type), messages.c.not_before
            ),
            unclear=sa.or_(messages.c.unclear, sa.bindparam("doubtful", type_=sa.Boolean)),
            settled_at=sa.bindparam("now"),
            claimed_by=None,
            lease_until=None,
            begun_at=None,
        )
    )
)
_BEGIN = Prepared(lambda dialect: messages.update().where(*_MINE).values(begun_at=sa.bindparam("now")))
_ONE = messages.c.id == sa.bindparam("wanted")
_HOLD = messages.update().where(_ONE, words(messages.c.state, "queued")).values(state="held")
_RELEASE = messages.update().where(_ONE, words(messages.c.state, "held")).values(state="queued")
_RETRY = (
    messages.update()
    .where(_ONE, words(messages.c.state, "failed", "ambiguous"))
    .values(
        state="queued",
        reason="",
        unclear=sa.or_(messages.c.unclear, words(messages.c.state, "ambiguous")),
        not_before=sa.bindparam("now"),
        expires_at=None,  # a person decided to send it, so its expiry no longer applies
        settled_at=None,
    )
)
_POSTPONE = (
    messages.update()
    .where(*_MINE)
    .values(state="queued", not_before=sa.bindparam("until"), claimed_by=None, lease_until=None, begun_at=None)
)
_END_LEASES = (
    messages.update()
    .where(
        claimed,
        messages.c.claimed_by.in_(sa.bindparam("holders", expanding=True)),
        messages.c.lease_until > sa.bindparam("now"),
    )
    .values(lease_until=sa.bindparam("now"))
)
_WITH_IDS = _ROW.where(messages.c.message_id.in_(sa.bindparam("wanted", expanding=True)))
_WITH_KEY = sa.select(messages.c.id).where(messages.c.deduplication_key == sa.bindparam("wanted"))
_BEGINNING = sa.bindparam("beginning", type_=sa.Text)
_CANCELLING = (
    messages.update()
    .where(waiting)
    .values(state="cancelled", reason=sa.bindparam("because"), settled_at=sa.bindparam("now"))
    .returning(messages.c.id)
)
# Not LIKE, which ignores case on SQLite.
_CANCEL = _CANCELLING.where(sa.func.substr(messages.c.deduplication_key, 1, sa.func.length(_BEGINNING)) == _BEGINNING)
_CANCEL_ALL = (
    messages.update()
    .where(messages.c.plan == sa.bindparam("wanted"), words(messages.c.state, "queued", "held"))
    .values(state="cancelled", reason=sa.bindparam("because"), settled_at=sa.bindparam("now"))
    .returning(messages.c.id)
)
_COUNTS = sa.select(messages.c.state, sa.func.count().label("number")).group_by(messages.c.state)
_CARRIED = sa.select(deliveries.c.message_id, deliveries.c.rung_id).order_by(deliveries.c.id)
_CARRIED_BY = _CARRIED.where(deliveries.c.message_id.in_(sa.bindparam("ids", expanding=True)))
_CARRIERS_OF = _CARRIED.where(deliveries.c.rung_id.in_(sa.bindparam("ids", expanding=True)))
_ADDED = (
    "message_id",
    "deduplication_key",
    "date",
    "address",
    "subject",
    "kind",
    "plan",
    "milestone",
    "party",
    "rung",
    "state",
    "reason",
    "reply",
    "attempts",
    "created_at",
    "not_before",
    "expires_at",
)
_ADD = Prepared(lambda dialect: dialect.insert(messages).on_conflict_do_nothing().returning(messages.c.id), _ADDED)
_NEVER_LEFT = sa.and_(words(messages.c.state, "cancelled", "skipped", "missed"), ~messages.c.unclear)
_ADD_AGAIN = (
    messages.update()
    .where(messages.c.message_id == sa.bindparam("wanted"), _NEVER_LEFT)
    .values({name: sa.bindparam(name) for name in _ADDED if name != "message_id"} | {"settled_at": None})
    .returning(messages.c.id)
)
_REFILL = contents.update().where(contents.c.message_id == sa.bindparam("wanted")).values(bytes=sa.bindparam("data"))
_FILL = Prepared(lambda dialect: contents.insert(), ("message_id", "bytes"))
_CARRY = Prepared(lambda dialect: _carry(dialect.insert(deliveries)), ("rung_id", "address", "message_id"))


def _carry(insert: Any) -> Any:
    """Return the statement that lets a mail carry a rung to an address, unless another one has or still may."""
    return insert.on_conflict_do_update(
        index_elements=["rung_id", "address"],
        set_={"message_id": insert.excluded.message_id},
        where=deliveries.c.message_id.in_(sa.select(messages.c.id).where(_NEVER_LEFT)),
    )


def _conditions(search: MailSearch) -> Iterator[sa.ColumnElement[bool]]:
    if search.since is not None:
        yield messages.c.created_at >= search.since
    if search.until is not None:
        yield messages.c.created_at < search.until
    if search.words:
        yield sa.or_(
            messages.c.subject.icontains(search.words, autoescape=True),
            messages.c.address.icontains(search.words, autoescape=True),
        )


class SqlOutbox:
    """The mails of all plans."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, outgoing: Outgoing) -> int | None:
        """Queue a mail with its deliveries; return its id, or None if its deduplication key or Message-ID is used.

        A rung that another mail has brought to this address, or still may, is left out. If no rung is left of those
        that the mail was composed for, it is not queued and None is returned. A mail with this Message-ID that surely
        never left is written anew.
        """
        added = _ADD.run(self._connection, _values(outgoing)).fetchall()
        if not added:
            return self._add_again(outgoing)
        id: int = added[0][0]
        mail = {"message_id": id, "address": outgoing.mail.address, "bytes": outgoing.mail.data}
        carried = [_CARRY.run(self._connection, {"rung_id": rung, **mail}).rowcount for rung in outgoing.rungs]
        if carried and not any(carried):
            self._connection.execute(messages.delete().where(messages.c.id == id))
            return None
        _FILL.run(self._connection, mail)
        return id

    def _add_again(self, outgoing: Outgoing) -> int | None:
        values = {name: value for name, value in _values(outgoing).items() if name != "message_id"}
        id = self._connection.scalar(_ADD_AGAIN, values | {"wanted": outgoing.mail.message_id})
        if id is None:
            return None
        self._connection.execute(_REFILL, {"wanted": id, "data": outgoing.mail.data})
        return int(id)

    def claim(
        self, now: datetime, *, by: str, lease: timedelta, limit: int, urgent: bool = False
    ) -> Sequence[MessageRow]:
        """Claim mails for delivery: those that may leave at `now`, and those whose lease has ended, soonest due first.

        They become `inflight` under the name `by` until the lease ends. No other claim may use the same name at the
        same time. A mail whose lease ended becomes `unclear`. Only the urgent mails are claimed, or only the others.
        """
        rows = self._among(self.reserve(now, by=by, lease=lease, limit=limit, urgent=urgent))
        return sorted(rows, key=lambda row: (row.not_before, row.id))

    def reserve(self, now: datetime, *, by: str, lease: timedelta, limit: int, urgent: bool = False) -> Sequence[int]:
        """Claim mails like `claim`, and return their ids only, in no order.

        An attempt that was begun and whose lease has ended is recorded as an interruption.
        """
        lapsed, take = (_LAPSED_URGENT, _TAKE_URGENT) if urgent else (_LAPSED_OTHER, _TAKE_OTHER)
        values = {"who": by, "until": now + lease}
        ids = list(self._connection.scalars(lapsed, {"now": now, "at_most": limit}))
        for chunk in chunks(ids, _IDS):
            self._connection.execute(_INTERRUPT, {"ids": chunk, "now": now, "answer": ""})
            self._connection.execute(_TAKE_LAPSED, values | {"ids": chunk})
        if len(ids) < limit:
            ids += self._connection.scalars(take, values | {"now": now, "at_most": limit - len(ids)})
        return ids

    def take_over(
        self, ids: Collection[int], *, reserved_by: str, by: str, now: datetime, lease: timedelta
    ) -> Sequence[MessageRow]:
        """Claim under the name `by` those of the mails that were reserved under another one, with a new lease.

        Soonest due first; what has another holder by now is left out.
        """
        values = {"former": reserved_by, "who": by, "until": now + lease}
        taken = [
            id
            for chunk in chunks(sorted(ids), _IDS)
            for id in self._connection.scalars(_TAKE_OVER, values | {"ids": chunk})
        ]
        return sorted(self._among(taken), key=lambda row: (row.not_before, row.id))

    def begin(self, id: int, *, by: str, now: datetime) -> bool:
        """Record that an attempt begins at a mail claimed by `by`; return False if the lease was lost."""
        return bool(_BEGIN.run(self._connection, {"wanted": id, "who": by, "now": now}).rowcount)

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
        """Record the state of a mail claimed by `by`; settle the rungs whose deliveries are all final.

        `queued` returns the mail for another attempt, not before `not_before` if that is given. `unclear` marks an
        ambiguous attempt, and the mark stays. Returns False if the lease was lost: then only the reply is kept, as the
        late answer to the interrupted attempt. Raises `ValueError` for a state that cannot follow an attempt.
        """
        if state == "inflight" or state not in get_args(MessageState):
            raise ValueError(f"a mail cannot be finished as {state!r}")
        final = state in settlement.FINAL
        values = {"wanted": id, "who": by, "to": state, "because": encode(reason), "answer": texts.encode(reply)}
        again = {"earliest": not_before if state == "queued" else None, "doubtful": unclear}
        settled = {"tried": int(attempted), "now": now if final else None}
        if unclear:
            self._connection.execute(_INTERRUPT_OWN, {"ids": [id], "who": by, "now": now, "answer": reply})
        if not _FINISH.run(self._connection, values | again | settled).rowcount:
            self._connection.execute(_ANSWER_LATE, {"wanted": id, "who": by, "said": reply})
            return False
        if final:
            settlement.settle(self._connection, id, now=now)
        return True

    def with_message_ids(self, message_ids: Collection[str]) -> Sequence[MessageRow]:
        """Return the mails that have one of these Message-IDs, in the order in which the ids are given."""
        wanted = [*message_ids]
        rows = [row for chunk in chunks(wanted, _IDS) for row in self._connection.execute(_WITH_IDS, {"wanted": chunk})]
        return sorted(self._built(rows), key=lambda row: wanted.index(row.mail.message_id))

    def has_deduplication_key(self, key: str) -> bool:
        """Return whether a mail was ever queued under this deduplication key."""
        return self._connection.scalar(_WITH_KEY, {"wanted": key}) is not None

    def cancel(self, key: str, reason: Reason, *, now: datetime) -> int:
        """Cancel the queued mails whose deduplication key begins with `key`; return how many there were."""
        return self._cancel(_CANCEL, {"beginning": key}, reason, now)

    def cancel_all(self, plan: str, reason: Reason, *, now: datetime) -> int:
        """Cancel the queued and held mails of a plan; return how many there were."""
        return self._cancel(_CANCEL_ALL, {"wanted": plan}, reason, now)

    def _cancel(self, statement: sa.Executable, which: dict[str, str], reason: Reason, now: datetime) -> int:
        cancelled = self._connection.scalars(statement, which | {"because": encode(reason), "now": now}).all()
        for id in cancelled:
            settlement.settle(self._connection, id, now=now)
        return len(cancelled)

    def hold(self, id: int) -> bool:
        """Hold a queued mail until it is released; return False if it is not queued."""
        return bool(self._connection.execute(_HOLD, {"wanted": id}).rowcount)

    def release(self, id: int) -> bool:
        """Release a held mail; return False if it is not held."""
        return bool(self._connection.execute(_RELEASE, {"wanted": id}).rowcount)

    def retry(self, id: int, *, now: datetime) -> bool:
        """Queue a failed or ambiguous mail again, by a person's decision; return False if it is neither.

        The mail no longer expires. Its failed and ambiguous rungs are queued too.
        """
        if not self._connection.execute(_RETRY, {"wanted": id, "now": now}).rowcount:
            return False
        settlement.reopen(self._connection, id)
        return True

    def postpone(self, id: int, *, by: str, until: datetime) -> None:
        """Return a mail claimed by `by` to the queue, not to leave before `until`."""
        self._connection.execute(_POSTPONE, {"wanted": id, "who": by, "until": until})

    def end_leases(self, holders: Collection[str], *, now: datetime) -> int:
        """End the leases of all mails that these processes hold; return how many there were.

        A process with several senders claims under its own name, a slash and a number.
        """
        held = [name for name in self.holders() if owner_of(name) in holders]
        return self._connection.execute(_END_LEASES, {"holders": held, "now": now}).rowcount

    def get(self, id: int) -> MessageRow | None:
        """Return one mail, or None."""
        return next(iter(self._among([id])), None)

    def list(self, *, plan: str | None = None, states: Collection[MessageState] = ()) -> Sequence[MessageRow]:
        """Return mails, oldest first."""
        query = _ROW.order_by(messages.c.id)
        if plan is not None:
            query = query.where(messages.c.plan == plan)
        if states:
            query = query.where(messages.c.state.in_(sorted(states)))
        return self._built(self._connection.execute(query).all())

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
        """Return up to `limit` mails, newest first, after skipping `offset`; `party` is the party of the addressee."""
        asked = {messages.c.plan: plan, messages.c.party: party, messages.c.milestone: milestone}
        query = sa.select(messages.c.id).where(*(column == value for column, value in asked.items() if value))
        query = query.where(*_conditions(within))
        if states:
            query = query.where(messages.c.state.in_(sorted(states)))
        ids = self._connection.scalars(query.order_by(messages.c.id.desc()).limit(limit).offset(offset)).all()
        return self._among(ids)[::-1]

    def counts(self, *, party: str | None = None, within: MailSearch = EVERY_MAIL) -> Mapping[MessageState, int]:
        """Return the number of mails by state, of all parties or of one; states without mails are left out."""
        wanted = (_COUNTS.where(messages.c.party == party) if party else _COUNTS).where(*_conditions(within))
        return {row.state: row.number for row in self._connection.execute(wanted)}

    def of_rungs(self, rungs: Collection[int]) -> Mapping[int, Sequence[MessageRow]]:
        """Return the mails that carried each of these rungs, by rung id, oldest first."""
        pairs = [
            (carried.rung_id, carried.message_id)
            for chunk in chunks(rungs, _IDS)
            for carried in self._connection.execute(_CARRIERS_OF, {"ids": chunk})
        ]
        mails = {mail.id: mail for mail in self._among({message for _, message in pairs})}
        found: dict[int, Sequence[MessageRow]] = {rung: [] for rung in rungs}
        for rung, message in sorted(pairs, key=lambda pair: pair[1]):
            found[rung] = [*found[rung], mails[message]]
        return found

    def next_at(self) -> datetime | None:
        """Return the earliest instant at which a queued mail may leave or a lease ends (UTC), even if it is past."""
        moments = [self._connection.scalar(query) for query in _NEXT]
        return min((moment for moment in moments if moment is not None), default=None)

    def holders(self) -> Mapping[str, int]:
        """Return how many mails each holder has claimed, by the name under which it claimed them."""
        return {row.claimed_by: row.number for row in self._connection.execute(_HOLDERS)}

    def interruptions(self, since: datetime) -> Sequence[Interruption]:
        """Return the attempts whose outcome was not recorded in time, begun or noticed since an instant, oldest first.

        An attempt that is begun and has no outcome yet is among them, with `noticed_at` None.
        """
        rows = [*self._connection.execute(_NOTICED, {"since": since}), *self._connection.execute(_ATTEMPTS)]
        mails = {mail.id: mail for mail in self._among({row.message_id for row in rows})}
        found = [
            Interruption(
                mail=mails[row.message_id],
                holder=row.holder,
                begun_at=row.begun_at,
                noticed_at=row.noticed_at,
                answer=row.answer,
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: (one.begun_at, one.mail.id))

    def _among(self, ids: Iterable[int]) -> Sequence[MessageRow]:
        rows = [row for chunk in chunks(ids, _IDS) for row in self._connection.execute(_GET, {"ids": chunk})]
        return self._built(rows)

    def _built(self, rows: Sequence[_Row]) -> Sequence[MessageRow]:
        carried: dict[int, list[int]] = defaultdict(list)
        for chunk in chunks((row.id for row in rows), _IDS):
            for message, rung in self._connection.execute(_CARRIED_BY, {"ids": chunk}):
                carried[message].append(rung)
        return [_message(row, tuple(carried[row.id])) for row in rows]


def _values(outgoing: Outgoing) -> dict[str, Any]:
    mail = outgoing.mail
    return {
        "message_id": mail.message_id,
        "deduplication_key": outgoing.deduplication_key,
        "date": mail.date,
        "address": mail.address,
        "subject": mail.subject,
        "kind": outgoing.kind,
        "plan": outgoing.plan,
        "milestone": outgoing.milestone,
        "party": outgoing.party,
        "rung": outgoing.rung,
        "state": "queued",
        "reason": "",
        "reply": "",
        "attempts": 0,
        "created_at": outgoing.created_at,
        "not_before": outgoing.not_before,
        "expires_at": outgoing.expires_at,
    }


def _message(row: _Row, rungs: tuple[int, ...]) -> MessageRow:
    id, message_id, date, address, subject, data, kind, plan, milestone, party, rung, state, *rest = row
    reason, reply, attempts, created_at, not_before, expires_at, settled_at, unclear = rest
    return MessageRow(
        id=id,
        mail=Mail(message_id=message_id, date=date, address=address, subject=subject, data=data),
        kind=kind,
        plan=plan,
        milestone=milestone,
        party=party,
        rung=rung,
        state=state,
        reason=decode(reason),
        reply=texts.decode(reply),
        attempts=attempts,
        created_at=created_at,
        not_before=not_before,
        expires_at=expires_at,
        settled_at=settled_at,
        rungs=rungs,
        unclear=unclear,
    )
