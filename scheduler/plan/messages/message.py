"""The content of a mail as a value, one class per kind: all that its text needs and nothing about its layout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from scheduler.plan.answers.reading_gap import ReadingGap
from scheduler.plan.dates.date_forms import DateForm
from scheduler.plan.facts import (
    Amended,
    DateFixed,
    Declared,
    Disowned,
    Extended,
    Fact,
    Received,
    Returned,
    Waived,
    Withdrawn,
)
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.messages.digest import Digest
from scheduler.plan.messages.invitations import Invitation
from scheduler.plan.messages.response_summary import ResponseSummary
from scheduler.plan.model import Channel, Contact, Deliverable, Group, Milestone, Party, Plan
from scheduler.plan.obligations import ObligationDate


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEntry:
    """One rung that an outage affected, and its outcome."""

    milestone: Milestone
    party: Party
    rung: str
    at: datetime
    outcome: Literal["late", "missed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A span (UTC) in which the daemon was down, and the rungs that it affected."""

    since: datetime
    until: datetime
    entries: tuple[OutageEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBase:
    """What every message holds: it is one mail to one contact of one party.

    `key` identifies the message for ever; the Message-ID is derived from it. `now` is the UTC instant at which the
    message is written. `page` is the URL at which the reader can answer: the party's page, or for an operator the
    board; it may be empty. `gap` says what could not be looked at when it was written: nothing that could lie there may
    be called missing.
    """

    kind: ClassVar[MessageKind]

    key: str
    plan: Plan
    party: Party
    to: Contact
    now: datetime
    page: str = ""
    gap: ReadingGap | None = None

    @property
    def language(self) -> str:
        """Return the language of the message: that of the addressee, else that of the plan."""
        return self.to.language or self.plan.language


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOfMilestone(MessageBase):
    """What every message holds that is about one milestone of one party.

    `occurrence` is the id of the milestone or, for a recurring one, `milestone@date`; `when` is the date in force.
    """

    milestone: Milestone
    occurrence: str
    when: ObligationDate


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOfDocuments(MessageOfMilestone):
    """What every message holds that says which documents have come and which have not.

    `to_invite` holds the guests whom the addressee, who organises the event, has to invite itself. `invitation` is what
    the addressee's calendar is told; None if it is told nothing.
    """

    missing: tuple[Deliverable, ...] = ()
    received: tuple[Deliverable, ...] = ()
    to_invite: tuple[Party, ...] = ()
    invitation: Invitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOfRung(MessageOfDocuments):
    """What every message holds that a step of a ladder sends to the party itself.

    `waits_for` holds the needed milestones, with the parties that owe them. `returned` is the return after which not
    everything has come again.
    """

    rung: str
    returned: Returned | None = None
    waits_for: tuple[tuple[Milestone, tuple[Party, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderMessage(MessageOfRung):
    """A reminder of a deadline or of an event."""

    kind: ClassVar[MessageKind] = "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueMessage(MessageOfRung):
    """A notice that a deadline has passed; `earlier` is how many the party was sent before, None if it is not known."""

    kind: ClassVar[MessageKind] = "overdue"

    earlier: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixDateMessage(MessageOfRung):
    """A request to the organiser to fix the day of an event."""

    kind: ClassVar[MessageKind] = "fix-date"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationMessage(MessageOfRung):
    """An invitation to an event."""

    kind: ClassVar[MessageKind] = "invitation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseMessage(MessageOfRung):
    """A request to choose the parties of a group."""

    kind: ClassVar[MessageKind] = "choose"

    group: Group
    candidates: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationMessage(MessageOfMilestone):
    """A report to a superior about the parties that have not answered."""

    kind: ClassVar[MessageKind] = "escalation"

    rung: str
    roll: ResponseSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMessage(MessageOfDocuments):
    """A notice that a date has changed, or that a party was released from it; `was` is the date before."""

    kind: ClassVar[MessageKind] = "change"

    fact: Extended | Waived | DateFixed | Amended
    was: DateForm | None = None
    place_was: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptMessage(MessageOfDocuments):
    """A receipt for what a party sent, or for its word that it did.

    `missing_channels` are those by which a copy of a complete submission is still to come.
    """

    kind: ClassVar[MessageKind] = "receipt"

    fact: Received | Declared
    missing_channels: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMessage(MessageOfDocuments):
    """A reminder of the copy of a submission that has not come by other channels."""

    kind: ClassVar[MessageKind] = "copy"

    fact: Received
    missing_channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnMessage(MessageOfDocuments):
    """A request to complete what a party sent."""

    kind: ClassVar[MessageKind] = "return"

    fact: Returned


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMessage(MessageOfDocuments):
    """A notice to the lead of what a party states about itself."""

    kind: ClassVar[MessageKind] = "notice"

    fact: Declared | Disowned


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionEntry:
    """A submission that a party made by itself: `fact`; `missing` holds what the party still owes after it.

    `is_again` says that everything had come before, so that it adds a copy or replaces something.
    """

    milestone: Milestone
    occurrence: str
    party: Party
    fact: Received
    missing: tuple[Deliverable, ...] = ()
    is_late: bool = False
    is_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionMessage(MessageBase):
    """A notice to the lead of what parties have sent by themselves, in the order of recording."""

    kind: ClassVar[MessageKind] = "submission"

    entries: tuple[SubmissionEntry, ...]

    @property
    def occurrence(self) -> str | None:
        """Return the id of the milestone or occurrence that all entries are about, None if they differ."""
        return self.entries[0].occurrence if len({entry.occurrence for entry in self.entries}) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionMessage(MessageOfDocuments):
    """A correction of what an earlier letter says: `withdrawn` was taken back by `fact`, and this is what holds.

    `is_owed` says whether the party still owes something.
    """

    kind: ClassVar[MessageKind] = "correction"

    fact: Withdrawn
    withdrawn: Fact
    is_owed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageMessage(MessageBase):
    """A summary of what an outage affected."""

    kind: ClassVar[MessageKind] = "outage"

    outage: Outage


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMessage(MessageBase):
    """A digest of a week."""

    kind: ClassVar[MessageKind] = "digest"

    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInMessage(MessageBase):
    """A link to sign in, which is valid until `link_until` (UTC)."""

    kind: ClassVar[MessageKind] = "sign-in"

    link: str
    link_until: datetime


RungMessage = ReminderMessage | OverdueMessage | FixDateMessage | InvitationMessage | ChooseMessage | EscalationMessage
FactMessage = ChangeMessage | ReceiptMessage | CopyMessage | ReturnMessage | NoticeMessage | CorrectionMessage
PromisedMessage = RungMessage | FactMessage | SubmissionMessage
Message = PromisedMessage | OutageMessage | DigestMessage | SignInMessage
