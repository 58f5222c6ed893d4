"""Finds and reads the TOML files of a folder; an unreadable file is reported, never skipped silently."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scheduler.definitions.problems import ProblemReport, shown
from scheduler.errors import near_names
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.toml_lines import Key
from scheduler.validation import describe_syntax

FileKind = Literal["plan", "roster", "calendar", "scenario", "unknown"]

LARGEST = 5_000_000  # bytes; a hundred times the size of the longest plan known


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One definition file; `data` is None if it could not be read, and `report` says why."""

    path: Path
    kind: FileKind
    report: ProblemReport
    raw: bytes = b""
    text: str = ""
    data: dict[str, Any] | None = None

    def rows(self, name: str) -> Iterator[tuple[Key, dict[str, Any]]]:
        """Yield the tables of a list of tables with their keys; report every element that is not a table."""
        rows = (self.data or {}).get(name, [])
        if not isinstance(rows, list):
            self.report.error(
                (name,), Text("must be a list of tables"), Text("write [[{name}]] before each of them", name=name)
            )
            return
        for index, row in enumerate(rows):
            if isinstance(row, dict):
                yield (name, index), row
            else:
                self.report.error((name, index), Text("must be a table, not {value}", value=shown(row)))

    def table(self, name: str) -> dict[str, Any]:
        """Return a table of the file, empty if it is missing; report a value that is not a table."""
        table = (self.data or {}).get(name, {})
        if isinstance(table, dict):
            return table
        self.report.error((name,), Text("must be a table"), Text("write [{name}] on a line of its own", name=name))
        return {}

    def expect_keys(self, *known: str) -> None:
        """Report every top-level key of the file that is not one of these."""
        for key in self.data or {}:
            if key not in known:
                self.report.error((key,), Text("unknown key"), near_names(key, known), code="unknown-key")


def find_files(folders: Iterable[Path]) -> tuple[list[Path], list[ProblemReport]]:
    """Return the TOML files below the folders, each once, and reports on folders that could not be read.

    Names that begin with a dot are ignored; links are followed.
    """
    found: dict[Path, Path] = {}
    reports: list[ProblemReport] = []
    for folder in folders:
        for path in _below(folder, frozenset(), reports):
            found.setdefault(real_path(path), path)
    return list(found.values()), reports


def is_calendar(path: Path) -> bool:
    """Return whether a file lies in a folder named `calendars`."""
    return path.absolute().parent.name == "calendars"


def is_folder(path: Path) -> bool:
    """Return whether the path is a folder; False if it cannot be accessed."""
    try:
        return path.is_dir()
    except OSError:
        return False


def real_path(path: Path) -> Path:
    """Return a path with its links resolved, or the absolute path if that fails."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a link that points to itself
        return path.absolute()


def read_file(path: Path) -> File:
    """Return a definition file with its kind; problems with reading it are in its report."""
    try:
        raw = _bytes(path)
    except (OSError, _Unfit) as error:
        report = ProblemReport(str(path))
        report.error((), _reason(error), code="unreadable")
        return File(path=path, kind=_kind(path, {}), report=report)
    return parse_file(path, raw)


def parse_file(path: Path, raw: bytes) -> File:
    """Return a definition file of which the bytes are known, like `read_file`."""
    report = ProblemReport(str(path))
    try:
        text = raw.decode("utf-8-sig")  # Windows editors write a byte order mark
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        message = Text("is not UTF-8 text (byte {start})", start=error.start)
        report.error((), message, Text("save it with the encoding UTF-8"), code="unreadable")
    except (ValueError, RecursionError) as error:
        _report_syntax(report, text, str(error))
    else:
        return File(
            path=path, kind=_kind(path, data), report=ProblemReport(str(path), text), raw=raw, text=text, data=data
        )
    guess = {"parties": None} if re.search(rb"^\s*\[parties\b", raw, re.MULTILINE) else {}
    return File(path=path, kind=_kind(path, guess), report=report, raw=raw)


class _Unfit(Exception):
    pass


def _below(folder: Path, above: frozenset[Path], reports: list[ProblemReport]) -> Iterator[Path]:
    real = real_path(folder)
    if real in above:
        _refuse(reports, folder, Text("is a link back into a folder around it"), Text("remove the link"))
        return
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        hint = Text("name an existing folder") if isinstance(error, FileNotFoundError) else None
        _refuse(reports, folder, _reason(error), hint)
        return
    for entry in entries:
        if is_folder(entry):
            yield from _below(entry, above | {real}, reports)
        elif entry.suffix == ".toml":
            yield entry


def _refuse(reports: list[ProblemReport], folder: Path, message: str, hint: str | None) -> None:
    report = ProblemReport(str(folder))
    report.error((), message, hint, code="unreadable")
    reports.append(report)


def _bytes(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would block for ever
        raise _Unfit(Text("is not a file"))
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise _Unfit(Text("is larger than {value} MB", value=LARGEST // 1000000))
    return raw


def _reason(error: Exception) -> str:
    return Text("cannot be read: {value}", value=word_system(error))


def _kind(path: Path, data: Mapping[str, Any]) -> FileKind:
    if is_calendar(path):
        return "calendar"
    if "plan" in data:
        return "plan"
    if "parties" in data:
        return "roster"
    return "scenario" if data and data.keys() <= {"facts", "outages"} else "unknown"


def _report_syntax(report: ProblemReport, text: str, words: str) -> None:
    rows = text.split("\n")
    match = re.search(r"\(at line (\d+)", words)
    line = int(match[1]) if match else len(rows)
    row = rows[min(line, len(rows)) - 1].strip()
    report.syntax(
        line,
        Text("is not valid TOML: {words}", words=describe_syntax(words, row)),
        Text("line {line} reads: {words}", line=line, words=row),
    )
