"""What GNOME's calendar parts make of a calendar. Run by Debian's own Python, which has their bindings.

`gnome.py parse FILE` parses with libical; `gnome.py subscribe URL` subscribes with Evolution's data server and looks
again at each line on standard input. Both print each look as one line of JSON: start, title and status of each event.
"""

import json
import sys
import time
from pathlib import Path

import gi

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib  # noqa: E402 - which version has to be said before

STATES = {
    ICalGLib.PropertyStatus.CONFIRMED: "CONFIRMED",
    ICalGLib.PropertyStatus.TENTATIVE: "TENTATIVE",
    ICalGLib.PropertyStatus.CANCELLED: "CANCELLED",
}


def show(events):
    """Print what is seen."""
    sys.stdout.write(json.dumps(events) + "\n")
    sys.stdout.flush()


def parse(file):
    """Parse a file; anything that libical had to put right is an error."""
    calendar = ICalGLib.Component.new_from_string(Path(file).read_text(encoding="utf-8"))
    ICalGLib.restriction_check(calendar)  # marks what a specification forbids as errors
    assert calendar.is_valid()
    assert calendar.count_errors() == 0, calendar.as_ical_string()
    kind, found = ICalGLib.ComponentKind.VEVENT_COMPONENT, []
    event = calendar.get_first_component(kind)
    while event:
        found.append([event.get_dtstart().as_ical_string(), event.get_summary(), STATES[event.get_status()]])
        event = calendar.get_next_component(kind)
    show(found)


def subscribe(url):
    """Subscribe, and look whenever asked."""
    gi.require_version("ECal", "2.0")
    gi.require_version("EDataServer", "1.2")
    from gi.repository import ECal, EDataServer, GLib

    registry = EDataServer.SourceRegistry.new_sync(None)
    source = EDataServer.Source.new_with_uid("feed", None)
    source.set_display_name("feed")
    source.set_parent("webcal-stub")
    source.get_extension("Calendar").set_backend_name("webcal")
    source.get_extension("Refresh").set_enabled(False)
    source.get_extension("WebDAV Backend").set_uri(GLib.Uri.parse(url, GLib.UriFlags.NONE))
    registry.commit_source_sync(source, None)
    while registry.ref_source("feed") is None:
        GLib.MainContext.default().iteration(False)  # what tells of it may have come before: do not wait
        time.sleep(0.05)
    client = ECal.Client.connect_sync(
        registry.ref_source("feed"), ECal.ClientSourceType.EVENTS, 1, None
    )  # waits for a second, 0 for ever
    for _ in sys.stdin:
        client.refresh_sync(None)
        _, events = client.get_object_list_sync("#t", None)
        show(
            [
                [event.get_dtstart().as_ical_string(), event.get_summary(), STATES[event.get_status()]]
                for event in events
            ]
        )


{"parse": parse, "subscribe": subscribe}[sys.argv[1]](sys.argv[2])
