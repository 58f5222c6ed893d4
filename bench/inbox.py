"""Measure how fast a mailbox is read for the first time, how soon a new mail is recorded, and what one mail costs.

    .venv/bin/python bench/inbox.py [--count 10000] [--rounds 3]

A real Dovecot (`make servers`) holds mails of about 6 KB. The peer fetches the same mails with IMAPClient in batches of
200, parses each with the standard library's `email` (compat32), reads its subject and sender, and commits one INSERT
for each. Both write to SQLite files in the same folder and take turns; the best of the rounds is shown.

Then a mailbox is watched (IDLE), and mails are delivered one by one: shown is the time from the delivery to the
committed row. A mail with an attachment of 30 MB is stored and read while memory is traced. Last, one mail is matched
with a plan of 50 and of 5,000 open obligations.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import compat32
from io import BytesIO
from pathlib import Path

from imapclient import IMAPClient

sys.path.insert(0, str(Path(__file__).parent.parent))  # the servers of the tests

from scheduler.clock import SystemClock
from scheduler.documents.blob_store import BlobStore
from scheduler.inbox.mail_reader import MailReader
from scheduler.inbox.mailbox import Mailbox, MailboxParts
from scheduler.inbox.watch import MailboxWatch
from scheduler.mail.imap_session import ImapSession
from scheduler.mail.smtp import Account
from scheduler.plan.dates.date_forms import By
from scheduler.plan.model import Group
from scheduler.ports import Definition, MailSummary
from scheduler.queries.agendas import AgendaCache
from scheduler.services.apply_revision import take
from scheduler.services.context import ServiceContext
from scheduler.services.inbox.answers import propose
from scheduler.services.inbox.context import AnswerContext, summarise
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import COMPOSER, signed
from tests.support.dovecot import PASSWORD, Dovecot, run_dovecot
from tests.support.plan_builders import LOADED, deadline, party, plan
from tests.support.received_mails import SERVER, File, Letter, authenticated, thunderbird

ACCOUNT = "bench"
LARGE = 30 * 1024 * 1024
reader = MailReader(authserv_id=SERVER, find_kind=lambda head: "application/pdf" if head.startswith(b"%PDF") else "")


def a_mail(number: int) -> bytes:
    """Return a mail of about 6 KB."""
    letter = Letter(
        subject=f"Báo cáo số {number}",
        files=(),
        text="Kính gửi Cụm trưởng.\n" * 120,
        message_id=f"<{number}@b.example>",
    )
    return thunderbird(letter)


def read_summary(header: bytes) -> MailSummary:
    """Return what a list shows of a mail."""
    return summarise(reader.read(BytesIO(header)))


def open_mailbox(server: Dovecot, store: SqlStore, folder: Path, account: str = ACCOUNT) -> Mailbox:
    """Return the mailbox of an account."""
    login = Account(host="127.0.0.1", port=server.port, security="none", username=account, password=PASSWORD)
    files = BlobStore(folder / "documents", SystemClock().now)
    parts = MailboxParts(store=store, clock=SystemClock(), store_file=files.keep_pieces, read_summary=read_summary)
    return Mailbox(ImapSession(login, timeout=60), ["INBOX"], parts)


def sync_ours(server: Dovecot, folder: Path) -> None:
    """Read the mailbox for the first time."""
    with closing(open_store(f"sqlite:///{folder}/ours.db")) as store:
        mailbox = open_mailbox(server, store, folder)
        mailbox.sync()
        mailbox.close()


def sync_peer(server: Dovecot, folder: Path) -> None:
    """Fetch, parse and insert each mail, in the plainest way."""
    record = sqlite3.connect(folder / "peer.db", isolation_level=None)
    record.execute("CREATE TABLE mail (uid INTEGER PRIMARY KEY, subject TEXT, sender TEXT, data BLOB)")
    with IMAPClient("127.0.0.1", server.port, ssl=False) as client:
        client.plain_login(ACCOUNT, PASSWORD)
        client.select_folder("INBOX", readonly=True)
        uids = client.search()
        for start in range(0, len(uids), 200):
            for uid, found in client.fetch(uids[start : start + 200], ["BODY.PEEK[]"]).items():
                data = found[b"BODY[]"]
                mail = message_from_bytes(data, policy=compat32)
                record.execute(
                    "INSERT INTO mail VALUES (?, ?, ?, ?)", (uid, str(mail["Subject"]), str(mail["From"]), data)
                )
    record.close()


def measure(count: int, rounds: int) -> None:
    """Print everything."""
    with run_dovecot() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(count):
            server.deliver(ACCOUNT, a_mail(number))
        compare_first_reading(server, folder, count, rounds)
        watch_arrivals(server, folder)
        store_large(server, folder)
    match_one()


def compare_first_reading(server: Dovecot, folder: Path, count: int, rounds: int) -> None:
    """Compare the first reading of a mailbox with the peer's."""
    ways: dict[str, Callable[[Dovecot, Path], None]] = {"ours": sync_ours, "peer": sync_peer}
    best = dict.fromkeys(ways, float("inf"))
    with tempfile.TemporaryDirectory(dir=folder) as warm:
        sync_peer(server, Path(warm))  # the server writes its index
    for _ in range(rounds):
        for way, run in ways.items():
            with tempfile.TemporaryDirectory(dir=folder) as place:
                began = time.perf_counter()
                run(server, Path(place))
                best[way] = min(best[way], time.perf_counter() - began)
    rates = {way: count / seconds for way, seconds in best.items()}
    print(f"first reading of {count} mails: {rates['ours']:,.0f}/s, the peer {rates['peer']:,.0f}/s;", end=" ")
    print(f"ratio {rates['ours'] / rates['peer']:.2f} (at least 0.5)")


