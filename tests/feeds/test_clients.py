"""Real calendar programs subscribe to a served calendar and show what becomes of it.

`make servers` installs them on Debian. Nothing here could be run against Google, Outlook and Apple: for those there
are only the rules.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from datetime import time as clock
from pathlib import Path

import pytest

from scheduler.actions.addresses import calendar_path
from scheduler.plan.model import By, On, Window
from scheduler.ports import Definition
from tests.feeds import thunderbird
from tests.feeds.press import Press
from tests.feeds.reading import events
from tests.mail.servers import free_port
from tests.plan.builders import LOADED, at, deadline, event, plan
from tests.web.conftest import Served, served

LIMIT = 60.0  # seconds: until a program shows what it was given, on a machine that may be busy
PROGRAMS = Path(__file__).parent / "programs"
HANOI = {"TZ": "Asia/Ho_Chi_Minh"}
OFFICE = {"Authorization": "Basic " + b64encode(b"office:any").decode()}

REPORT = deadline(By(date(2023, 3, 17)), title="Báo cáo")
MEETING = event(Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6"), title="Hội nghị; tổng kết, thi đua")
DUE, AMENDED = "Báo cáo (chậm nhất ngày 17/3/2023)", "Báo cáo (chậm nhất ngày 20/4/2023)"
HELD = "Hội nghị; tổng kết, thi đua"

Entry = tuple[str, str]  # when it begins (20230317, 20230608T080000) and how it is called


@dataclass(frozen=True)
class Story:
    """A calendar that is served, and what happens to it."""

    house: Served
    press: Press
    url: str

    def steps(self) -> Iterator[set[Entry]]:
        """Let one thing after another happen; give what a program has to show after each."""
        window = ("20230601", f"[Dự kiến] {HELD}")
        yield {("20230317", DUE), window}
        self.press.edit(at(3, 1), replace(REPORT, form=By(date(2023, 4, 20))), MEETING)
        yield self._served(at(3, 1), {("20230420", AMENDED), window})
        form = On(date(2023, 6, 8), date(2023, 6, 8), clock(8))
        self.press.tell("date_fixed", at(4, 3), "meeting", form=form, place="Hà Tĩnh")
        yield self._served(at(4, 3), {("20230420", AMENDED), ("20230608T080000", HELD)})
        self.press.tell("received", at(4, 4), "report", "beta")
        yield self._served(at(4, 4), {("20230420", "✓ Báo cáo"), ("20230608T080000", HELD)})
        self.press.tell("waived", at(5, 5), "meeting", "lead")
        yield self._served(at(5, 5), {("20230420", "✓ Báo cáo"), ("20230608T080000", f"[ĐÃ HUỶ] {HELD}")})

    def fetch(self) -> bytes:
        """Return the calendar as it is served."""
        with urllib.request.urlopen(self.url, timeout=LIMIT) as answer:
            return bytes(answer.read())

    def _served(self, when: date, wanted: set[Entry]) -> set[Entry]:
        """Publish, and wait until it is served: the record is asked once a second."""
        self.house.definitions = [Definition(plan=self.press.plan, source="")]
        expected = self.press.read(when)  # type: ignore[arg-type]
        stamps = [one["DTSTAMP"] for one in events(expected)]
        until(lambda: [one["DTSTAMP"] for one in events(self.fetch())] == stamps)
        return wanted


def until(is_so: Callable[[], bool], say: Callable[[], object] = lambda: "") -> None:
    """Wait until something is so."""
    end = time.monotonic() + LIMIT
    while not is_so():
        assert time.monotonic() < end, say()
        time.sleep(0.05)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Serve the calendar of a party."""
    (folder := tmp_path / "house").mkdir()
    with served(folder) as house:
        press = Press(house.running.store, plan(REPORT, MEETING))
        press.load(press.plan, LOADED)
        press.subscribe("beta")
        house.definitions = [Definition(plan=press.plan, source="")]
        path = calendar_path(press.feeds["beta", False], [press.plan], house.running.app.secret)
        yield Story(house, press, house.address + path)


def need(program: str) -> str:
    """Return the path of a program; skip the test where it is missing."""
    beside = shutil.which(program, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}")
    if beside is None:
        pytest.skip(f"{program} is not installed; `make servers` or the development group has it")
    return beside


