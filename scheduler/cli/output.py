"""Output of results to standard output, and of progress and problems to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from scheduler.errors import Problem, UserError

_WIDE = 10_000  # columns if the output is not a terminal: one line per row, so that grep works
_FOLDING = frozenset({"title", "subject", "reason", "missing", "note", "seen", "to"})  # wrap in a narrow terminal


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as JSON Lines: one object per line, in UTF-8."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
    """Print rows as a table, or the text `empty` if there are none.

    `columns` maps keys to headings; columns without any content are left out.
    """
    if not rows:
        click.echo(empty)
        return
    columns = {key: heading for key, heading in columns.items() if any(_cell(row.get(key)) for row in rows)}
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for key, heading in columns.items():
        table.add_column(heading, overflow="fold", no_wrap=key not in _FOLDING)
    for row in rows:
        table.add_row(*(Text(_cell(row.get(key))) for key in columns))
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def print_fields(row: Mapping[str, Any], indent: str = "") -> None:
    """Print an object as lines `key: value`, nested objects indented; empty values are left out."""
    for key, value in row.items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, Mapping):
            click.echo(f"{indent}{key}:")
            print_fields(value, indent + "  ")
        elif isinstance(value, list) and isinstance(value[0], Mapping):
            for entry in value:
                click.echo(f"{indent}{key}:")
                print_fields(entry, indent + "  ")
        else:
            click.echo(f"{indent}{key}: {_cell(value)}")


def print_error(error: UserError) -> None:
    """Print every problem of an error with its hint on standard error."""
    for problem in error.problems:
        print_problem(problem)


def print_problem(problem: Problem, *, err: bool = True) -> None:
    """Print one problem, on standard error unless it is the result of the command."""
    code = f" [{problem.code}]" if problem.severity == "warning" else ""
    click.echo(f"{problem.severity}{code}: {problem}", err=err)


def example(line: str) -> str:
    """Return the epilog of a command's help: an example that is not wrapped, so that it can be copied."""
    return f"\b\nExample:\n  {line}"


def short(instant: str | None) -> str:
    """Return an ISO instant without seconds and offset, for tables."""
    return instant[:16].replace("T", " ") if instant else ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)


def with_short_instants(rows: list[dict[str, Any]], *keys: str) -> list[dict[str, Any]]:
    """Return rows for a table, the instants under `keys` without seconds and offset."""
    return [{**row, **{key: short(row[key]) for key in keys}} for row in rows]
