"""Logging in by access tokens: a real Postfix that asks a real Dovecot, which asks a provider."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scheduler.bootstrap.container import Container
from scheduler.bootstrap.token_sources import hold_tokens, sign_in_accounts
from scheduler.clock import SystemClock
from scheduler.config import Settings, load_settings
from scheduler.errors import UserError
from scheduler.mail.access_tokens import NewToken, TokenHolder
from scheduler.mail.sent_folder import ImapSentFolder
from scheduler.mail.smtp import Account, SmtpMailer
from scheduler.mail.token_address import ClientSource, TokenAddress
from tests.support.dovecot import Dovecot, run_dovecot
from tests.support.mail_servers import Postfix, run_postfix
from tests.support.microsoft import make_jwt
from tests.support.scripted_smtp import ScriptedServer
from tests.support.smtp_mailers import SECRET, TIMEOUTS, mail
from tests.support.token_server import TokenServer, run_token_server

SENDER = "office@hanchot.example"


@pytest.fixture(scope="module")
def provider() -> Iterator[TokenServer]:
    """Return a running provider."""
    with run_token_server() as server:
        yield server


@pytest.fixture(scope="module")
def dovecot(provider: TokenServer) -> Iterator[Dovecot]:
    """Return a Dovecot that takes the provider's tokens."""
    with run_dovecot(introspection=provider.url.replace("/token", "/introspect")) as server:
        yield server


@pytest.fixture(scope="module")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """Return a Postfix that takes mail from those only whom Dovecot knows."""
    with run_postfix(sasl=dovecot.sasl) as server:
        yield server


@pytest.fixture(autouse=True)
def _as_usual(provider: TokenServer) -> None:
    provider.lifetime, provider.answer, provider.user = 3600.0, None, SENDER
    provider.asked.clear()


def holder(provider: TokenServer) -> TokenHolder:
    """Return the holder of the tokens that the provider gives us."""
    return TokenHolder(source(provider))


def source(provider: TokenServer) -> ClientSource:
    """Return where our tokens come from."""
    return ClientSource(address=TokenAddress(url=provider.url, client_id="hanchot", client_secret="s3cret"))


@contextmanager
def mailing(postfix: Postfix, tokens: TokenHolder, **options: Any) -> Iterator[SmtpMailer]:
    """Return a mailer that logs in to the Postfix by tokens."""
    account = Account(host="127.0.0.1", port=postfix.port, security="none", username=SENDER, tokens=tokens)
    it = SmtpMailer(account, sender=SENDER, secret=SECRET, timeouts=TIMEOUTS, **options)
    try:
        yield it
    finally:
        it.close()


def test_mail_leaves_for_who_has_a_token(postfix: Postfix, provider: TokenServer) -> None:
    with mailing(postfix, holder(provider)) as it:
        assert it.send(mail(1)).state == "sent"
        assert it.send(mail(2)).state == "sent"
    assert len(postfix.read_mails(2)) == 2
    assert len(provider.asked) == 1  # one token for as long as it is good


def test_a_token_that_ended_early_is_replaced_without_a_word(postfix: Postfix, provider: TokenServer) -> None:
    with mailing(postfix, holder(provider), per_connection=1) as it:
        assert it.send(mail(1)).state == "sent"
        provider.end_all()
        assert it.send(mail(2)).state == "sent"
    assert len(postfix.read_mails(2)) == 2
    assert len(provider.asked) == 2


def test_a_fresh_token_that_is_refused_stops_the_account(postfix: Postfix, provider: TokenServer) -> None:
    """As a wrong password does: trying on would lock it."""
    provider.lifetime = -1.0  # it has ended when it is given
    with mailing(postfix, holder(provider)) as it:
        outcome = it.send(mail(1))
    assert (outcome.state, outcome.account) == ("deferred", "stop")
    assert outcome.reply.startswith("535 ")
    assert len(provider.asked) == 1
    assert not any(token in outcome.reply for token in provider.tokens)


