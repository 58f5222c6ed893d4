"""What goes over the wire when the server is well."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import UserError
from scheduler.mail.smtp import Account, SmtpMailer, name_account, to_wire_address
from scheduler.mail.smtp_session import Timeouts, stuff_dots
from scheduler.ports import Mailer, Outcome
from tests.contracts.mailers import MailerContract
from tests.support.scripted_smtp import OFFERS, ScriptedServer
from tests.support.smtp_mailers import DATA, SECRET, SENDER, TIMEOUTS, mail, mailer

PASSWORD = "mật-khẩu 16 chữ"


def verbs(server: ScriptedServer) -> list[str]:
    return [command.split(" ")[0].upper() for command in server.commands]


# ---- one mail


def test_a_mail_goes_to_one_recipient_byte_for_byte() -> None:
    """Lines that begin with a dot, or are one, arrive as they were."""
    with ScriptedServer() as server, mailer(server.port) as it:
        assert it.send(mail()) == Outcome(state="sent", reply="250 2.0.0 queued as 4X")
    (received,) = server.received
    assert (received.sender, received.recipient, received.data) == (SENDER, mail().address, DATA)


LINES = st.lists(st.text("..\t=aB", max_size=4), max_size=6)


@given(LINES, st.booleans())
def test_any_lines_arrive_as_they_were(lines: list[str], is_ended: bool) -> None:
    """What is sent is undone by the reader's side of RFC 5321, 4.5.2, whatever the dots."""
    data = "\r\n".join(lines).encode() + (b"\r\n" if is_ended else b"")
    wire = stuff_dots(data)
    sent = wire.splitlines(keepends=True)
    assert sent[-1] == b".\r\n"
    assert b".\r\n" not in sent[:-1]
    read = b"".join(line[1:] if line.startswith(b".") else line for line in sent[:-1])
    assert read == (data if data.endswith(b"\r\n") or not data else data + b"\r\n")


@pytest.mark.parametrize("data", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n\n.\r\nMAIL FROM:<>\r\n", b"a\r\r\n"])
def test_a_bare_line_break_is_refused(data: bytes) -> None:
    """Servers differ in what they take for a line's end; a mail inside a mail could be smuggled."""
    with ScriptedServer() as server, mailer(server.port) as it:
        outcome = it.send(mail(data=data))
        assert outcome.state == "failed"
        assert "CRLF" in outcome.reply
    assert server.connections == 0


def test_the_size_is_told_where_it_is_asked() -> None:
    for offers, expected in ((OFFERS, f"MAIL FROM:<{SENDER}> SIZE={len(DATA)}"), ((), f"MAIL FROM:<{SENDER}>")):
        with ScriptedServer(offers=offers) as server, mailer(server.port) as it:
            assert it.send(mail()).state == "sent"
        assert expected in server.commands


def test_an_old_server_is_greeted_in_the_old_way() -> None:
    with ScriptedServer({"EHLO": "502 5.5.2 never heard of it"}) as server, mailer(server.port) as it:
        assert it.send(mail()).state == "sent"
    assert verbs(server)[:3] == ["EHLO", "HELO", "MAIL"]


def test_the_server_is_told_an_address_and_no_name_of_this_machine() -> None:
    with ScriptedServer() as server, mailer(server.port) as it:
        it.send(mail())
    assert server.commands[0] == "ehlo [127.0.0.1]"


# ---- addresses


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "@b.example", "a@", "a@b@c.example", "a@b.example\r\nRCPT TO:<x@y.example>", "a@b.example\n",
        "a b@c.example",
        '"a b"@c.example', "a@b.example>", "<a@b.example", "a,b@c.example", "a@b.example,c@d.example", "a\0@b.example",
        "a\u2028@b.example", "a\ud800@b.example", "a@[127.0.0.1]", "a@" + "ă" * 70 + ".example",
    ],
)  # fmt: skip
def test_what_is_no_address_never_reaches_the_server(address: str) -> None:
    """Line breaks, quotes, lists and brackets: the mail fails with clear words, and so would every other."""
    with ScriptedServer() as server, mailer(server.port) as it:
        outcome = it.send(mail(address=address))
    assert (outcome.state, outcome.is_dead, outcome.account) == ("failed", True, None)
    assert outcome.reply == f"{address!r} is not an address"
    assert server.connections == 0


def test_a_domain_with_diacritics_goes_out_in_ascii() -> None:
    """By IDNA 2008: that of 2003 would write to strasse.example, which is somebody else."""
    assert to_wire_address("tho@tỉnh-bắc.example") == "tho@xn--tnh-bc-tf8b2h.example"
    assert to_wire_address("tho@straße.example") == "tho@xn--strae-oqa.example"


