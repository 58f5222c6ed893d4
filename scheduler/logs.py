"""The daemon's log: one line for each thing that happens, for people or as JSON; never an address."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Literal

from scheduler.engine.events import Event
from scheduler.errors import UserError

Style = Literal["text", "json"]

_LEVELS = {"trouble": "error", "refused": "error", "failed": "error"} | dict.fromkeys(
    ("missed", "ambiguous", "outage"), "warning"
)
_OUTSIDE = r"\s<>()\[\]{},;:\"'`=|@/\\"
_DAY = r"\d{4}-\d\d-\d\d\b"  # milestone@2024-05-25 is an occurrence
_LOCAL_PART = rf"(?<![^{_OUTSIDE}])(?:\"[^\"\n]*\"|[^{_OUTSIDE}]++)"
_ADDRESS = re.compile(rf"{_LOCAL_PART}@(?!{_DAY})(?:\[[^\]\s]*\]|[\w-]+(?:\.[\w-]+)*)")
_TOKEN = re.compile(r"(?<=/)(calendar|p|sign-in)/[A-Za-z0-9_-]{16,}")


class Log:
    """Writes events to standard error; what cannot be written is counted and told later, and stops nothing."""

    def __init__(self, style: Style, write: Callable[[bytes], None] | None = None) -> None:
        self._style = style
        self._write = write or _write_to_standard_error
        self._lock = Lock()
        self._lost = 0

    def event(self, event: Event) -> None:
        """Write one line for one thing that happened, in the zone that its instant comes in."""
        if self._style == "json":
            ids = {name: getattr(event, name) for name in ("plan", "milestone", "party", "rung")}
            known = {name: id for name, id in ids.items() if id}
            self._put(_as_json(event.at, _LEVELS.get(event.word, "info"), event.word, event.text, known))
        elif event.word != "checked":
            self._put(_as_text(event))

    def say(self, text: str, at: datetime, *, level: str = "info") -> None:
        """Write some words that are no event."""
        self._put(_as_json(at, level, "note", text) if self._style == "json" else mask(text))

    def problems(self, error: UserError, at: datetime) -> None:
        """Write every problem of an error with the way out."""
        for problem in error.problems:
            text = str(problem) if self._style == "json" else f"{problem.severity}: {problem}"
            self.say(text, at, level=problem.severity)

    def _put(self, line: str) -> None:
        with self._lock:
            if self._lost:
                self._apologise()
            self._lost += not self._try(line)

    def _apologise(self) -> None:
        text = f"{self._lost} lines of this log could not be written"
        if self._try(json.dumps({"level": "error", "event": "lost", "text": text}) if self._style == "json" else text):
            self._lost = 0

    def _try(self, line: str) -> bool:
        try:
            self._write(line.encode("utf-8", "backslashreplace") + b"\n")
        except (OSError, ValueError):  # a full disk, a reader that went away, a closed stream
            return False
        return True


class Libraries(logging.Handler):
    """Puts what libraries have to say, from warnings on, into the same log; tracebacks stay out."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Say one record by its logger and its message."""
        try:
            self._say(f"{record.name}: {record.getMessage()}")
        except Exception:  # a message that does not fit its arguments
            self.handleError(record)


def choose_style(wanted: str | None, *, is_replay: bool) -> Style:
    """Return the style asked for; else text for people at a terminal and for a replay, and JSON for other programs."""
    if wanted in ("text", "json"):
        return wanted  # type: ignore[return-value]  # one of the two
    return "text" if is_replay or sys.stderr.isatty() else "json"


def mask(text: str) -> str:
    """Return a text without mail addresses and without the tokens of private addresses."""
    return _TOKEN.sub(r"\1/(token)", _ADDRESS.sub("(address)", text))


def _as_text(event: Event) -> str:
    what = " ".join(part for part in (event.milestone, event.party, event.rung) if part)
    return f"{event.at:%Y-%m-%d %H:%M}  {event.word:<9} {what}{'  ' if what else ''}{mask(event.text)}"


def _as_json(at: datetime, level: str, word: str, text: str, ids: Mapping[str, str] | None = None) -> str:
    values = {"at": at.isoformat(timespec="seconds"), "level": level, "event": word, **(ids or {}), "text": mask(text)}
    return json.dumps(values, ensure_ascii=False)


def _write_to_standard_error(line: bytes) -> None:
    """Write past Python's buffer: there a line that does not fit on the disk would stay in the way of the next."""
    try:
        descriptor = sys.stderr.fileno()
    except io.UnsupportedOperation:  # no file, only something like one
        sys.stderr.write(line.decode())
        return
    while line:
        line = line[os.write(descriptor, line) :]
