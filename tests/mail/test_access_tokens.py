"""Where access tokens come from, how long one is used, and what is said when none can be had."""

from __future__ import annotations

import fcntl
import json
import shlex
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from scheduler.mail.access_tokens import NewToken, TokenError, TokenHolder
from scheduler.mail.refresh_token import RefreshSource, RefreshTokenFile
from scheduler.mail.token_address import ClientSource, TokenAddress
from scheduler.mail.token_program import CommandSource
from tests.support.polling import wait_until
from tests.support.token_server import TokenServer, provider

__all__ = ["provider"]

SECRET = "s3cret"


@dataclass
class Source:
    """A source whose tokens are numbered."""

    lifetime: float = 3600.0
    takes: float = 0.0  # seconds
    is_away: bool = False
    is_stuck: bool = False
    given: list[str] = field(default_factory=list)

    def fetch(self) -> NewToken:
        """Return the next token."""
        threading.Event().wait(self.takes)
        if self.is_away:
            raise TokenError("away")
        self.given.append("token-1" if self.is_stuck else f"token-{len(self.given) + 1}")
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


def test_a_refused_token_is_never_used_again() -> None:
    """Also while no other can be had: each login by it might lock the account."""
    source = Source()
    tokens = TokenHolder(source)
    tokens.get()
    source.is_away = True
    with pytest.raises(TokenError):
        tokens.renew("token-1")
    for _ in range(2):
        with pytest.raises(TokenError):
            tokens.get()
    source.is_away = False
    assert tokens.get() == ("token-2", True)


def test_a_source_that_gives_the_refused_token_again_is_told() -> None:
    tokens = TokenHolder(Source(is_stuck=True))
    tokens.get()
    with pytest.raises(TokenError, match="the token again that was refused"):
        tokens.renew("token-1")


def test_a_token_that_is_still_good_serves_while_no_other_can_be_had() -> None:
    clock, source = Monotonic(), Source()
    tokens = TokenHolder(source, monotonic=clock)
    tokens.get()
    source.is_away = True
    clock.now += 59 * 60
    assert tokens.get() == ("token-1", False)
    clock.now += 60
    with pytest.raises(TokenError):
        tokens.get()


def test_several_threads_that_need_a_token_fetch_one() -> None:
    source = Source(takes=0.05)
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
        ("import sys; sys.exit('ya29.a-secret')", "exit code 1"),
        ("import sys; sys.exit(3)", "exit code 3"),
    ],
)
def test_what_a_program_does_wrong_is_said(code: str, words: str) -> None:
    with pytest.raises(TokenError) as refused:
        program(code).fetch()
    assert words in str(refused.value)
    assert "ya29.a-secret" not in str(refused.value)
    assert "mail.smtp.token.command" in str(refused.value)


def test_what_a_program_leaves_running_is_not_waited_for() -> None:
    source = CommandSource(
        command=("sh", "-c", "echo token; setsid sleep 5 & exit 0"), key="token.command", timeout=4.0
    )
    assert source.fetch().value == "token"


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
        ((200, "application/json", b'{"access_token": null}'), "gives no token: status 200"),
        ((200, "application/json", b'{"access_token": ["a"]}'), "gives no token: status 200"),
        ((400, "application/json", b'{"error": "x", "error_description": "not s3cret\\u001b[1m"}'), "x: not ***[1m"),
        ((400, "application/json", b'{"error": "invalid_scope"}'), "invalid_scope"),
        ((200, "application/json", b"[" * 60_000), "instead of a token"),
        ((400, "text/\x1b[1mhtml", b"x"), "answered 400 with"),
        (
            (400, "application/json", json.dumps({"error": "x", "error_description": "y" * 290 + SECRET}).encode()),
            "***",
        ),
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
    assert str(refused.value).replace("\n", "").isprintable()


def test_a_lifetime_that_is_no_number_of_seconds_is_the_usual_one(provider: TokenServer) -> None:
    for given in (b"null", b'"x"', b"9" * 401, b"[]"):
        provider.answer = (200, "application/json", b'{"access_token": "a", "expires_in": ' + given + b"}")
        assert ClientSource(address=address(provider)).fetch().lifetime == 3600.0


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
    silent = address(provider, timeout=0.2)
    for ask in (ClientSource(address=silent).fetch, silent.ask):  # with a limit for the whole exchange, and without
        with pytest.raises(TokenError, match=r"gave no answer within 0\.2 seconds"):
            ask()
    held.set()


# ---- a refresh token


@pytest.fixture
def source(provider: TokenServer, tmp_path: Path) -> RefreshSource:
    """Return a source with the refresh token that a person got."""
    file = tmp_path / "refresh-token"
    file.write_text(provider.refresh_token + "\n")
    return RefreshSource(
        address=address(provider), file=RefreshTokenFile(path=file, key="mail.smtp.token.refresh_token_file")
    )


