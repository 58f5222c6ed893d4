"""The command `check`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from scheduler.cli.context import Session, format_option
from scheduler.cli.output import example, print_json, print_problem
from scheduler.errors import ExitCode


@click.command(epilog=example("hanchot check workflows/bac-trung-bo/2023.toml"))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@format_option
@click.pass_obj
def check(session: Session, paths: tuple[Path, ...], output_format: str) -> None:
    """Validate the configuration and the definitions.

    Every problem is listed with its place and the way out. Without PATHS everything that the configuration
    names is looked at; with PATHS no configuration is needed.
    """
    if paths:
        session.use_shipped_by_default()
    problems = session.container.definitions.check(paths)
    if not paths:
        problems += session.container.check_record()
    errors = sum(problem.severity == "error" for problem in problems)
    if output_format == "json":
        print_json(_problem_row(asdict(problem)) for problem in problems)
    else:
        for problem in problems:
            print_problem(problem, err=False)
        click.echo(f"{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}")
    if errors:
        raise SystemExit(ExitCode.WRONG_INPUT)


def _problem_row(problem: dict[str, Any]) -> dict[str, Any]:
    return {key: problem[key] for key in ("severity", "file", "line", "key", "code", "message", "hint")}


def _count(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
