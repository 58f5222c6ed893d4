"""The corpus of answers, delivered through real IMAP: what is accepted without a person, and never anything wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.inbox.mailbox import Mailbox, MailboxParts
from scheduler.mail.imap_session import ImapSession
from scheduler.mail.smtp import Account
from scheduler.plan.answers.document_names import says_nothing
from scheduler.plan.commands import FixDate
from scheduler.plan.facts import Received
from scheduler.ports import MailSummary
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute
from scheduler.store import open_store
from tests.support.answer_corpus import CASES, NEIGHBOUR, OFFICER, Case, Cited, Moment
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.incoming_mail import AnsweredDaemon
from tests.support.plan_builders import at
from tests.support.shipped_year import shipped

Outcome = Callable[[Case, bytes], tuple[str, tuple[str, ...] | None]]
NOW: Mapping[Moment, datetime] = {"march": at(3, 14, 9), "june": at(6, 2, 9)}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Moment, Path]:
    """Return a record of the shipped plan for each moment, with the reminders that have been sent by then."""
    found: dict[Moment, Path] = {}
    for moment, now in NOW.items():
        folder = tmp_path_factory.mktemp(moment)
        with closing(open_store(f"sqlite:///{folder}/hanchot.db")) as store:
            definition = shipped()
            daemon = AnsweredDaemon(store, folder, definition.plan, start=at(2, 20))
            daemon.live(at(3, 14, 9))
            if moment == "june":
                fixed = FixDate(at=at(5, 15, 9), milestone="bao-cao-6-thang", first=date(2023, 6, 9))
                daemon.live(at(5, 15, 9))
                services = ServiceContext(store=store, composer=daemon.composer)
                execute(services, daemon.definition, [fixed])
            daemon.live(now)
        found[moment] = folder
    return found


@pytest.fixture(scope="module")
def cited(records: Mapping[Moment, Path]) -> Mapping[Moment, Cited]:
    """Return what can be answered at each moment."""
    return {moment: _cited(folder, moment) for moment, folder in records.items()}


def _cited(folder: Path, moment: Moment) -> Cited:
    milestone = {"march": "dang-ky", "june": "bao-cao-6-thang"}[moment]
    with closing(open_store(f"sqlite:///{folder}/hanchot.db")) as store, store.reading() as view:
        sent = [row for row in view.outbox.list() if row.milestone == milestone]
    last = {row.mail.address: row.mail.message_id for row in sent}
    return Cited(own=last[OFFICER], neighbours=last[NEIGHBOUR])


@pytest.fixture(scope="module")
def fetched(
    cited: Mapping[Moment, Cited], dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, bytes]:
    """Return the bytes of each case by its name, as they came through a mail server."""
    folder = tmp_path_factory.mktemp("mailbox")
    with closing(open_store(f"sqlite:///{folder}/hanchot.db")) as store:
        account = Account(host="localhost", port=dovecot.port, security="none", username="corpus", password=PASSWORD)
        parts = MailboxParts(
            store=store, clock=SystemClock(), store_file=lambda pieces: "", read_summary=lambda header: MailSummary()
        )
        mailbox = Mailbox(ImapSession(account, timeout=20), ["INBOX"], parts)
        dovecot.keep("corpus", "", "<before@x.example>")
        mailbox.sync()
        names = {}
        for case in CASES:
            raw = case.write(cited[case.moment])
            names[_squeezed(raw)] = case.name
            dovecot.deliver("corpus", raw)
        assert mailbox.sync() == len(CASES)
        mailbox.close()
        with store.reading() as view:
            data = [view.inbox.data(row.id) or b"" for row in view.inbox.page(["new", "quarantine"], limit=1_000)]
    return {names[_squeezed(raw)]: raw for raw in data}


def _squeezed(raw: bytes) -> str:
    """Return the digest of a mail apart from its line ends, which a mail server puts right."""
    return sha256(raw.replace(b"\r", b"").rstrip(b"\n")).hexdigest()


@pytest.fixture
def outcome(records: Mapping[Moment, Path], tmp_path: Path) -> Outcome:
    """Return what tells what becomes of a mail at a moment, and which documents it brings."""

    def decide(case: Case, raw: bytes) -> tuple[str, tuple[str, ...] | None]:
        shutil.copy(records[case.moment] / "hanchot.db", tmp_path)
        with closing(open_store(f"sqlite:///{tmp_path}/hanchot.db")) as store:
            daemon = AnsweredDaemon(store, tmp_path, shipped().plan, start=NOW[case.moment])
            daemon.ticker.load()
            row = daemon.receive(raw)
            with store.reading() as view:
                facts = [view.facts.get(id) for id in row.facts]
        brought = [fact for fact in facts if isinstance(fact, Received)]
        return row.state, tuple(sorted(brought[0].deliverables)) if brought else None

    return decide


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_mail_becomes_what_it_should(case: Case, fetched: Mapping[str, bytes], outcome: Outcome) -> None:
    state, brought = outcome(case, fetched[case.name])
    assert (state, brought) == (case.state, tuple(sorted(case.brings)) if case.brings else None)


def test_the_corpus_is_large_enough_and_half_of_all_files_say_nothing() -> None:
    assert len(CASES) >= 60
    names = [name for case in CASES if case.brings for name in case.files]
    telling_nothing = [name for name in names if says_nothing(name)]
    assert len(telling_nothing) >= len(names) / 2


@pytest.mark.parametrize(("group", "share"), [("asked", 0.95), ("fresh", 0.8)])
def test_most_answers_need_no_person(group: str, share: float) -> None:
    """Each case is what becomes of it, see above; so this is what the corpus itself promises."""
    states = [case.state for case in CASES if case.group == group]
    assert states.count("received") >= share * len(states)


def test_nothing_else_is_accepted() -> None:
    assert {case.state for case in CASES if case.group == "other"} & {"received"} == set()
