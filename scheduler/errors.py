"""Errors that are shown to people: every problem with its place and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import Literal

from scheduler.texts import Text, join


class ExitCode(IntEnum):
    """The exit status of a command, for scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WRONG_INPUT = 3
    NOTHING_MATCHED = 4


# Why a fact is refused, by a name for which web pages have words in their own language (`refusal` in templates/web).
RefusalCode = Literal[
    "wrong",  # no name: the message itself is shown
    "future",
    "no-documents",
    "not-open",
    "in-doubt",
    "step-gone",
    "no-step",
    "no-day-known",
    "nothing-received",
    "accepted-already",
    "incomplete",
    "clock-ahead",
    "nobody-to-invite",
    "no-invitation",
    "no-deputy",
    "no-people",
    "only-contact",
    "past-day",
    "no-deadline",
    "not-later",
    "not-in-doubt",
    "dated-already",
    "no-contacts",
    "is-undo",
    "from-file",
    "withdrawn-already",
    "retired-already",
    "overtaken",
    "postmark-without-paper",
    "postmark-late",
    "ends-before",
    "one-day",
    "far-day",
    "day",
    "clock",
    "too-long",
    "no-day",
    "no-note",
    "no-reason",
    "no-decision",
    "no-answer",
    "nothing-ticked",
    "no-party",
    "choose-or-none",
    "computed",
    "no-count",
    "more-than-all",
    "one-party",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem: a message, its place (file, line, key), and a hint on how to solve it."""

    message: str
    code: str = "wrong"
    severity: str = "error"
    file: str | None = None
    line: int | None = None
    key: str | None = None
    hint: str | None = None

    @property
    def text(self) -> Text:
        """Return the place and the message, and the hint on a line of its own."""
        head = self.head
        return join("\n    ", [head, self.hint]) if self.hint else head

    @property
    def head(self) -> Text:
        """Return the place and the message."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return join(": ", [part for part in (place, self.key, self.message) if part])

    def __str__(self) -> str:
        return str(self.text)


class HanchotError(Exception):
    """Base of all errors of this package; `exit_code` is the exit status of the command that fails with it."""

    exit_code = ExitCode.FAILED

    @property
    def text(self) -> Text:
        """Return what happened, still to be translated if it is a text."""
        return join("", self.args)


class UserError(HanchotError):
    """An error that a person can solve; it holds every problem found, not only the first."""

    def __init__(
        self,
        problems: Sequence[Problem] | str,
        *,
        hint: str | None = None,
        code: RefusalCode = "wrong",
        exit_code: ExitCode | None = None,
    ) -> None:
        if isinstance(problems, str):
            problems = [Problem(message=problems, hint=hint, code=code)]
        self.problems = tuple(problems)
        if exit_code is not None:
            self.exit_code = exit_code
        super().__init__(str(self.text))

    @property
    def text(self) -> Text:
        """Return every problem with its hint."""
        return join("\n", [problem.text for problem in self.problems])


class RecordUnavailable(UserError):
    """The database cannot be read or written at the moment; the same request may succeed later."""


class RecordReplaced(RecordUnavailable):
    """The database is no longer the one that this process opened; only a new process may use it."""


class ClockNotBelieved(UserError):
    """Nothing is recorded while the machine's clock is ahead and nothing confirms it."""


class EarlierRevision(UserError):
    """A definition is one that was in force before and was replaced by a newer one that lies elsewhere."""


class InvalidInput(UserError):
    """A definition or the configuration is invalid and was refused as a whole."""

    exit_code = ExitCode.WRONG_INPUT


class NoPassword(UserError):
    """A password is missing or cannot be read; only what sends or looks up mail needs one."""


class NothingMatched(UserError):
    """A plan, milestone, party or other id that does not exist."""

    exit_code = ExitCode.NOTHING_MATCHED

    @classmethod
    def named(cls, what: str, wanted: str, known: Iterable[str]) -> NothingMatched:
        """Return the error for an unknown id, with similar known names as its hint."""
        choices = sorted(known)
        return cls(Text("unknown {what}: {wanted!r}", what=what, wanted=wanted), hint=near_names(wanted, choices))


def near_names(wanted: str, choices: Sequence[str]) -> Text:
    """Return a hint that suggests up to three similar names, else lists up to twelve of the choices."""
    near = get_close_matches(wanted, choices, n=3, cutoff=0.5)
    if near:
        return Text("did you mean {names}?", names=join(Text(" or "), near))
    if not choices:
        return Text("there are none")
    return Text("there are: {names}", names=", ".join(choices[:12]) + (", ..." if len(choices) > 12 else ""))
