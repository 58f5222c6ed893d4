"""What a mail of a person answers: a certain answer, or what a person has to decide. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from scheduler.plan import reasons
from scheduler.plan.answers.document_names import Title, TitleIndex, says_nothing, strip_extension, title, without
from scheduler.plan.answers.documents import Assignment, Occasion, assign, counts
from scheduler.plan.answers.doubts import doubt_content, doubt_sender
from scheduler.plan.answers.other_subjects import doubt_subjects, is_other_period
from scheduler.plan.answers.own_lines import own_lines, shorten, telling_lines
from scheduler.plan.answers.received_mail import Attachment, ReceivedMail
from scheduler.plan.model import Deliverable
from scheduler.plan.reasons import Reason


class ObligationKey(NamedTuple):
    """Which obligation: the plan, the milestone or occurrence, and the party."""

    plan: str
    milestone: str
    party: str


class Sender(NamedTuple):
    """A party of a plan, one of whose contacts has the address that a mail is from."""

    plan: str
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """An obligation that could be answered, in the words by which a mail may name it.

    `missing` are the documents still owed; empty for a milestone without any. `is_open` is false once it is closed.
    `expires_at` (UTC) is when its tokens expire, `opens_at` from when on a mail that answers nothing may mean it.
    """

    key: ObligationKey
    title: str
    deliverables: tuple[Deliverable, ...] = ()
    missing: tuple[Deliverable, ...] = ()
    is_open: bool = True
    expires_at: datetime | None = None
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What ties a mail to an obligation.

    `address`: the token in an address it was sent to. `reference`: it answers a mail of ours. `subject`: the token in
    its subject. `target` is None for a token or id that is not ours, or that has expired. `asks`: whether the mail of
    ours asked for something, unlike a receipt; a token in an address or subject does not say which mail it was.
    """

    kind: Literal["address", "reference", "subject"]
    target: ObligationKey | None
    asks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a mail brings to one obligation: the ids of the documents (none: all), and the files that they are.

    `sent_at` (UTC) is when the sender says that it was sent.
    """

    key: ObligationKey
    deliverables: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a mail answers.

    A `certain` answer may be recorded without a person. Otherwise `answer` is a proposal, or None, and `candidates` are
    the obligations that wait for a person's decision and are not reminded meanwhile (contract rule 16a); none if the
    sender is not known or not proven. `evidence` says why, the strongest first.
    """

    certain: bool
    answer: Answer | None = None
    candidates: tuple[ObligationKey, ...] = ()
    evidence: tuple[Reason, ...] = ()


_SIGNS: Mapping[str, Callable[[str], Reason]] = {  # by the kind of a link, the strongest first
    "address": reasons.sent_for,
    "reference": reasons.answers_ours,
    "subject": reasons.subject_code,
}


class _Choice(NamedTuple):
    """The obligation that a mail answers, as far as one can say; those that may be meant; doubts and signs."""

    duty: Duty | None
    candidates: tuple[ObligationKey, ...]
    doubts: tuple[Reason, ...] = ()
    signs: tuple[Reason, ...] = ()


