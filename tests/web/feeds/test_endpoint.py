"""Calendars over HTTP: rules 23 to 33 of what makes a feed work, and who gets to see what."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from scheduler.errors import UserError
from scheduler.feeds import IcalFeedRenderer
from scheduler.plan.dates.date_forms import By
from scheduler.plan.facts import Received
from scheduler.ports import FeedRow, Store, UnitOfWork
from scheduler.queries.agendas import read_agenda
from scheduler.queries.feed_links import calendar_path
from scheduler.services.publish_feeds import create_feed, publish
from tests.support.ical_reader import parse, summaries
from tests.support.page_words import WORDS
from tests.support.plan_builders import LOADED, deadline, plan
from tests.support.polling import wait_until
from tests.support.served_site import Answer, ServedSite, serve_site

MARCH = deadline(By(date(2023, 3, 17)), title="Báo cáo")


class FeedSite:
    """A served site with a plan and addresses of its calendars."""

    def __init__(self, site: ServedSite) -> None:
        self.site = site
        site.serve(plan(MARCH, deadline(By(date(2023, 5, 5)), "other", title="Khác")))

    def create(self, audience: str = "beta", *, plan: str | None = "plan", tasks: bool = False) -> tuple[FeedRow, str]:
        """Make an address and return its path."""
        plans = [definition.plan for definition in self.site.definitions]
        with self.site.running.store.transaction() as unit:
            feed = create_feed(
                unit, plans, IcalFeedRenderer(), audience=audience, plan=plan, tasks=tasks, now=self.site.clock.now()
            )
        return feed, calendar_path(feed, plans, self.site.running.container.secret)

    def receive(self) -> None:
        """Record a submission of beta and publish."""
        self.site.clock.instant += timedelta(hours=1)
        now, [loaded] = self.site.clock.now(), [definition.plan for definition in self.site.definitions]
        with self.site.running.store.transaction() as unit:
            fact = Received(plan="plan", milestone="report", party="beta", happened_at=now, recorded_at=now)
            unit.facts.append(fact)
            publish(unit, read_agenda(unit, loaded), IcalFeedRenderer(), now)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path."""
        return self.site.ask(path, method, **headers)

    def until(self, is_there: Callable[[Answer], bool], path: str, **headers: str) -> Answer:
        """Ask until the answer is the one waited for."""
        answers: list[Answer] = []

        def is_seen() -> bool:
            answers.append(self.get(path, **headers))
            return is_there(answers[-1])

        wait_until(is_seen, f"the answer for {path} is the one waited for")
        return answers[-1]


@pytest.fixture
def feed_site(site: ServedSite) -> FeedSite:
    """Return a site with calendars."""
    return FeedSite(site)


def test_a_calendar_goes_on_under_its_address_when_milestone_and_party_get_other_ids(feed_site: FeedSite) -> None:
    """With the same entries: nobody finds an appointment twice, or called off."""
    feed, path = feed_site.create()
    before = {one["UID"] for one in parse(feed_site.get(path).body).of("VEVENT")}
    known = feed_site.site.definitions[0].plan
    school = replace(known.parties["beta"], id="school", was=("beta",))
    parties = {id: one for id, one in known.parties.items() if id != "beta"} | {"school": school}
    members = replace(known.groups["members"], parties=("lead", "school", "gamma"))
    first = replace(known.milestones[0], id="final", was=("report",))
    renamed = replace(
        known, parties=parties, milestones=(first, known.milestones[1]), groups={**known.groups, "members": members}
    )
    feed_site.site.serve(renamed)
    [loaded] = [definition.plan for definition in feed_site.site.definitions]
    with feed_site.site.running.store.transaction() as unit:
        publish(unit, read_agenda(unit, loaded), IcalFeedRenderer(), feed_site.site.clock.now())
    feed_site.site.clock.instant += timedelta(minutes=5)
    new = calendar_path(replace(feed, audience="school"), [loaded], feed_site.site.running.container.secret)
    for address in (path, new):
        after = parse(feed_site.until(lambda got: got.status == 200, address).body).of("VEVENT")
        assert {one["UID"] for one in after} == before
        assert not [one for one in after if one.get("STATUS") == "CANCELLED"]


# ---------------------------------------------------------------- the answer


