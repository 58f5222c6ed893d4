"""Record the walks of a plan, a form, a request, an edit and a tick through the program's own functions.

    .venv/bin/python bench/walks.py [--list WALK] [--python PYTHON] [--source CHECKOUT]

A daemon is started on a small office: six parties, eight milestones, one reminder due today, mail to a local SMTP
server. Each walk is one act seen from outside; every call of a function of the package, in any thread, counts until
the act has had its effect. A walk is printed as its number of calls, of different functions and of modules; `--list`
prints the functions of one walk in the order in which they are first called. `--source` walks through another
checkout, with `--python` as its interpreter.
"""

from __future__ import annotations

import argparse
import email
import http.client
import json
import os
import re
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import ClassVar

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0  # seconds
WALKS = {
    "mail": "a plan file becomes a mail at the server",
    "form": "a party's form becomes a fact and an entry of its feed",
    "feed": "a calendar is fetched",
    "edit": "an edit of the plan moves its reminders",
    "tick": "a tick finds nothing to do",
}
# Written as sitecustomize.py: counts calls in every thread; a signal writes them out and begins anew.
RECORDER = """
import inspect, json, os, signal, sys, threading
ROOT, OUT = os.environ["WALK_ROOT"], os.environ["WALK_OUT"]
PAUSES = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
calls = []
def note(frame, event, arg):
    code = frame.f_code
    if event != "call" or not code.co_filename.startswith(ROOT):
        return
    is_named = code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")  # no class, no comprehension
    is_resumed = code.co_flags & PAUSES and code.co_code[frame.f_lasti + 1] != 0  # RESUME 0 begins
    if is_named and not is_resumed:
        calls.append(f"{code.co_filename[len(ROOT):]}:{code.co_qualname}")
def write(*_):
    global calls
    done, calls = calls, []
    with open(OUT + ".new", "w") as file:
        json.dump(done, file)
    os.replace(OUT + ".new", OUT)
signal.signal(signal.SIGUSR1, write)
threading.setprofile(note)
sys.setprofile(note)
"""


class Sink(socketserver.StreamRequestHandler):
    """An SMTP server that takes every mail; what it took is in `taken`."""

    taken: ClassVar[list[str]] = []

    def handle(self) -> None:
        """Serve one connection."""
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text)
                self.taken.append(b"".join(lines).decode())
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")