def match(
    mail: ReceivedMail,
    *,
    links: Sequence[Link],
    senders: Sequence[Sender],
    duties: Sequence[Duty],
    blank_forms: Collection[str],
    now: datetime,
    elsewhere: Sequence[Duty] = (),
    other_names: Collection[str] = (),
    years: Collection[int] = (),
) -> Match:
    """Return what a person's mail answers.

    `senders` are the parties, over all plans, that have the sender as a contact. `duties` are those of the senders and
    those that the links point to; only these are compared. `elsewhere` are obligations of others, whose documents a
    file may be instead. `blank_forms` are the digests of files that we send or publish. `now` is in UTC.
    `other_names` are names of the other parties of the plans; those of one word are not looked for. `years` are those
    that a subject or file may name; none: any. It is certain only if nothing at all gives rise to doubt.

    A contact of several parties who answers a mail to one of them is taken at that: it is certain, even if the file
    is another party's and does not say so.
    """
    files = tuple(file for file in mail.attachments if counts(file, blank_forms))
    lines = own_lines(mail.text)
    known = {duty.key: duty for duty in duties}
    own = [duty for duty in known.values() if not senders or Sender(duty.key.plan, duty.key.party) in senders]
    linked = _follow_links(links, known, own, now)
    choice = linked if linked.duty else _read_words(mail, files, lines, own, senders, linked.doubts, now)
    duty = choice.duty
    found = None
    if duty and files:
        occasion = _find_occasion(links, duty)
        # The subject of an answer to our mail is our own.
        said = [*([shorten(mail.subject)] if occasion == "fresh" else []), *telling_lines(lines)]
        found = assign_files(files, duty, [*known.values(), *elsewhere], lines=said, occasion=occasion)
    of_sender = doubt_sender(mail, is_known=bool(senders))
    doubts = (
        *of_sender,
        *choice.doubts,
        *_doubt_duty(duty),
        *(_doubt_period(mail, files, lines, duty, is_fresh=duty is not linked.duty) if duty else ()),
        *doubt_subjects(
            [shorten(mail.subject), *(file.name for file in files)],
            titles_of(duty),
            other_names=other_names,
            years=years,
        ),
        *doubt_content(mail, files, lines, titles_of(duty), blank_forms=blank_forms),
        *(found.doubts if found else ()),
    )
    return Match(
        certain=not doubts,
        answer=_answer(mail, duty, found, files) if duty and found else None,
        candidates=choice.candidates if doubts and not of_sender else (),
        evidence=(*doubts, *choice.signs),
    )


def _doubt_duty(duty: Duty | None) -> list[Reason]:
    is_owed = duty is None or (duty.is_open and (duty.missing or not duty.deliverables))
    return [] if duty is None or is_owed else [reasons.nothing_owed(duty.title)]


def _doubt_period(
    mail: ReceivedMail, files: Sequence[Attachment], lines: Sequence[str], duty: Duty, *, is_fresh: bool
) -> list[Reason]:
    """Return whether a mail may be about another month; the subject of an answer to our mail is our own."""
    said = [*([shorten(mail.subject)] if is_fresh else []), *telling_lines(lines), *(file.name for file in files)]
    return [reasons.DOCUMENTS_UNCLEAR] if is_other_period(said, titles_of(duty)) else []


def titles_of(duty: Duty | None) -> list[str]:
    """Return what an obligation and its documents are called."""
    return [duty.title, *(each.title for each in duty.deliverables)] if duty else []


# ---------------------------------------------------------------- which obligation


def _follow_links(
    links: Sequence[Link], known: Mapping[ObligationKey, Duty], own: Sequence[Duty], now: datetime
) -> _Choice:
    """Return the obligation to which links point; it is one of the sender's own, unless the sender is unknown."""
    strongest_first = sorted(links, key=lambda link: list(_SIGNS).index(link.kind))
    found = [(link.kind, _target(link, known, now)) for link in strongest_first]
    targets = {duty.key: duty for _, duty in found if duty}
    others = sorted({duty.key.party for duty in targets.values() if duty not in own})
    doubts = [reasons.LINKS_DISAGREE] if len(targets) > 1 else []
    doubts += map(reasons.link_of_other, others)
    if any(duty is None for _, duty in found):
        doubts.append(reasons.LINK_UNKNOWN)
    meant = [duty for duty in targets.values() if duty in own]
    return _Choice(
        duty=meant[0] if meant else None,
        candidates=tuple(duty.key for duty in meant),
        doubts=tuple(doubts),
        signs=tuple(dict.fromkeys(_SIGNS[kind](duty.title) for kind, duty in found if duty)),
    )


def _find_occasion(links: Sequence[Link], duty: Duty) -> Occasion:
    """Return how a mail came to be about an obligation; what it answers tells more than a token does."""
    own = [link for link in links if link.target == duty.key]
    telling = [link for link in own if link.kind == "reference"] or own
    if not telling:
        return "fresh"
    return "asked" if any(link.asks for link in telling) else "answered"


def _target(link: Link, known: Mapping[ObligationKey, Duty], now: datetime) -> Duty | None:
    duty = known.get(link.target) if link.target else None
    return None if duty and duty.expires_at and duty.expires_at <= now else duty


