"""What Microsoft 365 still refuses an account, and which of an administrator's steps is missing.

An application that acts by itself needs five (learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using
OAuth"). The access token shows the first two; to the third and fourth Exchange gives the same answer. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from scheduler.doctor.verdicts import Verdict
from scheduler.mail.access_tokens import read_claims
from scheduler.mail.token_address import one_line
from scheduler.texts import Text

Protocol = Literal["SMTP", "IMAP"]

_PERMISSIONS: Mapping[Protocol, str] = {"SMTP": "SMTP.SendAsApp", "IMAP": "IMAP.AccessAsApp"}
_DELEGATED: Mapping[Protocol, str] = {"SMTP": "SMTP.Send", "IMAP": "IMAP.AccessAsUser.All"}
_AUDIENCES = (
    "outlook.office365.com",
    "outlook.office.com",
    "outlook.office365.us",
    "partner.outlook.cn",
    "00000002-0000-0ff1-ce00-000000000000",
)
_ISSUERS = (
    "sts.windows.net",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
)

_SMTP_IS_OFF = re.compile(r"SmtpClientAuthentication is disabled", re.IGNORECASE)
_NO_PASSWORDS = re.compile(r"basic authentication is (disabled|not supported)", re.IGNORECASE)
_REFUSED = re.compile(r"^535\b|\b5\.7\.3\b|AUTHENTICATE failed", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NOT_CONNECTED = re.compile(r"authenticated but not connected|mailbox logon failure|Cannot open mailbox", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What a server said to the login of a mailbox, and the claims of the token that was shown, if there was one."""

    protocol: Protocol
    mailbox: str
    words: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    what: str
    command: str


def explain_refusal(protocol: Protocol, mailbox: str, words: str, token: str) -> Iterator[Verdict]:
    """Yield what a mailbox of Microsoft 365 lacks to log in, with the way out; nothing for another provider's.

    `words` are the server's, `token` is the access token that was shown, "" for a login by password.
    """
    refusal = _Refusal(protocol, mailbox, words, read_claims(token))
    check = "mail" if refusal.protocol == "SMTP" else "inbox"
    steps = list(_find_steps(refusal))
    for step in steps:
        others = [other.number for other in steps if other is not step]
        message = (
            Text(
                "Microsoft 365, step {number} of 5 is missing (or step {other}): {what}",
                number=step.number,
                other=others[0],
                what=step.what,
            )
            if others
            else Text("Microsoft 365, step {number} of 5 is missing: {what}", number=step.number, what=step.what)
        )
        yield Verdict(check=check, state="error", message=message, hint=step.command)
    if not steps and (said := _find_other_cause(refusal)):
        yield Verdict(check=check, state="error", message=Text("Microsoft 365: {words}", words=said[0]), hint=said[1])


def _find_steps(refusal: _Refusal) -> Iterator[_Step]:
    claims, mailbox = refusal.claims, refusal.mailbox
    if _SMTP_IS_OFF.search(refusal.words):
        yield _Step(
            5,
            Text("sending by SMTP AUTH is switched off"),
            f'in Exchange Online PowerShell: Set-CASMailbox -Identity "{mailbox}" -SmtpClientAuthenticationDisabled '
            "$false; for all mailboxes: Set-TransportConfig -SmtpClientAuthenticationDisabled $false",
        )
        return
    is_shut = _NOT_CONNECTED.search(refusal.words)
    if not (is_shut or _REFUSED.search(refusal.words)):
        return
    if not _is_of_application(claims) or not _is_for_exchange(claims):
        return
    permission, roles = _PERMISSIONS[refusal.protocol], _texts(claims.get("roles"))
    if permission not in roles:
        yield _Step(
            1,
            Text("the application has no permission {permission}", permission=permission),
            Text(
                "Microsoft Entra admin center, App registrations, API permissions, Add a permission, APIs my "
                "organization uses, Office 365 Exchange Online, Application permissions: {permission}; then "
                "consent once more",
                permission=permission,
            ),
        )
        yield _Step(
            2,
            Text("an administrator has not consented"),
            Text(
                "the same page, Grant admin consent; or "
                "https://login.microsoftonline.com/{tenant}/adminconsent?client_id={client}",
                tenant=_id(claims, "tid", "TENANT"),
                client=_id(claims, "appid", "CLIENT_ID"),
            ),
        )
    elif is_shut:
        yield _step_4(claims, mailbox)
    else:
        yield _Step(
            3,
            Text("Exchange does not know the application, or by the object id of the App registration"),
            Text(
                "in Exchange Online PowerShell: New-ServicePrincipal -AppId {client} -ObjectId {object}; this is the "
                "object id of the Enterprise application (Get-ServicePrincipal shows what is there)",
                client=_id(claims, "appid", "CLIENT_ID"),
                object=_id(claims, "oid", "OBJECT_ID"),
            ),
        )
        yield _step_4(claims, mailbox)