def need_gnome() -> None:
    """Skip the test where Debian's Python lacks the bindings of Evolution's data server."""
    asked = 'import gi; gi.require_version("ECal", "2.0")'
    done = (
        subprocess.run(["/usr/bin/python3", "-c", asked], capture_output=True)
        if Path("/usr/bin/python3").exists()
        else None
    )
    if done is None or done.returncode:
        pytest.skip("Evolution's data server is not installed; `make servers` has it")


def run(*command: object, **environment: str) -> str:
    """Run a program to its end and return what it prints."""
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **HANOI, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        input="y\ny\n",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def seen_in(line: str) -> set[Entry]:
    """Return the events in a line of JSON; each must be cancelled, tentative or not as its title says."""
    found = json.loads(line)
    marks = {"[Dự kiến]": "TENTATIVE", "[ĐÃ HUỶ]": "CANCELLED"}
    for _, title, status in found:
        assert status == next((state for mark, state in marks.items() if title.startswith(mark)), "CONFIRMED")
    return {(start, title) for start, title, _ in found}


# ---------------------------------------------------------------- programs that read a file


def test_calcurse_imports_each_edition(story: Story, tmp_path: Path) -> None:
    """A strict little importer; whatever it does not take it leaves out."""
    calcurse = need("calcurse")
    for number, wanted in enumerate(story.steps()):
        folder, file = tmp_path / str(number), tmp_path / f"{number}.ics"
        folder.mkdir()
        file.write_bytes(story.fetch())
        run(calcurse, "-D", folder, "-q", "-i", file)
        assert set(read_appointments((folder / "apts").read_text(encoding="utf-8"))) == wanted


def read_appointments(text: str) -> Iterator[Entry]:
    """Yield the entries of calcurse's own file."""
    for line in text.splitlines():
        found = re.match(r"(\d\d)/(\d\d)/(\d{4})(?: @ (\d\d):(\d\d))?.*>[0-9a-f]{40} \|?(.*)", line)
        assert found, line
        month, day, year, hour, minute, title = found.groups()
        yield year + month + day + (f"T{hour}{minute}00" if hour else ""), title


def test_libical_finds_nothing_to_put_right(story: Story, tmp_path: Path) -> None:
    """The parser of GNOME, KDE and Cyrus, with its check of what the specification forbids."""
    need_gnome()
    file = tmp_path / "feed.ics"
    for wanted in story.steps():
        file.write_bytes(story.fetch())
        assert seen_in(run("/usr/bin/python3", PROGRAMS / "gnome.py", "parse", file)) == wanted


def test_ical_js_parses_each_edition_strictly(story: Story, tmp_path: Path) -> None:
    """The parser of Thunderbird and of many web calendars."""
    node = need("node")
    if not (PROGRAMS / "node_modules").exists():
        pytest.skip("ical.js is not installed; `make servers` has it")
    file = tmp_path / "feed.ics"
    for wanted in story.steps():
        file.write_bytes(story.fetch())
        assert seen_in(run(node, PROGRAMS / "read.mjs", file)) == wanted


def test_radicale_takes_each_edition_as_a_collection(story: Story, tmp_path: Path) -> None:
    """A server that reads every entry, and refuses all for one it does not understand."""
    need("radicale")
    with radicale(tmp_path) as collection:
        for wanted in story.steps():
            put(collection, story.fetch())
            with urllib.request.urlopen(urllib.request.Request(collection, headers=OFFICE), timeout=LIMIT) as answer:
                kept = events(answer.read())
            assert {(one["DTSTART"], one.text("SUMMARY")) for one in kept} == wanted


@contextmanager
def radicale(folder: Path) -> Iterator[str]:
    """Run a Radicale and give the address of a collection in it."""
    port = free_port()
    options = [f"--hosts=127.0.0.1:{port}", "--auth-type=none", f"--storage-filesystem-folder={folder / 'radicale'}"]
    with (folder / "radicale.log").open("wb") as log:
        process = subprocess.Popen([need("radicale"), "--config=", *options], stdout=log, stderr=log)
        try:
            until(lambda: is_up(f"http://127.0.0.1:{port}/.web/"), lambda: (folder / "radicale.log").read_text())
            yield f"http://127.0.0.1:{port}/office/feed/"
        finally:
            process.terminate()
            process.wait(10)