@given(st.text(max_size=30))
def test_what_passes_for_an_address_holds_no_syntax(text: str) -> None:
    found = to_wire_address(text)
    if found is not None:
        assert found.count("@") == 1
        assert not set(found) & set(' \r\n\t\0<>,;:"\\[]()')
        assert found.isprintable()


def test_a_mailbox_with_diacritics_needs_a_server_that_takes_it() -> None:
    with ScriptedServer() as server, mailer(server.port) as it:
        outcome = it.send(mail(address="thơ@tinh-bac.example"))
        assert (outcome.state, outcome.is_dead, outcome.account) == ("failed", False, None)
        assert "SMTPUTF8" in outcome.reply
    assert "MAIL" not in verbs(server)
    with ScriptedServer(offers=(*OFFERS, "SMTPUTF8")) as server, mailer(server.port) as it:
        assert it.send(mail(address="thơ@tinh-bac.example")).state == "sent"
        assert it.send(mail()).state == "sent"
    assert [received.recipient for received in server.received] == ["thơ@tinh-bac.example", mail().address]
    mails = [command for command in server.commands if command.startswith("MAIL")]
    assert [command.endswith("SMTPUTF8") for command in mails] == [True, False]


def test_a_sender_that_is_no_address_is_refused_at_once() -> None:
    account = Account(host="localhost", port=25, security="none")
    with pytest.raises(UserError, match=r"mail\.from"):
        SmtpMailer(account, sender="a@b.example\r\nRCPT TO:<x@y.example>", secret=SECRET)


# ---- login


def test_the_login_proves_itself_in_one_step() -> None:
    with ScriptedServer() as server, mailer(server.port, username="thơ", password=PASSWORD) as it:
        assert it.send(mail()).state == "sent"
    (proof,) = (command.split(" ")[2] for command in server.commands if command.startswith("AUTH"))
    assert b64decode(proof).decode() == f"\0thơ\0{PASSWORD}"


def test_the_login_waits_for_a_server_that_wants_to_ask_first() -> None:
    answers = {"AUTH": ["334 ", "235 2.7.0 welcome"]}
    with ScriptedServer(answers) as server, mailer(server.port, username="u", password=PASSWORD) as it:
        assert it.send(mail()).state == "sent"
    assert b64decode(server.commands[2]).decode() == f"\0u\0{PASSWORD}"


