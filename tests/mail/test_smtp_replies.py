"""Every row of the table of replies, by what real servers say."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.mail.smtp_replies import (
    CERTIFICATE,
    GARBLED,
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
from tests.mail.server_replies import ANSWERS

PHASES: tuple[Phase, ...] = get_args(Phase)
MISSING = [SILENCE, GARBLED, CERTIFICATE, UNOFFERED]
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
def test_a_wrong_certificate_stops_the_account(phase: Phase) -> None:
    assert judge(phase, CERTIFICATE, "self-signed").meaning == "stop"


def test_what_the_server_lacks_stops_the_account_or_the_mail() -> None:
    assert judge("tls", UNOFFERED, "no STARTTLS").meaning == "stop"
    assert judge("login", UNOFFERED, "no AUTH").meaning == "stop"
    assert judge("sender", UNOFFERED, "no SMTPUTF8").meaning == "refused"


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
    assert judge("recipient", "550", f"no such user ({words} 5.2.2)").meaning in ("dead", "pause", "stop", "slowly")
    assert judge("recipient", "550", "no such user (5.2.2)").meaning == "dead"
