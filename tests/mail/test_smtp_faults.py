"""Every fault at every phase: what was certainly not delivered is safe to repeat, the rest is called ambiguous."""

from __future__ import annotations

import re
import socket

import pytest

from scheduler.mail.smtp_replies import (
    CERTIFICATE,
    GARBLED,
    NO_TOKEN,
    RULES,
    SILENCE,
    UNOFFERED,
    Meaning,
    Phase,
    judge,
    to_outcome,
)
from scheduler.mail.smtp_session import EMPTY_LINES
from scheduler.ports import Outcome
from tests.mail.server_replies import ANSWERS
from tests.support.scripted_smtp import (
    CLOSE,
    DEFAULTS,
    DRIP,
    ENDLESS_LINE,
    ENDLESS_LINES,
    FREEZE,
    NEVER_READS,
    OFFERS,
    RESET,
    TOO_BIG,
    Answer,
    Answers,
    ScriptedServer,
)
from tests.support.smtp_mailers import SHORT_TIMEOUTS, TIMEOUTS, mail, mailer

VERBS: dict[str, Phase] = {
    "greeting": "greeting", "EHLO": "greeting", "AUTH": "login",
    "MAIL": "sender", "RCPT": "recipient", "DATA": "data", "content": "content",
}  # fmt: skip
SPOKEN: dict[Phase, str] = {phase: verb for verb, phase in VERBS.items() if verb != "EHLO"}
HALF = b"250-the first line\r\n250 and then noth"  # and the server waits for the next command
GARBAGE: tuple[bytes, ...] = (
    b"\xff\xfe\x00\r\n", b"hello\r\n", b"9999 what\r\n", b"25\r\n", b"\r\n" * 11, b"-250 no\r\n", b"150 wait\r\n",
    b"250-one\r\n550 two\r\n", b"250-one\r\nnot a code\r\n",
)  # fmt: skip


def expected(phase: Phase, code: str) -> Outcome:
    return to_outcome(judge(phase, code).meaning, "")


def same(outcome: Outcome, other: Outcome) -> bool:
    """Return whether two outcomes differ in the reply only."""
    return (outcome.state, outcome.pace, outcome.account, outcome.is_dead) == (
        other.state, other.pace, other.account, other.is_dead,
    )  # fmt: skip


# ---- the table, over the wire


@pytest.mark.parametrize(("phase", "answer", "meaning"), [row for row in ANSWERS if row[0] in SPOKEN])
def test_each_answer_of_the_table_becomes_its_outcome(phase: Phase, answer: str, meaning: Meaning) -> None:
    """The server's words are kept, and the next mail is sent as if nothing had been."""
    answers: dict[str, list[Answer]] = {SPOKEN[phase]: [answer]}
    with ScriptedServer(answers) as server, mailer(server.port, username="u", password="geheim-1") as it:
        assert it.send(mail(1)) == to_outcome(meaning, answer)
        assert it.send(mail(2)).state == "sent"
    assert [received.taken for received in server.received] == [False, True][phase != "content" :]


def test_every_row_about_a_reply_is_shown_over_the_wire() -> None:
    """Rows about no reply at all are shown by the tests below, and by those of TLS, login and SMTPUTF8."""
    shown = {judge(phase, answer[:3], answer[4:]) for phase, answer, _ in ANSWERS if phase in SPOKEN}
    about_none = re.compile(rf"({SILENCE}|{GARBLED}|{CERTIFICATE}|{UNOFFERED}|{NO_TOKEN})(\||$)")
    assert [rule for rule in RULES if rule not in shown and not about_none.match(rule.code)] == []


def test_words_over_several_lines_are_kept_on_one() -> None:
    answer = b"550-5.1.1 The address\r\n550-5.1.1\tdoes not \x1b[31mexist\r\n550 5.1.1 \xc3\xa0\xff - gsmtp\r\n"
    with ScriptedServer({"RCPT": answer}) as server, mailer(server.port) as it:
        outcome = it.send(mail())
    assert outcome.is_dead
    assert outcome.reply == "550 5.1.1 The address 5.1.1�does not �[31mexist 5.1.1 à� - gsmtp"


def test_a_very_long_answer_is_shortened() -> None:
    with ScriptedServer({"RCPT": "550 5.1.1 " + "very " * 400}) as server, mailer(server.port) as it:
        outcome = it.send(mail())
    assert outcome.is_dead
    assert len(outcome.reply) <= 504


# ---- no answer


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", [CLOSE, RESET, FREEZE, HALF, DRIP], ids=repr)
def test_a_server_that_goes_or_freezes(verb: str, fault: Answer) -> None:
    """Closing, breaking, freezing (in a reply too) and dripping are the same: no answer, and the phase decides."""
    with (
        ScriptedServer({verb: [fault]}) as server,
        mailer(server.port, username="u", password="geheim-1", timeouts=SHORT_TIMEOUTS) as it,
    ):
        outcome = it.send(mail(1))
        assert same(outcome, expected(VERBS[verb], SILENCE))
        # A connection that breaks at once may be seen before it is used.
        phases = {"connect", "greeting"} if VERBS[verb] == "greeting" else {VERBS[verb]}
        assert outcome.reply.partition(": ")[0] in phases
        assert it.send(mail(2)).state == "sent"
    assert len(server.received) == (2 if verb == "content" else 1)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", [ENDLESS_LINES, ENDLESS_LINE, *GARBAGE], ids=repr)
