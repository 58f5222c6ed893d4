"""Output of results to standard output, and of progress and problems to standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import takewhile
from shutil import get_terminal_size
from textwrap import TextWrapper
from typing import Any, TypeAlias, cast

import click

from scheduler import wording
from scheduler.cli.terminal.language import current_language
from scheduler.errors import Problem, UserError
from scheduler.plan.answers.attendance import AttendanceState
from scheduler.texts import Text, Translatable, Worded
from scheduler.wording.sentences import translate

_NARROW = 80  # columns if the output is not a terminal
_FOLDING = frozenset(  # columns that may wrap; the others identify, and are never cut
    ("title", "subject", "reason", "missing", "note", "seen", "status", "evidence", "date", "next_step", "name", "rung")
)
_LEAST = 14  # columns for what wraps; with less, a row is printed as a paragraph
_INDENT = "    "  # of what stands below the line that identifies a row
_GAP = 3  # columns between two of a table
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z))?")
_MOMENTS = frozenset(  # the keys below which such words are a day or an instant; elsewhere people write what they like
    (
        *("at", "created", "date", "dates", "decided", "due", "expires", "first", "first_loaded", "first_received"),
        *("happened", "last_day", "last_fetched", "late_from", "mailed", "not_before", "noticed", "received"),
        *("received_on", "recorded", "revoked", "said", "sent", "sent_at", "sent_on", "settled", "since", "target"),
        "until",
    )
)
_LABELS: Mapping[str, Callable[[str, str], str]] = {  # of the codes in rows, by key
    "status": wording.status_label,
    "state": wording.state_label,
    "kind": lambda code, language: wording.fact_name(wording.message_name(code, language), language),
    "rung": wording.rung_name,
    "channel": wording.channel_name,
    "fact": wording.fact_name,
    "reply": wording.reply_label,
    "attendance": lambda code, language: wording.attendance_label(cast("AttendanceState", code), language),
    "status_then": wording.status_label,
    "target": wording.format_target,
}

_FIELDS = (  # of objects that are printed key by key
    *("id", "at", "kind", "rung", "plan", "milestone", "party", "due", "state", "reason", "note", "noticed", "settled"),
    *("dates", "date", "last_day", "target", "late_from", "place", "status_then", "facts", "mails", "created", "to"),
    *("not_before", "expires", "subject", "message", "attempts", "reply", "rungs", "happened", "recorded", "by"),
    *("actor", "restates", "silent", "deliverables", "channel", "sent_on", "received_on", "mailed", "files"),
    *("missing", "decision", "group", "parties", "was", "indicator", "value", "of", "address", "until", "undoes"),
    *("letters", "deputy", "people", "from", "name", "folder", "size", "message_id", "sent", "authentication"),
    *("decided", "attachments", "calendar", "proposal"),
)

_CODES: Mapping[str, Collection[str]] = {  # that have no label among the words of mails and pages, by key
    "state": ("ok", "bounced", "paused", "pass", "fail", "none", "unchecked"),
    "role": ("officer", "head", "assistant"),
    "by": ("definition", "mail server", "mailbox", "folder"),
    "authentication": ("pass", "fail", "none", "unchecked"),
    "actor": ("office", "party", "definition", "mail server", "source"),
}

Headings: TypeAlias = Mapping[str, str]  # the patterns of the headings of a table, by the keys of its rows


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text in the reader's language, on standard output or standard error."""
    click.echo(localise(text), err=err)


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as JSON Lines: one object per line, in UTF-8. It is for programs: nothing is translated."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Headings, *, empty: str) -> None:
    """Print rows as a table, or the text `empty` if there are none.

    It is as wide as the terminal, else 80 columns; words wrap, and nothing that identifies is cut. Columns without any
    content are left out.
    """
    if not rows:
        say(empty)
        return
    language = current_language()
    cells = [{key: _cell(key, row.get(key), language) for key in columns} for row in rows]
    shown = [key for key in columns if any(row[key] for row in cells)]
    headings = {key: translate(Text(columns[key]), language) for key in shown}
    width = get_terminal_size().columns if sys.stdout.isatty() else _NARROW
    if _least_width(headings, cells) <= width:
        _print_columns(headings, cells, width)
    else:
        _print_paragraphs(headings, cells, width)


def _least_width(headings: Mapping[str, str], cells: Sequence[Mapping[str, str]]) -> int:
    """Return the columns that a table needs at least."""
    from rich.cells import cell_len

    longest = {key: max(map(cell_len, [headings[key], *(row[key] for row in cells)])) for key in headings}
    needed = (min(length, _LEAST) if key in _FOLDING else length for key, length in longest.items())
    return sum(needed) + _GAP * (len(headings) - 1)


