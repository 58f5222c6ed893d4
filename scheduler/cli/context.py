"""What all commands share: the configuration, the container, and common options and parameter types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from scheduler.bootstrap import Container, find_settings, has_settings, pick, shipped_settings
from scheduler.cli.terminal.output import localise
from scheduler.clock import SystemClock
from scheduler.config import Settings
from scheduler.documents.file_kinds import HEAD, KINDS, find_kind
from scheduler.errors import ExitCode, InvalidInput, NothingMatched, UserError
from scheduler.log import Log
from scheduler.plan.commands import Command, Retire
from scheduler.plan.dates.due_dates import FIRST_YEAR, LAST_YEAR, to_instant
from scheduler.plan.facts import Fact, Retired
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Document, Loaded, RungRow
from scheduler.queries.agendas import view_agenda
from scheduler.services.apply_revision import take
from scheduler.services.fact_checks import find_obligation
from scheduler.services.record_facts import Recorded, execute, rehearse
from scheduler.services.retire_plan import retire_absent
from scheduler.texts import Text

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """One run of one command; what it records has one instant, `now` (UTC)."""

    def __init__(self, config: Path | None, language: str) -> None:
        self._config = config
        self._settings: Settings | None = None
        self.now = SystemClock().now()
        self.language = language
        self.log = Log("text", language=language)

    @cached_property
    def container(self) -> Container:
        """Return the container for the configuration."""
        settings = self._settings or find_settings(self._config)
        return Container(settings=settings, clock=SystemClock(), report=self.log.event)

    def use_shipped(self, *workflows: Path) -> None:
        """Use the shipped configuration with definitions from these folders, whatever lies in the current one."""
        self._settings = shipped_settings(*workflows)

    def use_shipped_by_default(self) -> None:
        """Use the shipped configuration if there is no other: for files that are named one by one."""
        if not has_settings(self._config):
            self.use_shipped()

    @cached_property
    def loaded(self) -> Loaded:
        """Return the definitions loaded from the files, with their problems."""
        return self.container.load()

    @property
    def today(self) -> date:
        """Return the current day in the machine's time zone."""
        return self.now.astimezone().date()

    def plan(self, id: str) -> Plan:
        """Return a plan by its id.

        Raises: NothingMatched if there is none, InvalidInput if no definition is valid.
        """
        return pick(self.loaded, id).plan

    def plans(self, id: str | None, party: str | None = None, milestone: str | None = None) -> list[Plan]:
        """Return the requested plan, or all plans.

        Raises: NothingMatched with similar names for an unknown plan, party or milestone.
        """
        found = [self.plan(id)] if id is not None else [d.plan for d in self.loaded.definitions]
        _expect_names(found, party, milestone)
        return found

    def raise_problems(self) -> None:
        """Raise `InvalidInput` with every error of the definitions, if any, because the output is incomplete then."""
        errors = [problem for problem in self.loaded.problems if problem.severity == "error"]
        if errors:
            raise InvalidInput(errors)

    def zones(self, plan: str) -> ZoneInfo:
        """Return the time zone of a plan; UTC if the plan is no longer loaded."""
        return next((d.plan.zone for d in self.loaded.definitions if d.plan.id == plan), ZoneInfo("UTC"))

    @property
    def local_zone(self) -> tzinfo | None:
        """Return the time zone of the first plan, as on the board; None, that of the machine, if there is no plan."""
        return next((definition.plan.zone for definition in self.loaded.definitions), None)

    def keep_files(self, paths: Sequence[Path]) -> list[Document]:
        """Copy files into the data folder; return what the record keeps of each.

        Raises: UserError for a path that is no file, or a file of a kind that is not kept.
        """
        return [self._keep_file(path) for path in paths]

    def _keep_file(self, path: Path) -> Document:
        if not path.is_file():
            raise UserError(Text("there is no file {path}", path=path), hint=Text("check --file"))
        with path.open("rb") as stream:
            kind = find_kind(stream.read(HEAD))
            if kind is None:
                known = ", ".join(suffix for each in KINDS for suffix in each.suffixes)
                raise UserError(
                    Text("{path} is no file of a kind that is kept", path=path),
                    hint=Text("these are: {known}", known=known),
                )
            stream.seek(0)
            draft = self.container.blob_store(SystemClock()).add(stream)
        return Document(name=path.name, kind=kind.type, size=draft.size, digest=draft.digest)

    def find_step(self, plan: str, milestone: str, party: str, name: str | None) -> RungRow:
        """Return the step of an obligation with a name, the next one if several have it; without one the next reminder.

        Raises: NothingMatched if there is none.
        """
        with self.container.store() as store:
            take(store, pick(self.loaded, plan), self.now)
            with store.reading() as view:
                rows = view.rungs.of_party(plan, party, milestone)
                if not rows:
                    find_obligation(view_agenda(view, self.plan(plan), self.now), milestone, party)
        steps = [row for row in rows if not is_notice(row.kind)]
        ahead = [row for row in steps if row.state == "planned"]
        if name is None:
            reminders = [row for row in ahead if row.kind != "escalation"]
            if not reminders:
                words = Text("no step of {milestone} of {party} lies ahead", milestone=milestone, party=party)
                raise NothingMatched(words)
            return reminders[0]
        number = read_number(name, "r") if name.startswith("r") else None
        found = next((row for row in (*ahead, *steps) if row.name == name or row.id == number), None)
        if found is None:
            of = Text("step of {milestone} of {party}", milestone=milestone, party=party)
            raise NothingMatched.named(of, name, {row.name for row in ahead})
        return found

    def execute(
        self, plan: Plan, commands: Sequence[Command], *, notify: bool = True, documents: Sequence[Document] = ()
    ) -> Recorded:
        """Carry out the commands of one request about a plan, with the files that came with it, and commit."""
        with self.container.store() as store:
            services, definition = self.container.services(store), pick(self.loaded, plan.id)
            return execute(services, definition, commands, notify=notify, documents=documents)

    def rehearse(self, plan: Plan, commands: Sequence[Command]) -> None:
        """Raise what `execute` would raise; nothing is recorded."""
        with self.container.store() as store:
            rehearse(self.container.services(store), pick(self.loaded, plan.id), commands)

    def retire_absent(self, plan: str, command: Retire) -> tuple[Retired, int]:
        """End a plan whose definition is not loaded; return the fact and how many steps were cancelled. It commits.

        Raises: NothingMatched if the record does not know it, UserError if it was retired before.
        """
        with self.container.store() as store:
            return retire_absent(self.container.services(store), plan, command, ZoneInfo("UTC"))

    def find_fact(self, id: str) -> Fact:
        """Return a recorded fact by its id (`f12`).

        Raises: NothingMatched if there is none.
        """
        number = read_number(id, "f")
        with self.container.store() as store, store.reading() as view:
            found = view.facts.get(number) if number is not None else None
        if found is None:
            raise NothingMatched(
                Text("there is no fact {id}", id=id), hint=Text("`hanchot status --format json` and `why` name them")
            )
        return found

    def unknown(self, plan: str) -> list[Obligation]:
        """Return the obligations in doubt; not those to attend, of which nothing is received.

        Their last day was past when the plan was first loaded or the party came into it. This first loads the plan
        into the record if necessary, and commits.
        """
        definition = pick(self.loaded, plan)
        with self.container.store() as store:
            self.container.services(store).require_right_clock()
            take(store, definition, self.now)
            with store.reading() as view:
                return [
                    o for o in view_agenda(view, definition.plan, self.now).obligations if o.unknown and not o.attends
                ]