def test_a_refresh_token_that_is_replaced_is_kept_for_its_owner_only(
    provider: TokenServer, source: RefreshSource
) -> None:
    provider.rotates = True
    for _ in range(3):
        assert provider.is_good(source.fetch().value)
        assert source.file.path.read_text() == provider.refresh_token + "\n"
        assert stat.S_IMODE(source.file.path.stat().st_mode) == 0o600
    assert {path.name for path in source.file.path.parent.iterdir()} == {"refresh-token", "refresh-token.lock"}


def test_a_link_to_the_refresh_token_stays_a_link(provider: TokenServer, source: RefreshSource, tmp_path: Path) -> None:
    provider.rotates = True
    link = tmp_path / "etc" / "refresh-token"
    link.parent.mkdir()
    link.symlink_to(source.file.path)
    RefreshSource(address=source.address, file=replace(source.file, path=link)).fetch()
    assert (link.is_symlink(), source.file.path.read_text()) == (True, provider.refresh_token + "\n")


def test_a_new_refresh_token_that_cannot_take_its_place_is_kept_and_named(
    provider: TokenServer, source: RefreshSource
) -> None:
    provider.rotates = True
    grant = provider.grant

    def put_a_folder_there(asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        source.file.path.unlink()
        source.file.path.mkdir()
        return grant(asked)

    provider.grant = put_a_folder_there  # type: ignore[method-assign]
    with pytest.raises(TokenError, match=r"could not be written.*it lies in") as refused:
        source.fetch()
    [draft] = [path for path in source.file.path.parent.iterdir() if path.is_file() and not path.name.endswith(".lock")]
    assert draft.read_text() == provider.refresh_token + "\n"
    assert str(draft) in str(refused.value)


@pytest.mark.parametrize("renewed", ["two words", "khoá", 7, None, ""])
def test_a_new_refresh_token_that_is_none_changes_nothing(
    provider: TokenServer, source: RefreshSource, renewed: object
) -> None:
    grant = provider.grant
    provider.grant = lambda asked: (200, grant(asked)[1] | {"refresh_token": renewed})  # type: ignore[method-assign]
    assert provider.is_good(source.fetch().value)
    assert source.file.path.read_text() == "refresh-0\n"
    assert {path.name for path in source.file.path.parent.iterdir()} == {"refresh-token", "refresh-token.lock"}


def test_a_refresh_token_that_another_process_uses_for_long_is_waited_for_in_vain(source: RefreshSource) -> None:
    with source.file.path.with_name("refresh-token.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        impatient = replace(source, address=replace(source.address, timeout=0.3))
        with pytest.raises(TokenError, match=r"within 0\.3 seconds|for 0\.3 seconds"):
            impatient.fetch()
    assert source.fetch().value


def test_a_refresh_token_that_has_ended_is_told(provider: TokenServer, source: RefreshSource) -> None:
    provider.refresh_token = "another"
    with pytest.raises(TokenError) as refused:
        source.fetch()
    assert "invalid_grant: AADSTS70008: it has ended." in str(refused.value)
    assert "hanchot mail sign-in" in str(refused.value)
    assert "refresh-0" not in str(refused.value)
    assert source.file.path.read_text() == "refresh-0\n"


def test_where_a_new_refresh_token_could_not_be_kept_none_is_asked_for(
    provider: TokenServer, source: RefreshSource
) -> None:
    """It would be lost, and the old one may have ended."""
    provider.rotates = True
    source.file.path.with_name("refresh-token.lock").mkdir()
    with pytest.raises(TokenError, match=r"could not be kept.*none is asked for"):
        source.fetch()
    assert provider.asked == []


ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from scheduler.mail.access_tokens import TokenError
from scheduler.mail.refresh_token import RefreshSource, RefreshTokenFile
from scheduler.mail.token_address import TokenAddress

url, file = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # no file grows beyond it, as on a full disk
address = TokenAddress(url=url, client_id="hanchot", client_secret="s3cret")
try:
    RefreshSource(address=address, file=RefreshTokenFile(path=Path(file), key="refresh_token_file")).fetch()
except TokenError as error:
    print(error)
"""


def test_on_a_full_disk_no_token_is_asked_for(provider: TokenServer, source: RefreshSource) -> None:
    provider.rotates = True
    command = [sys.executable, "-c", ON_A_FULL_DISK, provider.url, str(source.file.path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "could not be kept" in said
    assert "is the disk full?" in said
    assert provider.asked == []
    assert source.file.read() == "refresh-0"
    assert {path.name for path in source.file.path.parent.iterdir()} == {"refresh-token", "refresh-token.lock"}


@pytest.mark.parametrize("content", ["", "two words", "khoá"])
def test_a_file_that_holds_no_refresh_token_is_named(source: RefreshSource, content: str) -> None:
    source.file.path.write_text(content, encoding="utf-8")
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
    assert (failed, source.file.path.read_text()) == ([], provider.refresh_token + "\n")
