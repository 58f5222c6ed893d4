"""Real calendar programs subscribe to a served calendar and show what becomes of it.

`make servers` installs them on Debian. Nothing here could be run against Google, Outlook and Apple: for those there
are only the rules.

Each program is led through the same scenario (`tests/support/feed_scenario.py`) and has to show, after each thing that
happens, every entry once: first day and the day after the last, hours on the clocks of Ha Noi also of a zone
with summer time, state in STATUS and in the title, place and text; the entry keeps its uid from
intention to cancellation, goes thirty days later, and what was taken out comes back; when
nothing is left there is an entry that says so. Tasks come from an address of their own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from scheduler.store import open_store
from tests.feeds import thunderbird
from tests.support.feed_scenario import FeedScenario, Scene, feed_scenario
from tests.support.ical_reader import Component, parse
from tests.support.mail_servers import free_port
from tests.support.plan_builders import HANOI, at
from tests.support.polling import TIMEOUT, wait_until
from tests.support.published_feeds import FeedFixture
from tests.support.recording_proxy import RecordingProxy, recording_proxy
from tests.support.shipped_year import shipped

PROGRAMS = Path(__file__).parent / "programs"
LOCAL = {"TZ": HANOI.key}
OFFICE = {"Authorization": "Basic " + b64encode(b"office:any").decode()}
DAY = timedelta(days=1)

Row = tuple[str, str, str, str, str, str]  # start, end, title, status, place and text


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[FeedScenario]:
    """Serve the calendar of a party."""
    with feed_scenario(tmp_path) as scenario:
        yield scenario


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
        env={**os.environ, **LOCAL, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        input="y\ny\n",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def seen_in(line: str, scenario: FeedScenario) -> Scene:
    """Return the events and the tasks in a line of JSON, each as a program shows it."""
    shown, tasks = (sorted(scenario.recognise(*one) for one in calendar) for calendar in json.loads(line))
    return Scene(shown, tasks)


def expect(look: Callable[[], Scene], wanted: Scene) -> None:
    """Look again and again until a program shows what it should; else say what it shows."""
    with suppress(AssertionError):
        wait_until(lambda: look() == wanted, "what was published shows")
    assert look() == wanted


# ---------------------------------------------------------------- programs that read a file


def save(scenario: FeedScenario, folder: Path) -> tuple[Path, Path]:
    """Write both calendars into files, as a program that fetches them does."""
    files = folder / "feed.ics", folder / "tasks.ics"
    for file, url in zip(files, (scenario.url, scenario.tasks_url), strict=True):
        file.write_bytes(scenario.fetch(url))
    return files


def test_calcurse_imports_each_edition_with_its_days_hours_places_and_tasks(
    scenario: FeedScenario, tmp_path: Path
) -> None:
    """Rules 4, 11, 17 and 22: a strict little importer, whatever it does not take it leaves out.

    It knows neither uid nor STATUS, so the title alone says it. Tasks have no date there.
    """
    calcurse = need("calcurse")
    for number, wanted in enumerate(scenario.scenes()):
        (folder := tmp_path / str(number)).mkdir()
        feed, tasks = save(scenario, folder)
        run(calcurse, "-D", folder, "-q", "-i", feed)
        appointments = (folder / "apts").read_text(encoding="utf-8")
        assert sorted(scenario.recognise("", *one) for one in read_appointments(appointments, folder)) == [
            replace(one, status="") for one in wanted.events
        ]
        run(calcurse, "-D", folder, "-q", "-i", tasks)
        to_do = (folder / "todo").read_text(encoding="utf-8")
        assert [scenario.recognise("", *one) for one in read_to_do(to_do, folder)] == [
            replace(one, ends="", status="COMPLETED" if one.status == "COMPLETED" else "") for one in wanted.tasks
        ]


def read_appointments(text: str, folder: Path) -> Iterator[Row]:
    """Yield the entries of calcurse's own file: of all-day ones over several days the last is behind an arrow."""
    day, hour = r"(\d\d/\d\d/\d{4})", r" @ (\d\d:\d\d)"
    for line in text.splitlines():
        timed = re.fullmatch(rf"{day}{hour} -> {day}{hour}>(.{{40}}) \|(.*)", line)
        all_day = re.fullmatch(rf"{day} \[1\] (?:{{1D -> {day}}} )?>(.{{40}}) (.*)", line)
        if timed:
            first, starts, last, ends, note, title = timed.groups()
            begin, end = (
                f"{read_day(on):%Y%m%d}T{at.replace(':', '')}00" for on, at in ((first, starts), (last, ends))
            )
        else:
            assert all_day, line
            first, last, note, title = all_day.groups()
            begin, end = (f"{on:%Y%m%d}" for on in (read_day(first), read_day(last or first) + DAY))
        yield begin, end, title, "", *read_note(folder, note)


