"""Which documents the files of a mail are, as far as it is certain. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from scheduler.plan import reasons
from scheduler.plan.answers.document_names import Title, TitleIndex, fold, is_vague, says_nothing, strip_extension
from scheduler.plan.answers.received_mail import Attachment
from scheduler.plan.reasons import Reason

_LEAST_IMAGE = 64 * 1024  # bytes; a photo of a page has more, a logo less


Occasion = Literal["asked", "answered", "fresh"]


class Assignment(NamedTuple):
    """The ids of the documents that have come, or that may have come, and why a person must look."""

    documents: frozenset[str]
    doubts: tuple[Reason, ...] = ()


class _Reading(NamedTuple):
    """What the names of some files say."""

    named: frozenset[str]  # documents that are wanted
    elsewhere: tuple[str, ...]  # titles of what else some name means
    nameless: int  # files whose name says nothing
    is_unclear: bool  # some name may mean several documents, or none
    is_strange: bool  # some name says something that is like no title


def counts(file: Attachment, blank_forms: Collection[str]) -> bool:
    """Return whether a file can be a document: of an accepted kind, no logo, not our own blank form sent back."""
    return _is_kept(file) and not _is_logo(file) and file.digest not in blank_forms


def find_unkept(files: Iterable[Attachment]) -> tuple[str, ...]:
    """Return the names of the files that are empty or of a kind that is not accepted, in order."""
    return tuple(sorted({file.name or file.part for file in files if not _is_kept(file)}))


def _is_kept(file: Attachment) -> bool:
    return file.size > 0 and file.kind != ""


def _is_logo(file: Attachment) -> bool:
    return file.kind.startswith("image/") and file.size < _LEAST_IMAGE


def assign(
    files: Sequence[Attachment],
    wanted: Sequence[Title],
    index: TitleIndex,
    *,
    lines: Sequence[str],
    occasion: Occasion,
) -> Assignment:
    """Return which of the wanted documents the files are; `index` holds all that they may be besides.

    `lines` are what the mail itself says; they count for a single file whose name says nothing. `asked` says that the
    mail answers one of ours, which listed what is wanted: only then are so many files without a name what was asked
    for, or several of them one document. What answers a mail that asked for nothing (`answered`) may bring anything:
    there each document must be named. A name that says something else is never what is wanted, even if only that is.
    """
    reading = _read_names(files, wanted, index, lines)
    all_wanted = frozenset(title.document for title in wanted)
    if reading.elsewhere:
        doubts = tuple(map(reasons.file_says, reading.elsewhere))
        return Assignment(reading.named or all_wanted, doubts)
    rest = all_wanted - reading.named
    is_counted = occasion == "asked" and not reading.is_unclear and reading.nameless == len(rest)
    if not reading.is_strange and (is_counted or _is_single(files, all_wanted, reading, occasion)):
        return Assignment(all_wanted)
    if reading.is_unclear or reading.nameless:
        return Assignment(reading.named or all_wanted, (reasons.DOCUMENTS_UNCLEAR,))
    return Assignment(reading.named)


def _is_single(files: Sequence[Attachment], wanted: frozenset[str], reading: _Reading, occasion: Occasion) -> bool:
    """Return whether only one document is wanted, and that is what the files are."""
    is_one_file = len({file.digest for file in files}) == 1
    is_meant = occasion == "asked" or bool(reading.named) or (occasion == "fresh" and is_one_file)
    return len(wanted) == 1 and is_meant


def _read_names(
    files: Sequence[Attachment], wanted: Sequence[Title], index: TitleIndex, lines: Sequence[str]
) -> _Reading:
    named: set[str] = set()
    elsewhere: set[str] = set()
    nameless: set[str] = set()  # digests: the same file twice is one document
    recognised: set[str] = set()
    is_unclear = is_strange = False
    known = frozenset(word for each in wanted for word in (*each.words, *fold(each.obligation[2])))
    is_named = any(each.document for each in wanted)  # else any paper will do
    for file in files:
        found = _find(file, index, lines if len(files) == 1 else ())
        if found and not set(found) & set(wanted):
            elsewhere.add(found[0].text)
        elif len(found) == 1:
            named.add(found[0].document)
            recognised.add(file.digest)
        elif says_nothing(file.name):
            nameless.add(file.digest)
        else:
            is_unclear = True
            is_alone = len(files) == 1
            is_strange |= is_named and not found and not is_vague(file.name, known, is_alone=is_alone)
    return _Reading(frozenset(named), tuple(sorted(elsewhere)), len(nameless - recognised), is_unclear, is_strange)


def _find(file: Attachment, index: TitleIndex, lines: Sequence[str]) -> tuple[Title, ...]:
    """Return the titles that a file may mean by its name or, if that says nothing, by the lines."""
    if not says_nothing(file.name):
        return index.find(strip_extension(file.name))
    meant = index.find_one(lines)
    return (meant,) if meant else ()
