"""What is new in the folders of a mailbox: fetched over IMAP and stored before anything is decided.

The mailbox is left as it is: folders are opened read-only, and nothing is marked, moved or deleted.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from imaplib import IMAP4
from typing import Any, NamedTuple

from scheduler.errors import HanchotError, Problem, UserError
from scheduler.mail.imap_session import ImapSession, LoginRefused, NoFolder
from scheduler.plan import reasons
from scheduler.ports import Clock, FetchedMail, FolderState, InboxDecision, InboxState, MailSummary, Store
from scheduler.system_errors import word_system
from scheduler.texts import Text

KEPT = 256 * 1024  # bytes; larger mails lie in files, not in the record
LARGEST = 40 * 1024 * 1024  # bytes; of larger mails only the header is fetched
_PIECE = 1024 * 1024  # bytes of a large mail in memory at once
_BATCH = 4 * 1024 * 1024  # bytes of small mails in memory at once
_LISTED = 1_000  # mails whose sizes are asked for at once
_MAILS = 200  # small mails fetched at once
_THROTTLED = ("overquota", "unavailable", "throttl", "limit", "too many", "inuse", "try again")
_IDLE = 20  # seconds after which IDLE is begun anew
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class _Place(NamedTuple):
    """A mail as the server lists it; `arrived_at` is UTC, `size` in bytes."""

    uid: int
    arrived_at: datetime
    size: int


class _Fetched(NamedTuple):
    """A mail with the bytes of its header."""

    mail: FetchedMail
    header: bytes


class FoldersMissing(UserError):
    """Some of the folders are not there; the others were read, and the connection stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxParts:
    """What a mailbox works with.

    `store_file` keeps what an iterator yields in a file under its SHA-256, which it returns; `read_summary` reads the
    bytes of a header.
    """

    store: Store
    clock: Clock
    store_file: Callable[[Iterable[bytes]], str]
    read_summary: Callable[[bytes], MailSummary]


