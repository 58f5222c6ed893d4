"""`contrib/nginx.conf` in a real nginx, in front of the served site."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from scheduler.config import Server
from scheduler.documents.file_kinds import FILE_SIZE
from scheduler.queries.feed_links import calendar_path
from tests.support.daemon_fixture import plan
from tests.support.mail_servers import find_program, free_port, make_certificate
from tests.support.party_client import BOUNDARY, PDF, body_of, confirmation, documents, hidden, path_of
from tests.support.polling import wait_until
from tests.support.served_site import Answer, ServedSite, serve_site
from tests.support.web_client import link

EXAMPLE = Path(__file__).parents[3] / "contrib" / "nginx.conf"
MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/hanchot.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """nginx in front of a site."""

    site: ServedSite
    https: int  # ports
    http: int
    trusted: ssl.SSLContext
    log: Path
    serving: ExitStack  # closed, the daemon has ended

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, *, source: str = "127.0.0.1", **headers: str
    ) -> Answer:
        """Ask over HTTPS from the address `source`; header names are written with underscores."""
        connection = http.client.HTTPSConnection(
            "localhost", self.https, timeout=30, context=self.trusted, source_address=(source, 0)
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(connection):
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def post(self, path: str, fields: Mapping[str, str], source: str = "127.0.0.1", **headers: str) -> Answer:
        """Send a form."""
        headers = {"Content_Type": "application/x-www-form-urlencoded", **headers}
        return self.ask(path, "POST", urlencode(fields).encode(), source=source, **headers)


@contextmanager
def run_nginx(folder: Path, places: Mapping[str, str]) -> Iterator[None]:
    """Run nginx with the example, each of `places` replaced by what the test has."""
    example = EXAMPLE.read_text(encoding="utf-8")
    for written, own in places.items():
        assert written in example, written
        example = example.replace(written, own)
    (folder / "hanchot.conf").write_text(example, encoding="utf-8")
    user = "user root root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user), encoding="utf-8")
    command = [find_program("nginx"), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert (tried.returncode, "[warn]" in tried.stderr) == (0, False), tried.stderr
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.terminate()


def is_open(port: int) -> bool:
    """Return whether somebody listens at a port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """Return a site behind the example, with the configuration that the example asks for."""
    https, plain, port = free_port(), free_port(), free_port()
    certificate, key = make_certificate(tmp_path)
    places = {
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl;\n": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{https} ssl;",
        "server_name thidua.coquan.vn;": "server_name localhost;",
        "/etc/letsencrypt/live/thidua.coquan.vn/fullchain.pem": str(certificate),
        "/etc/letsencrypt/live/thidua.coquan.vn/privkey.pem": str(key),
        "/var/log/nginx/hanchot.error.log": str(tmp_path / "errors.log"),
        f"http://127.0.0.1:{Server().port}": f"http://127.0.0.1:{port}",
    }
    server = (f'public_url = "https://localhost:{https}"', 'trusted_proxies = ["127.0.0.1"]')
    with ExitStack() as serving, run_nginx(tmp_path, places):
        site = serving.enter_context(serve_site(tmp_path, *server, port=port))
        site.serve(plan())
        wait_until(lambda: is_open(https), "nginx listens")
        trusted = ssl.create_default_context(cafile=str(certificate))
        yield Proxy(site, https, plain, trusted, tmp_path / "errors.log", serving)


def test_plain_http_leads_to_https(proxy: Proxy) -> None:
    with closing(http.client.HTTPConnection("localhost", proxy.http, timeout=30)) as connection:
        connection.request("GET", "/sign-in?left=1")
        response = connection.getresponse()
    assert (response.status, response.headers["Location"]) == (301, "https://localhost/sign-in?left=1")
    assert proxy.ask("/sign-in").headers["Strict-Transport-Security"]


def fill(opened: Answer) -> str:
    """Return what a form for signing in proves itself with."""
    return str(re.findall(r'name="form" value="([^"]+)"', opened.text)[-1])


def test_an_operator_signs_in_and_nobody_from_another_site_does(proxy: Proxy) -> None:
    """The address that the form came from, the one it is sent to, and a cookie for HTTPS alone."""
    path = link(proxy.site)
    opened = proxy.ask(path)
    fields = {"form": fill(opened)}
    assert "; Secure" in str(opened.headers["Set-Cookie"])
    assert proxy.post(path, fields, Cookie=opened.cookie, Origin="https://elsewhere.example").status == 403
    entered = proxy.post(path, fields, Cookie=opened.cookie, Origin=f"https://localhost:{proxy.https}")
    assert (entered.status, entered.headers["Location"]) == (303, "/")
    assert entered.cookie.startswith("__Host-")
    assert proxy.ask("/", Cookie=entered.cookie).status == 200


def test_a_school_sends_a_big_report(proxy: Proxy) -> None:
    """As big as one may be; of one that is bigger the page speaks, not nginx."""
    path = path_of(proxy.site)
    fields = hidden(proxy.ask(path).text, "send") | {"who": "Lan"}

    def send(size: int) -> Answer:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return proxy.ask(path, "POST", body_of(fields, [("report.pdf", PDF.ljust(size, b"x"))]), Content_Type=kind)

    refused = send(FILE_SIZE + 1)
    assert (refused.status, "report.pdf" in refused.text) == (413, True)
    assert proxy.post(path, confirmation(send(FILE_SIZE))).status == 303
    assert [document.size for document in documents(proxy.site)] == [FILE_SIZE]


def test_a_feed_is_not_sent_twice(proxy: Proxy) -> None:
    site = proxy.site
    with site.running.store.transaction() as unit:
        feed = unit.feeds.add(audience="beta", plan=None, tasks=False, at=site.clock.now())
    path = calendar_path(feed, [definition.plan for definition in site.definitions], site.running.container.secret)
    first = proxy.ask(path)
    assert first.status == 200
    assert proxy.ask(path, If_None_Match=str(first.headers["ETag"])).status == 304


def test_who_asks_too_often_cannot_pass_as_somebody_else(proxy: Proxy) -> None:
    """Neither is somebody else refused for it."""
    opened = proxy.ask("/sign-in")
    fields = {"form": fill(opened), "email": "nobody@x.example"}

    def ask(claimed: str, source: str = "127.0.0.1") -> int:
        return proxy.post("/sign-in", fields, source, Cookie=opened.cookie, X_Forwarded_For=claimed).status

    assert [ask(f"192.0.2.{number}") for number in range(21)] == [200] * 20 + [429]
    assert ask("127.0.0.1", source="127.0.0.2") == 200


def test_the_metrics_stay_inside(proxy: Proxy) -> None:
    assert proxy.ask("/healthz").status == 200
    assert proxy.ask("/metrics").status == 404


def test_nothing_is_logged_of_a_private_address(proxy: Proxy) -> None:
    """Not even that nobody answers behind it."""
    path = path_of(proxy.site)
    assert proxy.ask(path).status == 200
    proxy.serving.close()
    assert proxy.ask(path).status == 502
    assert proxy.log.read_bytes() == b""
