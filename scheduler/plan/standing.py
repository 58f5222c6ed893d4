"""The standing of an obligation, derived from its facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, assert_never

from scheduler.plan.facts import (
    Accepted,
    Amended,
    Bounced,
    Closing,
    Counted,
    DateFixed,
    Declared,
    Disowned,
    Extended,
    Fact,
    Invited,
    Joined,
    Nominated,
    Noted,
    Opened,
    Paused,
    Postponed,
    Received,
    Reminded,
    Replied,
    Rerouted,
    Retired,
    Returned,
    Skipped,
    Snoozed,
    Waived,
    Withdrawn,
)
from scheduler.plan.model import Channel, Milestone

StandingState = Literal["open", "partial", "submitted", "returned", "resubmitted", "accepted", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of one obligation according to its facts; `missing` holds the ids of deliverables still owed.

    `part_by` is the last fact that brought a part of what is owed, as long as only a part has come.
    `returned_by` is the last return, as long as not everything has come again.
    `first_by` is the fact that completed the first submission, `complete_by` the one that completed the last.
    Their `happened_at` counts, which for paper is the postmark. `closed_by` is the fact that closed the
    obligation; from its `recorded_at` on no rung is due.

    `declared` holds the facts in which the party says that it has sent something, `disowned` those in which it
    says that the task is not its own. Both hold only facts that no later fact has answered.
    `invited_by` is the last fact by which the guests of an event were invited; `replies` are all replies of the party
    to invitations, in the order of recording.
    """

    state: StandingState = "open"
    missing: tuple[str, ...] = ()
    part_by: Received | None = None
    returned_by: Returned | None = None
    first_by: Received | Accepted | None = None
    complete_by: Received | Accepted | None = None
    closed_by: Closing | None = None
    channels: frozenset[Channel] = frozenset()
    declared: tuple[Declared, ...] = ()
    disowned: tuple[Disowned, ...] = ()
    invited_by: Invited | None = None
    replies: tuple[Replied, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether the obligation is not closed."""
        return self.closed_by is None

    @property
    def waiting(self) -> Literal["", "declared", "in_review"]:
        """Return what waits for a person: that the party says it sent something, or only that something came."""
        if not self.declared:
            return ""
        return "in_review" if all(fact.by.role == "source" for fact in self.declared) else "declared"

    @property
    def first_at(self) -> datetime | None:
        """Return the UTC instant of the first complete submission, or None."""
        return self.first_by.happened_at if self.first_by else None

    @property
    def complete_at(self) -> datetime | None:
        """Return the UTC instant of the last complete submission, or None."""
        return self.complete_by.happened_at if self.complete_by else None


def find_missing_channels(milestone: Milestone, arrived: frozenset[Channel]) -> tuple[Channel, ...]:
    """Return the channels by which a copy is still missing of what came by others; () if it is not known by which.

    Files uploaded to the party's page count as the copy by e-mail.
    """
    known = arrived | {"email"} if "web" in arrived else arrived
    return tuple(channel for channel in milestone.channels if channel not in known) if arrived else ()


WHOLE = ""  # the only item owed for a milestone without deliverables


def read_standing(milestone: Milestone, facts: Sequence[Fact]) -> Standing:
    """Return the standing that follows from the facts of one obligation, given in the order of recording.

    A closed obligation that is submitted again by a channel not used before gets a copy; the earlier of the two
    times counts. After acceptance no further submission can make it late.
    """
    progress = _Progress(tuple(d.id for d in milestone.deliverables) or (WHOLE,))
    for fact in facts:
        progress.apply(fact)
    return progress.standing()


@dataclass(slots=True)
class _Progress:
    """The standing as far as the facts have been read."""

    everything: tuple[str, ...]  # the items that are owed
    state: StandingState = "open"
    received: dict[str, Received] = field(default_factory=dict)  # the submission that counts for each item
    returned_by: Returned | None = None
    first_by: Received | Accepted | None = None
    complete_by: Received | Accepted | None = None
    closed_by: Closing | None = None
    channels: set[Channel] = field(default_factory=set)
    used: set[Channel] = field(default_factory=set)  # channels used since the last return
    declared: list[Declared] = field(default_factory=list)
    disowned: list[Disowned] = field(default_factory=list)
    invited_by: Invited | None = None
    replies: list[Replied] = field(default_factory=list)

    def apply(self, fact: Fact) -> None:  # noqa: C901 - one match over the facts
        match fact:
            case Received():
                self._receive(fact)
            case Returned():
                self._return(fact)
            case Accepted():
                self._accept(fact)
            case Waived():
                self._waive(fact)
            case Declared():
                self.declared.append(fact)
            case Disowned():
                self.disowned.append(fact)
            case Opened():  # the party owes it all the same
                self.disowned.clear()
            case Invited():
                self.invited_by = fact
            case Replied():
                self.replies.append(fact)
            case Extended() | DateFixed() | Amended() | Joined():
                pass  # about the date or about who takes part
            case Skipped() | Snoozed() | Reminded() | Noted():
                pass  # about the mails, or for the office to read
            case Retired():
                self._retire(fact)
            case Nominated() | Bounced() | Rerouted() | Paused() | Counted() | Postponed() | Withdrawn():
                pass  # not about one obligation
            case _:
                assert_never(fact)

    def _receive(self, fact: Received) -> None:
        self._answer()
        self._note(fact)
        if not self._is_complete:
            self.state = "partial" if self.state == "open" else self.state
        elif self.state != "accepted":
            self.complete_by = max((self.received[item] for item in self.everything), key=_happened)
            self.first_by = self.first_by or self.complete_by
            if self.state != "waived":
                self.state = "resubmitted" if self.state in ("returned", "resubmitted") else "submitted"
                self.closed_by = self.closed_by or fact

    def _note(self, fact: Received) -> None:
        """Note the items and the channel of a submission; of an item and its copy the earlier time counts."""
        is_copy = self.closed_by is not None and fact.channel is not None and fact.channel not in self.used
        for item in fact.deliverables or self.everything:
            earlier = self.received.get(item) if is_copy else None
            self.received[item] = min(earlier or fact, fact, key=_happened)
        if fact.channel is not None:
            self.channels.add(fact.channel)
            self.used.add(fact.channel)

    def _return(self, fact: Returned) -> None:
        self._answer()
        for item in fact.missing or self.everything:
            self.received.pop(item, None)
        self.used.clear()
        self.state, self.closed_by, self.returned_by = "returned", None, fact

    def _accept(self, fact: Accepted) -> None:
        self._answer()
        self.complete_by = self.complete_by or fact
        self.first_by = self.first_by or self.complete_by
        self.state, self.closed_by = "accepted", self.closed_by or fact

    def _waive(self, fact: Waived) -> None:
        self._answer()
        if fact.party or self.closed_by is None:  # a waiver for all leaves closed ones alone
            self.state, self.closed_by = "waived", self.closed_by or fact

    def _retire(self, fact: Retired) -> None:
        if self.closed_by is None:
            self._answer()
            self.state, self.closed_by = "waived", fact

    def _answer(self) -> None:
        """Forget what the party said, because a later fact answers it."""
        self.declared.clear()
        self.disowned.clear()

    @property
    def _is_complete(self) -> bool:
        return all(item in self.received for item in self.everything)

    def standing(self) -> Standing:
        missing = [item for item in self.everything if item not in self.received and item != WHOLE]
        return Standing(
            state=self.state,
            missing=() if self.closed_by else tuple(missing),
            part_by=max(self.received.values(), key=_happened) if self.state == "partial" else None,
            returned_by=self.returned_by if self.state == "returned" else None,
            first_by=self.first_by,
            complete_by=self.complete_by,
            closed_by=self.closed_by,
            channels=frozenset(self.channels),
            declared=() if self.closed_by else tuple(self.declared),
            disowned=tuple(self.disowned),
            invited_by=self.invited_by,
            replies=tuple(self.replies),
        )


def _happened(fact: Received) -> datetime:
    return fact.happened_at
