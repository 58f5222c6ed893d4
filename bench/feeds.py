"""Measure calendars over HTTP, beside a bare handler, nginx and Radicale, and the cost of one change.

    .venv/bin/python bench/feeds.py [ROUNDS [SECONDS]]

`hanchot run` serves calendars of 40 and of 1,000 entries. Its peers, which take turns with it, are a bare Starlette
handler that returns the same bytes on the same server program with the same settings, nginx with the same bytes as
files, and Radicale, to which the calendars were uploaded by PUT. The servers share one core, and wrk runs on
another (Debian: `make servers`), with 1 and with 16 connections. A request for a 304 carries the entity tag that the
server gave. The best of the rounds is shown, also for the 99th percentile.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from startup import environment

from scheduler.definitions import DefinitionFiles
from scheduler.feeds import IcalFeedRenderer
from scheduler.feeds.calendar_file import assemble
from scheduler.plan.facts import Received, Returned
from scheduler.queries.agendas import read_agenda
from scheduler.services.apply_revision import take
from scheduler.services.dry_run import dry_run
from scheduler.services.publish_feeds import create_feed, publish
from scheduler.store import open_store

SIZES = (40, 1000)
CONNECTIONS = (1, 16)
SERVER_CORE, WRK_CORE = "0", "1"
OFFICE = {"Authorization": "Basic " + b64encode(b"office:any").decode()}
BARE = """
import sys
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
BODIES = {int(file.stem): file.read_bytes() for file in Path(sys.argv[2]).glob("*.ics")}
TYPE = "text/calendar; charset=utf-8"
async def calendar(request):
    size = request.path_params["size"]
    tag = f'"{size}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(BODIES[size], headers={"ETag": tag}, media_type=TYPE)
site = Starlette(routes=[Route("/{size:int}.ics", calendar)])
uvicorn.run(site, port=int(sys.argv[1]), loop="asyncio", ws="none", lifespan="off", log_config=None, access_log=False,
            server_header=False, proxy_headers=False)
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{ access_log off; types {{ text/calendar ics; }} client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; keepalive_requests 100000000; }} }}
"""
PUBLISHING = "publishing: comparing what has changed, writing 1"


@dataclass(frozen=True)
class Result:
    """What wrk measured: requests per second, and the 99th percentile of latency in milliseconds."""

    rate: float
    p99: float


@dataclass(frozen=True)
class Peer:
    """A server: its name, calendar addresses by size, request headers, and whether it answers 304."""

    name: str
    urls: dict[int, str]
    headers: dict[str, str]
    process: subprocess.Popen[bytes]
    is_conditional: bool = True

    def rest(self) -> None:
        """Wait until the server is idle, because Radicale goes on with requests that nobody waits for."""
        before = None
        while (now := self.spent()) != before:
            before = now
            time.sleep(0.3)

    def spent(self) -> list[str]:
        """Return the user and system CPU time of the process, in clock ticks."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def write_office(folder: Path, port: int) -> None:
    """Write a configuration with a plan for each size; each of two milestones has half of its entries."""
    workflows = folder / "workflows" / "bench"
    workflows.mkdir(parents=True)
    first = datetime.now(UTC).date() + timedelta(days=1)
    for size in SIZES:
        head = (
            f'schema = 1\n[plan]\nid = "plan-{size}"\ntitle = "Hoạt động thi đua"\ntimezone = "Asia/Ho_Chi_Minh"\n'
            f'issued = {first}\nyear = {first.year}\n[groups]\nlead = ["office"]\nmembers = ["school"]\n'
        )
        milestones = [
            f'[[milestones]]\nid = "m{n}"\nkind = "deadline"\ntitle = "Báo cáo kết quả thực hiện phong trào số {n}"\n'
            f'section = "3.{n}"\nquote = "Các trường gửi báo cáo về Cụm trưởng trước ngày quy định."\n'
            f'responsible = "members"\nreport_to = "lead"\nchannels = ["paper", "email"]\n'
            f'recurring = {{ rule = "FREQ=DAILY", boundary = "by", from = {first}, '
            f"until = {first + timedelta(days=size // 2 - 1)} }}\n"
            for n in range(2)
        ]
        (workflows / f"plan-{size}.toml").write_text(head + "".join(milestones), encoding="utf-8")
    (workflows / "parties.toml").write_text(
        "".join(
            f'[parties.{id}]\nname = "Trường Chính trị tỉnh {id}"\nshort = "{id}"\n'
            f'contacts = [{{ name = "A", email = "a@{id}.example" }}]\n'
            for id in ("office", "school")
        ),
        encoding="utf-8",
    )
    (folder / "config.toml").write_text(f'[server]\nport = {port}\n[mail]\nfrom = "a@b.example"\n', encoding="utf-8")


