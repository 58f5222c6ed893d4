"""The command `doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
_CHECKS = {  # what people read; programs get the code
    "account": Text("account"),
    "addresses": Text("addresses"),
    "checks": Text("checks"),
    "clock": Text("clock"),
    CONFIGURATION: Text("configuration"),
    "contacts": Text("contacts"),
    "daemon": Text("daemon"),
    "database": Text("database"),
    "definitions": Text("definitions"),
    "disk": Text("disk"),
    "dkim": Text("dkim"),
    "dmarc": Text("dmarc"),
    "inbox": Text("inbox"),
    "letters": Text("mail texts"),
    "limits": Text("limits"),
    "links": Text("links"),
    "mail": Text("mail"),
    "outbox": Text("outbox"),
    "packages": Text("packages"),
    "plans": Text("plans"),
    "proxies": Text("proxies"),
    "secrets": Text("secrets"),
    "spf": Text("spf"),
    "templates": Text("templates"),
    "zones": Text("zones"),
}


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
            head = _column(_STATES, verdict.state, session.language) + _column(_CHECKS, verdict.check, session.language)
            say(head + join("; ", filter(None, [verdict.message, verdict.hint])))
    if errors:
        raise SystemExit(ExitCode.WRONG_INPUT if CONFIGURATION in errors else ExitCode.FAILED)


def _column(names: Mapping[str, Text], code: str, language: str) -> str:
    """Return the name of a code, as wide as the longest of them."""
    width = max(len(translate(name, language)) for name in names.values())
    return translate(names.get(code, code), language).ljust(width + 2)


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