def write_office(folder: Path, smtp: int, web: int) -> Path:
    """Write a configuration and a plan whose first reminder is due in a minute; return the path of the plan."""
    soon = datetime.now(UTC) + timedelta(seconds=75)
    zone = f"Etc/GMT{soon.hour - 12:+d}"  # where it is noon, so that mail may leave
    today = (soon + timedelta(hours=12 - soon.hour)).date()
    (folder / "config.toml").write_text(
        f'[database]\nurl = "sqlite:///hanchot.db"\n[mail]\ntransport = "smtp"\nfrom = "a@b.vn"\n'
        f'[mail.smtp]\nhost = "127.0.0.1"\nport = {smtp}\nsecurity = "none"\n[server]\nport = {web}\npublic_url = "https://office.example"\n',
        encoding="utf-8",
    )
    names = [f"p{n}" for n in range(6)]
    head = (
        f'schema = 1\n[plan]\nid = "walk"\ntitle = "Walk"\ntimezone = "{zone}"\nissued = {today}\nyear = {today.year}\n'
        f'language = "en"\nworkweek = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n'
        f'[ladder]\nat = "12:{soon.minute:02}"\n'
        f'[groups]\nlead = ["p0"]\nmembers = {json.dumps(names)}\n'
    )
    milestones = [
        f'[[milestones]]\nid = "m{n}"\nkind = "deadline"\ntitle = "Report {n}"\nresponsible = "members"\n'
        f'report_to = ["lead"]\nby = {today + timedelta(days=7 + 20 * n)}\n'
        f'deliverables = [{{ id = "d", title = "Document" }}]\n'
        for n in range(8)
    ]
    parties = [
        f'[parties.{p}]\nname = "School {p}"\ncontacts = [{{ name = "Officer", email = "officer@{p}.example" }}]\n'
        for p in names
    ]
    place = folder / "workflows"
    place.mkdir()
    (place / "parties.toml").write_text("".join(parties), encoding="utf-8")
    return _write(place / "plan.toml", head + "".join(milestones))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class Walker:
    """A daemon whose calls are recorded."""

    def __init__(self, folder: Path, python: str, source: Path, port: int) -> None:
        recorder = folder / "recorder"
        recorder.mkdir()
        (recorder / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
        self.out = recorder / "calls.json"
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{recorder}:{source}",
            "WALK_ROOT": f"{source / 'scheduler'}/",
            "WALK_OUT": str(self.out),
        }
        self.command = [python, "-m", "scheduler"]
        self.folder = folder
        self.port = port
        self.lines: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the daemon during a block."""
        process = subprocess.Popen(
            [*self.command, "run"], cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True
        )
        self.process = process
        reader = threading.Thread(target=lambda: self.lines.extend(process.stderr or ()), daemon=True)
        reader.start()
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def calls(self) -> list[str]:
        """Return the calls since the last time this was asked."""
        self.out.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        until(self.out.exists, "the record of the calls")
        found: list[str] = json.loads(self.out.read_text())
        return found

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, str]:
        """Send a request and return the status and the text of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://office.example"}
        headers |= {"Host": "office.example", "Sec-Fetch-Site": "same-origin"}
        connection.request(method, path, urllib.parse.urlencode(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for something; raises `TimeoutError` if it does not come."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def walk(folder: Path, python: str, source: Path) -> dict[str, list[str]]:
    """Return the calls of each walk."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plan = write_office(folder, server.server_address[1], port)
    walker = Walker(folder, python, source, port)
    found: dict[str, list[str]] = {}
    with walker.running():
        until(lambda: len(Sink.taken) >= 6 or walker.process.poll() is not None, "the mails")
        assert walker.process.poll() is None, walker.lines
        settle()
        found["mail"] = walker.calls()
        page = urllib.parse.urlsplit(_page_in(Sink.taken, "officer@p1.example")).path
        command = [*walker.command, "feeds", "create", "--party", "p1"]
        made = subprocess.run(command, cwd=folder, env=walker.environment, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        calendar = urllib.parse.urlsplit(re.findall(r"https://\S+", made.stdout)[0]).path
        _, before = walker.ask("GET", calendar)
        settle()
        walker.calls()
        walker.ask("GET", calendar)
        found["feed"] = walker.calls()
        _, form = walker.ask("GET", page)
        declare = next(part for part in form.split("<form") if 'value="declare"' in part)
        fields = dict(re.findall(r'name="(\w+)" (?:type="date" [^>]*)?value="([^"]*)"', declare))
        settle()
        walker.calls()
        status, text = walker.ask("POST", page, {**fields, "channel": "email", "who": "An"})
        assert status == 303, re.sub(r"<[^>]*>|\s+", " ", text)[:3000]
        until(lambda: walker.ask("GET", calendar)[1] != before, "the entry in the feed")
        settle()
        found["form"] = walker.calls()
        count = _loads(walker)
        *others, last = plan.read_text(encoding="utf-8").split("[[milestones]]")
        _write(plan, "[[milestones]]".join([*others, last.replace("by = ", "before = ")]))
        until(lambda: _loads(walker) > count, "the edit")
        settle()
        found["edit"] = walker.calls()
        until(lambda: len(walker.calls()) > 20, "a tick")
        walker.calls()
        time.sleep(30.5)
        found["tick"] = walker.calls()
    server.shutdown()
    return found


def settle() -> None:
    """Let what an act has set going come to its end."""
    time.sleep(2)


def _loads(walker: Walker) -> int:
    return sum("loaded" in line for line in walker.lines)


def _page_in(mails: list[str], address: str) -> str:
    parsed = [email.message_from_string(text, policy=policy.default) for text in mails]
    mail = next(mail for mail in parsed if address in mail["To"])
    body = mail.get_body(("plain",))
    assert body is not None
    return str(re.findall(r"https://\S+/p/\S+", body.get_content())[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", choices=WALKS)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--source", type=Path, default=ROOT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = walk(Path(folder), options.python, options.source.resolve())
    if options.list:
        print(*dict.fromkeys(found[options.list]), sep="\n")
        return
    print(f"{'walk':50}{'calls':>8}{'functions':>11}{'modules':>9}")
    for name, what in WALKS.items():
        calls = found[name]
        modules = {call.partition(":")[0] for call in calls}
        print(f"{what:50}{len(calls):8,}{len(set(calls)):11}{len(modules):9}")


if __name__ == "__main__":
    main()
