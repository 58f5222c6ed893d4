"""What a mail of a person answers: a certain answer, or what a person has to decide. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from scheduler.plan.answers.received_mail import Attachment
from scheduler.plan.model import Deliverable
from scheduler.plan.reasons import Reason


class ObligationKey(NamedTuple):
    """Which obligation: the plan, the milestone or occurrence, and the party."""

    plan: str
    milestone: str
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """An obligation that could be answered, in the words by which a mail may name it.

    `missing` are the documents still owed; empty for a milestone without any. `is_open` is false once it is closed.
    `expires_at` (UTC) is when its tokens expire.
    """

    key: ObligationKey
    title: str
    deliverables: tuple[Deliverable, ...] = ()
    missing: tuple[Deliverable, ...] = ()
    is_open: bool = True
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What ties a mail to an obligation.

    `address`: the token in an address it was sent to. `reference`: it answers a mail of ours. `subject`: the token in
    its subject. `target` is None for a token or id that is not ours, or that has expired.
    """

    kind: Literal["address", "reference", "subject"]
    target: ObligationKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a mail brings to one obligation: the ids of the documents (none: all), and the files that they are."""

    key: ObligationKey
    deliverables: tuple[str, ...]
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a mail answers.

    A `certain` answer may be recorded without a person. Otherwise `answer` is a proposal, or None, and `candidates` are
    the obligations that wait for a person's decision and are not reminded meanwhile (contract rule 16a); none if the
    sender is not known or not proven. `evidence` says why, the strongest first.
    """

    certain: bool
    answer: Answer | None = None
    candidates: tuple[ObligationKey, ...] = ()
    evidence: tuple[Reason, ...] = ()
