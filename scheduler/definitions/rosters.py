"""Rosters: the parties of a folder, and checks that those that get mail can be reached."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Self

from pydantic import Field, model_validator

from scheduler.definitions.files import File
from scheduler.definitions.problems import InvalidValue, ProblemReport
from scheduler.definitions.scalars import Address, Day, Line, Title, identifier
from scheduler.definitions.schema import Ids, Shape
from scheduler.errors import near_names
from scheduler.plan.model import Contact, Party, Role
from scheduler.texts import Text
from scheduler.toml_lines import Key

_RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")  # RFC 2606, 6761


class ContactShape(Shape):
    """One entry of `contacts`."""

    name: Title
    email: Address
    role: Role = "officer"
    language: Line | None = None
    phone: Line = ""


class PartyShape(Shape):
    """One table `[parties.ID]`."""

    name: Title
    was: Ids = Field(default_factory=list)
    short: Line = ""
    valid_from: Day | None = None
    valid_to: Day | None = None
    successor: Line | None = None
    external: bool = False
    contacts: list[ContactShape] = Field(default_factory=list)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise InvalidValue(
                Text(
                    "is valid from {valid_from}, after `valid_to` {valid_to}",
                    valid_from=self.valid_from,
                    valid_to=self.valid_to,
                )
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The parties of one folder.

    `reports` has every party id in the files, valid or not, with the report of its file. `complete` is False if
    a file could not be read; an id that is missing must then not be reported as unknown. `sound` is False if
    any file has an error.
    """

    files: tuple[File, ...] = ()
    reports: Mapping[str, ProblemReport] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    complete: bool = True
    sound: bool = True


def read_roster(files: Sequence[File], languages: Collection[str]) -> Roster:
    """Return the roster of one folder."""
    reports: dict[str, ProblemReport] = {}
    parties: dict[str, Party] = {}
    for file in files:
        file.expect_keys("parties")
        here = file.table("parties")
        read = {id: party for id, raw in here.items() if (party := _read_party(file, id, raw))}
        _check_languages(file.report, read.values(), languages)
        _advise_examples(file.report, read.values())
        _advise_twins(file.report, read.values())
        parties = {**read, **parties}
        for id in here:
            reports.setdefault(id, file.report)
    _check_successors(reports, parties)
    former = [
        (reports[party.id], ("parties", party.id, "was", index), name)
        for party in parties.values()
        for index, name in enumerate(party.was)
    ]
    check_former_ids(former, reports)
    return Roster(
        files=tuple(files),
        reports=reports,
        parties=parties,
        complete=all(file.data is not None for file in files),
        sound=all(file.report.sound for file in files),
    )


def check_contacts(roster: Roster, mailed: Iterable[str]) -> bool:
    """Report parties that get mail but have no contact; return whether there are none.

    `mailed` holds party ids; their successors are checked as well.
    """
    reached = True
    for id in sorted(_with_successors(roster, mailed)):
        party, key = roster.parties[id], ("parties", id, "contacts")
        if party.external:
            continue
        if not party.contacts:
            hint = Text("give it a contact, or `external = true` if it only ever receives documents")
            roster.reports[id].error(key, Text("is to be mailed and has no contact"), hint, code="no-contact")
            reached = False
        elif all(contact.role != "officer" for contact in party.contacts):
            hint = Text("its head gets the reminders; name an officer to spare them")
            roster.reports[id].warn("no-officer", key, Text("is to be mailed and has no officer"), hint)
    return reached


def check_language(report: ProblemReport, key: Key, language: str, languages: Collection[str]) -> None:
    """Report a language in which there are no mails."""
    if language not in languages:
        hint = near_names(language, sorted(languages))
        report.error(key, Text("there are no mails in the language {language!r}", language=language), hint)


def former_ids(party: object) -> list[str]:
    """Return the former ids that the table of a party names; whatever is wrong with it is reported elsewhere."""
    was = party.get("was", []) if isinstance(party, dict) else []
    return [name for name in ([was] if isinstance(was, str) else was) if isinstance(name, str)]