def read_day(text: str) -> date:
    """Return a day as calcurse writes it: the month first."""
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def read_to_do(text: str, folder: Path) -> Iterator[Row]:
    """Yield the tasks of calcurse's own file: done ones have a negative priority."""
    for line in text.splitlines():
        found = re.fullmatch(r"\[(-?)0\]>(.{40}) (.*)", line)
        assert found, line
        done, note, title = found.groups()
        yield "", "", title, "COMPLETED" if done else "", *read_note(folder, note)


def read_note(folder: Path, name: str) -> tuple[str, str]:
    """Return place and text: calcurse keeps both in a note."""
    note = (folder / "notes" / name).read_text(encoding="utf-8")
    place = re.search(r"^Location: (.*)", note, re.M)
    return place[1] if place else "", note


def test_libical_finds_nothing_to_put_right_and_shows_the_right_hours(scenario: FeedScenario, tmp_path: Path) -> None:
    """Rules 1, 17, 18 and 19 by the parser of GNOME, KDE and Cyrus and its check of what the specification forbids."""
    need_gnome()
    for wanted in scenario.scenes():
        assert (
            seen_in(run("/usr/bin/python3", PROGRAMS / "gnome.py", "parse", *save(scenario, tmp_path)), scenario)
            == wanted
        )


def test_ical_js_parses_each_edition_strictly_and_shows_the_right_hours(scenario: FeedScenario, tmp_path: Path) -> None:
    """Rules 1, 17, 18 and 19 by the parser of Thunderbird and of many web calendars."""
    node = need("node")
    if not (PROGRAMS / "node_modules").exists():
        pytest.skip("ical.js is not installed; `make servers` has it")
    for wanted in scenario.scenes():
        assert seen_in(run(node, PROGRAMS / "read.mjs", *save(scenario, tmp_path)), scenario) == wanted


def test_radicale_takes_each_edition_as_a_collection(scenario: FeedScenario, tmp_path: Path) -> None:
    """Rules 5, 12 and 19: a server that reads every entry, and refuses all for one it does not understand."""
    need("radicale")
    with radicale(tmp_path) as home:
        for wanted in scenario.scenes():
            kept = []
            for name, url in (("feed", scenario.url), ("tasks", scenario.tasks_url)):
                collection = f"{home}/{name}/"
                put(collection, scenario.fetch(url))
                request = urllib.request.Request(collection, headers=OFFICE)
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    entries = [part for part in parse(answer.read()).parts if part.kind != "VTIMEZONE"]
                kept.append(sorted(scenario.recognise(one["UID"], *read_entry(one)) for one in entries))
            assert Scene(*kept) == wanted


def read_entry(one: Component) -> Row:
    """Return an event or a task as it is written."""

    def local(name: str) -> str:
        value, zone = one.get(name) or "", re.search(r"TZID=([^:;]+)", one.line(name) if name in one else "")
        if zone is None:
            return value
        moment = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(zone[1]))
        return f"{moment.astimezone(HANOI):%Y%m%dT%H%M%S}"

    ends = local("DUE" if one.kind == "VTODO" else "DTEND")
    place = one.text("LOCATION") if "LOCATION" in one else ""
    return local("DTSTART"), ends, one.text("SUMMARY"), one["STATUS"], place, one.text("DESCRIPTION")