def _read_words(
    mail: ReceivedMail,
    files: Sequence[Attachment],
    lines: Sequence[str],
    own: Sequence[Duty],
    senders: Sequence[Sender],
    link_doubts: tuple[Reason, ...],
    now: datetime,
) -> _Choice:
    """Return the obligation that the subject, the text and the names of files name (contract rule 16b)."""
    index = _index_obligations(own)
    names = (strip_extension(file.name) for file in files if not says_nothing(file.name))
    texts = (shorten(mail.subject), *telling_lines(lines), *names)
    readings = [keys for text in texts if (keys := {each.obligation for each in index.find_told(text)})]
    clear = {key for keys in readings if len(keys) == 1 for key in keys}
    meant = [duty for duty in own if any(duty.key in keys for keys in readings)]
    doubts = [reasons.SENDER_OF_SEVERAL] if len({sender.party for sender in senders}) > 1 else []
    if len(clear) == 1 and all(clear <= keys for keys in readings):
        [duty] = (duty for duty in meant if duty.key in clear)
        twins = _find_twins(duty, own)
        doubts += [reasons.SEVERAL_FIT] if twins else []
        doubts += [reasons.too_early(duty.title)] if duty.opens_at and now < duty.opens_at else []
        return _Choice(duty, (duty.key, *twins), (*link_doubts, *doubts), (reasons.names_task(duty.title),))
    doubts.append(reasons.SEVERAL_FIT if meant else reasons.NONE_FITS)
    candidates = meant or [duty for duty in own if duty.is_open]
    return _Choice(None, tuple(duty.key for duty in candidates), (*link_doubts, *doubts))


# ---------------------------------------------------------------- which documents


def assign_files(
    files: Sequence[Attachment],
    duty: Duty,
    duties: Iterable[Duty],
    *,
    lines: Sequence[str],
    occasion: Occasion,
) -> Assignment:
    """Return which documents of an obligation files are; `duties` holds what they may be instead.

    `lines` and `occasion` are those of `assign`.
    """
    others = [other for other in duties if other.key.party in (duty.key.party, "") and other.key != duty.key]
    owed = {each.id for each in duty.missing or duty.deliverables} or {""}
    own_titles = _title_documents(duty)
    other_titles = [each for other in others for each in _title_documents(other)]
    return assign(
        files,
        [each for each in own_titles if each.document in owed],
        TitleIndex([*own_titles, *without(own_titles, other_titles)]),
        lines=lines,
        occasion=occasion,
    )


def _answer(mail: ReceivedMail, duty: Duty, found: Assignment, files: tuple[Attachment, ...]) -> Answer:
    documents = tuple(each.id for each in duty.deliverables if each.id in found.documents)
    return Answer(key=duty.key, deliverables=documents, attachments=files, sent_at=mail.sent_at)


def _index_obligations(duties: Sequence[Duty]) -> TitleIndex:
    """Return the titles of obligations and their documents, to tell the obligations apart."""
    owed = [each for duty in duties if duty.is_open for each in _title_obligation(duty)]
    closed = [each for duty in duties if not duty.is_open for each in _title_obligation(duty)]
    return TitleIndex([*owed, *without(owed, closed)])


def _find_twins(duty: Duty, own: Iterable[Duty]) -> list[ObligationKey]:
    """Return what is closed of the same plan and called the same: what came may be its new version."""
    called = {each.wordings for each in _title_obligation(duty)}
    closed = [each for each in own if not each.is_open and each.key.plan == duty.key.plan and each.key != duty.key]
    return [each.key for each in closed if called & {one.wordings for one in _title_obligation(each)}]


def _title_obligation(duty: Duty) -> list[Title]:
    whole = [title(duty.key, "", duty.title)] if len(duty.deliverables) > 1 else []
    return [*whole, *_title_documents(duty)]


def _title_documents(duty: Duty) -> list[Title]:
    """Return the titles of an obligation's documents; one document may be called by the obligation's title too."""
    also = [duty.title] if len(duty.deliverables) == 1 else []
    documents = [title(duty.key, each.id, each.title, *also) for each in duty.deliverables]
    return documents or [title(duty.key, "", duty.title)]
