"""Things to put into a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scheduler.plan.agenda import Rung
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.reasons import NONE
from scheduler.ports import Mail, MessageState, Outgoing, RungRow, Store
from tests.support.facts import make_fact

NOW = datetime(2023, 8, 1, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=5)
PLAN = "cum-2023"


def a_fact(kind: FactKind = "waived", **changes: Any) -> Fact:
    values: dict[str, Any] = {"plan": PLAN, "milestone": "so-ket", "happened_at": NOW, "recorded_at": NOW}
    return make_fact(kind, **(values | changes))


def a_rung(**changes: Any) -> Rung:
    values: dict[str, Any] = {
        "milestone": "so-ket",
        "party": "tran-phu",
        "name": "before:7d",
        "due": date(2023, 8, 9),
        "at": NOW,
        "kind": "reminder",
    }
    return Rung(**(values | changes))


def a_mail(number: int = 1, **changes: Any) -> Mail:
    values: dict[str, Any] = {
        "message_id": f"<{number}@hanchot.example>",
        "date": NOW,
        "address": "thidua@tranphu.example",
        "subject": "Nhắc việc: sơ kết Cụm",
        "data": b"Subject: x\r\n\r\n\xc3\xa0\x00\xff",
    }
    return Mail(**(values | changes))


def outgoing(number: int = 1, **changes: Any) -> Outgoing:
    values: dict[str, Any] = {
        "mail": a_mail(number),
        "kind": "reminder",
        "plan": PLAN,
        "milestone": "so-ket",
        "party": "tran-phu",
        "created_at": NOW,
        "not_before": NOW,
        "expires_at": NOW + 48 * HOUR,
    }
    return Outgoing(**(values | changes))


def add_rungs(store: Store, *rungs: Rung, plan: str = PLAN) -> list[int]:
    """Put rungs into the ledger and return their ids in the order given."""
    with store.transaction() as unit:
        unit.rungs.add(plan, rungs, now=NOW)
        ids = {row.key: row.id for row in unit.rungs.of(plan)}
    return [ids[rung.milestone, rung.party, rung.name, rung.due] for rung in rungs]


def claimed_rungs(store: Store, count: int = 1) -> list[int]:
    """Put so many rungs into the ledger and claim them for sending."""
    ids = add_rungs(store, *(a_rung(party=f"truong-{number}") for number in range(count)))
    with store.transaction() as unit:
        unit.rungs.claim(ids, now=NOW)
    return ids


def queue(store: Store, *mails: Outgoing) -> list[int]:
    """Put mails into the outbox and return their ids; every one must be taken."""
    with store.transaction() as unit:
        ids = [unit.outbox.add(mail) for mail in mails]
    assert None not in ids
    return [id for id in ids if id is not None]


def send_off(store: Store, id: int, state: MessageState = "sent", **changes: Any) -> bool:
    """Take everything that may leave and finish the mail `id`."""
    values: dict[str, Any] = {"by": "a", "reason": NONE, "reply": "250 ok", "attempted": True, "now": NOW}
    with store.transaction() as unit:
        unit.outbox.claim(NOW, by="a", lease=LEASE, limit=100)
        return unit.outbox.finish(id, state=state, **(values | changes))


def rung_row(store: Store, id: int) -> RungRow:
    with store.reading() as unit:
        row = unit.rungs.get(id)
    assert row is not None
    return row


def states_of(store: Store, ids: Sequence[int]) -> list[str]:
    return [rung_row(store, id).state for id in ids]
