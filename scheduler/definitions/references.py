"""Checks the references within a plan.

The checks use the raw data of the file and not the validated shapes, so that one mistake gives one problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from scheduler.definitions.files import File
from scheduler.definitions.problems import ProblemReport
from scheduler.definitions.rosters import Roster, check_contacts, find_cycles
from scheduler.definitions.schema import FORMS, LadderShape
from scheduler.errors import near_names
from scheduler.toml_lines import Key

_MAILED = ("responsible", "organiser", "attendees")
_OWNERS = {"deadline": "responsible", "event": "organiser"}


class _Mention(NamedTuple):
    key: Key
    name: str
    mailed: bool = True
    party: bool = False  # a party only, not a group


def check_plan(file: File, roster: Roster) -> bool:
    """Report every inconsistency within a plan; return whether all parties that get mail have a contact."""
    _check_milestones(file)
    _check_duplicates(file.report, [((*key, "id"), row.get("id")) for key, row in file.rows("indicators")])
    _check_milestone_names(file)
    _check_circles(file)
    return _check_party_names(file, roster)


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
            hint = "a deadline has `responsible`, an event `organiser`"
            file.report.error((*key, owner), f"the required key `{owner}` is missing", hint, code="missing-key")
        documents = list(_tables(row.get("deliverables"), (*key, "deliverables")))
        _check_duplicates(file.report, [((*place, "id"), document.get("id")) for place, document in documents])


def _check_form(report: ProblemReport, key: Key, forms: Sequence[str], kind: object) -> None:
    if not forms:
        report.error(key, "has no date", "give it one of " + ", ".join(FORMS), code="date-form")
    elif len(forms) > 1:
        report.error((*key, forms[1]), "has more than one date: " + ", ".join(forms), "keep one", code="date-form")
    elif kind == "deadline" and forms[0] == "on":
        report.error((*key, "on"), "is for events only", "a deadline is `before` or `by` a day", code="date-form")


def _check_duplicates(report: ProblemReport, values: Sequence[tuple[Key, object]]) -> None:
    seen: set[object] = set()
    for key, value in values:
        if not isinstance(value, (dict, list)):
            if value in seen and not (value is None and key[-1] == "id"):
                hint = "give one of them another id" if key[-1] == "id" else "remove one of them"
                report.error(key, f'"{value or "target"}" is there twice', hint, code="duplicate")
            seen.add(value)


def _check_milestone_names(file: File) -> None:
    known: dict[str, dict[str, Any]] = {}
    for _, row in file.rows("milestones"):
        if isinstance(id := row.get("id"), str):
            known.setdefault(id, row)
    for key, name in _milestone_mentions(file):
        if name not in known:
            _unknown(file.report, key, "milestone", name, sorted(known))
    for key, row in file.rows("milestones"):
        to = row["relative"].get("to") if isinstance(row.get("relative"), dict) else None
        if isinstance(to, str) and "recurring" in known.get(to, {}):
            file.report.error((*key, "relative", "to"), f"{to!r} recurs and has no single date to count from")
    for key, row in file.rows("indicators"):
        measure = row["measure"] if isinstance(row.get("measure"), dict) else {}
        milestone, wanted = measure.get("milestone"), measure.get("deliverable")
        if isinstance(milestone, str) and milestone in known and isinstance(wanted, str):
            ids = [str(each.get("id")) for _, each in _tables(known[milestone].get("deliverables"), ())]
            if wanted not in ids:
                _unknown(file.report, (*key, "measure", "deliverable"), "deliverable", wanted, ids)


def _milestone_mentions(file: File) -> Iterator[tuple[Key, str]]:
    for key, row in file.rows("milestones"):
        yield from _names(row.get("needs"), (*key, "needs"))
        if isinstance(row.get("relative"), dict):
            yield from _names(row["relative"].get("to"), (*key, "relative", "to"))
    for key, row in file.rows("indicators"):
        if isinstance(row.get("measure"), dict):
            yield from _names(row["measure"].get("milestone"), (*key, "measure", "milestone"))
    for id, group in file.table("groups").items():
        if isinstance(group, dict):
            yield from _names(group.get("after"), ("groups", id, "after"))


def _check_circles(file: File) -> None:
    needs: dict[str, list[str]] = {}
    relative: dict[str, list[str]] = {}
    places: dict[str, Key] = {}
    for key, row in file.rows("milestones"):
        if isinstance(id := row.get("id"), str):
            places[id] = key
            needs[id] = [name for _, name in _names(row.get("needs"), ())]
            to = row["relative"].get("to") if isinstance(row.get("relative"), dict) else None
            relative[id] = [to] if isinstance(to, str) else []
    for field, words, graph in (("needs", "needs itself", needs), ("relative", "is counted from itself", relative)):
        for circle in find_cycles(graph):
            message, hint = f"{words}: " + " -> ".join(circle), "remove one of these references"
            file.report.error((*places[circle[0]], field), message, hint, code="cycle")


def _check_party_names(file: File, roster: Roster) -> bool:
    groups = file.table("groups")
    mailed: set[str] = set()
    for key, name, is_mailed, party_only in _mentions(file):
        members = [name] if name not in groups else [party for _, party in _names(_parties(groups[name]), ())]
        if name not in roster.reports and (party_only or name not in groups):
            if roster.complete:
                known = sorted({*roster.reports, *(() if party_only else groups)})
                what = "party" if party_only else "group or party"
                hint = None if roster.files else "no roster ([parties]) lies in the folder of this plan"
                _unknown(file.report, key, what, name, known, hint)
            continue
        outside = [id for id in members if id in roster.parties and roster.parties[id].external]
        if is_mailed and outside:
            hint = "an external party only receives documents: name it in `report_to` or `guests`"
            file.report.error(key, f"{outside[0]!r} is external and never mailed", hint, code="external")
        if is_mailed or key[0] == "groups":
            mailed.update(members)
    for id in groups:
        if id in roster.reports:
            file.report.error(("groups", id), "is also the id of a party", "call the group otherwise", code="duplicate")
    return check_contacts(roster, mailed)


def _mentions(file: File) -> Iterator[_Mention]:
    for id, group in file.table("groups").items():
        key: Key = ("groups", id, "parties") if isinstance(group, dict) else ("groups", id)
        yield from (_Mention(place, name, mailed=False, party=True) for place, name in _names(_parties(group), key))
        if isinstance(group, dict):
            yield from (_Mention(*each) for each in _names(group.get("chosen_by"), ("groups", id, "chosen_by")))
    yield from _escalations(file.table("ladder"), ("ladder",))
    for key, row in file.rows("milestones"):
        for field in (*_MAILED, "report_to", "guests"):
            for place, name in _names(row.get(field), (*key, field)):
                yield _Mention(place, name, mailed=field in _MAILED)
        yield from _escalations(row.get("ladder"), (*key, "ladder"))


def _escalations(ladder: object, key: Key) -> Iterator[_Mention]:
    if isinstance(ladder, dict):
        for place, row in _tables(ladder.get("escalate"), (*key, "escalate")):
            yield from (_Mention(*each) for each in _names(row.get("to"), (*place, "to")))


def _parties(group: object) -> object:
    return group.get("parties") if isinstance(group, dict) else group


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
    report.error(key, f"unknown {what} {name!r}", hint or near_names(name, known), code="unknown-reference")