def test_rules_23_26_29_and_31_a_calendar_is_served_whole_with_its_length_and_type(feed_site: FeedSite) -> None:
    """Never in pieces, named for what it is, for its reader only, without cookies, not for other sites."""
    _, path = feed_site.create()
    answer = feed_site.get(path, Origin="https://elsewhere.example")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert len(summaries(answer.body)) == 2
    assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert {"Set-Cookie", "Access-Control-Allow-Origin"}.isdisjoint(answer.headers)
    assert answer.headers["Transfer-Encoding"] is None


def test_the_file_has_a_name_in_ascii_and_its_own(feed_site: FeedSite) -> None:
    """Shown where it is saved; nothing is forced to be."""
    feed_site.site.serve(plan(MARCH, title="Cụm Đua"))
    _, path = feed_site.create()
    assert path.endswith("/cum-dua-beta.ics")
    disposition = feed_site.get(path).headers["Content-Disposition"]
    assert (
        disposition == "inline; filename=\"cum-dua-beta.ics\"; filename*=UTF-8''C%E1%BB%A5m%20%C4%90ua%20-%20beta.ics"
    )


def test_the_name_in_the_path_is_free_and_ends_with_ics(feed_site: FeedSite) -> None:
    """A renamed plan breaks no subscription."""
    _, path = feed_site.create()
    stem = path.rpartition("/")[0]
    assert feed_site.get(f"{stem}/ten-cu.ics").body == feed_site.get(path).body
    assert feed_site.get(f"{stem}/ten-cu").status == 404


def test_head_has_the_headers_of_get(feed_site: FeedSite) -> None:
    """All of them, and no body."""
    _, path = feed_site.create()
    got, head = feed_site.get(path), feed_site.get(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    differing = {name for name in {*got.headers, *head.headers} if got.headers[name] != head.headers[name]}
    assert differing <= {"date"}


def test_tasks_and_events_have_addresses_of_their_own(feed_site: FeedSite) -> None:
    paths = [feed_site.create(tasks=tasks)[1] for tasks in (False, True)]
    answers = [feed_site.get(path) for path in paths]
    assert [{part.kind for part in parse(answer.body).parts} for answer in answers] == [{"VEVENT"}, {"VTODO"}]


# ---------------------------------------------------------------- asking again


def test_who_has_it_already_gets_no_body(feed_site: FeedSite) -> None:
    """By tag, by any of several tags, by a weak one, by date."""
    _, path = feed_site.create()
    first = feed_site.get(path)
    tag, last = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"x", {tag}'},
        {"If_None_Match": f"W/{tag}"},
        {"If_None_Match": "*"},
        {"If_Modified_Since": last},
    ):
        answer = feed_site.get(path, **headers)
        assert (answer.status, answer.body) == (304, b""), headers
        assert (answer.headers["ETag"], answer.headers["Last-Modified"]) == (tag, last)
        assert answer.headers["Vary"] == first.headers["Vary"]
        assert answer.headers["Content-Type"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"If_None_Match": '"another"'},
        {"If_None_Match": '"unfinished'},
        {"If_Modified_Since": "yesterday"},
        {"If_Modified_Since": ""},
        {"If_Modified_Since": "Tue, 31 Feb 2023 25:61:00 GMT"},
        {"If_Modified_Since": "Mon, 30 Jan 2023 00:00:00 GMT"},
        {"If_Modified_Since": "Mon, 30 Jan 2073 00:00:00 GMT"},
        {"If_None_Match": '"another"', "If_Modified_Since": "Tue, 31 Jan 2023 17:00:00 GMT"},
    ],
)
def test_a_condition_that_does_not_hold_or_makes_no_sense_gives_the_whole(
    feed_site: FeedSite, headers: dict[str, str]
) -> None:
    """Better once too often than never again; a tag is believed before a date."""
    _, path = feed_site.create()
    assert feed_site.get(path, **headers).status == 200


def test_a_change_is_there_after_a_second_with_another_tag_and_a_later_date(feed_site: FeedSite) -> None:
    """Conditions that held before do not."""
    _, path = feed_site.create()
    first = feed_site.get(path)
    feed_site.receive()
    changed = feed_site.until(lambda answer: answer.headers["ETag"] != first.headers["ETag"], path)
    assert summaries(changed.body)[0] == "✓ Báo cáo"
    for headers in ({"If_None_Match": first.headers["ETag"]}, {"If_Modified_Since": first.headers["Last-Modified"]}):
        assert feed_site.get(path, **headers).status == 200
    assert changed.headers["Last-Modified"] == format_datetime(feed_site.site.clock.now(), usegmt=True)


