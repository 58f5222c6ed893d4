"""The command `sign-in`."""

from __future__ import annotations

import click

from scheduler.bootstrap import make_sign_in_link
from scheduler.cli.context import Session
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import example, say, short
from scheduler.texts import Text


@command("sign-in", epilog=example("hanchot sign-in thidua@coquan.vn"))
@click.argument("email")
@click.pass_obj
def sign_in(session: Session, email: str) -> None:
    """Print a link that lets an operator into the board, once.

    For whoever may use this machine; nothing is mailed. Operators are named in [operators], else it is
    the first officer of the plan's lead.
    """
    address, until = make_sign_in_link(session.container, email)
    say(address)
    local = until.astimezone(session.local_zone)
    say(Text("It can be used once, until {when}.", when=short(local.isoformat())), err=True)
