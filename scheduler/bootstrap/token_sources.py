"""The sources of access tokens for the accounts of one configuration, and signing in for a refresh token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scheduler.config import Inbox, Settings, Smtp, TokenSection
from scheduler.errors import UserError
from scheduler.mail.access_tokens import TokenHolder, TokenSource
from scheduler.texts import Text

if TYPE_CHECKING:  # loaded only if an account uses tokens
    from scheduler.mail.device_sign_in import DeviceSignIn
    from scheduler.mail.refresh_token import RefreshTokenFile
    from scheduler.mail.token_address import TokenAddress

_DELEGATED = {  # what a person allows who signs in to Microsoft 365
    "mail.smtp.token": "https://outlook.office.com/SMTP.Send",
    "inbox.token": "https://outlook.office.com/IMAP.AccessAsUser.All",
}


def hold_tokens(settings: Settings, section: Smtp | Inbox, path: str) -> TokenHolder | None:
    """Return the holder of an account's access tokens; None for one with a password. `path` is the section's name.

    Raises `UserError` if the package that the source needs is not installed.
    """
    return None if section.auth == "password" else TokenHolder(_make_source(settings, section, f"{path}.token"))


def describe_source(settings: Settings, section: Smtp | Inbox, path: str) -> str:
    """Return what tells one source of tokens from another; "" for an account with a password."""
    if section.auth == "password":
        return ""
    token = section.token
    secret = settings.client_secret(token, f"{path}.token")
    parts = [token.command, token.url, token.client_id, secret, token.scope, token.refresh_token_file]
    return json.dumps([*parts, token.service_account_file])


def _make_source(settings: Settings, section: Smtp | Inbox, table: str) -> TokenSource:
    from scheduler.mail import refresh_token, token_address, token_program

    token = section.token
    if token.command:
        return token_program.CommandSource(command=tuple(token.command), key=f"{table}.command")
    if token.service_account_file:
        with _optional("google-auth"):
            from scheduler.mail.service_account import ServiceAccountSource

        key, file = f"{table}.service_account_file", settings.resolve(token.service_account_file)
        return ServiceAccountSource(file=file, username=section.username, scope=token.scope, key=key)
    address = _find_address(settings, token, table)
    if not token.refresh_token_file:
        return token_address.ClientSource(address=address)
    return refresh_token.RefreshSource(address=address, file=_find_file(settings, token, table))


def _find_address(settings: Settings, token: TokenSection, table: str) -> TokenAddress:
    from scheduler.mail.token_address import TokenAddress

    secret = settings.client_secret(token, table)
    return TokenAddress(url=token.url, client_id=token.client_id, client_secret=secret, scope=token.scope, key=table)


def _find_file(settings: Settings, token: TokenSection, table: str) -> RefreshTokenFile:
    from scheduler.mail.refresh_token import RefreshTokenFile

    return RefreshTokenFile(path=settings.resolve(token.refresh_token_file), key=f"{table}.refresh_token_file")


class MailSignIn(NamedTuple):
    """A person's sign-in for a refresh token: for which mailbox, who signed in ("" if not told), and where it lies."""

    mailbox: str
    username: str
    file: str


def sign_in_accounts(settings: Settings, ask: Callable[[DeviceSignIn, str], None]) -> Iterator[MailSignIn]:
    """Let a person sign in for each file of a refresh token that the configuration names, and write it there.

    `ask` tells the person where to enter which code, and for which mailbox. Raises `UserError` if no file is named, or
    if a sign-in fails; the refresh token that was there then stays.
    """
    wanted: dict[Path, list[tuple[str, Smtp | Inbox]]] = {}
    for path, section in (("mail.smtp", settings.mail.smtp), ("inbox", settings.inbox)):
        if section.auth == "xoauth2" and section.token.refresh_token_file:
            file = settings.resolve(section.token.refresh_token_file).resolve()
            wanted.setdefault(file, []).append((f"{path}.token", section))
    if not wanted:
        hint = Text('set auth = "xoauth2" and, below [mail.smtp.token], url, client_id and refresh_token_file')
        raise UserError(Text("no account is signed in to by a person: no refresh_token_file is named"), hint=hint)
    for accounts in wanted.values():
        yield _sign_in(settings, accounts, ask)


def _sign_in(
    settings: Settings, accounts: list[tuple[str, Smtp | Inbox]], ask: Callable[[DeviceSignIn, str], None]
) -> MailSignIn:
    with _optional("msal"):
        from scheduler.mail.device_sign_in import begin_sign_in

    table, section = accounts[0]
    scopes = [scope for table, section in accounts for scope in (section.token.scope or _DELEGATED[table]).split()]
    file = _find_file(settings, section.token, table)
    with file.draft() as draft:  # its room is taken before anybody is troubled
        waiting = begin_sign_in(section.token.url, section.token.client_id, list(dict.fromkeys(scopes)), table)
        ask(waiting, section.username)
        signed_in = waiting.wait()
        file.replace(draft, signed_in.refresh_token, is_alone=False)
    return MailSignIn(section.username, signed_in.username, str(file.path))


@contextmanager
def _optional(package: str) -> Iterator[None]:
    """Explain an import that fails because a package of the extra is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        hint = Text('install hanchot with its extra `oauth`: pip install "/path/to/hanchot[oauth]"')
        raise UserError(Text("{package} is not installed", package=package), hint=hint) from error
