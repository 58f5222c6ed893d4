"""`hanchot doctor` on accounts of Microsoft 365 and Google, whose servers answer as they were seen to."""

from __future__ import annotations

from base64 import b64encode

import dns.resolver
import pytest

from scheduler.errors import ExitCode
from tests.cli.conftest import Office
from tests.support.dns_server import run_dns_server
from tests.support.microsoft import SERVICE_PRINCIPAL, make_token
from tests.support.scripted_smtp import ScriptedServer

USER = "thidua@coquan.vn"
OFFERS = ("SIZE 157286400", "AUTH LOGIN XOAUTH2", "8BITMIME")  # smtp.office365.com, after STARTTLS
UNSUCCESSFUL = "535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]"
OFF = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
    "Visit https://aka.ms/smtp_auth_disabled for more information."
)


def use_token(office: Office, server: ScriptedServer, token: str) -> None:
    """Let an office send by a token."""
    (office.folder / "token").write_text(token)
    (office.folder / "config.toml").write_text(
        f'[mail]\ntransport = "smtp"\nfrom = "{USER}"\n[mail.smtp]\nhost = "127.0.0.1"\nport = {server.port}\n'
        f'security = "none"\nauth = "xoauth2"\nusername = "{USER}"\n'
        f'[mail.smtp.token]\ncommand = ["cat", "{office.folder}/token"]\n',
        encoding="utf-8",
    )


def mail_rows(office: Office) -> list[tuple[str, str, str]]:
    """Return state, message and hint of every line about mail."""
    rows = office("doctor", "--format", "json").rows
    return [(row["state"], row["message"], row["hint"]) for row in rows if row["check"] == "mail"]


@pytest.mark.parametrize(
    ("roles", "answer", "steps"),
    [
        (None, UNSUCCESSFUL, (1, 2)),
        (["IMAP.AccessAsApp"], UNSUCCESSFUL, (1, 2)),
        (["SMTP.SendAsApp"], UNSUCCESSFUL, (3, 4)),
        (["SMTP.SendAsApp"], OFF, (5,)),
    ],
)
def test_the_doctor_names_the_step_of_microsoft_365_that_is_missing(
    open_office: Office, roles: list[str] | None, answer: str, steps: tuple[int, ...]
) -> None:
    token = make_token(roles=roles)
    with ScriptedServer({"AUTH": answer}, offers=OFFERS) as server:
        use_token(open_office, server, token)
        (state, message, _), *rest = mail_rows(open_office)
    assert (state, answer in message) == ("error", True)
    assert [int(message.partition("step ")[2][0]) for _, message, _ in rest] == list(steps)
    assert token not in repr(rest) + message


def test_a_test_mail_names_the_step_too(open_office: Office) -> None:
    """Also one that shows only when a mail is handed over."""
    logon = "430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception"
    with ScriptedServer({"content": logon}, offers=OFFERS) as server:
        use_token(open_office, server, make_token())
        result = open_office("mail", "test", "a@coquan.vn")
    assert result.code == ExitCode.FAILED
    assert "step 4 of 5" in result.err
    assert SERVICE_PRINCIPAL in result.err


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        (
            b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}',
            "status 400, scope https://mail.google",
        ),
        (b'{"status":"invalid_token"}', "status invalid_token"),
        (b"nonsense", "not accepted"),
    ],
)
def test_why_google_refuses_a_token_is_shown(open_office: Office, challenge: bytes, words: str) -> None:
    answers = {"AUTH": [f"334 {b64encode(challenge).decode()}", "535 5.7.8 Username and Password not accepted."]}
    with ScriptedServer(answers, offers=("AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER",)) as server:
        use_token(open_office, server, "ya29.a0Af")
        [(_, message, hint)] = mail_rows(open_office)
    assert words in message
    assert "[mail.smtp.token]" in hint


def test_the_doctor_asks_dns_about_the_sender_s_domain(open_office: Office) -> None:
    with ScriptedServer(offers=OFFERS) as server, run_dns_server() as known:
        known.texts = {"coquan.vn": ["v=spf1 mx ~all"], "_dmarc.coquan.vn": ["v=DMARC1; p=none"]}
        dns.resolver.default_resolver = known.resolver
        use_token(open_office, server, "ya29.a0Af")
        rows = {row["check"]: row["state"] for row in open_office("doctor", "--format", "json").rows}
    assert {check: rows[check] for check in ("mail", "spf", "dkim", "dmarc")} == {
        "mail": "ok",
        "spf": "ok",
        "dkim": "skipped",
        "dmarc": "ok",
    }


def test_without_dns_nothing_is_called_wrong(open_office: Office) -> None:
    with ScriptedServer(offers=OFFERS) as server:
        use_token(open_office, server, "ya29.a0Af")
        result = open_office("doctor")
    assert result.code == ExitCode.DONE
    assert "skipped  spf            not looked at, like DKIM and DMARC" in result.out


def test_mails_that_do_not_leave_before_closing_are_told(open_office: Office) -> None:
    """Before the first start, and after."""
    with ScriptedServer(offers=OFFERS) as server:
        use_token(open_office, server, "ya29.a0Af")
        plan = open_office.folder / "workflows" / "here" / "plan.toml"
        plan.write_text(plan.read_text().replace('members = ["branch"]', 'members = ["branch", "lead-office"]'))
        config = open_office.folder / "config.toml"
        config.write_text(config.read_text() + "[mail.limits]\nper_day = 1\n")
        first = [row for row in open_office("doctor", "--format", "json").rows if row["check"] == "limits"]
        open_office("tick")
        then = [row for row in open_office("doctor", "--format", "json").rows if "fall due on" in row["message"]]
    assert [row["state"] for row in first] == ["warning"]
    assert "let 1 leave until 17:00" in first[0]["message"]
    assert [row["message"] for row in then] == [first[0]["message"]]
