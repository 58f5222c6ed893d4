"""The command `check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from scheduler.bootstrap import Container
from scheduler.cli.context import Session, format_option
from scheduler.cli.terminal.help import command
from scheduler.cli.terminal.output import example, print_json, print_problem, say
from scheduler.definitions import DefinitionFiles
from scheduler.errors import ExitCode, InvalidInput, Problem
from scheduler.texts import Text, join, plural


@command(epilog=example("hanchot check workflows/bac-trung-bo/2023.toml"))
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
    try:
        container = session.container
    except InvalidInput as error:  # a wrong configuration is a result too, and nothing else can be looked at
        problems = error.problems
    else:
        problems = _find_problems(container, paths)
    errors = sum(problem.severity == "error" for problem in problems)
    if output_format == "json":
        print_json(_problem_row(asdict(problem)) for problem in problems)
    else:
        for problem in problems:
            print_problem(problem, err=False)
        warnings = len(problems) - errors
        say(
            join(
                ", ",
                [
                    plural("{number} error", "{number} errors", errors) if errors else Text("no errors"),
                    plural("{number} warning", "{number} warnings", warnings) if warnings else Text("no warnings"),
                ],
            )
        )
    if errors:
        raise SystemExit(ExitCode.WRONG_INPUT)


def _find_problems(container: Container, paths: Sequence[Path]) -> tuple[Problem, ...]:
    """Return the problems of the paths, or of everything that the configuration names if there are none."""
    if not paths:
        loaded = container.definitions.load()
        problems, without = loaded.problems, [] if loaded.definitions else [container.definition_folders]
        problems += (*container.check_settings(loaded), *container.check_record(loaded))
    else:
        problems, without = container.definitions.check(paths), [[path] for path in paths if _has_no_plan(path)]
    if any(problem.severity == "error" for problem in problems):
        return problems  # a plan that is wrong is no missing one
    return (*map(_missing_plan, without), *problems)


def _has_no_plan(path: Path) -> bool:
    """Return whether a folder holds no valid plan; one of calendars is none for plans."""
    return path.is_dir() and path.resolve().name != "calendars" and not DefinitionFiles([path]).load().definitions


def _missing_plan(folders: Sequence[Path]) -> Problem:
    return Problem(
        message=Text("there is no plan: nobody is reminded of anything"),
        code="no-plan",
        severity="warning",
        file=", ".join(map(str, folders)) or None,
        hint=Text("a plan is a TOML file with a table [plan]; `hanchot init DIR` writes one to begin with"),
    )


def _problem_row(problem: dict[str, Any]) -> dict[str, Any]:
    return {key: problem[key] for key in ("severity", "file", "line", "key", "code", "message", "hint")}
