"""Checks the references within a plan.

The checks use the raw data of the file and not the validated shapes, so that one mistake gives one problem.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from scheduler.definitions.files import File
from scheduler.definitions.problems import ProblemReport
from scheduler.definitions.rosters import Roster, check_contacts, check_former_ids, find_cycles
from scheduler.definitions.schema import FORMS, LadderShape
from scheduler.errors import near_names
from scheduler.texts import Text, pattern
from scheduler.toml_lines import Key

_OWNERS = {"deadline": "responsible", "event": "organiser"}


_Role = Literal["mailed", "recipient", "member"]


class _Mention(NamedTuple):
    """A place that names a party or a group, and what it makes of them.

    Who is `mailed` must not be external, a `recipient` of documents may be; a `member` of a group is a party.
    """

    key: Key
    name: str
    role: _Role


_ROLES: Mapping[str, _Role] = {
    "responsible": "mailed",
    "organiser": "mailed",
    "attendees": "mailed",
    "report_to": "recipient",
    "guests": "recipient",
}


def check_plan(file: File, roster: Roster) -> bool:
    """Report every inconsistency within a plan; return whether all parties that get mail have a contact."""
    _check_milestones(file)
    _check_duplicates(file.report, [((*key, "id"), row.get("id")) for key, row in file.rows("indicators")])
    _check_milestone_names(file)
    _check_circles(file)
    mailed = _check_party_names(file, roster)
    _check_group_ids(file, roster)
    _check_former_ids(file)
    return check_contacts(roster, mailed)


def check_ladder(report: ProblemReport, ladder: LadderShape, key: Key) -> None:
    """Report steps that occur twice in a ladder; they would be the same rung."""
    _check_duplicates(report, [((*key, "before", n), step) for n, step in enumerate(ladder.before or [])])
    _check_duplicates(report, [((*key, "fix_date", n), step) for n, step in enumerate(ladder.fix_date or [])])
    _check_duplicates(report, [((*key, "escalate", n, "after"), e.after) for n, e in enumerate(ladder.escalate or [])])


def _check_milestones(file: File) -> None:
    rows = list(file.rows("milestones"))
    _check_duplicates(file.report, [((*key, "id"), row.get("id")) for key, row in rows])
    for key, row in rows:
        _check_form(file.report, key, [form for form in FORMS if form in row], row.get("kind"))
        owner = _OWNERS.get(str(row.get("kind")))
        if owner and owner not in row:
            hint = Text("a deadline has `responsible`, an event `organiser`")
            file.report.error(
                (*key, owner), Text("the required key `{owner}` is missing", owner=owner), hint, code="missing-key"
            )
        if row.get("deputy") and row.get("kind") == "deadline":
            hint = Text("it says who may come to an event instead of the one invited; leave it out")
            file.report.error((*key, "deputy"), Text("is for events only"), hint, code="deputy-of-deadline")
        documents = list(_tables(row.get("deliverables"), (*key, "deliverables")))
        _check_duplicates(file.report, [((*place, "id"), document.get("id")) for place, document in documents])


def _check_form(report: ProblemReport, key: Key, forms: Sequence[str], kind: object) -> None:
    if not forms:
        report.error(key, Text("has no date"), Text("give it one of {names}", names=", ".join(FORMS)), code="date-form")
    elif len(forms) > 1:
        report.error(
            (*key, forms[1]),
            Text("has more than one date: {names}", names=", ".join(forms)),
            Text("keep one"),
            code="date-form",
        )
    elif kind == "deadline" and forms[0] == "on":
        report.error(
            (*key, "on"), Text("is for events only"), Text("a deadline is `before` or `by` a day"), code="date-form"
        )


def _check_duplicates(report: ProblemReport, values: Sequence[tuple[Key, object]]) -> None:
    seen: set[object] = set()
    for key, value in values:
        if not isinstance(value, (dict, list)):
            if value in seen and not (value is None and key[-1] == "id"):
                hint = Text("give one of them another id") if key[-1] == "id" else Text("remove one of them")
                report.error(
                    key, Text('"{value}" is there twice', value=value or Text("target")), hint, code="duplicate"
                )
            seen.add(value)


def _check_milestone_names(file: File) -> None:
    known: dict[str, dict[str, Any]] = {}
    for _, row in file.rows("milestones"):
        if isinstance(id := row.get("id"), str):
            known.setdefault(id, row)
    for key, name in _milestone_mentions(file):
        if name not in known:
            _unknown(file.report, key, Text("milestone"), name, sorted(known))
    for key, row in file.rows("milestones"):
        to = _counted_from(row)
        if to is not None and "recurring" in known.get(to, {}):
            file.report.error(
                (*key, "relative", "to"), Text("{to!r} recurs and has no single date to count from", to=to)
            )
    for key, row in file.rows("indicators"):
        _check_measure(file.report, (*key, "measure"), _table(row.get("measure")), known)


def _check_measure(
    report: ProblemReport, key: Key, measure: Mapping[str, Any], milestones: Mapping[str, Mapping[str, Any]]
) -> None:
    """Report a deliverable that its milestone does not have."""
    milestone, wanted = measure.get("milestone"), measure.get("deliverable")
    if isinstance(milestone, str) and milestone in milestones and isinstance(wanted, str):
        ids = [str(each.get("id")) for _, each in _tables(milestones[milestone].get("deliverables"), ())]
        if wanted not in ids:
            _unknown(report, (*key, "deliverable"), Text("deliverable"), wanted, ids)


def _milestone_mentions(file: File) -> Iterator[tuple[Key, str]]:
    for key, row in file.rows("milestones"):
        yield from _names(row.get("needs"), (*key, "needs"))
        yield from _names(_table(row.get("relative")).get("to"), (*key, "relative", "to"))
    for key, row in file.rows("indicators"):
        yield from _names(_table(row.get("measure")).get("milestone"), (*key, "measure", "milestone"))
    for id, group in file.table("groups").items():
        yield from _names(_table(group).get("after"), ("groups", id, "after"))


def _check_circles(file: File) -> None:
    needs: dict[str, list[str]] = {}
    relative: dict[str, list[str]] = {}
    places: dict[str, Key] = {}
    for key, row in file.rows("milestones"):
        if isinstance(id := row.get("id"), str):
            places[id] = key
            needs[id] = [name for _, name in _names(row.get("needs"), ())]
            relative[id] = [to] if (to := _counted_from(row)) is not None else []
    for field, words, graph in (
        ("needs", pattern("needs itself: {circle}"), needs),
        ("relative", pattern("is counted from itself: {circle}"), relative),
    ):
        for circle in find_cycles(graph):
            message, hint = Text(words, circle=" -> ".join(circle)), Text("remove one of these references")
            file.report.error((*places[circle[0]], field), message, hint, code="cycle")


def _check_party_names(file: File, roster: Roster) -> set[str]:
    """Report names of no party or group, and external parties that would be mailed; return all that may be mailed."""
    groups = {id: [name for _, name in _names(_parties(group), ())] for id, group in file.table("groups").items()}
    mailed: set[str] = set()
    for mention in _mentions(file):
        if mention.name not in roster.reports and (mention.role == "member" or mention.name not in groups):
            _report_stranger(file.report, mention, roster, groups)
            continue
        members = groups.get(mention.name, [mention.name])
        if mention.role == "mailed":
            _refuse_external(file.report, mention.key, members, roster)
        if mention.role != "recipient":
            mailed.update(members)
    return mailed


def _report_stranger(report: ProblemReport, mention: _Mention, roster: Roster, groups: Collection[str]) -> None:
    """Report a name of no party or group, unless it may stand in a roster that could not be read."""
    if roster.complete:
        what, others = (Text("party"), ()) if mention.role == "member" else (Text("group or party"), groups)
        hint = None if roster.files else Text("no roster ([parties]) lies in the folder of this plan")
        _unknown(report, mention.key, what, mention.name, sorted({*roster.reports, *others}), hint)


def _refuse_external(report: ProblemReport, key: Key, ids: Iterable[str], roster: Roster) -> None:
    outside = [id for id in ids if id in roster.parties and roster.parties[id].external]
    if outside:
        hint = Text("an external party only receives documents: name it in `report_to` or `guests`")
        report.error(key, Text("{party!r} is external and never mailed", party=outside[0]), hint, code="external")


def _check_group_ids(file: File, roster: Roster) -> None:
    for id in file.table("groups"):
        if id in roster.reports:
            file.report.error(
                ("groups", id), Text("is also the id of a party"), Text("call the group otherwise"), code="duplicate"
            )


def _check_former_ids(file: File) -> None:
    rows = list(file.rows("milestones"))
    former = [(file.report, place, name) for key, row in rows for place, name in _names(row.get("was"), (*key, "was"))]
    check_former_ids(former, {str(row.get("id")) for _, row in rows})
    groups = file.table("groups")
    former = [
        (file.report, place, name)
        for id, group in groups.items()
        for place, name in _names(_table(group).get("was"), ("groups", id, "was"))
    ]
    check_former_ids(former, groups)


def _mentions(file: File) -> Iterator[_Mention]:
    for id, group in file.table("groups").items():
        key: Key = ("groups", id, "parties") if isinstance(group, dict) else ("groups", id)
        yield from (_Mention(*each, "member") for each in _names(_parties(group), key))
        chosen_by = _table(group).get("chosen_by")
        yield from (_Mention(*each, "mailed") for each in _names(chosen_by, ("groups", id, "chosen_by")))
    yield from _escalations(file.table("ladder"), ("ladder",))
    for key, row in file.rows("milestones"):
        for field, role in _ROLES.items():
            yield from (_Mention(*each, role) for each in _names(row.get(field), (*key, field)))
        yield from _escalations(_table(row.get("ladder")), (*key, "ladder"))


def _escalations(ladder: Mapping[str, Any], key: Key) -> Iterator[_Mention]:
    for place, row in _tables(ladder.get("escalate"), (*key, "escalate")):
        yield from (_Mention(*each, "mailed") for each in _names(row.get("to"), (*place, "to")))


def _counted_from(row: Mapping[str, Any]) -> str | None:
    """Return the milestone from which the date of another is counted; None if it has a date of its own."""
    to = _table(row.get("relative")).get("to")
    return to if isinstance(to, str) else None


def _parties(group: object) -> object:
    return group.get("parties") if isinstance(group, dict) else group


def _table(raw: object) -> Mapping[str, Any]:
    """Return a table; anything else counts as empty, as its shape has been reported."""
    return raw if isinstance(raw, dict) else {}


def _names(raw: object, key: Key) -> Iterator[tuple[Key, str]]:
    if isinstance(raw, str):
        yield key, raw
    elif isinstance(raw, list):
        yield from (((*key, index), name) for index, name in enumerate(raw) if isinstance(name, str))


def _tables(raw: object, key: Key) -> Iterator[tuple[Key, dict[str, object]]]:
    if isinstance(raw, list):
        yield from (((*key, index), row) for index, row in enumerate(raw) if isinstance(row, dict))


def _unknown(
    report: ProblemReport, key: Key, what: str, name: str, known: Sequence[str], hint: str | None = None
) -> None:
    report.error(
        key,
        Text("unknown {what} {name!r}", what=what, name=name),
        hint or near_names(name, known),
        code="unknown-reference",
    )