@contextmanager
def radicale(folder: Path) -> Iterator[str]:
    """Run a Radicale and give the address of somebody's home in it."""
    port = free_port()
    options = [f"--hosts=127.0.0.1:{port}", "--auth-type=none", f"--storage-filesystem-folder={folder / 'radicale'}"]
    with (folder / "radicale.log").open("wb") as log:
        process = subprocess.Popen([need("radicale"), "--config=", *options], stdout=log, stderr=log)
        try:
            wait_until(lambda: is_up(f"http://127.0.0.1:{port}/.web/"), "Radicale answers")
            yield f"http://127.0.0.1:{port}/office"
        finally:
            process.terminate()
            process.wait(10)


def is_up(url: str) -> bool:
    """Return whether somebody answers."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT):
            return True
    except URLError:
        return False


def put(url: str, data: bytes) -> None:
    """Put a whole calendar to an address."""
    headers = {"Content-Type": "text/calendar; charset=utf-8", **OFFICE}
    request = urllib.request.Request(url, data, headers, method="PUT")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        assert answer.status == 201


# ---------------------------------------------------------------- programs that subscribe


def through(wire: RecordingProxy, url: str) -> str:
    """Return an address as it is asked for through a relay."""
    return wire.address + urlsplit(url).path


def expect_unchanged(look: Callable[[], Scene], wanted: Scene, wire: RecordingProxy, scenario: FeedScenario) -> None:
    """Look again with nothing changed: the program says what it has, is answered 304, and keeps it."""
    paths = {urlsplit(url).path for url in (scenario.url, scenario.tasks_url)}
    del wire.passed[:]

    def is_answered() -> bool:
        assert look() == wanted
        return {one.path for one in wire.passed} == paths

    wait_until(is_answered, "the program asked for both calendars again")
    assert look() == wanted
    assert {(one.method, one.status) for one in wire.passed} == {("GET", 304)}
    assert all(one.tag for one in wire.passed)


def test_vdirsyncer_subscribes_and_khal_shows_it(scenario: FeedScenario, tmp_path: Path) -> None:
    """Rules 8, 17, 18 and 19: one file an entry, another one when it changes, none when it is gone.

    The one gives each edition of an entry a uid of its own and sends no conditions; the other shows events only.
    """
    vdirsyncer, khal = need("vdirsyncer"), need("khal")
    config = write_configs(tmp_path, scenario.url)
    fields = ("start", "end", "title", "status", "location", "description")
    words = [word for field in fields for word in ("--json", field)]
    for number, wanted in enumerate(scenario.scenes()):
        if number == 0:
            run(vdirsyncer, "-c", config, "discover")
        run(vdirsyncer, "-c", config, "sync")
        listed = run(khal, "-c", tmp_path / "khal", "list", "--once", *words, "20230101", "365d")
        rows = [row for day in listed.splitlines() for row in json.loads(day)]
        shown = [scenario.recognise("", *(row[field] for field in fields)) for row in rows]
        assert sorted(replace(one, ends=day_after(one.ends)) for one in shown) == wanted.events


@pytest.mark.parametrize("audience", ["tran-phu-ha-tinh", ""], ids=["lead", "public"])
@pytest.mark.parametrize("first_day", [at(2, 20), at(12, 28)], ids=["in time", "loaded at the end of the year"])
def test_every_dated_milestone_of_the_shipped_plan_is_in_khal_from_the_first_day(
    audience: str, first_day: datetime, tmp_path: Path
) -> None:
    """The seven of the document, the award reports among them, whose parties are chosen in November."""
    khal = need("khal")
    write_configs(tmp_path, "https://nowhere.example")
    with closing(open_store("sqlite://")) as store:
        feeds = FeedFixture(store, shipped().plan)
        feeds.load(feeds.plan, first_day)
        feeds.subscribe(audience)
        for number, part in enumerate(split_entries(feeds.read(first_day, audience))):
            (tmp_path / "disk" / f"{number}.ics").write_bytes(part)
    words = ["--json", "start", "--json", "title"]
    listed = run(khal, "-c", tmp_path / "khal", "list", "--once", *words, "20230101", "365d")
    shown = {row["start"]: row["title"] for day in listed.splitlines() for row in json.loads(day)}
    assert list(shown) == ["20230320", "20230601", "20230810", "20231030", "20231115", "20231120", "20231130"]
    waits = "Gửi báo cáo thành tích đề nghị khen thưởng (trước ngày 30/11/2023)"
    assert waits in shown["20231130"]


def split_entries(data: bytes) -> list[bytes]:
    """Return a calendar of all-day entries as one file for each, as khal keeps them."""
    head, *entries = data.split(b"BEGIN:VEVENT\r\n")
    start = re.sub(rb"BEGIN:VTIMEZONE.*?END:VTIMEZONE\r\n", b"", head, flags=re.DOTALL)
    ends = (entry.partition(b"END:VEVENT\r\n")[0] for entry in entries)
    return [start + b"BEGIN:VEVENT\r\n" + end + b"END:VEVENT\r\nEND:VCALENDAR\r\n" for end in ends]


def day_after(day: str) -> str:
    """Return the day after a last day; an hour stays."""
    return day if "T" in day else f"{date.fromisoformat(day) + DAY:%Y%m%d}"


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
        "datetimeformat": "%Y%m%dT%H%M%S",
        "longdatetimeformat": "%Y%m%dT%H%M%S",
        "local_timezone": HANOI.key,
        "default_timezone": HANOI.key,
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


def test_evolution_subscribes_and_follows(scenario: FeedScenario, tmp_path: Path) -> None:
    """Rules 11 to 14, 18, 19, 22 and 25 by GNOME's own way of subscribing; it asks with the tag it got.

    This is what the placeholder is for, in tasks too: a program keeps the old ones if there are none.
    """
    need_gnome()
    bus = need("dbus-run-session")
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True, mode=0o700)
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "GSETTINGS_BACKEND": "memory"}
    kept_short = ["timeout", "--kill-after=5", "120", bus, "--", "/usr/bin/python3", str(PROGRAMS / "gnome.py")]
    with recording_proxy(scenario.site.address) as wire, (tmp_path / "log").open("w") as log:

        def start() -> subprocess.Popen[str]:
            return subprocess.Popen(
                [*kept_short, "subscribe", through(wire, scenario.url), through(wire, scenario.tasks_url)],
                env={**os.environ, **LOCAL, **environment, "GIO_USE_VFS": "local"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

        def hear() -> str:
            assert process.stdout is not None
            return process.stdout.readline()

        def look() -> Scene:
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # it has ended; why is in its log
                process.stdin.write("\n")
                process.stdin.flush()
            line = hear()
            assert line, (tmp_path / "log").read_text()
            return seen_in(line, scenario)

        process = start()
        if not hear():  # its services start one another over the bus, which hangs at times on a loaded machine
            process.communicate(timeout=TIMEOUT)
            process = start()
            assert hear(), (tmp_path / "log").read_text()
        try:
            for wanted in scenario.scenes():
                expect(look, wanted)
                expect_unchanged(look, wanted, wire, scenario)
        finally:
            process.communicate(timeout=TIMEOUT)


def test_thunderbird_subscribes_and_follows(scenario: FeedScenario, tmp_path: Path) -> None:
    """Rules 6, 11 to 14, 18, 19, 22 and 25 to 27: it finds out what the address is, and looks again when asked to.

    It asks with the tag it got.
    """
    need("thunderbird")
    with recording_proxy(scenario.site.address) as wire, thunderbird.running(tmp_path / "thunderbird") as program:
        addresses = [through(wire, url) for url in (scenario.url, scenario.tasks_url)]
        for address in addresses:
            # a client that looks for a server there finds none, and takes the last part of the address
            assert program.run(thunderbird.SUBSCRIBE, address) == [["ics", Path(address).stem]]
        asked = {(one.method, one.status) for one in wire.passed if one.path.startswith("/calendar/")}
        assert asked | {("GET", 200)} == {("HEAD", 200), ("PROPFIND", 405), ("GET", 200)}

        def look() -> Scene:
            return seen_in(json.dumps(program.run(thunderbird.LOOK, addresses)), scenario)

        for wanted in scenario.scenes():
            expect(look, wanted)
            expect_unchanged(look, wanted, wire, scenario)