def test_an_answer_that_is_none(verb: str, fault: Answer) -> None:
    """It is not waited for its end, nothing is guessed, and the connection is not trusted again."""
    with ScriptedServer({verb: [fault]}) as server, mailer(server.port, username="u", password="geheim-1") as it:
        outcome = it.send(mail(1))
        assert same(outcome, expected(VERBS[verb], GARBLED))
        assert len(outcome.reply) < 600
        assert it.send(mail(2)).state == "sent"
    assert server.connections == 2


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with mailer(port) as it:
        outcome = it.send(mail())
    assert outcome == Outcome(
        state="deferred", reply=f"connect: cannot reach 127.0.0.1 port {port}: Connection refused", account="pause"
    )


def test_a_host_that_does_not_exist() -> None:
    with mailer(25, host="no-such-host.invalid") as it:
        outcome = it.send(mail())
    assert (outcome.state, outcome.account) == ("deferred", "pause")
    assert outcome.reply.startswith("connect: cannot find no-such-host.invalid: ")


@pytest.mark.parametrize("host", ["", "a..b.example", "x" * 70 + ".example", "."])
def test_a_host_that_is_no_name(host: str) -> None:
    """Whatever the resolver makes of it, the mail waits."""
    with mailer(1, host=host) as it:
        outcome = it.send(mail())
    assert (outcome.state, outcome.account) == ("deferred", "pause")


def test_a_slow_server_does_not_hold_a_mail_for_longer_than_all_steps_may_take() -> None:
    """Each answer comes just in time, but their sum is bounded too."""
    greeting = b"220-a\r\n220-b\r\n220 c\r\n"
    timeouts = type(SHORT_TIMEOUTS)(connect=5, command=5, opening=0.3, upload=5, final=5, quit=0.1)
    with ScriptedServer({"greeting": greeting, "RCPT": FREEZE}) as server, mailer(server.port, timeouts=timeouts) as it:
        outcome = it.send(mail())
    assert outcome == Outcome(state="deferred", reply="recipient: no answer in time")


# ---- the mail itself


def test_a_server_that_never_reads_the_mail() -> None:
    with ScriptedServer({"DATA": [NEVER_READS]}) as server, mailer(server.port, timeouts=SHORT_TIMEOUTS) as it:
        outcome = it.send(mail(data=b"x" * 70 + b"\r\n" * 10_000_000))
        assert outcome == Outcome(state="ambiguous", reply="content: no answer in time")
        assert it.send(mail(2)).state == "sent"
    assert server.connections == 2


def test_a_refusal_in_the_middle_of_the_mail_is_heard() -> None:
    """The server has said no while the mail was still on its way: that is an answer."""
    with ScriptedServer({"DATA": [TOO_BIG]}) as server, mailer(server.port, timeouts=SHORT_TIMEOUTS) as it:
        outcome = it.send(mail(data=b"x" * 70 + b"\r\n" * 10_000_000))
        assert outcome == Outcome(state="deferred", reply="552 5.3.4 Message is too large", pace="slowly")
        assert it.send(mail(2)).state == "sent"
    assert server.connections == 2


# ---- answers that nobody had asked for


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "content"])
@pytest.mark.parametrize("extra", [b"250 ok\r\n", b"354 go on\r\n", b"550 5.1.1 no\r\n", b"250-half", b"what\r\n"])
def test_two_answers_at_once_are_never_taken_for_the_next_commands_answer(verb: str, extra: bytes) -> None:
    """Out of step is out of trust: the mail is not handed over, the connection is closed."""
    with ScriptedServer() as plain:
        usual = plain._next_answer(verb)
    assert isinstance(usual, str)
    timeouts = SHORT_TIMEOUTS if extra == b"250-half" else TIMEOUTS
    with (
        ScriptedServer({verb: [usual.encode() + b"\r\n" + extra]}) as server,
        mailer(server.port, username="u", password="geheim-1", timeouts=timeouts) as it,
    ):
        outcome = it.send(mail(1))
        assert (outcome.state, outcome.is_dead) == ("deferred", False)
        assert server.received == []
        assert it.send(mail(2)).state == "sent"
    assert server.connections == 2


def test_an_answer_too_many_after_the_mail_does_not_reach_the_next_one() -> None:
    """The mail was taken; its connection is left."""
    answers = {"content": [b"250 2.0.0 queued\r\n550 5.1.1 whom?\r\n"]}
    with ScriptedServer(answers) as server, mailer(server.port) as it:
        assert it.send(mail(1)) == Outcome(state="sent", reply="250 2.0.0 queued")
        assert it.send(mail(2)).state == "sent"
    assert server.connections == 2
    assert len(server.received) == 2


