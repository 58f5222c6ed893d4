"""Plan definitions as they are loaded, and status checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from scheduler.errors import Problem
from scheduler.plan.commands import Command
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports.access import Document
from scheduler.texts import Text

NO_FILES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One loaded plan, with the text of its file.

    `files` are the texts of all files that it was made from, by path. `place` names the machine and the file that it
    was read from; it is empty for one that was read from the record.
    """

    plan: Plan
    source: str
    files: Mapping[str, str] = field(default_factory=lambda: NO_FILES)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The result of loading the definition files: the valid plans, and every problem that was found.

    `contested` are valid plans that claim an id, of the plan or of a party, that another file claims, too. Each of the
    files has an error with the code `contested`.
    """

    definitions: tuple[Definition, ...]
    problems: tuple[Problem, ...]
    contested: tuple[Definition, ...] = ()

    def settle(self, in_force: Mapping[str, str]) -> Loaded:
        """Return this with the contested plans that are in force, word for word, among the definitions.

        `in_force` holds the digests by plan id. The errors then say which file stays in force.
        """
        kept = {one.plan.id: one for one in reversed(self.contested) if in_force.get(one.plan.id) == one.plan.digest}
        files = {one.plan.file for one in kept.values()}
        problems = []
        for problem in self.problems:
            if kept and problem.code == "contested":
                which = Text("this one") if problem.file in files else Text("what was in force")
                problem = replace(
                    problem, message=Text("{message}; {which} stays in force", message=problem.message, which=which)
                )
            problems.append(problem)
        return Loaded(definitions=(*self.definitions, *kept.values()), problems=tuple(problems))


class Definitions(Protocol):
    """The source of plan definitions."""

    def load(self) -> Loaded:
        """Load all definitions; an invalid one is left out as a whole and explained in `problems`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionText:
    """The text of a revision in the record: that of its plan file, and of all files that it was made from, by path."""

    digest: str
    source: str
    files: Mapping[str, str]


RebuildPlan = Callable[[RevisionText], Definition | None]  # None if this program makes another revision of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one status check found out about one obligation; `seen` is the text to show.

    `commands` record what it proves, such as a submission that lies in a folder; they are carried out in order. Each
    has an `idempotency_key` of its own that stays the same for as long as the source shows the same, so that every
    check may prove it again. Keys need to differ within the finding only. `documents` are the files of the first
    command, whose bytes are kept already. `is_blind` says that the source could not see this obligation; `seen` says
    why.
    """

    milestone: str
    party: str
    source: str
    seen: str
    commands: tuple[Command, ...] = ()
    documents: tuple[Document, ...] = ()
    is_blind: bool = False

    def __post_init__(self) -> None:
        """Refuse a command that the next check would carry out once more, or that would count as another one."""
        keys = {command.idempotency_key for command in self.commands}
        if "" in keys or len(keys) < len(self.commands):
            raise ValueError(f"the source {self.source} gives a command without an idempotency key of its own")


class Checker(Protocol):
    """A status check: finds out whether open obligations have been answered. Source `manual` reads only the record."""

    @property
    def source(self) -> str:
        """Return the name of the source, as `[checks] sources` has it."""

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return one finding for each open obligation, in the order given.

        Raises `UserError` if the source cannot be looked at.
        """
