"""The tokens in addresses and subjects."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.answers.matching import Link, ObligationKey
from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.answers.tokens import (
    FoundTokens,
    find_invitation_token,
    find_tokens,
    invitation_token,
    link_tokens,
    reply_token,
    subject_token,
    thread_token,
)
from scheduler.plan.dates.date_forms import On
from tests.support.plan_builders import PARTIES, event, party, plan

SECRET = b"a secret"
KEY = ObligationKey("cum-2023", "dang-ky", "nghe-an")
OTHER = ObligationKey("cum-2023", "dang-ky", "hue")
MAILBOX = "ThiDua@truong.example"
RENAMED = tuple(party("delta", was=("beta",)) if one.id == "beta" else one for one in PARTIES)
KEYS = st.builds(ObligationKey, *(st.text(max_size=4),) * 3)


def test_tokens_stay_the_same_for_ever() -> None:
    """Mails that have left hold them."""
    assert reply_token(SECRET, KEY) == "sopfgkexuwxbqq2t"
    assert subject_token(SECRET, KEY) == "g7h74g"
    assert thread_token(SECRET, KEY) == "5jalu2nm4wb3pqr2m6sbkgnong"


@given(KEYS, st.binary(min_size=1, max_size=8))
def test_a_token_fits_into_an_address_and_neither_gives_the_other_away(key: ObligationKey, secret: bytes) -> None:
    assert re.fullmatch(r"[a-z2-7]{16}", reply_token(secret, key))
    assert re.fullmatch(r"[a-z2-7]{6}", subject_token(secret, key))
    assert re.fullmatch(r"[a-z2-7]{26}", thread_token(secret, key))
    assert not reply_token(secret, key).startswith(subject_token(secret, key))
    assert not thread_token(secret, key).startswith((reply_token(secret, key), subject_token(secret, key)))


@given(KEYS, KEYS)
def test_no_two_obligations_share_an_address(one: ObligationKey, other: ObligationKey) -> None:
    assert (reply_token(SECRET, one) == reply_token(SECRET, other)) == (one == other)


def test_parts_of_a_key_never_run_into_one_another() -> None:
    assert reply_token(SECRET, ObligationKey("a", "b\0c", "d")) != reply_token(SECRET, ObligationKey("a\0b", "c", "d"))
    assert reply_token(SECRET, ObligationKey("a", "b", "c")) != reply_token(SECRET, ObligationKey("a", "b@1", "c"))
    assert reply_token(SECRET, KEY) != reply_token(b"another secret", KEY)


@pytest.mark.parametrize(
    ("recipient", "is_found"),
    [
        ("thidua+{token}@truong.example", True),
        ("THIDUA+{TOKEN}@truong.example", True),
        ("thidua@truong.example", False),
        ("thidua+@truong.example", False),
        ("thidua+{token}@elsewhere.example", False),
        ("other+{token}@truong.example", False),
        ("thidua+{token}x@truong.example", False),
        ("thidua+x+{token}@truong.example", False),
    ],
)
def test_an_address_token_stands_between_plus_and_at(recipient: str, is_found: bool) -> None:
    token = reply_token(SECRET, KEY)
    mail = ReceivedMail(recipients=(recipient.format(token=token, TOKEN=token.upper()),))
    assert find_tokens(mail, mailbox=MAILBOX).addresses == ((token,) if is_found else ())


def test_a_token_in_two_headers_is_one() -> None:
    address = f"thidua+{reply_token(SECRET, KEY)}@truong.example"
    assert len(find_tokens(ReceivedMail(recipients=(address, address)), mailbox=MAILBOX).addresses) == 1


@pytest.mark.parametrize(
    ("subject", "tokens"),
    [
        ("[Cụm] Nhắc thời hạn gửi báo cáo [k7f3q2]", ("k7f3q2",)),
        ("Re: [Cụm] Nhắc thời hạn gửi báo cáo [k7f3q2]", ("k7f3q2",)),
        ("Trả lời: RE: Nhắc thời hạn [k7f3q2]   ", ("k7f3q2",)),
        ("FW: [k7f3q2]", ("k7f3q2",)),
        ("[k7f3q2] Nhắc thời hạn", ()),
        ("Nhắc thời hạn [K7F3Q2]", ()),
        ("Nhắc thời hạn [k7f3q1]", ()),
        ("Nhắc thời hạn [k7f3q]", ()),
        ("", ()),
    ],
)
def test_a_subject_token_ends_the_subject(subject: str, tokens: tuple[str, ...]) -> None:
    assert find_tokens(ReceivedMail(subject=subject), mailbox=MAILBOX) == FoundTokens(subjects=tokens)


def test_tokens_point_to_the_obligations_that_they_come_from() -> None:
    found = FoundTokens((reply_token(SECRET, KEY), "a" * 16), (subject_token(SECRET, OTHER), "a" * 6))
    assert link_tokens(found, secret=SECRET, keys=iter([OTHER, KEY])) == (
        Link(kind="address", target=KEY),
        Link(kind="address", target=None),
        Link(kind="subject", target=OTHER),
        Link(kind="subject", target=None),
    )


def test_a_token_of_one_purpose_is_none_of_the_other() -> None:
    found = FoundTokens((), (reply_token(SECRET, KEY)[:6],))
    assert link_tokens(found, secret=SECRET, keys=[KEY]) == (Link(kind="subject", target=None),)


def test_the_id_of_an_event_in_invitations_is_that_of_the_party_and_stays() -> None:
    """Whatever the milestone and the party are called afterwards."""
    june = On(date(2023, 6, 8), date(2023, 6, 8))
    before, after = plan(event(june)), plan(event(june, "june", was=("meeting",)), parties=RENAMED)
    tokens = {invitation_token(SECRET, before, "meeting", id) for id in ("lead", "beta", "gamma")}
    assert len(tokens) == 3
    assert all(find_invitation_token(f"{token}@cum.example") == token for token in tokens)
    assert [find_invitation_token(uid) for uid in ("x1@cum.example", "", "a" * 25, "A" * 26)] == [""] * 4
    assert invitation_token(SECRET, after, "june", "delta") == invitation_token(SECRET, before, "meeting", "beta")
    assert invitation_token(b"another secret", before, "meeting", "beta") not in tokens