@pytest.mark.parametrize(
    "answer", [(503, "text/html", b"Bad gateway"), (400, "application/json", b'{"error": "invalid_grant"}')]
)
def test_while_the_provider_gives_no_token_the_account_rests(
    postfix: Postfix, provider: TokenServer, answer: tuple[int, str, bytes]
) -> None:
    """Nothing locks it, and it goes on by itself once there is one."""
    tokens = holder(provider)
    provider.answer = answer
    with mailing(postfix, tokens) as it:
        outcome = it.send(mail(1))
        assert (outcome.state, outcome.account) == ("deferred", "pause")
        assert provider.url in outcome.reply
        provider.answer = None
        assert it.send(mail(1)).state == "sent"
    assert len(postfix.read_mails(1)) == 1


def test_five_hundred_mails_with_tokens_that_end_all_the_time(
    postfix: Postfix, dovecot: Dovecot, provider: TokenServer
) -> None:
    """None is lost, none leaves twice, and every fifth is looked up in the folder of sent mail."""
    outcomes = []
    with mailing(postfix, holder(provider), per_connection=5) as it:
        for number in range(500):
            if number % 20 == 7:
                provider.end_all()
            outcomes.append(it.send(mail(number, data=numbered(number))))
    assert {outcome.state for outcome in outcomes} == {"sent"}
    came = sorted(int(data.split(b"X-Number: ")[1].split(b"\n")[0]) for data in postfix.read_mails(500))
    assert came == list(range(500))
    assert len(provider.asked) == 26

    for number in came:  # as the provider keeps what it has taken
        dovecot.keep(SENDER, ".Sent", f"<number-{number}@hanchot.example>")
    sent = folder(dovecot, holder(provider))
    for number in range(0, 500, 5):
        if number % 100 == 35:
            provider.end_all()
        assert sent.has(f"<number-{number}@hanchot.example>")
    assert not sent.has("<number-500@hanchot.example>")
    assert len(provider.asked) == 26 + 6


def numbered(number: int) -> bytes:
    """Return a mail that is told from the others."""
    return f"Subject: x\r\nX-Number: {number}\r\nMessage-ID: <{number}@hanchot.example>\r\n\r\nx\r\n".encode()


# ---- what goes over the wire

WHY = "334 " + b64encode(b'{"status":"401","schemes":"Bearer"}').decode()


@dataclass
class Numbered:
    """A source whose tokens are numbered."""

    lifetime: float = 3600.0
    given: int = 0

    def fetch(self) -> NewToken:
        """Return the next token."""
        self.given += 1
        return NewToken(f"token-{self.given}", self.lifetime)


@dataclass
class Given:
    """A source that gives a token of ours."""

    token: str

    def fetch(self) -> NewToken:
        """Return the token."""
        return NewToken(self.token)


@contextmanager
def speaking(server: ScriptedServer, tokens: TokenHolder) -> Iterator[SmtpMailer]:
    """Return a mailer that logs in to a scripted server by tokens."""
    account = Account(host="127.0.0.1", port=server.port, security="none", username=SENDER, tokens=tokens)
    it = SmtpMailer(account, sender=SENDER, secret=SECRET, timeouts=TIMEOUTS)
    try:
        yield it
    finally:
        it.close()


@pytest.mark.parametrize(
    ("offers", "command", "proof"),
    [
        ("AUTH LOGIN XOAUTH2", "XOAUTH2", f"user={SENDER}\x01auth=Bearer token-1\x01\x01"),
        (
            "AUTH LOGIN PLAIN XOAUTH2 OAUTHBEARER",
            "OAUTHBEARER",
            f"n,a={SENDER},\x01auth=Bearer token-1\x01\x01",
        ),
    ],
)
def test_the_login_that_a_server_offers_is_spoken(offers: str, command: str, proof: str) -> None:
    with ScriptedServer(offers=(offers,)) as server, speaking(server, TokenHolder(Numbered())) as it:
        assert it.send(mail(1)).state == "sent"
    assert server.commands[1] == f"AUTH {command} {b64encode(proof.encode()).decode()}"


