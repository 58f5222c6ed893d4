"""Thunderbird without a window, driven over its own remote protocol (Marionette)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.mail_servers import free_port
from tests.support.polling import TIMEOUT, wait_until

SETTINGS: dict[str, object] = {
    "app.update.enabled": False,
    "app.donation.eoy.version.viewed": 999,
    "calendar.timezone.local": "Asia/Ho_Chi_Minh",
    "calendar.timezone.useSystemTimezone": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mailnews.start_page.enabled": False,
}
IMPORT = 'const {cal} = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");'
SUBSCRIBE = """
    const found = [...(await cal.provider.detection.detect("", "", given, false, [], {})).values()].flat();
    found.forEach((calendar) => cal.manager.registerCalendar(calendar));
    return found.map((calendar) => [calendar.type, calendar.name]);
"""
LOOK = """
    const zone = cal.dtz.defaultTimezone;
    const local = (time) => !time ? "" : (time.isDate ? time : time.getInTimezone(zone)).icalString;
    const all = [];
    for (const address of given) {
      const calendar = cal.manager.getCalendars().find((one) => one.uri.spec == address);
      calendar.refresh();
      const items = await calendar.getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
      all.push(items.map((item) => [
        item.id,
        local(item.isEvent() ? item.startDate : item.entryDate),
        local(item.isEvent() ? item.endDate : item.dueDate),
        item.title,
        item.status,
        item.getProperty("LOCATION") ?? "",
        item.getProperty("DESCRIPTION") ?? "",
      ]));
    }
    return all;
"""


class Thunderbird:
    """A running Thunderbird that is asked one thing after another."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")
        self._number = 0
        self._receive()  # its greeting
        self._ask("WebDriver:NewSession", capabilities={})
        self._ask("Marionette:SetContext", value="chrome")
        self._ask("WebDriver:SetTimeouts", script=int(TIMEOUT * 1000))

    def close(self) -> None:
        """Let go of the connection."""
        self._stream.close()
        self._connection.close()

    def run(self, script: str, given: object) -> Any:
        """Run a script inside it and return what it returns."""
        work = f"(async () => {{ {IMPORT} {script} }})()"
        whole = f"const [given, done] = arguments; {work}.then(done, (error) => done(String(error)));"
        return self._ask("WebDriver:ExecuteAsyncScript", script=whole, args=[given])["value"]

    def _ask(self, name: str, **values: Any) -> Any:
        self._number += 1
        said = json.dumps([0, self._number, name, values]).encode()
        self._connection.sendall(b"%d:%b" % (len(said), said))
        _, _, error, answer = self._receive()
        assert error is None, error
        return answer

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            byte = self._stream.read(1)
            assert byte, "Thunderbird has hung up"
            length += byte
        return json.loads(self._stream.read(int(length[:-1])))


@contextmanager
def running(folder: Path) -> Iterator[Thunderbird]:
    """Start Thunderbird with a profile in a folder."""
    profile = folder / "profile"
    profile.mkdir(parents=True)
    port = free_port()
    settings = SETTINGS | {"marionette.port": port}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = ["thunderbird", "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, str(profile)],
            env={**os.environ, "HOME": str(folder), "TZ": "Asia/Ho_Chi_Minh"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            with closing(Thunderbird(_connect(port, process))) as thunderbird:
                yield thunderbird
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _connect(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    connections: list[socket.socket] = []

    def is_connected() -> bool:
        assert process.poll() is None, "Thunderbird has ended"
        with suppress(ConnectionRefusedError):
            connections.append(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT))
        return bool(connections)

    wait_until(is_connected, "Thunderbird answers")
    return connections[0]
