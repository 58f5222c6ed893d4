"""Loads the definition folders as a whole: finds the files that belong together and builds the plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from scheduler import wording
from scheduler.definitions.files import File, find_files, is_calendar, is_folder, parse_file, read_file, real_path
from scheduler.definitions.holidays import read_holiday_file
from scheduler.definitions.plan_parser import read_plan
from scheduler.definitions.problems import ProblemReport
from scheduler.definitions.rosters import Roster, former_ids, read_roster
from scheduler.errors import Problem
from scheduler.plan.model import Plan, SubmissionNotices
from scheduler.ports import Definition, Loaded, RevisionText
from scheduler.texts import Text
from scheduler.toml_lines import Key

DEFAULT_NOTICES: SubmissionNotices = "at once"  # of a plan whose digest names no other setting
LANGUAGES = frozenset(wording.languages())  # mail templates for all of them are shipped


class DefinitionFiles:
    """Loads definitions from folders of TOML files.

    Folders are searched recursively. A plan uses the rosters of its own folder, and the calendar files in all
    `folders` and in the calendar folders `calendars`; of two announcements for one day the first found wins. All plans
    get the same `submission_notices`. `machine` is part of the place that they are from.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        calendars: Sequence[Path] = (),
        languages: Collection[str] = LANGUAGES,
        submission_notices: SubmissionNotices = DEFAULT_NOTICES,
        machine: str = "",
    ) -> None:
        self._folders = tuple(folders)
        self._calendars = tuple(calendars)
        self._languages = languages
        self._submission_notices = submission_notices
        self._machine = machine

    def load(self) -> Loaded:
        """Load all definitions; an invalid one is left out as a whole and explained in `problems`."""
        paths, reports = find_files(self._folders)
        return self._load(paths, reports, self._calendars)

    def load_file(self, path: Path) -> Loaded:
        """Load one file; a plan with the rosters of its folder and with all calendar files.

        Calendar files in a `calendars` folder beside the plan, or one level above, come first.
        """
        file = read_file(path)
        files = [file, *(_rosters_beside(path) if file.kind == "plan" else ())]
        around = [folder / "calendars" for folder in path.absolute().parents[:2]]
        return self._assemble(files, [], [*around, *self._folders, *self._calendars] if file.kind == "plan" else [])

    def check(self, paths: Sequence[Path] = ()) -> tuple[Problem, ...]:
        """Return the problems of these files and folders, or those of all definitions if `paths` is empty."""
        if not paths:
            return self.load().problems
        found = [self._load_folder(path) if is_folder(path) else self.load_file(path) for path in paths]
        return tuple(dict.fromkeys(problem for loaded in found for problem in loaded.problems))

    def _load_folder(self, folder: Path) -> Loaded:
        paths, reports = find_files([folder])
        return self._load(paths, reports, [folder.parent / "calendars", *self._folders, *self._calendars])

    def _load(self, paths: Sequence[Path], reports: Sequence[ProblemReport], calendars: Iterable[Path]) -> Loaded:
        return self._assemble([read_file(path) for path in paths], reports, calendars)

    def assemble(self, files: Sequence[File]) -> Loaded:
        """Return what files hold that were read already, calendars among them."""
        return self._assemble(list(files), [], ())

    def _assemble(self, files: list[File], reports: Sequence[ProblemReport], calendars: Iterable[Path]) -> Loaded:
        known = {real_path(file.path) for file in files}
        others, _ = find_files(folder for folder in calendars if is_folder(folder))
        files += [read_file(path) for path in others if is_calendar(path) and real_path(path) not in known]
        read = dict(self._read(files))
        contested = _find_contested(files)  # after the plans: each of them is sound by itself
        problems = [problem for report in (*reports, *(file.report for file in files)) for problem in report.in_order()]
        return Loaded(
            definitions=tuple(one for file, one in read.items() if file not in contested),
            problems=tuple(problems),
            contested=tuple(one for file, one in read.items() if file in contested),
        )

    def _read(self, files: Sequence[File]) -> Iterator[tuple[Path, Definition]]:
        """Yield the valid plans with their files."""
        _refuse_unknown(files)
        rosters = _read_rosters(files, self._languages)
        calendars = {file.path: read_holiday_file(file) for file in files if file.kind == "calendar"}
        for file in _plans_among(files):
            roster = rosters.get(file.path.parent, Roster())
            plan = read_plan(file, roster, list(calendars.values()), self._languages)
            if plan:
                parts = [file, *roster.files, *(each for each in files if each.path in calendars)]
                yield (
                    file.path,
                    Definition(
                        plan=_configure(plan, self._submission_notices),
                        source=file.text,
                        files={str(each.path): each.raw.decode() for each in parts if each.data is not None},
                        place=f"{self._machine}:{real_path(file.path)}",
                    ),
                )