def test_a_farewell_between_two_steps_is_heard_as_such() -> None:
    answers = {"MAIL": [b"250 ok\r\n421 4.3.2 going down\r\n"]}
    with ScriptedServer(answers) as server, mailer(server.port) as it:
        assert it.send(mail()) == Outcome(state="deferred", reply="421 4.3.2 going down")
    assert server.received == []


# ---- empty lines


USUAL = {"EHLO": "250 scripted.example\r\n", **{verb: f"{answer}\r\n" for verb, answer in DEFAULTS.items()}}


@pytest.mark.parametrize("count", [1, EMPTY_LINES])
@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content"])
def test_empty_lines_before_an_answer_are_no_answer(verb: str, count: int) -> None:
    """Least of all after the mail, where they would cost a second copy."""
    with ScriptedServer({verb: b"\r\n" * count + USUAL[verb].encode()}) as server, mailer(server.port) as it:
        assert [it.send(mail(number)).state for number in (1, 2)] == ["sent", "sent"]
    assert server.connections == 1
    assert len(server.received) == 2


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "RCPT", "content"])
def test_empty_lines_after_an_answer_belong_to_the_next_one(verb: str) -> None:
    with ScriptedServer({verb: USUAL[verb].encode() + b"\r\n\n"}) as server, mailer(server.port) as it:
        assert [it.send(mail(number)).state for number in (1, 2)] == ["sent", "sent"]
    assert server.connections == 1
    assert len(server.received) == 2


def test_empty_lines_within_an_answer_are_not_skipped() -> None:
    with ScriptedServer({"RCPT": [b"250-one\r\n\r\n250 two\r\n"]}) as server, mailer(server.port) as it:
        assert same(it.send(mail()), expected("recipient", GARBLED))
    assert server.received == []


def test_empty_lines_without_end_are_garbage() -> None:
    with ScriptedServer({"MAIL": [b"250 ok\r\n" + b"\r\n" * (EMPTY_LINES + 1)]}) as server, mailer(server.port) as it:
        assert same(it.send(mail()), expected("recipient", GARBLED))
    assert server.received == []


# ---- a connection that died while it was not used


@pytest.mark.parametrize("fault", [CLOSE, RESET, FREEZE, "421 4.4.2 idle for too long", b"nonsense\r\n"], ids=repr)
def test_a_kept_connection_that_turns_out_dead_is_replaced_without_a_word(fault: Answer) -> None:
    """Nothing of the mail had been said, so nothing can be there twice."""
    with ScriptedServer({"MAIL": ["250 ok", fault]}) as server, mailer(server.port, timeouts=SHORT_TIMEOUTS) as it:
        assert [it.send(mail(number)).state for number in (1, 2)] == ["sent", "sent"]
    assert server.connections == 2
    assert len(server.received) == 2


def test_a_server_that_says_good_bye_after_each_mail_costs_no_attempt() -> None:
    answers = {"content": b"250 2.0.0 queued\r\n421 4.4.2 bye\r\n"}
    with ScriptedServer(answers) as server, mailer(server.port) as it:
        assert [it.send(mail(number)).state for number in range(3)] == ["sent"] * 3
    assert len(server.received) == 3


def test_a_kept_connection_is_replaced_once_only() -> None:
    with ScriptedServer({"MAIL": ["250 ok", CLOSE, CLOSE]}) as server, mailer(server.port) as it:
        assert it.send(mail(1)).state == "sent"
        assert it.send(mail(2)) == Outcome(state="deferred", reply="sender: the server closed the connection")
    assert server.connections == 2


def test_past_the_sender_nothing_is_repeated_by_itself() -> None:
    with ScriptedServer({"RCPT": ["250 ok", CLOSE]}) as server, mailer(server.port) as it:
        assert it.send(mail(1)).state == "sent"
        assert it.send(mail(2)).state == "deferred"
    assert server.connections == 1


def test_a_connection_that_cannot_be_reset_is_replaced() -> None:
    answers: Answers = {"RCPT": ["550 5.1.1 unknown"], "RSET": [CLOSE]}
    with ScriptedServer(answers) as server, mailer(server.port) as it:
        assert [it.send(mail(number)).state for number in (1, 2)] == ["failed", "sent"]
    assert server.connections == 2


# ---- leaving


@pytest.mark.parametrize("fault", [CLOSE, RESET, FREEZE, ENDLESS_LINES, "421 4.3.0 no"], ids=repr)
def test_leaving_needs_no_answer(fault: Answer) -> None:
    with ScriptedServer({"QUIT": fault}, offers=OFFERS) as server, mailer(server.port, timeouts=TIMEOUTS) as it:
        assert it.send(mail()).state == "sent"
        it.close()
    assert len(server.received) == 1