class Mailbox:
    """Fetches what is new in some folders of one account, over one connection that is reused. Not thread-safe."""

    def __init__(self, session: ImapSession, folders: Sequence[str], parts: MailboxParts) -> None:
        self._session = session
        self._folders = [*dict.fromkeys(folders)]
        self._parts = parts
        self._client: Any = None
        self._token = ""

    def sync(self) -> int:
        """Store every mail that is new, and return how many of them are to be decided.

        It commits. Raises `FoldersMissing` after the others were read, and `UserError` if the server or a folder cannot
        be read; the connection is closed then.
        """
        found = 0
        missing: list[Problem] = []
        with self._explained():
            for folder in reversed(self._folders):  # the first comes last: it stays open for `wait`
                try:
                    found += self._sync_folder(folder)
                except NoFolder as error:
                    missing += error.problems
        if missing:
            raise FoldersMissing(missing)
        return found

    @property
    def can_wait(self) -> bool:
        """Return whether the server says by itself that mail has come (IDLE, RFC 2177)."""
        return self._client is not None and bool(self._client.has_capability("IDLE"))

    def wait(self, seconds: float, is_stopping: Callable[[], bool]) -> None:
        """Wait until something is new in the first folder, for so long at most; call it after `sync`.

        Raises `UserError` like `sync`.
        """
        with self._explained():
            client, waited, span = self._connection(), 0, 1
            while waited < seconds:
                client.idle()
                for _ in range(span):
                    if is_stopping() or any(_is_news(answer) for answer in client.idle_check(timeout=1)):
                        client.idle_done()
                        return
                # What came just before IDLE is said together with the answer to it, and shows at its end only.
                if any(_is_news(answer) for answer in client.idle_done()[1]):
                    return
                waited, span = waited + span, _IDLE

    def close(self) -> None:
        """Close the connection, if there is one, without waiting for the server."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError, IMAP4.error):
                client.shutdown()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what goes wrong within a block into a `UserError`, and close the connection."""
        try:
            yield
        except HanchotError:
            self.close()
            raise
        except Exception as error:
            self.close()
            if isinstance(error, OSError) and error.errno in _FULL_DISK:
                hint = Text("make room; what lies in the mailbox is fetched then")
                raise UserError(
                    Text("a large mail cannot be stored: {strerror}", strerror=word_system(error)), hint=hint
                ) from error
            raise self._session.explain(error, self._token) from error

    def _connection(self) -> Any:
        if self._client is None:
            tokens = self._session.account.tokens
            if tokens is None:
                self._client = self._connect("")
            else:
                self._client = tokens.log_in(self._connect, lambda error: isinstance(error, LoginRefused))
        return self._client

    def _connect(self, token: str) -> Any:
        self._token = token
        try:
            client = self._session.connect(token)
        except Exception as error:
            raise self._session.explain(error, token) from error
        client.normalise_times = False  # INTERNALDATE with its zone
        return client

    def _open(self, folder: str) -> tuple[Any, Mapping[bytes, Any]]:
        """Return a connection on which a folder is open, and what the server says of the folder."""
        client = self._connection()
        return client, self._session.open_folder(client, folder, "inbox.folders")

    def _sync_folder(self, folder: str) -> int:
        client, seen = self._open(folder)
        uidvalidity, next_uid = int(seen[b"UIDVALIDITY"]), int(seen[b"UIDNEXT"])
        with self._parts.store.reading() as view:
            known = {state.folder: state for state in view.inbox.folders()}.get(folder)
        now = self._parts.clock.now()
        state = _continue(folder, known, uidvalidity, next_uid, now)
        # As long as mails are still to be fetched the folder counts as read when it was before.
        state, last_uid, found = replace(state, read_at=known.read_at if known else now), state.last_uid, 0
        # `n:*` names the last mail even if it lies below n
        uids = sorted(uid for uid in client.search(["UID", f"{last_uid + 1}:*"]) if uid > last_uid)
        for batch in _batches(self._list_places(folder, uids)):
            state = replace(state, last_uid=batch[-1].uid)
            found += self._store(self._fetch(batch, state), state)
        self._store([], replace(state, last_uid=max(state.last_uid, next_uid - 1), read_at=now))
        return found

    def _list_places(self, folder: str, uids: Sequence[int]) -> list[_Place]:
        """Return the mails that are still there; the size of one that the server cannot give is 0."""
        places = []
        for start in range(0, len(uids), _LISTED):
            found = self._ask(folder, uids[start : start + _LISTED], "RFC822.SIZE", "INTERNALDATE")
            for uid, seen in found.items():
                arrived_at = seen.get(b"INTERNALDATE", self._parts.clock.now())
                places.append(_Place(uid, arrived_at.astimezone(UTC), int(seen.get(b"RFC822.SIZE", 0))))
        return sorted(places)

    def _fetch(self, places: Sequence[_Place], state: FolderState) -> list[_Fetched]:
        """Return mails as far as they are still there: several small ones, or a single large one."""
        [first, *_] = places
        if first.size > KEPT:
            return self._fetch_large(first, state)
        found = self._ask(state.folder, [place.uid for place in places], "BODY.PEEK[]")
        return [
            _make_mail(place, state, found[place.uid].get(b"BODY[]") or b"") for place in places if place.uid in found
        ]

    def _fetch_large(self, place: _Place, state: FolderState) -> list[_Fetched]:
        found = self._ask(state.folder, [place.uid], "BODY.PEEK[HEADER]")
        if place.uid not in found:
            return []
        header = found[place.uid].get(b"BODY[HEADER]") or b""
        fetched = _make_mail(place, state, header, is_whole=False)
        if place.size > LARGEST or place.uid < state.before_uid or not header:
            return [fetched]
        body = _BodyDigest(len(header))
        digest = self._parts.store_file(map(body.pass_on, _read_pieces(self._connection(), place.uid)))
        whole = replace(fetched.mail, digest=digest, body=body.hexdigest, data=None, is_whole=True)
        return [fetched._replace(mail=whole)]

    def _ask(self, folder: str, uids: Sequence[int], *items: str) -> dict[int, dict[bytes, Any]]:
        """Return what the server says of mails, by UID.

        One that the server cannot give, after which some servers hang up, must not hide the others: it is found by
        halving, asked for once more, and nothing is known of it then. A server that has had enough is left alone.
        """
        try:
            return self._try(uids, *items)
        except (IMAP4.error, ConnectionError) as error:
            if _is_throttled(error):
                raise
            self.close()
            self._open(folder)
        if len(uids) > 1:
            middle = len(uids) // 2
            return self._ask(folder, uids[:middle], *items) | self._ask(folder, uids[middle:], *items)
        try:
            return self._try(uids, *items)
        except IMAP4.error as error:
            if _is_throttled(error):
                raise
            self.close()
            self._open(folder)
            return {uids[0]: {}}

    def _try(self, uids: Sequence[int], *items: str) -> dict[int, dict[bytes, Any]]:
        found = self._connection().fetch(uids, items)
        return {uid: found[uid] for uid in uids if uid in found}

    def _store(self, fetched: Sequence[_Fetched], state: FolderState) -> int:
        """Store mails, and how far their folder was read, in one transaction; return how many are to be decided."""
        found = 0
        with self._parts.store.transaction() as unit:
            for mail, header in fetched:
                is_old = mail.uid < state.before_uid
                known_as: InboxState = "unlinked" if is_old else "new" if header else "quarantine"
                summary = self._parts.read_summary(header)
                id = unit.inbox.add(mail, summary, uidvalidity=state.uidvalidity, state=known_as)
                if id is not None and known_as == "quarantine":
                    why = (reasons.not_given(mail.uid, mail.folder),)
                    noted = InboxDecision(state="quarantine", at=state.read_at, reasons=why)
                    unit.inbox.decide(id, noted, expected="quarantine")
                found += id is not None and known_as == "new"
            unit.inbox.record_folder(state)
        return found