def watch_arrivals(server: Dovecot, folder: Path) -> None:
    """Measure the time from a delivery to the committed row."""
    found = threading.Event()
    delays = []
    server.deliver("watched", a_mail(0))
    with closing(open_store(f"sqlite:///{folder}/watched.db")) as store:
        mailbox = open_mailbox(server, store, folder, "watched")
        mailbox.sync()
        watch = MailboxWatch(mailbox, poll=timedelta(minutes=5), idle=True, found=found.set, log=print)
        with watch.running():
            for number in range(1, 11):
                time.sleep(0.5)  # until it waits again
                began = time.perf_counter()
                server.deliver("watched", a_mail(number))
                found.wait(60)
                delays.append(time.perf_counter() - began)
                found.clear()
    print(f"a new mail is recorded after {statistics.median(delays):.2f} s, at most {max(delays):.2f} s (within 2 s)")


def store_large(server: Dovecot, folder: Path) -> None:
    """Measure the memory that a mail with a large attachment takes to store and to read."""
    name, kind = 'Content-Disposition: attachment; filename="report.pdf"\r\n', "Content-Type: application/pdf\r\n"
    head = f"From: a@b.example\r\nMIME-Version: 1.0\r\n{kind}{name}Content-Transfer-Encoding: base64\r\n\r\n".encode()
    code = b64encode(b"%PDF-1.7\n" + bytes(LARGE * 3 // 4))
    body = b"\r\n".join(code[start : start + 76] for start in range(0, len(code), 76))
    server.deliver("large", a_mail(0))
    with closing(open_store(f"sqlite:///{folder}/large.db")) as store:
        mailbox = open_mailbox(server, store, folder, "large")
        mailbox.sync()
        server.deliver("large", head + body)
        del code, body
        tracemalloc.start()
        mailbox.sync()
        with store.reading() as view:
            row = view.inbox.page()[0]
        with BlobStore(folder / "documents", SystemClock().now).open(row.digest) as stream:
            mail = reader.read(stream)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        mailbox.close()
    print(f"a file of {mail.attachments[0].size:,} bytes: memory grows by {peak / 1e6:.0f} MB at most (under 60 MB)")


def match_one() -> None:
    """Compare what one mail costs with 50 and with 5,000 open obligations in the plan."""
    taken = {count: match_with(count) for count in (50, 5_000)}
    few, many = taken.values()
    print(f"one mail among 50 obligations: {few * 1e3:.2f} ms, among 5,000: {many * 1e3:.2f} ms;", end=" ")
    print(f"ratio {many / few:.2f} (at most 2)")


def match_with(count: int) -> float:
    """Return the seconds for which one mail is matched, the best of many."""
    parties = [party(f"p{number:04}") for number in range(count // 5)]
    groups = [Group(id="lead", parties=("p0000",)), Group(id="members", parties=tuple(one.id for one in parties))]
    milestones = [
        deadline(By(date(2023, 3 + number, 17)), f"report-{number}", title=f"Báo cáo tháng {number + 3}")
        for number in range(5)
    ]
    made = signed(plan(*milestones, parties=parties, groups=groups))
    sender = parties[0].contacts[0].email
    letter = Letter(
        sender=sender, results=(authenticated(sender),), subject="Báo cáo tháng 3", in_reply_to="", files=(File(),)
    )
    mail = reader.read(BytesIO(thunderbird(letter)))
    with closing(open_store("sqlite://")) as store:
        services = ServiceContext(store=store, composer=COMPOSER)
        definition = Definition(plan=made, source="")
        take(store, definition, LOADED)
        context = AnswerContext(
            services=services,
            definitions=[definition],
            agendas=AgendaCache(),
            secret=b"secret",
            mailbox="office@cum.example",
            own=frozenset(),
        )
        best = float("inf")
        for _ in range(30):
            began = time.perf_counter()
            propose(context, mail, LOADED + timedelta(days=10))
            best = min(best, time.perf_counter() - began)
        return best


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    measure(options.count, options.rounds)


if __name__ == "__main__":
    main()