def test_the_older_login_is_used_where_there_is_no_other() -> None:
    answers = {"AUTH": ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 welcome"]}
    with (
        ScriptedServer(answers, offers=("AUTH LOGIN",)) as server,
        mailer(server.port, username="u", password=PASSWORD) as it,
    ):
        assert it.send(mail()).state == "sent"
    assert [b64decode(word).decode() for word in server.commands[2:4]] == ["u", PASSWORD]


@pytest.mark.parametrize("offers", [(), ("AUTH XOAUTH2 GSSAPI",)])
def test_a_server_without_a_login_we_know_lets_the_account_rest(offers: tuple[str, ...]) -> None:
    with ScriptedServer(offers=offers) as server, mailer(server.port, username="u", password="geheim-1") as it:
        outcome = it.send(mail())
    assert (outcome.state, outcome.account) == ("deferred", "pause")
    assert "login" in outcome.reply
    assert "MAIL" not in verbs(server)


def test_the_account_is_tried_by_a_real_login() -> None:
    """Without any mail; the connection then serves the first one."""
    with ScriptedServer() as server, mailer(server.port, username="u", password="geheim-1") as it:
        assert it.log_in() is None
        assert verbs(server) == ["EHLO", "AUTH"]
        assert it.send(mail()).state == "sent"
    assert server.connections == 1
    with (
        ScriptedServer({"AUTH": "535 5.7.8 no"}) as server,
        mailer(server.port, username="u", password="geheim-1") as it,
    ):
        assert it.log_in() == Outcome(state="deferred", reply="535 5.7.8 no", account="stop")


def test_the_password_is_never_shown() -> None:
    """Not by the account, not by the mailer, not where a server repeats it in any of the forms it travelled in."""
    proof = "AHUAbeG6rXQta2jhuql1IDE2IGNo4buv"
    assert b64decode(proof).decode() == f"\0u\0{PASSWORD}"
    with (
        ScriptedServer({"AUTH": f"535 5.7.8 not {PASSWORD}, not {proof} either"}) as server,
        mailer(server.port, username="u", password=PASSWORD) as it,
    ):
        outcome = it.send(mail())
        shown = [repr(outcome), repr(it), str(it), it.account]
    account = Account(host="h", port=25, security="tls", username="u", password=PASSWORD)
    for text in (*shown, repr(account), str(account)):
        assert PASSWORD not in text
        assert proof not in text
    assert outcome.reply == "535 5.7.8 not ***, not *** either"


# ---- the account's name


def test_an_account_has_another_name_as_soon_as_anything_about_it_is_another() -> None:
    base: dict[str, Any] = {
        "host": "smtp.example",
        "port": 587,
        "security": "starttls",
        "username": "u",
        "password": "p",
    }
    variants: list[dict[str, Any]] = [{}, {"host": "mx.example"}, {"port": 465}, {"security": "tls"}]
    variants += [{"username": "v"}, {"password": "q"}, {"username": "up", "password": ""}]
    names = [name_account(Account(**(base | change)), SENDER, SECRET) for change in variants]
    names.append(name_account(Account(**base), "other@cum.example", SECRET))
    names.append(name_account(Account(**base), SENDER, b"another secret"))
    assert len(set(names)) == len(names)
    assert names[0] == name_account(Account(**base), SENDER, SECRET)
    assert all(name.startswith("smtp-") and len(name) == 21 for name in names)


# ---- the connection


def test_one_connection_serves_many_mails() -> None:
    with ScriptedServer() as server, mailer(server.port, username="u", password="geheim-1") as it:
        assert [it.send(mail(number)).state for number in range(20)] == ["sent"] * 20
    assert server.connections == 1
    assert verbs(server).count("AUTH") == 1
    assert server.commands[-1].upper() == "QUIT"


def test_a_connection_is_left_after_so_many_mails() -> None:
    with ScriptedServer() as server, mailer(server.port, per_connection=3) as it:
        assert [it.send(mail(number)).state for number in range(7)] == ["sent"] * 7
    assert server.connections == 3
    assert verbs(server).count("QUIT") == 3


def test_a_connection_unused_for_too_long_is_left() -> None:
    with ScriptedServer() as server, mailer(server.port, idle=0.0) as it:
        assert [it.send(mail(number)).state for number in range(3)] == ["sent"] * 3
    assert server.connections == 3


def test_after_a_refusal_the_connection_goes_on_from_the_start() -> None:
    answers = {"RCPT": ["550 5.1.1 unknown", "250 ok", "452 4.2.2 full"], "content": ["554 5.7.1 spam"]}
    with ScriptedServer(answers) as server, mailer(server.port) as it:
        states = [it.send(mail(number)).state for number in range(4)]
    assert states == ["failed", "failed", "deferred", "sent"]
    assert server.connections == 1
    assert verbs(server).count("RSET") == 3
    assert [received.taken for received in server.received] == [False, True]


def test_a_closed_mailer_may_be_used_again() -> None:
    with ScriptedServer() as server, mailer(server.port) as it:
        it.close()
        assert it.send(mail()).state == "sent"
        it.close()
        assert it.send(mail()).state == "sent"
    assert server.connections == 2


def test_ten_minutes_are_waited_for_the_last_answer() -> None:
    """RFC 5321, 4.5.3.2.6; all that comes before is shorter, and everything together has an end."""
    timeouts = Timeouts()
    assert timeouts.final == 600
    assert timeouts.command < timeouts.opening < 180
    assert timeouts.longest < 15 * 60


class TestSmtpMailer(MailerContract):
    @pytest.fixture
    def mailer(self) -> object:
        with ScriptedServer() as server:
            account = Account(host="127.0.0.1", port=server.port, security="none")
            it = SmtpMailer(account, sender=SENDER, secret=SECRET, timeouts=TIMEOUTS)
            yield it
            it.close()

    def test_it_says_what_became_of_a_mail(self, mailer: Mailer) -> None:
        assert mailer.send(mail()).state == "sent"

    def test_the_same_mail_may_be_sent_again(self, mailer: Mailer) -> None:
        assert [mailer.send(mail()).state for _ in range(3)] == ["sent"] * 3

    def test_it_takes_whatever_bytes_a_mail_has(self, mailer: Mailer) -> None:
        """As long as its lines end as lines of a mail do."""
        for number, data in enumerate((b"", b"\r\n.\r\n", b"\x00\xff\r\n", b"x" * 100_000)):
            assert mailer.send(mail(number, data=data)).state == "sent"
