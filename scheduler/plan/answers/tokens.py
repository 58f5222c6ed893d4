"""Tokens that tie an answer to an obligation: in the address to answer to, in the subject, in References. Pure."""

from __future__ import annotations

import hmac
import json
import re
from base64 import b32encode
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from scheduler.plan.answers.matching import Link, ObligationKey
from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.model import Plan

_Purpose = Literal["reply-address", "reply-subject", "thread", "invitation"]

_ADDRESS_TOKEN = re.compile(r"[a-z2-7]{16}")
_INVITATION_TOKEN = re.compile(r"[a-z2-7]{26}")
_SUBJECT_TOKEN = re.compile(r"\[([a-z2-7]{6})\]\s*$")  # whatever a mail program puts before a subject


class FoundTokens(NamedTuple):
    """What looks like tokens in a mail, each once and in the order of the mail; whose they are is not known yet."""

    addresses: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


def reply_token(secret: bytes, key: ObligationKey) -> str:
    """Return the token for the address to which answers about an obligation go: 16 characters of base32."""
    return _derive(secret, "reply-address", key)[:16]


def subject_token(secret: bytes, key: ObligationKey) -> str:
    """Return the token for the end of subjects: 6 characters of base32, so two obligations may share one."""
    return _derive(secret, "reply-subject", key)[:6]


def thread_token(secret: bytes, key: ObligationKey) -> str:
    """Return the token for the id to which all mails about an obligation refer: 26 characters of base32.

    An empty party stands for all parties of the milestone.
    """
    return _derive(secret, "thread", key)[:26]


def invitation_token(secret: bytes, plan: Plan, milestone: str, party: str) -> str:
    """Return the token for the id of an event in the invitations of a party: 26 characters of base32.

    It stays when the milestone or the party is renamed.
    """
    key = ObligationKey(plan.id, plan.first_id(milestone), plan.parties[party].origin)
    return _derive(secret, "invitation", key)[:26]


def find_invitation_token(uid: str) -> str:
    """Return what looks like the token in the id of an event, "" for the id of somebody else's event."""
    token = uid.partition("@")[0]
    return token if _INVITATION_TOKEN.fullmatch(token) else ""


def find_tokens(mail: ReceivedMail, *, mailbox: str) -> FoundTokens:
    """Return what looks like tokens in the recipients `local+token@domain` of the mailbox's address, and the subject.

    Upper and lower case are the same in addresses, since some mail servers change it.
    """
    local, _, domain = mailbox.casefold().rpartition("@")
    prefix, suffix = f"{local}+", f"@{domain}"
    recipients = [address.casefold() for address in mail.recipients]
    tags = [
        address.removeprefix(prefix).removesuffix(suffix)
        for address in recipients
        if address.startswith(prefix) and address.endswith(suffix)
    ]
    addresses = dict.fromkeys(tag for tag in tags if _ADDRESS_TOKEN.fullmatch(tag))
    return FoundTokens(tuple(addresses), tuple(_SUBJECT_TOKEN.findall(mail.subject)))


def link_tokens(found: FoundTokens, *, secret: bytes, keys: Iterable[ObligationKey]) -> tuple[Link, ...]:
    """Return what tokens of a mail point to among obligations: a link without a target for one that is of none.

    A token that several obligations share gives a link to each.
    """
    known = tuple(keys)

    def targets(token: str, make: Callable[[bytes, ObligationKey], str]) -> list[ObligationKey | None]:
        return [key for key in known if hmac.compare_digest(make(secret, key), token)] or [None]

    return (
        *(Link(kind="address", target=target) for token in found.addresses for target in targets(token, reply_token)),
        *(Link(kind="subject", target=target) for token in found.subjects for target in targets(token, subject_token)),
    )


def _derive(secret: bytes, purpose: _Purpose, key: ObligationKey) -> str:
    # JSON, because ids may hold any character and no two keys must give the same text.
    text = f"{purpose}\0{json.dumps(key)}"
    return b32encode(hmac.digest(secret, text.encode(), "sha256")).decode().lower()
