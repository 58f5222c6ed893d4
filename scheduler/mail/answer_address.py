"""Where answers go: the mailbox that is read, with a token for what is answered, or the office of the plan. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from scheduler.email_address import read_address
from scheduler.mail.headers import check_address, is_address


@dataclass(frozen=True, slots=True)
class AnswerAddress:
    """The mailbox that is read, to which parties answer. Raises `UserError` if it is not an address."""

    mailbox: str

    def __post_init__(self) -> None:
        check_address("Reply-To", self.mailbox)

    def with_token(self, token: str) -> str:
        """Return `local+token@domain`.

        It is the plain address if that has a plus already, or if the token would make it longer than addresses may be.
        """
        local, _, domain = self.mailbox.rpartition("@")
        address = f"{local}+{token}@{domain}"
        return address if "+" not in local and is_address(address) else self.mailbox


@lru_cache
def office_address(text: str) -> str:
    """Return the e-mail address of a plan's office, with its domain in ASCII.

    It is empty if no mail can be sent to what the plan says: any text may stand there, and people can read it.
    """
    address = read_address(text) or ""
    return address if is_address(address) else ""
