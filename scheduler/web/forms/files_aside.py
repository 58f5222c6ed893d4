"""Files of a form that is shown once more before it counts: set aside when they come, kept once it is confirmed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from starlette.exceptions import HTTPException

from scheduler.documents.blob_store import BlobStore
from scheduler.ports import Document
from scheduler.web.forms.tokens import is_same_token, make_form_token
from scheduler.web.forms.uploads import Incoming


class SentFile(NamedTuple):
    """A file and the id of the deliverable that it is; "" if that is not said."""

    deliverable: str
    document: Document


class FilesAside(NamedTuple):
    """The files that one person has set aside for one form; `subject` is what a seal proves them to belong to."""

    store: BlobStore
    secret: bytes
    sender: str
    subject: tuple[str, ...]
    once: str  # the key of the request

    def set_aside(self, incoming: Incoming) -> None:
        """Set the files of a form aside. Raises: OSError if the disk takes no more; then none of them is."""
        try:
            for file in incoming.files:
                self.store.set_aside(file.draft, self._owner)
        except OSError:
            self.give_up()
            raise

    def keep(self, files: Sequence[SentFile]) -> bool:
        """Keep files that were set aside; return False if one of them is gone.

        Raises: OSError if the disk takes no more.
        """
        kept = [self.store.take_up(self._owner, file.document.digest) for file in files]
        return all(kept)

    def give_up(self) -> None:
        """Delete what was set aside."""
        self.store.drop_aside(self._owner)

    def write(self, files: Sequence[SentFile]) -> tuple[str, str]:
        """Return what a form carries about files that were set aside, and its seal."""
        sent = json.dumps([[file.deliverable, *_described(file.document)] for file in files])
        return sent, self._seal(sent)

    def read(self, sent: str, seal: str) -> list[SentFile]:
        """Return the files that `write` wrote down. Raises: HTTPException 403 if this site did not write it."""
        if not is_same_token(seal, self._seal(sent)):
            raise HTTPException(403)
        return [
            SentFile(deliverable, Document(name=name, kind=kind, size=size, digest=digest))
            for deliverable, name, kind, size, digest in json.loads(sent)
        ]

    @property
    def _owner(self) -> str:
        return f"{_key_of(self.sender)}-{self.once}"

    def _seal(self, sent: str) -> str:
        return make_form_token(self.secret, "\0".join(("files", self.sender, *self.subject, self.once, sent)))


def size_aside(store: BlobStore, sender: str) -> int:
    """Return the number of bytes that somebody has set aside and not confirmed."""
    return store.size_aside(_key_of(sender))


def _key_of(sender: str) -> str:
    return sha256(sender.encode()).hexdigest()[:16]


def _described(document: Document) -> tuple[str, str, int, str]:
    return document.name, document.kind, document.size, document.digest