@pytest.mark.parametrize(
    ("offers", "end"), [("AUTH LOGIN XOAUTH2", ""), ("AUTH OAUTHBEARER", b64encode(b"\x01").decode())]
)
def test_a_server_that_says_why_it_refuses_is_answered_and_the_account_stops(offers: str, end: str) -> None:
    """Nothing of the token is repeated (RFC 7628, section 3.2.3)."""
    answers = {"AUTH": [WHY, "535 5.7.3 Authentication unsuccessful token-1"]}
    with ScriptedServer(answers, offers=(offers,)) as server, speaking(server, TokenHolder(Numbered())) as it:
        outcome = it.send(mail(1))
    assert (outcome.state, outcome.account) == ("deferred", "stop")
    assert outcome.reply == "535 5.7.3 Authentication unsuccessful *** (status 401)"
    assert server.commands[2] == end


def test_a_program_that_gives_a_token_that_has_ended_lets_the_account_rest() -> None:
    """It keeps one for too long; a token that has not ended, or whose end is not told, stops the account."""
    source = Given(make_jwt({"exp": 1_000_000_000}))
    with ScriptedServer({"AUTH": "535 5.7.3 no"}, offers=("AUTH XOAUTH2",)) as server:
        with speaking(server, TokenHolder(source)) as it:
            outcome = it.send(mail(1))
            assert (outcome.state, outcome.account) == ("deferred", "pause")
            assert "has ended" in outcome.reply
            source.token = make_jwt({"exp": 4_000_000_000})
            assert it.send(mail(1)).account == "stop"
        source.token = make_jwt({"exp": "soon"})
        with speaking(server, TokenHolder(source)) as it:
            assert it.send(mail(1)).account == "stop"


def test_a_token_that_a_server_repeats_is_masked_before_the_reply_is_cut() -> None:
    token = "t" * 1500
    tokens, answers = TokenHolder(Given(token)), {"AUTH": f"535 no {token}"}
    with ScriptedServer(answers, offers=("AUTH XOAUTH2",)) as server, speaking(server, tokens) as it:
        assert it.send(mail(1)).reply == "535 no ***"


@pytest.mark.parametrize("token", ["", None, 5])
def test_without_a_token_no_password_is_tried(token: object) -> None:
    tokens = TokenHolder(Given(token))  # type: ignore[arg-type]
    with ScriptedServer(offers=("AUTH PLAIN XOAUTH2",)) as server, speaking(server, tokens) as it:
        assert it.send(mail(1)).account == "pause"
    assert server.commands == []


def test_a_server_without_a_login_by_tokens_lets_the_account_rest() -> None:
    with ScriptedServer(offers=("AUTH PLAIN LOGIN",)) as server, speaking(server, TokenHolder(Numbered())) as it:
        outcome = it.send(mail(1))
    assert (outcome.state, outcome.account) == ("deferred", "pause")
    assert "XOAUTH2" in outcome.reply


def test_no_token_is_fetched_within_a_message() -> None:
    """One fetched at the start of a connection serves all its mails."""
    source = Numbered(lifetime=0.0)  # it has ended before the first mail is handed over
    with ScriptedServer(offers=("AUTH XOAUTH2",)) as server, speaking(server, TokenHolder(source)) as it:
        for number in range(20):
            assert it.send(mail(number)).state == "sent"
    assert (server.connections, source.given) == (1, 1)


# ---- the sent folder


def folder(dovecot: Dovecot, tokens: TokenHolder) -> ImapSentFolder:
    """Return the sent folder of the account."""
    account = Account(host="127.0.0.1", port=dovecot.port, security="none", username=SENDER, tokens=tokens)
    return ImapSentFolder(account, "Sent")


def test_a_sent_mail_is_found_for_who_has_a_token(dovecot: Dovecot, provider: TokenServer) -> None:
    dovecot.keep(SENDER, ".Sent", "<1@hanchot.example>")
    sent = folder(dovecot, holder(provider))
    assert sent.has("<1@hanchot.example>")
    assert not sent.has("<2@hanchot.example>")
    assert len(provider.asked) == 1
    provider.end_all()
    assert sent.has("<1@hanchot.example>")
    assert len(provider.asked) == 2


def test_what_keeps_the_folder_shut_is_said_without_the_token(dovecot: Dovecot, provider: TokenServer) -> None:
    provider.lifetime = -1.0
    with pytest.raises(UserError, match="does not take the login") as refused:
        folder(dovecot, holder(provider)).check()
    assert not any(token in str(refused.value) for token in provider.tokens)
    provider.answer = (503, "text/html", b"Bad gateway")
    with pytest.raises(UserError, match="instead of a token"):
        folder(dovecot, holder(provider)).check()


