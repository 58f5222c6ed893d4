"""Which mails belong to one conversation, and which obligation a mail is about. Pure."""

from __future__ import annotations

from scheduler.plan.answers.matching import ObligationKey
from scheduler.plan.messages.message import (
    EscalationMessage,
    Message,
    MessageOfDocuments,
    NoticeMessage,
    SubmissionMessage,
)


def obligation_of(message: Message) -> ObligationKey | None:
    """Return the obligation of the addressee's own party that a message is about, None if it is not about one."""
    if isinstance(message, NoticeMessage) or not isinstance(message, MessageOfDocuments):
        return None
    return ObligationKey(message.plan.id, message.occurrence, message.party.id)


def conversation_of(message: Message) -> ObligationKey | None:
    """Return what the conversation of a message is about, None if the message stands for itself.

    A party has one conversation about each of its obligations, the lead one about all parties of each milestone: a key
    with an empty party.
    """
    if isinstance(message, EscalationMessage | NoticeMessage | SubmissionMessage):
        return ObligationKey(message.plan.id, message.occurrence, "") if message.occurrence else None
    return obligation_of(message)
