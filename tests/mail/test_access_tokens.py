"""Where access tokens come from, how long one is used, and what is said when none can be had."""

from __future__ import annotations

import shlex
import stat
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scheduler.mail.access_tokens import (
    ClientSource,
    CommandSource,
    NewToken,
    RefreshSource,
    TokenAddress,
    TokenError,
    TokenHolder,
)
from tests.support.polling import wait_until
from tests.support.token_server import TokenServer, provider

__all__ = ["provider"]

SECRET = "s3cret"


@dataclass
class Source:
    """A source whose tokens are numbered."""

    lifetime: float = 3600.0
    given: list[str] = field(default_factory=list)

    def fetch(self) -> NewToken:
        """Return the next token."""
        self.given.append(f"token-{len(self.given) + 1}")
        return NewToken(self.given[-1], self.lifetime)


@dataclass
class Monotonic:
    """A clock that stands still unless it is set."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


# ---- how long one is used


def test_a_token_is_used_until_ten_minutes_before_the_end_of_its_hour() -> None:
    clock, source = Monotonic(), Source()
    tokens = TokenHolder(source, monotonic=clock)
    assert tokens.get() == ("token-1", True)
    clock.now += 50 * 60 - 1
    assert tokens.get() == ("token-1", False)
    clock.now += 1
    assert tokens.get() == ("token-2", True)


def test_a_refused_token_is_replaced_once_for_all_who_held_it() -> None:
    source = Source()
    tokens = TokenHolder(source)
    tokens.get()
    assert tokens.renew("token-1") == ("token-2", True)
    assert tokens.renew("token-1") == ("token-2", False)
    assert source.given == ["token-1", "token-2"]


def test_several_threads_that_need_a_token_fetch_one() -> None:
    source = Source()
    tokens = TokenHolder(source)
    threads = [threading.Thread(target=tokens.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source.given == ["token-1"]


# ---- a program


def program(code: str, timeout: float = 10.0) -> CommandSource:
    """Return a source that runs some Python."""
    return CommandSource(command=(sys.executable, "-c", code), key="mail.smtp.token.command", timeout=timeout)


def test_a_program_prints_the_token_alone() -> None:
    assert program("print('ya29.A-b_c')").fetch().value == "ya29.A-b_c"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('one'); print('two')", "printed 2 lines"),
        ("pass", "printed nothing"),
        ("print('two words')", "printed no token"),
        ("print('khoá')", "printed no token"),
        ("import sys; sys.exit('no account of that name')", "exit code 1: no account of that name"),
        ("import sys; sys.exit(3)", "exit code 3: it says nothing"),
    ],
)
def test_what_a_program_does_wrong_is_said(code: str, words: str) -> None:
    with pytest.raises(TokenError) as refused:
        program(code).fetch()
    assert words in str(refused.value)
    assert "mail.smtp.token.command" in str(refused.value)


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    child = f"sh -c 'echo $$ > {shlex.quote(str(mark))}; exec sleep 600'"
    source = CommandSource(command=("sh", "-c", f"{child} & wait"), key="token.command", timeout=2.0)
    with pytest.raises(TokenError, match="gave no token within 2 seconds"):
        source.fetch()
    wait_until(lambda: not Path(f"/proc/{int(mark.read_text())}").exists(), "the child is gone")


def test_a_program_that_is_not_there_is_named() -> None:
    source = CommandSource(command=("/nowhere/pizauth",), key="token.command")
    with pytest.raises(TokenError, match="/nowhere/pizauth cannot be run: No such file"):
        source.fetch()


# ---- the provider's address


def address(provider: TokenServer, **details: object) -> TokenAddress:
    """Return the provider's address with what it knows of us."""
    known: dict[str, object] = {
        "client_id": "hanchot",
        "client_secret": SECRET,
        "scope": "mail",
        "key": "mail.smtp.token",
    }
    return TokenAddress(url=provider.url, **(known | details))  # type: ignore[arg-type]