def _print_columns(headings: Mapping[str, str], cells: Sequence[Mapping[str, str]], width: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as RichText

    console = Console(width=width, soft_wrap=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for key, heading in headings.items():
        table.add_column(heading, overflow="fold", no_wrap=key not in _FOLDING)
    for row in cells:
        table.add_row(*(RichText(row[key]) for key in headings))
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _print_paragraphs(headings: Mapping[str, str], cells: Sequence[Mapping[str, str]], width: int) -> None:
    """Print each row as what identifies it, on a line, and below it what else there is, wrapped."""
    heads = list(takewhile(lambda key: key not in _FOLDING, headings)) or list(headings)[:1]
    for row in cells:
        click.echo(_wrap("  ".join(row[key] for key in heads if row[key]), width))
        rest = "; ".join(f"{headings[key]}: {row[key]}" for key in headings if key not in heads and row[key])
        if rest:
            click.echo(_wrap(rest, width, _INDENT))


def _wrap(text: str, width: int, indent: str = "") -> str:
    whole = TextWrapper(width, indent, indent, break_long_words=False, break_on_hyphens=False)
    return whole.fill(text)


def print_fields(row: Mapping[str, Any], indent: str = "") -> None:
    """Print an object as lines `key: value`, nested objects indented; empty values are left out."""
    language = current_language()
    for key, value in row.items():
        if value in (None, "", [], {}):
            continue
        name = translate(Text(key), language)
        if isinstance(value, Mapping):
            click.echo(f"{indent}{name}:")
            print_fields(value, indent + "  ")
        elif isinstance(value, list) and isinstance(value[0], Mapping):
            for entry in value:
                click.echo(f"{indent}{name}:")
                print_fields(entry, indent + "  ")
        else:
            click.echo(f"{indent}{name}: {_cell(key, value, language)}")


def print_error(error: UserError) -> None:
    """Print every problem of an error with its hint on standard error."""
    for problem in error.problems:
        print_problem(problem)


def print_problem(problem: Problem, *, err: bool = True) -> None:
    """Print one problem, on standard error unless it is the result of the command.

    The code of a warning is English, and the message says the same: others read the message alone.
    """
    severity = Text("error") if problem.severity == "error" else Text("warning")
    code = f" [{problem.code}]" if problem.severity == "warning" and current_language() == "en" else ""
    say(severity + f"{code}: " + problem.text, err=err)


def usage_error(text: Text) -> click.UsageError:
    """Return click's error for arguments that do not go together, in the reader's language."""
    return click.UsageError(localise(text))


def localise(text: str) -> str:
    """Return a text in the reader's language."""
    return translate(text, current_language())


def example(line: str) -> str:
    """Return the epilog of a command's help: an example that is not wrapped, so that it can be copied."""
    return f"\b\nExample:\n  {line}"


def short(instant: str | None) -> str:
    """Return an ISO instant without seconds and offset, for tables."""
    return Worded(partial(_spell_instant, instant)) if instant else ""


def word_code(key: str, code: str) -> str:
    """Return a code of rows, such as a state or the name of a rung: itself in English, else its label."""
    return Worded(partial(_label, key, code)) if code else ""


def _label(key: str, code: str, language: str) -> str:
    if language == "en":
        return code
    label = _LABELS[key](code, language) if key in _LABELS else code
    return translate(Text(code), language) if label == code and code in _CODES.get(key, ()) else label


def _spell_instant(instant: str, language: str) -> str:
    if language == "en":
        return instant[:16].replace("T", " ")
    if len(instant) == len("2023-08-10"):
        return wording.format_date(date.fromisoformat(instant), language)
    return wording.format_stamp(datetime.fromisoformat(instant), language)


def _cell(key: str, value: object, language: str) -> str:
    match value:
        case None:
            return ""
        case list():
            return ", ".join(_cell(key, part, language) for part in value)
        case Translatable():
            return translate(value, language)
        case str() if language != "en":
            if key in _MOMENTS and _INSTANT.fullmatch(value):
                return _spell_instant(value, language)
            return _label(key, value, language)
    return str(value)


def with_short_instants(rows: list[dict[str, Any]], *keys: str) -> list[dict[str, Any]]:
    """Return rows for a table, the instants under `keys` without seconds and offset."""
    return [{**row, **{key: short(row[key]) for key in keys}} for row in rows]
