"""The errors a person reads: one base, every problem with its place and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means to a script."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WRONG_INPUT = 3
    NOTHING_MATCHED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: what, where, why and what would be right."""

    message: str
    code: str = "wrong"
    severity: str = "error"
    file: str | None = None
    line: int | None = None
    key: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        head = ": ".join(part for part in (place, self.key, self.message) if part)
        return f"{head}\n    {self.hint}" if self.hint else head


class HanchotError(Exception):
    """Base of every error of this package; `exit_code` is what a command ends with."""

    exit_code = ExitCode.FAILED


class UserError(HanchotError):
    """Something a person can put right; carries every problem found, not only the first."""

    def __init__(
        self,
        problems: Sequence[Problem] | str,
        *,
        hint: str | None = None,
        code: str = "wrong",
        exit_code: ExitCode | None = None,
    ) -> None:
        if isinstance(problems, str):
            problems = [Problem(message=problems, hint=hint, code=code)]
        self.problems = tuple(problems)
        if exit_code is not None:
            self.exit_code = exit_code
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RecordUnavailable(UserError):
    """The record cannot be read or written just now: what was asked may be right, and can be asked again."""


class InvalidInput(UserError):
    """A definition or the configuration is wrong and was refused whole."""

    exit_code = ExitCode.WRONG_INPUT


class NothingMatched(UserError):
    """A plan, milestone, party or other id that does not exist."""

    exit_code = ExitCode.NOTHING_MATCHED

    @classmethod
    def named(cls, what: str, wanted: str, known: Iterable[str]) -> NothingMatched:
        """Return the error for an unknown id, offering the near names."""
        choices = sorted(known)
        return cls(f"unknown {what}: {wanted!r}", hint=near_names(wanted, choices))


def near_names(wanted: str, choices: Sequence[str]) -> str:
    """Return a sentence that offers what the person probably meant."""
    near = get_close_matches(wanted, choices, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    if not choices:
        return "there are none"
    shown = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
    return f"there are: {shown}"