def test_an_application_gets_a_token_by_its_secret(provider: TokenServer) -> None:
    provider.lifetime = 61.0
    token = ClientSource(address=address(provider)).fetch()
    assert (provider.is_good(token.value), token.lifetime) == (True, 61.0)
    assert provider.asked == [
        {"client_id": "hanchot", "client_secret": SECRET, "scope": "mail", "grant_type": "client_credentials"}
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, "text/html", b"<html>Sign in</html>"), "answered 200 with text/html instead of a token"),
        ((502, "text/html", b"Bad gateway"), "answered 502 with text/html"),
        ((302, "text/html", b""), "answered 302"),
        ((200, "application/json", b"[]"), "instead of a token"),
        ((200, "application/json", b'{"access_token": "two words"}'), "gives no token: status 200"),
        ((400, "application/json", b'{"error": "invalid_scope"}'), "invalid_scope"),
        ((503, "application/json", b'{"error": "temporarily_unavailable"}'), "temporarily_unavailable"),
    ],
)
def test_an_answer_that_is_no_token_is_said_with_the_way_out(
    provider: TokenServer, answer: tuple[int, str, bytes], words: str
) -> None:
    provider.answer = answer
    with pytest.raises(TokenError) as refused:
        ClientSource(address=address(provider)).fetch()
    assert words in str(refused.value)
    assert "mail.smtp.token" in str(refused.value)


def test_a_wrong_secret_is_told_and_not_repeated(provider: TokenServer) -> None:
    with pytest.raises(TokenError) as refused:
        ClientSource(address=address(provider, client_secret="wr0ng")).fetch()
    assert "AADSTS7000215" in str(refused.value)
    assert "mail.smtp.token.client_secret" in str(refused.value)
    assert "wr0ng" not in str(refused.value) + repr(address(provider, client_secret="wr0ng"))


def test_a_provider_that_is_away_or_silent_is_told(provider: TokenServer) -> None:
    away = TokenAddress(url="http://127.0.0.1:9/token", client_id="hanchot", client_secret=SECRET)
    with pytest.raises(TokenError, match="cannot be reached"):
        ClientSource(address=away).fetch()
    held = threading.Event()
    grant = provider.grant
    provider.grant = lambda asked: (held.wait(10), grant(asked))[1]  # type: ignore[method-assign]
    with pytest.raises(TokenError, match=r"gave no answer within 0\.2 seconds"):
        ClientSource(address=address(provider, timeout=0.2)).fetch()
    held.set()


# ---- a refresh token


@pytest.fixture
def source(provider: TokenServer, tmp_path: Path) -> RefreshSource:
    """Return a source with the refresh token that a person got."""
    file = tmp_path / "refresh-token"
    file.write_text(provider.refresh_token + "\n")
    return RefreshSource(address=address(provider), file=file)


def test_a_refresh_token_that_is_replaced_is_kept_for_its_owner_only(
    provider: TokenServer, source: RefreshSource
) -> None:
    provider.rotates = True
    for _ in range(3):
        assert provider.is_good(source.fetch().value)
        assert source.file.read_text() == provider.refresh_token + "\n"
        assert stat.S_IMODE(source.file.stat().st_mode) == 0o600
    assert {path.name for path in source.file.parent.iterdir()} == {"refresh-token", "refresh-token.lock"}


def test_a_refresh_token_that_has_ended_is_told(provider: TokenServer, source: RefreshSource) -> None:
    provider.refresh_token = "another"
    with pytest.raises(TokenError) as refused:
        source.fetch()
    assert "invalid_grant: AADSTS70008: it has ended." in str(refused.value)
    assert "sign in anew" in str(refused.value)
    assert source.file.read_text() == "refresh-0\n"


def test_where_a_new_refresh_token_could_not_be_kept_none_is_asked_for(provider: TokenServer, tmp_path: Path) -> None:
    """It would be lost, and the old one may have ended."""
    provider.rotates = True
    lost = RefreshSource(address=address(provider), file=tmp_path / "gone" / "refresh-token")
    with pytest.raises(TokenError, match=r"could not be kept.*none is asked for"):
        lost.fetch()
    assert provider.asked == []


@pytest.mark.parametrize("content", ["", "two words", "khoá"])
def test_a_file_that_holds_no_refresh_token_is_named(source: RefreshSource, content: str) -> None:
    source.file.write_text(content, encoding="utf-8")
    with pytest.raises(TokenError, match=r"refresh_token_file|refresh token"):
        source.fetch()


def test_two_processes_never_use_a_refresh_token_twice(provider: TokenServer, source: RefreshSource) -> None:
    """The provider ends the one that was used."""
    provider.rotates = True
    failed: list[Exception] = []

    def fetch() -> None:
        try:
            RefreshSource(address=source.address, file=source.file).fetch()
        except TokenError as error:
            failed.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, source.file.read_text()) == ([], provider.refresh_token + "\n")
