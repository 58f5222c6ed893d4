"""A PostgreSQL of the tests' own: made from Debian's programs, reached by a socket in a folder, gone at the end.

Import the fixtures into a conftest: `postgres`, `postgres_url`, `empty_postgres_url`. However many do, a test
run starts one cluster, when the first test asks for it. The machine's own cluster is never touched.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from scheduler.store import open_store
from tests.support.polling import wait_until

USER = "hanchot"
GUARDED = "guarded"  # a user who needs a password; all others are let in by whoever can reach the socket
ACCESS = f"local all {GUARDED} scram-sha-256\nlocal all all trust\nlocal replication all trust\n"
# Nothing of it outlives the run, so nothing need reach the disk.
SETTINGS = """\
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 150
"""
_TEMPLATE = "with_tables"
_RUNNING = pytest.StashKey["Cluster"]()


class Cluster:
    """A PostgreSQL server with databases that tests make and throw away; with a `source`, its standby."""

    def __init__(self, programs: Path, folder: Path, source: Cluster | None = None) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._numbers = count(1)
        self._server: subprocess.Popen[bytes] | None = None
        self._as_user = _as_user(folder)
        options = [f"--username={USER}", "--no-sync", f"--pgdata={self._data}"]
        if source is None:
            self._run("initdb", *options, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
            (self._data / "pg_hba.conf").write_text(ACCESS)
        else:
            copying = ["--write-recovery-conf", "--checkpoint=fast"]
            self._run("pg_basebackup", *options, *copying, f"--host={source._folder}")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(f"{SETTINGS}unix_socket_directories = '{folder}'\n")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        # If the tests are killed, so is the server.
        command = ["setpriv", *self._as_user, "--pdeathsig=INT", "--"]
        command += [str(self._programs / "postgres"), "-D", str(self._data)]
        server = self._server = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        asking = [str(self._programs / "pg_isready"), "--quiet", f"--host={self._folder}"]

        def is_ready() -> bool:
            assert server.poll() is None, "PostgreSQL ended as soon as it was started"
            return not subprocess.run(asking, check=False).returncode

        wait_until(is_ready, "PostgreSQL answers")

    def stop(self) -> None:
        """Stop the server; whoever is connected is cut off."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(60)
            self._server = None

    def restart(self) -> None:
        """Stop the server and start it again."""
        self.stop()
        self.start()

    @contextmanager
    def standby(self) -> Iterator[Cluster]:
        """Run a second server that follows this one."""
        other = Cluster(self._programs, _make_folder(), self)
        try:
            other.start()

            def is_streaming() -> bool:
                assert other._server is not None
                assert other._server.poll() is None, "the standby ended as soon as it was started"
                return self.psql("SELECT state FROM pg_stat_replication") == "streaming"

            wait_until(is_streaming, "the standby follows")
            yield other
        finally:
            other.remove()

    def remove(self) -> None:
        """Stop the server and delete everything."""
        self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str, user: str = USER) -> str:
        """Return the address of a database, for `open_store`."""
        return f"postgresql+psycopg://{user}@/{database}?host={self._folder}"

    def create(self, *options: str) -> str:
        """Make a database and return its name."""
        name = f"test{next(self._numbers)}"
        self._run("createdb", f"--host={self._folder}", f"--username={USER}", *options, name)
        return name

    def copy(self) -> str:
        """Make a database that has the tables already and return its name."""
        return self.create(f"--template={_TEMPLATE}")

    def drop(self, name: str) -> None:
        """Delete a database, whoever is using it."""
        self._run("dropdb", f"--host={self._folder}", f"--username={USER}", "--force", "--if-exists", name)

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the superuser and return what it prints."""
        options = ["--no-psqlrc", "--tuples-only", "--no-align", f"--host={self._folder}", f"--username={USER}"]
        return self._run("psql", *options, f"--dbname={database}", f"--command={statement}").strip()

    def make_template(self) -> None:
        """Make the database that others are copied from."""
        self._run("createdb", f"--host={self._folder}", f"--username={USER}", _TEMPLATE)
        open_store(self.url(_TEMPLATE)).close()

    def _run(self, program: str, *arguments: str) -> str:
        command = ["setpriv", *self._as_user, "--", str(self._programs / program), *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd="/", env=environment | {"PGUSER": USER}
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"
        return done.stdout


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run a cluster for a block."""
    cluster = Cluster(_find_programs(), _make_folder())
    try:
        cluster.start()
        cluster.make_template()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Cluster:
    """Return the cluster of this test run."""
    stash = request.config.stash
    if _RUNNING not in stash:
        cluster = Cluster(_find_programs(), _make_folder())
        request.config.add_cleanup(cluster.remove)
        cluster.start()
        cluster.make_template()
        stash[_RUNNING] = cluster
    return stash[_RUNNING]


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """Return the address of a database of the test's own, with tables and nothing in them."""
    name = postgres.copy()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def empty_postgres_url(postgres: Cluster) -> Iterator[str]:
    """Return the address of a database of the test's own, without tables."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


def _make_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="hanchot-", dir="/tmp"))  # the path of a socket has to be short


def _find_programs() -> Path:
    """Return where PostgreSQL's programs are; Debian keeps them apart, a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    found = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    if not found:
        pytest.skip("PostgreSQL's server is not installed: run `make servers` (Debian, as root)")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: `make test` installs it")
    return found[-1]


def _as_user(folder: Path) -> list[str]:
    """Give the folder to somebody who may run PostgreSQL, which root may not; return how to become them."""
    if os.getuid() != 0:
        return []
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    owner = names.get("postgres", names["nobody"])
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