# ---- as it is configured

BY_SECRET = 'url = "{url}"\nclient_id = "hanchot"\nclient_secret_file = "secret"'
BY_REFRESH = 'url = "{url}"\nclient_id = "hanchot"\nrefresh_token_file = "refresh"'
BY_PROGRAM = 'command = ["cat", "{folder}/token"]'


@pytest.mark.parametrize("token", [BY_SECRET, BY_REFRESH, BY_PROGRAM])
def test_each_source_is_named_in_the_configuration(
    tmp_path: Path, postfix: Postfix, dovecot: Dovecot, provider: TokenServer, token: str
) -> None:
    """For sending and for the folder of sent mail."""
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "refresh").write_text(provider.refresh_token)
    (tmp_path / "token").write_text(provider.give())
    table = token.format(url=provider.url, folder=tmp_path)
    login = f'host = "127.0.0.1"\nsecurity = "none"\nauth = "xoauth2"\nusername = "{SENDER}"'
    (tmp_path / "config.toml").write_text(
        f'[mail]\ntransport = "smtp"\nfrom = "{SENDER}"\n[mail.smtp]\nport = {postfix.port}\n{login}\n'
        f"[mail.smtp.token]\n{table}\n"
        f'[inbox]\nport = {dovecot.port}\nsent = "Sent"\n{login}\n[inbox.token]\n{table}\n'
    )
    container = Container(settings=load_settings(tmp_path / "config.toml", {}), clock=SystemClock())
    with closing(container.mailer()) as it:
        assert it.send(mail(1)).state == "sent"
    assert len(postfix.read_mails(1)) == 1
    dovecot.keep(SENDER, ".Sent", "<3@hanchot.example>")
    sent = container.sent_folder()
    assert sent is not None
    assert sent.has("<3@hanchot.example>")


@pytest.mark.parametrize(
    ("token", "module", "package"),
    [
        ('service_account_file = "key.json"', "google.oauth2", "google-auth"),
        ('url = "https://x.example/t"\nclient_id = "a"\nrefresh_token_file = "refresh"', "msal", "msal"),
    ],
)
def test_a_package_of_the_extra_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, module: str, package: str
) -> None:
    """At once, and not with the first mail."""
    for name in ("device_sign_in", "service_account"):
        monkeypatch.delitem(sys.modules, f"scheduler.mail.{name}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    login = f'host = "127.0.0.1"\nauth = "xoauth2"\nusername = "{SENDER}"'
    (tmp_path / "config.toml").write_text(f"[mail.smtp]\n{login}\n[mail.smtp.token]\n{token}\n")
    settings = load_settings(tmp_path / "config.toml", {})
    use = sign_in if package == "msal" else hold
    with pytest.raises(UserError, match=f"{package} is not installed") as refused:
        use(settings)
    assert "extra `oauth`" in str(refused.value)


def hold(settings: Settings) -> None:
    """Make the holder of the tokens for sending."""
    hold_tokens(settings, settings.mail.smtp, "mail.smtp")


def sign_in(settings: Settings) -> None:
    """Sign in to every account."""
    list(sign_in_accounts(settings, lambda *_: None))


def test_another_source_of_tokens_is_another_account(tmp_path: Path) -> None:
    """So that one that was stopped starts again."""

    def name(token: str) -> str:
        login = f'host = "127.0.0.1"\nauth = "xoauth2"\nusername = "{SENDER}"'
        text = f'[mail]\ntransport = "smtp"\n[mail.smtp]\n{login}\n[mail.smtp.token]\n{token}\n'
        (tmp_path / "config.toml").write_text(text)
        settings = load_settings(tmp_path / "config.toml", {})
        with closing(Container(settings=settings, clock=SystemClock()).mailer_with(SECRET)) as it:
            return it.account

    by_url = 'url = "https://login.example"\nclient_id = "app"\nclient_secret = "{}"'
    names = {name(by_url.format("one")), name(by_url.format("two")), name('command = ["show"]')}
    assert len(names) == 3
    assert name(by_url.format("one")) in names
