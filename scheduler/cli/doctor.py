"""The command `doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

import click

from scheduler.cli.context import Session, format_option
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import example, print_json, say
from scheduler.doctor.checks import examine
from scheduler.doctor.verdicts import Verdict
from scheduler.errors import ExitCode, InvalidInput, UserError
from scheduler.texts import Text, join
from scheduler.wording.sentences import translate

CONFIGURATION = "configuration"

_STATES = {"ok": Text("ok"), "warning": Text("warning"), "error": Text("error"), "skipped": Text("skipped")}


@command(epilog=example("hanchot --config /etc/hanchot/config.toml doctor"))
@format_option
@click.pass_obj
def doctor(session: Session, output_format: str) -> None:
    """Look whether everything is as the daemon needs it.

    One line for each check, with the way out. Nothing is sent; the mail account is tried by signing in.
    """
    errors: set[str] = set()
    for verdict in _verdicts(session):
        if verdict.state == "error":
            errors.add(verdict.check)
        if output_format == "json":
            print_json([asdict(verdict)])
        else:
            head = f"{translate(_STATES[verdict.state], session.language):<8} {verdict.check:<14} "
            say(head + join("; ", filter(None, [verdict.message, verdict.hint])))
    if errors:
        raise SystemExit(ExitCode.WRONG_INPUT if CONFIGURATION in errors else ExitCode.FAILED)


def _verdicts(session: Session) -> Iterator[Verdict]:
    try:
        container = session.container
    except InvalidInput as error:  # nothing else can be checked
        yield from _explain(error)
        return
    yield from examine(container)


def _explain(error: UserError) -> Iterable[Verdict]:
    for problem in error.problems:
        yield Verdict(check=CONFIGURATION, state="error", message=problem.head, hint=problem.hint or "")