@contextmanager
def serving(*command: object, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on the servers' core during a `with` block, which begins once it accepts connections."""
    words = ["taskset", "-c", SERVER_CORE, *map(str, command)]
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(words, cwd=folder, env=environment(folder), stdout=output, stderr=output)
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                assert process.poll() is None, (folder / "output").read_text()
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.wait(20)


def fetch(url: str, headers: dict[str, str]) -> tuple[bytes, str]:
    """Return the body and the entity tag of an address."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return answer.read(), answer.headers.get("ETag", "")


def ask(url: str, headers: dict[str, str]) -> int:
    """Return the HTTP status of an address."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        return answer.code


def measure(url: str, headers: dict[str, str], connections: int, seconds: int, status: int) -> Result:
    """Measure an address with wrk for some seconds."""
    assert ask(url, headers) == status
    options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    load = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *options, url]
    command = ["taskset", "-c", WRK_CORE, *load]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said  # wrk does not count a 304 as an error
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])
    number, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", said)[0]
    return Result(rate, float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit])


def start_peers(stack: ExitStack, folder: Path) -> list[Peer]:
    """Start every server with the same calendars."""
    ours = folder / "ours"
    port = free_port()
    write_office(ours, port)
    hanchot = [sys.executable, "-m", "scheduler", "--config", ours / "config.toml"]
    urls = {}
    for size in SIZES:
        made = [*map(str, hanchot), "feeds", "create", "--party", "school", "--plan", f"plan-{size}"]
        done = subprocess.run(made, cwd=ours, env=environment(ours), capture_output=True, text=True, check=True)
        urls[size] = done.stdout.strip()
    daemon = stack.enter_context(serving(*hanchot, "run", folder=ours, port=port))
    files = folder / "nginx" / "files"
    files.mkdir(parents=True)
    for size in SIZES:
        body, _ = fetch(urls[size], {})
        assert body.count(b"BEGIN:VEVENT") == size
        (files / f"{size}.ics").write_bytes(body)
    peers = [Peer("hanchot", urls, {}, daemon)]

    port, bare = free_port(), folder / "bare"
    bare.mkdir()
    (bare / "bare.py").write_text(BARE, encoding="utf-8")
    process = stack.enter_context(serving(sys.executable, "bare.py", port, files, folder=bare, port=port))
    peers.append(Peer("bare handler", {size: f"http://127.0.0.1:{port}/{size}.ics" for size in SIZES}, {}, process))

    port, nginx = free_port(), folder / "nginx"
    (nginx / "nginx.conf").write_text(NGINX.format(folder=nginx, port=port), encoding="utf-8")
    for path in (folder, nginx, files):
        path.chmod(0o755)
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    process = stack.enter_context(serving(program, "-c", nginx / "nginx.conf", folder=nginx, port=port))
    peers.append(Peer("nginx", {size: f"http://127.0.0.1:{port}/{size}.ics" for size in SIZES}, {}, process))

    port, radicale = free_port(), folder / "radicale"
    radicale.mkdir()
    options = [f"--hosts=127.0.0.1:{port}", "--auth-type=none", f"--storage-filesystem-folder={radicale / 'data'}"]
    command = [sys.executable, "-m", "radicale", "--config=", *options]
    process = stack.enter_context(serving(*command, folder=radicale, port=port))
    urls = {size: f"http://127.0.0.1:{port}/office/feed-{size}/" for size in SIZES}
    for size, url in urls.items():
        data, headers = (files / f"{size}.ics").read_bytes(), {"Content-Type": "text/calendar", **OFFICE}
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method="PUT"), timeout=60):
            pass
    peers.append(Peer("Radicale", urls, OFFICE, process, is_conditional=False))
    return peers


def compare(peers: list[Peer], rounds: int, seconds: int) -> dict[tuple[str, int, int, int], Result]:
    """Measure all servers in turn in each round, and return the best rate and percentile."""
    best: dict[tuple[str, int, int, int], Result] = {}
    for _ in range(rounds):
        for size in SIZES:
            for status in (200, 304):
                for connections in CONNECTIONS:
                    for peer in peers:
                        if status == 304 and not peer.is_conditional:
                            continue
                        headers = dict(peer.headers)
                        if status == 304:
                            headers["If-None-Match"] = fetch(peer.urls[size], peer.headers)[1]
                        got = measure(peer.urls[size], headers, connections, seconds, status)
                        peer.rest()
                        key = (peer.name, size, status, connections)
                        old = best.get(key, got)
                        best[key] = Result(max(got.rate, old.rate), min(got.p99, old.p99))
    return best


