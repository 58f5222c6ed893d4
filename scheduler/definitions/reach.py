"""Warnings about a plan that reaches nobody, or that sets itself what cannot be reached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scheduler.definitions.files import File
from scheduler.definitions.problems import ProblemReport
from scheduler.plan.model import Group, Ladder, Milestone
from scheduler.texts import Text
from scheduler.toml_lines import Key

_PERCENT = re.compile(r"(\d+)%")
_SHOWN = 3  # milestones that a warning names


def advise_reach(file: File, groups: Mapping[str, Group], milestones: Sequence[tuple[Key, Milestone]]) -> None:
    """Report everything in a plan because of which nobody is reminded."""
    report = file.report
    if not (file.data or {}).get("milestones"):
        message, hint = (
            Text("has no milestone: nobody is reminded of anything"),
            Text("write a table [[milestones]] for each duty"),
        )
        report.warn("no-milestones", ("plan",), message, hint)
    _advise_groups(report, groups, [milestone for _, milestone in milestones])
    for key, row in file.rows("milestones"):
        _advise_lists(report, key, row)
    _advise_ladders(file, milestones)
    _advise_targets(file)


def _advise_groups(report: ProblemReport, groups: Mapping[str, Group], milestones: Sequence[Milestone]) -> None:
    for id, ids in _missed(groups, milestones).items():
        hint = Text('name its parties, or who chooses them: {{ chosen_by = "lead", after = "MILESTONE" }}')
        report.warn(
            "empty-group", ("groups", id), Text("is empty: {loss}", loss=_loss(id, list(dict.fromkeys(ids)))), hint
        )
    for id, group in groups.items():
        if group.chosen_by == id:
            message, hint = (
                Text("is chosen by itself: nobody is asked to choose it"),
                Text("name another group or a party"),
            )
            report.warn("chosen-by-itself", ("groups", id, "chosen_by"), message, hint)


def _missed(groups: Mapping[str, Group], milestones: Sequence[Milestone]) -> dict[str, list[str]]:
    """Return the empty groups that leave somebody's place empty, with the milestones that this concerns.

    An empty group beside others that are filled is normal: a plan may name deputies before there are any.
    """
    empty = {id for id, group in groups.items() if not group.parties and not group.chosen_by}
    missed: dict[str, list[str]] = {"lead": []} if "lead" in empty else {}
    for milestone in milestones:
        for names in _places(milestone):
            for name in names if empty.issuperset(names) else ():
                missed.setdefault(name, []).append(milestone.id)
    return missed


def _places(milestone: Milestone) -> Iterator[Sequence[str]]:
    """Yield the names of those who act, who come, and who are told what is missing."""
    yield milestone.owners
    yield milestone.attendees
    yield from ([each.to] for each in milestone.ladder.escalate)


def _loss(group: str, milestones: Sequence[str]) -> str:
    if group == "lead":
        return Text("nobody is told who is missing, and nobody gets the digest")
    names = ", ".join(f'"{id}"' for id in milestones[:_SHOWN]) + (", ..." if len(milestones) > _SHOWN else "")
    return Text("nobody gets its mails about {names}", names=names)


def _advise_lists(report: ProblemReport, key: Key, row: Mapping[str, object]) -> None:
    """Report lists of a milestone that are written and empty, and an event to which nobody is invited."""
    owner = "organiser" if row.get("kind") == "event" else "responsible"
    if row.get(owner) == []:
        report.warn(
            "empty-list", (*key, owner), Text("is empty: nobody is asked to act"), Text("name a group or a party")
        )
    if row.get("channels") == []:
        hint = Text("name the ways it is to be sent, or leave the key out if every way is right")
        report.warn("empty-list", (*key, "channels"), Text("is empty: nobody learns how it is to be sent"), hint)
    if row.get("kind") == "event" and not row.get("attendees"):
        message, hint = (
            Text('nobody is invited to "{id}"', id=row.get("id")),
            Text("name those who come in `attendees`; guests get no mail"),
        )
        report.warn("no-attendees", (*key, "attendees"), message, hint)


def _advise_ladders(file: File, milestones: Sequence[tuple[Key, Milestone]]) -> None:
    """Report deadlines without a step, at the ladder that leaves them without: their own or the plan's."""
    rows = dict(file.rows("milestones"))
    for key, milestone in milestones:
        if milestone.kind == "deadline" and _is_empty(milestone.ladder):
            place: Key = (*key, "ladder") if rows[key].get("ladder") else ("ladder",)
            hint = Text("give it one of `before`, `on_named_day` and `overdue`")
            file.report.warn("empty-ladder", place, Text("has no step: whoever owes something is never reminded"), hint)


def _is_empty(ladder: Ladder) -> bool:
    return not ladder.before and not ladder.on_named_day and ladder.overdue is None


def _advise_targets(file: File) -> None:
    """Report shares of more than everybody; what a person counts may exceed what was planned."""
    for key, row in file.rows("indicators"):
        measure, target = row.get("measure"), str(row.get("target"))
        milestone = measure.get("milestone") if isinstance(measure, dict) else None
        if milestone is not None and any(int(each) > 100 for each in _PERCENT.findall(target)):
            message = Text(
                '"{target}" of those who owe "{milestone}" is more than all of them', target=target, milestone=milestone
            )
            file.report.warn("target-over-all", (*key, "target"), message, Text('all of them is "100%"'))
