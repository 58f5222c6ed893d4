"""Commands: what somebody asks to be recorded, one class per command.

The command line, the pages, scenarios, status checks and the daemon make these values; `scheduler.services` alone turns
them into facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from scheduler.plan.dates.date_forms import DateForm
from scheduler.plan.facts import OFFICE, Actor, Fact, Reply
from scheduler.plan.model import Channel
from scheduler.plan.obligations import Obligation


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBase:
    """What every command holds: when it is given (UTC), by whom, and the key of the request that it is part of.

    A request with an `idempotency_key` is recorded once, however often it comes.
    """

    at: datetime
    by: Actor = OFFICE
    idempotency_key: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOnObligation(CommandBase):
    """What every command holds that is about one milestone, or one occurrence of it, of one party."""

    milestone: str
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReceived(CommandOnObligation):
    """Record a submission.

    It came at `received_at` (UTC), or at an unknown time of the local day `received_on`, or else now. The postmark
    `sent_on` of a paper decides when the submission happened; without one, the receipt does. `deliverables` holds the
    ids of what came; empty means all. `mailed_at` is when the mail that brought it was sent (UTC), as its sender says.
    """

    deliverables: tuple[str, ...] = ()
    channel: Channel | None = None
    sent_on: date | None = None
    received_on: date | None = None
    received_at: datetime | None = None
    mailed_at: datetime | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare(CommandOnObligation):
    """Record a party's claim that it sent something on a local day, which nobody has seen yet."""

    sent_on: date
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Disown(CommandOnObligation):
    """Record a party's claim that a task is not its own, or that its mails reach the wrong people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReply(CommandOnObligation):
    """Record a party's reply to an invitation to the days in force.

    `address` is that of the contact who answered for itself; without one the answer is the whole party's. `deputy` is
    the name or the address of who comes instead, `people` how many come. It was said at `replied_at` (UTC), or now.
    """

    reply: Reply
    address: str = ""
    deputy: str = ""
    people: int | None = None
    replied_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(CommandOnObligation):
    """Accept a complete submission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(CommandOnObligation):
    """Send a submission back; `missing` holds the ids of what must be sent again, empty means all."""

    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(CommandOnObligation):
    """Give one party more time, up to and including the local day `until` (contract rule 11)."""

    until: date
    decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insist(CommandOnObligation):
    """Tell a party that a task is its own after all."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip(CommandOnObligation):
    """Leave one step out: the one with the name `step` that belongs to the local day `due`."""

    step: str
    due: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze(CommandOnObligation):
    """Remind a party of something no more, up to and including the local day `until`."""

    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindNow(CommandOnObligation):
    """Remind a party of something at the next opening, besides the steps of the ladder."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeNote(CommandOnObligation):
    """Write something down about what a party owes: `note`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postpone(CommandBase):
    """Put what needs somebody off, up to and including the local day `until`; `parties` are those it concerns now."""

    need: str
    until: date
    parties: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDoubt(CommandBase):
    """Say of an obligation in doubt that it is open, or that it was received in time."""

    obligation: Obligation
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waive(CommandBase):
    """Release a party, or with `party` None all of them, from a milestone."""

    milestone: str
    party: str | None = None
    reason: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixDate(CommandBase):
    """Fix the date of a milestone: the local days of an event, or the inclusive last day of a deadline."""

    milestone: str
    first: date | datetime
    last: date | None = None
    place: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkInvited(CommandBase):
    """Record that the office has invited the guests of an event itself, to the days and the place in force."""

    milestone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendDate(CommandBase):
    """Give a milestone another date as if the plan file were edited; only a scenario does so."""

    milestone: str
    form: DateForm
    was: DateForm | None = None
    decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nominate(CommandBase):
    """Add parties to a group that is chosen during the year; none means that nobody is."""

    group: str
    parties: tuple[str, ...] = ()
    decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire(CommandBase):
    """End a plan: nothing of it is owed any more."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(CommandBase):
    """Record the result of an indicator that a person counted, for all parties together or for one."""

    indicator: str
    value: int
    of: int | None = None
    party: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportBounce(CommandBase):
    """Record that an address of a party accepts no mail; `note` holds the server's words."""

    party: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(CommandBase):
    """Take a recorded fact back."""

    target: Fact
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreAddress(CommandBase):
    """Record that an address of a party, which had bounced or was paused, gets mail again; `note` says why."""

    party: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseAddress(CommandBase):
    """Write to another contact of a party instead of an address, up to and including the local day `until`."""

    party: str
    address: str
    until: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restate(CommandBase):
    """Say of another milestone, and perhaps another party, what a recorded fact says; that fact is to be undone."""

    target: Fact
    milestone: str
    party: str | None


Command = (
    RecordReceived
    | Declare
    | Disown
    | RecordReply
    | Accept
    | Return
    | Extend
    | Insist
    | Skip
    | Snooze
    | RemindNow
    | TakeNote
    | Postpone
    | SettleDoubt
    | Waive
    | FixDate
    | MarkInvited
    | AmendDate
    | Nominate
    | Retire
    | Count
    | ReportBounce
    | RestoreAddress
    | PauseAddress
    | Restate
    | Undo
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The events from outside during a simulation or a replay.

    `commands` are in the order of `at`; `outages` are spans (UTC) in which the daemon is down.
    """

    commands: Sequence[Command] = ()
    outages: Sequence[tuple[datetime, datetime]] = ()

    def outage_at(self, instant: datetime) -> tuple[datetime, datetime] | None:
        """Return the outage in which `instant` lies, if any; the end of an outage is not part of it."""
        return next((span for span in self.outages if span[0] <= instant < span[1]), None)
