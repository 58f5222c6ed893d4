"""Collects the problems of one file, as sentences that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from scheduler.errors import Problem, near_names
from scheduler.texts import Text
from scheduler.toml_lines import Key, find_lines, line_of, spell
from scheduler.validation import describe_wanted

S = TypeVar("S", bound=BaseModel)


class InvalidValue(ValueError):
    """An invalid value; `hint` says what would be valid."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def shown(value: object) -> str:
    """Return a value as it is written in a definition file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


class ProblemReport:
    """The problems of one file, without duplicates."""

    def __init__(self, file: str, text: str = "") -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._text = text

    @property
    def sound(self) -> bool:
        """Return whether no error was reported; warnings are allowed."""
        return all(problem.severity != "error" for problem in self.problems)

    @cached_property
    def _lines(self) -> Mapping[Key, int]:
        return find_lines(self._text)

    def error(self, key: Key, message: str, hint: str | None = None, *, code: str = "wrong") -> None:
        """Report an error: it makes the definition unusable."""
        self._add("error", code, key, message, hint)

    def warn(self, code: str, key: Key, message: str, hint: str) -> None:
        """Report a warning: a person should know of it and may accept it."""
        self._add("warning", code, key, message, hint)

    def syntax(self, line: int, message: str, hint: str) -> None:
        """Report the line at which the text is not valid TOML."""
        self.problems.append(Problem(message=message, code="syntax", file=self.file, line=line, hint=hint))

    def fit(self, shape: type[S], raw: object, key: Key) -> S | None:
        """Return `raw` validated as `shape`; if it is invalid, report every problem and return None."""
        try:
            return shape.model_validate(raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._misfit(shape, raw, key, detail)
            return None

    def in_order(self) -> list[Problem]:
        """Return the problems in the order of their lines; those without a line come first."""
        return sorted(self.problems, key=lambda problem: problem.line or 0)

    def _add(self, severity: str, code: str, key: Key, message: str, hint: str | None) -> None:
        problem = Problem(
            message=message,
            code=code,
            severity=severity,
            file=self.file,
            line=line_of(self._lines, key),
            key=spell(key) or None,
            hint=hint,
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def _misfit(self, shape: type[BaseModel], raw: object, key: Key, detail: Any) -> None:
        inner = _as_written(raw, detail["loc"])
        if detail["type"] == "extra_forbidden":
            hint = near_names(str(inner[-1]), _keys(shape, inner[:-1]))
            self.error(key + inner, Text("unknown key"), hint, code="unknown-key")
        elif detail["type"] == "missing":
            missing = str(detail["loc"][-1])
            self.error(
                (*key, *inner, missing),
                Text("the required key `{missing}` is missing", missing=missing),
                code="missing-key",
            )
        else:
            self.error(key + inner, *_sentence(detail))


def _as_written(raw: object, loc: Iterable[str | int]) -> Key:
    """Return the leading part of a pydantic location that exists in the file.

    Pydantic adds parts of its own, such as the branch of a union.
    """
    key: Key = ()
    for part in loc:
        if (isinstance(raw, dict) and part in raw) or (isinstance(raw, list) and isinstance(part, int)):
            raw = raw[part]  # type: ignore[index]
            key = (*key, part)
        else:
            break
    return key


def _keys(shape: type[BaseModel], inside: Key) -> Sequence[str]:
    """Return the keys that the table at `inside` may have."""
    for part in inside:
        if isinstance(part, str):
            field = next((f for name, f in shape.model_fields.items() if part in (name, f.alias)), None)
            shape = _shape_in(field.annotation if field else None) or shape
    return sorted(field.alias or name for name, field in shape.model_fields.items())


def _shape_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _shape_in(inner))), None)


_HINTS = {  # how that is written which a value must be
    "list_type": Text("write it in square brackets: [ ... ]"),
    "model_type": Text("write it in curly brackets: {{ key = value }}"),
}


def _sentence(detail: Any) -> tuple[str, str | None]:
    """Return what is wrong in the words of these files, with a hint if there is one."""
    mistake, context, got = detail["type"], detail.get("ctx", {}), detail.get("input")
    if mistake == "value_error":
        error = context["error"]
        return getattr(error, "message", str(error)), getattr(error, "hint", None)
    wanted = describe_wanted(mistake, context)
    if wanted is None:
        return str(detail["msg"]), None
    is_quoted = mistake in ("bool_type", "int_type") and isinstance(got, str)
    hint = Text("write it without quotes") if is_quoted else _HINTS.get(mistake)
    return Text("must be {what}, not {got}", what=wanted, got=shown(got)), hint
