"""Which documents the files are that lie in the folder of an obligation. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scheduler.plan import reasons
from scheduler.plan.answers.document_names import fold
from scheduler.plan.answers.documents import Assignment, Occasion
from scheduler.plan.answers.matching import Duty, assign_files, titles_of
from scheduler.plan.answers.other_subjects import doubt_subjects, is_other_period
from scheduler.plan.answers.received_mail import Attachment
from scheduler.plan.answers.reservations import reservations
from scheduler.plan.reasons import Reason

# What the name of a file says that is not the document itself: a draft, a form, a guide, or last year's.
_NOT_IT = (
    "nháp",
    "mẫu",
    "hướng dẫn",
    "hd",
    "đề cương",
    "năm trước",
    "năm ngoái",
    "readme",
    "draft",
    "template",
    "guide",
)


def match_folder(
    files: Sequence[Attachment],
    duty: Duty,
    duties: Sequence[Duty],
    *,
    other_names: Collection[str],
    years: Collection[int],
) -> Assignment:
    """Return which documents of an obligation the files in its folder are; it is certain without doubts.

    The folder says for which obligation they are, as an answer to a reminder does; the names of the files may say
    something else. `duties` are what they may be instead, as in `matching.match`; so are `other_names` and `years`.
    """
    names, titles = [file.name for file in files], titles_of(duty)
    # A folder fills over days, so that as many files as documents are missing says nothing: names must tell.
    occasion: Occasion = "asked" if len(duty.deliverables) < 2 else "answered"
    found = assign_files(files, duty, duties, lines=(), occasion=occasion)
    is_other = is_other_period(names, titles)
    doubts = (
        *doubt_subjects(names, titles, other_names=other_names, years=years),
        *((reasons.DOCUMENTS_UNCLEAR,) if is_other else ()),
        *reservations(names, titles),
        *_doubt_names(names, titles),
        *found.doubts,
    )
    return Assignment(found.documents, tuple(dict.fromkeys(doubts)))


def _doubt_names(names: Sequence[str], titles: Sequence[str]) -> list[Reason]:
    """Return the words by which names of files say that they are not the document; words of a title are none."""
    said = [f" {' '.join(fold(name))} " for name in names]
    owed = " ".join(f" {' '.join(fold(title))} " for title in titles)
    plain = {word: f" {' '.join(fold(word))} " for word in _NOT_IT}
    return [
        reasons.says(word) for word, form in plain.items() if form not in owed and any(form in name for name in said)
    ]
