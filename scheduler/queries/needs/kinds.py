"""What may wait for a person: a class for each kind, whose name for templates is `kind`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from scheduler.plan.model import Contact, Party
from scheduler.plan.obligations import Obligation
from scheduler.ports import FailedSource, MessageRow
from scheduler.queries.needs.unplaced import UnplacedFacts


@dataclass(frozen=True, slots=True)
class AtMilestone:
    """What concerns some parties of a milestone."""

    milestone: str  # or the id of an occurrence
    obligation: Obligation  # one of those concerned
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class OverdueDuties(AtMilestone):
    """Parties still owe it after the last day in time."""

    kind: ClassVar = "overdue"


@dataclass(frozen=True, slots=True)
class DoubtfulDuties(AtMilestone):
    """It was past when the plan, or the party, came in, and nobody has said whether it was done."""

    kind: ClassVar = "unknown"


@dataclass(frozen=True, slots=True)
class DeclaredDuties(AtMilestone):
    """Parties say that they have sent it, and nothing has been recorded as received."""

    kind: ClassVar = "declared"


@dataclass(frozen=True, slots=True)
class DutiesInReview(AtMilestone):
    """A mail or a file has come for it, and only a person can tell what it is."""

    kind: ClassVar = "in_review"


@dataclass(frozen=True, slots=True)
class SubmittedDuties(AtMilestone):
    """What came was neither accepted nor returned yet."""

    kind: ClassVar = "submitted"


@dataclass(frozen=True, slots=True)
class PartialDuties(AtMilestone):
    """Parties have sent a part of it by themselves; the rest is still to come."""

    kind: ClassVar = "partial"


@dataclass(frozen=True, slots=True)
class DisownedDuties(AtMilestone):
    """Parties say that it is not their task."""

    kind: ClassVar = "disowned"


@dataclass(frozen=True, slots=True)
class TentativeDate(AtMilestone):
    """It has a window, and no day was fixed."""

    kind: ClassVar = "tentative"


@dataclass(frozen=True, slots=True)
class UninvitedGuests(AtMilestone):
    """It has a date and guests who get no mail, the `parties`, whom nobody is known to have invited."""

    kind: ClassVar = "guests"


@dataclass(frozen=True, slots=True)
class MissingDate(AtMilestone):
    """It has no date."""

    kind: ClassVar = "undated"


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """A party has not chosen the members of a group in time."""

    kind: ClassVar = "choose"
    milestone: str  # or the id of an occurrence
    party: Party
    group: str


@dataclass(frozen=True, slots=True)
class UnplacedRecords:
    """Records name something that the plan does not hold."""

    kind: ClassVar = "unplaced"
    unplaced: UnplacedFacts


@dataclass(frozen=True, slots=True)
class BouncingAddress:
    """Mails to a contact of a party bounce."""

    kind: ClassVar = "bounced"
    party: Party
    contact: Contact


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail is held back."""

    kind: ClassVar = "held"
    mail: MessageRow


@dataclass(frozen=True, slots=True)
class FailedMail:
    """A mail could not be sent."""

    kind: ClassVar = "failed"
    mail: MessageRow


@dataclass(frozen=True, slots=True)
class AmbiguousMail:
    """It is not known whether a mail was sent."""

    kind: ClassVar = "ambiguous"
    mail: MessageRow


@dataclass(frozen=True, slots=True)
class Outage:
    """The daemon was down between two instants (UTC)."""

    kind: ClassVar = "outage"
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class MissedSteps:
    """Steps were missed between two instants (UTC)."""

    kind: ClassVar = "missed"
    number: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class StoppedAccount:
    """No mail leaves until a person starts the account again."""

    kind: ClassVar = "stopped"
    reason: str


@dataclass(frozen=True, slots=True)
class PausedAccount:
    """No mail leaves before an instant (UTC)."""

    kind: ClassVar = "paused"
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReachedLimit:
    """As many mails have left as may: those of a day, or the urgent ones of an hour or a day."""

    kind: ClassVar = "limit"
    name: str  # "day", "urgent" or "urgent_day"
    number: int


@dataclass(frozen=True, slots=True)
class JumpedClock:
    """Nothing is done while the machine's clock cannot be believed, which is so much ahead."""

    kind: ClassVar = "clock"
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class UnreadMailbox:
    """The mailbox that answers come to cannot be read since an instant (UTC); None: it never was."""

    kind: ClassVar = "unread"
    since: datetime | None


@dataclass(frozen=True, slots=True)
class UnseenSource:
    """The last status check could not look at a source."""

    kind: ClassVar = "source"
    failed: FailedSource


@dataclass(frozen=True, slots=True)
class WaitingMails:
    """Mails that came wait for a person's decision; they may be about any plan."""

    kind: ClassVar = "inbox"
    number: int


MilestoneNeed = (
    OverdueDuties
    | DoubtfulDuties
    | DeclaredDuties
    | DutiesInReview
    | SubmittedDuties
    | PartialDuties
    | DisownedDuties
    | UninvitedGuests
    | TentativeDate
    | MissingDate
)
MailNeed = HeldMail | FailedMail | AmbiguousMail
Need = MilestoneNeed | MailNeed | GroupChoice | UnplacedRecords | BouncingAddress | Outage | MissedSteps | UnseenSource
AccountNeed = StoppedAccount | PausedAccount | ReachedLimit
CommonNeed = JumpedClock | AccountNeed | UnreadMailbox | WaitingMails
