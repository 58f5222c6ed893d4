"""Commands for operators: doctor, mail test, sign-in, db upgrade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

import click

from scheduler.bootstrap import examine, invite, send_trial, upgrade_record
from scheduler.cli.context import Session, format_option
from scheduler.cli.output import example, print_json
from scheduler.doctor.verdicts import Verdict, way_out
from scheduler.errors import ExitCode, UserError, WrongInput


@click.command(epilog=example("hanchot --config /etc/hanchot/config.toml doctor"))
@format_option
@click.pass_obj
def doctor(session: Session, style: str) -> None:
    """Look whether everything is as the daemon needs it.

    One line for each check, with the way out. Nothing is sent; the mail account is tried by signing in.
    """
    errors = 0
    for verdict in _verdicts(session):
        errors += verdict.state == "error"
        if style == "json":
            print_json([asdict(verdict)])
        else:
            hint = f"; {verdict.hint}" if verdict.hint else ""
            click.echo(f"{verdict.state:<8} {verdict.check:<14} {verdict.message}{hint}")
    if errors:
        raise SystemExit(ExitCode.FAILED)


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
    outcome, was_at_rest = send_trial(session.app, address)
    reply = outcome.reply or "no answer"
    if outcome.state != "sent":
        said = {"ambiguous": "handed over, but no answer came"}.get(outcome.state, "not sent")
        raise UserError(f"{said}: {reply}", hint=way_out(outcome))
    click.echo(f"sent: {reply}")
    if was_at_rest:
        click.echo("The mail account was at rest; from now on mails leave again.")


@click.group()
def db() -> None:
    """Tend the record."""


@db.command("upgrade", epilog=example("hanchot db upgrade"))
@click.pass_obj
def db_upgrade(session: Session) -> None:
    """Bring the record to this program's version.

    Stop every daemon and make a copy before. It happens wholly or not at all.
    """
    done = upgrade_record(session.app)
    click.echo("The record has this program's version now." if done else "The record has this program's version.")


@click.command("sign-in", epilog=example("hanchot sign-in thidua@coquan.vn"))
@click.argument("email")
@click.pass_obj
def sign_in(session: Session, email: str) -> None:
    """Print a link that lets an operator into the board, once.

    For whoever may use this machine; nothing is mailed. Operators are named in [operators], else it is
    the first officer of the plan's lead.
    """
    address, until = invite(session.app, email)
    click.echo(address)
    click.echo(f"It can be used once, until {until.astimezone():%Y-%m-%d %H:%M}.", err=True)


COMMANDS = (doctor, mail, sign_in, db)


def _verdicts(session: Session) -> Iterator[Verdict]:
    try:
        app = session.app
    except WrongInput as error:  # nothing else can be looked at
        yield from _wrong(error)
        return
    yield from examine(app)


def _wrong(error: UserError) -> Iterable[Verdict]:
    for problem in error.problems:
        hint = problem.hint or ""
        place = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
        message = ": ".join(part for part in (place, problem.key, problem.message) if part)
        yield Verdict(check="configuration", state="error", message=message, hint=hint)
