"""Which documents the files are that lie in the folder of an obligation. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scheduler.plan import reasons
from scheduler.plan.answers.documents import Assignment
from scheduler.plan.answers.matching import Duty, assign_files, titles_of
from scheduler.plan.answers.other_subjects import doubt_subjects, is_other_period
from scheduler.plan.answers.received_mail import Attachment
from scheduler.plan.answers.reservations import reservations


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
    found = assign_files(files, duty, duties, lines=(), occasion="asked")
    is_other = is_other_period(names, titles)
    doubts = (
        *doubt_subjects(names, titles, other_names=other_names, years=years),
        *((reasons.DOCUMENTS_UNCLEAR,) if is_other else ()),
        *reservations(names, titles),
        *found.doubts,
    )
    return Assignment(found.documents, tuple(dict.fromkeys(doubts)))