def check_former_ids(former: Sequence[tuple[ProblemReport, Key, str]], known: Container[str]) -> None:
    """Report each former id that is in use, and each that is claimed twice; `known` are the ids in use."""
    claimed: set[str] = set()
    for report, key, name in former:
        if name in known:
            report.error(
                key,
                Text('"{name}" is in use', name=name),
                Text("`was` names ids that are gone: rename one of them"),
                code="former-id",
            )
        elif name in claimed:
            report.error(
                key,
                Text('"{name}" is claimed twice', name=name),
                Text("keep it where its records belong"),
                code="former-id",
            )
        claimed.add(name)


def find_cycles(graph: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Yield each cycle as a list of names in the direction of the edges; its first and last name are the same."""
    left = {name: set(targets) for name, targets in graph.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            circle = error.args[1]
            yield circle[::-1]
            for name in circle:
                left.pop(name, None)
        else:
            return


def _read_party(file: File, id: str, raw: object) -> Party | None:
    key: Key = ("parties", id)
    try:
        identifier(id)
    except InvalidValue as error:
        file.report.error(key, error.message, error.hint)
    shape = file.report.fit(PartyShape, raw, key)
    return _build(id, shape) if shape else None


def _build(id: str, shape: PartyShape) -> Party:
    return Party(
        id=id,
        name=shape.name,
        was=tuple(shape.was),
        short=shape.short or shape.name,
        contacts=tuple(Contact(**contact.model_dump()) for contact in shape.contacts),
        external=shape.external,
        valid_from=shape.valid_from,
        valid_to=shape.valid_to,
        successor=shape.successor,
    )


def _check_successors(reports: Mapping[str, ProblemReport], parties: Mapping[str, Party]) -> None:
    for id, party in parties.items():
        if party.successor is not None and party.successor not in reports:
            message, hint = (
                Text("unknown party {successor!r}", successor=party.successor),
                near_names(party.successor, sorted(reports)),
            )
            reports[id].error(("parties", id, "successor"), message, hint, code="unknown-reference")
    for circle in find_cycles({id: [p.successor] for id, p in parties.items() if p.successor}):
        message = Text("succeeds itself: {circle}", circle=" -> ".join(circle))
        hint = Text("remove one of these successors")
        reports[circle[0]].error(("parties", circle[0], "successor"), message, hint, code="cycle")


def _check_languages(report: ProblemReport, parties: Iterable[Party], languages: Collection[str]) -> None:
    for party in parties:
        for index, contact in enumerate(party.contacts):
            if contact.language is not None:
                key = ("parties", party.id, "contacts", index, "language")
                check_language(report, key, contact.language, languages)


def _with_successors(roster: Roster, ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(ids)
    while waiting:
        id = waiting.pop()
        if id in roster.parties and id not in found:
            found.add(id)
            waiting.append(roster.parties[id].successor or "")
    return found


def _advise_examples(report: ProblemReport, parties: Iterable[Party]) -> None:
    examples = [
        (("parties", party.id, "contacts", index), contact)
        for party in parties
        for index, contact in enumerate(party.contacts)
        if _is_example(contact)
    ]
    if examples:
        message = Text(
            "{number} addresses lie under domains reserved for examples, such as {email}",
            number=len(examples),
            email=examples[0][1].email,
        )
        report.warn(
            "example-address", examples[0][0], message, Text("nobody is reached there: write the real addresses")
        )


def _advise_twins(report: ProblemReport, parties: Iterable[Party]) -> None:
    """Report contacts of one party whose addresses differ by letter case only.

    They count as two, as the part before the @ may depend on case; in practice one mailbox gets two mails.
    """
    for party in parties:
        seen: dict[str, str] = {}
        for index, contact in enumerate(() if party.external else party.contacts):
            first = seen.setdefault(contact.email.lower(), contact.email)
            if first != contact.email:
                key = ("parties", party.id, "contacts", index, "email")
                message = Text(
                    "{email} and {first} differ by letter case only: two mails would leave",
                    email=contact.email,
                    first=first,
                )
                report.warn("address-case", key, message, Text("write the address the same way for both contacts"))


def _is_example(contact: Contact) -> bool:
    domain = contact.email.rpartition("@")[2]
    return any(domain == name or domain.endswith("." + name) for name in _RESERVED)
