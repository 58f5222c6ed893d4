"""The commands `mail test` and `mail sign-in`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler.bootstrap import send_test_message, sign_in_accounts
from scheduler.cli.context import Session
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.output import example, say
from scheduler.doctor.microsoft import explain_refusal
from scheduler.doctor.verdicts import way_out
from scheduler.errors import Problem, UserError
from scheduler.texts import Text

if TYPE_CHECKING:  # loaded only by a sign-in
    from scheduler.mail.device_sign_in import DeviceSignIn


@group()
def mail() -> None:
    """Try the way that mails go."""


@mail.command("test", epilog=example("hanchot mail test van-thu@coquan.vn"))
@click.argument("address")
@click.pass_obj
def mail_test(session: Session, address: str) -> None:
    """Send a test mail now and say what the server answered.

    If it goes through, an account that rested or was stopped goes on.
    """
    trial = send_test_message(session.container, address)
    outcome = trial.outcome
    reply = outcome.reply or Text("no answer")
    if outcome.state != "sent":
        result = {"ambiguous": Text("handed over, but no answer came")}.get(outcome.state, Text("not sent"))
        username = session.container.settings.mail.smtp.username
        missing = explain_refusal("SMTP", username, outcome.reply, trial.token)
        problems = [Problem(message=verdict.message, hint=verdict.hint) for verdict in missing]
        raise UserError(
            [
                Problem(
                    message=Text("{result}: {reply}", result=result, reply=reply),
                    hint=None if problems else way_out(outcome),
                ),
                *problems,
            ]
        )
    if session.container.settings.mail.transport == "maildir":
        say(Text("written as a file, not sent: {reply}", reply=reply))
    else:
        say(Text("sent: {reply}", reply=reply))
    if trial.was_at_rest:
        say(Text("The mail account was at rest; from now on mails leave again."))


@mail.command("sign-in", epilog=example("hanchot mail sign-in"))
@click.pass_obj
def mail_sign_in(session: Session) -> None:
    """Sign in to Microsoft 365 by a code in a browser.

    For an account that is used by a person's access tokens. The code can be entered on any machine. What is got goes
    into the file refresh_token_file; it lasts as long as it is used, and until the password is changed or the right
    is taken away.
    """
    for signed_in in sign_in_accounts(session.container.settings, _ask):
        say(
            Text(
                "Signed in; the refresh token is in {file}. Now `hanchot doctor` shows whether it serves.",
                file=signed_in.file,
            )
        )
        if signed_in.username and signed_in.username.casefold() != signed_in.mailbox.casefold():
            say(
                Text(
                    "{username} signed in, and the mailbox is {mailbox}: that works only with the right to "
                    "open it and to send as it.",
                    username=signed_in.username,
                    mailbox=signed_in.mailbox,
                )
            )


def _ask(waiting: DeviceSignIn, mailbox: str) -> None:
    say(
        Text(
            "Open {address}, enter the code {code} and sign in as {mailbox}. Waiting ...",
            address=waiting.address,
            code=waiting.code,
            mailbox=mailbox,
        )
    )