def report(best: dict[tuple[str, int, int, int], Result], peers: list[Peer]) -> None:
    names = [peer.name for peer in peers]
    print(f"{'requests a second':30}" + "".join(f"{name:>16}" for name in names))
    for size in SIZES:
        for status in (200, 304):
            for connections in CONNECTIONS:
                row = [best.get((name, size, status, connections)) for name in names]
                cells = "".join(f"{found.rate:16,.0f}" if found else f"{'':16}" for found in row)
                print(f"{f'{size} entries, {status}, {connections} conn.':30}{cells}")

    def rate(name: str, size: int, status: int, connections: int) -> float:
        return best[name, size, status, connections].rate

    every = [(size, status, connections) for size in SIZES for status in (200, 304) for connections in CONNECTIONS]
    bare = min(rate("hanchot", *key) / rate("bare handler", *key) for key in every)
    nginx = min(
        rate("hanchot", size, status, 1) / rate("nginx", size, status, 1) for size in SIZES for status in (200, 304)
    )
    print(f"of the bare handler: {bare:.2f} at least (target: 0.8)")
    print(f"of nginx with one connection: {nginx:.2f} at least (target: 0.45)")
    for size, target in zip(SIZES, (60, 300), strict=True):
        times = rate("hanchot", size, 200, 16) / rate("Radicale", size, 200, 16)
        print(f"{size} entries, 16 conn.: {times:,.0f} times Radicale (target: {target})")
    same = min(rate("hanchot", 1000, 304, n) / rate("hanchot", 40, 304, n) for n in CONNECTIONS)
    print(f"a 304 with 1,000 entries: {same:.2f} of one with 40")
    for size in SIZES:
        ours, peer = (best[name, size, 200, 16].p99 for name in ("hanchot", "bare handler"))
        words = f"{ours:.2f} ms, bare {peer:.2f} ms, {ours / peer:.2f} times (target: 2)"
        print(f"99th percentile, {size} entries, 16 conn.: {words}")


def measure_change(folder: Path, rounds: int) -> None:
    """Measure and print what the change of one entry of 1,000 costs, step by step."""
    definitions = DefinitionFiles([folder / "ours" / "workflows"], calendars=[]).load().definitions
    definition = next(found for found in definitions if found.plan.id == "plan-1000")
    plan, calendars, now = definition.plan, IcalFeedRenderer(), datetime.now(UTC)
    store = open_store(f"sqlite:///{folder}/change.db")
    take(store, definition, now)
    with store.transaction() as unit:
        feed = create_feed(unit, [plan], calendars, audience="school", plan=plan.id, tasks=False, now=now)
        item = unit.feeds.entries("school", plan.id)[0].item
        contents = unit.feeds.contents(feed)
        agenda = read_agenda(unit, plan)
        one = replace(agenda, obligations=agenda.obligations[:1])
        last = publish(unit, agenda, calendars, now)
    spent: dict[str, list[float]] = {}

    def clock(word: str, work: Callable[[], object]) -> None:
        start = time.perf_counter()
        work()
        spent.setdefault(word, []).append((time.perf_counter() - start) * 1000)

    def drawn() -> None:
        [item] = calendars.draw(one, "school", 1)
        calendars.render(item, sequence=1, created_at=now, revised_at=now)

    def one_entry() -> None:
        part, _ = calendars.render(replace(item, mark="✓"), sequence=1, created_at=now, revised_at=now)
        assemble("Lịch", [part, *(known.body for known in contents.parts[1:])], ())

    def published() -> None:
        nonlocal last
        with store.transaction() as unit:
            last = publish(unit, agenda, calendars, at, last)
        assert last.changed == 1

    def published_whole() -> None:
        with dry_run(store) as unit:
            assert publish(unit, agenda, calendars, at).changed == 1

    for number in range(1, 4 * rounds + 1):
        at = now + timedelta(seconds=number)
        clock("rendering it and joining 1,000", one_entry)
        with store.transaction() as unit:
            first = min(item.first for item in calendars.draw(read_agenda(unit, plan), "school", 1))
            kind = Received if number % 2 else Returned
            fact = kind(
                plan=plan.id,
                milestone=f"m0@{first}",
                party="school",
                happened_at=at,
                recorded_at=at,
            )
            unit.facts.append(fact)
            agenda = read_agenda(unit, plan)
        clock("drawing and rendering it", drawn)
        clock("publishing the whole: comparing 1,000, writing 1", published_whole)
        clock(PUBLISHING, published)
    store.close()
    print("a change of one entry of 1,000 (target for the first: 2 ms):")
    for word, times in spent.items():
        print(f"  {word}: {min(times):.2f} ms, median {statistics.median(times):.2f} ms")
    ratio = statistics.median(spent[PUBLISHING]) / statistics.median(spent["drawing and rendering it"])
    print(f"  publishing one change among 1,000 : drawing one entry = {ratio:.1f} (target: 10)")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    for program in ("wrk", "taskset"):
        assert shutil.which(program), f"{program} is missing; `make servers` installs it"
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        peers = start_peers(stack, folder)
        sizes = {size: len(fetch(peers[0].urls[size], {})[0]) for size in SIZES}
        print(f"bytes: {json.dumps(sizes)}; best of {rounds} rounds of {seconds} s")
        report(compare(peers, rounds, seconds), peers)
        measure_change(folder, rounds)


if __name__ == "__main__":
    main()
