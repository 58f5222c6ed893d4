"""What holds of every mail, whatever is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

from hypothesis import assume, given
from hypothesis import strategies as st

from scheduler.plan.answers.documents import counts
from scheduler.plan.answers.matching import Duty, Link, Match, ObligationKey, Sender, match
from scheduler.plan.answers.received_mail import (
    Attachment,
    Authentication,
    AuthenticationState,
    Oddity,
    ReceivedMail,
)
from scheduler.plan.model import Deliverable

NOW = datetime(2023, 6, 5, tzinfo=UTC)
PARTIES = ("nghe-an", "hue")
TITLES = ("Báo cáo 6 tháng của trường", "Báo cáo năm của trường", "Đăng ký thi đua", "Kế hoạch thi đua")
BLANK = "blank"
NAMES = st.sampled_from(
    [
        *(f"{title}.pdf" for title in TITLES),
        "bao-cao-6-thang.pdf",
        "bao cao.pdf",
        "Nghe An.pdf",
        "IMG_1.jpg",
        "2.pdf",
        "",
    ]
)
KINDS = st.sampled_from(["address", "reference", "subject"])
WORDS = st.sampled_from(["", "", "", *TITLES, "Kính gửi báo cáo", "sẽ gửi sau", "Chúc mừng"])

files = st.builds(
    Attachment,
    part=st.just("2"),
    name=NAMES,
    kind=st.sampled_from(["application/pdf"] * 4 + [""]),
    size=st.sampled_from([9, 9, 9, 9, 0]),
    digest=st.sampled_from(["a", "b", "c", "d", "e", BLANK]),
)
mails = st.builds(
    ReceivedMail,
    sender=st.just("can-bo@truong.example"),
    subject=WORDS,
    text=st.lists(WORDS, max_size=3).map("\n".join),
    attachments=st.lists(files, max_size=4).map(tuple),
    authentication=st.builds(Authentication, state=st.sampled_from(["pass"] * 6 + [*get_args(AuthenticationState)])),
    oddities=st.lists(st.sampled_from(get_args(Oddity)), max_size=1).map(tuple) | st.just(()),
)


@st.composite
def situations(draw: st.DrawFn) -> Mapping[str, Any]:
    """Return what a mail is matched with."""
    duties = []
    for number in range(draw(st.integers(0, 4))):
        names = draw(st.lists(st.sampled_from(TITLES), max_size=3, unique=True))
        deliverables = tuple(Deliverable(id=f"d{index}", title=name) for index, name in enumerate(names))
        key = ObligationKey("cum", f"m{number}", draw(st.sampled_from(PARTIES)))
        missing = tuple(each for each in deliverables if draw(st.booleans()))
        title = draw(st.sampled_from(TITLES))
        is_open = draw(st.integers(0, 4)) > 0
        duties.append(Duty(key=key, title=title, deliverables=deliverables, missing=missing, is_open=is_open))
    targets = st.none() | st.just(ObligationKey("cum", "gone", "hue"))
    if duties:
        targets = st.sampled_from([duty.key for duty in duties]) | targets
    links = draw(st.lists(st.builds(Link, kind=KINDS, target=targets), max_size=2))
    senders = draw(st.lists(st.sampled_from(PARTIES), max_size=2, unique=True))
    return {"duties": duties, "links": links, "senders": [Sender("cum", party) for party in senders]}


Case = tuple[ReceivedMail, Mapping[str, Any]]


@st.composite
def good_cases(draw: st.DrawFn) -> Case:
    """Return an answer of a proven contact to our mail, with files: mostly certain."""
    key = ObligationKey("cum", "m0", "nghe-an")
    names = draw(st.lists(st.sampled_from(TITLES), max_size=3, unique=True))
    deliverables = tuple(Deliverable(id=f"d{index}", title=name) for index, name in enumerate(names))
    missing = deliverables[draw(st.integers(0, max(0, len(names) - 1))) :]
    duty = Duty(key=key, title="Gửi hồ sơ", deliverables=deliverables, missing=missing)
    others = [
        replace(
            duty, key=key._replace(milestone="m1"), title=draw(st.sampled_from(TITLES)), deliverables=(), missing=()
        ),
        replace(duty, key=key._replace(party="hue")),
    ]
    good = st.builds(
        Attachment,
        part=st.just("2"),
        name=st.sampled_from([*(f"{name}.pdf" for name in names), "IMG_1.jpg", "2.pdf"]),
        kind=st.just("application/pdf"),
        size=st.just(9),
        digest=st.sampled_from("abcdef"),
    )
    mail = draw(mails)
    proven = replace(
        mail,
        text="",
        subject="Re: Nhắc thời hạn",
        oddities=(),
        authentication=Authentication(state="pass"),
        attachments=tuple(draw(st.lists(good, min_size=1, max_size=3))) + mail.attachments[:1],
    )
    links = draw(st.lists(st.builds(Link, kind=KINDS, target=st.just(key)), min_size=1, max_size=2))
    return proven, {"duties": [duty, *others], "links": links, "senders": [Sender("cum", "nghe-an")]}


cases = st.tuples(mails, situations()) | good_cases()


def decide(mail: ReceivedMail, situation: Mapping[str, Any]) -> Match:
    """Match a mail."""
    return match(mail, **situation, blank_forms={BLANK}, now=NOW)


@given(cases)
def test_only_a_proven_contact_is_certain_or_stops_reminders(case: Case) -> None:
    mail, situation = case
    found = decide(mail, situation)
    proven = bool(situation["senders"]) and mail.authentication.state == "pass"
    assert proven or not (found.certain or found.candidates)
    assert found.evidence


@given(good_cases(), st.sampled_from(["fail", "none", "unchecked"]))
def test_what_is_certain_would_not_be_so_of_another_sender(case: Case, state: AuthenticationState) -> None:
    mail, situation = case
    assume(decide(mail, situation).certain)
    assert not decide(replace(mail, authentication=Authentication(state=state)), situation).certain
    for senders in ([], [Sender("cum", "hue")], [Sender("cum-2022", "nghe-an")]):
        assert not decide(mail, {**situation, "senders": senders}).certain


@given(good_cases(), st.builds(Link, kind=KINDS, target=st.none()), st.sampled_from([None, 1, 2]))
def test_what_is_certain_would_not_be_so_if_another_link_disagreed(case: Case, link: Link, other: int | None) -> None:
    mail, situation = case
    assume(decide(mail, situation).certain)
    wrong = replace(link, target=None if other is None else situation["duties"][other].key)
    assert not decide(mail, {**situation, "links": [*situation["links"], wrong]}).certain


@given(cases)
def test_what_is_certain_brings_only_what_is_missing(case: Case) -> None:
    mail, situation = case
    found = decide(mail, situation)
    if not found.certain:
        return
    assert found.answer is not None
    assert found.candidates == ()
    [duty] = [each for each in situation["duties"] if each.key == found.answer.key]
    assert duty.is_open
    assert Sender("cum", duty.key.party) in situation["senders"]
    assert {*found.answer.deliverables} <= {each.id for each in duty.missing}
    assert bool(found.answer.deliverables) == bool(duty.deliverables)
    assert found.answer.attachments
    assert all(counts(file, {BLANK}) for file in found.answer.attachments)


@given(cases)
def test_a_decision_concerns_only_the_sender(case: Case) -> None:
    mail, situation = case
    found = decide(mail, situation)
    keys = {*found.candidates, *([found.answer.key] if found.answer and situation["senders"] else [])}
    assert {Sender(key.plan, key.party) for key in keys} <= {*situation["senders"]}


@given(cases, st.data())
def test_the_order_of_files_changes_nothing(case: Case, data: st.DataObject) -> None:
    mail, situation = case
    moved = replace(mail, attachments=tuple(data.draw(st.permutations(mail.attachments))))
    one, other = decide(mail, situation), decide(moved, situation)
    if one.answer and other.answer:
        assert sorted(map(str, one.answer.attachments)) == sorted(map(str, other.answer.attachments))
        other = replace(other, answer=replace(other.answer, attachments=one.answer.attachments))
    assert one == other


@given(cases, st.lists(WORDS, max_size=3))
def test_quoted_lines_change_nothing(case: Case, quoted: list[str]) -> None:
    mail, situation = case
    text = "\n".join([mail.text, *(f"> {line}" for line in quoted)])
    assert decide(replace(mail, text=text), situation) == decide(mail, situation)


@given(cases)
def test_no_obligation_of_another_party_makes_a_difference_without_a_link(case: Case) -> None:
    mail, situation = case
    assume(bool(situation["senders"]))
    fresh = {**situation, "links": []}
    own = [duty for duty in situation["duties"] if Sender("cum", duty.key.party) in situation["senders"]]
    assert decide(mail, fresh) == decide(mail, {**fresh, "duties": own})
