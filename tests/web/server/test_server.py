"""The web server beside the daemon: where it listens, whom it believes, how it ends."""

from __future__ import annotations

import asyncio
import errno
import http.client
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scheduler.clock import SystemClock
from scheduler.config import Server
from scheduler.errors import UserError
from scheduler.web.middleware.security_headers import HEADERS
from scheduler.web.server.connection_limits import ConnectionLimits
from scheduler.web.server.uvicorn_server import AcceptErrorReporter, _bind, serve
from tests.support.served_site import ServedSite, serve_site


def test_the_address_names_the_port_that_was_free(site: ServedSite) -> None:
    assert site.address.startswith("http://127.0.0.1:")
    assert site.ask("/healthz").status == 200


def test_a_public_address_is_shown_instead(tmp_path: Path) -> None:
    with serve_site(tmp_path, 'public_url = "https://thidua.coquan.example/"') as site:
        assert site.address == "https://thidua.coquan.example"


def test_a_port_in_use_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(
                UserError, match=f"cannot listen at 127.0.0.1 port {port}: Address already in use"
            ) as refused,
            serve_site(tmp_path, port=port),
        ):
            pass
    assert "[server]" in str(refused.value.problems[0].hint)


def test_a_host_that_is_not_this_machines_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match=r"cannot listen at 192\.0\.2\.1"),
        serve_site(tmp_path, 'host = "192.0.2.1"'),
    ):
        pass


def test_what_is_sent_does_not_wait_for_what_was_sent_before() -> None:
    """Else the body of an answer comes 40 ms after its headers."""
    with (
        closing(_bind(Server(port=0))) as listening,
        closing(socket.create_connection(listening.getsockname())),
        closing(listening.accept()[0]) as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_after_the_end_nobody_answers_any_more(tmp_path: Path) -> None:
    with serve_site(tmp_path) as site:
        assert site.ask("/healthz").status == 200
    with pytest.raises(ConnectionRefusedError):
        site.ask("/healthz")
    assert site.problems == []


def test_the_server_does_not_say_what_it_is(site: ServedSite) -> None:
    assert site.ask("/healthz").headers["Server"] is None


def test_an_unknown_page_is_not_found(site: ServedSite) -> None:
    assert site.ask("/nowhere").status == 404


def test_an_answer_says_when_it_was_given(site: ServedSite) -> None:
    date = parsedate_to_datetime(str(site.ask("/healthz").headers["Date"]))
    assert abs((SystemClock().now() - date).total_seconds()) < 30


# ---- connections that cost too much


@contextmanager
def narrow(site: ServedSite, limits: ConnectionLimits) -> Iterator[tuple[str, int]]:
    """Serve a site once more, with limits of one's own."""
    with serve(site.running, limits) as address:
        place = urlsplit(address)
        yield str(place.hostname), int(place.port or 0)


def is_live(place: tuple[str, int]) -> bool:
    """Ask whether the process lives, as monitoring does."""
    with closing(http.client.HTTPConnection(*place, timeout=30)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200


def is_turned_out(connection: socket.socket) -> bool:
    """Wait until the server ends a connection without a word."""
    connection.settimeout(30)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_crowds_that_say_nothing_keep_nobody_out(site: ServedSite) -> None:
    """Who has been silent for longest makes room."""
    with narrow(site, ConnectionLimits(max_connections=8)) as place, ExitStack() as held:
        silent = [held.enter_context(closing(socket.create_connection(place))) for _ in range(40)]
        for connection in silent[:32]:
            assert is_turned_out(connection)
        assert is_live(place)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: ",
        (
            b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 9\r\n\r\nhalf"
        ),
    ],
)
def test_who_does_not_end_what_he_says_has_to_leave(site: ServedSite, said: bytes) -> None:
    with (
        narrow(site, ConnectionLimits(idle_timeout=0.2)) as place,
        closing(socket.create_connection(place)) as connection,
    ):
        connection.sendall(said)
        assert is_turned_out(connection)
        assert is_live(place)


def test_a_head_without_end_is_refused(site: ServedSite) -> None:
    with (
        narrow(site, ConnectionLimits()) as place,
        closing(socket.create_connection(place, timeout=30)) as connection,
        pytest.raises((BrokenPipeError, ConnectionResetError)),
    ):
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"X: xxxxxxxxxxxxxxxxxxxxxxxx\r\n" * 4_000_000)


def say(place: tuple[str, int], request: bytes) -> http.client.HTTPResponse:
    """Send bytes as they are, and return the answer, read to its end."""
    with closing(socket.create_connection(place, timeout=30)) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer


TWO_HOSTS = b"GET /healthz HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n"


@pytest.mark.parametrize("path", [b"/healthz", b"/calendar/public/plan/plan.ics"])
def test_a_request_for_two_hosts_is_refused(site: ServedSite, path: bytes) -> None:
    """A proxy might have believed the other one."""
    with narrow(site, ConnectionLimits()) as place:
        assert say(place, TWO_HOSTS.replace(b"/healthz", path)).status == 400
        assert say(place, b"GET " + path + b" HTTP/1.1\r\nHost: a.example\r\n\r\n").status != 400
        assert is_live(place)


@pytest.mark.parametrize("said", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nNo header\r\n\r\n", TWO_HOSTS])
def test_a_request_that_nobody_understands_is_refused_with_the_headers_of_every_answer(
    site: ServedSite, said: bytes
) -> None:
    """It never reaches the pages, so the server itself adds them."""
    with narrow(site, ConnectionLimits()) as place:
        answer = say(place, said)
    assert answer.status == 400
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert (answer.headers["Connection"], answer.headers["Server"]) == ("close", None)
    assert parsedate_to_datetime(str(answer.headers["Date"]))


def test_most_files_of_the_process_are_left_to_everything_else() -> None:
    assert (
        0
        < ConnectionLimits.for_this_process().max_connections
        <= min(400, resource.getrlimit(resource.RLIMIT_NOFILE)[0] / 2)
    )


def test_that_nobody_can_be_let_in_is_told_once_in_a_while() -> None:
    """The loop complains every second."""
    texts: list[str] = []
    complaint = AcceptErrorReporter(texts.append)
    with closing(asyncio.new_event_loop()) as loop:
        for _ in range(100):
            complaint.handle(loop, {"message": "out of", "exception": OSError(errno.EMFILE, "Too many open files")})
    assert len(texts) == 1
    assert "Too many open files" in texts[0]
