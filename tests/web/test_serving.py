"""The web server beside the daemon: where it listens, whom it believes, how it ends."""

from __future__ import annotations

import socket
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.config import Server
from scheduler.errors import UserError
from scheduler.web.serving import _bind

from .conftest import Served, served


def test_the_address_names_the_port_that_was_free(house: Served) -> None:
    assert house.address.startswith("http://127.0.0.1:")
    assert house.ask("/healthz").status == 200


def test_a_public_address_is_shown_instead(tmp_path: Path) -> None:
    with served(tmp_path, 'public_url = "https://thidua.coquan.example/"') as house:
        assert house.address == "https://thidua.coquan.example"


def test_a_port_in_use_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(
                UserError, match=f"cannot listen at 127.0.0.1 port {port}: Address already in use"
            ) as refused,
            served(tmp_path, port=port),
        ):
            pass
    assert "[server]" in str(refused.value.problems[0].hint)


def test_a_host_that_is_not_this_machines_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match=r"cannot listen at 192\.0\.2\.1"),
        served(tmp_path, 'host = "192.0.2.1"'),
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
    with served(tmp_path) as house:
        assert house.ask("/healthz").status == 200
    with pytest.raises(ConnectionRefusedError):
        house.ask("/healthz")
    assert house.told == []


def test_the_server_does_not_say_what_it_is(house: Served) -> None:
    assert house.ask("/healthz").headers["Server"] is None


def test_an_unknown_page_is_not_found(house: Served) -> None:
    assert house.ask("/nowhere").status == 404


def test_an_answer_says_when_it_was_given(house: Served) -> None:
    date = parsedate_to_datetime(str(house.ask("/healthz").headers["Date"]))
    assert abs((SystemClock().now() - date).total_seconds()) < 30
