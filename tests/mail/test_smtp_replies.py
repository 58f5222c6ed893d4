"""Every row of the table of replies, by what real servers say."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.mail.smtp_replies import (
    CERTIFICATE,
    GARBLED,
    NO_TOKEN,
    OPENING,
    RULES,
    SILENCE,
    UNOFFERED,
    Meaning,
    Phase,
    judge,
    to_outcome,
)
from scheduler.ports import Outcome
from tests.mail.server_replies import ANSWERS, SEEN

PHASES: tuple[Phase, ...] = get_args(Phase)
MISSING = [SILENCE, GARBLED, CERTIFICATE, UNOFFERED, NO_TOKEN]
OUTCOMES: dict[Meaning, Outcome] = {
    "retry": Outcome(state="deferred", reply="r"),
    "scatter": Outcome(state="deferred", reply="r", pace="scattered"),
    "slowly": Outcome(state="deferred", reply="r", pace="slowly"),
    "rest": Outcome(state="deferred", reply="r", account="pause"),
    "pause": Outcome(state="deferred", reply="r", pace="slowly", account="pause"),
    "stop": Outcome(state="deferred", reply="r", account="stop"),
    "dead": Outcome(state="failed", reply="r", is_dead=True),
    "refused": Outcome(state="failed", reply="r"),
    "unclear": Outcome(state="ambiguous", reply="r"),
}


@pytest.mark.parametrize(("phase", "answer", "meaning"), ANSWERS)
def test_an_answer_means_what_it_means_in_its_phase(phase: Phase, answer: str, meaning: Meaning) -> None:
    code, _, words = answer.partition(" ")
    assert judge(phase, code, words).meaning == meaning


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("code", [SILENCE, GARBLED])
def test_without_an_answer_the_phase_alone_decides(phase: Phase, code: str) -> None:
    """Before the mail itself it is safe to try again; after it nobody knows."""
    expected = "unclear" if phase == "content" else "rest" if phase in OPENING else "retry"
    assert judge(phase, code, "550 5.1.1 words that are not the server's").meaning == expected


@pytest.mark.parametrize("phase", ["tls", "connect"])
def test_a_wrong_certificate_lets_the_account_rest(phase: Phase) -> None:
    assert judge(phase, CERTIFICATE, "self-signed").meaning == "rest"


def test_what_the_server_lacks_lets_the_account_rest_or_refuses_the_mail() -> None:
    assert judge("tls", UNOFFERED, "no STARTTLS").meaning == "rest"
    assert judge("login", UNOFFERED, "no AUTH").meaning == "rest"
    assert judge("sender", UNOFFERED, "no SMTPUTF8").meaning == "refused"


def test_the_replies_of_real_servers_are_many_and_each_can_be_looked_up() -> None:
    assert len({seen.answer for seen in SEEN}) >= 40
    assert [seen for seen in SEEN if not re.search(r"\w\.\w.*/\w", seen.source)] == []


OURS = (
    "Client host [203.0.113.5] blocked using zen.spamhaus.org", "see https://www.spamhaus.org/query/ip/203.0.113.5",
    "[2001:db8::5] is not welcome", "[IPv6:2001:db8::5] is not welcome", "our RBL lists you", "you are blacklisted",
    "SPF check failed", "no valid DKIM signature", "DMARC policy of reject", "no PTR record", "reverse DNS failed",
    "bad HELO", "poor reputation", "rate limit exceeded", "your IP is banned", "your message is spam",
    "against our policy", "the sender is unknown",
)  # fmt: skip
DEATHS = ("550 5.1.1 User unknown", "550 no such user here", "553 5.1.3 bad address", "550 5.2.1 disabled", "556 no")


@pytest.mark.parametrize("about_us", OURS)
@pytest.mark.parametrize("death", DEATHS)
def test_words_about_us_never_kill_an_address(death: str, about_us: str) -> None:
    """Whatever else stands in the reply, and before or behind them."""
    code, _, words = death.partition(" ")
    for told in (f"{words}; {about_us}", f"{words.split()[0]} {about_us}: {words}"):
        assert judge("recipient", code, told).meaning in ("rest", "refused"), told


@pytest.mark.parametrize("local", ["spam", "policy", "sender", "blacklist", "spf", "203.0.113.5"])
@pytest.mark.parametrize("death", DEATHS)
def test_what_an_address_is_called_is_no_word_about_us(death: str, local: str) -> None:
    code, _, words = death.partition(" ")
    assert judge("recipient", code, f"{words}: <{local}@{local}.example>").meaning == "dead"


@given(st.sampled_from(["550", "553", "554"]), st.sampled_from("34567"), st.integers(1, 999), st.text(max_size=60))
def test_only_codes_about_the_address_or_the_mailbox_kill_it(code: str, subject: str, detail: int, words: str) -> None:
    assert judge("recipient", code, f"5.{subject}.{detail} user unknown {words}").meaning != "dead"


@given(st.integers(500, 599).map(str), st.text("abcdefg .:", max_size=40))
def test_a_refusal_without_a_clear_word_fails_one_mail_only(code: str, words: str) -> None:
    assert judge("recipient", code, words).meaning != "dead" or code == "556"


@pytest.mark.parametrize("phase", OPENING)
@pytest.mark.parametrize("code", [CERTIFICATE, UNOFFERED, SILENCE, GARBLED, "554", "550", "500", "421", "250"])
def test_no_bad_handshake_stops_the_account(phase: Phase, code: str) -> None:
    assert judge(phase, code, "5.7.1 not here").meaning == "rest"


@pytest.mark.parametrize("code", ["534", "535"])
def test_what_would_lock_the_account_is_not_tried_again(code: str) -> None:
    assert {judge(phase, code).meaning for phase in PHASES} == {"stop"}


def test_every_row_of_the_table_is_shown_by_an_answer() -> None:
    """A row that nothing here falls under is untested or cannot be reached."""
    known: list[tuple[Phase, str]] = [(phase, answer) for phase, answer, _ in ANSWERS]
    reached = {judge(phase, answer[:3], answer[4:]) for phase, answer in known}
    reached |= {judge(phase, code) for phase in PHASES for code in MISSING}
    assert [rule for rule in RULES if rule not in reached] == []


def test_every_meaning_becomes_one_outcome() -> None:
    assert set(OUTCOMES) == set(get_args(Meaning))
    assert {meaning: to_outcome(meaning, "r") for meaning in OUTCOMES} == OUTCOMES


@given(st.sampled_from(PHASES), st.integers(200, 599).map(str) | st.sampled_from(MISSING), st.text(max_size=60))
def test_whatever_comes_is_judged_and_never_counts_as_sent(phase: Phase, code: str, words: str) -> None:
    """Only a definite answer in the last phase is not ambiguous there; nothing before it ever is."""
    outcome = to_outcome(judge(phase, code, words).meaning, words)
    assert outcome.state in ("failed", "ambiguous", "deferred")
    if phase != "content":
        assert outcome.state != "ambiguous"
    elif code in (SILENCE, GARBLED) or code.startswith(("2", "3")):
        assert outcome.state == "ambiguous"
    assert not (outcome.is_dead and phase != "recipient")


@given(st.text(max_size=300))
def test_an_enhanced_code_counts_at_the_beginning_only(words: str) -> None:
    """Words that mention a code somewhere do not change the meaning."""
    plain = judge("recipient", "550", f"no such user ({words})").meaning
    assert judge("recipient", "550", f"no such user ({words} 5.2.2)").meaning == plain
    assert judge("recipient", "550", "no such user (5.2.2)").meaning == "dead"
    assert judge("recipient", "550", "5.1.1.1 no such user").meaning == "refused"