def test_dates_go_on_over_a_restart(failing: tuple[FeedSite, FakeStore]) -> None:
    """The same bytes have the same date; other ones a later date, whatever made them others."""
    feed_site, store = failing
    _, path = feed_site.create()
    first = feed_site.get(path)
    feed_site.site.clock.instant += timedelta(hours=1)
    for title, status in (("", 304), ("Đổi tên", 200)):
        if title:
            [loaded] = feed_site.site.definitions
            feed_site.site.definitions[0] = replace(loaded, plan=replace(loaded.plan, title=title))
        with served_again(feed_site.site, store) as address:
            feed_site.site.address = address
            again = feed_site.get(path, If_Modified_Since=first.headers["Last-Modified"])
        assert again.status == status
        assert (again.headers["ETag"] == first.headers["ETag"]) == (status == 304)
        assert (again.headers["Last-Modified"] == first.headers["Last-Modified"]) == (status == 304)


def test_what_changed_for_others_changes_nothing_here(feed_site: FeedSite) -> None:
    """Nor does an address that is made for somebody else."""
    _, path = feed_site.create("gamma")
    first = feed_site.get(path)
    feed_site.receive()
    _, other = feed_site.create("beta")
    feed_site.until(lambda answer: answer.status == 200, other)
    again = feed_site.get(path)
    assert (again.body, again.headers["Last-Modified"]) == (first.body, first.headers["Last-Modified"])
    assert feed_site.get(path, If_None_Match=first.headers["ETag"]).status == 304


# ---------------------------------------------------------------- compression


def test_it_is_compressed_only_for_who_asks(feed_site: FeedSite) -> None:
    """With a tag of its own, and with what the answer depends on, for caches."""
    _, path = feed_site.create()
    plain, packed = feed_site.get(path), feed_site.get(path, Accept_Encoding="br, gzip;q=0.8")
    assert (plain.headers["Content-Encoding"], packed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert int(packed.headers["Content-Length"]) == len(packed.body)
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding, User-Agent"
    assert feed_site.get(path, Accept_Encoding="gzip", If_None_Match=packed.headers["ETag"]).status == 304


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept_Encoding": "gzip;q=0"},
        {"Accept_Encoding": "br"},
        {"Accept_Encoding": "identity, gzip;q=0.000"},
        {"Accept_Encoding": "gzip;q=abc"},
        {"Accept_Encoding": "gzip, deflate", "User_Agent": "Microsoft Office/16.0 (Microsoft Outlook 16.0)"},
    ],
)
def test_it_is_plain_for_who_refuses_and_for_who_cannot(feed_site: FeedSite, headers: dict[str, str]) -> None:
    """Outlook asks for it and fails on it."""
    _, path = feed_site.create()
    assert feed_site.get(path, **headers).headers["Content-Encoding"] is None


# ---------------------------------------------------------------- who may not


@pytest.mark.parametrize(
    "path",
    [
        "/calendar",
        "/calendar/",
        "/calendar/x.ics",
        "/calendar/AAAAAAAAAAAAAAAAAAAAAA/x.ics",
        "/calendar/" + "A" * 5000 + "/x.ics",
        "/calendar/%00%ff%e1/x.ics",
        "/calendar/../calendar/x.ics",
        "/calendar/public/plan/x.ics",
        "/calendar/public/nothing/x.ics",
        "/calendar/public/plan/x/y.ics",
        "/calendar/public//x.ics",
    ],
)
def test_an_address_that_was_never_given_out_is_not_found(feed_site: FeedSite, path: str) -> None:
    """And says nothing of anybody."""
    feed_site.create()
    answer = feed_site.get(path)
    assert answer.status == 404
    assert "Báo cáo" not in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_part_or_a_change_of_a_token_opens_nothing(feed_site: FeedSite) -> None:
    """Each character counts."""
    _, path = feed_site.create()
    _, _, token, name = path.split("/")
    others = [token[:-1], token + "A", token.swapcase(), token[::-1], ("B" if token[0] == "A" else "A") + token[1:]]
    assert {feed_site.get(f"/calendar/{other}/{name}").status for other in others} == {404}


