"""The log of the daemon: one line per event, as text or as JSON, with addresses masked."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from functools import cached_property, partial
from threading import Lock
from typing import Any, Literal

from scheduler.errors import UserError
from scheduler.ports.events import Event
from scheduler.texts import Text
from scheduler.wording import event_name
from scheduler.wording.sentences import translate, word_instant, word_step

LogFormat = Literal["text", "json"]
Values = MutableMapping[str, Any]

_IDS = ("plan", "milestone", "party", "rung", "step")
_LEVELS = dict.fromkeys(("trouble", "refused", "failed"), logging.ERROR) | dict.fromkeys(
    ("missed", "ambiguous", "outage"), logging.WARNING
)
_SEVERITIES: Mapping[str, Text] = {"error": Text("error"), "warning": Text("warning")}
_OUTSIDE = r"\s<>()\[\]{},;:\"'`=|@/\\"
_DAY = r"\d{4}-\d\d-\d\d\b"  # `milestone@2024-05-25` is the id of an occurrence, not an address
_LOCAL_PART = rf"(?<![^{_OUTSIDE}])(?:\"[^\"\n]*\"|[^{_OUTSIDE}]++)"
_ADDRESS = re.compile(rf"{_LOCAL_PART}@(?!{_DAY})(?:\[[^\]\s]*\]|[\w-]+(?:\.[\w-]+)*)")
_TOKEN = re.compile(r"(?<=/)(calendar|p|sign-in)/[A-Za-z0-9_-]{16,}")


class Log:
    """Writes events to standard error.

    A failed write, such as on a full disk, never stops the daemon: lost lines are counted and the number is logged
    as soon as writing works again. Texts are in `language`; JSON is for programs, and in English. Thread-safe.
    """

    def __init__(
        self, log_format: LogFormat, write: Callable[[bytes], None] | None = None, *, language: str = "en"
    ) -> None:
        self._log_format = log_format
        self._language = language if log_format == "text" else "en"
        self._sink = _Sink(write or _write_to_standard_error)
        self._lock = Lock()
        self._lost = 0

    def event(self, event: Event) -> None:
        """Write one line for an event, with its time in the zone of `event.at`.

        The text style leaves out `checked` events.
        """
        if event.name == "checked" and self._log_format == "text":
            return
        ids = {name: id for name in _IDS if (id := getattr(event, name))}
        text = translate(event.text, self._language)
        self._put(_LEVELS.get(event.name, logging.INFO), event.name, at=event.at, text=text, **ids)

    def say(self, text: str, at: datetime, *, level: int = logging.INFO) -> None:
        """Write a note that is not an event."""
        self._put(level, "note", at=at, text=translate(text, self._language))

    def problems(self, error: UserError, at: datetime) -> None:
        """Write every problem of an error with its hint."""
        for problem in error.problems:
            self.say(problem.text, at, level=logging.ERROR if problem.severity == "error" else logging.WARNING)

    def _put(self, level: int, name: str, **values: Any) -> None:
        with self._lock:
            if self._lost and self._logger.error("lost", text=translate(self._describe_lost(), self._language)):
                self._lost = 0
            self._lost += not self._logger.log(level, name, **values)

    def _describe_lost(self) -> Text:
        return Text("{number} lines of this log could not be written", number=self._lost)

    @cached_property
    def _logger(self) -> Any:
        import structlog  # imported here: it takes 40 ms, and most commands log nothing

        as_json = structlog.processors.JSONRenderer(ensure_ascii=False, default=_as_iso)
        render = as_json if self._log_format == "json" else partial(_as_text, self._language)
        steps = [structlog.processors.add_log_level, _mask_values, render]
        return structlog.wrap_logger(self._sink, steps, structlog.make_filtering_bound_logger(logging.NOTSET)).bind()


class _Sink:
    """The logger that structlog wraps; it receives finished lines."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def put(self, line: str) -> bool:
        """Write a line; return whether that succeeded."""
        try:
            self._write(line.encode("utf-8", "backslashreplace") + b"\n")
        except (OSError, ValueError):  # a full disk, a closed pipe, a closed stream
            return False
        return True

    info = warning = error = put  # structlog calls the method named after the level


class Libraries(logging.Handler):
    """Forwards records of libraries, from WARNING on, to the same log, without tracebacks."""

    def __init__(self, say: Callable[[str, int], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one record as the name of its logger and its message."""
        try:
            text = record.getMessage()
        except Exception:  # wrong arguments; the traceback that logging would print is not masked
            text = str(record.msg)
        self._say(f"{record.name}: {text}", logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING)


def choose_format(wanted: str | None, *, is_replay: bool) -> LogFormat:
    """Return the style `wanted`; by default text at a terminal and for a replay, else JSON."""
    if wanted in ("text", "json"):
        return wanted  # type: ignore[return-value]  # the line above narrows it
    return "text" if is_replay or sys.stderr.isatty() else "json"


def mask(text: str) -> str:
    """Return a text with e-mail addresses and the tokens of private URLs masked."""
    return mask_tokens(_ADDRESS.sub("(address)", text))


def mask_tokens(text: str) -> str:
    """Return a text with the tokens of private URLs masked."""
    return _TOKEN.sub(r"\1/(token)", text)


def _mask_values(logger: object, method: str, values: Values) -> Values:
    """Mask every value (a structlog processor)."""
    return {name: mask(value) if isinstance(value, str) else value for name, value in values.items()}


def _as_text(language: str, logger: object, method: str, values: Values) -> str:
    """Return an event as a line for people (a structlog processor after its first argument)."""
    text: str = values["text"]
    if values["event"] in ("note", "lost"):
        severity = translate(_SEVERITIES.get(values["level"], values["level"]), language)
        return text if values["level"] == "info" else f"{severity}: {text}"
    when = translate(word_instant(values["at"]), language)
    about = {**values, "rung": translate(word_step(values.get("rung", "")), language)}
    what = " ".join(about[name] for name in _IDS[1:] if about.get(name))
    return f"{when:<16}  {event_name(values['event'], language)} {what}{'  ' if what else ''}{text}"


def _as_iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _write_to_standard_error(line: bytes) -> None:
    """Write to standard error without Python's buffer.

    If the disk is full, a line would stay in the buffer and block those after it.
    """
    try:
        descriptor = sys.stderr.fileno()
    except io.UnsupportedOperation:  # a file-like object without a descriptor, as in tests
        sys.stderr.write(line.decode())
        return
    while line:
        line = line[os.write(descriptor, line) :]