def _continue(folder: str, known: FolderState | None, uidvalidity: int, next_uid: int, now: datetime) -> FolderState:
    """Return from where on a folder is read: from the beginning if the server has numbered its mails anew.

    What lies there when it is read for the first time causes nothing (contract rule 16c).
    """
    if known is None:
        return FolderState(folder=folder, uidvalidity=uidvalidity, last_uid=0, before_uid=next_uid, read_at=now)
    if known.uidvalidity == uidvalidity and known.last_uid < next_uid:
        return replace(known, read_at=now)
    is_begun_only = known.last_uid < known.before_uid - 1
    before = next_uid if is_begun_only else 0
    return FolderState(folder=folder, uidvalidity=uidvalidity, last_uid=0, before_uid=before, read_at=now)


def _batches(places: Sequence[_Place]) -> Iterator[list[_Place]]:
    """Yield mails in their order: small ones together, each large one by itself."""
    batch: list[_Place] = []
    size = 0
    for place in places:
        is_large = place.size > KEPT
        if batch and (is_large or size + place.size > _BATCH or len(batch) == _MAILS):
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += place.size
        if is_large:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _make_mail(place: _Place, state: FolderState, data: bytes, *, is_whole: bool = True) -> _Fetched:
    """Return a mail with its header; one of which the server gives nothing is known by its place."""
    end = data.find(b"\r\n\r\n")
    header = data if end < 0 else data[: end + 4]
    size = place.size or len(data)
    named = header or f"{state.folder}\0{state.uidvalidity}\0{place.uid}".encode()
    mail = FetchedMail(
        folder=state.folder,
        uid=place.uid,
        arrived_at=place.arrived_at,
        size=size,
        identity=sha256(named + b"\0%d" % size).hexdigest(),
        digest=sha256(data).hexdigest(),
        body=sha256(data[len(header) :]).hexdigest(),
        data=data,
        is_whole=is_whole and bool(data),
    )
    return _Fetched(mail, header)


def _read_pieces(client: Any, uid: int) -> Iterator[bytes]:
    """Yield the bytes of a mail, a piece at a time."""
    start = 0
    while True:
        answer = client.fetch([uid], [f"BODY.PEEK[]<{start}.{_PIECE}>"])
        if uid not in answer:
            raise UserError(
                Text("the mail {uid} was taken away while it was fetched", uid=uid),
                hint=Text("the folder is read again"),
            )
        piece = answer[uid].get(b"BODY[]<%d>" % start) or b""
        yield piece
        if len(piece) < _PIECE:
            return
        start += len(piece)


class _BodyDigest:
    """The digest of what follows the header of a mail that passes in pieces."""

    def __init__(self, header: int) -> None:
        self._left = header  # bytes of the header that are still to come
        self._hash = sha256()

    def pass_on(self, piece: bytes) -> bytes:
        """Take a piece into account, and return it."""
        self._hash.update(piece[self._left :])
        self._left = max(0, self._left - len(piece))
        return piece

    @property
    def hexdigest(self) -> str:
        """Return the digest of the pieces so far."""
        return self._hash.hexdigest()


def _is_throttled(error: Exception) -> bool:
    """Return whether a server refuses to give anything at present (RFC 5530 and what Gmail and Exchange say)."""
    words = str(error).casefold()
    return any(sign in words for sign in _THROTTLED)


def _is_news(answer: object) -> bool:
    """Return whether an answer during IDLE says that a mail has come."""
    return isinstance(answer, tuple) and len(answer) > 1 and answer[1] in (b"EXISTS", b"RECENT")