def test_a_revoked_address_is_gone_and_another_is_another(feed_site: FeedSite) -> None:
    """Programs stop asking; the party's other addresses go on."""
    feed, path = feed_site.create()
    _, kept = feed_site.create()
    assert path != kept
    assert feed_site.get(path).status == 200
    with feed_site.site.running.store.transaction() as unit:
        unit.feeds.revoke(feed.id, at=LOADED)
    gone = feed_site.until(lambda answer: answer.status != 200, path)
    assert (gone.status, WORDS["vi"]["error.gone_title"] in gone.text) == (410, True)
    assert feed_site.get(kept).status == 200
    _, later = feed_site.create()
    assert feed_site.until(lambda answer: answer.status == 200, later).status == 200
    assert feed_site.get(path).status == 410


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PROPFIND", "REPORT"])
def test_nothing_but_reading_is_allowed(feed_site: FeedSite, method: str) -> None:
    """Programs try whether it is a server of another kind; whether the address is good makes no difference."""
    _, path = feed_site.create()
    for asked in (path, "/calendar/AAAAAAAAAAAAAAAAAAAAAA/x.ics"):
        answer = feed_site.get(asked, method, If_Match="*")
        assert answer.status == 405
        assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "OPTIONS"}


def test_a_program_may_ask_what_it_may_ask(feed_site: FeedSite) -> None:
    """As some do before they subscribe; whether the address is good makes no difference."""
    _, path = feed_site.create()
    for asked in (path, "/calendar/public/plan/plan.ics", "/calendar/AAAAAAAAAAAAAAAAAAAAAA/x.ics"):
        answer = feed_site.get(asked, "OPTIONS")
        assert (answer.status, answer.headers["Allow"], answer.body) == (204, "GET, HEAD, OPTIONS", b"")
        assert answer.headers["DAV"] is None


def test_a_public_calendar_is_off_until_it_is_made_and_has_no_status(feed_site: FeedSite) -> None:
    """Its address is no secret; made again it is the same."""
    feed_site.receive()
    feed, path = feed_site.create("")
    assert path == "/calendar/public/plan/plan.ics"
    answer = feed_site.get(path)
    assert (answer.status, [title[:7] for title in summaries(answer.body)]) == (200, ["Báo cáo", "Khác (c"])
    assert feed_site.create("")[0].id == feed.id
    with feed_site.site.running.store.transaction() as unit:
        unit.feeds.revoke(feed.id, at=LOADED)
    assert feed_site.until(lambda answer: answer.status != 200, path).status == 410
    feed_site.create("")
    assert feed_site.until(lambda answer: answer.status != 410, path).status == 200


def test_robots_may_fetch_calendars_and_nothing_else(feed_site: FeedSite) -> None:
    """A search engine's calendar asks this file first."""
    lines = feed_site.get("/robots.txt").text.splitlines()
    assert lines == ["User-agent: *", "Allow: /calendar/", "Disallow: /"]


# ---------------------------------------------------------------- who asked


def test_the_last_fetch_and_the_program_are_remembered_once_a_minute(feed_site: FeedSite) -> None:
    """A 304 is a fetch too; control characters and long names are cut."""
    feed, path = feed_site.create()
    tag = feed_site.get(path, User_Agent="khal/1\x85 ế".encode().decode("latin-1") + "x" * 500).headers["ETag"]
    first = fetched_at(feed_site, feed, LOADED)
    assert first.client.startswith("khal/1")
    assert (first.client.isprintable(), len(first.client)) == (True, 200)
    for seconds, expected in ((59, LOADED), (61, LOADED + timedelta(seconds=61))):
        feed_site.site.clock.instant = LOADED + timedelta(seconds=seconds)
        assert feed_site.get(path, If_None_Match=tag, User_Agent="Thunderbird").status == 304
        row = fetched_at(feed_site, feed, expected)
    assert row.client == "Thunderbird"


def fetched_at(feed_site: FeedSite, feed: FeedRow, when: datetime) -> FeedRow:
    """Return the row of an address once it was last fetched at an instant."""

    def row() -> FeedRow:
        [found] = [row for row in feeds_of(feed_site) if row.id == feed.id]
        return found

    wait_until(lambda: row().last_fetched_at == when, f"the fetch of {when} is remembered")
    return row()


# ---------------------------------------------------------------- trouble


