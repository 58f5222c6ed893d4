"""Access tokens for a mailbox of Google Workspace, by the key of a service account (RFC 7523)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.auth.exceptions import TransportError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from scheduler.mail.access_tokens import TIMEOUT, NewToken, TokenError
from scheduler.mail.token_address import Hints, explain_answer, within
from scheduler.system_errors import word_system
from scheduler.texts import Text, pattern

MAIL = "https://mail.google.com/"  # the scope for SMTP and IMAP

_HINTS: Hints = (
    (
        "Invalid JWT",
        pattern("check the clock of this machine (`timedatectl` shows it), and that the key of {key} was not deleted"),
    ),
    (
        "Client is unauthorized",
        Text(
            "let an administrator of Workspace delegate https://mail.google.com/ domain-wide to the account's client id"
        ),
    ),
    ("Invalid email or User ID", Text("check username: no mailbox of the domain has that address")),
    ("account not found", pattern("the service account was deleted: make another one, and a key for it, in {key}")),
    ("^invalid_scope", pattern("check scope beside {key}; empty is right")),
)

_Credentials: Any = service_account.Credentials  # its types are incomplete


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountSource:
    """Asks with the key of a service account that an administrator of Workspace lets act for the mailbox `username`.

    `key` names the setting with the file.
    """

    file: Path
    username: str
    scope: str = MAIL
    key: str = "token.service_account_file"
    timeout: float = TIMEOUT

    def fetch(self) -> NewToken:
        """Return a new token. Raises `TokenError`."""
        return within(self.timeout, "Google", self._ask)

    def _ask(self) -> NewToken:
        credentials = self._read()
        try:
            credentials.refresh(Request())
        except TransportError as error:
            raise TokenError(Text("Google cannot be reached for a token"), hint=Text("it is tried again")) from error
        except Exception as error:  # an odd answer is a TypeError, an OverflowError and others of theirs
            answer = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
            words = Text("it does not say why")
            raise explain_answer("Google", self.key, answer, otherwise=words, hints=_HINTS) from error
        return NewToken(credentials.token)

    def _read(self) -> Any:
        try:
            known = json.loads(self.file.read_text(encoding="utf-8"))
            scopes = self.scope.split() or [MAIL]
            credentials = _Credentials.from_service_account_info(known, scopes=scopes, subject=self.username)
        except OSError as error:
            raise TokenError(
                Text("cannot read {file}: {strerror}", file=self.file, strerror=word_system(error)),
                hint=Text("check {key}", key=self.key),
            ) from error
        except Exception as error:  # its words may show a part of the key
            hint = Text("{key} names the file in JSON as Google gave it", key=self.key)
            raise TokenError(Text("{file} is no key of a service account", file=self.file), hint=hint) from error
        return credentials
