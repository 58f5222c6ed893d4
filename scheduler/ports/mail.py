"""Composing mails, handing them over, and looking up what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from scheduler.plan.messages.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A finished mail whose bytes never change again; `message_id` includes the angle brackets."""

    message_id: str
    date: datetime
    address: str
    subject: str
    data: bytes


Pace = Literal["soon", "scattered", "slowly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one attempt to deliver; `reply` quotes the server.

    A `deferred` mail may be tried again, at the given pace. `ambiguous` means that the mail was handed over and
    no answer came. `account` is set if the problem lies with the account and not with this mail: `pause` means
    that nothing should be sent for a while, `stop` nothing until a person has solved the problem. `is_dead`
    means that the address takes no mail.
    """

    state: Literal["sent", "failed", "ambiguous", "deferred"]
    reply: str = ""
    pace: Pace = "soon"
    account: Literal["pause", "stop"] | None = None
    is_dead: bool = False


class Composer(Protocol):
    """Turns a message into a mail; the same message gives the same bytes."""

    def compose(self, message: Message) -> Mail:
        """Return the finished mail.

        Raises `UserError` if a template fails, or if a name or an address cannot be used in a header.
        """


class Mailer(Protocol):
    """Delivers finished mails.

    `account` names the account that it sends from; limits and pauses per account are shared by all processes.
    The name changes when the credentials change.
    """

    @property
    def account(self) -> str:
        """Return the name of the account."""

    def send(self, mail: Mail) -> Outcome:
        """Deliver the bytes of a mail unchanged and return the outcome."""

    def close(self) -> None:
        """Close the connection, if there is one."""


class SentFolder(Protocol):
    """The folder in which the mail account keeps sent mail; a lookup changes nothing there and has a timeout."""

    def has(self, message_id: str) -> bool:
        """Return whether the folder holds a mail with this Message-ID (including the angle brackets).

        Raises `UserError` with a hint if the lookup fails.
        """
