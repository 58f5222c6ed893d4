"""What the notifier sends to systemd, over a socket as systemd opens one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.systemd import EXTENSION, Notifier

CONTRIB = Path(__file__).parents[1] / "contrib"


class FakeManager:
    """A service manager that only listens."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.settimeout(10)

    def hear(self) -> str:
        """Return the next message."""
        return self.socket.recv(1000).decode()


@pytest.fixture(params=["file", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a manager listens: a file, or a name that is in no file system."""
    return str(tmp_path / "notify") if request.param == "file" else f"@{tmp_path}"


@pytest.fixture
def manager(address: str) -> Iterator[FakeManager]:
    """Return a listening manager."""
    manager = FakeManager(address)
    yield manager
    manager.socket.close()


def test_a_start_that_takes_long_is_given_time_and_then_is_over_once(manager: FakeManager, address: str) -> None:
    """Before READY a heartbeat asks for more time, after it it is a sign of life."""
    notifier = Notifier.found_in({"NOTIFY_SOCKET": address})
    notifier.beat()
    notifier.ready()
    notifier.ready()
    notifier.beat()
    notifier.stopping()
    heard = [manager.hear() for _ in range(4)]
    assert heard == [f"EXTEND_TIMEOUT_USEC={EXTENSION}", "READY=1", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "/" + "x" * 200}])
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    """Started by hand, or by something that has gone."""
    notifier = Notifier.found_in(environment)
    notifier.ready()
    notifier.beat()
    notifier.stopping()


@pytest.mark.parametrize(
    ("role", "command"), [("planner", "run --no-deliver --no-web"), ("worker", "worker"), ("web", "web")]
)
def test_the_units_of_the_roles_differ_from_the_daemons_in_what_they_start_only(role: str, command: str) -> None:
    """What hardens one hardens all."""

    def settings_of(name: str) -> list[str]:
        lines = (CONTRIB / name).read_text(encoding="utf-8").splitlines()
        return [line for line in lines[lines.index("[Unit]") :] if not line.startswith(("Description=", "ExecStart="))]

    unit = (CONTRIB / f"hanchot-{role}.service").read_text(encoding="utf-8")
    assert f"\nExecStart=/opt/hanchot/bin/hanchot --config /var/lib/hanchot/config.toml {command}\n" in unit
    assert settings_of(f"hanchot-{role}.service") == settings_of("hanchot.service")
