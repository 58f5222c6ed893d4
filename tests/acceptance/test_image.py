"""`contrib/Containerfile` and `contrib/compose.yaml` do what they say, without an engine for containers.

The steps of the Containerfile are carried out in a folder that stands for the root of the image, by the Python of these
tests. So the installed package stands on the locked dependencies alone.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from scheduler.config import load_settings
from tests.acceptance.conftest import ROOT, Daemon, clean_environment
from tests.support.http_server import run_http_server
from tests.support.mail_servers import free_port
from tests.support.polling import TIMEOUT

CONTRIB = ROOT / "contrib"
DATA, CONFIGURATION = "/var/lib/hanchot", "/etc/hanchot"
WRITTEN = re.sub(r"^#.*\n", "", (CONTRIB / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
STEPS = [
    (word, rest.strip())
    for word, _, rest in (line.partition(" ") for line in WRITTEN.replace("\\\n", " ").splitlines() if line)
]
BUILDING = list(takewhile(lambda step: step[0] != "FROM", STEPS[1:]))  # the first of two images: it installs
OF_IMAGE = dict(STEPS[len(BUILDING) + 1 :])
VARIABLES = dict(word.split("=", 1) for word in shlex.split(OF_IMAGE["ENV"]))
START = json.loads(OF_IMAGE["ENTRYPOINT"])
# In compose.yaml, what is there to be used has its `#` right before it; a remark has a space between.
COMPOSE: dict[str, Any] = yaml.safe_load(
    re.sub(r"^( *)#(?! )", r"\1", (CONTRIB / "compose.yaml").read_text("utf-8"), flags=re.MULTILINE)
)
DAEMON, NGINX = COMPOSE["services"]["hanchot"], COMPOSE["services"]["nginx"]


@dataclass(frozen=True)
class Image:
    """What stands for the image."""

    root: Path

    def here(self, text: str) -> str:
        """Return a text with the folders of the image as they lie on this machine."""
        return re.sub(r"(?<![\w.])(/opt|/src|/etc/hanchot|/var/lib/hanchot)\b", rf"{self.root}\1", text)

    @property
    def folder(self) -> Path:
        """The working folder, which holds the configuration."""
        return Path(self.here(OF_IMAGE["WORKDIR"]))

    def environment(self, port: int) -> dict[str, str]:
        """Return the variables of the image, with a port of this machine's."""
        named = {name: self.here(value).replace("$PATH", os.environ["PATH"]) for name, value in VARIABLES.items()}
        return clean_environment({**named, "HANCHOT_SERVER__PORT": str(port)})

    def run(self, *command: str, port: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        environment = self.environment(port)
        program = shutil.which(command[0], path=environment["PATH"])
        assert program is not None
        assert Path(program).is_relative_to(self.root)
        return subprocess.run(
            [program, *command[1:]], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )

    def start(self, *arguments: str, port: int = 0) -> Daemon:
        """Start what the image starts, with these arguments."""
        command = [self.here("/opt/hanchot/bin/") + START[0], *START[1:], *arguments]
        pipe = subprocess.PIPE
        return Daemon(subprocess.Popen(command, cwd=self.folder, env=self.environment(port), stdout=pipe, stderr=pipe))

    def is_healthy(self, port: int) -> tuple[bool, str]:
        """Return what the health check finds, and what it prints."""
        command = json.loads(OF_IMAGE["HEALTHCHECK"].partition(" CMD ")[2])
        done = self.run(*(word.replace(VARIABLES["HANCHOT_SERVER__PORT"], str(port)) for word in command))
        return done.returncode == 0, done.stdout


def copies() -> Iterator[tuple[list[str], str]]:
    """Yield what is copied from the checkout, and the folder that it is copied to."""
    for word, rest in BUILDING:
        if word == "COPY":
            *sources, target = rest.split()
            yield sources, target


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Carry out the steps that install."""
    image = Image(tmp_path_factory.mktemp("image"))
    for word, rest in BUILDING:
        if word == "RUN":
            command = re.sub(r"^python ", f"{sys.executable} ", image.here(rest))
            quiet = clean_environment({"PYTHONWARNINGS": "default"})  # those of programs that build are not ours
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=quiet)
            assert done.returncode == 0, done.stdout + done.stderr
            continue
        *sources, target = rest.split()
        for source in sources:
            into = Path(image.here(target))
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, into)
    for folder in (DATA, CONFIGURATION):
        Path(image.here(folder)).mkdir(parents=True)
    return image


def test_the_daemon_starts_says_that_it_is_ready_and_ends(image: Image, daemons: list[Daemon]) -> None:
    """With the folder of the configuration as it was: what the daemon keeps lies elsewhere."""
    port = free_port()
    assert image.run(*START, "init", ".").returncode == 0
    before = sorted(image.folder.rglob("*"))
    daemon = image.start(*json.loads(OF_IMAGE["CMD"]), port=port)
    daemons.append(daemon)
    daemon.wait_for('"event": "started"')
    is_healthy, said = image.is_healthy(port)
    assert (is_healthy, json.loads(said)["ready"]) == (True, True)
    assert image.run("hanchot", "status", port=port).returncode == 0
    assert daemon.end(signal.SIGTERM) == 0
    assert image.is_healthy(port) == (False, "")
    assert sorted(image.folder.rglob("*")) == before
    assert {"hanchot.db", "secret"} <= {path.name for path in Path(image.here(DATA)).iterdir()}


def test_a_daemon_that_is_not_ready_is_not_healthy(image: Image) -> None:
    """The check prints why."""
    with run_http_server(lambda path, _: (503, "application/json", path.encode())) as port:
        assert image.is_healthy(port) == (False, "/readyz\n")


def test_the_demo_needs_nothing_but_the_package(image: Image, daemons: list[Daemon]) -> None:
    """No configuration, and no package that is not locked."""
    daemon = image.start("demo", "--speed", "1e9")
    daemons.append(daemon)
    daemon.wait_for("The replay is over")
    assert daemon.end(signal.SIGTERM) == 0
    assert len(list(Path(image.here(f"{DATA}/replay/mail/new")).iterdir())) > 100


def test_what_an_account_by_tokens_and_postgresql_need_is_installed(image: Image) -> None:
    """The extras."""
    assert image.run("python", "-c", "import google.auth, msal, psycopg, requests").returncode == 0


def test_the_image_holds_the_package_and_no_file_of_the_checkout() -> None:
    """Only what is installed is taken over, and only by name: no configuration in use, no password."""
    named = {source for sources, _ in copies() for source in sources}
    assert {source for source in named if not (ROOT / source).exists() or source.strip("./") == ""} == set()
    assert OF_IMAGE["COPY"] == "--from=build /opt/hanchot /opt/hanchot"
    assert [name for name in VARIABLES if "PASSWORD" in name or name.endswith("CLIENT_SECRET")] == []


def test_the_image_is_made_on_a_python_that_is_supported_and_runs_without_root() -> None:
    bases = {rest.partition(" ")[0] for word, rest in STEPS if word == "FROM"}
    (version,) = (re.fullmatch(r"docker.io/library/python:(3\.\d+)-slim", base) for base in bases)
    assert version
    assert f"Python :: {version[1]}" in (ROOT / "pyproject.toml").read_text("utf-8")
    user, group = OF_IMAGE["USER"].split(":")
    assert f"--uid {user} " in OF_IMAGE["RUN"]
    assert user == group != "0"


def test_the_daemon_finds_in_the_containers_what_they_are_given(tmp_path: Path) -> None:
    """Every variable names a key; files lie where volumes and secrets are."""
    (tmp_path / "config.toml").touch()
    settings = load_settings(tmp_path / "config.toml", {**VARIABLES, **DAEMON["environment"]})
    places = dict(volume.split(":")[:2] for volume in DAEMON["volumes"])
    assert places == {"./etc": CONFIGURATION, "record": DATA}
    assert (OF_IMAGE["WORKDIR"], OF_IMAGE["VOLUME"], settings.paths.data) == (CONFIGURATION, DATA, DATA)
    assert {Path(settings.mail.maildir).parent, Path(settings.web.secret_file).parent} == {Path(DATA)}
    assert VARIABLES["HANCHOT_DATABASE__URL"].startswith(f"sqlite:///{DATA}/")
    assert set(DAEMON["secrets"]) == set(COMPOSE["secrets"])
    asked = {settings.mail.smtp.password_file, settings.inbox.password_file}
    assert asked == {f"/run/secrets/{name}" for name in DAEMON["secrets"]}


def test_nobody_reaches_the_daemon_but_through_nginx() -> None:
    """Which it believes who a visitor is; what docs/how-to/install.md makes of the example leads to the daemon."""
    assert "ports" not in DAEMON
    inside, outside = (service["networks"]["inside"]["ipv4_address"] for service in (DAEMON, NGINX))
    assert DAEMON["environment"]["HANCHOT_SERVER__TRUSTED_PROXIES"] == outside
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    (command,) = re.findall(r"^(sed .+contrib/nginx\.conf) > /srv/hanchot/nginx\.conf$", page, re.MULTILINE)
    made = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"proxy_pass http://{inside}:{VARIABLES['HANCHOT_SERVER__PORT']};" in made
    assert not {"thidua.coquan.vn", "127.0.0.1"} & set(re.findall(r"[\w.-]+", re.sub("(?m)^ *#.*", "", made)))


def test_the_daemon_may_do_little() -> None:
    """What it does not need is taken away; time to finish a mail is given, as by systemd."""
    assert (DAEMON["read_only"], DAEMON["cap_drop"]) == (True, ["ALL"])
    assert "no-new-privileges:true" in DAEMON["security_opt"]
    minutes = re.search(r"^TimeoutStopSec=(\d)min$", (CONTRIB / "hanchot.service").read_text("utf-8"), re.MULTILINE)
    assert minutes
    assert DAEMON["stop_grace_period"] == f"{minutes[1]}m"
