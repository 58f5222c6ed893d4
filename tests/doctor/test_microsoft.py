"""Which step of an administrator is missing for a mailbox of Microsoft 365, by what its servers were seen to answer."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from scheduler.doctor.microsoft import Protocol, explain_refusal
from scheduler.doctor.verdicts import Verdict
from scheduler.mail.access_tokens import read_claims
from tests.support.microsoft import APPLICATION, SERVICE_PRINCIPAL, TENANT, make_jwt, make_token

MAILBOX = "thidua@coquan.vn"
UNSUCCESSFUL = (
    "535 5.7.3 Authentication unsuccessful [VI1PR0902CA0036.eurprd09.prod.outlook.com 2024-03-20T10:27:56.998Z]"
)
OFF_FOR_ALL = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit "
    "https://aka.ms/smtp_auth_disabled for more information."
)
OFF_FOR_ONE = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit "
    "https://aka.ms/smtp_auth_disabled for more information."
)
NO_PASSWORDS = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
NOT_CONNECTED = (
    "outlook.office365.com port 993: it does not do what was asked: User is authenticated but not connected."
)
FAILED = "outlook.office365.com port 993: it does not take the login: AUTHENTICATE failed."
NO_LOGON = "430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:ConnectionFailedTransientException"


def explained(words: str, token: str = "", protocol: Protocol = "SMTP") -> list[Verdict]:
    """Return what is said about a refusal."""
    found = list(explain_refusal(protocol, MAILBOX, words, token))
    assert {verdict.state for verdict in found} <= {"error"}
    assert {verdict.check for verdict in found} <= {"mail" if protocol == "SMTP" else "inbox"}
    return found


def steps(found: list[Verdict]) -> list[int]:
    """Return the numbers of the steps that are named."""
    return [int(verdict.message.partition("step ")[2][0]) for verdict in found]


@pytest.mark.parametrize("roles", [None, [], ["Mail.Send"], ["IMAP.AccessAsApp"]])
def test_a_token_without_the_permission_shows_that_step_1_or_2_is_missing(roles: list[str] | None) -> None:
    found = explained(UNSUCCESSFUL, make_token(roles=roles))
    assert steps(found) == [1, 2]
    assert "SMTP.SendAsApp" in found[0].hint
    assert f"https://login.microsoftonline.com/{TENANT}/adminconsent?client_id={APPLICATION}" in found[1].hint


def test_a_token_with_the_permission_leaves_step_3_or_4_with_both_commands() -> None:
    """Exchange gives the same answer to both; the object id is that of the Enterprise application, from the token."""
    found = explained(UNSUCCESSFUL, make_token())
    assert steps(found) == [3, 4]
    assert f"New-ServicePrincipal -AppId {APPLICATION} -ObjectId {SERVICE_PRINCIPAL}" in found[0].hint
    command = f'Add-MailboxPermission -Identity "{MAILBOX}" -User {SERVICE_PRINCIPAL} -AccessRights FullAccess'
    assert command in found[1].hint
    assert "(or step 4)" in found[0].message


@pytest.mark.parametrize("words", [OFF_FOR_ALL, OFF_FOR_ONE])
@pytest.mark.parametrize("token", ["", make_token(), make_token(roles=None)])
def test_smtp_auth_that_is_switched_off_is_step_5(words: str, token: str) -> None:
    """Also for an account with a password."""
    [verdict] = explained(words, token)
    assert steps([verdict]) == [5]
    assert f'Set-CASMailbox -Identity "{MAILBOX}" -SmtpClientAuthenticationDisabled $false' in verdict.hint


@pytest.mark.parametrize(("protocol", "words"), [("IMAP", NOT_CONNECTED), ("SMTP", NO_LOGON)])
def test_a_mailbox_that_stays_shut_after_the_login_is_step_4(protocol: Protocol, words: str) -> None:
    assert steps(explained(words, make_token(), protocol)) == [4]


def test_the_mailbox_by_imap_has_steps_of_its_own() -> None:
    assert steps(explained(FAILED, make_token(), "IMAP")) == [3, 4]
    found = explained(FAILED, make_token(roles=["SMTP.SendAsApp"]), "IMAP")
    assert steps(found) == [1, 2]
    assert "IMAP.AccessAsApp" in found[0].hint


@pytest.mark.parametrize("audience", ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000", None])
def test_a_token_for_something_else_is_told_as_a_wrong_scope(audience: str | None) -> None:
    [verdict] = explained(UNSUCCESSFUL, make_token(aud=audience))
    assert "and not for Exchange" in verdict.message
    assert "https://outlook.office365.com/.default" in verdict.hint


@pytest.mark.parametrize(
    "audience",
    ["https://outlook.office365.com", "https://outlook.office.com", "00000002-0000-0ff1-ce00-000000000000"],
)
def test_every_name_of_exchange_is_known(audience: str) -> None:
    assert steps(explained(UNSUCCESSFUL, make_token(aud=audience))) == [3, 4]


def by_person(**claims: Any) -> str:
    """Return the token of a person who signed in."""
    usual = {
        "scp": "IMAP.AccessAsUser.All SMTP.Send",
        "upn": MAILBOX,
        "roles": None,
        "aud": "https://outlook.office.com",
    }
    return make_token(**(usual | claims))


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"scp": "IMAP.AccessAsUser.All"}, "has not allowed SMTP.Send"),
        ({"upn": "director@coquan.vn"}, "director@coquan.vn signed in, and the mailbox is thidua@coquan.vn"),
        ({"upn": None, "unique_name": "director@coquan.vn"}, "director@coquan.vn signed in"),
    ],
)
def test_of_a_sign_in_by_a_person_it_is_told_who_and_what_for(claims: dict[str, Any], words: str) -> None:
    [verdict] = explained(UNSUCCESSFUL, by_person(**claims))
    assert words in verdict.message
    assert "hanchot mail sign-in" in verdict.hint


def test_a_sign_in_of_the_right_person_leaves_nothing_to_add() -> None:
    assert explained(UNSUCCESSFUL, by_person(upn=MAILBOX.upper())) == []


@pytest.mark.parametrize(
    "words", [NO_PASSWORDS, "550 5.7.30 Basic authentication is not supported for Client Submission."]
)
def test_passwords_that_are_not_taken_any_more_are_told(words: str) -> None:
    [verdict] = explained(words)
    assert 'auth = "xoauth2"' in verdict.hint


@pytest.mark.parametrize(
    ("words", "token"),
    [
        ("535-5.7.8 Username and Password not accepted", "ya29.opaque"),
        (UNSUCCESSFUL, ""),
        (UNSUCCESSFUL, make_jwt({"iss": "https://accounts.google.com", "aud": "x"})),
        ("421 4.3.2 Service not available", make_token()),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", make_token(scp="SMTP.Send", upn="director@coquan.vn")),
        ("connect: cannot reach smtp.office365.com", make_token(aud="https://graph.microsoft.com")),
        ("connect: no answer in time", make_token()),
    ],
)
def test_what_is_not_microsoft_s_or_no_refusal_is_not_explained(words: str, token: str) -> None:
    assert explained(words, token) == []


def deep_token() -> str:
    """Return a token whose claims are nested too deeply to be read."""
    return f"a.{urlsafe_b64encode(b'[' * 100_000).decode()}.c"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c",
        "a.!!.c",
        make_jwt({}).replace("e", "é"),
        "a.W10.c",
        "..",
        "a.bnVsbA.c",
        deep_token(),
    ],
)
def test_a_token_in_another_form_has_no_claims(token: str) -> None:
    assert read_claims(token) == {}


def test_an_id_that_is_none_stands_in_no_command() -> None:
    """A person pastes it."""
    found = explained(UNSUCCESSFUL, make_token(oid='x"; Remove-Mailbox all', appid="\x1b[1m", tid=7))
    assert [verdict.hint.isprintable() for verdict in found] == [True, True]
    assert "-AppId CLIENT_ID -ObjectId OBJECT_ID" in found[0].hint
    assert "Remove-Mailbox" not in str(found)


def test_a_token_that_holds_nonsense_is_no_token_of_microsoft_s() -> None:
    assert explained(UNSUCCESSFUL, make_token(iss=7, roles="x")) == []
    assert explained(UNSUCCESSFUL, make_token(iss="https://[x")) == []
    assert "not for Exchange" in explained(UNSUCCESSFUL, make_token(aud="https://[x"))[0].message
    assert steps(explained(UNSUCCESSFUL, make_token(roles={"a": 1}))) == [1, 2]
    assert steps(explained(UNSUCCESSFUL, make_token(roles=[1, ["SMTP.SendAsApp"]]))) == [1, 2]