def _step_4(claims: Mapping[str, Any], mailbox: str) -> _Step:
    return _Step(
        4,
        Text("the application may not open the mailbox {mailbox}", mailbox=mailbox),
        Text(
            'in Exchange Online PowerShell: Add-MailboxPermission -Identity "{mailbox}" -User '
            "{claims} -AccessRights FullAccess; allow an hour until it counts",
            mailbox=mailbox,
            claims=_id(claims, "oid", "OBJECT_ID"),
        ),
    )


def _find_other_cause(refusal: _Refusal) -> tuple[str, str] | None:
    """Return what else is wrong, and the way out."""
    claims = refusal.claims
    if _NO_PASSWORDS.search(refusal.words):
        hint = Text('set auth = "xoauth2"; the how-to "Microsoft 365" of the documentation says how')
        return Text("it takes no password from this mailbox"), hint
    if not _is_of_microsoft(claims) or not _REFUSED.search(refusal.words):
        return None
    if not _is_for_exchange(claims):
        hint = Text("set scope to https://outlook.office365.com/.default, or leave it empty for a sign-in by a person")
        return Text("the token is for {one_line} and not for Exchange", one_line=one_line(claims.get("aud"))), hint
    if _is_of_application(claims):
        return None
    needed, given = _DELEGATED[refusal.protocol], _texts(str(claims.get("scp", "")).split())
    if needed not in given:
        hint = Text("add https://outlook.office.com/{needed} to scope, then `hanchot mail sign-in`", needed=needed)
        return Text("who signed in has not allowed {needed}", needed=needed), hint
    name = one_line(claims.get("upn") or claims.get("unique_name"))
    if name and name.casefold() != refusal.mailbox.casefold():
        hint = Text(
            "`hanchot mail sign-in` as {mailbox}, or let an administrator give {name} the right to it",
            mailbox=refusal.mailbox,
            name=name,
        )
        return Text("{name} signed in, and the mailbox is {mailbox}", name=name, mailbox=refusal.mailbox), hint
    return None


def _is_of_microsoft(claims: Mapping[str, Any]) -> bool:
    return _host(claims.get("iss")) in _ISSUERS


def _is_of_application(claims: Mapping[str, Any]) -> bool:
    return _is_of_microsoft(claims) and "scp" not in claims


def _is_for_exchange(claims: Mapping[str, Any]) -> bool:
    return (_host(claims.get("aud")) or claims.get("aud")) in _AUDIENCES


def _host(url: object) -> str:
    try:
        return urlsplit(str(url)).hostname or ""
    except ValueError:
        return ""


def _id(claims: Mapping[str, Any], name: str, otherwise: str) -> str:
    """Return an id for a command that a person will paste; `otherwise` for what is none."""
    value = str(claims.get(name, ""))
    return value if _GUID.fullmatch(value) else otherwise


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