def _expect_names(plans: Sequence[Plan], party: str | None, milestone: str | None) -> None:
    parties = {id for plan in plans for id in plan.parties}
    if party is not None and party not in parties:
        raise NothingMatched.named(Text("party"), party, parties)
    milestones = {each.id for plan in plans for each in plan.milestones}
    if milestone is not None and Occurrence.of(milestone).milestone not in milestones:
        raise NothingMatched.named(Text("milestone"), milestone, milestones)


def format_option(command: F) -> F:
    """Add `--format text|json`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to print.",
    )(command)


class Day(click.ParamType[date]):
    """A parameter that is a day: 2023-08-10."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day; anything else is a usage error."""
        try:
            return _sensible(value if isinstance(value, date) else date.fromisoformat(value))
        except ValueError:
            self.fail(localise(Text("{value!r} is not a day; write it like 2023-08-10", value=value)), param, ctx)


class NeededText(click.ParamType[str]):
    """A parameter that is a text and not empty."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text without blanks around it; an empty one is a usage error."""
        if not (text := str(value).strip()):
            self.fail(localise(Text("the text is empty")), param, ctx)
        return text


class Moment(click.ParamType[date | datetime]):
    """A parameter that is a day, with or without a local time: 2023-06-08T08:00."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """Return the day or local time; anything else is a usage error."""
        try:
            if isinstance(value, date):
                return _sensible(value)
            return _sensible((datetime if "T" in value or " " in value else date).fromisoformat(value))
        except ValueError:
            self.fail(
                localise(Text("{value!r} is no date; write it like 2023-06-08 or 2023-06-08T08:00", value=value)),
                param,
                ctx,
            )


class WholeNumber(click.ParamType[int]):
    """A parameter that is a whole number, not below the least and not above the most."""

    name = "number"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; anything else is a usage error."""
        try:
            if self._least <= (number := int(value)) <= (self._most or math.inf):
                return number
        except ValueError:
            pass  # said below, with the bounds
        words = Text("{value!r} is not a whole number of at least {least}", value=value, least=self._least)
        if self._most is not None:
            bounds = {"least": self._least, "most": self._most}
            words = Text("{value!r} is not a whole number from {least} to {most}", value=value, **bounds)
        raise click.BadParameter(localise(words), ctx, param)


D = TypeVar("D", date, datetime)


def _sensible(moment: D) -> D:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"the year {moment.year}")
    return moment


def read_number(id: str, prefix: str) -> int | None:
    """Return the number in an id such as m5, whose prefix may be left out; None for any other text."""
    match = re.fullmatch(rf"{prefix}?(\d{{1,18}})", id, re.ASCII)
    return int(match[1]) if match else None


def in_zone(moment: date | datetime, plan: Plan) -> datetime:
    """Return a typed moment as a UTC instant; without an offset it is local to the plan.

    Raises: UserError if it has no time of day.
    """
    if not isinstance(moment, datetime):
        hint = Text("write it like 2023-06-08T08:00")
        raise UserError(Text("{moment} has no time of day", moment=moment), hint=hint, exit_code=ExitCode.USAGE)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return to_instant(moment.date(), moment.time(), plan.zone)
