"""The command line: every command parses its arguments, calls one use case and prints the result."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from scheduler import __version__
from scheduler.cli.agenda import agenda
from scheduler.cli.attendance import attendance
from scheduler.cli.check import check
from scheduler.cli.clock import clock
from scheduler.cli.contacts import contacts
from scheduler.cli.context import Session
from scheduler.cli.db import db
from scheduler.cli.doctor import doctor
from scheduler.cli.export import export
from scheduler.cli.facts import FACT_COMMANDS
from scheduler.cli.feeds import feeds
from scheduler.cli.init import init
from scheduler.cli.links import links
from scheduler.cli.mails.inbox import inbox
from scheduler.cli.mails.incident import incident
from scheduler.cli.mails.mail import mail
from scheduler.cli.mails.outbox import outbox
from scheduler.cli.plans import plans
from scheduler.cli.run import demo, run, tick, web, worker
from scheduler.cli.sign_in import sign_in
from scheduler.cli.simulate import simulate_command
from scheduler.cli.status import status
from scheduler.cli.terminal.help import group
from scheduler.cli.terminal.language import set_language, speaking
from scheduler.cli.terminal.output import print_error, say
from scheduler.cli.why import why
from scheduler.errors import ExitCode, UserError
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.wording import languages


@group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="hanchot %(version)s")
@click.option("--config", type=click.Path(path_type=Path), help="The configuration; ./config.toml if left out.")
@click.option(
    "--lang", type=click.Choice(languages()), help="The language; else that of the configuration, else of LANG."
)
@click.pass_context
def hanchot(context: click.Context, config: Path | None, lang: str | None) -> None:
    """Carry a yearly plan through to its last deadline.

    A plan is a file; reminders, status checks and escalations follow from it, and a record
    shows afterwards what was sent, received and decided.
    """
    context.obj = Session(config, set_language(context, lang, config))


COMMANDS: tuple[click.Command, ...] = (
    init,
    check,
    plans,
    simulate_command,
    agenda,
    run,
    worker,
    web,
    demo,
    tick,
    *FACT_COMMANDS,
    status,
    attendance,
    export,
    why,
    inbox,
    outbox,
    incident,
    feeds,
    links,
    contacts,
    doctor,
    mail,
    sign_in,
    clock,
    db,
)
for _command in COMMANDS:
    hanchot.add_command(_command)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with the exit code that its contract specifies."""
    atexit.register(gc.freeze)  # skips the last garbage collection, which takes 0.1 s
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # whatever the locale: JSON Lines and names need it
    with speaking(sys.argv[1:] if arguments is None else arguments):
        _run(arguments)
    sys.exit(ExitCode.DONE)


def _run(arguments: list[str] | None) -> None:
    try:
        hanchot.main(arguments, prog_name="hanchot", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except UserError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        say(Text("interrupted; nothing is lost"), err=True)
        sys.exit(ExitCode.FAILED)
    except BrokenPipeError:  # the reader of the pipe has closed it
        _drop_output()
        sys.exit(ExitCode.FAILED)
    except OSError as error:
        about = f": {error.filename}" if error.filename else ""
        say(Text("error: {words}{about}", words=word_system(error), about=about), err=True)
        _drop_output()
        sys.exit(ExitCode.FAILED)


def _drop_output() -> None:
    """Redirect standard output to the null device, because what is left in its buffer cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
