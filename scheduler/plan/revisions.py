"""What a new revision of a plan changes for its parties.

The terms of a plan are the small part of it that the record keeps: the date of every milestone, the parties
that take part in it, the addresses of every party, and digests of everything else. They are plain data, so that they
can be stored and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from scheduler.plan.dates.date_forms import form_from_data, form_to_data
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.facts import DEFINITION, Amended, Joined, Rerouted
from scheduler.plan.membership import members
from scheduler.plan.model import Milestone, Plan


def read_terms(plan: Plan, at: datetime, old: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the terms of a revision that is loaded at `at` (UTC) as plain data.

    What an earlier revision, with the terms `old`, had and this one does not is kept with the instant at which it went,
    so that it is known again if it comes back: milestones that are `gone`, and parties that `left` a milestone.
    """
    before = _Former.of(old)
    milestones = {
        m.id: {
            "title": m.title,
            "form": form_to_data(m.form),
            "parties": sorted(now := _taking_part(plan, m)),
            "left": {id: gone for id, gone in before.parties(m.id, at.isoformat()).items() if id not in now},
            "digest": _digest(asdict(m)),
        }
        for m in plan.milestones
    }
    went = {id: {"at": at.isoformat(), **own} for id, own in before.milestones.items() if id not in milestones}
    return {
        "milestones": milestones,
        "gone": went,
        "former": {kind: {id: list(was) for id, was in ids.items() if was} for kind, ids in _former_ids(plan).items()},
        "contacts": {party.id: sorted(c.email for c in party.contacts) for party in plan.parties.values()},
        "rest": _digest_rest(plan),
    }


class Rename(NamedTuple):
    """An id that another one replaces: by `was` in the file, or because such an edit was taken back."""

    kind: Literal["milestone", "party", "group"]
    old: str
    new: str


class Rejoined(NamedTuple):
    """What an earlier revision took for new, because its former id was not said: `party` None means all parties.

    That was since `since` (UTC).
    """

    milestone: str
    party: str | None
    since: datetime


def find_renames(plan: Plan, terms: Mapping[str, Any]) -> list[Rename]:
    """Return the ids that were replaced since the revision with these terms, or in it, oldest first."""
    present = _former_ids(plan)
    found = [Rename(kind, old, id) for kind, ids in present.items() for id, was in ids.items() for old in was]
    for kind, ids in present.items():
        for id, was in terms.get("former", {}).get(kind, {}).items():
            back = [old for old in was if old in ids]
            if id not in ids and back:
                found.append(Rename(kind, id, back[-1]))
    return found


def _former_ids(plan: Plan) -> dict[Literal["milestone", "party", "group"], dict[str, tuple[str, ...]]]:
    """Return the former ids of each milestone, party and group, by kind and id."""
    return {
        "milestone": {milestone.id: milestone.was for milestone in plan.milestones},
        "party": {party.id: party.was for party in plan.parties.values()},
        "group": {group.id: group.was for group in plan.groups.values()},
    }


def carry_over(renames: Sequence[Rename], terms: Mapping[str, Any]) -> tuple[dict[str, Any], list[Rejoined]]:
    """Return the terms with the ids that milestones and parties have now, and what was taken for new."""
    milestones, gone = dict(terms["milestones"]), dict(terms.get("gone", {}))
    rejoined: list[Rejoined] = []
    for _, old, new in [rename for rename in renames if rename.kind == "milestone"]:
        own = milestones.pop(old, None) or gone.pop(old, None)
        if own is not None:
            rejoined += [Rejoined(new, None, datetime.fromisoformat(own["at"]))] if "at" in own else []
            milestones[new] = _joined(own, milestones.get(new, {}))
    parties = {rename.old: rename.new for rename in renames if rename.kind == "party"}
    rejoined += [
        Rejoined(id, parties[party], datetime.fromisoformat(left))
        for id, own in milestones.items()
        for party, left in own.get("left", {}).items()
        if party in parties
    ]
    return {
        **terms,
        "milestones": {id: _with_parties(own, parties) for id, own in milestones.items()},
        "gone": {id: _with_parties(own, parties) for id, own in gone.items()},
        "contacts": {parties.get(id, id): addresses for id, addresses in terms["contacts"].items()},
    }, rejoined


