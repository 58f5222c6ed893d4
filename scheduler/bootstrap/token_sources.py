"""The sources of access tokens for the accounts of one configuration."""

from __future__ import annotations

import json

from scheduler.config import Inbox, Settings, Smtp
from scheduler.mail.access_tokens import TokenHolder, TokenSource


def hold_tokens(settings: Settings, section: Smtp | Inbox, path: str) -> TokenHolder | None:
    """Return the holder of an account's access tokens; None for one with a password. `path` is the section's name."""
    return None if section.auth == "password" else TokenHolder(_make_source(settings, section, f"{path}.token"))


def describe_source(settings: Settings, section: Smtp | Inbox, path: str) -> str:
    """Return what tells one source of tokens from another; "" for an account with a password."""
    if section.auth == "password":
        return ""
    token = section.token
    secret = settings.client_secret(token, f"{path}.token")
    return json.dumps([token.command, token.url, token.client_id, secret, token.scope, token.refresh_token_file])


def _make_source(settings: Settings, section: Smtp | Inbox, table: str) -> TokenSource:
    from scheduler.mail import refresh_token, token_address, token_program  # loaded only if an account uses tokens

    token = section.token
    if token.command:
        return token_program.CommandSource(command=tuple(token.command), key=f"{table}.command")
    address = token_address.TokenAddress(
        url=token.url,
        client_id=token.client_id,
        client_secret=settings.client_secret(token, table),
        scope=token.scope,
        key=table,
    )
    if not token.refresh_token_file:
        return token_address.ClientSource(address=address)
    return refresh_token.RefreshSource(address=address, file=settings.resolve(token.refresh_token_file))
