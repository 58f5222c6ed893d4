"""A mail that came, as the program understands it: plain values, read from the raw message by `scheduler.inbox`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

AuthenticationState = Literal["pass", "fail", "none", "unchecked"]
Oddity = Literal["encrypted", "winmail", "nested", "broken", "charset", "partial", "cloud-link", "too-deep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What the mail server found out about the sender, from its own topmost Authentication-Results.

    `pass`: the domain of the From address answers for the mail. `fail`: it does not. `none`: the server says nothing
    that counts. `unchecked`: no `authserv_id` is configured. `words` quotes what the server wrote.
    """

    state: AuthenticationState = "unchecked"
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file in a mail.

    `name` is what the sender calls it, in NFC, without folders or control characters; "" if it has none. `kind` is the
    media type by its content; "" for a kind that is not accepted. `size` is in bytes, `digest` the SHA-256 in
    hexadecimal. `part` is its place in the message, such as "2.1", by which its bytes are found again.
    """

    part: str
    name: str
    kind: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRecipient:
    """What a delivery report says of one address, which is lower-case in its domain.

    `action` is that of RFC 3464, 2.3.3; `status` the code of RFC 3463, such as "5.1.1", or "".
    """

    address: str
    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A report about a mail that was sent; `message_id` is that mail's, with angle brackets, or ""."""

    message_id: str
    recipients: tuple[FailedRecipient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarReply:
    """An answer to an invitation (RFC 5546, 3.2.3); `attendee` is an address, `status` a PARTSTAT in lower case."""

    uid: str
    attendee: str
    status: str
    comment: str = ""
    delegated_to: str = ""
    sequence: int = 0
    stamped_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """A mail that came.

    Addresses are bare, with the domain in lower-case ASCII. `sender` is the address of From, "" if there is none or
    more than one. `recipients` are those of To, Cc, Delivered-To and X-Original-To. `references` are the ids, with
    angle brackets, of In-Reply-To and then of References, the last one first. `sent_at` (UTC) is what the sender says.
    `text` is what the person wrote, without what is quoted and without the signature. `attachments` are the real ones:
    no logos, signatures, calendar parts. `is_null_sender` marks a mail to which nobody may answer.
    `automatic` quotes the header that says that a machine wrote it, "" if none does.
    """

    message_id: str = ""
    sender: str = ""
    sender_name: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    references: tuple[str, ...] = ()
    authentication: Authentication = field(default_factory=Authentication)
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    report: DeliveryReport | None = None
    calendar: CalendarReply | None = None
    automatic: str = ""
    is_null_sender: bool = False
    oddities: tuple[Oddity, ...] = ()
