"""The command `mail test`."""

from __future__ import annotations

import click

from scheduler.bootstrap import send_test_message
from scheduler.cli.context import Session
from scheduler.cli.output import example
from scheduler.doctor.verdicts import way_out
from scheduler.errors import UserError


@click.group()
def mail() -> None:
    """Try the way that mails go."""


@mail.command("test", epilog=example("hanchot mail test van-thu@coquan.vn"))
@click.argument("address")
@click.pass_obj
def mail_test(session: Session, address: str) -> None:
    """Send a test mail now and say what the server answered.

    If it goes through, an account that rested or was stopped goes on.
    """
    outcome, was_at_rest = send_test_message(session.container, address)
    reply = outcome.reply or "no answer"
    if outcome.state != "sent":
        result = {"ambiguous": "handed over, but no answer came"}.get(outcome.state, "not sent")
        raise UserError(f"{result}: {reply}", hint=way_out(outcome))
    click.echo(f"sent: {reply}")
    if was_at_rest:
        click.echo("The mail account was at rest; from now on mails leave again.")