def is_up(url: str) -> bool:
    """Return whether somebody answers."""
    try:
        with closing(urllib.request.urlopen(url, timeout=LIMIT)):
            return True
    except OSError:
        return False


def put(url: str, data: bytes) -> None:
    """Put a whole calendar to an address."""
    headers = {"Content-Type": "text/calendar; charset=utf-8", **OFFICE}
    request = urllib.request.Request(url, data, headers, method="PUT")
    with urllib.request.urlopen(request, timeout=LIMIT) as answer:
        assert answer.status == 201


# ---------------------------------------------------------------- programs that subscribe


def test_vdirsyncer_subscribes_and_khal_shows_it(story: Story, tmp_path: Path) -> None:
    """One file an entry; changed ones are replaced."""
    vdirsyncer, khal = need("vdirsyncer"), need("khal")
    config = write_configs(tmp_path, story.url)
    for number, wanted in enumerate(story.steps()):
        if number == 0:
            run(vdirsyncer, "-c", config, "discover")
        run(vdirsyncer, "-c", config, "sync")
        line = "{start-date}{start-time}|{title}|"
        listed = run(
            khal, "-c", tmp_path / "khal", "list", "--once", "--day-format", "", "--format", line, "20230101", "365d"
        )
        shown = {tuple(row.split("|")[:2]) for row in listed.splitlines() if row}
        assert shown == wanted


def write_configs(folder: Path, url: str) -> Path:
    """Write the configurations of both; return vdirsyncer's."""
    (folder / "disk").mkdir()
    (folder / "vdirsyncer").write_text(
        f'[general]\nstatus_path = "{folder}/status"\n'
        '[pair feed]\na = "web"\nb = "disk"\ncollections = null\nconflict_resolution = "a wins"\n'
        f'[storage web]\ntype = "http"\nurl = "{url}"\n'
        f'[storage disk]\ntype = "filesystem"\npath = "{folder}/disk"\nfileext = ".ics"\n',
        encoding="utf-8",
    )
    formats = {
        "dateformat": "%Y%m%d",
        "longdateformat": "%Y%m%d",
        "timeformat": "T%H%M%S",
        "datetimeformat": "%Y%m%d%H%M",
        "longdatetimeformat": "%Y%m%d%H%M",
        "local_timezone": HANOI["TZ"],
        "default_timezone": HANOI["TZ"],
    }
    (folder / "khal").write_text(
        "\n".join(
            [
                f"[calendars]\n[[feed]]\npath = {folder}/disk\n[sqlite]\npath = {folder}/khal.db\n[locale]",
                *(f"{key} = {value}" for key, value in formats.items()),
            ]
        ),
        encoding="utf-8",
    )
    return folder / "vdirsyncer"


def test_evolution_subscribes_and_follows(story: Story, tmp_path: Path) -> None:
    """GNOME's own way of subscribing; it asks with the tag it got."""
    need_gnome()
    bus = need("dbus-run-session")
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True, mode=0o700)
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "GSETTINGS_BACKEND": "memory"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [
                "timeout",
                "--kill-after=5",
                "120",
                bus,
                "--",
                "/usr/bin/python3",
                PROGRAMS / "gnome.py",
                "subscribe",
                story.url,
            ],
            env={**os.environ, **HANOI, **environment, "GIO_USE_VFS": "local"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:

            def look() -> set[Entry]:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write("\n")
                process.stdin.flush()
                line = process.stdout.readline()
                assert line, (tmp_path / "log").read_text()
                return seen_in(line)

            for wanted in story.steps():
                until(lambda wanted=wanted: look() == wanted, look)
        finally:
            process.communicate(timeout=LIMIT)


def test_thunderbird_subscribes_and_follows(story: Story, tmp_path: Path) -> None:
    """It tries whether the address is one of a server, takes it as a file, and looks again when told to."""
    need("thunderbird")
    with thunderbird.running(tmp_path / "thunderbird") as program:
        program.run(thunderbird.SUBSCRIBE, story.url)

        def look() -> set[Entry]:
            return seen_in(json.dumps(program.run(thunderbird.LOOK)))

        for wanted in story.steps():
            until(lambda wanted=wanted: look() == wanted, look)
