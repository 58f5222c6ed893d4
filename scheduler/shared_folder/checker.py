"""The source `folder` of status checks: what parties put into a shared folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import ClassVar

from scheduler.documents.file_kinds import FILES
from scheduler.errors import UserError
from scheduler.plan.answers.documents import Assignment
from scheduler.plan.answers.folder_files import match_folder
from scheduler.plan.answers.matching import Duty
from scheduler.plan.commands import Command, Declare, RecordReceived
from scheduler.plan.dates.due_dates import local_day, to_instant
from scheduler.plan.facts import Actor, Returned
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Document, Finding, Store
from scheduler.queries.duties import describe_duty, find_documents_elsewhere, find_names_of_others
from scheduler.shared_folder.open_folder import FolderFile, FolderListing, Keep, OpenFolder, StillWritten, open_folder
from scheduler.system_errors import word_system
from scheduler.texts import Text, join, pattern
from scheduler.wording.sentences import word_reason

FOLDER = Actor("source", "folder")
_SAID = 12  # remarks of one finding
_STRAYS = 5  # names of what lies beside the folders of tasks
_HINT = Text("is the drive mounted, and may this user read it? The key is [checks] folder of the plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderChecker:
    """A checker that looks for documents in `{party}/{milestone}/` below the shared folder of a plan.

    `resolve` returns the folder that `[checks] folder` names; `keep` keeps the bytes of a file among the documents.
    """

    source: ClassVar[str] = "folder"

    store: Store
    resolve: Callable[[str], Path]
    keep: Keep

    def check(self, plan: Plan, open_obligations: Sequence[Obligation], now: datetime) -> Sequence[Finding]:
        """Return what lies in the folder of each open obligation, and the submission that it proves.

        Raises `UserError` if the shared folder cannot be read, or holds no folder of any party: an empty one is most
        likely a drive that is not mounted.
        """
        if not open_obligations:
            return ()
        root, known = self.resolve(plan.checks.folder), self._read_known(plan)
        try:
            with open_folder(root) as folder:
                if not any(_has(folder, name) for party in plan.parties.values() for name in party.names):
                    raise UserError(Text("{root} holds no folder of any party of the plan", root=root), hint=_HINT)
                look = _FolderLook(self, plan, open_obligations, known, now)
                return [look.find(folder, o) for o in open_obligations]
        except OSError as error:
            raise UserError(
                Text("{root} cannot be read: {strerror}", root=root, strerror=word_system(error)), hint=_HINT
            ) from error

    def _read_known(self, plan: Plan) -> Mapping[tuple[str, str], frozenset[str]]:
        """Return the digests of the files that were recorded about each obligation, by milestone and party.

        What a person took back counts: it is not recorded again.
        """
        with self.store.reading() as view:
            about = {fact.id: (fact.milestone, fact.party, fact.restates) for fact in view.facts.of(plan.id)}
            documents = view.documents.of(about)
        known: dict[tuple[str, str], set[str]] = {}
        for document in documents:
            milestone, party, restated = about[document.fact]
            for place in ((milestone, party), about.get(restated, ("", "", 0))[:2]):  # moved to another obligation
                known.setdefault((place[0] or "", place[1] or ""), set()).add(document.digest)
        return {key: frozenset(digests) for key, digests in known.items()}


class _FolderLook:
    """One look at the shared folder of a plan."""

    def __init__(
        self,
        checker: FolderChecker,
        plan: Plan,
        obligations: Sequence[Obligation],
        known: Mapping[tuple[str, str], frozenset[str]],
        now: datetime,
    ) -> None:
        self._checker = checker
        self._plan = plan
        self._known = known
        self._now = now
        self._names = frozenset(name for party in plan.parties.values() for name in party.names)
        self._duties: dict[str, list[Duty]] = {}
        for o in obligations:
            self._duties.setdefault(o.party, []).append(describe_duty(plan, o))

    def find(self, root: OpenFolder, o: Obligation) -> Finding:
        """Return what lies in the folders of an obligation, which may be called by its former ids."""
        found = Finding(milestone=o.milestone, party=o.party, source=self._checker.source, seen="no folder")
        looks: list[Finding] = []
        blind: list[Finding] = []
        strays: list[Text] = []
        for party, milestone in product(self._plan.parties[o.party].names, _names_of(self._plan, o.milestone)):
            try:
                with root.enter(party) as above:
                    if above is None:
                        continue
                    strays = strays or self._find_strays(above)
                    with above.enter(milestone) as folder:
                        if folder is not None:
                            looks.append(self._look(folder, o, found))
            except OSError as error:
                blind.append(
                    replace(
                        found,
                        seen=Text(
                            "{party}/{milestone} cannot be read: {strerror}",
                            party=party,
                            milestone=milestone,
                            strerror=word_system(error),
                        ),
                        is_blind=True,
                    )
                )
        look = next((look for look in looks if look.commands), next(iter([*looks, *blind]), found))
        if look is found and not strays:
            strays = _tell_strays(
                pattern("beside the folders of parties: {names}"),
                [name for name in root.names() if name not in self._names],
            )
        return replace(look, seen=join("; ", [look.seen, *strays])) if strays else look

    def _find_strays(self, above: OpenFolder) -> list[Text]:
        """Return in words what lies in the folder of a party and is no folder of a task."""
        known = {name for milestone in self._plan.milestones for name in (milestone.id, *milestone.was)}
        strays = [name for name in above.names() if Occurrence.of(name).milestone not in known]
        return _tell_strays(pattern("beside the folders of tasks: {names}"), strays)

    def _look(self, folder: OpenFolder, o: Obligation, found: Finding) -> Finding:
        listing = folder.list(self._now)
        known = self._known.get(o.key, frozenset())
        new = [one for one in listing.files if one.file.digest not in known]
        old = [one for one in listing.files if one.file.digest in known]
        commands, documents, doubts = self._conclude(folder, o, listing, new)
        words = [
            *_list(pattern("found: {names}"), new),
            *_list(pattern("recorded before: {names}"), old),
            *doubts,
            *listing.remarks[:_SAID],
            *([Text("and {value} more", value=len(listing.remarks) - _SAID)] if len(listing.remarks) > _SAID else []),
        ]
        seen = join("; ", words) if words else Text("no files")
        return Finding(
            milestone=o.milestone, party=o.party, source=found.source, seen=seen, commands=commands, documents=documents
        )

    def _conclude(
        self, folder: OpenFolder, o: Obligation, listing: FolderListing, new: Sequence[FolderFile]
    ) -> tuple[tuple[Command, ...], tuple[Document, ...], tuple[str, ...]]:
        """Return what the files prove, with the documents to keep, and why a person must look."""
        if listing.is_changing or listing.is_crowded:  # something may have come; the next check may know more
            return (self._claim(o, [*new, *listing.unkept]),), (), ()
        if not new:
            return ((self._claim(o, listing.unkept),) if listing.unkept else ()), (), ()
        if len(new) > FILES:
            return (self._claim(o, new),), (), (Text("more than {files} files, so a person has to look", files=FILES),)
        early = self._find_early(o, new)
        if early:
            return (self._claim(o, new),), (), (early,)
        found = self._match(o, new)
        if found.doubts:
            return (self._claim(o, new),), (), tuple(map(word_reason, found.doubts))
        try:
            for one in new:
                folder.keep(one, self._checker.keep)
        except StillWritten:
            return (self._claim(o, new),), (), (Text("a file has just changed"),)
        except OSError as error:
            return (
                (self._claim(o, new),),
                (),
                (Text("the files could not be kept: {strerror}", strerror=word_system(error)),),
            )
        documents = tuple(
            Document(name=one.file.name, kind=one.file.kind, size=one.file.size, digest=one.file.digest) for one in new
        )
        return (self._receipt(o, new, found),), documents, ()

    def _find_early(self, o: Obligation, files: Sequence[FolderFile]) -> str:
        """Return why files that were there before may not be what is asked for now; "" if none was."""
        first = min(one.arrived_at for one in files)
        if first < to_instant(min(self._plan.issued, self._plan.remind_from), time(), self._plan.zone):
            return Text("a file is older than the plan")
        returned = max((fact.recorded_at for fact in o.facts if isinstance(fact, Returned)), default=first)
        return Text("a file was there before the documents were returned") if first < returned else ""

    def _match(self, o: Obligation, new: Sequence[FolderFile]) -> Assignment:
        plan, own = self._plan, self._duties[o.party]
        return match_folder(
            [one.file for one in new],
            next(duty for duty in own if duty.key.milestone == o.milestone),
            [*own, *find_documents_elsewhere([plan], own)],
            other_names=find_names_of_others(plan, o.party, [one.file.name for one in new]),
            years={plan.year},
        )

    def _receipt(self, o: Obligation, files: Sequence[FolderFile], found: Assignment) -> RecordReceived:
        documents = self._plan.milestone(o.milestone).deliverables
        return RecordReceived(
            at=self._now,
            by=FOLDER,
            idempotency_key=_key("received", files),
            milestone=o.milestone,
            party=o.party,
            deliverables=tuple(each.id for each in documents if each.id in found.documents),
            channel="email",  # a soft copy
            received_at=max(one.arrived_at for one in files),
            files=tuple(one.file.name for one in files),
        )

    def _claim(self, o: Obligation, files: Sequence[FolderFile]) -> Declare:
        """Return that something may have come, so that the next reminder waits for a person."""
        return Declare(
            at=self._now,
            by=FOLDER,
            idempotency_key=_key("declared", files),
            milestone=o.milestone,
            party=o.party,
            sent_on=local_day(max((one.arrived_at for one in files), default=self._now), self._plan.zone),
            channel="email",
        )


def _has(root: OpenFolder, name: str) -> bool:
    try:
        with root.enter(name) as folder:
            return folder is not None
    except OSError:  # it is there, and is told with the obligations of its party
        return True


def _names_of(plan: Plan, id: str) -> list[str]:
    """Return the ids that a milestone or occurrence has or had."""
    occurrence = Occurrence.of(id)
    milestone = plan.milestone(id)
    return [Occurrence(name, occurrence.day).id for name in (milestone.id, *milestone.was)]


def _tell_strays(what: str, strays: Sequence[str]) -> list[Text]:
    """Return in words what lies beside the folders where it would count."""
    return [Text(what, names=_name_some(strays, _STRAYS))] if strays else []


def _name_some(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return shown + Text(" and {number} more", number=len(names) - most) if len(names) > most else shown


def _key(what: str, files: Iterable[FolderFile]) -> str:
    """Return a key that is the same for the same files, whatever they are called."""
    digests = ",".join(sorted(one.file.digest for one in files)) or "unread"
    return f"{what}:{sha256(digests.encode()).hexdigest()}"


def _list(what: str, files: Sequence[FolderFile]) -> list[Text]:
    return [Text(what, names=_name_some([one.file.name for one in files], FILES))] if files else []
