"""Which mails belong to one conversation, and which obligation an answer to a mail is about. Pure."""

from __future__ import annotations

from scheduler.plan.answers.matching import ObligationKey
from scheduler.plan.messages.message import (
    ChooseMessage,
    EscalationMessage,
    FixDateMessage,
    Message,
    MessageOfDocuments,
    NoticeMessage,
    SubmissionMessage,
)


def obligation_of(message: Message) -> ObligationKey | None:
    """Return the obligation of the addressee's own party that an answer is about.

    None if the message is about no single one, or asks for a decision: an answer to that brings no document.
    """
    return None if isinstance(message, FixDateMessage | ChooseMessage) else _own_matter(message)


def conversation_of(message: Message) -> ObligationKey | None:
    """Return what the conversation of a message is about, None if the message stands for itself.

    A party has one conversation about each of its obligations, the lead one about all parties of each milestone: a key
    with an empty party.
    """
    if isinstance(message, EscalationMessage | NoticeMessage | SubmissionMessage):
        return ObligationKey(message.plan.id, message.occurrence, "") if message.occurrence else None
    return _own_matter(message)


def _own_matter(message: Message) -> ObligationKey | None:
    if isinstance(message, NoticeMessage) or not isinstance(message, MessageOfDocuments):
        return None
    return ObligationKey(message.plan.id, message.occurrence, message.party.id)