def _joined(own: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a renamed milestone; `newer` are those of a revision that had the new id only."""
    left = {**own.get("left", {}), **newer.get("left", {})}
    return {key: value for key, value in {**own, **newer, "left": left}.items() if key != "at"}


def _with_parties(own: Mapping[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    """Return the terms of a milestone with the ids that parties have now."""
    parties = sorted({new.get(id, id) for id in own["parties"]})
    left = {new.get(id, id): at for id, at in own.get("left", {}).items() if new.get(id, id) not in parties}
    return {**own, "parties": parties, "left": left}


class _Former(NamedTuple):
    """The milestones that earlier revisions had; those that are gone have the instant in `at`."""

    milestones: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, terms: Mapping[str, Any] | None) -> _Former:
        return cls({**terms.get("gone", {}), **terms["milestones"]} if terms else {})

    def parties(self, milestone: str, now: str) -> dict[str, str]:
        """Return the parties that a milestone ever had, with the instant at which they left it, or else `now`."""
        own = self.milestones.get(milestone, {"parties": ()})
        return {**dict.fromkeys(own["parties"], own.get("at", now)), **own.get("left", {})}


def find_changed(terms: Mapping[str, Any], old: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the ids of the milestones that are new or differ in `terms` from the terms `old`.

    None if anything else has changed as well, or if a milestone is gone.
    """
    known, milestones = old["milestones"], terms["milestones"]
    if old.get("rest") != terms["rest"] or known.keys() - milestones.keys():
        return None
    return frozenset(id for id, own in milestones.items() if known.get(id) != own)


def compare_terms(plan: Plan, old: Mapping[str, Any], at: datetime) -> Iterator[Amended | Joined | Rerouted]:
    """Yield the changes from the terms `old` to the revision `plan`, loaded at `at` (UTC), as facts.

    `amended` is a milestone with another date, `joined` a party that is new in a milestone (also every party
    of a new milestone), `rerouted` a party with other addresses. What comes back after it was removed says
    when it left.
    """
    common: dict[str, Any] = {"plan": plan.id, "happened_at": at, "recorded_at": at, "by": DEFINITION}
    before = _Former.of(old)
    for milestone in plan.milestones:
        was = before.milestones.get(milestone.id, {}).get("form")
        if was is not None and was != form_to_data(milestone.form):
            yield Amended(**common, milestone=milestone.id, form=milestone.form, was=form_from_data(was))
        present = old["milestones"].get(milestone.id, {"parties": ()})["parties"]
        former = before.parties(milestone.id, at.isoformat())
        for party in sorted(_taking_part(plan, milestone).difference(present)):
            left = datetime.fromisoformat(former[party]) if party in former else None
            yield Joined(**common, milestone=milestone.id, party=party, left=left)
    for roster in plan.parties.values():
        before = old["contacts"].get(roster.id)
        if before is not None and before != sorted(c.email for c in roster.contacts):
            yield Rerouted(**common, party=roster.id, was=tuple(before))


def _taking_part(plan: Plan, milestone: Milestone) -> set[str]:
    """Return the ids of the parties of a milestone and of all their successors."""
    found: set[str] = set()
    waiting = [party for name in (*milestone.owners, *milestone.attendees) for party in members(plan, name)]
    while waiting:
        party = waiting.pop()
        if party in plan.parties and party not in found:
            found.add(party)
            waiting.append(plan.parties[party].successor or party)
    return found


def _digest_rest(plan: Plan) -> str:
    """Return a digest of everything but the milestones."""
    days = plan.workdays
    rest = replace(plan, milestones=(), workdays=Workdays(), digest="", file="")
    return _digest((asdict(rest), sorted(days.workweek), sorted(days.off.items()), sorted(days.worked)))


def _digest(value: object) -> str:
    return blake2b(repr(value).encode(), digest_size=8).hexdigest()
