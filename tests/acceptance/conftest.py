"""The wheel, installed: what a user has, without the checkout."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import sysconfig
import threading
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.polling import TIMEOUT

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Installed:
    """The console script of the wheel in an environment of its own."""

    bin: Path

    def __call__(self, folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command in a folder to its end."""
        command = self._command(arguments)
        return subprocess.run(
            command, cwd=folder, env=clean_environment(environment), capture_output=True, timeout=TIMEOUT
        )

    def rows(self, folder: Path, *arguments: object) -> list[dict[str, Any]]:
        """Return the JSON Lines of a command that succeeds."""
        done = self(folder, *arguments, "--format", "json")
        assert (done.returncode, done.stderr) == (0, b"")
        return [json.loads(line) for line in done.stdout.decode().splitlines()]

    def python(self, folder: Path, code: str) -> str:
        """Return what a line of Python prints in this environment."""
        done = subprocess.run(
            [self.bin / "python", "-W", "error", "-c", code],
            cwd=folder,
            env=clean_environment({}),
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    def start(self, folder: Path, *arguments: object, **environment: str) -> Daemon:
        """Start a command that stays up."""
        command = self._command(arguments)
        pipe = subprocess.PIPE
        return Daemon(
            subprocess.Popen(command, cwd=folder, env=clean_environment(environment), stdout=pipe, stderr=pipe)
        )

    def _command(self, arguments: tuple[object, ...]) -> list[str]:
        return [str(self.bin / "hanchot"), *(str(argument) for argument in arguments)]


class Daemon:
    """A running command whose lines on standard error can be waited for."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._coming: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, words: str) -> str:
        """Return the next line with these words; fails if it does not come in time."""
        until = time.monotonic() + TIMEOUT
        while True:
            try:
                line = self._coming.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no line with {words!r} came in {TIMEOUT:.0f} s: {self.lines}")
            if line is None:
                pytest.fail(f"the daemon ended before it said {words!r}: {self.lines}")
            if words in line:
                return line

    def end(self, signal: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(signal)
        return self.process.wait(TIMEOUT)

    def close(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        for raw in self.process.stderr or ():
            line = raw.decode().rstrip("\n")
            self.lines.append(line)
            self._coming.put(line)
        self._coming.put(None)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="session")
def hanchot(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel into a fresh environment; its dependencies are lent by the one that runs the tests."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*pip, str(wheel)],
        check=True,
        capture_output=True,
        env=clean_environment({"PIP_DISABLE_PIP_VERSION_CHECK": "1"}),
    )
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    lent = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (packages / "lent.pth").write_text("\n".join(lent) + "\n", encoding="utf-8")
    return Installed(home / "bin")


@pytest.fixture
def daemons() -> Iterator[list[Daemon]]:
    """Whatever a test starts and puts in here is ended with it."""
    started: list[Daemon] = []
    yield started
    for daemon in started:
        daemon.close()


def clean_environment(more: dict[str, str]) -> dict[str, str]:
    """Return what a program finds that is started by nobody's shell; the web server takes any free port."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HANCHOT_", "PYTHON", "COV_"))}
    return plain | {"PYTHONWARNINGS": "error", "HANCHOT_SERVER__PORT": "0", **more}
