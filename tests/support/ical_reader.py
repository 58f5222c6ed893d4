"""Calendars read by hand, line by line: a library would forgive too much."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ESCAPES = {"\\n": "\n", "\\N": "\n", "\\,": ",", "\\;": ";", "\\\\": "\\"}


@dataclass(frozen=True)
class Component:
    """A component: its lines by name, with their parameters (`DTSTART;VALUE=DATE`), and its parts."""

    kind: str
    lines: tuple[tuple[str, str], ...]
    parts: tuple[Component, ...]

    def __getitem__(self, name: str) -> str:
        """Return the one value of a property, whatever its parameters."""
        [value] = [value for line, value in self.lines if line.partition(";")[0] == name]
        return value

    def __contains__(self, name: str) -> bool:
        return any(line.partition(";")[0] == name for line, _ in self.lines)

    def get(self, name: str) -> str | None:
        """Return the one value of a property, None if it is not there."""
        return self[name] if name in self else None  # noqa: SIM401 - this is that `get`

    def line(self, name: str) -> str:
        """Return the one line of a property as it is written."""
        [line] = [f"{line}:{value}" for line, value in self.lines if line.partition(";")[0] == name]
        return line

    def text(self, name: str) -> str:
        """Return a text without its escapes."""
        return re.sub(r"\\.", lambda found: _ESCAPES[found[0]], self[name])

    def of(self, kind: str) -> list[Component]:
        """Return the parts of a kind."""
        return [part for part in self.parts if part.kind == kind]


def parse(data: bytes) -> Component:
    """Return a calendar; anything that is not exactly as RFC 5545 has it is an assertion."""
    text = data.decode("utf-8")
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    found, rest = _component(lines)
    assert rest == []
    return found


def _component(lines: list[str]) -> tuple[Component, list[str]]:
    kind = lines[0].removeprefix("BEGIN:")
    own: list[tuple[str, str]] = []
    parts: list[Component] = []
    rest = lines[1:]
    while rest[0] != f"END:{kind}":
        if rest[0].startswith("BEGIN:"):
            part, rest = _component(rest)
            parts.append(part)
        else:
            name, colon, value = rest[0].partition(":")
            assert colon
            assert re.fullmatch(r"[A-Z-]+(;[A-Z-]+=[\w/+-]+)*", name)
            own.append((name, value))
            rest = rest[1:]
    return Component(kind, tuple(own), tuple(parts)), rest[1:]


def events(data: bytes) -> list[Component]:
    """Return the events of a calendar in order."""
    return parse(data).of("VEVENT")


def the_event(data: bytes) -> Component:
    """Return the only event of a calendar."""
    [event] = events(data)
    return event


def by_uid(data: bytes) -> Mapping[str, Component]:
    """Return events and tasks by their uid."""
    return {part["UID"]: part for part in parse(data).parts if part.kind in ("VEVENT", "VTODO")}


def summaries(data: bytes) -> list[str]:
    """Return how the events are called, in order."""
    return [event.text("SUMMARY") for event in events(data)]