def rebuild_plan(text: RevisionText) -> Definition | None:
    """Return the definition that a text from the record holds; None if this program makes another revision of it."""
    files = [parse_file(Path(path), content.encode()) for path, content in text.files.items()]
    setting = text.digest.partition(" ")[2] or DEFAULT_NOTICES
    loader = DefinitionFiles((), submission_notices=cast("SubmissionNotices", setting))
    found = [replace(one, place="") for one in loader.assemble(files).definitions if one.plan.digest == text.digest]
    return found[0] if found else None


def _configure(plan: Plan, setting: SubmissionNotices) -> Plan:
    """Return a plan with what the configuration decides; another setting is another revision."""
    digest = plan.digest if setting == plan.submission_notices else f"{plan.digest} {setting}"
    return replace(plan, submission_notices=setting, digest=digest)


def _rosters_beside(path: Path) -> list[File]:
    try:
        beside = sorted(
            other for other in path.parent.glob("[!.]*.toml") if other.is_file() and other.name != path.name
        )
    except OSError:
        return []
    return [file for file in map(read_file, beside) if file.kind == "roster"]


def _read_rosters(files: Iterable[File], languages: Collection[str]) -> dict[Path, Roster]:
    """Return the roster of each folder that has one."""
    folders: dict[Path, list[File]] = {}
    for file in files:
        if file.kind == "roster":
            folders.setdefault(file.path.parent, []).append(file)
    return {folder: read_roster(found, languages) for folder, found in folders.items()}


def _refuse_unknown(files: Iterable[File]) -> None:
    for file in files:
        if file.kind == "unknown" and file.data is not None:
            hint = Text("a plan has [plan], a roster [parties]; a calendar lies in a folder called calendars")
            file.report.error((), Text("neither a plan ([plan]) nor a roster ([parties])"), hint)


def _plans_among(files: Iterable[File]) -> list[File]:
    return [file for file in files if file.kind == "plan" and file.data is not None]


def _find_contested(files: Sequence[File]) -> set[Path]:
    """Report every id that several files claim, in each of them, and return the files of the plans that this concerns.

    No order decides between them: a copy of a file must not take over from it.
    """
    claims: dict[tuple[Key, str], dict[Path, File]] = {}
    for key, id, file in _claims(files):
        claims.setdefault((key, id), {})[file.path] = file
    contested: set[Path] = set()
    for (key, _), claimants in claims.items():
        if len(claimants) > 1:
            _refuse_claims(key, list(claimants.values()))
            contested |= claimants.keys()
    folders = {file.path.parent for file in files if file.kind == "roster" and file.path in contested}
    return contested | {file.path for file in _plans_among(files) if file.path.parent in folders}


def _claims(files: Sequence[File]) -> Iterator[tuple[Key, str, File]]:
    """Yield each id that must be unique among all files, with the key where it stands."""
    for file in _plans_among(files):
        if isinstance(id := file.table("plan").get("id"), str):
            yield ("plan", "id"), id, file
    for file in files:
        for id, party in file.table("parties").items() if file.kind == "roster" else ():
            yield from ((("parties", name), name, file) for name in (id, *former_ids(party)))


def _refuse_claims(key: Key, claimants: Sequence[File]) -> None:
    thing = Text("the plan") if key[0] == "plan" else Text("a party")
    hint = Text("keep one of them below the folders of definitions, or give each an id of its own")
    for file in claimants:
        others = ", ".join(str(other.path) for other in claimants if other is not file)
        file.report.error(
            key,
            Text("is also the id of {thing} in {others}; no file changes what is in force", thing=thing, others=others),
            hint,
            code="contested",
        )
