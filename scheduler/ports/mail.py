"""Writing mails, handing them over, and finding what left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from scheduler.plan.messages.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A finished message: its bytes never change again. `message_id` includes the brackets."""

    message_id: str
    date: datetime
    address: str
    subject: str
    data: bytes


Pace = Literal["soon", "scattered", "slowly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt to deliver; `reply` holds the server's words.

    A `deferred` mail may be tried again, at the given pace. `account` says that the trouble is not this
    mail's: pause, nothing should leave for a while; stop, nothing until a person has looked.
    `is_dead` says that the address itself takes no mail. `ambiguous`: the mail was handed over and no
    answer came.
    """

    state: Literal["sent", "failed", "ambiguous", "deferred"]
    reply: str = ""
    pace: Pace = "soon"
    account: Literal["pause", "stop"] | None = None
    is_dead: bool = False


class Composer(Protocol):
    """Turns a letter into the bytes of a mail; the same letter gives the same bytes."""

    def compose(self, message: Message) -> Mail:
        """Return the finished mail. Raises `UserError` where a template or a name does not serve."""


class Mailer(Protocol):
    """Hands a finished mail to the world.

    `account` names the account it sends from, for limits and pauses shared by all processes; it is
    another name as soon as the credentials are others.
    """

    @property
    def account(self) -> str:
        """Return the name of the account."""

    def send(self, mail: Mail) -> Outcome:
        """Deliver the mail's bytes as they are and say what became of them."""

    def close(self) -> None:
        """Let go of any connection."""


class SentFolder(Protocol):
    """Where the mail account keeps what it has sent. Looking changes nothing there, and ends in time."""

    def has(self, message_id: str) -> bool:
        """Return whether a mail with this Message-ID (with its brackets) lies there.

        Raises `UserError`, with the way out, where the folder cannot be looked into.
        """
