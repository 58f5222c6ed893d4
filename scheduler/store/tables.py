"""The tables of the record. `migrations` holds their history; both must lead to the same tables."""

from __future__ import annotations

import sqlalchemy as sa

from scheduler.store.columns import Day, Id, Instant, KeptText
from scheduler.store.dialects import dialect_of
from scheduler.store.statements import words

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

plan = sa.Table(
    "plan",
    metadata,
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("first_loaded_at", Instant, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("loaded_at", Instant, nullable=False),
    sa.Column("terms", sa.JSON, nullable=False),
    sa.Column("reconciled", sa.Text, nullable=False, server_default=""),
    sa.Column("seen_on", Day),
    sa.Column("checked_at", Instant),
    sa.Column("published", sa.Text, nullable=False, server_default=""),
    sa.Column("place", sa.Text, nullable=False, server_default=""),  # the machine and file the revision was read from
    sa.Column("served", sa.Boolean, nullable=False, server_default=sa.true()),  # by the process that plans
)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("plan", sa.Text, nullable=False, index=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("loaded_at", Instant, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("terms", sa.JSON, nullable=False),
    sa.Column("files", sa.JSON, nullable=False, server_default="{}"),  # path to text: the plan, its rosters, calendars
)

fact = sa.Table(
    "fact",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("milestone", sa.Text),
    sa.Column("party", sa.Text),
    sa.Column("happened_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("by", sa.Text, nullable=False, quote=True),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("actor", sa.Text, nullable=False, server_default="office"),
    sa.Index("ix_fact_plan_id", "plan", "id"),
    sa.Index("ix_fact_plan_milestone_party", "plan", "milestone", "party"),
)
# The facts that may concern more than one obligation.
general = sa.or_(fact.c.milestone.is_(None), fact.c.party.is_(None), words(fact.c.kind, "withdrawn"))
sa.Index("ix_fact_general", fact.c.plan, fact.c.id, sqlite_where=general)

# `plan` is the first column of the unique index, so no other index on it is needed.
rung = sa.Table(
    "rung",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("milestone", sa.Text, nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("due", Day, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("noticed_at", Instant),
    sa.Column("settled_at", Instant),
    sa.UniqueConstraint("plan", "milestone", "party", "name", "due"),
)
planned = words(rung.c.state, "planned")
sa.Index("ix_rung_planned_plan_at", rung.c.plan, rung.c.at, sqlite_where=planned)

message = sa.Table(
    "message",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("deduplication_key", sa.Text),
    sa.Column("date", Instant, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False, index=True),
    sa.Column("milestone", sa.Text),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("rung", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("not_before", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("settled_at", Instant),
    sa.Column("claimed_by", sa.Text),
    sa.Column("lease_until", Instant),
    sa.Column("unclear", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("begun_at", Instant),
    sa.UniqueConstraint("deduplication_key", name="uq_message_slot"),  # named before migration 0008
)
# What waits and what is claimed have an index each: a claim then reads none of the mails that others hold.
waiting = words(message.c.state, "queued")
sa.Index("ix_message_queued", message.c.not_before, message.c.id, sqlite_where=waiting)
urgent = words(message.c.kind, "sign-in", "outage")  # somebody waits for these, so they leave before others
sa.Index("ix_message_urgent", message.c.not_before, message.c.id, sqlite_where=sa.and_(waiting, urgent))
claimed = words(message.c.state, "inflight")
sa.Index("ix_message_inflight", message.c.lease_until, message.c.id, sqlite_where=claimed)

# The attempts whose outcome nobody recorded in time: by a process that ended or froze, or without an answer.
interruption = sa.Table(
    "interruption",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("message_id", Id, sa.ForeignKey("message.id"), nullable=False, index=True),
    sa.Column("holder", sa.Text, nullable=False),  # as in message.claimed_by
    sa.Column("begun_at", Instant, nullable=False),
    sa.Column("noticed_at", Instant, nullable=False, index=True),
    sa.Column("answer", KeptText, nullable=False, server_default=""),  # of the server, if it came in the end
)

# A table of its own, because SQLite rewrites a whole row when one column changes, and a mail's state changes twice.
content = sa.Table(
    "content",
    metadata,
    sa.Column("message_id", Id, sa.ForeignKey("message.id"), primary_key=True, autoincrement=False),
    sa.Column("bytes", sa.LargeBinary, nullable=False),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("rung_id", Id, sa.ForeignKey("rung.id"), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("message_id", Id, sa.ForeignKey("message.id"), nullable=False, index=True),
    sa.UniqueConstraint("rung_id", "address"),
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("paused_until", Instant),
    sa.Column("stopped", sa.Boolean, nullable=False),
    sa.Column("reason", KeptText, nullable=False),
    sa.Column("consecutive_failures", sa.Integer, nullable=False),
)

quota = sa.Table(
    "quota",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # "minute" or "hour"
    sa.Column("slot", Instant, primary_key=True),  # when that minute or hour began
    sa.Column("used", sa.Integer, nullable=False),
)

tick = sa.Table(
    "tick",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1: only the last tick is kept
    sa.Column("completed_at", Instant, nullable=False),
)

clock = sa.Table(
    "clock",
    metadata,
    sa.Column("boot", sa.Text, primary_key=True),  # the kernel's id of a start of a machine
    sa.Column("uptime", sa.BigInteger, nullable=False),  # microseconds since that start, at `at`
    sa.Column("at", Instant, nullable=False),
)

heartbeat = sa.Table(
    "heartbeat",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # of a process, with which message.claimed_by begins
    sa.Column("at", Instant, nullable=False),
    sa.Column("role", sa.Text, nullable=False, server_default=""),
    sa.Column("since", Instant),
    sa.Column("version", sa.Text, nullable=False, server_default=""),
    sa.Column("secret", sa.Text, nullable=False, server_default=""),  # the fingerprint of its installation's secret
    sa.Column("claimed_at", Instant),
)

# Which process plans: reads the definitions and does what is due. The others stand by.
lead = sa.Table(
    "lead",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("name", sa.Text, nullable=False),  # as in heartbeat.name
    sa.Column("until", Instant, nullable=False),
)

outage = sa.Table(
    "outage",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("until", Instant, nullable=False),
)

idle_day = sa.Table(
    "idle_day",
    metadata,
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("day", Day, primary_key=True),
)

checkup = sa.Table(
    "checkup",
    metadata,
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("milestone", sa.Text, primary_key=True),
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("seen", KeptText, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("checked_at", Instant, nullable=False),
)

# The sources that could not be looked at in the last status check of a plan.
failed_source = sa.Table(
    "failed_source",
    metadata,
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("milestone", sa.Text, primary_key=True),  # "", with the party, for a source as a whole
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("words", KeptText, nullable=False),
    sa.Column("since", Instant),
)

link = sa.Table(
    "link",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False, index=True),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("former", sa.Text, index=True),  # the digest of its secret before the last renewal
    sa.Column("email", sa.Text, nullable=False, index=True),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("renewed_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

feed = sa.Table(
    "feed",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("audience", sa.Text, nullable=False),  # a party, or "" for the public
    sa.Column("plan", sa.Text),  # NULL means all plans
    sa.Column("tasks", sa.Boolean, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.Column("last_fetched_at", Instant),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, server_default=""),
    sa.Column("changed_at", Instant),
    sa.UniqueConstraint("audience", "generation"),
)

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("audience", sa.Text, primary_key=True),
    sa.Column("plan", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("item", sa.JSON, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("revised_at", Instant, nullable=False),
    sa.Column("gone_at", Instant),
    sa.Column("left_at", Instant),
    sa.Column("first", Day, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("event", sa.LargeBinary, nullable=False),
    sa.Column("task", sa.LargeBinary, nullable=False),
)

page = sa.Table(
    "page",
    metadata,
    sa.Column("party", sa.Text, primary_key=True),  # a party whose address was never revoked has no row: generation 1
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("revoked_at", Instant, nullable=False),
)

document = sa.Table(
    "document",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("fact_id", Id, sa.ForeignKey("fact.id"), nullable=False, index=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Index("ix_document_party_received_at", "party", "received_at"),
)


# How far each folder of the mailbox has been read.
folder = sa.Table(
    "folder",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("last_uid", sa.BigInteger, nullable=False),
    sa.Column("before_uid", sa.BigInteger, nullable=False),
    sa.Column("read_at", Instant, nullable=False),
)

incoming = sa.Table(
    "incoming",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.BigInteger, nullable=False),
    sa.Column("arrived_at", Instant, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("identity", sa.Text, nullable=False, unique=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("is_whole", sa.Boolean, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False, index=True),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("sender_name", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False, server_default=""),
    sa.Column("milestone", sa.Text, nullable=False, server_default=""),
    sa.Column("party", sa.Text, nullable=False, server_default=""),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("by", sa.Text, nullable=False, server_default="", quote=True),
    sa.Index("ix_incoming_state_id", "state", "id"),
    sa.Index("ix_incoming_plan", "plan"),
)

# The bytes of small mails; larger ones lie in files under their digest.
incoming_content = sa.Table(
    "incoming_content",
    metadata,
    sa.Column("incoming_id", Id, sa.ForeignKey("incoming.id"), primary_key=True, autoincrement=False),
    sa.Column("bytes", sa.LargeBinary, nullable=False),
)


@sa.event.listens_for(metadata, "before_create")
def _adapt(_metadata: object, connection: sa.Connection, **_options: object) -> None:
    dialect_of(connection).adapt_tables(metadata)
