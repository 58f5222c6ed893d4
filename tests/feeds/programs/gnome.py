"""What GNOME's calendar parts make of a calendar. Run by Debian's own Python, which has their bindings.

`gnome.py parse FILE...` parses with libical; `gnome.py subscribe URL TASKS` subscribes with Evolution's data server,
prints "ready" and looks again at each line on standard input. Both print each look as one line of JSON, a list for each
calendar: uid, start, end, title, status, place and text of each entry, hours as the clocks of the local zone show them.
"""

import faulthandler
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gi

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib  # noqa: E402 - which version has to be said before

Seen = list[str]  # what an entry says; the bindings themselves have no types

TIMEOUT = 30  # seconds until it is subscribed
LOCAL = ICalGLib.Timezone.get_builtin_timezone(os.environ["TZ"])
STATES = {
    ICalGLib.PropertyStatus.CONFIRMED: "CONFIRMED",
    ICalGLib.PropertyStatus.TENTATIVE: "TENTATIVE",
    ICalGLib.PropertyStatus.CANCELLED: "CANCELLED",
    ICalGLib.PropertyStatus.NEEDSACTION: "NEEDS-ACTION",
    ICalGLib.PropertyStatus.COMPLETED: "COMPLETED",
}


def show(calendars: list[list[Seen]]) -> None:
    """Print what is seen."""
    sys.stdout.write(json.dumps(calendars) + "\n")
    sys.stdout.flush()


def describe(entry: Any, find_zone: Callable[[Any], Any] | None = None) -> Seen:
    """Return what an entry says; whoever keeps the zones apart from it finds them."""

    def local(moment: Any) -> str:
        if moment is None or moment.is_null_time() or moment.is_date():
            return str(moment.as_ical_string()) if moment and not moment.is_null_time() else ""
        if find_zone is not None:
            moment.set_timezone(find_zone(moment))
        return str(moment.convert_to_zone(LOCAL).as_ical_string())

    is_task = entry.isa() == ICalGLib.ComponentKind.VTODO_COMPONENT
    return [
        entry.get_uid(),
        local(entry.get_dtstart()),
        local(entry.get_due() if is_task else entry.get_dtend()),
        entry.get_summary(),
        STATES[entry.get_status()],
        entry.get_location() or "",
        entry.get_description() or "",
    ]


def parse(*files: str) -> None:
    """Parse files; anything that libical had to put right is an error."""
    found: list[list[Seen]] = []
    for file in files:
        calendar = ICalGLib.Component.new_from_string(Path(file).read_text(encoding="utf-8"))
        ICalGLib.restriction_check(calendar)  # marks what a specification forbids as errors
        assert calendar.is_valid()
        assert calendar.count_errors() == 0, calendar.as_ical_string()
        found.append([])
        for kind in (ICalGLib.ComponentKind.VEVENT_COMPONENT, ICalGLib.ComponentKind.VTODO_COMPONENT):
            entry = calendar.get_first_component(kind)
            while entry:
                found[-1].append(describe(entry))
                entry = calendar.get_next_component(kind)
    show(found)


def subscribe(url: str, tasks: str) -> None:
    """Subscribe, and look whenever asked; end where it hangs, and say so on standard error."""
    faulthandler.dump_traceback_later(TIMEOUT, exit=True)
    gi.require_version("ECal", "2.0")
    gi.require_version("EDataServer", "1.2")
    from gi.repository import ECal, EDataServer, GLib

    registry = EDataServer.SourceRegistry.new_sync(None)

    def wait_for_source(name: str) -> Any:
        """Let the main loop work until the registry knows a source."""
        ends = GLib.get_monotonic_time() + TIMEOUT * 1_000_000
        pulse = GLib.timeout_add(50, lambda: GLib.SOURCE_CONTINUE)  # the news may have come before: look again
        while (found := registry.ref_source(name)) is None:
            assert GLib.get_monotonic_time() < ends, f"{name} was not registered within {TIMEOUT} s"
            GLib.MainContext.default().iteration(True)
        GLib.source_remove(pulse)
        return found

    def open_client(name: str, extension: str, kind: Any, address: str) -> Any:
        source = EDataServer.Source.new_with_uid(name, None)
        source.set_display_name(name)
        source.set_parent("webcal-stub")
        source.get_extension(extension).set_backend_name("webcal")
        source.get_extension("Refresh").set_enabled(False)
        source.get_extension("WebDAV Backend").set_uri(GLib.Uri.parse(address, GLib.UriFlags.NONE))
        registry.commit_source_sync(source, None)
        return ECal.Client.connect_sync(wait_for_source(name), kind, 1, None)  # waits for a second, 0 for ever

    clients = [
        open_client("events", "Calendar", ECal.ClientSourceType.EVENTS, url),
        open_client("tasks", "Task List", ECal.ClientSourceType.TASKS, tasks),
    ]

    def look(client: Any) -> list[Seen]:
        client.refresh_sync(None)
        _, entries = client.get_object_list_sync("#t", None)
        return [describe(one, lambda moment: client.get_timezone_sync(moment.get_tzid(), None)[1]) for one in entries]

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    faulthandler.cancel_dump_traceback_later()
    for _ in sys.stdin:
        faulthandler.dump_traceback_later(TIMEOUT, exit=True)
        show([look(client) for client in clients])
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    acts: dict[str, Callable[..., None]] = {"parse": parse, "subscribe": subscribe}
    acts[sys.argv[1]](*sys.argv[2:])