class FakeStore:
    """A store that can be away."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_away = False
        self.fault: Exception | None = None
        self.requests = 0

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """Open a view, or say that the record is away."""
        with self._guard(), self.store.reading() as unit:
            yield unit

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """Open a transaction, or say that the record is away."""
        with self._guard(), self.store.transaction() as unit:
            yield unit

    def verify(self) -> None:
        """Look whether it is the same record."""
        self.store.verify()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _guard(self) -> Any:
        self.requests += 1
        if self.is_away:
            raise UserError("the database is away")
        if self.fault is not None:
            raise self.fault
        return nullcontext()


def feeds_of(feed_site: FeedSite) -> Sequence[FeedRow]:
    """Return what the record knows of every address."""
    with feed_site.site.running.store.reading() as view:
        return view.feeds.list()


@pytest.fixture
def failing(tmp_path: Any) -> Iterator[tuple[FeedSite, FakeStore]]:
    """Return a served site whose record can be away."""
    with serve_site(tmp_path) as site:
        store = FakeStore(site.running.store)
        feed_site = FeedSite(site)
        with served_again(site, store) as address:
            site.address = address
            yield feed_site, store


@contextmanager
def served_again(site: ServedSite, store: FakeStore) -> Iterator[str]:
    """Serve a site over another store."""
    from scheduler.web.server.uvicorn_server import serve

    with serve(replace(site.running, services=replace(site.running.services, store=store))) as address:
        yield address


def expect_until_asked(feed_site: FeedSite, store: FakeStore, path: str, first: Answer) -> None:
    """Expect the first answer again and again, until the record was asked twice meanwhile."""
    before = store.requests

    def is_asked() -> bool:
        answer = feed_site.get(path)
        assert (answer.status, answer.body) == (200, first.body)
        return store.requests >= before + 2

    wait_until(is_asked, "the record is asked twice")


def test_while_the_record_is_away_the_last_calendar_is_served(failing: tuple[FeedSite, FakeStore]) -> None:
    """It is logged once; when the record is back, so is what is new."""
    feed_site, store = failing
    _, path = feed_site.create()
    first = feed_site.get(path)
    store.is_away = True
    expect_until_asked(feed_site, store, path, first)
    assert len([text for text in feed_site.site.problems if "as they were last" in text]) == 1
    feed_site.receive()
    store.is_away = False
    feed_site.until(lambda answer: answer.body != first.body, path)


def test_a_calendar_that_nobody_has_fetched_yet_is_served_while_the_record_is_away(
    failing: tuple[FeedSite, FakeStore],
) -> None:
    """It was made as soon as it was known."""
    feed_site, store = failing
    _, known = feed_site.create()
    _, other = feed_site.create("gamma")
    feed_site.get(known)
    wait_until(lambda: all(feed.digest for feed in feeds_of(feed_site)), "every calendar is made")
    store.is_away = True
    assert feed_site.get(other).status == 200


def test_whatever_the_record_says_the_last_calendar_is_served(failing: tuple[FeedSite, FakeStore]) -> None:
    """A fault of ours is no reason to empty somebody's calendar."""
    feed_site, store = failing
    _, path = feed_site.create()
    first = feed_site.get(path)
    store.fault = RuntimeError("a fault")
    expect_until_asked(feed_site, store, path, first)
    assert [text for text in feed_site.site.problems if "a fault" in text] != []


def test_a_record_that_is_away_from_the_start_is_an_error_that_passes(failing: tuple[FeedSite, FakeStore]) -> None:
    """Not an empty calendar, and not "not found": subscribers would believe either."""
    feed_site, store = failing
    _, path = feed_site.create()
    store.is_away = True
    answer = feed_site.get(path)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "300")
    store.is_away = False
    assert feed_site.get(path).status == 200


def test_many_who_ask_at_once_get_the_same(feed_site: FeedSite) -> None:
    """Also the very first, before anything is known."""
    _, path = feed_site.create()
    place = urlsplit(feed_site.site.address)
    ask = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    connections = [socket.create_connection((place.hostname, place.port)) for _ in range(16)]
    for connection in connections:
        connection.sendall(ask)
    answers = set()
    for connection in connections:
        with closing(connection), connection.makefile("rb") as stream:
            answers.add(stream.read().partition(b"\r\n\r\n")[2])
    assert [len(summaries(answer)) for answer in answers] == [2]
